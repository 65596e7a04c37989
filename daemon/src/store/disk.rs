//! The redb file itself: layout, transactions, sealed rows.

use std::path::{Path, PathBuf};

use ahoy_protocol::core::effect::{StoreCommand, Table};
use redb::{Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition, WriteTransaction};

use super::history::Entry;
use super::seal::{Seal, load_key};
use super::{Loaded, Row, StoreError, VERSION};
use crate::{limits, platform};

type Rows = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// Readable without the key: the layout's number.
const META: TableDefinition<'static, &'static str, u64> = TableDefinition::new("meta");
/// Sealed rows, one table each.
const TABLES: [(Table, &str); 3] =
    [(Table::Account, "account"), (Table::Contacts, "contacts"), (Table::SeenCalls, "seen_calls")];
/// Finished calls by a number that rises.
const HISTORY: TableDefinition<'static, u64, &'static [u8]> = TableDefinition::new("history");
/// The daemon's own sealed values.
const OWN: &str = "own";
/// A value known in advance: tells a wrong key from damage.
const CHECK: &[u8] = b"check";
/// Listen port.
const PORT: &[u8] = b"port";

/// An open file.
pub(super) struct Disk {
    database: Database,
    seal: Seal,
    path: PathBuf,
}

fn table_name(table: Table) -> &'static str {
    match table {
        Table::Account => TABLES[0].1,
        Table::Contacts => TABLES[1].1,
        Table::SeenCalls => TABLES[2].1,
    }
}

fn rows(name: &'static str) -> Rows {
    TableDefinition::new(name)
}

impl Disk {
    /// Opens or makes the file and its key.
    pub(super) fn open(path: &Path, key: &Path) -> Result<Disk, StoreError> {
        let io = |what, error: std::io::Error| StoreError::Io {
            what,
            path: path.display().to_string(),
            reason: error.to_string(),
        };
        // An empty file counts as none: a kill between making and filling it leaves one.
        let fresh = std::fs::symlink_metadata(path).map_or(true, |facts| facts.len() == 0);
        // The key is drawn after the file has its first pages: a key without a file means that the file was lost.
        if fresh && std::fs::symlink_metadata(key).is_ok() {
            return Err(unreadable(path, "it is missing or empty, though its key is there"));
        }
        let file = platform::open_private(path, true).map_err(|error| io("open", error))?;
        let opened = Database::builder().set_cache_size(limits::STORE_CACHE_BYTES).create_file(file);
        let database = opened.map_err(|error| unreadable(path, error))?;
        match version(&database).map_err(|error| unreadable(path, error))? {
            // Version and check value are written in one transaction: without a version there is nothing yet.
            None => {
                let seal = Seal::new(&*load_key(key, true)?)?;
                let disk = Disk { database, seal, path: path.to_owned() };
                disk.lay_out()?;
                Ok(disk)
            }
            Some(VERSION) => {
                let seal = Seal::new(&*load_key(key, fresh)?)?;
                let disk = Disk { database, seal, path: path.to_owned() };
                match disk.own(CHECK)? {
                    Some(value) if value == CHECK => Ok(disk),
                    Some(_) | None => Err(unreadable(path, "its first row is missing")),
                }
            }
            Some(found) => Err(StoreError::Newer { path: path.display().to_string(), found }),
        }
    }

    fn lay_out(&self) -> Result<(), StoreError> {
        self.write(|work| {
            work.open_table(META)?.insert("version", VERSION)?;
            for (_, name) in TABLES {
                work.open_table(rows(name))?;
            }
            work.open_table(HISTORY)?;
            self.put(work, OWN, CHECK, CHECK)
        })
    }

    /// Everything the core and the daemon start with.
    pub(super) fn load(&self) -> Result<Loaded, StoreError> {
        let mut all: Vec<Row> = Vec::new();
        for (table, name) in TABLES {
            let read = self.database.begin_read().map_err(|error| self.unreadable(error))?;
            let rows = read.open_table(rows(name)).map_err(|error| self.unreadable(error))?;
            if rows.len().map_err(|error| self.unreadable(error))? > limits::STORE_ROWS {
                return Err(self.unreadable("it has too many rows"));
            }
            for row in rows.iter().map_err(|error| self.unreadable(error))? {
                let (hash, sealed) = row.map_err(|error| self.unreadable(error))?;
                let (key, value) = self.open_row(name, hash.value(), sealed.value())?;
                all.push((table, key, value));
            }
        }
        let port = self.own(PORT)?.and_then(|bytes| bytes.try_into().ok()).map(u16::from_be_bytes);
        Ok(Loaded { rows: all, port })
    }

