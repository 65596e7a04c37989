//! Who of an account is asked whether the device that wants a call taken back is still one of it (docs/wire.md, "Continues").

use std::collections::{BTreeMap, BTreeSet};

use ahoy_crypto::{AccountId, DeviceId};

use crate::ids::CallId;
use crate::limits::{
    DIALS_A_MINUTE, TAKE_BACK_ANSWER_MS, TAKE_BACK_ASK_MS, TAKE_BACK_DIALS_MAX, TAKE_BACK_DIALS_MS,
    TAKE_BACKS_ASKED_MAX, TAKE_BACKS_KEPT_MS, TAKE_BACKS_OF_ONE_MAX,
};

/// What is asked: whether this device of the account counts, because of its offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct About {
    pub(super) account: AccountId,
    pub(super) device: DeviceId,
    pub(super) call: CallId,
}

/// Questions that are asked, or were lately.
#[derive(Debug, Default)]
pub(super) struct Questions {
    asked: BTreeMap<About, Asked>,
    /// When devices were dialled to be asked in the last minute, monotonic ms, and of which accounts.
    dialled: Vec<(u64, AccountId)>,
}

#[derive(Debug)]
struct Asked {
    /// Monotonic ms.
    since_ms: u64,
    /// They are connected and have not answered.
    waiting: BTreeSet<DeviceId>,
    /// When the last of them did.
    answered_ms: Option<u64>,
}

impl Asked {
    fn is_over(&self, now_ms: u64) -> bool {
        (self.answered_ms.is_some() && self.waiting.is_empty())
            || now_ms.saturating_sub(self.since_ms) >= TAKE_BACK_ASK_MS
    }

    /// An answer says who counted when it was given: it is for the next offer, and no later one.
    fn counts(&self, now_ms: u64) -> bool {
        let asked = now_ms.saturating_sub(self.since_ms) < TAKE_BACKS_KEPT_MS;
        let answered_ms = self.answered_ms.filter(|_| self.waiting.is_empty());
        asked && answered_ms.is_none_or(|at_ms| now_ms.saturating_sub(at_ms) < TAKE_BACK_ANSWER_MS)
    }
}

impl Questions {
    /// Whether those who were asked have answered, or had their time; none if nobody was asked lately.
    pub(super) fn is_over(&self, about: &About, now_ms: u64) -> Option<bool> {
        self.asked.get(about).filter(|asked| asked.counts(now_ms)).map(|asked| asked.is_over(now_ms))
    }

    /// These are asked from now on.
    pub(super) fn begin(&mut self, about: About, waiting: BTreeSet<DeviceId>, now_ms: u64) {
        self.asked.retain(|_, asked| asked.counts(now_ms));
        self.make_room(&about);
        self.asked.insert(about, Asked { since_ms: now_ms, waiting, answered_ms: None });
    }

    /// An account has few places, and whoever takes many loses its own: call ids are the offerer's choice.
    fn make_room(&mut self, about: &About) {
        let mut places: BTreeMap<AccountId, usize> = BTreeMap::new();
        for other in self.asked.keys() {
            *places.entry(other.account).or_default() += 1;
        }
        let crowded = if places.get(&about.account).is_some_and(|places| *places >= TAKE_BACKS_OF_ONE_MAX) {
            Some(about.account)
        } else if self.asked.len() >= TAKE_BACKS_ASKED_MAX {
            places.iter().max_by_key(|(_, places)| **places).map(|(account, _)| *account)
        } else {
            None
        };
        // A device's own before those of the account's others.
        let of_crowded = self.asked.iter().filter(|(other, _)| Some(other.account) == crowded);
        let oldest = of_crowded.min_by_key(|(other, asked)| (other.device != about.device, asked.since_ms));
        if let Some(gone) = oldest.map(|(gone, _)| *gone) {
            self.asked.remove(&gone);
        }
    }

