//! Hostile clients of the control socket of a real daemon: each is answered as it deserves, and others don't notice.
//! `AHOY_SIEGE_SIZE` sets the number of lines and connections of each attack (default 2,000; a release takes 10^6).

use std::process::Command;
use std::time::{Duration, Instant};

use ahoy_tests::process::{Home, Setup, tell};
use ahoy_tests::siege::{Client, Watch, attacks, open_files, rss_bytes, socket_of};
use serde_json::json;

use crate::scene::AHOY;

/// Seats of the daemon.
const SEATS: usize = 64;
/// What memory may differ by: allocators keep what they had.
const SLACK_BYTES: u64 = 12 * 1024 * 1024;

/// How long two daemons may take to meet.
const PATIENCE: Duration = Duration::from_secs(20);

fn size() -> usize {
    std::env::var("AHOY_SIEGE_SIZE").ok().and_then(|text| text.parse().ok()).unwrap_or(2_000)
}

/// The state that no attack may change.
fn state(home: &Home) -> serde_json::Value {
    json!([home.says(&["id"]).ok().lines, home.says(&["contact", "list"]).ok().lines, home.says(&["calls"]).ok().lines])
}

/// The state once the only contact is online: that takes its time to be known, and is no doing of an attack.
fn once_connected(home: &Home) -> serde_json::Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let state = state(home);
        if state[1][0]["online"] == true {
            return state;
        }
        assert!(Instant::now() < deadline, "the friend is never there: {state}");
    }
}

fn grown(home: &Home, before: Option<u64>) -> Option<u64> {
    Some(rss_bytes(home.pid())?.saturating_sub(before?))
}

#[test]
fn hostile_clients_are_refused_and_others_are_answered_meanwhile() {
    let home = Home::started(AHOY, Setup::default());
    let other = Home::started(AHOY, Setup::default());
    home.adds(&other, "friend");
    let socket = socket_of(home.path());
    let before = once_connected(&home);
    let methods: &[&str] = &["status", "call.list", "account.show"];
    // Once everything of the daemon has been used, memory is as it stays.
    for (name, attack) in attacks::ALL {
        attack(&socket, 64).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let rss = rss_bytes(home.pid());
    for (name, attack) in attacks::ALL {
        let watch = Watch::begin(&socket, methods);
        attack(&socket, size()).unwrap_or_else(|error| panic!("{name}: {error}"));
        tell(&format!("others during {name} x {}: {}", size(), watch.end().json()));
    }
    assert_eq!(state(&home), before);
    let grown = grown(&home, rss);
    tell(&format!("memory grew by {grown:?} bytes"));
    assert!(grown.is_none_or(|bytes| bytes < SLACK_BYTES), "{grown:?}");
}

#[test]
fn clients_that_never_read_cost_little_and_hold_up_nobody() {
    let home = Home::started(AHOY, Setup::default());
    let other = Home::started(AHOY, Setup::default());
    home.adds(&other, "friend 0");
    let socket = socket_of(home.path());
    let mut slow = Client::greeted(&socket).unwrap();
    assert!(slow.ask("subscribe", &json!({})).unwrap()["result"].is_object());
    let before = rss_bytes(home.pid());
    let mut stuck: Vec<Client> = (0..16).map(|_| Client::greeted(&socket).unwrap()).collect();
    let watch = Watch::begin(&socket, &["status", "call.list"]);
    for client in &mut stuck {
        let taken = client.fill().unwrap();
        assert!(taken < 1024 * 1024, "{taken} bytes of requests were taken whose answers nobody reads");
    }
    let card = other.card();
    let mut busy = Client::greeted(&socket).unwrap();
    // Each is an event; the socket holds a few hundred, the daemon 256 more.
    for round in 0..1_500 {
        let name = format!("friend {round}");
        let renamed = busy.ask("contact.add", &json!({"card": card, "name": name})).unwrap();
        assert_eq!(renamed["result"]["contact"]["name"], name.as_str(), "{renamed}");
    }
    tell(&format!("others beside 16 clients that never read: {}", watch.end().json()));
    let grown = grown(&home, before);
    assert!(grown.is_none_or(|bytes| bytes < SLACK_BYTES), "{grown:?}");
    loop {
        let event = slow.read().unwrap();
        if event["params"]["kind"] == "lagged" {
            assert!(event["params"]["missed"].as_u64().unwrap() > 256, "{event}");
            break;
        }
        assert_eq!(event["params"]["kind"], "contact_changed", "{event}");
    }
    let fresh = slow.read().unwrap();
    assert_eq!(
        (&fresh["params"]["kind"], &fresh["params"]["contacts"][0]["name"]),
        (&json!("snapshot"), &json!("friend 1499"))
    );
    drop(stuck);
    assert!(slow.ask("status", &json!({})).unwrap()["result"].is_object(), "and it goes on");
}

#[test]
fn a_house_full_of_silent_clients_locks_nobody_out() {
    let home = Home::started(AHOY, Setup::default());
    let socket = socket_of(home.path());
    let silent: Vec<Client> = (0..2 * SEATS).map(|_| Client::silent(&socket).unwrap()).collect();
    for _ in 0..8 {
        let _ = home.says(&["status"]).ok();
    }
    let evicted = silent.into_iter().next().unwrap().rest().unwrap();
    assert!(evicted.contains("hello_first"), "the oldest is told why: {evicted}");
    let files = open_files(home.pid());
    assert!(files.is_none_or(|count| count < SEATS + 64), "{files:?} files are open");
}

#[test]
fn another_user_is_turned_away_even_where_the_files_would_let_it_in() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let root = Command::new("id").arg("-u").output().is_ok_and(|said| said.stdout == b"0\n");
    if !root {
        return tell("skipped: only root can become another user (the control socket's check of the peer)");
    }
    let home = Home::started(AHOY, Setup::default());
    let open = |path: &std::path::Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode));
    // The program lies where the other user can get at it.
    let program = tempfile::tempdir().unwrap();
    open(program.path(), 0o755).unwrap();
    let ahoy = program.path().join("ahoy");
    std::fs::copy(AHOY, &ahoy).unwrap();
    let ask = |user: u32| {
        let mut command = Command::new(&ahoy);
        command.arg("--home").arg(home.path()).args(["--json", "status"]).uid(user).gid(user).current_dir("/");
        command.output().unwrap()
    };
    let outside = ask(65_534);
    assert_eq!(outside.status.code(), Some(1), "the directory keeps it out: {outside:?}");
    open(home.path(), 0o711).unwrap();
    open(&socket_of(home.path()), 0o666).unwrap();
    let refused = ask(65_534);
    assert!(!refused.status.success() && refused.stdout.starts_with(b"{\"error\":"), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("closed the connection"), "{refused:?}");
    assert!(ask(0).status.success(), "its owner is served");
    let log = std::fs::read_to_string(home.path().join("logs/ahoyd.log")).unwrap();
    assert!(log.contains("a process of another user was turned away"), "{log}");
}
