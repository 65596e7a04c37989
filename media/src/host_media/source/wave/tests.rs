//! Files of many shapes give the same sound.

use std::path::PathBuf;

use super::*;
use crate::host_media::sink::wave_file::WaveFile;
use crate::host_media::test_dir::TestDir;
use crate::{host_media::opus::Channels, planes::Planes};

/// Half a second of a 440 Hz tone, the same in every channel.
fn write(dir: &TestDir, name: &str, spec: WavSpec) -> PathBuf {
    let path = dir.path().join(name);
    let mut writer = hound::WavWriter::create(&path, spec).unwrap();
    for n in 0..spec.sample_rate / 2 {
        let value = (n as f32 * 440.0 * std::f32::consts::TAU / spec.sample_rate as f32).sin() * 0.5;
        for _ in 0..spec.channels {
            match spec.sample_format {
                SampleFormat::Float => writer.write_sample(value).unwrap(),
                SampleFormat::Int => {
                    let full = (1_i64 << (spec.bits_per_sample - 1)) as f32 - 1.0;
                    writer.write_sample((value * full) as i32).unwrap();
                }
            }
        }
    }
    writer.finalize().unwrap();
    path
}

fn int(channels: u16, sample_rate: u32, bits_per_sample: u16) -> WavSpec {
    WavSpec { channels, sample_rate, bits_per_sample, sample_format: SampleFormat::Int }
}

fn take(wave: &mut Wave, samples: usize) -> Vec<f32> {
    let mut out = Planes::default();
    wave.give(samples, &mut out).unwrap();
    assert!(!out.is_wide());
    out.mid
}

#[test]
fn every_shape_of_file_gives_the_same_tone() {
    let dir = TestDir::new();
    let float = WavSpec { channels: 2, sample_rate: 44_100, bits_per_sample: 32, sample_format: SampleFormat::Float };
    let specs =
        [int(1, 48_000, 16), int(2, 48_000, 24), int(1, 8_000, 8), int(6, 16_000, 32), int(1, 96_000, 16), float];
    for (at, spec) in specs.into_iter().enumerate() {
        let path = write(&dir, &format!("{at}.wav"), spec);
        let heard = take(&mut Wave::open(&path, false).unwrap(), 20_000);
        let worst = heard
            .iter()
            .enumerate()
            .skip(1_000)
            .map(|(n, s)| (s - 0.5 * (n as f32 * 440.0 * std::f32::consts::TAU / 48_000.0).sin()).abs())
            .fold(0.0, f32::max);
        assert!(worst < 0.03, "{spec:?}: off by {worst}");
    }
}

#[test]
fn after_its_end_a_file_is_silent() {
    let dir = TestDir::new();
    let path = write(&dir, "once.wav", int(1, 48_000, 16));
    let mut wave = Wave::open(&path, false).unwrap();
    assert!(take(&mut wave, 24_000).iter().any(|s| s.abs() > 0.4));
    assert!(take(&mut wave, 24_000).iter().all(|s| *s == 0.0));
}

#[test]
fn a_looped_file_starts_over_without_a_gap() {
    let dir = TestDir::new();
    let path = write(&dir, "loop.wav", int(1, 48_000, 16));
    let mut wave = Wave::open(&path, true).unwrap();
    let (first, second, third) = (take(&mut wave, 24_000), take(&mut wave, 24_000), take(&mut wave, 24_000));
    assert_eq!(first, second);
    assert_eq!(first, third);
}

#[test]
fn what_stands_behind_the_sound_in_a_file_is_not_played_and_a_file_that_was_cut_off_is_told() {
    let dir = TestDir::new();
    for spec in [int(2, 48_000, 16), int(2, 48_000, 24)] {
        let path = write(&dir, "tail.wav", spec);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend_from_slice(b"LIST\x04\x00\x00\x00\x7f\x7f\x7f\x7f");
        std::fs::write(&path, &bytes).unwrap();
        let mut wave = Wave::open(&path, true).unwrap();
        assert_eq!(wave.samples(), 24_000);
        let (first, second) = (take(&mut wave, 24_000), take(&mut wave, 24_000));
        assert_eq!(first, second, "{spec:?}");
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let mut wave = Wave::open(&path, true).unwrap();
        let cut = (0..100).find_map(|_| wave.give(960, &mut Planes::default()).err());
        assert!(cut.is_some_and(|lost| lost.0.contains("cannot be read")), "{spec:?}");
    }
}

#[test]
fn an_empty_file_is_silent_even_when_looped() {
    let dir = TestDir::new();
    let path = dir.path().join("empty.wav");
    hound::WavWriter::create(&path, int(1, 48_000, 16)).unwrap().finalize().unwrap();
    assert!(take(&mut Wave::open(&path, true).unwrap(), 5_000).iter().all(|s| *s == 0.0));
}

#[test]
fn what_is_no_wav_file_is_refused_by_name() {
    let dir = TestDir::new();
    let path = dir.path().join("text.wav");
    std::fs::write(&path, "not sound").unwrap();
    assert!(Wave::open(&path, false).err().unwrap().0.contains("text.wav"));
    assert!(Wave::open(&dir.path().join("missing.wav"), false).err().unwrap().0.contains("missing.wav"));
}

#[test]
fn a_pipe_in_place_of_a_file_is_refused_at_once() {
    let dir = TestDir::new();
    let path = dir.path().join("pipe.wav");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    assert!(Wave::open(&path, false).err().unwrap().0.contains("is no file"));
    assert!(WaveFile::create(&path, Channels::Mono).err().unwrap().0.contains("is no file"));
}

#[test]
fn samples_that_are_no_numbers_are_silence() {
    let dir = TestDir::new();
    let path = dir.path().join("nan.wav");
    let spec = WavSpec { channels: 1, sample_rate: 48_000, bits_per_sample: 32, sample_format: SampleFormat::Float };
    let mut writer = hound::WavWriter::create(&path, spec).unwrap();
    for value in [f32::NAN, f32::INFINITY, -9.0, 0.25] {
        writer.write_sample(value).unwrap();
    }
    writer.finalize().unwrap();
    assert_eq!(take(&mut Wave::open(&path, false).unwrap(), 5), [0.0, 0.0, -1.0, 0.25, 0.0]);
}
