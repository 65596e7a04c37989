//! The audio thread in real time: order and counts, no timing.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::*;
use crate::{
    host_media::{
        signals::{read, tone_share},
        test_dir::TestDir,
    },
    simple_webrtc::engine::{AudioFrame, AudioPacket},
};

const LINK: LinkId = LinkId(3);

fn config(input: DeviceSpec, output: DeviceSpec) -> AudioConfig {
    AudioConfig { input, output, bitrate_bps: 32_000, frame_ms: 20 }
}

/// Frames into a channel.
struct Tap(SyncSender<AudioFrame>);

impl FrameOut for Tap {
    fn frame(&mut self, _link: LinkId, frame: AudioFrame) {
        // A test that has seen enough stops listening.
        self.0.try_send(frame).ok();
    }
}

fn start(input: DeviceSpec, output: DeviceSpec) -> (HostSound, Receiver<AudioFrame>, mpsc::Receiver<AudioEvent>) {
    let (tap, frames) = sync_channel(1_000);
    let (sender, events) = mpsc::channel(16);
    (HostSound::start(config(input, output), Box::new(Tap(tap)), sender).unwrap(), frames, events)
}

/// How many pieces of 10 ms are the tone of 440 Hz, of how many that are loud. Short ones, because repairs shift the phase.
fn tones(heard: &[f32]) -> (usize, usize) {
    let loud = || heard.chunks_exact(480).filter(|piece| piece.iter().any(|sample| sample.abs() > 0.1));
    (loud().filter(|piece| tone_share(piece, 440.0) > 0.9).count(), loud().count())
}

#[test]
fn a_tone_crosses_from_one_sound_to_another() {
    let dir = TestDir::new();
    let path = dir.path().join("heard.wav");
    let (talker, frames, mut told) = start(DeviceSpec::Tone(440), DeviceSpec::None);
    let heard = DeviceSpec::File { path: path.clone(), looped: false, stereo: false };
    let (listener, _, mut heard_events) = start(DeviceSpec::None, heard);
    let _own = talker.add_link(LINK);
    talker.send(LINK, true);
    let mut inlet = listener.add_link(LINK);
    listener.play(LINK, true);
    talker.microphone(true);
    let mut sent = Vec::new();
    // Until a quarter of a second of it was heard: a busy machine takes longer.
    for sequence in 0..500 {
        let AudioFrame { payload, timestamp, marker, .. } = frames.recv().unwrap();
        sent.push((timestamp, marker));
        inlet.packet(AudioPacket { sequence, timestamp, marker, payload, arrived: Instant::now() });
        if sequence >= 49 && sequence % 25 == 24 && tones(&read(&path)).0 >= 25 {
            break;
        }
    }
    talker.microphone(false);
    assert!(sent.windows(2).all(|pair| pair[1].0 > pair[0].0), "in order");
    assert!(sent[0].1 && sent.iter().filter(|(_, marker)| *marker).count() <= sent.len() / 2);
    assert!(matches!(told.blocking_recv(), Some(AudioEvent::SourceStarted { .. })));
    assert!(matches!(heard_events.blocking_recv(), Some(AudioEvent::SinkStarted { .. })));
    assert_eq!(heard_events.blocking_recv(), Some(AudioEvent::FirstAudio { link: LINK }));
    drop(listener);
    let (tones, loud) = tones(&read(&path));
    assert!(tones >= 25 && tones * 4 >= loud * 3, "{tones} tones of {loud} loud pieces");
}

#[test]
fn source_and_sink_say_when_they_started_on_the_clock_of_the_machine() {
    let (sound, _frames, mut events) = start(DeviceSpec::None, DeviceSpec::None);
    let before = sound.now_us();
    let _inlet = sound.add_link(LINK);
    sound.play(LINK, true);
    sound.microphone(true);
    for _ in 0..2 {
        let (AudioEvent::SourceStarted { at_us } | AudioEvent::SinkStarted { at_us }) = events.blocking_recv().unwrap()
        else {
            panic!("only these two are told");
        };
        // The sink may begin on the next tick of the source's grid.
        assert!((before..=sound.now_us() + 10_000).contains(&at_us));
    }
}

#[test]
fn an_unknown_link_has_no_figures_and_orders_for_it_do_nothing() {
    let (sound, _frames, _events) = start(DeviceSpec::None, DeviceSpec::None);
    sound.send(LINK, true);
    sound.play(LINK, true);
    sound.remove_link(LINK);
    assert_eq!(sound.receive_stats(LINK), None);
    let _inlet = sound.add_link(LINK);
    assert_eq!(sound.receive_stats(LINK), Some(ReceiveStats::default()));
    sound.remove_link(LINK);
    assert_eq!(sound.receive_stats(LINK), None);
}

