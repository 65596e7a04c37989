//! A disk that takes nothing: said so, nothing is lost, and writing works again by itself.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use redb::backends::FileBackend;
use redb::{Database, StorageBackend};

use super::super::disk::Disk;
use super::*;

/// ENOSPC of Linux and the BSDs.
const NO_SPACE: i32 = 28;

/// A file on a disk that can be full.
#[derive(Debug)]
struct Faulty {
    file: FileBackend,
    full: Arc<AtomicBool>,
    /// What it reads is not to be borne.
    mad: Arc<AtomicBool>,
}

impl Faulty {
    fn room(&self) -> io::Result<()> {
        assert!(!self.mad.load(Ordering::SeqCst), "this is a test: redb panics");
        if self.full.load(Ordering::SeqCst) { Err(io::Error::from_raw_os_error(NO_SPACE)) } else { Ok(()) }
    }
}

impl StorageBackend for Faulty {
    fn len(&self) -> Result<u64, io::Error> {
        self.file.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        self.file.read(offset, out)
    }
    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.room()?;
        self.file.set_len(len)
    }
    fn sync_data(&self) -> Result<(), io::Error> {
        self.room()?;
        self.file.sync_data()
    }
    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        self.room()?;
        self.file.write(offset, data)
    }
}

/// A store on such a disk.
struct Full {
    place: Place,
    full: Arc<AtomicBool>,
    mad: Arc<AtomicBool>,
    opened: Arc<AtomicU32>,
    store: Store,
    committed: mpsc::Receiver<Committed>,
}

impl Full {
    fn new() -> Self {
        let place = Place::new();
        let (full, opened) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let mad = Arc::new(AtomicBool::new(false));
        let (file, is_full, is_mad, count) = (place.file(), full.clone(), mad.clone(), opened.clone());
        let opener = move || {
            count.fetch_add(1, Ordering::SeqCst);
            let file = crate::platform::open_private(&file, true)?;
            let backend = Faulty { file: FileBackend::new(file)?, full: is_full.clone(), mad: is_mad.clone() };
            Ok(Database::builder().create_with_backend(backend)?)
        };
        let disk = Disk::open_with(&place.file(), &place.key(), true, Box::new(opener)).unwrap();
        let (done, committed) = mpsc::channel(limits::WAITING_GROUPS);
        let store = Store::begin(disk, &place.file(), done).unwrap();
        Self { place, full, mad, opened, store, committed }
    }

    fn is_full(&self, full: bool) {
        self.full.store(full, Ordering::SeqCst);
    }

    fn next(&mut self) -> Committed {
        self.committed.blocking_recv().unwrap()
    }

    /// Closes the store; what the file holds.
    fn rows(self) -> Vec<Row> {
        self.store.close();
        self.place.open().unwrap().1.rows
    }
}

#[test]
fn a_full_disk_is_named_and_writing_works_again_once_there_is_room_without_a_restart() {
    let mut full = Full::new();
    full.store.submit(1, vec![put(Table::Contacts, b"a", b"1")]).unwrap();
    assert_eq!(full.next().failed, None);
    full.is_full(true);
    for number in 2..6 {
        full.store.submit(number, vec![put(Table::Contacts, b"b", &number.to_be_bytes())]).unwrap();
        let failed = full.next().failed.unwrap();
        assert!(matches!(failed, StoreError::NoRoom { .. }), "{number}: {failed}");
        assert!(failed.hint().contains("room"));
    }
    full.is_full(false);
    full.store.submit(6, vec![put(Table::Contacts, b"c", b"3")]).unwrap();
    assert_eq!(full.next(), Committed { up_to: 6, failed: None });
    assert!(full.opened.load(Ordering::SeqCst) > 1, "redb takes nothing more after an error until it is opened anew");
    let rows = full.rows();
    let expected: Vec<Row> = [(b"a", vec![b'1']), (b"b", 5_u64.to_be_bytes().to_vec()), (b"c", vec![b'3'])]
        .map(|(key, value)| (Table::Contacts, key.to_vec(), value))
        .into();
    let mut sorted = rows;
    sorted.sort_by(|a, b| a.1.cmp(&b.1));
    assert_eq!(sorted, expected, "what failed is written with what came later, the newest value of each key");
}

