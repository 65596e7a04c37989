//! Checks that need no call state: junk dies here, before gossipsub keeps or forwards a byte of it.
//!
//! They run inside gossipsub, as its data transform, which is the only place ahead of its caches.
//! A transform isn't told whose message it reads, so the gate says it just before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use ahoy_crypto::Check;
use ahoy_protocol::wire::envelope::{Type, classify};
use libp2p::PeerId;
use libp2p::gossipsub::{DataTransform, Message, RawMessage, TopicHash};

use super::bucket::Bucket;
use super::counters::Counters;
use crate::limits::network as limits;

/// The checks of one driver; clones share everything.
#[derive(Clone, Debug)]
pub(crate) struct FirstChecks {
    counters: Arc<Counters>,
    rates: Arc<Mutex<Rates>>,
}

#[derive(Debug, Default)]
struct Rates {
    reading: Option<PeerId>,
    budgets: HashMap<PeerId, Budgets>,
}

/// What one peer may send.
#[derive(Clone, Copy, Debug)]
struct Budgets {
    messages: Bucket,
    /// Envelopes for the inbox among them: each may cost a Diffie-Hellman, and the core's budget for those is shared
    /// by all contacts.
    inbox: Bucket,
    subscriptions: Bucket,
}

impl Budgets {
    fn new(now: Instant) -> Self {
        Self {
            messages: Bucket::new(limits::MESSAGE_BURST, limits::MESSAGES_PER_SECOND, now),
            inbox: Bucket::new(limits::INBOX_BURST, limits::INBOX_PER_SECOND, now),
            subscriptions: Bucket::new(limits::SUBSCRIPTION_BURST, limits::SUBSCRIPTIONS_PER_SECOND, now),
        }
    }

    fn are_full(&mut self, now: Instant) -> bool {
        [&mut self.messages, &mut self.inbox, &mut self.subscriptions].into_iter().all(|bucket| bucket.is_full(now))
    }
}

impl FirstChecks {
    /// Nothing has been read yet.
    #[must_use]
    pub(crate) fn new(counters: Arc<Counters>) -> Self {
        Self { counters, rates: Arc::default() }
    }

    /// What is read from now on came through this peer; through nobody, after that.
    pub(crate) fn reads(&self, peer: Option<PeerId>) {
        self.rates.lock().unwrap_or_else(PoisonError::into_inner).reading = peer;
    }

    /// Who is being read may begin or cease to hold another topic; if nobody is, it is we ourselves.
    pub(crate) fn may_subscribe(&self, now: Instant) -> bool {
        let may = self.is_own() || self.take(now, |budgets| budgets.subscriptions.take(now));
        if !may {
            self.counters.subscriptions_over_rate.add();
        }
        may
    }

    fn is_own(&self) -> bool {
        self.rates.lock().unwrap_or_else(PoisonError::into_inner).reading.is_none()
    }

    fn take(&self, now: Instant, bucket: impl FnOnce(&mut Budgets) -> bool) -> bool {
        self.rates.lock().unwrap_or_else(PoisonError::into_inner).budgets(now).is_some_and(bucket)
    }

    fn pass(&self, data: &[u8], now: Instant) -> Result<(), &'static str> {
        if !self.take(now, |budgets| budgets.messages.take(now)) {
            self.counters.over_rate.add();
            return Err("too many messages");
        }
        let kind = classify(data).map_err(|check| {
            let count = match check {
                Check::LENGTH => &self.counters.bad_length,
                Check::VERSION => &self.counters.bad_version,
                // 003; `classify` knows no other.
                _ => &self.counters.bad_type,
            };
            count.add();
            "junk"
        })?;
        if kind == Type::Inbox && !self.take(now, |budgets| budgets.inbox.take(now)) {
            self.counters.inbox_over_rate.add();
            return Err("too many envelopes for the inbox");
        }
        Ok(())
    }
}

impl Rates {
    /// Of the peer that is being read; none if there are too many peers.
    fn budgets(&mut self, now: Instant) -> Option<&mut Budgets> {
        let peer = self.reading?;
        if !self.budgets.contains_key(&peer) && self.budgets.len() >= limits::RATED_PEERS {
            self.budgets.retain(|_, budgets| !budgets.are_full(now));
            if self.budgets.len() >= limits::RATED_PEERS {
                return None;
            }
        }
        Some(self.budgets.entry(peer).or_insert_with(|| Budgets::new(now)))
    }
}

impl DataTransform for FirstChecks {
    fn inbound_transform(&self, raw: RawMessage) -> Result<Message, std::io::Error> {
        self.pass(&raw.data, Instant::now()).map_err(std::io::Error::other)?;
        Ok(Message { source: raw.source, data: raw.data, sequence_number: raw.sequence_number, topic: raw.topic })
    }

