//! The measure on the recordings of the demo: does it tell heard from not heard, through all that a call does to sound?

use std::path::PathBuf;

use super::*;

fn speech(name: &str) -> Recording {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../tests/speech", name].iter().collect();
    Recording::read(&path).unwrap()
}

/// The sample `t` seconds into it, between samples on a straight line.
fn at(recording: &Recording, t: f64) -> f32 {
    let position = t * f64::from(recording.rate_hz);
    if position < 0.0 {
        return 0.0;
    }
    let index = position as usize;
    let part = (position - position.floor()) as f32;
    let sample = |index: usize| recording.samples.get(index).copied().unwrap_or(0.0);
    sample(index) * (1.0 - part) + sample(index + 1) * part
}

/// 48 kHz, as a daemon writes it: `said` comes `delay(t)` late, at half the level.
fn heard(said: &Recording, seconds: f64, delay: impl Fn(f64) -> f64) -> Recording {
    let rate_hz = 48_000;
    let sample = |index: usize| {
        let t = index as f64 / f64::from(rate_hz);
        0.5 * at(said, t - delay(t))
    };
    Recording { rate_hz, samples: (0..(seconds * f64::from(rate_hz)) as usize).map(sample).collect() }
}

/// Noise with a seed, so that every run is the same.
fn noise(count: usize, level: f32) -> Vec<f32> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next() * level).collect()
}

fn add(to: &mut Recording, samples: &[f32]) {
    to.samples.iter_mut().zip(samples).for_each(|(to, sample)| *to += sample);
}

#[test]
fn late_and_quiet_speech_is_all_there() {
    let said = speech("ada.wav");
    let result = compare(&said, &heard(&said, 14.0, |_| 0.0873), 12.0, 2.0);
    assert!(result.correlation > 0.97, "{}", result.correlation);
    assert!((result.delay_s.unwrap() - 0.0873).abs() < 0.000_2, "{:?}", result.delay_s);
}

#[test]
fn a_negative_delay_is_found_too() {
    let said = speech("ben.wav");
    let result = compare(&said, &heard(&said, 14.0, |_| -0.731), 12.0, 2.0);
    assert!(result.correlation > 0.9, "{}", result.correlation);
    assert!((result.delay_s.unwrap() + 0.731).abs() < 0.000_2);
}

#[test]
fn another_voice_is_not_taken_for_it() {
    for (said, other) in [("ada.wav", "ben.wav"), ("ben.wav", "ada.wav")] {
        let result = compare(&speech(said), &heard(&speech(other), 14.0, |_| 0.05), 12.0, 2.0);
        assert!(result.correlation < 0.1, "{said} in {other}: {}", result.correlation);
    }
}

#[test]
fn silence_and_noise_hold_no_speech() {
    let said = speech("ada.wav");
    let silence = Recording { rate_hz: 48_000, samples: vec![0.0; 14 * 48_000] };
    assert_eq!(compare(&said, &silence, 12.0, 2.0).correlation, 0.0);
    assert_eq!(compare(&said, &Recording { rate_hz: 48_000, samples: Vec::new() }, 12.0, 2.0).correlation, 0.0);
    let noisy = Recording { rate_hz: 48_000, samples: noise(14 * 48_000, 0.3) };
    assert!(compare(&said, &noisy, 12.0, 2.0).correlation < 0.05);
}

#[test]
fn silence_said_proves_nothing() {
    let silence = Recording { rate_hz: 16_000, samples: vec![0.0; 14 * 16_000] };
    let result = compare(&silence, &heard(&speech("ada.wav"), 14.0, |_| 0.0), 12.0, 2.0);
    assert_eq!(result, Match::default());
}

#[test]
fn a_jitter_buffer_that_shifts_the_delay_does_no_harm() {
    let said = speech("ada.wav");
    let result = compare(&said, &heard(&said, 14.0, |t| if t < 6.2 { 0.060 } else { 0.083 }), 12.0, 2.0);
    assert!(result.correlation > 0.9, "{}", result.correlation);
}

