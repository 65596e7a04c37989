//! What is put is there again, sealed on the disk, and a store that can't be read says so.

mod full_disk;
mod history;

use std::path::PathBuf;

use ahoy_protocol::core::effect::{StoreCommand, Table};
use tokio::sync::mpsc;

use super::{Committed, Loaded, Row, Store, StoreError, VERSION};
use crate::limits;

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("store.redb")
    }

    fn key(&self) -> PathBuf {
        self.dir.path().join("store.key")
    }

    fn open(&self) -> Result<(Store, Loaded, mpsc::Receiver<Committed>), StoreError> {
        let (done, committed) = mpsc::channel(limits::WAITING_GROUPS);
        let (store, loaded) = Store::open(&self.file(), &self.key(), done)?;
        Ok((store, loaded, committed))
    }

    fn error(&self) -> StoreError {
        match self.open() {
            Ok(_) => panic!("the store opened"),
            Err(error) => error,
        }
    }
}

fn put(table: Table, key: &[u8], value: &[u8]) -> StoreCommand {
    StoreCommand::Put { table, key: key.to_vec(), value: value.to_vec() }
}

fn history(started_ms: u64) -> StoreCommand {
    let mut call = [7; 16];
    call[8..].copy_from_slice(&started_ms.to_be_bytes());
    line(call, started_ms, true)
}

/// A line of history of a call that came in.
pub(super) fn line(call: [u8; 16], started_ms: u64, missed: bool) -> StoreCommand {
    use ahoy_protocol::call::effect::HistoryEntry;
    use ahoy_protocol::ids::{AccountId, CallId};
    use ahoy_protocol::wire::bodies::{Flags, Reason};
    StoreCommand::History(Box::new(HistoryEntry {
        call: CallId(call),
        incoming: true,
        roster: vec![AccountId([1; 32])],
        by: None,
        started_ms,
        accepted_ms: None,
        ended_ms: Some(started_ms + 1),
        reason: Reason::NoAnswer,
        cause: None,
        missed,
        flags: Flags::default(),
    }))
}

fn wait(committed: &mut mpsc::Receiver<Committed>, number: u64) {
    loop {
        let done = committed.blocking_recv().unwrap();
        assert_eq!(done.failed, None);
        if done.up_to >= number {
            return;
        }
    }
}

#[test]
fn a_reopened_store_holds_what_was_put_and_not_what_was_deleted() {
    let place = Place::new();
    let (store, loaded, mut committed) = place.open().unwrap();
    assert_eq!(loaded, Loaded::default());
    store.submit(1, vec![put(Table::Contacts, b"a", b"1"), put(Table::Contacts, b"b", b"2")]).unwrap();
    let delete = StoreCommand::Delete { table: Table::Contacts, key: b"a".to_vec() };
    store.submit(2, vec![put(Table::Contacts, b"b", b"3"), delete, put(Table::Account, b"", b"me")]).unwrap();
    store.keep_port(4242).unwrap();
    wait(&mut committed, 2);
    store.close();

    let (_store, loaded, _committed) = place.open().unwrap();
    let expected =
        vec![(Table::Account, b"".to_vec(), b"me".to_vec()), (Table::Contacts, b"b".to_vec(), b"3".to_vec())];
    assert_eq!(loaded.rows, expected);
    assert_eq!(loaded.port, Some(4242));
}

#[test]
fn a_row_that_is_too_long_keeps_no_other_from_being_written() {
    let place = Place::new();
    let (store, _, mut committed) = place.open().unwrap();
    let long = put(Table::Contacts, b"long", &vec![0; limits::STORE_VALUE_BYTES + 1]);
    store.submit(1, vec![put(Table::Contacts, b"a", b"1"), long]).unwrap();
    let failed = committed.blocking_recv().unwrap().failed;
    assert!(matches!(failed, Some(StoreError::TooLong { .. })), "{failed:?}");
    store.close();
    let (_store, loaded, _committed) = place.open().unwrap();
    assert_eq!(loaded.rows, vec![(Table::Contacts, b"a".to_vec(), b"1".to_vec())]);
}

#[test]
fn a_group_is_reported_only_when_it_is_on_the_disk() {
    let place = Place::new();
    let (store, _, mut committed) = place.open().unwrap();
    for number in 1..=50 {
        store.submit(number, vec![put(Table::SeenCalls, &number.to_be_bytes(), b"x")]).unwrap();
    }
    wait(&mut committed, 50);
    // What a kill would leave: a copy of the file as it is now, while the daemon still has it open.
    let copy = Place::new();
    std::fs::copy(place.file(), copy.file()).unwrap();
    std::fs::copy(place.key(), copy.key()).unwrap();
    let (_copy, loaded, _committed) = copy.open().unwrap();
    assert_eq!(loaded.rows.len(), 50);
    store.close();
}

