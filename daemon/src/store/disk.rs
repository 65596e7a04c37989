//! The redb file itself: layout, transactions, sealed rows.

use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use ahoy_protocol::core::effect::{StoreCommand, Table};
use redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition,
    WriteTransaction,
};

use super::history::Entry;
use super::record::{entry, record};
use super::seal::{Seal, load_key};
use super::{Loaded, Row, StoreError, VERSION};
use crate::{limits, platform};

type Rows = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// Readable without the key: the layout's number.
const META: TableDefinition<'static, &'static str, u64> = TableDefinition::new("meta");
/// Finished calls by a number that rises.
pub(super) const HISTORY: TableDefinition<'static, u64, &'static [u8]> = TableDefinition::new("history");
/// The number of each call of the history, by the keyed hash of its id.
pub(super) const PLACES: TableDefinition<'static, &'static [u8], u64> = TableDefinition::new("history_places");
/// The daemon's own sealed values.
const OWN: &str = "own";
/// A value known in advance: tells a wrong key from damage.
const CHECK: &[u8] = b"check";
/// Listen port.
const PORT: &[u8] = b"port";

/// Opens the database. Called again after an error: redb refuses everything from then on until it is opened anew.
pub(super) type Opener = Box<dyn FnMut() -> Result<Database, redb::Error> + Send>;

/// An open file.
pub(super) struct Disk {
    /// None after an error, until the next use.
    database: Option<Database>,
    opener: Opener,
    seal: Seal,
    path: PathBuf,
}

/// Sealed rows, one table each.
fn table_name(table: Table) -> &'static str {
    match table {
        Table::Account => "account",
        Table::Contacts => "contacts",
        Table::SeenCalls => "seen_calls",
        Table::UnderWay => "under_way",
        Table::Joined => "joined",
        Table::Notes => "notes",
        Table::Strangers => "strangers",
        Table::Changes => "contact_changes",
        Table::Voicemail => "voicemail",
        Table::Sounds => "sounds",
    }
}

fn rows(name: &'static str) -> Rows {
    TableDefinition::new(name)
}

/// The length of a file that never became a database: a kill while it was made leaves one that is empty, or that has
/// no magic number yet, which redb writes last.
fn begun(path: &Path) -> Option<u64> {
    let facts = std::fs::symlink_metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    let mut magic = [0; 9];
    let mut file = platform::open_private(path, false).ok()?;
    let unmarked = facts.len() == 0 || (file.read_exact(&mut magic).is_ok() && magic == [0; 9]);
    unmarked.then_some(facts.len())
}

impl Disk {
    /// Opens or makes the file and its key.
    pub(super) fn open(path: &Path, key: &Path) -> Result<Disk, StoreError> {
        let begun = begun(path);
        let fresh = begun.is_some() || std::fs::symlink_metadata(path).is_err();
        // The key is drawn after the file has its first pages: a key without a file means that the file was lost.
        if fresh && std::fs::symlink_metadata(key).is_ok() {
            return Err(unreadable(path, "it is missing or empty, though its key is there"));
        }
        // Looked at first: what the operating system says is another thing than a file that is no database.
        let file = platform::open_private(path, true).map_err(|error| failed("open", path, &error))?;
        if begun.is_some_and(|length| length > 0) {
            file.set_len(0).map_err(|error| failed("empty", path, &error))?;
        }
        drop(file);
        let file = path.to_owned();
        let opener = move || {
            let file = platform::open_private(&file, false)?;
            Ok(Database::builder().set_cache_size(limits::STORE_CACHE_BYTES).create_file(file)?)
        };
        Self::open_with(path, key, fresh, Box::new(opener))
    }

    /// Opens a database of any kind.
    pub(super) fn open_with(path: &Path, key: &Path, fresh: bool, mut opener: Opener) -> Result<Disk, StoreError> {
        let database = opener().map_err(|error| fault(path, "open", error, unreadable))?;
        let version = version(&database).map_err(|error| unreadable(path, error))?;
        if let Some(found) = version.filter(|found| *found != VERSION) {
            return Err(StoreError::Newer { path: path.display().to_string(), found });
        }
        let seal = Seal::new(&*load_key(key, fresh || version.is_none())?)?;
        let mut disk = Disk { database: Some(database), opener, seal, path: path.to_owned() };
        // Version and check value are written in one transaction: without a version there is nothing yet.
        if version.is_none() {
            disk.lay_out()?;
        } else if disk.own(CHECK)?.is_none_or(|value| value != CHECK) {
            return Err(unreadable(path, "its first row is missing"));
        }
        Ok(disk)
    }

    /// The database, opened anew if the last use of it failed.
    fn database(&mut self) -> Result<&Database, redb::Error> {
        let database = match self.database.take() {
            Some(database) => database,
            None => (self.opener)()?,
        };
        Ok(self.database.insert(database))
    }

