//! crypto and protocol are pure: no clock, no ambient randomness, no input and output, no runtime. Time and
//! randomness are arguments, so that every behaviour can be replayed in a test.

use crate::sources::{cargo, code_lines, files, is_test};

/// Crates that neither of them may link, not even through another one.
const IMPURE_CRATES: [&str; 12] =
    ["tokio", "async-std", "smol", "mio", "socket2", "libp2p", "webrtc", "rtc", "cpal", "redb", "tracing", "chrono"];

/// Crates that they may not name themselves (some cryptographic crates bring them along unused).
const AMBIENT_CRATES: [&str; 3] = ["getrandom", "rand", "fastrand"];

/// What their sources may not say outside tests.
const AMBIENT_CALLS: [&str; 19] = [
    "SystemTime::now",
    "Instant::now",
    "UNIX_EPOCH",
    "thread_rng",
    "OsRng",
    "SysRng",
    "rand::rng",
    "getrandom",
    "std::fs",
    "TcpStream",
    "UdpSocket",
    "TcpListener",
    "std::env",
    "std::thread",
    "std::process",
    "std::io",
    "static mut",
    "thread_local!",
    "tokio",
];

fn linked(package: &str) -> Vec<String> {
    let tree = cargo(&["tree", "-p", package, "-e", "normal", "--prefix", "none"]);
    tree.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

fn named(package: &str) -> Vec<String> {
    let tree = cargo(&["tree", "-p", package, "-e", "normal", "--prefix", "none", "--depth", "1"]);
    tree.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

fn impure_call(line: &str) -> Option<&'static str> {
    AMBIENT_CALLS.into_iter().find(|call| line.contains(call))
}

#[test]
fn the_pure_crates_link_nothing_impure() {
    for package in ["ahoy-crypto", "ahoy-protocol"] {
        let linked = linked(package);
        assert!(linked.len() > 10, "cargo tree showed the dependencies of {package}");
        for name in IMPURE_CRATES {
            assert!(!linked.iter().any(|found| found == name), "{package} links {name}");
        }
        let named = named(package);
        for name in AMBIENT_CRATES {
            assert!(!named.iter().any(|found| found == name), "{package} names {name}");
        }
    }
}

#[test]
fn the_pure_crates_read_no_clock_and_draw_no_randomness() {
    for folder in ["crypto/src", "protocol/src"] {
        for path in files(folder, ".rs").into_iter().filter(|path| !is_test(path)) {
            for (number, line) in code_lines(&path) {
                if let Some(call) = impure_call(&line) {
                    panic!("{}:{number} says {call}: take it as an argument", path.display());
                }
            }
        }
    }
}

#[test]
fn an_impure_call_is_noticed() {
    assert_eq!(impure_call("let now = std::time::Instant::now();"), Some("Instant::now"));
    assert_eq!(impure_call("let now = input.now;"), None);
}