    /// A device of this account has said which devices are its own now.
    pub(super) fn answered(&mut self, account: AccountId, device: DeviceId, now_ms: u64) {
        for (_, asked) in self.asked.iter_mut().filter(|(about, _)| about.account == account) {
            if asked.waiting.remove(&device) {
                asked.answered_ms = Some(now_ms);
            }
        }
    }

    /// Whether a device of this account may be dialled for a question: as seldom as any other of a contact, since who
    /// asks for how much, and where those devices are, is the contact's choice.
    pub(super) fn may_dial(&mut self, account: AccountId, now_ms: u64) -> bool {
        self.dialled.retain(|(at_ms, _)| now_ms.saturating_sub(*at_ms) < TAKE_BACK_DIALS_MS);
        let of_account = self.dialled.iter().filter(|(_, of)| *of == account).count();
        let room = of_account < usize::from(DIALS_A_MINUTE) && self.dialled.len() < TAKE_BACK_DIALS_MAX;
        if room {
            self.dialled.push((now_ms, account));
        }
        room
    }

    /// A device is gone: it answers nothing.
    pub(super) fn gone(&mut self, device: &DeviceId) {
        for asked in self.asked.values_mut() {
            asked.waiting.remove(device);
        }
    }

    /// A device of this account is connected: whether its answer is waited for from now on. No device answers for itself.
    pub(super) fn connected(&mut self, account: AccountId, device: DeviceId, now_ms: u64) -> bool {
        let mut ask = false;
        let of_others = self.asked.iter_mut().filter(|(about, _)| about.account == account && about.device != device);
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
        asked.answered(q.account, device(1), 11);
        assert_eq!(asked.is_over(&q, 11), Some(false), "one is there and silent");
        asked.answered(q.account, device(2), 11);
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
        asked.answered(q.account, q.device, 2);
        assert_eq!(asked.is_over(&q, 2), Some(false));
        assert!(asked.connected(q.account, device(1), 3));
    }

    #[test]
    fn an_answer_counts_until_the_next_offer_and_silence_for_a_few_seconds() {
        let (mut asked, q) = (Questions::default(), about(1, 9, 1));
        asked.begin(q, [device(1), device(2)].into(), 0);
        asked.answered(q.account, device(1), 100);
        asked.answered(q.account, device(2), 300);
        assert_eq!(asked.is_over(&q, 299 + TAKE_BACK_ANSWER_MS), Some(true));
        assert_eq!(asked.is_over(&q, 300 + TAKE_BACK_ANSWER_MS), None, "somebody may be revoked meanwhile");
        asked.begin(q, BTreeSet::new(), 10_000);
        assert_eq!(asked.is_over(&q, 10_000 + TAKE_BACKS_KEPT_MS - 1), Some(true));
        assert_eq!(asked.is_over(&q, 10_000 + TAKE_BACKS_KEPT_MS), None);
    }

    #[test]
    fn a_contact_makes_us_dial_eight_times_a_minute_and_all_of_them_not_without_end() {
        let mut asked = Questions::default();
        let dials = |asked: &mut Questions, account: u8, now_ms: u64| {
            (0..100).filter(|_| asked.may_dial(AccountId([account; 32]), now_ms)).count()
        };
        assert_eq!(dials(&mut asked, 1, 0), usize::from(DIALS_A_MINUTE));
        assert_eq!(dials(&mut asked, 1, TAKE_BACK_DIALS_MS), usize::from(DIALS_A_MINUTE));
        let all: usize = (2..200).map(|account| dials(&mut asked, account, TAKE_BACK_DIALS_MS)).sum();
        assert_eq!(all, TAKE_BACK_DIALS_MAX - usize::from(DIALS_A_MINUTE));
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
        assert_eq!(asked.asked.len(), TAKE_BACKS_OF_ONE_MAX + 1);
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
        assert_eq!(asked.asked.len(), TAKE_BACKS_ASKED_MAX);
        assert_eq!(asked.is_over(&late, 2), Some(false));
        assert_eq!(asked.is_over(&about(3, 1, 0), 2), None);
    }
}
