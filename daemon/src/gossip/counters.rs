//! What the network driver counts; read by metrics. Everything refused is here.

use std::sync::atomic::{AtomicU64, Ordering};

use ahoy_media::tasks::Tasks;

/// One count that only rises.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// One more.
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// So far.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a driver has now.
#[derive(Debug, Default)]
pub struct Levels {
    topics: AtomicU64,
    /// The driver's task.
    pub driver: Tasks,
    /// The tasks of connections.
    pub connections: Tasks,
}

impl Levels {
    /// We are subscribed to so many topics.
    pub(super) fn set_topics(&self, now: usize) {
        self.topics.store(u64::try_from(now).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Topics we are subscribed to.
    #[must_use]
    pub fn topics(&self) -> u64 {
        self.topics.load(Ordering::Relaxed)
    }
}

/// One count at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Its name, in snake case.
    pub name: &'static str,
    /// What was counted, a sentence.
    pub help: &'static str,
    /// So far.
    pub value: u64,
}

macro_rules! counters {
    ($(#[doc = $help:literal] $name:ident,)+) => {
        /// All counts of one network driver.
        #[derive(Debug, Default)]
        pub struct Counters {
            $(#[doc = $help] pub $name: Count,)+
            /// What there is now.
            pub levels: Levels,
        }

        impl Counters {
            /// Every count now, in the order of their declaration.
            #[must_use]
            pub fn snapshot(&self) -> Vec<Counted> {
                vec![$(Counted { name: stringify!($name), help: $help.trim_ascii_start(), value: self.$name.get() }),+]
            }
        }
    };
}

counters! {
    /// Messages handed to the core.
    sealed,
    /// CHK-001: the length is none of the five.
    bad_length,
    /// CHK-002: the first byte isn't 01.
    bad_version,
    /// CHK-003: the type is unknown or hasn't this size.
    bad_type,
    /// Messages of peers that send too many.
    over_rate,
    /// Inbox envelopes of peers that send too many of them: each may cost a Diffie-Hellman.
    inbox_over_rate,
    /// Subscription changes of peers that send too many of them.
    subscriptions_over_rate,
    /// Times that nothing was read from a peer for a while because it sent too many gossip packets.
    peers_held,
    /// Messages that the core had no room for.
    core_full,
    /// Messages that gossipsub took for publication.
    published,
    /// Publications that found no subscriber in time, or no room to wait.
    unsent,
    /// Publications that the transport's queues had no room for, or that were too large.
    refused,
    /// Topics that we could not hold: over the bound.
    topics_refused,
    /// Prekey requests that were passed to the core.
    prekey_requests,
    /// Prekey requests met with silence because of their rate or number.
    prekey_over_rate,
    /// Dials.
    dials,
    /// Dials that failed.
    dials_failed,
    /// Connections of strangers that were closed for newer ones.
    strangers_dropped,
    /// Connections that others opened, encrypted.
    incoming,
    /// Those over QUIC among them.
    incoming_quic,
    /// Connections that were given up before they were encrypted, for newer ones.
    handshakes_dropped,
    /// Connections of others that came to nothing: limits, time, no key.
    incoming_failed,
    /// Signs of life asked for.
    pulses,
    /// And given.
    pulses_answered,
    /// Peers that no longer answered.
    vanished,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_has_every_count_with_its_name_and_meaning() {
        let counters = Counters::default();
        counters.bad_length.add();
        counters.bad_length.add();
        let all = counters.snapshot();
        let help = "CHK-001: the length is none of the five.";
        assert!(all.contains(&Counted { name: "bad_length", help, value: 2 }), "{all:?}");
        assert_eq!(all.iter().map(|counted| counted.value).sum::<u64>(), 2);
    }
}
