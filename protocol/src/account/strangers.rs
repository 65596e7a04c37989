//! Those whose messages we don't take: who asks to be a contact, whom we refused or blocked, and what of theirs was
//! turned away. They learn nothing of it; all of it is bounded, and oldest notes give way to newer ones.
//!
//! ```text
//!            request                accept
//!  (unknown) ───────> asks ───────────────────> (a contact)
//!      │               │ refuse            ^
//!      │ call          v                   │ accept, or a card
//!      └────> noted   refused (30 days) ───┤
//!               │ block  │ block           │
//!               └────────┴───> blocked ────┘ unblock
//! ```

use std::collections::BTreeMap;

use super::rows::{self, RowError};
use crate::ids::{AccountId, DeviceId};
use crate::limits::{REFUSED_MS, REQUESTS_OPEN_MAX, STRANGERS_MAX};

/// What somebody tried whom we don't take it of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// To ring.
    Call,
    /// To become a contact, though blocked.
    Request,
}

/// Somebody asks to be a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRequest {
    /// Its card, checked when it came.
    pub card: Vec<u8>,
    /// A sentence of theirs.
    pub greeting: Option<String>,
    /// Hash of the envelope it came in: what the receipt names once it is accepted.
    pub envelope: [u8; 32],
    /// When it came, Unix ms.
    pub at_ms: u64,
    /// Where it came from, as a number; 0: not known.
    pub source: u64,
}

/// What was turned away, told together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts {
    /// The newest of them.
    pub last: Attempt,
    /// How many.
    pub count: u32,
    /// The first, Unix ms.
    pub first_ms: u64,
    /// The last, Unix ms.
    pub last_ms: u64,
}

/// What we know of an account that is no contact, or of a contact that is blocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// Account, proven by the certificate of what it sent.
    pub account: AccountId,
    /// The device it wrote from last.
    pub device: Option<DeviceId>,
    /// It was a contact, with these devices.
    pub former: Vec<DeviceId>,
    /// It asks to be a contact.
    pub request: Option<OpenRequest>,
    /// When we refused it, Unix ms.
    pub refused_ms: Option<u64>,
    /// Nothing of it is taken.
    pub blocked: bool,
    /// What of it was turned away.
    pub attempts: Option<Attempts>,
}

impl Stranger {
    /// Nothing known yet.
    #[must_use]
    pub fn new(account: AccountId) -> Self {
        Self {
            account,
            device: None,
            former: Vec::new(),
            request: None,
            refused_ms: None,
            blocked: false,
            attempts: None,
        }
    }

    /// The row the store keeps.
    #[must_use]
    pub fn row(&self) -> Vec<u8> {
        rows::write_stranger(self)
    }

    /// There is nothing left to be kept.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        let undecided = self.request.is_none() && self.refused_ms.is_none() && !self.blocked;
        undecided && self.attempts.is_none() && self.former.is_empty()
    }

    /// When something happened last, Unix ms.
    fn newest_ms(&self) -> u64 {
        let request = self.request.as_ref().map(|request| request.at_ms);
        let times = [request, self.refused_ms, self.attempts.map(|attempts| attempts.last_ms)];
        times.into_iter().flatten().max().unwrap_or(0)
    }

    /// It may give way to another one: nobody decided about it, and nobody is asked to.
    fn gives_way(&self) -> bool {
        !self.blocked && self.request.is_none()
    }
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct Strangers {
    by_account: BTreeMap<AccountId, Stranger>,
}

