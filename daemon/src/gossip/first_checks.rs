//! Checks that need no call state: junk dies here, before gossipsub keeps or forwards a byte of it.
//!
//! They run inside gossipsub, as its data transform, which is the only place ahead of its caches.
//! A transform isn't told whose message it reads, so the gate says it just before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use ahoy_crypto::Check;
use ahoy_protocol::wire::envelope::classify;
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
    buckets: HashMap<PeerId, Bucket>,
}

impl FirstChecks {
    /// Nothing has been read yet.
    #[must_use]
    pub(crate) fn new(counters: Arc<Counters>) -> Self {
        Self { counters, rates: Arc::default() }
    }

    /// The messages read from now on came through this peer.
    pub(crate) fn reads(&self, peer: PeerId) {
        self.rates.lock().unwrap_or_else(PoisonError::into_inner).reading = Some(peer);
    }

    fn pass(&self, data: &[u8], now: Instant) -> Result<(), &'static str> {
        let within_rate = self.rates.lock().unwrap_or_else(PoisonError::into_inner).take(now);
        if !within_rate {
            self.counters.over_rate.add();
            return Err("too many messages");
        }
        classify(data).map(drop).map_err(|check| {
            let count = match check {
                Check::LENGTH => &self.counters.bad_length,
                Check::VERSION => &self.counters.bad_version,
                // 003; `classify` knows no other.
                _ => &self.counters.bad_type,
            };
            count.add();
            "junk"
        })
    }
}

impl Rates {
    fn take(&mut self, now: Instant) -> bool {
        let Some(peer) = self.reading else { return false };
        if !self.buckets.contains_key(&peer) && self.buckets.len() >= limits::RATED_PEERS {
            self.buckets.retain(|_, bucket| !bucket.is_full(now));
            if self.buckets.len() >= limits::RATED_PEERS {
                return false;
            }
        }
        let full = Bucket::new(limits::MESSAGE_BURST, limits::MESSAGES_PER_SECOND, now);
        self.buckets.entry(peer).or_insert(full).take(now)
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
        checks.reads(loud);
        let passed = (0..1000).filter(|_| checks.pass(&good, now).is_ok()).count();
        assert_eq!(passed, limits::MESSAGE_BURST as usize);
        assert_eq!(checks.counters.over_rate.get(), 1000 - u64::from(limits::MESSAGE_BURST));
        checks.reads(quiet);
        assert!(checks.pass(&good, now).is_ok());
    }

    #[test]
    fn a_crowd_of_peers_does_not_grow_the_memory() {
        let checks = FirstChecks::new(Arc::default());
        let now = Instant::now();
        for _ in 0..limits::RATED_PEERS + 10 {
            checks.reads(PeerId::random());
            checks.pass(&message(1, 0x31, 256), now).unwrap_or_default();
        }
        assert_eq!(checks.rates.lock().unwrap().buckets.len(), limits::RATED_PEERS);
    }

    #[test]
    fn junk_is_counted_by_its_check() {
        let checks = FirstChecks::new(Arc::default());
        checks.reads(PeerId::random());
        let now = Instant::now();
        assert!(checks.pass(&[], now).is_err());
        assert!(checks.pass(&message(3, 0x31, 256), now).is_err());
        assert!(checks.pass(&message(1, 0x21, 256), now).is_err());
        let counts = &checks.counters;
        assert_eq!((counts.bad_length.get(), counts.bad_version.get(), counts.bad_type.get()), (1, 1, 1));
    }
}
