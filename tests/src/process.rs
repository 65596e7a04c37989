//! A daemon as a process in a home of its own that vanishes with the test, driven by `ahoy --json`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::privacy::leaks_in;

/// How long a test waits for anything. Far more than is needed: it only ends tests that would hang.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What `ahoy` printed and how it ended.
#[derive(Debug)]
pub struct Said {
    /// Exit code; none if it was killed.
    pub code: Option<i32>,
    /// The objects on stdout, one a line.
    pub lines: Vec<Value>,
    /// What it told people.
    pub stderr: String,
}

impl Said {
    fn of(output: Output) -> Self {
        let stdout = String::from_utf8(output.stdout).expect("stdout is UTF-8");
        let object = |line: &str| match serde_json::from_str(line) {
            Ok(value @ Value::Object(_)) => value,
            Ok(_) | Err(_) => panic!("with --json a line of stdout was no object: {line}"),
        };
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        Self { code: output.status.code(), lines: stdout.lines().map(object).collect(), stderr }
    }

    /// The same, after checking that it worked.
    ///
    /// # Panics
    /// If the exit code isn't 0.
    #[must_use]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
    }

    /// The last object.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn last(&self) -> &Value {
        self.lines.last().unwrap_or_else(|| panic!("nothing on stdout: {self:#?}"))
    }
}

/// How a daemon hears and speaks, and what else it is started with.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Microphone SPEC.
    pub audio_in: String,
    /// config.toml.
    pub config: String,
}

impl Default for Setup {
    fn default() -> Self {
        Self { audio_in: "none".to_owned(), config: String::new() }
    }
}

/// A home with a daemon in it. The daemon is killed and the home removed when this is dropped.
pub struct Home {
    ahoy: PathBuf,
    dir: TempDir,
    setup: Setup,
    /// Process id of the daemon we started last.
    pid: Option<u64>,
}

impl Home {
    /// A home without a running daemon. `ahoy` is the path of the command; the daemon's program lies beside it.
    ///
    /// # Panics
    /// If there is no daemon to be started, or no room for the home.
    #[must_use]
    pub fn new(ahoy: &str, setup: Setup) -> Self {
        Self::new_in(&std::env::temp_dir(), ahoy, setup)
    }

    /// The same in a directory that is there already, such as that of a small disk.
    ///
    /// # Panics
    /// As [`Home::new`].
    #[must_use]
    pub fn new_in(parent: &Path, ahoy: &str, setup: Setup) -> Self {
        let ahoy = PathBuf::from(ahoy);
        let daemon = ahoy.with_file_name("ahoyd");
        assert!(daemon.exists(), "{} is missing: `cargo build -p ahoyd` makes it", daemon.display());
        let dir = tempfile::Builder::new().prefix("ahoy-").tempdir_in(parent).expect("a home");
        fs::write(dir.path().join("config.toml"), &setup.config).expect("a configuration");
        Self { ahoy, dir, setup, pid: None }
    }