    /// Reads; whatever fails says that the file cannot be read, and it is opened anew for the next use.
    fn read<T>(
        &mut self,
        read: impl FnOnce(&ReadTransaction, &Seal, &Path) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let result = borne(|| {
            let work = self.database().and_then(|database| Ok(database.begin_read()?)).map_err(Fault::Redb)?;
            read(&work, &self.seal, &self.path)
        });
        result.map_err(|fault| self.failed("read", fault, unreadable))
    }

    /// After an error of redb nothing more can be done with what is open.
    fn failed(&mut self, what: &'static str, fault_met: Fault, other: Explain) -> StoreError {
        match fault_met {
            Fault::Ours(error) => error,
            Fault::Redb(error) => {
                self.database = None;
                fault(&self.path, what, error, other)
            }
            Fault::Unbearable => {
                // It may panic once more while it is closed.
                let database = self.database.take();
                catch_unwind(AssertUnwindSafe(|| drop(database))).unwrap_or_default();
                unreadable(&self.path, "it is damaged")
            }
        }
    }

    fn lay_out(&mut self) -> Result<(), StoreError> {
        self.write(|seal, work| {
            work.open_table(META)?.insert("version", VERSION)?;
            for table in Table::ALL {
                work.open_table(rows(table_name(table)))?;
            }
            work.open_table(HISTORY)?;
            put_named(seal, work, OWN, (CHECK, CHECK), limits::STORE_VALUE_BYTES)
        })
    }

    /// Everything the core and the daemon start with.
    pub(super) fn load(&mut self) -> Result<Loaded, StoreError> {
        let all = self.read(|work, seal, path| {
            let mut all: Vec<Row> = Vec::new();
            for table in Table::ALL.into_iter().filter(|table| *table != Table::Sounds) {
                let name = table_name(table);
                let rows = match work.open_table(rows(name)) {
                    Ok(rows) => rows,
                    // A store that was made before there was such a table.
                    Err(redb::TableError::TableDoesNotExist(_)) => continue,
                    Err(error) => return Err(error.into()),
                };
                if rows.len()? > limits::STORE_ROWS {
                    return Err(Fault::Ours(unreadable(path, "it has too many rows")));
                }
                for row in rows.iter()? {
                    let (hash, sealed) = row?;
                    let (key, value) = open_row(seal, path, name, hash.value(), sealed.value())?;
                    all.push((table, key, value));
                }
            }
            Ok(all)
        })?;
        let port = self.own(PORT)?.and_then(|bytes| bytes.try_into().ok()).map(u16::from_be_bytes);
        Ok(Loaded { rows: all, port })
    }

    /// Applies commands in order, in one transaction that is on the disk when this returns.
    pub(super) fn apply<'a>(&mut self, commands: impl Iterator<Item = &'a StoreCommand>) -> Result<(), StoreError> {
        let shown = self.path.clone();
        self.write(|seal, work| {
            for command in commands {
                match command {
                    StoreCommand::Put { table, key, value } => put(seal, work, *table, key, value)?,
                    StoreCommand::Delete { table, key } => {
                        let name = table_name(*table);
                        let hash = seal.name(name, key).map_err(Fault::Ours)?;
                        work.open_table(rows(name))?.remove(hash.as_slice())?;
                    }
                    StoreCommand::History(entry) => record(seal, work, &Entry::from(&**entry), &shown)?,
                    StoreCommand::ForgetHistory => forget_history(work)?,
                }
            }
            Ok(())
        })
    }

    pub(super) fn put_port(&mut self, port: u16) -> Result<(), StoreError> {
        self.write(|seal, work| put_named(seal, work, OWN, (PORT, &port.to_be_bytes()), limits::STORE_VALUE_BYTES))
    }

    /// The history, in the order it was written.
    pub(super) fn history(&mut self) -> Result<Vec<Entry>, StoreError> {
        self.read(|work, seal, path| {
            let mut all = Vec::new();
            for row in work.open_table(HISTORY)?.iter()? {
                let (number, sealed) = row?;
                all.push(entry(seal, path, number.value(), sealed.value())?);
            }
            Ok(all)
        })
    }

    /// The sound of a message, if there is one.
    pub(super) fn sound(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.row(table_name(Table::Sounds), key)
    }

    /// Forgets the history.
    pub(super) fn clear_history(&mut self) -> Result<(), StoreError> {
        self.write(|_, work| forget_history(work))
    }

    fn own(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.row(OWN, key)
    }

    fn row(&mut self, name: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|work, seal, path| {
            let hash = seal.name(name, key).map_err(Fault::Ours)?;
            match work.open_table(rows(name))?.get(hash.as_slice())? {
                None => Ok(None),
                Some(sealed) => Ok(Some(open_row(seal, path, name, &hash, sealed.value())?.1)),
            }
        })
    }

    fn write(&mut self, change: impl FnOnce(&Seal, &WriteTransaction) -> Result<(), Fault>) -> Result<(), StoreError> {
        let result = borne(|| {
            let work = self.database().and_then(|database| Ok(database.begin_write()?)).map_err(Fault::Redb)?;
            change(&self.seal, &work)?;
            Ok(work.commit()?)
        });
        result.map_err(|fault| self.failed("write", fault, |path, reason| failed("write", path, &reason)))
    }
}

