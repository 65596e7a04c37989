//! The topics of our two inboxes that we hold now: today's, and a neighbour's near the turn of the day.

use std::collections::BTreeMap;

use ahoy_crypto::inbox::Inbox;

use crate::topic::Topic;

/// What is needed to open envelopes of an inbox topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HeldInbox {
    /// Key of the outer MAC.
    pub(super) hint_key: [u8; 32],
    /// The token's day, bound into every envelope.
    pub(super) day: u32,
    /// It is the inbox of our cards, which strangers know.
    pub(super) card: bool,
}

/// Both inboxes.
pub(super) struct Inboxes {
    card: Inbox,
    contact: Inbox,
    /// The contacts' one before this, while they learn of it, and until when, Unix seconds.
    former: Option<(Inbox, u64)>,
    held: BTreeMap<Topic, HeldInbox>,
}

impl Inboxes {
    pub(super) fn new([card, contact]: [Inbox; 2]) -> Self {
        Self { card, contact, former: None, held: BTreeMap::new() }
    }

    /// The tokens are others from now on: `turn` says what that means for topics.
    pub(super) fn replace(&mut self, [card, contact]: [Inbox; 2]) {
        (self.card, self.contact, self.former) = (card, contact, None);
    }

    /// The contacts' inbox up to now is held until then as well.
    pub(super) fn keep_former(&mut self, former: Inbox, until_s: u64) {
        self.former = Some((former, until_s));
    }

    /// Topics to hold from now on, and those to leave.
    pub(super) fn turn(&mut self, now_s: u64) -> (Vec<Topic>, Vec<Topic>) {
        let mut held = BTreeMap::new();
        self.former = self.former.take().filter(|(_, until_s)| *until_s > now_s);
        let former = self.former.as_ref().map(|(inbox, _)| (inbox, false));
        for (inbox, card) in former.into_iter().chain([(&self.card, true), (&self.contact, false)]) {
            for day in inbox.held_days(now_s) {
                let facts = HeldInbox { hint_key: inbox.hint_key(day), day, card };
                held.insert(Topic(inbox.topic(day)), facts);
            }
        }
        let new = held.keys().filter(|topic| !self.held.contains_key(topic)).copied().collect();
        let old = self.held.keys().filter(|topic| !held.contains_key(topic)).copied().collect();
        self.held = held;
        (new, old)
    }

    /// When `turn` has something to do next, Unix seconds.
    pub(super) fn next_turn_s(&self, now_s: u64) -> u64 {
        let next_s = self.card.next_change_s(now_s).min(self.contact.next_change_s(now_s));
        let former = self.former.as_ref().map(|(inbox, until_s)| inbox.next_change_s(now_s).min(*until_s));
        former.map_or(next_s, |former_s| next_s.min(former_s))
    }

    /// The inbox behind a topic.
    pub(super) fn get(&self, topic: &Topic) -> Option<&HeldInbox> {
        self.held.get(topic)
    }

    /// Keys that a prekey request may prove its knowledge of a token by.
    pub(super) fn hint_keys(&self) -> Vec<[u8; 32]> {
        self.held.values().map(|held| held.hint_key).collect()
    }
}

#[cfg(test)]
mod tests {
    use ahoy_crypto::Secret;

    use super::*;

    const DAY_S: u64 = 86_400;

    fn inboxes() -> Inboxes {
        Inboxes::new([1, 2].map(|token| Inbox::new(&Secret::new([token; 32]))))
    }

    #[test]
    fn both_inboxes_are_held_and_told_apart() {
        let mut inboxes = inboxes();
        let (new, old) = inboxes.turn(20_000 * DAY_S);
        assert!(new.len() >= 2 && old.is_empty());
        let cards = new.iter().filter(|topic| inboxes.get(topic).unwrap().card).count();
        assert!(cards >= 1 && cards < new.len());
    }

    #[test]
    fn a_former_inbox_is_held_until_its_time_is_over() {
        let mut inboxes = inboxes();
        let now_s = 20_000 * DAY_S + DAY_S / 2;
        inboxes.turn(now_s);
        let before = inboxes.held.clone();
        inboxes.replace([1, 3].map(|token| Inbox::new(&Secret::new([token; 32]))));
        inboxes.keep_former(Inbox::new(&Secret::new([2; 32])), now_s + 60);
        let (_, gone) = inboxes.turn(now_s);
        assert!(gone.is_empty() && before.keys().all(|topic| inboxes.get(topic).is_some()));
        assert!(inboxes.next_turn_s(now_s) <= now_s + 60);
        let (_, gone) = inboxes.turn(now_s + 60);
        let contacts = before.iter().filter(|(_, held)| !held.card).count();
        assert_eq!(gone.len(), contacts);
    }

    #[test]
    fn nothing_changes_until_the_time_that_was_named() {
        let mut inboxes = inboxes();
        let mut now_s = 20_000 * DAY_S;
        inboxes.turn(now_s);
        let mut changes = 0;
        for _ in 0..18 {
            let next_s = inboxes.next_turn_s(now_s);
            assert!(next_s > now_s);
            assert_eq!(inboxes.turn(next_s - 1), (Vec::new(), Vec::new()));
            let (new, old) = inboxes.turn(next_s);
            changes += usize::from(!new.is_empty()) + usize::from(!old.is_empty());
            now_s = next_s;
        }
        // Of the three moments of a day the turn itself changes nothing: both days are held around it.
        assert_eq!(changes, 12);
    }

    #[test]
    fn a_topic_is_held_two_hours_before_and_after_its_day() {
        let mut inboxes = inboxes();
        let mut seen: BTreeMap<Topic, (u64, u64)> = BTreeMap::new();
        let start_s = 20_000 * DAY_S;
        for quarter in 0..(4 * 24 * 4) {
            let now_s = start_s + quarter * 900;
            inboxes.turn(now_s);
            for topic in inboxes.held.keys() {
                seen.entry(*topic).or_insert((now_s, now_s)).1 = now_s;
            }
        }
        let whole = seen.values().map(|(from, to)| to - from).max().unwrap();
        assert!((28 * 3600 - 900..=28 * 3600).contains(&whole), "{whole}");
    }
}
