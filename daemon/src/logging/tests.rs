//! Rotation, and what a filter lets through.

use std::io::Write as _;
use std::sync::{Arc, Mutex};

use super::{Line, Rotated, filter};

#[test]
fn files_are_rotated_by_size_and_the_oldest_goes() {
    let tmp = tempfile::tempdir().unwrap();
    let mut log = Rotated::open(tmp.path(), 3, 10).unwrap();
    for line in ["aaaaaaa\n", "bbbbbbb\n", "ccccccc\n", "ddddddd\n"] {
        log.write_all(line.as_bytes()).unwrap();
    }
    let read = |name: &str| std::fs::read_to_string(tmp.path().join(name)).unwrap();
    assert_eq!(read("ahoyd.log"), "ddddddd\n");
    assert_eq!(read("ahoyd.log.1"), "ccccccc\n");
    assert_eq!(read("ahoyd.log.2"), "bbbbbbb\n");
    assert!(!tmp.path().join("ahoyd.log.3").exists());
}

#[test]
fn a_single_file_begins_anew() {
    let tmp = tempfile::tempdir().unwrap();
    let mut log = Rotated::open(tmp.path(), 1, 10).unwrap();
    log.write_all(b"aaaaaaa\n").unwrap();
    log.write_all(b"bbbbbbb\n").unwrap();
    assert_eq!(std::fs::read_dir(tmp.path()).unwrap().count(), 1);
    assert_eq!(std::fs::read(tmp.path().join("ahoyd.log")).unwrap(), b"bbbbbbb\n");
}

#[test]
fn a_restarted_daemon_goes_on_in_the_same_file() {
    let tmp = tempfile::tempdir().unwrap();
    Rotated::open(tmp.path(), 2, 100).unwrap().write_all(b"one\n").unwrap();
    Rotated::open(tmp.path(), 2, 100).unwrap().write_all(b"two\n").unwrap();
    assert_eq!(std::fs::read(tmp.path().join("ahoyd.log")).unwrap(), b"one\ntwo\n");
}

#[test]
fn a_bare_level_speaks_of_our_crates_only() {
    for text in ["info", "debug,ahoyd=trace", "trace"] {
        let filter = filter(text).unwrap().to_string();
        assert!(filter.contains("ahoyd=") && filter.contains("off"), "{filter}");
        assert!(!filter.contains("libp2p") && filter.contains("rtc_ice=off"), "{filter}");
    }
}

#[test]
fn other_crates_are_heard_from_debug_on_and_only_by_their_name() {
    for level in ["error", "warn", "info"] {
        for target in ["libp2p_swarm", "libp2p_swarm::connection", "rtc_ice", "ah", "ahoyd_evil"] {
            let problem = filter(&format!("info,{target}={level}")).unwrap_err();
            assert!(problem.contains(&format!("{target}=debug")), "{problem}");
        }
    }
    assert!(filter("libp2p_swarm=debug").unwrap().to_string().contains("libp2p_swarm=debug"));
    assert!(filter("libp2p_swarm=off,ahoyd::gossip=info").is_ok());
    let named = filter("rtc_ice=debug").unwrap().to_string();
    assert!(named.contains("rtc_ice=debug") && !named.contains("rtc_ice=off"), "{named}");
    let prefix = filter("rtc=debug").unwrap().to_string();
    assert!(prefix.contains("rtc_ice=off"), "those of the WebRTC library are named one by one: {prefix}");
}

#[test]
fn what_is_no_filter_is_refused_with_what_is_expected() {
    for bad in
        ["", "loud", "ahoyd=loud", "ahoyd", "info,", "[span]=info", "ahoyd[span]=info", "=info", "{x=1}", "a b=debug"]
    {
        let problem = filter(bad).unwrap_err();
        assert!(problem.contains("is no log filter"), "{bad}: {problem}");
    }
}

/// Keeps what is written.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_other_crates_say_is_never_shown_above_debug_and_without_their_spans() {
    let kept = Kept::default();
    let writer = kept.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter("info,libp2p_swarm=debug").unwrap())
        .with_ansi(false)
        .event_format(Line)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        let _span = tracing::error_span!(target: "libp2p_swarm", "connection", peer = "12D3Koo").entered();
        tracing::error!(target: "libp2p_swarm", address = "/ip4/192.0.2.1", "dial failed");
        tracing::info!(target: "ahoyd", calls = 2, "ready");
        tracing::debug!(target: "ahoyd", "hidden");
        tracing::error!(target: "libp2p_gossipsub", "hidden");
    });
    let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = text.lines().map(|line| line.split_once(' ').unwrap().1.trim_start()).collect();
    assert_eq!(lines, ["DEBUG libp2p_swarm: dial failed address=\"/ip4/192.0.2.1\"", "INFO ahoyd: ready calls=2"]);
}
