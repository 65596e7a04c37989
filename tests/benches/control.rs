//! Measures of the control socket: `cargo bench -p ahoy-tests --bench control -- all`, with `ahoyd` built in release
//! beside it (or named by `AHOY_DAEMON`). Prints a JSON object a line; judges nothing.
//!
//! What is measured: methods that wait for nothing, alone and beside a thousand events a second; the same while
//! hostile clients are at work (`AHOY_SIEGE_SIZE` lines or connections each, default 20,000).

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ahoy_crypto::Secret;
use ahoy_crypto::keys::SignKey;
use ahoy_protocol::wire::card::Card;
use ahoy_tests::siege::{Client, Watch, attacks, socket_of};
use serde_json::{Value, json};

/// How long methods are timed, alone and beside events.
const WINDOW: Duration = Duration::from_secs(10);
/// Events a second that are wanted.
const EVENTS_A_SECOND: u32 = 1_000;
/// Clients that cause them: each waits for the disk, so several are needed.
const CAUSES: u32 = 16;
/// Clients that read them.
const READERS: usize = 4;
/// Methods that wait for nothing.
const METHODS: &[&str] = &["status", "call.list", "contact.list", "account.show", "config.get"];

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    // `cargo bench` and `cargo test` of everything start it without a word, or with one of theirs.
    if std::env::args().nth(1).as_deref() != Some("all") {
        return Ok(writeln!(io::stdout(), "control: say all")?);
    }
    let own = std::env::current_exe()?;
    let beside = own.parent().and_then(Path::parent).map(|dir| dir.join("ahoyd")).unwrap_or_default();
    let ahoyd = std::env::var_os("AHOY_DAEMON").map_or(beside, PathBuf::from);
    let size = std::env::var("AHOY_SIEGE_SIZE").map_or(Ok(20_000), |text| text.parse())?;
    let home = tempfile::tempdir()?;
    let daemon = Daemon::start(&ahoyd, home.path())?;
    let socket = socket_of(home.path());
    let alone = Watch::begin(&socket, METHODS);
    pass(WINDOW);
    show("methods that wait for nothing, alone", alone.end().json())?;
    show("methods that wait for nothing, beside events", beside_events(&socket)?)?;
    for (name, attack) in attacks::ALL {
        let watch = Watch::begin(&socket, METHODS);
        let began = Instant::now();
        attack(&socket, size)?;
        let mut figures = watch.end().json();
        figures["attack_s"] = json!(began.elapsed().as_secs_f64());
        figures["size"] = json!(size);
        show(&format!("others during: {name}"), figures)?;
    }
    drop(daemon);
    Ok(())
}

fn show(what: &str, mut figures: Value) -> io::Result<()> {
    figures["what"] = json!(what);
    writeln!(io::stdout(), "{figures}")
}

/// A running daemon, killed at the end.
struct Daemon(Child);

impl Daemon {
    /// Starts one and waits for its first answer.
    fn start(ahoyd: &Path, home: &Path) -> Result<Self, Failure> {
        let mut command = Command::new(ahoyd);
        command.env_clear().arg("--home").arg(home).args(["--no-mdns", "--listen", "/ip4/127.0.0.1/tcp/0"]);
        command.args(["--audio-in", "none", "--audio-out", "none", "--log", "warn"]);
        let mut child = Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
        let socket = socket_of(home);
        loop {
            if let Some(status) = child.0.try_wait()? {
                return Err(format!("ahoyd ended: {status}").into());
            }
            if let Ok(mut client) = Client::greeted(&socket)
                && client.ask("status", &json!({}))?["result"].is_object()
            {
                return Ok(child);
            }
            // Nothing tells before there is a socket; a tenth of a millisecond is below what is measured.
            pass(Duration::from_micros(100));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Lets time go by: what is measured takes it.
#[expect(clippy::disallowed_methods, reason = "a measure lasts for a time, and its events come at a rate")]
fn pass(time: Duration) {
    std::thread::sleep(time);
}

/// A card of nobody.
fn card(number: u32) -> Result<String, Failure> {
    let mut rng = getrandom::rand_core::UnwrapErr(getrandom::SysRng);
    let account = SignKey::generate(&mut rng);
    let devices = vec![SignKey::generate(&mut rng).device()];
    let (name, token) = (format!("nobody {number}"), Secret::random(&mut rng));
    let card = Card { account: account.account(), name, token, devices, addresses: Vec::new(), keepers: Vec::new() };
    Ok(card.to_text().map_err(|check| format!("{check:?}"))?)
}

/// Contacts are renamed, each time an event that went through actor, core and disk.
fn beside_events(socket: &Path) -> Result<Value, Failure> {
    let seen = Arc::new(AtomicU64::new(0));
    for _ in 0..READERS {
        let mut reader = Client::greeted(socket)?;
        reader.ask("subscribe", &json!({}))?;
        let seen = seen.clone();
        std::thread::spawn(
            move || while reader.read().is_ok_and(|_| seen.fetch_add(1, Ordering::Relaxed) < u64::MAX) {},
        );
    }
    let until = Instant::now() + WINDOW + Duration::from_secs(1);
    let causes: Vec<_> = (0..CAUSES).map(|number| cause(socket.to_owned(), number, until)).collect();
    pass(Duration::from_millis(500));
    let (before, began) = (seen.load(Ordering::Relaxed), Instant::now());
    let watch = Watch::begin(socket, METHODS);
    pass(WINDOW);
    let mut figures = watch.end().json();
    let events = (seen.load(Ordering::Relaxed) - before) as f64 / READERS as f64;
    figures["events_a_second"] = json!((events / began.elapsed().as_secs_f64()).round());
    for cause in causes {
        cause.join().map_err(|_| "a client panicked")?.map_err(|error| error.to_string())?;
    }
    Ok(figures)
}

/// One client that renames its contact again and again, its part of the events a second.
fn cause(socket: PathBuf, number: u32, until: Instant) -> std::thread::JoinHandle<Result<(), String>> {
    std::thread::spawn(move || {
        let rename = || -> Result<(), Failure> {
            let (card, mut client) = (card(number)?, Client::greeted(&socket)?);
            let pause = Duration::from_secs(1) * CAUSES / EVENTS_A_SECOND;
            let (mut due, mut round) = (Instant::now(), 0_u32);
            while Instant::now() < until {
                round += 1;
                let answer = client.ask("contact.add", &json!({"card": card, "name": format!("{number} {round}")}))?;
                if answer["error"].is_object() {
                    return Err(answer.to_string().into());
                }
                due += pause;
                pass(due.saturating_duration_since(Instant::now()));
            }
            Ok(())
        };
        rename().map_err(|error| error.to_string())
    })
}