impl Strangers {
    /// Out of stored rows.
    ///
    /// # Errors
    /// [`RowError`] if a row cannot be read.
    pub fn from_rows<'a>(rows: impl Iterator<Item = &'a [u8]>) -> Result<Self, RowError> {
        let read = rows.map(|row| rows::read_stranger(row).map(|stranger| (stranger.account, stranger)));
        Ok(Self { by_account: read.collect::<Result<_, _>>()? })
    }

    /// What is known of an account.
    #[must_use]
    pub fn get(&self, account: &AccountId) -> Option<&Stranger> {
        self.by_account.get(account)
    }

    /// All, by account.
    pub fn iter(&self) -> impl Iterator<Item = &Stranger> {
        self.by_account.values()
    }

    /// Puts what is known of an account; what says nothing is forgotten. Names whom it took the place of.
    ///
    /// # Errors
    /// [`NoRoom`] if all places are taken by those that somebody decided about, or is asked to.
    pub fn put(&mut self, stranger: Stranger) -> Result<Option<AccountId>, NoRoom> {
        let account = stranger.account;
        if stranger.is_nothing() {
            self.by_account.remove(&account);
            return Ok(None);
        }
        let mut gone = None;
        if !self.by_account.contains_key(&account) && self.by_account.len() >= STRANGERS_MAX {
            let oldest = self.by_account.values().filter(|other| other.gives_way()).min_by_key(|it| it.newest_ms());
            let oldest = oldest.map(|oldest| oldest.account).ok_or(NoRoom)?;
            self.by_account.remove(&oldest);
            gone = Some(oldest);
        }
        self.by_account.insert(account, stranger);
        Ok(gone)
    }

    /// Forgets an account.
    pub fn remove(&mut self, account: &AccountId) -> Option<Stranger> {
        self.by_account.remove(account)
    }

    /// Nothing of this account is taken.
    #[must_use]
    pub fn is_blocked(&self, account: &AccountId) -> bool {
        self.by_account.get(account).is_some_and(|stranger| stranger.blocked)
    }

    /// Whose device it is: who wrote from it, or was a contact with it; somebody blocked before others.
    #[must_use]
    pub fn of_device(&self, device: &DeviceId) -> Option<&Stranger> {
        let has = |stranger: &&Stranger| stranger.device == Some(*device) || stranger.former.contains(device);
        self.by_account.values().filter(has).max_by_key(|stranger| stranger.blocked)
    }

    /// A request of this account is open, or was refused lately: another one is not taken.
    #[must_use]
    pub fn has_asked(&self, account: &AccountId, now_ms: u64) -> bool {
        self.by_account.get(account).is_some_and(|stranger| {
            stranger.request.is_some()
                || stranger.refused_ms.is_some_and(|at_ms| now_ms.saturating_sub(at_ms) < REFUSED_MS)
        })
    }

    /// All places are taken: somebody new takes the place of another one.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.by_account.len() >= STRANGERS_MAX
    }

    /// Whose request gives way to one of this account from there, if too many are open: the oldest of the source that has
    /// most of them. Accounts and device keys cost nothing, so whoever asks without end pushes out only its own.
    #[must_use]
    pub fn displaced_by(&self, account: &AccountId, source: u64) -> Option<AccountId> {
        let open: Vec<_> = self.requests().filter(|(stranger, _)| stranger.account != *account).collect();
        if open.len() < REQUESTS_OPEN_MAX {
            return None;
        }
        let of = |source: u64| open.iter().filter(|(_, request)| request.source == source).count();
        let with_it = |of_source: u64| of(of_source) + usize::from(of_source == source);
        let most = open.iter().map(|(_, request)| with_it(request.source)).max()?;
        let crowded = open.iter().find(|(_, request)| with_it(request.source) == most);
        crowded.map(|(stranger, _)| stranger.account)
    }

    /// Those who ask to be contacts, oldest first.
    pub fn requests(&self) -> impl Iterator<Item = (&Stranger, &OpenRequest)> {
        let mut open: Vec<_> = self.by_account.values().filter_map(|it| Some((it, it.request.as_ref()?))).collect();
        open.sort_by_key(|(_, request)| request.at_ms);
        open.into_iter()
    }

    /// Notes what was turned away. None if there is no room for it.
    pub fn attempted(
        &mut self,
        account: AccountId,
        device: DeviceId,
        what: Attempt,
        now_ms: u64,
    ) -> Option<(Stranger, Option<AccountId>)> {
        let mut stranger = self.by_account.get(&account).cloned().unwrap_or_else(|| Stranger::new(account));
        let before = stranger.attempts.unwrap_or(Attempts { last: what, count: 0, first_ms: now_ms, last_ms: now_ms });
        stranger.device = Some(device);
        let count = before.count.saturating_add(1);
        stranger.attempts = Some(Attempts { last: what, count, last_ms: now_ms, ..before });
        let gone = self.put(stranger.clone()).ok()?;
        Some((stranger, gone))
    }
}

/// All places are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no room for another stranger")]
pub struct NoRoom;

#[cfg(test)]
mod tests;
