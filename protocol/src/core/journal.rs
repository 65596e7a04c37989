//! Joined calls, in the store: a daemon that was killed in one goes on with it after its restart.
//!
//! A row is written when a call is joined, when our media state in it changes, and every few seconds while it lives. It
//! goes with the end of the call, in one group with the call's line of history: a kill at any moment leaves either a
//! row to go on with, or a line. So nothing is told twice, and nothing is lost.

use std::collections::BTreeMap;

use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};

use super::Core;
use super::effect::{StoreCommand, Table};
use super::step::Step;
use crate::account::RowError;
use crate::account::rows;
use crate::call::JoinedCall;
use crate::ids::{AccountId, CallId, DeviceId};
use crate::limits::{GIVE_UP_MS, JOURNAL_EVERY_MS};

/// The joined calls as their rows have them.
#[derive(Debug, Default)]
pub(super) struct Journal {
    rows: BTreeMap<CallId, Written>,
}

#[derive(Debug)]
struct Written {
    row: Row,
    /// Monotonic ms.
    at_ms: u64,
}

/// A joined call, and when it was last known to live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) call: JoinedCall,
    /// Unix ms.
    pub(super) alive_ms: u64,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Stored {
    #[n(0)]
    version: u8,
    #[n(1)]
    incoming: bool,
    #[n(2)]
    roster: Vec<ByteArray<32>>,
    #[n(3)]
    account: ByteArray<32>,
    #[n(4)]
    device: ByteArray<32>,
    #[n(5)]
    started_ms: u64,
    #[n(6)]
    accepted_ms: u64,
    #[n(7)]
    context: Option<ByteVec>,
    #[n(8)]
    ice_policy: u8,
    #[n(9)]
    muted: bool,
    #[n(10)]
    held: bool,
    #[n(11)]
    alive_ms: u64,
    /// None: the call itself.
    #[n(12)]
    first: Option<ByteArray<16>>,
}

/// Reads a row.
pub(super) fn read(key: &[u8], row: &[u8]) -> Result<Row, RowError> {
    let call = CallId(key.try_into().map_err(|_| RowError::Damaged)?);
    let row: Stored = rows::read(row)?;
    let call = JoinedCall {
        call,
        first: row.first.map_or(call, |first| CallId(first.into())),
        incoming: row.incoming,
        roster: row.roster.into_iter().map(|account| AccountId(account.into())).collect(),
        account: AccountId(row.account.into()),
        device: DeviceId(row.device.into()),
        started_ms: row.started_ms,
        accepted_ms: row.accepted_ms,
        context: row.context.map(Vec::from),
        ice_policy: row.ice_policy,
        muted: row.muted,
        held: row.held,
    };
    Ok(Row { call, alive_ms: row.alive_ms })
}

fn write(row: &Row) -> Vec<u8> {
    let call = &row.call;
    rows::write(&Stored {
        version: rows::version(),
        incoming: call.incoming,
        roster: call.roster.iter().map(|account| account.0.into()).collect(),
        account: call.account.0.into(),
        device: call.device.0.into(),
        started_ms: call.started_ms,
        accepted_ms: call.accepted_ms,
        context: call.context.clone().map(ByteVec::from),
        ice_policy: call.ice_policy,
        muted: call.muted,
        held: call.held,
        alive_ms: row.alive_ms,
        first: (call.first != call.call).then_some(call.first.0.into()),
    })
}

impl Core {
    /// Brings the rows up to the calls as they are now. One that is being rejoined doesn't live again yet.
    pub(super) fn keep_journal(&mut self, step: &mut Step<'_>) {
        let now: BTreeMap<CallId, (JoinedCall, bool)> =
            self.calls.joined_calls().map(|(call, rejoins)| (call.call, (call, rejoins))).collect();
        self.journal.rows.retain(|call, _| {
            let stays = now.contains_key(call);
            if !stays {
                step.store(StoreCommand::Delete { table: Table::Joined, key: call.0.to_vec() });
            }
            stays
        });
        for (id, (call, rejoins)) in now {
            let written = self.journal.rows.get(&id);
            let changed = written.is_none_or(|written| written.row.call != call);
            let due = |written: &Written| written.at_ms.saturating_add(JOURNAL_EVERY_MS) <= step.now.mono_ms;
            if !changed && (rejoins || !written.is_some_and(due)) {
                continue;
            }
            let before_ms = written.filter(|_| rejoins).map(|written| written.row.alive_ms);
            let row = Row { call, alive_ms: before_ms.unwrap_or(step.now.unix_ms) };
            step.store(StoreCommand::Put { table: Table::Joined, key: id.0.to_vec(), value: write(&row) });
            self.journal.rows.insert(id, Written { row, at_ms: step.now.mono_ms });
        }
    }

    /// Whether the other side may still wait for us in this call. A row of the future was written by another clock, or
    /// is read by one: how old it is, nobody knows.
    pub(super) fn is_waited_for(&self, row: &Row, step: &Step<'_>) -> bool {
        let known = self.contacts.get(&row.call.account);
        let ours = known.is_some_and(|contact| !contact.is_blocked() && contact.devices.contains_key(&row.call.device));
        ours && !self.own.is_revoked() && left_ms(row, step.now.unix_ms).is_some()
    }

    /// After a start: goes on with these calls. Their rows stay until that has come to something.
    pub(super) fn rejoin(&mut self, calls: Vec<Row>, step: &mut Step<'_>) {
        if calls.is_empty() {
            return;
        }
        let mut effects = Vec::new();
        for row in calls {
            let Some(left_ms) = left_ms(&row, step.now.unix_ms) else { continue };
            let give_up_ms = step.now.mono_ms.saturating_add(left_ms);
            self.calls.rejoin(row.call.clone(), give_up_ms, step.now, step.rng, &mut effects);
            self.journal.rows.insert(row.call.call, Written { row, at_ms: step.now.mono_ms });
        }
        for effect in effects {
            self.carry_out(effect, step);
        }
        self.run_calls(step);
    }
}

/// For how long the other side still waits, ms; none if it has given up. The daemon was killed up to
/// [`JOURNAL_EVERY_MS`] after it wrote that it lives.
fn left_ms(row: &Row, now_unix_ms: u64) -> Option<u64> {
    let age_ms = now_unix_ms.checked_sub(row.alive_ms)?;
    (GIVE_UP_MS + JOURNAL_EVERY_MS).checked_sub(age_ms).filter(|left_ms| *left_ms > 0)
}

#[cfg(test)]
mod tests;
