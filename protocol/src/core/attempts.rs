//! What was turned away: each call and each request once, however often it was sent, and never answered.
//!
//! Whoever may speak no gossip with us can't bring an offer. All that shows of its call is that it asks for our prekey
//! again each second, as nothing but a call does: it gets the silence that every stranger gets, and the call is noted.

use std::collections::{BTreeMap, VecDeque};

use super::Core;
use super::effect::{StoreCommand, Table};
use super::step::Step;
use crate::account::{Attempt, Contact, Stranger};
use crate::control::{AttemptInfo, AttemptKind, AttemptsReply, EventKind, Reply};
use crate::ids::{AccountId, CallId, DeviceId};
use crate::limits::{
    ATTEMPT_OVER_MS, ATTEMPTS_TOLD_A_WINDOW, ATTEMPTS_UNDER_WAY_MAX, ATTEMPTS_WINDOW_MS, KNOCK_APART_MS,
    KNOCKS_OF_A_CALL, RESEND_GIVE_UP_MS,
};

/// What the checks turned away, on its way to the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TurnedAway {
    pub(super) account: AccountId,
    pub(super) device: DeviceId,
    pub(super) what: Attempt,
    /// Which call, where its offer has come.
    pub(super) call: Option<CallId>,
}

/// What was turned away lately. Times are monotonic ms.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// When frontends and the store were told, in the last minute.
    told_ms: Vec<u64>,
    /// Noted already, oldest first, and when it was sent last: it comes again and again.
    under_way: VecDeque<(TurnedAway, u64)>,
    knocks: BTreeMap<DeviceId, Knocks>,
}

/// Prekey requests of one device, one after the other.
#[derive(Clone, Copy, Debug)]
struct Knocks {
    count: u8,
    /// When the last one came that counts.
    counted_ms: u64,
    last_ms: u64,
}

impl Attempts {
    /// The same came a moment ago.
    fn is_known(&mut self, turned: TurnedAway, now_ms: u64) -> bool {
        self.under_way.retain(|(noted, last_ms)| {
            let over_ms = if noted.call.is_some() { RESEND_GIVE_UP_MS } else { ATTEMPT_OVER_MS };
            now_ms.saturating_sub(*last_ms) < over_ms
        });
        let is_it =
            |noted: &TurnedAway| (noted.account, noted.what, noted.call) == (turned.account, turned.what, turned.call);
        let before = self.under_way.iter().position(|(noted, _)| is_it(noted));
        let known = before.and_then(|at| self.under_way.remove(at)).is_some();
        if self.under_way.len() >= ATTEMPTS_UNDER_WAY_MAX {
            self.under_way.pop_front();
        }
        self.under_way.push_back((turned, now_ms));
        known
    }

    /// A device asked for our prekey and got silence: whether it asks as often as only a call does.
    fn knocked(&mut self, device: DeviceId, now_ms: u64) -> bool {
        self.knocks.retain(|_, knocks| now_ms.saturating_sub(knocks.last_ms) < ATTEMPT_OVER_MS);
        if self.knocks.len() >= ATTEMPTS_UNDER_WAY_MAX && !self.knocks.contains_key(&device) {
            let oldest = self.knocks.iter().min_by_key(|(_, knocks)| knocks.last_ms).map(|(oldest, _)| *oldest);
            oldest.and_then(|oldest| self.knocks.remove(&oldest));
        }
        let first = Knocks { count: 1, counted_ms: now_ms, last_ms: now_ms };
        let knocks = self.knocks.entry(device).or_insert(first);
        knocks.last_ms = now_ms;
        // A new connection asks a few times at once.
        if now_ms.saturating_sub(knocks.counted_ms) >= KNOCK_APART_MS {
            knocks.counted_ms = now_ms;
            knocks.count = knocks.count.saturating_add(1);
        }
        knocks.count >= KNOCKS_OF_A_CALL
    }
}

impl Core {
    /// A device asked for our prekey and got silence. Whose it is shows in what we know: nothing was read of it.
    pub(super) fn knocked(&mut self, device: DeviceId, step: &mut Step<'_>) {
        let contact = self.contacts.of_device(&device);
        let account = match contact {
            Some(contact) => contact.is_blocked().then_some(contact.account),
            None => self.strangers.of_device(&device).map(|stranger| stranger.account),
        };
        let Some(account) = account else { return };
        if self.attempts.knocked(device, step.now.mono_ms) {
            self.turned_away(TurnedAway { account, device, what: Attempt::Call, call: None }, step);
        }
    }