    fn outbound_transform(&self, _topic: &TopicHash, data: Vec<u8>) -> Result<Vec<u8>, std::io::Error> {
        Ok(data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(version: u8, kind: u8, length: usize) -> Vec<u8> {
        let mut data = vec![0; length];
        data[0] = version;
        data[1] = kind;
        data
    }

    #[test]
    fn one_peer_cannot_use_up_the_rate_of_another() {
        let checks = FirstChecks::new(Arc::default());
        let (loud, quiet) = (PeerId::random(), PeerId::random());
        let now = Instant::now();
        let good = message(1, 0x31, 256);
        checks.reads(Some(loud));
        let passed = (0..1000).filter(|_| checks.pass(&good, now).is_ok()).count();
        assert_eq!(passed, limits::MESSAGE_BURST as usize);
        assert_eq!(checks.counters.over_rate.get(), 1000 - u64::from(limits::MESSAGE_BURST));
        checks.reads(Some(quiet));
        assert!(checks.pass(&good, now).is_ok());
    }

    #[test]
    fn one_peer_cannot_use_up_the_budget_of_the_inbox() {
        let checks = FirstChecks::new(Arc::default());
        let now = Instant::now();
        checks.reads(Some(PeerId::random()));
        let passed = (0..200).filter(|_| checks.pass(&message(1, 0x11, 1024), now).is_ok()).count();
        assert_eq!(passed, limits::INBOX_BURST as usize);
        assert_eq!(checks.counters.inbox_over_rate.get(), 200 - u64::from(limits::INBOX_BURST));
        assert!(checks.pass(&message(1, 0x31, 256), now).is_ok(), "other messages still pass");
    }

    #[test]
    fn subscriptions_have_a_budget_of_their_own() {
        let checks = FirstChecks::new(Arc::default());
        let now = Instant::now();
        checks.reads(Some(PeerId::random()));
        let mut hellos = 0..2 * limits::TOPICS_PER_PEER;
        assert!(hellos.all(|_| checks.may_subscribe(now)), "all topics, and again after a new connection");
        assert!(!checks.may_subscribe(now));
        assert_eq!(checks.counters.subscriptions_over_rate.get(), 1);
        assert!(checks.pass(&message(1, 0x31, 256), now).is_ok());
        checks.reads(None);
        assert!(checks.may_subscribe(now), "our own are no peer's business");
    }

    #[test]
    fn a_crowd_of_peers_does_not_grow_the_memory() {
        let checks = FirstChecks::new(Arc::default());
        let now = Instant::now();
        for _ in 0..limits::RATED_PEERS + 10 {
            checks.reads(Some(PeerId::random()));
            checks.pass(&message(1, 0x31, 256), now).unwrap_or_default();
        }
        assert_eq!(checks.rates.lock().unwrap().budgets.len(), limits::RATED_PEERS);
    }

    #[test]
    fn junk_is_counted_by_its_check() {
        let checks = FirstChecks::new(Arc::default());
        checks.reads(Some(PeerId::random()));
        let now = Instant::now();
        assert!(checks.pass(&[], now).is_err());
        assert!(checks.pass(&message(3, 0x31, 256), now).is_err());
        assert!(checks.pass(&message(1, 0x21, 256), now).is_err());
        let counts = &checks.counters;
        assert_eq!((counts.bad_length.get(), counts.bad_version.get(), counts.bad_type.get()), (1, 1, 1));
    }

    #[test]
    fn of_every_length_only_the_sizes_of_messages_pass() {
        let (checks, sizes) = (FirstChecks::new(Arc::default()), [256, 512, 1024, 2048, 4096]);
        let mut now = Instant::now();
        checks.reads(Some(PeerId::random()));
        let mut passed = 0;
        for fill in [0x00, 0x01, 0x11, 0x5a, 0xff] {
            for length in 0..=16_384 {
                // So slowly that the rate refuses nothing.
                now += std::time::Duration::from_secs(1);
                let mut data = vec![fill; length];
                for (place, byte) in [1, 0x31].into_iter().enumerate().take(length) {
                    data[place] = byte;
                }
                assert_eq!(checks.pass(&data, now).is_ok(), sizes.contains(&length), "{length} bytes");
                passed += usize::from(sizes.contains(&length));
            }
        }
        assert_eq!(passed, 25);
        assert_eq!(checks.counters.bad_length.get(), 5 * 16_385 - 25);
        assert_eq!(checks.counters.over_rate.get(), 0);
    }
}
