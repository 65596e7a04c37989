//! Against a real PulseAudio server with a null sink, where one is installed. The server is the test's own: nothing of
//! the machine's sound is touched. The environment names the server, and it belongs to the whole process, so the test
//! runs itself again in a process of its own.

#![expect(clippy::print_stdout, reason = "a skip is said aloud")]

mod asked;
mod plug;

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, sync_channel},
    },
    time::{Duration, Instant},
};

use tokio::sync::mpsc;

use crate::{
    host_media::{
        api::{AudioConfig, AudioEvent, DeviceSpec, FrameOut, Processing, Sound, Stage},
        check::CheckEvent,
        signals::{read, tone_share},
        sound::HostSound,
        test_dir::TestDir,
    },
    simple_webrtc::engine::{AudioFrame, AudioPacket, LinkId, PacketSink},
};

const LINK: LinkId = LinkId(1);

/// Names the server's folder to the inner run.
const FOLDER: &str = "AHOY_TEST_SOUND_SERVER";

/// One server at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// Time in which everything here happens on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn a_sound_server_plays_and_records_and_its_death_and_return_are_told_while_the_call_lives() {
    apart("inside");
}

/// Runs the test of this name in a process of its own, whose sound server is `unix:DIR/native`.
fn apart(name: &str) {
    if ["pulseaudio", "pactl"].iter().any(|program| Command::new(program).arg("--version").output().is_err()) {
        println!("SKIPPED: no PulseAudio on this machine (Debian: apt-get install pulseaudio pulseaudio-utils)");
        return;
    }
    // Two servers and their cards are more than a machine that compiles has time for.
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let dir = TestDir::new();
    let inner = Command::new(std::env::current_exe().unwrap())
        .args([&format!("host_media::device::tests::{name}"), "--exact", "--ignored", "--nocapture"])
        .env("PULSE_SERVER", format!("unix:{}", dir.path().join("native").display()))
        .env("XDG_RUNTIME_DIR", dir.path())
        .env("HOME", dir.path())
        .env(FOLDER, dir.path())
        .output()
        .unwrap();
    let said = [inner.stdout, inner.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(inner.status.success() && said.contains("1 passed"), "{said}");
    println!("{said}");
}

/// The folder of the inner run, and its server, which answers.
fn begin() -> (PathBuf, Server) {
    let dir = PathBuf::from(std::env::var_os(FOLDER).expect("run by a test of its own"));
    let server = Server::start(&dir);
    let deadline = Instant::now() + PATIENCE;
    while !super::list::list().iter().any(|device| device.id.starts_with("pulseaudio:")) {
        assert!(Instant::now() < deadline, "the server does not answer");
        std::thread::yield_now();
    }
    (dir, server)
}

/// A sound server; ends with this value.
struct Server(Child);

impl Server {
    fn start(dir: &Path) -> Self {
        let script = dir.join("test.pa");
        let socket = dir.join("native");
        // Rewinding would make an idle null sink take two seconds to begin.
        let text = format!(
            "load-module module-native-protocol-unix auth-anonymous=1 socket={}\n\
             load-module module-null-sink sink_name=ahoy rate=48000 channels=2 norewinds=1\n",
            socket.display()
        );
        std::fs::write(&script, text).unwrap();
        let server = Command::new("pulseaudio")
            .args(["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "-F"])
            .arg(&script)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(server)
    }

    fn stop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
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
    let (dir, mut server) = begin();
    let listed = super::list::list();
    let is = |input: bool, id: &str| listed.iter().any(|d| d.input == input && d.default && d.id == id);
    assert!(is(false, "pulseaudio:ahoy") && is(true, "pulseaudio:ahoy.monitor"), "{listed:?}");

    let heard = dir.join("heard.wav");
    let mut speaker = Party::new(DeviceSpec::Tone(440), DeviceSpec::Id("pulseaudio:ahoy".into()));
    let mut microphone = Party::new(monitor(), DeviceSpec::File { path: heard.clone(), looped: false });
    speaker.until(|event| matches!(event, AudioEvent::SinkStarted { .. }));
    microphone.until(|event| matches!(event, AudioEvent::SourceStarted { .. }));
    let before = hears(&microphone, &heard, 0);

    server.stop();
    let lost = |event: &AudioEvent| matches!(event, AudioEvent::DeviceLost { .. });
    let back = |event: &AudioEvent| matches!(event, AudioEvent::DeviceBack { .. });
    microphone.until(lost);
    speaker.until(lost);
    microphone.frames(50);
    drop(server);
    let server = Server::start(&dir);
    let again = [speaker.until(back), microphone.until(back)];
    assert_eq!(again.iter().map(|events| losses(events)).sum::<usize>(), 0, "a loss is told once: {again:?}");
    let after = hears(&microphone, &heard, before + 48_000);
    println!("the tone was clean after {before} samples, and again after {after}");
    drop((speaker, microphone, server));
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