#[test]
fn nothing_of_a_row_can_be_read_in_the_file() {
    let place = Place::new();
    let (store, _, mut committed) = place.open().unwrap();
    store.submit(1, vec![put(Table::Contacts, b"account-of-bob", b"token-of-bob"), history(5)]).unwrap();
    wait(&mut committed, 1);
    store.close();
    let file = std::fs::read(place.file()).unwrap();
    for secret in [&b"account-of-bob"[..], b"token-of-bob", b"started_ms", b"07070707"] {
        assert!(!file.windows(secret.len()).any(|bytes| bytes == secret));
    }
}

#[test]
fn files_can_be_read_by_us_only() {
    use std::os::unix::fs::MetadataExt;
    let place = Place::new();
    let (store, ..) = place.open().unwrap();
    for path in [place.file(), place.key()] {
        assert_eq!(std::fs::metadata(path).unwrap().mode() & 0o777, 0o600);
    }
    store.close();
}

#[test]
fn a_newer_store_is_refused_and_left_as_it_is() {
    let place = Place::new();
    place.open().unwrap().0.close();
    let meta = redb::TableDefinition::<&str, u64>::new("meta");
    let database = redb::Database::open(place.file()).unwrap();
    let work = database.begin_write().unwrap();
    work.open_table(meta).unwrap().insert("version", VERSION + 1).unwrap();
    work.commit().unwrap();
    drop(database);
    let error = place.error();
    assert!(matches!(error, StoreError::Newer { found, .. } if found == VERSION + 1), "{error}");
    assert!(error.to_string().contains("newer ahoyd"));
    let database = redb::Database::open(place.file()).unwrap();
    let read = redb::ReadableDatabase::begin_read(&database).unwrap();
    assert_eq!(read.open_table(meta).unwrap().get("version").unwrap().unwrap().value(), VERSION + 1);
}

#[test]
fn a_store_without_its_key_or_with_another_one_is_explained() {
    let place = Place::new();
    place.open().unwrap().0.close();
    let key = std::fs::read(place.key()).unwrap();
    std::fs::remove_file(place.key()).unwrap();
    assert!(matches!(place.error(), StoreError::NoKey { .. }));
    assert!(!place.key().exists(), "no new key is drawn for an old store");

    std::fs::write(place.key(), [9; 32]).unwrap();
    assert!(matches!(place.error(), StoreError::Unreadable { .. }));
    std::fs::write(place.key(), &key[..31]).unwrap();
    assert!(matches!(place.error(), StoreError::Io { .. }));
    std::fs::write(place.key(), key).unwrap();
    place.open().unwrap();
}

#[test]
fn a_key_cut_short_by_a_kill_does_no_harm() {
    let place = Place::new();
    std::fs::write(place.key().with_extension("key.new"), [1; 7]).unwrap();
    place.open().unwrap().0.close();
    assert_eq!(std::fs::read(place.key()).unwrap().len(), 32);
    place.open().unwrap();
}

#[test]
fn a_file_that_a_kill_left_half_made_is_made_anew_and_one_that_was_whole_never() {
    let place = Place::new();
    // redb writes its magic number last.
    for half in [vec![0; 9], vec![0; 4096], [vec![0; 64], vec![7; 8192]].concat()] {
        std::fs::write(place.file(), &half).unwrap();
        place.open().unwrap().0.close();
        std::fs::remove_file(place.file()).unwrap();
        std::fs::remove_file(place.key()).unwrap();
    }
    place.open().unwrap().0.close();
    let mut whole = std::fs::read(place.file()).unwrap();
    whole[..9].fill(0);
    std::fs::write(place.file(), &whole).unwrap();
    assert!(matches!(place.error(), StoreError::Unreadable { .. }));
    assert_eq!(std::fs::read(place.file()).unwrap(), whole, "what has a key is left alone");
}

