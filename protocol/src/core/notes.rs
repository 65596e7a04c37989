//! Missed calls that devices of contacts are still to be told of: kept in the store for 7 days, also over restarts, and
//! told as soon as the device is met. One by one they go as letters; here stands which of them are still wanted.

use std::collections::VecDeque;

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

use super::Core;
use super::effect::{StoreCommand, Table};
use super::step::Step;
use crate::account::rows;
use crate::account::{Policy, RowError};
use crate::ids::{AccountId, CallId, DeviceId};
use crate::limits::{LETTER_KEPT_MS, NOTES_A_CONTACT, NOTES_MAX};
use crate::session::Delivery;
use crate::wire::bodies::{InboxBody, Media, Missed};

#[derive(Encode, Decode)]
#[cbor(map)]
struct Row {
    #[n(0)]
    version: u8,
    #[n(1)]
    account: ByteArray<32>,
    #[n(2)]
    started_ms: u64,
    #[n(3)]
    media: u8,
    #[n(4)]
    until_ms: u64,
}

/// One missed call that one device is still to be told of.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Note {
    account: AccountId,
    device: DeviceId,
    body: Missed,
    /// When it is given up, Unix ms.
    until_ms: u64,
}

impl Note {
    fn key(&self) -> Vec<u8> {
        [self.device.0.as_slice(), &self.body.call.0].concat()
    }

    fn read(key: &[u8], row: &[u8]) -> Result<Self, RowError> {
        let (device, call) = key.split_first_chunk::<32>().ok_or(RowError::Damaged)?;
        let call = CallId(call.try_into().map_err(|_| RowError::Damaged)?);
        let row: Row = rows::read(row)?;
        let body = Missed { call, started_ms: row.started_ms, media: Media(row.media) };
        Ok(Self { account: AccountId(row.account.into()), device: DeviceId(*device), body, until_ms: row.until_ms })
    }

    fn row(&self) -> Vec<u8> {
        rows::write(&Row {
            version: rows::version(),
            account: self.account.0.into(),
            started_ms: self.body.started_ms,
            media: self.body.media.0,
            until_ms: self.until_ms,
        })
    }
}

/// All of them, oldest first.
#[derive(Default)]
pub(super) struct Notes {
    notes: VecDeque<Note>,
}

impl Notes {
    /// As the store kept them, in any order.
    pub(super) fn from_rows<'a>(rows: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Result<Self, RowError> {
        let mut notes = rows.map(|(key, row)| Note::read(key, row)).collect::<Result<Vec<_>, _>>()?;
        notes.sort_by_key(|note| note.until_ms);
        Ok(Self { notes: notes.into() })
    }

    /// Takes one; what it pushes out.
    fn add(&mut self, note: Note) -> Vec<Note> {
        let mut out = self.take(|other| other.device == note.device && other.body.call == note.body.call);
        if self.notes.iter().filter(|other| other.account == note.account).count() >= NOTES_A_CONTACT {
            let oldest = self.notes.iter().position(|other| other.account == note.account);
            out.extend(oldest.and_then(|at| self.notes.remove(at)));
        } else if self.notes.len() >= NOTES_MAX {
            out.extend(self.notes.pop_front());
        }
        self.notes.push_back(note);
        out
    }

    /// Takes out those that `goes` names.
    fn take(&mut self, goes: impl Fn(&Note) -> bool) -> Vec<Note> {
        let (gone, kept) = std::mem::take(&mut self.notes).into_iter().partition::<Vec<_>, _>(goes);
        self.notes = kept.into();
        gone
    }
}

impl Core {
    /// A device is to be told of a call that it missed, as soon as it is met.
    pub(super) fn keep_note(&mut self, account: AccountId, device: DeviceId, body: Missed, step: &mut Step<'_>) {
        let until_ms = step.now.unix_ms.saturating_add(LETTER_KEPT_MS);
        let note = Note { account, device, body, until_ms };
        let (key, value) = (note.key(), note.row());
        let pushed_out = self.notes.add(note);
        self.drop_notes(pushed_out, step);
        step.store(StoreCommand::Put { table: Table::Notes, key, value });
        self.send_note(device, body, step);
    }

    fn send_note(&mut self, device: DeviceId, body: Missed, step: &mut Step<'_>) {
        let delivery = Delivery { receipt: true, asks_presence: false };
        self.send_letter(device, InboxBody::Missed(body), delivery, step);
    }

    /// After a start: what was still to be told is; whoever is no contact any more hears nothing.
    pub(super) fn take_up_notes(&mut self, step: &mut Step<'_>) {
        let contacts = &self.contacts;
        let wanted = |note: &Note| contacts.get(&note.account).is_some_and(|c| !c.policy.has(Policy::BLOCKED));
        let unwanted = self.notes.take(|note| !wanted(note));
        self.drop_notes(unwanted, step);
        self.drop_old_notes(step);
        for note in self.notes.notes.clone() {
            self.send_note(note.device, note.body, step);
        }
    }

    /// A device can be told: a letter that had to give way to others goes again.
    pub(super) fn resume_notes(&mut self, device: DeviceId, step: &mut Step<'_>) {
        let lost: Vec<Missed> = self.notes.notes.iter().filter(|note| note.device == device).map(|n| n.body).collect();
        for body in lost {
            if !self.session.has_missed(device, body.call) {
                self.send_note(device, body, step);
            }
        }
    }

    /// The device knows of the call now.
    pub(super) fn note_arrived(&mut self, device: DeviceId, call: &[u8], step: &mut Step<'_>) {
        let told = self.notes.take(|note| note.device == device && note.body.call.0 == call);
        self.drop_notes(told, step);
    }

    /// Notes that nobody came for in 7 days.
    pub(super) fn drop_old_notes(&mut self, step: &mut Step<'_>) {
        let now_ms = step.now.unix_ms;
        let old = self.notes.take(|note| note.until_ms <= now_ms);
        self.drop_notes(old, step);
    }

    /// An account that shall hear nothing of us any more.
    pub(super) fn drop_notes_to(&mut self, account: &AccountId, step: &mut Step<'_>) {
        let gone = self.notes.take(|note| note.account == *account);
        self.drop_notes(gone, step);
    }

    /// A device that is nobody's any more.
    pub(super) fn drop_notes_to_device(&mut self, device: &DeviceId, step: &mut Step<'_>) {
        let gone = self.notes.take(|note| note.device == *device);
        self.drop_notes(gone, step);
    }

    fn drop_notes(&mut self, gone: Vec<Note>, step: &mut Step<'_>) {
        for note in gone {
            self.session.drop_missed(note.device, note.body.call);
            step.store(StoreCommand::Delete { table: Table::Notes, key: note.key() });
        }
    }
}
