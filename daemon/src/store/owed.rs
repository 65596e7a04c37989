//! Rows the disk did not take. The core's memory has them, so they are written as soon as there is room: the newest
//! value of each key, before anything newer.

use std::collections::{BTreeMap, VecDeque};

use ahoy_protocol::core::effect::{StoreCommand, Table};

use crate::limits;

/// What is still to be written.
#[derive(Default)]
pub(super) struct Owed {
    rows: BTreeMap<(Table, Vec<u8>), StoreCommand>,
    history: VecDeque<StoreCommand>,
    lost: u64,
}

impl Owed {
    /// Keeps what could not be written, in order. Beyond [`limits::OWED_ROWS`] rows are lost, and counted.
    pub(super) fn keep(&mut self, commands: Vec<StoreCommand>) {
        for command in commands {
            let slot = match &command {
                StoreCommand::Put { table, key, .. } | StoreCommand::Delete { table, key } => {
                    Some((*table, key.clone()))
                }
                StoreCommand::History(_) => None,
                StoreCommand::ForgetHistory => {
                    self.history.clear();
                    None
                }
            };
            match slot {
                Some(slot) if self.rows.len() < limits::OWED_ROWS || self.rows.contains_key(&slot) => {
                    self.rows.insert(slot, command);
                }
                None if self.history.len() < limits::OWED_ROWS => self.history.push_back(command),
                Some(_) | None => {
                    self.lost += 1;
                    tracing::error!(lost = self.lost, "too many rows wait for the disk: one is lost");
                }
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.history.is_empty()
    }

    /// Everything owed; the order of different keys doesn't matter.
    pub(super) fn commands(&self) -> impl Iterator<Item = &StoreCommand> {
        self.rows.values().chain(&self.history)
    }

    /// The history was cleared: what it still lacks is not wanted.
    pub(super) fn forget_history(&mut self) {
        self.history.clear();
    }

    /// It is on the disk.
    pub(super) fn paid(&mut self) {
        self.rows.clear();
        self.history.clear();
    }
}
