//! Checks that need no call state: junk dies here, before gossipsub keeps or forwards a byte of it.
//!
//! They run inside gossipsub, as its data transform, which is the only place ahead of its caches.
//! A transform isn't told whose message it reads, so the gate says it just before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use libp2p::PeerId;
use libp2p::gossipsub::{DataTransform, Message, RawMessage, TopicHash};

use super::bucket::Bucket;
use super::counters::Counters;
use super::limits;

/// Why a message dies (wire.md 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Junk {
    /// CHK-001: length in {256, 512, 1024, 2048, 4096}.
    Length,
    /// CHK-002: byte 0 = 01.
    Version,
    /// CHK-003: byte 1 is a known type, and the length one of its sizes.
    Type,
}

/// CHK-001..003, in this order.
///
/// # Errors
/// The first that fails.
pub(crate) fn check_head(data: &[u8]) -> Result<(), Junk> {
    let length = data.len();
    if !matches!(length, 256 | 512 | 1024 | 2048 | 4096) {
        return Err(Junk::Length);
    }
    match data {
        [0x01, 0x11, ..] if length >= 1024 => Ok(()),
        [0x01, 0x21, ..] if length == 512 => Ok(()),
        [0x01, 0x31 | 0x41, ..] => Ok(()),
        [0x01, ..] => Err(Junk::Type),
        _ => Err(Junk::Version),
    }
}

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
        check_head(data).map_err(|junk| {
            let count = match junk {
                Junk::Length => &self.counters.bad_length,
                Junk::Version => &self.counters.bad_version,
                Junk::Type => &self.counters.bad_type,
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
    fn each_type_passes_with_its_sizes_only() {
        for (kind, sizes) in [
            (0x11, &[1024, 2048, 4096][..]),
            (0x21, &[512]),
            (0x31, &[256, 512, 1024, 2048, 4096]),
            (0x41, &[256, 512, 1024, 2048, 4096]),
        ] {
            for length in [256, 512, 1024, 2048, 4096] {
                let expected = if sizes.contains(&length) { Ok(()) } else { Err(Junk::Type) };
                assert_eq!(check_head(&message(1, kind, length)), expected, "type {kind:x}, {length} bytes");
            }
        }
    }

    #[test]
    fn the_first_failing_check_names_the_junk() {
        assert_eq!(check_head(&[]), Err(Junk::Length));
        assert_eq!(check_head(&message(2, 0x99, 255)), Err(Junk::Length));
        assert_eq!(check_head(&message(1, 0x31, 8192)), Err(Junk::Length));
        assert_eq!(check_head(&message(0, 0x99, 256)), Err(Junk::Version));
        assert_eq!(check_head(&message(1, 0x12, 1024)), Err(Junk::Type));
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
