//! What was seen lately, and who has tokens left: everything the checks count by.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::ids::{AccountId, CallId};
use crate::inbound::{Done, Rate};
use crate::limits::{CANCEL_MS, CANCELS_MAX, DONE_MAX, NOTES_A_CONTACT, RATE_BUCKETS_MAX, REPLAY_MS, REPLAYS_MAX};
use crate::topic::Topic;

const MINUTE_MS: u64 = 60_000;

/// Tokens that come back with time.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Thousandths of a token, so that slow rates add up.
    milli: u64,
    at_ms: u64,
}

/// How much is taken of a contact: so many new calls at once and a minute, and as many other messages of all its
/// devices together (CHK-025).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContactRate(pub u32);

impl Default for ContactRate {
    /// One a second: more than anybody calls, little enough to sit out.
    fn default() -> Self {
        Self(60)
    }
}

/// Everything the checks count by. `now_ms` is monotonic.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    now_ms: u64,
    contact_rate: ContactRate,
    replays: BTreeSet<[u8; 32]>,
    replay_order: VecDeque<(u64, [u8; 32])>,
    cancels: VecDeque<(u64, AccountId, CallId)>,
    offered: Fifo<CallId, AccountId>,
    done: Fifo<Done, ()>,
    buckets: BTreeMap<RateKey, Bucket>,
    /// Diffie-Hellman operations of a topic in a second.
    budgets: BTreeMap<Topic, (u64, u32)>,
}

/// A map that forgets its oldest entry when it is full.
#[derive(Debug)]
struct Fifo<K, V> {
    map: std::collections::HashMap<K, V>,
    order: VecDeque<K>,
}

impl<K, V> Default for Fifo<K, V> {
    fn default() -> Self {
        Self { map: std::collections::HashMap::new(), order: VecDeque::new() }
    }
}

impl<K: Copy + Eq + std::hash::Hash, V> Fifo<K, V> {
    fn put(&mut self, key: K, value: V) {
        if self.map.insert(key, value).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > DONE_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.map.remove(&oldest);
        }
    }
}

/// `Rate` has no order of its own: class and name.
type RateKey = (u8, [u8; 32]);

fn key(rate: Rate) -> RateKey {
    match rate {
        Rate::Ring(account) => (0, account.0),
        Rate::Request(topic) => (1, topic.0),
        Rate::Other(account) => (2, account.0),
        Rate::Missed(account) => (3, account.0),
        Rate::News(device) => (4, device.0),
    }
}

impl Ledger {
    /// Nothing seen yet.
    pub(super) fn new(contact_rate: ContactRate) -> Self {
        Self { contact_rate, ..Self::default() }
    }

    /// How much is taken of each contact from now on.
    pub(super) fn set_contact_rate(&mut self, contact_rate: ContactRate) {
        self.contact_rate = contact_rate;
    }

    /// Burst, and tokens a minute.
    fn terms(&self, rate: Rate) -> (u64, u64) {
        let contact = u64::from(self.contact_rate.0);
        match rate {
            Rate::Ring(_) | Rate::News(_) | Rate::Other(_) => (contact, contact),
            Rate::Request(_) => (3, 6),
            // As many as one of its devices keeps for us; more are no calls of a person.
            Rate::Missed(_) => (NOTES_A_CONTACT as u64, 6),
        }
    }

    /// Tells the time; what is too old is forgotten.
    pub(super) fn at(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
        while let Some((at_ms, envelope)) = self.replay_order.front() {
            if now_ms.saturating_sub(*at_ms) < REPLAY_MS && self.replay_order.len() <= REPLAYS_MAX {
                break;
            }
            self.replays.remove(envelope);
            self.replay_order.pop_front();
        }
        while self.cancels.front().is_some_and(|(at_ms, ..)| now_ms.saturating_sub(*at_ms) >= CANCEL_MS) {
            self.cancels.pop_front();
        }
        self.budgets.retain(|_, (second, _)| *second == now_ms / 1000);
    }

