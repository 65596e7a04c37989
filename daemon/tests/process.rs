//! `ahoyd` as a process: what it says when it can't start, and how it stops.

#![expect(clippy::unwrap_used, reason = "a test's helpers may fail like the test itself")]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A command that sees nothing of this machine's settings.
fn ahoyd(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ahoyd"));
    command.env_clear().arg("--home").arg(home);
    command.args(["--no-mdns", "--listen", "/ip4/127.0.0.1/tcp/0", "--audio-in", "none", "--audio-out", "none"]);
    command.args(args).stdin(Stdio::null());
    command
}

/// Runs a start that fails.
fn fails(home: &Path, args: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = ahoyd(home, args).output().unwrap();
    assert!(stdout.is_empty(), "messages for people go to stderr");
    (status.code(), String::from_utf8(stderr).unwrap())
}

struct Running {
    child: Child,
}

impl Running {
    /// Starts and waits until it says that it is ready.
    fn new(home: &Path, args: &[&str]) -> Self {
        let mut child = ahoyd(home, args).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("ahoyd is ready"), "{line}");
        Self { child }
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Waits for its end: exit code and how long it took.
    fn ended(mut self) -> (Option<i32>, Duration) {
        let began = Instant::now();
        let code = self.child.wait().unwrap().code();
        (code, began.elapsed())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended in a test that passes; a failed one leaves nothing running.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn hello() -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "hello", "params": {"client": "test", "api": "1.0"}})
}

#[test]
fn sigterm_and_sigint_end_it_in_good_order_within_two_seconds() {
    for signal in ["-TERM", "-INT"] {
        let home = tempfile::tempdir().unwrap();
        let daemon = Running::new(home.path(), &[]);
        assert!(home.path().join("ahoyd.sock").exists());
        daemon.signal(signal);
        let (code, took) = daemon.ended();
        assert_eq!(code, Some(0), "{signal}");
        assert!(took < Duration::from_secs(2), "{signal}: {took:?}");
        assert!(!home.path().join("ahoyd.sock").exists());
    }
}

#[test]
fn a_connected_frontend_does_not_hold_up_the_end() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Running::new(home.path(), &[]);
    let mut stream = UnixStream::connect(home.path().join("ahoyd.sock")).unwrap();
    writeln!(stream, "{}", hello()).unwrap();
    let mut line = String::new();
    BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("\"result\""));
    daemon.signal("-TERM");
    let (code, took) = daemon.ended();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn after_a_kill_the_next_start_works() {
    let home = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let daemon = Running::new(home.path(), &[]);
        daemon.signal("-KILL");
        assert_eq!(daemon.ended().0, None);
        assert!(home.path().join("ahoyd.sock").exists(), "a killed daemon leaves its socket");
    }
    let daemon = Running::new(home.path(), &[]);
    daemon.signal("-TERM");
    assert_eq!(daemon.ended().0, Some(0));
}

#[test]
fn a_second_instance_explains_itself_and_leaves_the_first_alone() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Running::new(home.path(), &[]);
    let (code, message) = fails(home.path(), &[]);
    assert_eq!(code, Some(1));
    assert!(message.contains("runs in this home already"), "{message}");
    assert!(message.contains(&daemon.child.id().to_string()));
    UnixStream::connect(home.path().join("ahoyd.sock")).unwrap();
    daemon.signal("-TERM");
    daemon.ended();
}

#[test]
fn what_is_wrong_at_a_start_is_said_on_stderr_with_a_code() {
    let tmp = tempfile::tempdir().unwrap();
    let (code, message) = fails(&tmp.path().join("x".repeat(150)), &[]);
    assert!(code == Some(1) && message.contains("too long"), "{message}");

    std::fs::write(tmp.path().join("config.toml"), "bitrate_bps = 1").unwrap();
    let (code, message) = fails(tmp.path(), &[]);
    assert!(code == Some(2) && message.contains("config.toml:1: ") && message.contains("6000 to 128000"), "{message}");

    std::fs::write(tmp.path().join("config.toml"), "colour = 1").unwrap();
    let (code, message) = fails(tmp.path(), &[]);
    assert!(code == Some(2) && message.contains("colour"), "{message}");
    std::fs::remove_file(tmp.path().join("config.toml")).unwrap();

    let (code, message) = fails(tmp.path(), &["--bootstrap", "/ip4/1.2.3.4/tcp/1"]);
    assert!(code == Some(2) && message.contains("--bootstrap"), "what is not there is not ignored: {message}");

    let (code, message) = fails(tmp.path(), &["--listen", "/ip4/203.0.113.1/tcp/1"]);
    assert!(code == Some(1) && message.contains("/ip4/203.0.113.1/tcp/1"), "{message}");
}