#[test]
fn a_panic_of_redb_is_a_failed_write_and_the_store_goes_on() {
    let mut full = Full::new();
    full.mad.store(true, Ordering::SeqCst);
    for number in 1..4 {
        full.store.submit(number, vec![put(Table::Contacts, b"a", b"1")]).unwrap();
        let failed = full.next().failed.unwrap();
        assert!(matches!(failed, StoreError::Unreadable { .. }), "{number}: {failed}");
    }
    full.mad.store(false, Ordering::SeqCst);
    full.store.submit(4, vec![put(Table::Contacts, b"b", b"2")]).unwrap();
    assert_eq!(full.next(), Committed { up_to: 4, failed: None });
    assert_eq!(full.rows().len(), 2);
}

#[test]
fn what_a_full_disk_did_not_take_is_tried_again_by_itself_and_at_the_end() {
    let mut full = Full::new();
    full.is_full(true);
    full.store.submit(1, vec![put(Table::Account, b"k", b"v"), history(7)]).unwrap();
    assert!(full.next().failed.is_some());
    full.is_full(false);
    let place = full.place;
    full.store.close();
    let (store, loaded, _) = place.open().unwrap();
    assert_eq!(loaded.rows, [(Table::Account, b"k".to_vec(), b"v".to_vec())]);
    assert_eq!(history::page(&store, None, 10).calls.len(), 1);
}

#[test]
fn a_deletion_that_failed_wins_over_the_row_that_failed_before_it() {
    let mut full = Full::new();
    full.is_full(true);
    full.store.submit(1, vec![put(Table::Contacts, b"a", b"1")]).unwrap();
    full.next();
    full.store.submit(2, vec![StoreCommand::Delete { table: Table::Contacts, key: b"a".to_vec() }]).unwrap();
    full.next();
    full.is_full(false);
    assert_eq!(full.rows(), Vec::new());
}

#[test]
fn at_every_moment_a_disk_may_become_full_the_file_stays_readable() {
    let (mut shut, mut refused, mut kept) = (0, 0, 0);
    for room in 0..40 {
        let mut full = Full::new();
        full.store.submit(1, vec![put(Table::Contacts, b"a", &[1; 300])]).unwrap();
        full.next();
        let (place, count) = (full.place, Arc::new(AtomicU32::new(0)));
        full.store.close();
        let file = place.file();
        let opener = move || {
            let file = FileBackend::new(crate::platform::open_private(&file, false)?)?;
            Ok(Database::builder().create_with_backend(Countdown { file, room, used: count.clone() })?)
        };
        let Ok(mut disk) = Disk::open_with(&place.file(), &place.key(), false, Box::new(opener)) else {
            shut += 1;
            assert_eq!(place.open().unwrap().1.rows.len(), 1, "{room}");
            continue;
        };
        let big = [put(Table::Contacts, b"a", &[2; 3_000]), put(Table::Contacts, b"b", &[2; 3_000])];
        let written = disk.apply(big.iter()).is_ok();
        *(if written { &mut kept } else { &mut refused }) += 1;
        drop(disk);
        let rows = place.open().unwrap().1.rows;
        assert_eq!(rows.len(), if written { 2 } else { 1 }, "{room}");
        assert!(rows.iter().all(|(_, _, value)| *value == [if written { 2 } else { 1 }; 3_000][..value.len()]));
    }
    assert!(shut > 0 && refused > 0 && kept > 0, "{shut} not opened, {refused} refused, {kept} kept");
}

/// A disk with room for so many writes.
#[derive(Debug)]
struct Countdown {
    file: FileBackend,
    room: u32,
    used: Arc<AtomicU32>,
}

impl StorageBackend for Countdown {
    fn len(&self) -> Result<u64, io::Error> {
        self.file.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        self.file.read(offset, out)
    }
    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.file.set_len(len)
    }
    fn sync_data(&self) -> Result<(), io::Error> {
        self.file.sync_data()
    }
    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        if self.used.fetch_add(1, Ordering::SeqCst) >= self.room {
            return Err(io::Error::from_raw_os_error(NO_SPACE));
        }
        self.file.write(offset, data)
    }
}
