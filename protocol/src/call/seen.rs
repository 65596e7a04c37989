//! Call ids that came in: a replay can't make a second missed call, and what is over stays over.

use std::collections::{BTreeMap, VecDeque};

use crate::ids::{AccountId, CallId};
use crate::limits::{SEEN_ACCOUNTS, SEEN_MS, SEEN_PER_ACCOUNT};

/// What is remembered of a call that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Who offers it; none while only a device of ours has named it.
    account: Option<AccountId>,
    /// When it was first heard of, Unix ms.
    at_unix_ms: u64,
    /// People were told that it was missed (or need not be told).
    pub(super) missed: bool,
    /// It ended, or was cancelled before it began: it can't ring any more.
    pub(super) over: bool,
}

impl Seen {
    /// Another account offers it.
    pub(super) fn is_of_another(&self, account: AccountId) -> bool {
        self.account.is_some_and(|offers| offers != account)
    }
}

/// All of them, bounded by account and by age.
#[derive(Clone, Debug, Default)]
pub(super) struct SeenCalls {
    calls: BTreeMap<CallId, Seen>,
    /// Oldest first.
    by_account: BTreeMap<AccountId, VecDeque<CallId>>,
}

impl SeenCalls {
    /// This call, if it was heard of.
    pub(super) fn get(&self, call: CallId) -> Option<Seen> {
        self.calls.get(&call).copied()
    }

    /// The call as this account offers it: entered if it is new. None if another account has named it.
    pub(super) fn of(&mut self, call: CallId, account: AccountId, unix_ms: u64) -> Option<&mut Seen> {
        if !self.calls.contains_key(&call) {
            self.enter(call, account, Some(account), unix_ms);
        }
        self.calls.get_mut(&call).filter(|seen| seen.account.is_none_or(|a| a == account))
    }

    /// A call that another device of ours (of account `own`) has dealt with: it neither rings nor was missed.
    pub(super) fn settle(&mut self, call: CallId, own: AccountId, unix_ms: u64) {
        if !self.calls.contains_key(&call) {
            self.enter(call, own, None, unix_ms);
        }
        if let Some(seen) = self.calls.get_mut(&call) {
            seen.over = true;
            seen.missed = true;
        }
    }

    /// Enters it in the queue of `owner`.
    fn enter(&mut self, call: CallId, owner: AccountId, account: Option<AccountId>, unix_ms: u64) {
        if !self.by_account.contains_key(&owner) && self.by_account.len() >= SEEN_ACCOUNTS {
            self.forget_oldest_account();
        }
        let queue = self.by_account.entry(owner).or_default();
        while let Some(oldest) = queue.front().copied() {
            let stale = self.calls.get(&oldest).is_none_or(|s| s.at_unix_ms.saturating_add(SEEN_MS) < unix_ms);
            if !stale && queue.len() < SEEN_PER_ACCOUNT {
                break;
            }
            queue.pop_front();
            self.calls.remove(&oldest);
        }
        queue.push_back(call);
        self.calls.insert(call, Seen { account, at_unix_ms: unix_ms, missed: false, over: false });
    }

    /// The account whose newest call is the oldest gives way.
    fn forget_oldest_account(&mut self) {
        let newest = |queue: &VecDeque<CallId>| queue.back().and_then(|c| self.calls.get(c)).map(|s| s.at_unix_ms);
        let oldest = self.by_account.iter().min_by_key(|(_, queue)| newest(queue)).map(|(account, _)| *account);
        if let Some(queue) = oldest.and_then(|account| self.by_account.remove(&account)) {
            for call in queue {
                self.calls.remove(&call);
            }
        }
    }
}