#[test]
fn a_damaged_store_is_explained() {
    let home = tempfile::tempdir().unwrap();
    let daemon = Running::new(home.path(), &[]);
    daemon.signal("-TERM");
    daemon.ended();
    std::fs::write(home.path().join("data/store.redb"), vec![7; 100_000]).unwrap();
    let (code, message) = fails(home.path(), &[]);
    assert!(code == Some(1) && message.contains("store.redb cannot be read"), "{message}");
}

#[test]
fn the_control_protocol_is_spoken_on_stdio_until_the_input_ends() {
    let home = tempfile::tempdir().unwrap();
    let mut child = ahoyd(home.path(), &["--stdio"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{}", hello()).unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let answer: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(answer["result"]["api"], "1.0");
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_service_manager_is_told_of_readiness_life_and_the_end() {
    let home = tempfile::tempdir().unwrap();
    let notify = home.path().join("notify");
    let manager = UnixDatagram::bind(&notify).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let next = || {
        let mut bytes = [0; 256];
        let length = manager.recv(&mut bytes).expect("the daemon says something");
        String::from_utf8(bytes[..length].to_vec()).unwrap().trim().to_owned()
    };
    let mut command = ahoyd(home.path(), &[]);
    command.env("NOTIFY_SOCKET", &notify).env("WATCHDOG_USEC", "1000000");
    let daemon = Running { child: command.stderr(Stdio::null()).spawn().unwrap() };
    assert_eq!(next(), "READY=1");
    let mut stream = UnixStream::connect(home.path().join("ahoyd.sock")).expect("ready means that it answers");
    writeln!(stream, "{}", hello()).unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    assert!(line.contains("\"result\""));

    assert_eq!(next(), "WATCHDOG=1");
    let first = Instant::now();
    assert_eq!([next(), next()], ["WATCHDOG=1", "WATCHDOG=1"]);
    assert!(first.elapsed() > Duration::from_millis(800), "two at half the interval: {:?}", first.elapsed());

    daemon.signal("-TERM");
    while next() != "STOPPING=1" {}
    assert_eq!(daemon.ended().0, Some(0));
    manager.set_nonblocking(true).unwrap();
    assert!(manager.recv(&mut [0; 8]).is_err(), "nothing follows");
}

#[test]
fn without_a_watchdog_only_readiness_and_the_end_are_told() {
    let home = tempfile::tempdir().unwrap();
    let notify = home.path().join("notify");
    let manager = UnixDatagram::bind(&notify).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut command = ahoyd(home.path(), &[]);
    let daemon = Running { child: command.env("NOTIFY_SOCKET", &notify).stderr(Stdio::null()).spawn().unwrap() };
    let mut bytes = [0; 64];
    let ready = manager.recv(&mut bytes).unwrap();
    assert_eq!(bytes[..ready].trim_ascii(), b"READY=1");
    daemon.signal("-TERM");
    let stopping = manager.recv(&mut bytes).unwrap();
    assert_eq!(bytes[..stopping].trim_ascii(), b"STOPPING=1");
    assert_eq!(daemon.ended().0, Some(0));
}

#[test]
fn settings_can_be_checked_without_a_start() {
    let home = tempfile::tempdir().unwrap();
    let output = ahoyd(home.path(), &["--check-config"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    std::fs::write(home.path().join("config.toml"), "bitrate = 1\n\nframe_ms = 30\n").unwrap();
    let (code, message) = fails(home.path(), &["--check-config", "--log", "libp2p_swarm=info"]);
    assert_eq!(code, Some(2));
    for part in
        ["3 settings cannot be used", ":1: ", "bitrate_bps", ":3: ", "10, 20, 40, 60", "--log: ", "libp2p_swarm=debug"]
    {
        assert!(message.contains(part), "{part} is missing in: {message}");
    }
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1, "nothing was made");
}

#[test]
fn metrics_are_answered_where_the_settings_say_and_a_place_that_is_taken_is_told() {
    use std::io::Read as _;
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("metrics.sock");
    std::fs::write(home.path().join("config.toml"), format!("metrics = \"unix:{}\"", path.display())).unwrap();
    let daemon = Running::new(home.path(), &[]);
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    for part in ["200 OK", "ahoy_actor_answers 1", "ahoy_network_sealed_total 0", "# EOF"] {
        assert!(answer.contains(part), "{part} is missing in: {answer}");
    }
    daemon.signal("-TERM");
    daemon.ended();
    assert!(!path.exists());

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = taken.local_addr().unwrap().to_string();
    std::fs::write(home.path().join("config.toml"), format!("metrics = \"{place}\"")).unwrap();
    let (code, message) = fails(home.path(), &[]);
    assert!(code == Some(1) && message.contains(&place) && message.contains("metrics"), "{message}");
}
