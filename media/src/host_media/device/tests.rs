//! Against real sound servers with null sinks, PulseAudio and PipeWire, where they are installed. The server is the
//! test's own: nothing of the machine's sound is touched. The environment names the server, and it belongs to the whole
//! process, so each test runs itself again in a process of its own.

#![expect(clippy::print_stdout, reason = "a skip is said aloud")]

mod asked;
mod pipewire;
mod plug;
mod server;

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, sync_channel},
    },
    time::{Duration, Instant},
};

use tokio::sync::mpsc;

use server::{Kind, begin, wait};

use crate::{
    host_media::{
        api::{AudioConfig, AudioEvent, DeviceSpec, FrameOut, Priority, Processing, Sound, Stage},
        check::CheckEvent,
        signals::{read, tone_share},
        sound::HostSound,
        test_dir::TestDir,
    },
    simple_webrtc::engine::{AudioFrame, AudioPacket, LinkId, PacketSink},
};

const LINK: LinkId = LinkId(1);

/// One server at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// Time in which everything here happens on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn a_sound_server_plays_and_records_and_its_death_and_return_are_told_while_the_call_lives() {
    apart(Kind::PulseAudio, "inside");
}

/// Runs the test of this name in a process of its own, with a sound server of its own.
fn apart(kind: Kind, name: &str) {
    if let Some(why) = kind.missing() {
        println!("SKIPPED: {why}");
        return;
    }
    // Two servers and their cards are more than a machine that compiles has time for.
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let dir = TestDir::new();
    let inner = Command::new(std::env::current_exe().unwrap())
        .args([&format!("host_media::device::tests::{name}"), "--exact", "--ignored", "--nocapture"])
        .envs(kind.environment(dir.path()))
        .output()
        .unwrap();
    let said = [inner.stdout, inner.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(inner.status.success() && said.contains("1 passed"), "{said}");
    println!("{said}");
}

/// Sends every frame back into our own jitter buffer, and shows that it left.
struct Loop {
    inlet: Receiver<Box<dyn PacketSink>>,
    open: Option<Box<dyn PacketSink>>,
    sequence: u16,
    left: std::sync::mpsc::SyncSender<Instant>,
}

impl FrameOut for Loop {
    fn frame(&mut self, _link: LinkId, AudioFrame { payload, timestamp, marker, .. }: AudioFrame) {
        self.sequence = self.sequence.wrapping_add(1);
        let (sequence, arrived) = (self.sequence, Instant::now());
        if let Ok(inlet) = self.inlet.try_recv() {
            self.open = Some(inlet);
        }
        if let Some(inlet) = &mut self.open {
            inlet.packet(AudioPacket { sequence, timestamp, marker, payload, arrived });
        }
        // The newest that fit are enough to see that frames leave.
        self.left.try_send(arrived).ok();
    }
}

/// A sound that hears itself.
struct Party {
    sound: HostSound,
    events: mpsc::Receiver<AudioEvent>,
    left: Receiver<Instant>,
}

impl Party {
    fn new(input: DeviceSpec, output: DeviceSpec) -> Self {
        let (tell, inlet) = sync_channel(1);
        let (gone, left) = sync_channel(1);
        let wire = Loop { inlet, open: None, sequence: 0, left: gone };
        let config = AudioConfig { input, output, bitrate_bps: 32_000, frame_ms: 20 };
        let (sender, events) = mpsc::channel(64);
        let sound = HostSound::start(config, Box::new(wire), sender).unwrap();
        // Noise suppression would take the steady tone for noise.
        let (high_pass, echo_cancellation, noise_suppression) = (Stage::Off, Stage::Off, Stage::Off);
        sound.process(Processing {
            high_pass,
            echo_cancellation,
            noise_suppression,
            gain_control: Stage::Off,
            ..Processing::default()
        });
        tell.send(sound.add_link(LINK)).unwrap_or_else(|_| panic!("the wire is there"));
        sound.send(LINK, true);
        sound.play(LINK, true);
        sound.microphone(true);
        Self { sound, events, left }
    }

    /// Waits for an event that `wanted` takes; all that came until then.
    fn until(&mut self, wanted: impl Fn(&AudioEvent) -> bool) -> Vec<AudioEvent> {
        let mut seen = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < deadline, "in vain; seen: {seen:?}");
            match self.events.try_recv() {
                Ok(event) => {
                    let found = wanted(&event);
                    seen.push(event);
                    if found {
                        return seen;
                    }
                }
                // A frame leaves every 20 ms, whatever happens: that is the clock here.
                Err(_) => self.frame(),
            }
        }
    }

    /// Waits for the end of a trial; what came until then.
    fn checked(&mut self) -> Vec<AudioEvent> {
        let mut seen = Vec::new();
        while let Some(event) = self.events.blocking_recv() {
            let over = matches!(event, AudioEvent::Check(CheckEvent::Over(_)));
            seen.push(event);
            if over {
                break;
            }
        }
        seen
    }

    /// A frame leaves.
    fn frame(&self) {
        match self.left.recv_timeout(PATIENCE) {
            Ok(_) => {}
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => panic!("no frame leaves any more"),
        }
    }

    fn frames(&self, count: usize) {
        (0..count).for_each(|_| self.frame());
    }
}

