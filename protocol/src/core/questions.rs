//! Who of an account is asked whether the device that wants a call taken back is still one of it (docs/wire.md, "Continues").

use std::collections::{BTreeMap, BTreeSet};

use ahoy_crypto::{AccountId, DeviceId};

use crate::ids::CallId;
use crate::limits::{TAKE_BACK_ASK_MS, TAKE_BACKS_ASKED_MAX, TAKE_BACKS_KEPT_MS, TAKE_BACKS_OF_ONE_MAX};

/// What is asked: whether this device of the account counts, because of its offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct About {
    pub(super) account: AccountId,
    pub(super) device: DeviceId,
    pub(super) call: CallId,
}

/// Questions that are asked, or were lately.
#[derive(Debug, Default)]
pub(super) struct Questions(BTreeMap<About, Asked>);

#[derive(Debug)]
struct Asked {
    /// Monotonic ms.
    since_ms: u64,
    /// They are connected and have not answered.
    waiting: BTreeSet<DeviceId>,
    answered: bool,
}

impl Asked {
    fn is_over(&self, now_ms: u64) -> bool {
        (self.answered && self.waiting.is_empty()) || now_ms.saturating_sub(self.since_ms) >= TAKE_BACK_ASK_MS
    }

    fn counts(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.since_ms) < TAKE_BACKS_KEPT_MS
    }
}

impl Questions {
    /// Whether those who were asked have answered, or had their time; none if nobody was asked lately.
    pub(super) fn is_over(&self, about: &About, now_ms: u64) -> Option<bool> {
        self.0.get(about).filter(|asked| asked.counts(now_ms)).map(|asked| asked.is_over(now_ms))
    }

    /// These are asked from now on.
    pub(super) fn begin(&mut self, about: About, waiting: BTreeSet<DeviceId>, now_ms: u64) {
        self.0.retain(|_, asked| asked.counts(now_ms));
        self.make_room(&about);
        self.0.insert(about, Asked { since_ms: now_ms, waiting, answered: false });
    }

    /// An account has few places, and whoever takes many loses its own: call ids are the offerer's choice.
    fn make_room(&mut self, about: &About) {
        let mut places: BTreeMap<AccountId, usize> = BTreeMap::new();
        for other in self.0.keys() {
            *places.entry(other.account).or_default() += 1;
        }
        let crowded = if places.get(&about.account).is_some_and(|places| *places >= TAKE_BACKS_OF_ONE_MAX) {
            Some(about.account)
        } else if self.0.len() >= TAKE_BACKS_ASKED_MAX {
            places.iter().max_by_key(|(_, places)| **places).map(|(account, _)| *account)
        } else {
            None
        };
        // A device's own before those of the account's others.
        let of_crowded = self.0.iter().filter(|(other, _)| Some(other.account) == crowded);
        let oldest = of_crowded.min_by_key(|(other, asked)| (other.device != about.device, asked.since_ms));
        if let Some(gone) = oldest.map(|(gone, _)| *gone) {
            self.0.remove(&gone);
        }
    }

    /// A device of this account has said which devices are its own now.
    pub(super) fn answered(&mut self, account: AccountId, device: DeviceId) {
        for (_, asked) in self.0.iter_mut().filter(|(about, _)| about.account == account) {
            asked.answered |= asked.waiting.remove(&device);
        }
    }

    /// A device is gone: it answers nothing.
    pub(super) fn gone(&mut self, device: &DeviceId) {
        for asked in self.0.values_mut() {
            asked.waiting.remove(device);
        }
    }

    /// A device of this account is connected: whether its answer is waited for from now on. No device answers for itself.
    pub(super) fn connected(&mut self, account: AccountId, device: DeviceId, now_ms: u64) -> bool {
        let mut ask = false;
        let of_others = self.0.iter_mut().filter(|(about, _)| about.account == account && about.device != device);
        for (_, asked) in of_others {
            if !asked.is_over(now_ms) {
                ask |= asked.waiting.insert(device);
            }
        }
        ask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(n: u8) -> DeviceId {
        DeviceId([n; 32])
    }

    fn about(account: u8, by: u8, call: u8) -> About {
        About { account: AccountId([account; 32]), device: device(by), call: CallId([call; 16]) }
    }

    #[test]
    fn a_question_is_over_when_all_who_are_there_have_answered_or_after_two_seconds() {
        let (mut asked, q) = (Questions::default(), about(1, 9, 1));
        asked.begin(q, [device(1), device(2)].into(), 10);
        assert_eq!(asked.is_over(&q, 10), Some(false));
        asked.answered(q.account, device(1));
        assert_eq!(asked.is_over(&q, 11), Some(false), "one is there and silent");
        asked.answered(q.account, device(2));
        assert_eq!(asked.is_over(&q, 11), Some(true));
        let nobody = about(1, 9, 2);
        asked.begin(nobody, BTreeSet::new(), 10);
        assert_eq!(asked.is_over(&nobody, 9 + TAKE_BACK_ASK_MS), Some(false));
        assert_eq!(asked.is_over(&nobody, 10 + TAKE_BACK_ASK_MS), Some(true));
    }

    #[test]
    fn a_device_does_not_answer_for_itself() {
        let (mut asked, q) = (Questions::default(), about(1, 9, 1));
        asked.begin(q, BTreeSet::new(), 0);
        assert!(!asked.connected(q.account, q.device, 1));
        asked.answered(q.account, q.device);
        assert_eq!(asked.is_over(&q, 2), Some(false));
        assert!(asked.connected(q.account, device(1), 3));
    }

    #[test]
    fn an_answer_counts_for_a_few_seconds() {
        let (mut asked, q) = (Questions::default(), about(1, 9, 1));
        asked.begin(q, [device(1)].into(), 0);
        asked.answered(q.account, device(1));
        assert_eq!(asked.is_over(&q, TAKE_BACKS_KEPT_MS - 1), Some(true));
        assert_eq!(asked.is_over(&q, TAKE_BACKS_KEPT_MS), None);
        assert_eq!(asked.is_over(&q, 5_000), None);
    }

    #[test]
    fn a_device_with_many_call_ids_blocks_nobody_else() {
        let mut asked = Questions::default();
        let (brother, other) = (about(1, 8, 0), about(2, 7, 0));
        asked.begin(brother, BTreeSet::new(), 0);
        asked.begin(other, BTreeSet::new(), 0);
        for n in 0..200 {
            asked.begin(about(1, 9, n), BTreeSet::new(), 1);
        }
        assert_eq!(asked.0.len(), TAKE_BACKS_OF_ONE_MAX + 1);
        assert_eq!((asked.is_over(&brother, 2), asked.is_over(&other, 2)), (Some(false), Some(false)));
    }

    #[test]
    fn a_full_list_takes_from_whom_has_most() {
        let mut asked = Questions::default();
        for account in 0..u8::try_from(TAKE_BACKS_ASKED_MAX).unwrap() - 1 {
            asked.begin(about(account, 1, 0), BTreeSet::new(), 0);
        }
        asked.begin(about(3, 1, 1), BTreeSet::new(), 1);
        let late = about(200, 1, 0);
        asked.begin(late, BTreeSet::new(), 2);
        assert_eq!(asked.0.len(), TAKE_BACKS_ASKED_MAX);
        assert_eq!(asked.is_over(&late, 2), Some(false));
        assert_eq!(asked.is_over(&about(3, 1, 0), 2), None);
    }
}