#[test]
fn noise_as_loud_as_a_coder_makes_is_tolerated_and_drowning_noise_is_not() {
    let said = speech("ada.wav");
    let correlation = |level: f32| {
        let mut heard = heard(&said, 14.0, |_| 0.06);
        let noise = noise(heard.samples.len(), level);
        add(&mut heard, &noise);
        compare(&said, &heard, 12.0, 2.0).correlation
    };
    assert!(correlation(0.02) > 0.8, "{}", correlation(0.02));
    assert!(correlation(0.8) < 0.5, "{}", correlation(0.8));
}

#[test]
fn missing_speech_counts_against_it() {
    let said = speech("ada.wav");
    let mut half = heard(&said, 14.0, |_| 0.06);
    half.samples.truncate(6 * 48_000);
    let result = compare(&said, &half, 12.0, 2.0);
    assert!(result.correlation < 0.8, "{}", result.correlation);

    let mut holes = heard(&said, 14.0, |_| 0.06);
    holes.samples.chunks_mut(9_600).step_by(2).for_each(|chunk| chunk.fill(0.0));
    let result = compare(&said, &holes, 12.0, 2.0);
    assert!(result.correlation < 0.8, "{}", result.correlation);
}

#[test]
fn a_loud_echo_of_oneself_is_found_behind_the_other_voice() {
    let (ada, ben) = (speech("ada.wav"), speech("ben.wav"));
    let mut both = heard(&ben, 14.0, |_| 0.05);
    let echo = heard(&ada, 14.0, |_| 0.11);
    add(&mut both, &echo.samples);
    assert!(compare(&ada, &both, 12.0, 2.0).correlation > 0.4);
}

#[test]
fn levels_tell_speech_from_silence() {
    let tone: Vec<f32> = (0..48_000).map(|i| (i as f32 * 0.1).sin()).chain(vec![0.0; 48_000]).collect();
    let levels = Recording { rate_hz: 48_000, samples: tone }.levels(0.5);
    assert_eq!(levels.len(), 4);
    assert!((levels[0].1 + 3.0).abs() < 0.1, "{levels:?}");
    assert_eq!((levels[3].0, levels[3].1), (1.75, -90.0));
}

#[test]
fn wav_files_of_other_formats_are_read_and_odd_ones_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.wav");
    let write = |spec: hound::WavSpec| {
        let mut writer = hound::WavWriter::create(&path, spec).unwrap();
        for frame in 0..100 {
            for channel in 0..spec.channels {
                let sample = if channel == 0 { frame as f32 / 100.0 } else { 0.0 };
                match spec.sample_format {
                    hound::SampleFormat::Float => writer.write_sample(sample).unwrap(),
                    hound::SampleFormat::Int => {
                        writer
                            .write_sample((sample * ((1_i32 << (spec.bits_per_sample - 1)) - 1) as f32) as i32)
                            .unwrap();
                    }
                }
            }
        }
        writer.finalize().unwrap();
        Recording::read(&path)
    };
    let spec = |channels, rate, bits, sample_format| hound::WavSpec {
        channels,
        sample_rate: rate,
        bits_per_sample: bits,
        sample_format,
    };
    for (channels, bits, format) in
        [(1, 16, hound::SampleFormat::Int), (2, 24, hound::SampleFormat::Int), (2, 32, hound::SampleFormat::Float)]
    {
        let recording = write(spec(channels, 44_100, bits, format)).unwrap();
        assert_eq!((recording.rate_hz, recording.samples.len()), (44_100, 100));
        assert!((recording.samples[50] - 0.5 / f32::from(channels)).abs() < 0.001);
    }
    assert!(matches!(write(spec(1, 4_000, 16, hound::SampleFormat::Int)), Err(RecordingError::Unusual { .. })));
    std::fs::write(&path, b"no wav").unwrap();
    assert!(matches!(Recording::read(&path), Err(RecordingError::Unreadable { .. })));
}