    /// Applies commands in order, in one transaction that is on the disk when this returns.
    pub(super) fn apply(&self, commands: &[StoreCommand]) -> Result<(), StoreError> {
        self.write(|work| {
            for command in commands {
                match command {
                    StoreCommand::Put { table, key, value } => self.put(work, table_name(*table), key, value)?,
                    StoreCommand::Delete { table, key } => {
                        let name = table_name(*table);
                        let hash = self.seal.name(name, key).map_err(Fault::Ours)?;
                        work.open_table(rows(name))?.remove(hash.as_slice())?;
                    }
                    StoreCommand::History(entry) => self.append(work, &Entry::from(&**entry))?,
                }
            }
            Ok(())
        })
    }

    pub(super) fn put_port(&self, port: u16) -> Result<(), StoreError> {
        self.write(|work| self.put(work, OWN, PORT, &port.to_be_bytes()))
    }

    /// The history, oldest first.
    pub(super) fn history(&self) -> Result<Vec<Entry>, StoreError> {
        let read = self.database.begin_read().map_err(|error| self.unreadable(error))?;
        let table = read.open_table(HISTORY).map_err(|error| self.unreadable(error))?;
        let mut all = Vec::new();
        for row in table.iter().map_err(|error| self.unreadable(error))? {
            let (number, sealed) = row.map_err(|error| self.unreadable(error))?;
            let opened = self.seal.open("history", &number.value().to_be_bytes(), sealed.value());
            let plain = opened.ok_or_else(|| self.unreadable("a row of the history is damaged"))?;
            all.push(serde_json::from_slice(&plain).map_err(|error| self.unreadable(error))?);
        }
        Ok(all)
    }

    fn append(&self, work: &WriteTransaction, entry: &Entry) -> Result<(), Fault> {
        let mut table = work.open_table(HISTORY)?;
        let next = table.last()?.map_or(0, |(number, _)| number.value() + 1);
        let plain = serde_json::to_vec(entry).map_err(|error| Fault::Ours(self.unreadable(error)))?;
        let sealed = self.seal.seal("history", &next.to_be_bytes(), &plain).map_err(Fault::Ours)?;
        table.insert(next, sealed.as_slice())?;
        while table.len()? > limits::HISTORY_ENTRIES {
            table.pop_first()?;
        }
        Ok(())
    }

    /// The row's own key is sealed with it: u16 length, key, value.
    fn put(&self, work: &WriteTransaction, name: &'static str, key: &[u8], value: &[u8]) -> Result<(), Fault> {
        let bytes = key.len() + value.len();
        if key.len() > limits::STORE_KEY_BYTES || value.len() > limits::STORE_VALUE_BYTES {
            return Err(Fault::Ours(StoreError::TooLong { bytes }));
        }
        let length = u16::try_from(key.len()).map_err(|_| Fault::Ours(StoreError::TooLong { bytes }))?;
        let plain = zeroize::Zeroizing::new([length.to_be_bytes().as_slice(), key, value].concat());
        let hash = self.seal.name(name, key).map_err(Fault::Ours)?;
        let sealed = self.seal.seal(name, &hash, &plain).map_err(Fault::Ours)?;
        work.open_table(rows(name))?.insert(hash.as_slice(), sealed.as_slice())?;
        Ok(())
    }

    fn open_row(&self, name: &str, hash: &[u8], sealed: &[u8]) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
        let damaged = || self.unreadable("a row is damaged, or store.key is not its key");
        let plain = self.seal.open(name, hash, sealed).ok_or_else(damaged)?;
        let (length, rest) = plain.split_first_chunk::<2>().ok_or_else(damaged)?;
        let (key, value) = rest.split_at_checked(u16::from_be_bytes(*length).into()).ok_or_else(damaged)?;
        Ok((key.to_vec(), value.to_vec()))
    }

    fn own(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let read = self.database.begin_read().map_err(|error| self.unreadable(error))?;
        let table = read.open_table(rows(OWN)).map_err(|error| self.unreadable(error))?;
        let hash = self.seal.name(OWN, key)?;
        match table.get(hash.as_slice()).map_err(|error| self.unreadable(error))? {
            None => Ok(None),
            Some(sealed) => Ok(Some(self.open_row(OWN, &hash, sealed.value())?.1)),
        }
    }

    fn write(&self, change: impl FnOnce(&WriteTransaction) -> Result<(), Fault>) -> Result<(), StoreError> {
        let work = || -> Result<(), Fault> {
            let work = self.database.begin_write().map_err(redb::Error::from)?;
            change(&work)?;
            work.commit().map_err(redb::Error::from)?;
            Ok(())
        };
        work().map_err(|fault| match fault {
            Fault::Ours(error) => error,
            Fault::Redb(error) => {
                let (path, reason) = (self.path.display().to_string(), error.to_string());
                StoreError::Io { what: "write", path, reason }
            }
        })
    }

    fn unreadable(&self, reason: impl std::fmt::Display) -> StoreError {
        unreadable(&self.path, reason)
    }
}

/// What stops a transaction.
enum Fault {
    Redb(redb::Error),
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

fn unreadable(path: &Path, reason: impl std::fmt::Display) -> StoreError {
    StoreError::Unreadable { path: path.display().to_string(), reason: reason.to_string() }
}