    /// Something was turned away: counted, and told and stored as long as not too much of it is.
    pub(super) fn turned_away(&mut self, turned: TurnedAway, step: &mut Step<'_>) {
        let TurnedAway { account, device, what, .. } = turned;
        let now_ms = step.now.mono_ms;
        if self.attempts.is_known(turned, now_ms) {
            return;
        }
        let told_ms = &mut self.attempts.told_ms;
        told_ms.retain(|at_ms| now_ms.saturating_sub(*at_ms) < ATTEMPTS_WINDOW_MS);
        let enough = told_ms.len() >= ATTEMPTS_TOLD_A_WINDOW;
        // In a full list a new one costs the row of an old one: not more of that either than is told.
        if enough && self.strangers.is_full() && self.strangers.get(&account).is_none() {
            return;
        }
        let Some((stranger, gone)) = self.strangers.attempted(account, device, what, step.now.unix_ms) else { return };
        if let Some(gone) = gone {
            step.store(StoreCommand::Delete { table: Table::Strangers, key: gone.0.to_vec() });
        }
        if enough {
            return;
        }
        self.attempts.told_ms.push(now_ms);
        let value = stranger.row();
        step.store(StoreCommand::Put { table: Table::Strangers, key: account.0.to_vec(), value });
        if let Some(attempt) = self.attempt_info(&stranger) {
            step.event(EventKind::BlockedAttempt { attempt });
        }
    }

    fn attempt_info(&self, stranger: &Stranger) -> Option<AttemptInfo> {
        let attempts = stranger.attempts?;
        let contact = self.contacts.get(&stranger.account);
        Some(AttemptInfo {
            account: stranger.account.text(),
            name: contact.map(|contact| contact.name.clone()),
            device: stranger.device.map(|device| device.text()),
            attempt: match attempts.last {
                Attempt::Call => AttemptKind::Call,
                Attempt::Request => AttemptKind::Request,
            },
            count: attempts.count,
            first_at_ms: attempts.first_ms,
            last_at_ms: attempts.last_ms,
            blocked: stranger.blocked || contact.is_some_and(Contact::is_blocked),
        })
    }

    /// `contact.attempts`.
    pub(super) fn attempts_reply(&self) -> Reply {
        let mut attempts: Vec<_> = self.strangers.iter().filter_map(|stranger| self.attempt_info(stranger)).collect();
        attempts.sort_by_key(|info| std::cmp::Reverse(info.last_at_ms));
        let blocked = self.strangers.iter().filter(|stranger| stranger.blocked);
        Reply::Attempts(AttemptsReply { attempts, blocked: blocked.map(|stranger| stranger.account.text()).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: DeviceId = DeviceId([7; 32]);

    fn call(n: Option<u8>) -> TurnedAway {
        let call = n.map(|n| CallId([n; 16]));
        TurnedAway { account: AccountId([1; 32]), device: DEVICE, what: Attempt::Call, call }
    }

    #[test]
    fn a_call_that_is_offered_again_and_again_is_one_attempt() {
        let mut attempts = Attempts::default();
        assert!(!attempts.is_known(call(Some(1)), 0));
        assert!(attempts.is_known(call(Some(1)), 100) && attempts.is_known(call(Some(1)), 60_000));
        assert!(!attempts.is_known(call(Some(2)), 60_001), "another call is another attempt");
        assert!(!attempts.is_known(call(None), 60_002));
        assert!(attempts.is_known(call(None), 60_001 + ATTEMPT_OVER_MS));
        assert!(!attempts.is_known(call(None), 60_001 + 2 * ATTEMPT_OVER_MS));
    }

    #[test]
    fn only_whoever_asks_again_each_second_calls() {
        let mut attempts = Attempts::default();
        assert!((0..10).all(|_| !attempts.knocked(DEVICE, 0)), "a connection that asks several times at once");
        assert!(!attempts.knocked(DEVICE, 1_000) && attempts.knocked(DEVICE, 2_000));
        assert!(!attempts.knocked(DEVICE, 2_000 + ATTEMPT_OVER_MS), "a new connection");
    }

    #[test]
    fn what_is_remembered_of_attempts_is_bounded() {
        let mut attempts = Attempts::default();
        for n in 0..2 * u64::try_from(ATTEMPTS_UNDER_WAY_MAX).unwrap() {
            let mut id = [0; 32];
            id[..8].copy_from_slice(&n.to_be_bytes());
            attempts.is_known(TurnedAway { account: AccountId(id), ..call(None) }, 0);
            attempts.knocked(DeviceId(id), 0);
        }
        assert_eq!((attempts.under_way.len(), attempts.knocks.len()), (ATTEMPTS_UNDER_WAY_MAX, ATTEMPTS_UNDER_WAY_MAX));
    }
}