fn monitor() -> DeviceSpec {
    DeviceSpec::Id("pulseaudio:ahoy.monitor".into())
}

/// Losses among these.
fn losses(events: &[AudioEvent]) -> usize {
    events.iter().filter(|event| matches!(event, AudioEvent::DeviceLost { .. })).count()
}

#[test]
#[ignore = "the inner run of the test above"]
fn inside() {
    let (dir, server) = begin();
    // A busy server may answer too late for one list.
    wait("the card is not listed as the default", || {
        let listed = super::list::list();
        let is = |input: bool, id: &str| listed.iter().any(|d| d.input == input && d.default && d.id == id);
        is(false, "pulseaudio:ahoy") && is(true, "pulseaudio:ahoy.monitor")
    });

    let heard = dir.join("heard.wav");
    let mut speaker = Party::new(DeviceSpec::Tone(440), DeviceSpec::Id("pulseaudio:ahoy".into()));
    let mut microphone = Party::new(monitor(), DeviceSpec::File { path: heard.clone(), looped: false, stereo: false });
    speaker.until(|event| matches!(event, AudioEvent::SinkStarted { .. }));
    microphone.until(|event| matches!(event, AudioEvent::SourceStarted { .. }));
    let before = hears(&microphone, &heard, 0);
    if speaker.sound.priority() == Priority::RealTime {
        // The audio threads; those that call back belong to the client of the server.
        assert_eq!(real_time_threads(), 2);
    }

    let lost = |event: &AudioEvent| matches!(event, AudioEvent::DeviceLost { .. });
    let back = |event: &AudioEvent| matches!(event, AudioEvent::DeviceBack { .. });
    let server = server.restart(&dir, || {
        microphone.until(lost);
        speaker.until(lost);
        microphone.frames(50);
    });
    let again = [speaker.until(back), microphone.until(back)];
    assert_eq!(again.iter().map(|events| losses(events)).sum::<usize>(), 0, "a loss is told once: {again:?}");
    let after = hears(&microphone, &heard, before + 48_000);
    println!("the tone was clean after {before} samples, and again after {after}");
    drop((speaker, microphone, server));
}

/// Threads of this process that the kernel schedules in real time: field 41 of their line is the policy (proc(5)).
fn real_time_threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().filter_map(Result::ok);
    let lines = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("stat")).ok());
    let policy =
        |line: &String| line.rsplit(')').next().and_then(|fields| fields.split_whitespace().nth(38).map(str::to_owned));
    lines.filter(|line| policy(line).as_deref() == Some("2")).count()
}

/// Waits until a twentieth of a second behind sample `from` of what is heard is the tone; where it ends. A busy machine
/// leaves holes, in which the tone stops: one clean piece is enough.
fn hears(microphone: &Party, heard: &Path, from: usize) -> usize {
    const PIECE: usize = 2_400;
    let deadline = Instant::now() + PATIENCE;
    let mut next = from / PIECE;
    loop {
        microphone.frames(10);
        let sound = read(heard);
        for piece in sound.chunks_exact(PIECE).skip(next) {
            next += 1;
            if tone_share(piece, 440.0) > 0.8 {
                return next * PIECE;
            }
        }
        assert!(Instant::now() < deadline, "no tone behind {from} of {} samples", sound.len());
    }
}