    /// A home with a running daemon on loopback, without mDNS.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn started(ahoy: &str, setup: Setup) -> Self {
        let mut home = Self::new(ahoy, setup);
        home.start();
        home
    }

    /// Starts the daemon; what `ahoy start` said.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start(&mut self) -> Said {
        let ahoy = self.ahoy(&[]);
        self.start_with(ahoy)
    }

    /// Starts the daemon with at most so many open files; what `ahoy start` said.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start_limited(&mut self, open_files: u32) -> Said {
        self.start_after(&format!("ulimit -n {open_files}"))
    }

    /// Starts the daemon as nohup(1) does; what `ahoy start` said.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start_ignoring_hangup(&mut self) -> Said {
        self.start_after("trap '' HUP")
    }

    fn start_after(&mut self, command: &str) -> Said {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{command}; exec \"$@\""), "sh"]).arg(&self.ahoy);
        shell.arg("--home").arg(self.dir.path()).arg("--json").stdin(Stdio::null());
        self.start_with(shell)
    }

    fn start_with(&mut self, mut ahoy: Command) -> Said {
        let heard = format!("file:{}", self.heard().display());
        let said = ahoy
            .args(["start", "--no-mdns", "--listen", "/ip4/127.0.0.1/tcp/0"])
            .args(["--audio-in", &self.setup.audio_in, "--audio-out", &heard])
            .output()
            .map(Said::of)
            .expect("ahoy runs")
            .ok();
        self.pid = said.last()["pid"].as_u64();
        said
    }

    /// Process id of the daemon.
    ///
    /// # Panics
    /// If we did not start one.
    #[must_use]
    pub fn pid(&self) -> u64 {
        self.pid.expect("a daemon that we started")
    }

    /// The home's directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// What its user would hear.
    #[must_use]
    pub fn heard(&self) -> PathBuf {
        self.dir.path().join("heard.wav")
    }

    fn ahoy(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.ahoy);
        command.arg("--home").arg(self.dir.path()).arg("--json").args(args).stdin(Stdio::null());
        command
    }

    /// Runs `ahoy --json ARGS` to its end.
    ///
    /// # Panics
    /// If stdout holds anything but objects.
    #[must_use]
    pub fn says(&self, args: &[&str]) -> Said {
        Said::of(self.ahoy(args).output().expect("ahoy runs"))
    }

    /// Starts `ahoy --json ARGS` and goes on; its lines can be waited for.
    ///
    /// # Panics
    /// If it can't be started.
    #[must_use]
    pub fn begins(&self, args: &[&str]) -> Running {
        let mut child = self.ahoy(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("ahoy runs");
        let stdout = child.stdout.take().expect("stdout");
        // A reader that is behind makes ahoy wait, not this process grow.
        let (sender, lines) = sync_channel(1024);
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line).unwrap_or(Value::String(line));
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        Running { child, lines, seen: Vec::new() }
    }

    /// The account's card.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn card(&self) -> String {
        self.says(&["card"]).ok().last()["card"].as_str().expect("a card").to_owned()
    }

    /// Adds `other` as a contact.
    ///
    /// # Panics
    /// If that fails.
    pub fn adds(&self, other: &Home, name: &str) {
        let card = other.card();
        assert_eq!(self.says(&["contact", "add", &card, "--name", name]).ok().last()["name"], name);
    }

    /// The newest call, as `ahoy calls` shows it.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn call(&self) -> Value {
        self.says(&["calls"]).ok().lines[0].clone()
    }

    /// Kills the daemon as a crash would: nothing is said to anybody.
    ///
    /// # Panics
    /// If we did not start one.
    pub fn kill(&mut self) {
        let pid = self.pid.take().expect("a daemon that we started");
        let status = Command::new("kill").args(["-KILL", &pid.to_string()]).status().expect("kill runs");
        assert!(status.success(), "process {pid} could not be killed");
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let Some(pid) = self.pid.take() else { return };
        if std::thread::panicking() {
            let log = fs::read_to_string(self.dir.path().join("logs/ahoyd.log")).unwrap_or_default();
            let last: Vec<&str> = log.lines().rev().take(40).collect();
            let last: Vec<&str> = last.into_iter().rev().collect();
            tell(&format!("the end of the log of daemon {pid}:\n{}", last.join("\n")));
        }
        // It may have stopped by itself meanwhile: then there is nothing to kill.
        Command::new("kill").args(["-KILL", &pid.to_string()]).stderr(Stdio::null()).status().ok();
        if !std::thread::panicking() {
            let log = fs::read_to_string(self.dir.path().join("logs/ahoyd.log")).unwrap_or_default();
            assert_eq!(leaks_in(&log, &[]), [], "the log of a daemon gives somebody away");
        }
    }
}

/// A verb that goes on.
pub struct Running {
    child: Child,
    lines: Receiver<Value>,
    seen: Vec<Value>,
}

impl Running {
    /// Waits for a line that fits, and returns it.
    ///
    /// # Panics
    /// If none comes.
    pub fn until(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if fits(&line) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("waited for {what} in vain; seen: {:#?}", self.seen),
                Err(RecvTimeoutError::Disconnected) => panic!("it ended before {what}; seen: {:#?}", self.seen),
            }
        }
    }

    /// Waits for an event of this kind.
    pub fn event(&mut self, kind: &str) -> Value {
        self.until(kind, |line| line["kind"] == kind)
    }

    /// Waits until the call is in this state.
    pub fn state(&mut self, state: &str) -> Value {
        self.until(state, |line| line["kind"] == "call_state" && line["state"] == state)
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// If it does not come.
    #[must_use]
    pub fn ends(mut self) -> Said {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.seen.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end; seen: {:#?}", self.seen),
            }
        }
        let mut stderr = String::new();
        if let Some(mut pipe) = self.child.stderr.take() {
            std::io::Read::read_to_string(&mut pipe, &mut stderr).expect("stderr");
        }
        let code = self.child.wait().expect("its end").code();
        Said { code, lines: std::mem::take(&mut self.seen), stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already where the test waited for that.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Tells the person who runs the tests something, for example that one is skipped and why.
pub fn tell(text: &str) {
    use std::io::Write;
    std::io::stderr().write_all(format!("{text}\n").as_bytes()).ok();
}
