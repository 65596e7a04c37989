//! The sound servers of these tests: PulseAudio, and PipeWire in its place. Both are a test's own.

use std::{
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Instant,
};

use super::PATIENCE;

/// Names the server's folder to the inner run.
const FOLDER: &str = "AHOY_TEST_SOUND_SERVER";

/// Names the kind of server to the inner run.
const KIND: &str = "AHOY_TEST_SOUND_SYSTEM";

/// What stands for sound cards: null sinks of one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    PulseAudio,
    PipeWire,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::PulseAudio => "PulseAudio",
            Self::PipeWire => "PipeWire",
        }
    }

    /// Why it cannot be used here.
    pub(super) fn missing(self) -> Option<String> {
        let (programs, packages): (&[&str], &str) = match self {
            Self::PulseAudio => (&["pulseaudio", "pactl"], "pulseaudio pulseaudio-utils"),
            Self::PipeWire => (
                &["pipewire", "pipewire-pulse", "wireplumber", "dbus-run-session", "pactl"],
                "pipewire pipewire-pulse wireplumber dbus pulseaudio-utils",
            ),
        };
        let there = |program: &&str| {
            let mut asked = Command::new(program);
            asked.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
        };
        let whole = programs.iter().all(there);
        (!whole).then(|| format!("no {} on this machine (Debian: apt-get install {packages})", self.name()))
    }

    /// The environment in which everything talks to the server in this folder, and to no other.
    pub(super) fn environment(self, dir: &Path) -> [(&'static str, PathBuf); 5] {
        let socket = match self {
            Self::PulseAudio => dir.join("native"),
            Self::PipeWire => dir.join("pulse/native"),
        };
        [
            ("PULSE_SERVER", PathBuf::from(format!("unix:{}", socket.display()))),
            ("XDG_RUNTIME_DIR", dir.to_owned()),
            ("HOME", dir.to_owned()),
            (FOLDER, dir.to_owned()),
            (KIND, PathBuf::from(self.name())),
        ]
    }

    fn command(self, dir: &Path) -> Command {
        match self {
            Self::PulseAudio => {
                let script = dir.join("test.pa");
                let socket = dir.join("native");
                let text =
                    format!("load-module module-native-protocol-unix auth-anonymous=1 socket={}\n", socket.display());
                std::fs::write(&script, text).unwrap();
                let mut command = Command::new("pulseaudio");
                command.args(["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "-F"]).arg(script);
                command
            }
            Self::PipeWire => {
                let mut command = Command::new("dbus-run-session");
                // The session manager gives up where the server is not there yet.
                let script = "pipewire & until wireplumber; do :; done & exec pipewire-pulse";
                command.args(["--", "sh", "-c", script]);
                command
            }
        }
    }
}

/// The folder of the inner run, and its server, which answers and has the card `ahoy`.
pub(super) fn begin() -> (PathBuf, Server) {
    let dir = PathBuf::from(std::env::var_os(FOLDER).expect("run by a test of its own"));
    let kind = match std::env::var(KIND).as_deref() {
        Ok("PipeWire") => Kind::PipeWire,
        _ => Kind::PulseAudio,
    };
    let server = Server::start(kind, &dir);
    (dir, server)
}

/// A sound server; ends with this value.
pub(super) struct Server {
    kind: Kind,
    child: Child,
}

impl Server {
    /// Starts it with one card, `ahoy`, which is the default.
    pub(super) fn start(kind: Kind, dir: &Path) -> Self {
        // A group of its own: PipeWire is four processes, which end together.
        let command = &mut kind.command(dir);
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let server = Self { kind, child: quiet.process_group(0).spawn().unwrap() };
        wait("the server does not answer", || {
            Command::new("pactl").arg("info").stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
        });
        plug_in("ahoy", "rate=48000 channels=2");
        // PipeWire's session manager takes a moment to say so.
        wait("the card is not the default", || {
            pactl(&["get-default-sink"]) == "ahoy" && pactl(&["get-default-source"]) == "ahoy.monitor"
        });
        server
    }

    /// Kills it, and starts another one in its place after `meanwhile`.
    pub(super) fn restart(mut self, dir: &Path, meanwhile: impl FnOnce()) -> Self {
        self.kill();
        meanwhile();
        Self::start(self.kind, dir)
    }

    fn kill(&mut self) {
        let group = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process_group(group, rustix::process::Signal::KILL).ok();
        self.child.wait().ok();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Until it is so.
pub(super) fn wait(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::yield_now();
    }
}

/// What `pactl` answers.
pub(super) fn pactl(order: &[&str]) -> String {
    let asked = Command::new("pactl").args(order).output().unwrap();
    let said = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
    assert!(asked.status.success(), "{order:?}: {said} {}", String::from_utf8_lossy(&asked.stderr));
    said
}

/// Plugs a card in, with a rate, a number of channels and a format that are its own; what it is unplugged by.
pub(super) fn plug_in(name: &str, shape: &str) -> String {
    let name = format!("sink_name={name}");
    // Rewinding would make an idle null sink of PulseAudio take two seconds to begin.
    let order: Vec<&str> = ["load-module", "module-null-sink", &name, "norewinds=1"].into_iter().collect();
    pactl(&order.into_iter().chain(shape.split(' ')).collect::<Vec<_>>())
}

/// Pulls it out.
pub(super) fn unplug(module: &str) {
    pactl(&["unload-module", module]);
}
