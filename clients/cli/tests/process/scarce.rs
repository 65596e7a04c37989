//! Too little of something: files, or room on the disk. What is new is refused with a reason, what runs goes on.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use ahoy_tests::process::{Home, PATIENCE, Setup, tell};
use ahoy_tests::siege::{Client, open_files, socket_of};
use serde_json::json;

use crate::scene::{AHOY, acquainted, hears, tone};

#[test]
fn with_128_files_a_call_lives_through_a_flood_of_connections_and_new_ones_are_refused_with_a_reason() {
    let mut a = Home::new(AHOY, tone(440));
    a.start_limited(128);
    let b = Home::started(AHOY, tone(660));
    a.adds(&b, "b");
    b.adds(&a, "a");
    acquainted(&a);
    acquainted(&b);
    let _ = a.says(&["call", "b", "--wait", "ringing", "--timeout", "30"]).ok();
    let _ = b.says(&["answer", "--wait", "active", "--timeout", "30"]).ok();
    hears(&a, 660.0);

    let socket = socket_of(a.path());
    let mut first = Client::greeted(&socket).unwrap();
    let (mut seated, mut refused) = (Vec::new(), Vec::new());
    for _ in 0..150 {
        match Client::greeted(&socket) {
            Ok(client) => seated.push(client),
            Err(error) => refused.push(error.to_string()),
        }
    }
    assert!(seated.len() >= 8, "{} of 150 got in", seated.len());
    assert!(!refused.is_empty() && refused.iter().all(|why| why.contains("limit_reached")), "{refused:?}");
    let address = first.ask("account.show", &json!({})).unwrap()["result"]["listen"][0].as_str().unwrap().to_owned();
    let port: u16 = address.split('/').nth(4).unwrap().parse().unwrap();
    let flood: Vec<_> = (0..200).filter_map(|_| std::net::TcpStream::connect(("127.0.0.1", port)).ok()).collect();
    tell(&format!("{} connections of strangers, {:?} files open of 128", flood.len(), open_files(a.pid())));
    assert_eq!(first.ask("status", &json!({})).unwrap()["result"]["calls"], 1);
    hears(&b, 440.0);
    let open = open_files(a.pid()).expect("/proc");
    assert!(open < 120, "strangers have {open} of 128 files");
    drop(flood);
    drop(seated);
    seat(&socket);
    hears(&a, 660.0);
    let over = b.says(&["hangup", "--wait", "ended", "--timeout", "10"]).ok();
    assert_eq!(over.last()["reason"], "hung_up");
}

/// Waits until the daemon has seen that somebody left, and has a seat again.
fn seat(socket: &Path) {
    let deadline = Instant::now() + PATIENCE;
    while let Err(why) = Client::greeted(socket) {
        assert!(Instant::now() < deadline, "{why}");
    }
}

/// A file system of its own, unmounted at the end.
struct Tiny(tempfile::TempDir);

impl Tiny {
    fn mount(kib: u32) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let options = format!("size={kib}k,mode=0700");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(dir.path()).output();
        mounted.is_ok_and(|said| said.status.success()).then(|| Self(dir))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Tiny {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(self.0.path()).status().ok();
    }
}

/// Fills a file system to its last byte.
fn fill(path: &Path) {
    use std::io::Write;
    let mut file = std::fs::File::create(path).unwrap();
    for chunk in [65_536, 4_096, 1] {
        while file.write_all(&vec![0; chunk]).is_ok() {}
    }
}

/// What is kept of the contacts; who is online changes by itself.
fn kept(home: &Home) -> Vec<serde_json::Value> {
    let contacts = home.says(&["contact", "list"]).ok().lines;
    contacts.iter().map(|contact| json!([contact["account"], contact["name"], contact["devices"]])).collect()
}

#[test]
fn on_a_full_disk_a_refused_command_changes_nothing_and_room_is_enough_to_go_on() {
    let Some(disk) = Tiny::mount(8 * 1024) else {
        return tell("skipped: only root can mount a small file system (a full disk)");
    };
    let mut home = Home::new_in(disk.path(), AHOY, Setup::default());
    home.start();
    let friends: Vec<Home> = (0..2).map(|_| Home::started(AHOY, Setup::default())).collect();
    home.adds(&friends[0], "before");
    let contacts = kept(&home);
    fill(&disk.path().join("ballast"));

    // What still fits into pages the store has already is kept; soon nothing does.
    let card = friends[1].card();
    let refused = home.says(&["contact", "add", &card, "--name", "during"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.stderr.contains("no room") && refused.stderr.contains("no restart is needed"),
        "{}",
        refused.stderr
    );
    assert_eq!(kept(&home), contacts, "a refused addition");
    let refused = home.says(&["contact", "remove", "before"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert_eq!(kept(&home), contacts, "a refused removal");

    std::fs::remove_file(disk.path().join("ballast")).unwrap();
    home.adds(&friends[1], "after");
    let _ = home.says(&["contact", "remove", "before"]).ok();
    assert!(kept(&home).len() == 1 && kept(&home)[0][1] == "after", "{:?}", kept(&home));
    home.kill();
    home.start();
    assert!(kept(&home).len() == 1 && kept(&home)[0][1] == "after", "{:?}", kept(&home));
}