    pub(super) fn is_replay(&self, envelope: &[u8; 32]) -> bool {
        self.replays.contains(envelope)
    }

    pub(super) fn enter_replay(&mut self, envelope: [u8; 32]) {
        if self.replays.insert(envelope) {
            self.replay_order.push_back((self.now_ms, envelope));
        }
    }

    /// A cancel of this account: its offers of this call are refused for a while.
    pub(super) fn cancelled(&mut self, account: AccountId, call: CallId) {
        self.cancels.push_back((self.now_ms, account, call));
        if self.cancels.len() > CANCELS_MAX {
            self.cancels.pop_front();
        }
    }

    pub(super) fn is_cancelled(&self, account: AccountId, call: CallId) -> bool {
        self.cancels.iter().any(|(_, of, id)| *of == account && *id == call)
    }

    /// The first offer of a call that passed.
    pub(super) fn offered(&mut self, call: CallId, account: AccountId) {
        if !self.offered.map.contains_key(&call) {
            self.offered.put(call, account);
        }
    }

    pub(super) fn offered_by(&self, call: CallId) -> Option<AccountId> {
        self.offered.map.get(&call).copied()
    }

    pub(super) fn done(&mut self, what: Done) {
        self.done.put(what, ());
    }

    pub(super) fn is_done(&self, what: Done) -> bool {
        self.done.map.contains_key(&what)
    }

    pub(super) fn has_rate(&self, rate: Rate) -> bool {
        self.tokens_milli(rate) >= 1000
    }

    pub(super) fn take_rate(&mut self, rate: Rate) {
        let milli = self.tokens_milli(rate).saturating_sub(1000);
        self.buckets.insert(key(rate), Bucket { milli, at_ms: self.now_ms });
        if self.buckets.len() > RATE_BUCKETS_MAX {
            let now_ms = self.now_ms;
            self.buckets.retain(|_, bucket| now_ms.saturating_sub(bucket.at_ms) < MINUTE_MS);
        }
    }

    fn tokens_milli(&self, rate: Rate) -> u64 {
        let (burst, a_minute) = self.terms(rate);
        match self.buckets.get(&key(rate)) {
            Some(bucket) => {
                let gained = self.now_ms.saturating_sub(bucket.at_ms).saturating_mul(a_minute) / (MINUTE_MS / 1000);
                bucket.milli.saturating_add(gained).min(burst * 1000)
            }
            // No room for another bucket: whoever is new has to wait.
            None if self.buckets.len() > RATE_BUCKETS_MAX => 0,
            None => burst * 1000,
        }
    }

    /// Diffie-Hellman operations done for a topic in this second.
    pub(super) fn spent(&self, topic: &Topic) -> u32 {
        self.budgets.get(topic).map_or(0, |(_, spent)| *spent)
    }

    pub(super) fn spend(&mut self, topic: &Topic) {
        self.budgets.entry(*topic).or_insert((self.now_ms / 1000, 0)).1 += 1;
    }
}

#[cfg(test)]
impl Ledger {
    /// Entries of everything it keeps.
    pub(super) fn entries(&self) -> usize {
        let counted = self.offered.map.len() + self.done.map.len() + self.cancels.len();
        counted + self.replay_order.len() + self.buckets.len() + self.budgets.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: AccountId = AccountId([1; 32]);
    const CALL: CallId = CallId([2; 16]);

    fn at(now_ms: u64) -> Ledger {
        let mut ledger = Ledger::default();
        ledger.at(now_ms);
        ledger
    }

    #[test]
    fn an_envelope_is_a_replay_for_ten_minutes() {
        let mut ledger = at(5);
        ledger.enter_replay([1; 32]);
        ledger.at(5 + REPLAY_MS - 1);
        assert!(ledger.is_replay(&[1; 32]) && !ledger.is_replay(&[2; 32]));
        ledger.at(5 + REPLAY_MS);
        assert!(!ledger.is_replay(&[1; 32]));
    }

    #[test]
    fn the_replay_cache_is_bounded() {
        let mut ledger = at(0);
        for n in 0..2 * REPLAYS_MAX as u64 {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&n.to_be_bytes());
            ledger.at(0);
            ledger.enter_replay(hash);
        }
        assert!(ledger.replays.len() <= REPLAYS_MAX + 1);
        assert_eq!(ledger.replays.len(), ledger.replay_order.len());
    }

