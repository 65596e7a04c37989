//! Calls that are not ended, in the store: a daemon that was killed tells of each once, after its restart.

use std::collections::BTreeMap;

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

use super::Core;
use super::effect::{StoreCommand, Table};
use super::journal::Row as JournalRow;
use super::step::Step;
use crate::account::RowError;
use crate::account::rows;
use crate::call::effect::HistoryEntry;
use crate::call::{cut_off, missed_call};
use crate::ids::{AccountId, CallId};

/// What the store knows: each call with the time at which it was accepted, Unix ms.
pub(super) type UnderWay = BTreeMap<CallId, Option<u64>>;

#[derive(Encode, Decode)]
#[cbor(map)]
struct Row {
    #[n(0)]
    version: u8,
    #[n(1)]
    incoming: bool,
    #[n(2)]
    roster: Vec<ByteArray<32>>,
    #[n(3)]
    started_ms: u64,
    #[n(4)]
    accepted_ms: Option<u64>,
}

/// Reads a row; the line of history that it stands for.
pub(super) fn read(key: &[u8], row: &[u8]) -> Result<HistoryEntry, RowError> {
    let call = CallId(key.try_into().map_err(|_| RowError::Damaged)?);
    let row: Row = rows::read(row)?;
    let roster = row.roster.into_iter().map(|account| AccountId(account.into())).collect();
    Ok(cut_off(call, row.incoming, roster, (row.started_ms, row.accepted_ms)))
}

fn write(entry: &HistoryEntry) -> Vec<u8> {
    rows::write(&Row {
        version: rows::version(),
        incoming: entry.incoming,
        roster: entry.roster.iter().map(|account| account.0.into()).collect(),
        started_ms: entry.started_ms,
        accepted_ms: entry.accepted_ms,
    })
}

impl Core {
    /// Brings the rows up to the calls as they are now. The row of a call that ended goes with its line of history, in
    /// one group: a kill leaves one of the two.
    pub(super) fn keep_under_way(&mut self, step: &mut Step<'_>) {
        let now: UnderWay = self.calls.under_way().collect();
        if now == self.under_way {
            return;
        }
        for call in self.under_way.keys().filter(|call| !now.contains_key(call)) {
            step.store(StoreCommand::Delete { table: Table::UnderWay, key: call.0.to_vec() });
        }
        for (call, _) in now.iter().filter(|(call, accepted)| self.under_way.get(call) != Some(accepted)) {
            if let Some(entry) = self.calls.cut_off(*call) {
                step.store(StoreCommand::Put { table: Table::UnderWay, key: call.0.to_vec(), value: write(&entry) });
            }
        }
        self.under_way = now;
    }

    /// After a start: what was under way when the daemon before us was killed is over, and told once; but for joined
    /// calls that the other side may still wait for, which are given back.
    pub(super) fn tell_cut_off(
        &mut self,
        calls: Vec<HistoryEntry>,
        joined: Vec<JournalRow>,
        step: &mut Step<'_>,
    ) -> Vec<JournalRow> {
        let (waited_for, stale): (Vec<JournalRow>, Vec<JournalRow>) =
            joined.into_iter().partition(|row| self.is_waited_for(row, step));
        for row in &stale {
            step.store(StoreCommand::Delete { table: Table::Joined, key: row.call.call.0.to_vec() });
        }
        for mut entry in calls {
            if let Some(row) = stale.iter().find(|row| row.call.first == entry.call) {
                entry.was_on_until(row.alive_ms);
            }
            if waited_for.iter().any(|row| row.call.first == entry.call) {
                self.under_way.insert(entry.call, entry.accepted_ms);
                continue;
            }
            step.store(StoreCommand::Delete { table: Table::UnderWay, key: entry.call.0.to_vec() });
            if entry.missed
                && let Some(caller) = entry.roster.iter().find(|account| **account != self.own.account())
            {
                step.event(missed_call(entry.call, *caller, entry.started_ms));
            }
            step.store(StoreCommand::History(Box::new(entry)));
        }
        waited_for
    }
}