#[test]
fn a_damaged_file_is_an_error_and_never_the_end_of_the_process() {
    let place = Place::new();
    let (store, _, mut committed) = place.open().unwrap();
    store.submit(1, vec![put(Table::Contacts, b"k", &[3; 500])]).unwrap();
    wait(&mut committed, 1);
    store.close();
    let good = std::fs::read(place.file()).unwrap();
    std::fs::write(place.file(), b"this is no database").unwrap();
    assert!(matches!(place.error(), StoreError::Unreadable { .. }));
    let seed: u64 = 0x5eed;
    let mut state = seed;
    for _ in 0..60 {
        let mut bad = good.clone();
        for _ in 0..64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = (state >> 16) as usize % bad.len();
            bad[at] ^= (state >> 8) as u8 | 1;
        }
        std::fs::write(place.file(), &bad).unwrap();
        // Harmless damage is possible (unused pages); a row that opens is the one that was sealed.
        if let Ok((store, loaded, _)) = place.open() {
            let good = |row: &Row| *row == (Table::Contacts, b"k".to_vec(), vec![3; 500]);
            assert!(loaded.rows.iter().all(good), "seed {seed:#x}");
            store.close();
        }
    }
}

#[test]
fn rows_cannot_be_swapped_between_keys() {
    let place = Place::new();
    let (store, _, mut committed) = place.open().unwrap();
    store.submit(1, vec![put(Table::Contacts, b"a", b"1"), put(Table::Contacts, b"b", b"2")]).unwrap();
    wait(&mut committed, 1);
    store.close();
    let rows = redb::TableDefinition::<&[u8], &[u8]>::new("contacts");
    let database = redb::Database::open(place.file()).unwrap();
    let work = database.begin_write().unwrap();
    {
        let mut table = work.open_table(rows).unwrap();
        let all: Vec<(Vec<u8>, Vec<u8>)> = redb::ReadableTable::iter(&table)
            .unwrap()
            .map(|row| row.map(|(key, value)| (key.value().to_vec(), value.value().to_vec())).unwrap())
            .collect();
        table.insert(all[0].0.as_slice(), all[1].1.as_slice()).unwrap();
    }
    work.commit().unwrap();
    drop(database);
    assert!(matches!(place.error(), StoreError::Unreadable { .. }));
}

#[test]
fn a_row_that_is_too_long_fails_its_group_and_nothing_else() {
    let place = Place::new();
    let (store, _, mut committed) = place.open().unwrap();
    store.submit(1, vec![put(Table::Account, b"k", &vec![0; limits::STORE_VALUE_BYTES + 1])]).unwrap();
    let done = committed.blocking_recv().unwrap();
    assert!(done.failed.is_some() && done.up_to == 1);
    store.submit(2, vec![put(Table::Account, b"k", b"v")]).unwrap();
    wait(&mut committed, 2);
    store.close();
    assert_eq!(place.open().unwrap().1.rows.len(), 1);
}

#[test]
fn a_lost_store_beside_its_key_is_no_new_account() {
    let place = Place::new();
    drop(place.open().unwrap());
    std::fs::write(place.file(), b"").unwrap();
    assert!(matches!(place.error(), StoreError::Unreadable { .. }), "empty");
    std::fs::remove_file(place.file()).unwrap();
    assert!(matches!(place.error(), StoreError::Unreadable { .. }), "gone");
    std::fs::remove_file(place.key()).unwrap();
    assert!(place.open().is_ok());
}

#[test]
fn a_key_that_others_could_read_is_made_private_again() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let place = Place::new();
    place.open().unwrap().0.close();
    for mode in [0o644, 0o660, 0o601] {
        std::fs::set_permissions(place.key(), std::fs::Permissions::from_mode(mode)).unwrap();
        place.open().unwrap().0.close();
        assert_eq!(std::fs::metadata(place.key()).unwrap().mode() & 0o777, 0o600, "{mode:o}");
    }
}

#[test]
fn what_is_no_file_is_refused_and_never_waited_for() {
    type Make = fn(&std::path::Path);
    let make: [(&str, Make); 4] = [
        ("no file", |path| std::fs::create_dir(path).unwrap()),
        ("no file", |path| {
            use rustix::fs::{CWD, FileType, Mode, mknodat};
            mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        }),
        ("symbolic link", |path| std::os::unix::fs::symlink("/dev/zero", path).unwrap()),
        ("symbolic link", |path| std::os::unix::fs::symlink("nowhere", path).unwrap()),
    ];
    for (expected, make) in make {
        for key in [false, true] {
            let place = Place::new();
            place.open().unwrap().0.close();
            let path = if key { place.key() } else { place.file() };
            std::fs::remove_file(&path).unwrap();
            make(&path);
            let error = place.error().to_string();
            let known = error.contains(expected) || error.contains("Is a directory");
            assert!(known && error.contains(path.file_name().unwrap().to_str().unwrap()), "{error}");
        }
    }
}