#[test]
fn what_cannot_work_is_refused_at_the_start_and_says_why() {
    let dir = TestDir::new();
    let missing = |name: &str| DeviceSpec::File { path: dir.path().join(name), looped: false, stereo: false };
    let refused = |config: AudioConfig| {
        let (tap, _frames) = sync_channel(1);
        HostSound::start(config, Box::new(Tap(tap)), mpsc::channel(1).0).err()
    };
    let none = || config(DeviceSpec::None, DeviceSpec::None);
    assert!(
        matches!(refused(config(missing("no.wav"), DeviceSpec::None)), Some(SoundError::Input(why)) if why.contains("no.wav"))
    );
    assert!(
        matches!(refused(config(DeviceSpec::None, missing("no/a.wav"))), Some(SoundError::Output(why)) if why.contains("a.wav"))
    );
    assert!(matches!(refused(config(DeviceSpec::None, DeviceSpec::Tone(440))), Some(SoundError::Output(_))));
    assert!(matches!(refused(config(DeviceSpec::Tone(0), DeviceSpec::None)), Some(SoundError::Input(_))));
    let named = || DeviceSpec::Id("Headset".into());
    assert!(
        matches!(refused(config(named(), DeviceSpec::None)), Some(SoundError::Input(why)) if why.contains("Headset"))
    );
    assert!(
        matches!(refused(config(DeviceSpec::None, named())), Some(SoundError::Output(why)) if why.contains("Headset"))
    );
    for frame_ms in [0, 5, 25, 120] {
        assert!(matches!(refused(AudioConfig { frame_ms, ..none() }), Some(SoundError::Setting(_))), "{frame_ms}");
    }
    for bitrate_bps in [5_999, 128_001] {
        assert!(
            matches!(refused(AudioConfig { bitrate_bps, ..none() }), Some(SoundError::Setting(_))),
            "{bitrate_bps}"
        );
    }
    for frame_ms in FRAME_MS {
        assert_eq!(refused(AudioConfig { frame_ms, ..none() }), None, "{frame_ms}");
    }
}

#[test]
fn a_daemon_starts_without_the_device_that_is_named_and_tells_it_at_once_and_when_it_is_missed() {
    let (sound, frames, mut events) = start(DeviceSpec::Id("alsa:no-such-card".into()), DeviceSpec::None);
    let Some(AudioEvent::DeviceLost { input: true, detail }) = events.blocking_recv() else { panic!("told at once") };
    assert!(detail.contains("`alsa:no-such-card`"), "{detail}");
    let _inlet = sound.add_link(LINK);
    sound.send(LINK, true);
    sound.microphone(true);
    assert!(matches!(events.blocking_recv(), Some(AudioEvent::DeviceLost { input: true, .. })));
    frames.recv().expect("encoded silence leaves instead");
}

/// A way out with a defect.
struct Defect;

impl FrameOut for Defect {
    fn frame(&mut self, _link: LinkId, _frame: AudioFrame) {
        panic!("a defect, made by this test");
    }
}

#[test]
fn a_defect_of_the_audio_thread_ends_sound_and_is_told_even_to_a_slow_listener() {
    let (sender, mut events) = mpsc::channel(1);
    let sound = HostSound::start(config(DeviceSpec::Tone(440), DeviceSpec::None), Box::new(Defect), sender).unwrap();
    let _inlet = sound.add_link(LINK);
    sound.send(LINK, true);
    sound.microphone(true);
    let mut lost = Vec::new();
    while lost.len() < 2 {
        match events.blocking_recv().expect("the thread lives until it has told") {
            AudioEvent::DeviceLost { input, detail } => {
                assert!(detail.contains("defect"), "{detail}");
                lost.push(input);
            }
            AudioEvent::SourceStarted { .. } => {}
            other @ (AudioEvent::SinkStarted { .. }
            | AudioEvent::FirstAudio { .. }
            | AudioEvent::DeviceBack { .. }
            | AudioEvent::MutedTalking { .. }
            | AudioEvent::Speaking { .. }
            | AudioEvent::Check(_)
            | AudioEvent::Limited { .. }
            | AudioEvent::RingtoneLost { .. }
            | AudioEvent::RingtoneBack { .. }) => panic!("{other:?}"),
        }
    }
    assert_eq!(lost, [true, false]);
    assert!(events.blocking_recv().is_none(), "nothing more comes from it");
    // Everybody else goes on.
    sound.mute(true);
    sound.play(LINK, true);
    sound.remove_link(LINK);
    assert_eq!(sound.receive_stats(LINK), None);
}

#[cfg(target_os = "linux")]
#[test]
fn the_priority_that_is_told_is_what_the_kernel_gives_the_audio_thread() {
    let (sound, frames, _events) = start(DeviceSpec::Tone(440), DeviceSpec::None);
    let _own = sound.add_link(LINK);
    sound.send(LINK, true);
    sound.microphone(true);
    frames.recv().unwrap();
    // Sounds of other tests are granted the same.
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().filter_map(Result::ok);
    let lines = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("stat")).ok());
    let line = lines.filter(|line| line.contains("(ahoy-audio)")).last().unwrap();
    // Fields 19 and 41: nice value and scheduling policy, 2 is SCHED_RR (proc(5)).
    let fields: Vec<&str> = line.rsplit(')').next().unwrap().split_whitespace().collect();
    let kernel = match (fields[16].parse::<i32>().unwrap(), fields[38]) {
        (_, "2") => Priority::RealTime,
        (nice, _) if nice < 0 => Priority::Raised,
        (_, _) => Priority::Usual,
    };
    assert_eq!(sound.priority(), kernel);
}