    #[test]
    fn a_cancel_is_remembered_for_two_minutes_by_account_and_call() {
        let mut ledger = at(0);
        ledger.cancelled(ADA, CALL);
        ledger.at(CANCEL_MS - 1);
        assert!(ledger.is_cancelled(ADA, CALL));
        assert!(!ledger.is_cancelled(AccountId([9; 32]), CALL));
        ledger.at(CANCEL_MS);
        assert!(!ledger.is_cancelled(ADA, CALL));
    }

    #[test]
    fn the_first_offerer_of_a_call_stays_its_offerer() {
        let mut ledger = at(0);
        ledger.offered(CALL, ADA);
        ledger.offered(CALL, AccountId([9; 32]));
        assert_eq!(ledger.offered_by(CALL), Some(ADA));
    }

    #[test]
    fn the_rate_of_contacts_is_a_setting_and_that_of_strangers_none() {
        let mut ledger = Ledger::new(ContactRate(100));
        for rate in [Rate::Ring(ADA), Rate::Other(ADA)] {
            for _ in 0..100 {
                assert!(ledger.has_rate(rate));
                ledger.take_rate(rate);
            }
            assert!(!ledger.has_rate(rate));
        }
        assert_eq!(ledger.tokens_milli(Rate::Request(Topic([4; 32]))), 3_000);
    }

    #[test]
    fn a_contact_may_ring_sixty_times_at_once_and_once_a_second_then() {
        let mut ledger = at(0);
        let rate = Rate::Ring(ADA);
        for _ in 0..60 {
            assert!(ledger.has_rate(rate));
            ledger.take_rate(rate);
        }
        assert!(!ledger.has_rate(rate));
        ledger.at(999);
        assert!(!ledger.has_rate(rate));
        ledger.at(1000);
        assert!(ledger.has_rate(rate));
        assert!(ledger.has_rate(Rate::Ring(AccountId([9; 32]))));
    }

    #[test]
    fn contact_requests_come_three_at_once_and_six_a_minute() {
        let mut ledger = at(0);
        let rate = Rate::Request(Topic([b'a'; 32]));
        for _ in 0..3 {
            ledger.take_rate(rate);
        }
        assert!(!ledger.has_rate(rate));
        ledger.at(10_000);
        assert!(ledger.has_rate(rate));
    }

    #[test]
    fn many_accounts_cannot_grow_the_buckets_without_bound() {
        let mut ledger = at(0);
        for n in 0..(2 * RATE_BUCKETS_MAX) as u64 {
            let mut account = [0; 32];
            account[..8].copy_from_slice(&n.to_be_bytes());
            let rate = Rate::Other(AccountId(account));
            if ledger.has_rate(rate) {
                ledger.take_rate(rate);
            }
        }
        assert!(ledger.buckets.len() <= RATE_BUCKETS_MAX + 1);
    }

    #[test]
    fn what_a_topic_cost_is_forgotten_with_the_second() {
        let mut ledger = at(0);
        let topic = Topic([b'a'; 32]);
        ledger.spend(&topic);
        ledger.spend(&topic);
        assert_eq!(ledger.spent(&topic), 2);
        ledger.at(1000);
        assert_eq!(ledger.spent(&topic), 0);
    }

    #[test]
    fn what_is_done_is_done() {
        let mut ledger = at(0);
        ledger.done(Done::Missed(CALL));
        assert!(ledger.is_done(Done::Missed(CALL)));
        assert!(!ledger.is_done(Done::Cancel(ADA, CALL)));
    }
}
