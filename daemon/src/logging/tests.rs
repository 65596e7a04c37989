//! Rotation, and what a filter lets through.

use std::io::Write as _;

use super::{Rotated, filter};

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
    let text = filter("info").unwrap().to_string();
    assert!(text.contains("ahoyd=info") && text.contains("off"), "{text}");
    assert!(!text.contains("libp2p"));
    assert!(filter("libp2p_swarm=debug").unwrap().to_string().contains("libp2p_swarm=debug"));
    assert!(filter("ahoyd=loud").is_err());
}

#[test]
fn the_media_library_which_logs_addresses_must_be_named_to_be_heard() {
    assert!(filter("debug,ahoyd=trace").unwrap().to_string().contains("rtc_ice=off"));
    let named = filter("rtc_ice=debug").unwrap().to_string();
    assert!(named.contains("rtc_ice=debug") && !named.contains("rtc_ice=off"), "{named}");
}