fn forget_history(work: &WriteTransaction) -> Result<(), Fault> {
    work.open_table(HISTORY)?.retain(|_, _| false)?;
    work.open_table(PLACES)?.retain(|_, _| false)?;
    Ok(())
}

fn put(seal: &Seal, work: &WriteTransaction, table: Table, key: &[u8], value: &[u8]) -> Result<(), Fault> {
    put_named(seal, work, table_name(table), (key, value), most(table))
}

/// Bytes of the longest value of a table.
fn most(table: Table) -> usize {
    if table == Table::Sounds { limits::STORE_SOUND_BYTES } else { limits::STORE_VALUE_BYTES }
}

/// Whether a row is short enough to be written at all.
pub(super) fn fits(command: &StoreCommand) -> bool {
    match command {
        StoreCommand::Put { table, key, value } => key.len() <= limits::STORE_KEY_BYTES && value.len() <= most(*table),
        StoreCommand::Delete { .. } | StoreCommand::History(_) | StoreCommand::ForgetHistory => true,
    }
}

/// The row's own key is sealed with it: u16 length, key, value.
fn put_named(
    seal: &Seal,
    work: &WriteTransaction,
    name: &'static str,
    (key, value): (&[u8], &[u8]),
    most: usize,
) -> Result<(), Fault> {
    let bytes = key.len() + value.len();
    if key.len() > limits::STORE_KEY_BYTES || value.len() > most {
        return Err(Fault::Ours(StoreError::TooLong { bytes }));
    }
    let length = u16::try_from(key.len()).map_err(|_| Fault::Ours(StoreError::TooLong { bytes }))?;
    let plain = zeroize::Zeroizing::new([length.to_be_bytes().as_slice(), key, value].concat());
    let hash = seal.name(name, key).map_err(Fault::Ours)?;
    let sealed = seal.seal(name, &hash, &plain).map_err(Fault::Ours)?;
    work.open_table(rows(name))?.insert(hash.as_slice(), sealed.as_slice())?;
    Ok(())
}

fn open_row(seal: &Seal, path: &Path, name: &str, hash: &[u8], sealed: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Fault> {
    let damaged = || Fault::Ours(unreadable(path, "a row is damaged, or store.key is not its key"));
    let plain = seal.open(name, hash, sealed).ok_or_else(damaged)?;
    let (length, rest) = plain.split_first_chunk::<2>().ok_or_else(damaged)?;
    let (key, value) = rest.split_at_checked(u16::from_be_bytes(*length).into()).ok_or_else(damaged)?;
    Ok((key.to_vec(), value.to_vec()))
}

/// Runs what redb may not bear: a bit that is wrong in a file can panic it at any use, which must not end the thread
/// that everybody waits for.
fn borne<T>(run: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or(Err(Fault::Unbearable))
}

/// What stops a transaction.
pub(super) enum Fault {
    Redb(redb::Error),
    /// redb panicked: it checks less of a damaged file than it relies on.
    Unbearable,
    Ours(StoreError),
}

impl<E: Into<redb::Error>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Redb(error.into())
    }
}

fn version(database: &Database) -> Result<Option<u64>, redb::Error> {
    match database.begin_read()?.open_table(META) {
        Ok(table) => Ok(table.get("version")?.map(|number| number.value())),
        Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn unreadable(path: &Path, reason: impl std::fmt::Display) -> StoreError {
    StoreError::Unreadable { path: path.display().to_string(), reason: reason.to_string() }
}

fn failed(what: &'static str, path: &Path, reason: &dyn std::fmt::Display) -> StoreError {
    StoreError::Io { what, path: path.display().to_string(), reason: reason.to_string() }
}

/// How an error is told that is none of the operating system's.
type Explain = fn(&Path, redb::Error) -> StoreError;

/// What stands behind an error of redb: a full disk, another refusal of the operating system, or something `other`.
fn fault(path: &Path, what: &'static str, error: redb::Error, other: Explain) -> StoreError {
    use std::io::ErrorKind;
    let redb::Error::Io(error) = error else { return other(path, error) };
    if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
        return StoreError::NoRoom { path: path.display().to_string() };
    }
    // A file that ends too early is damaged; the system itself has nothing against it.
    if error.kind() == ErrorKind::UnexpectedEof || error.raw_os_error().is_none() {
        return other(path, error.into());
    }
    failed(what, path, &error)
}
