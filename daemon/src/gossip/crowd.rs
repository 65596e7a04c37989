//! A room that everybody may enter: when it is full, somebody of the most crowded source goes. So whoever fills it
//! from one address pushes out only itself, and needs no share of its own while nobody else wants one.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr};

use ahoy_protocol::core::input::Source as NumberedSource;

/// Where somebody comes from, as coarse as one who attacks gets addresses: an IPv4 address, an IPv6 network of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    /// Of IPv4.
    V4(Ipv4Addr),
    /// The first half of an IPv6 address.
    V6([u8; 8]),
    /// No IP address: this process.
    Memory,
}

impl Source {
    /// Of an address; IPv4 in IPv6 counts as IPv4.
    pub(crate) fn of(ip: Option<IpAddr>) -> Self {
        match ip.map(|ip| ip.to_canonical()) {
            Some(IpAddr::V4(ip)) => Self::V4(ip),
            Some(IpAddr::V6(ip)) => {
                let [a, b, c, d, e, f, g, h, ..] = ip.octets();
                Self::V6([a, b, c, d, e, f, g, h])
            }
            None => Self::Memory,
        }
    }

    /// As the core has it.
    pub(crate) fn number(self) -> NumberedSource {
        NumberedSource(match self {
            Self::V4(ip) => u64::from(ip.to_bits()),
            Self::V6(network) => u64::from_be_bytes(network),
            Self::Memory => 0,
        })
    }
}

/// The room; oldest first.
#[derive(Debug)]
pub(crate) struct Crowd<T> {
    room: usize,
    inside: VecDeque<(Source, T)>,
}

impl<T> Crowd<T> {
    /// An empty room for so many.
    pub(crate) fn new(room: usize) -> Self {
        Self { room, inside: VecDeque::new() }
    }

    /// Somebody enters; the oldest of the most crowded source, if they are too many now. Of equally crowded
    /// sources it is the one that came first.
    pub(crate) fn enter(&mut self, source: Source, one: T) -> Option<T> {
        self.inside.push_back((source, one));
        if self.inside.len() <= self.room {
            return None;
        }
        let mut counts: HashMap<Source, usize> = HashMap::new();
        for (source, _) in &self.inside {
            *counts.entry(*source).or_default() += 1;
        }
        let most = counts.values().max().copied()?;
        let oldest = self.inside.iter().position(|(source, _)| counts.get(source) == Some(&most))?;
        self.inside.remove(oldest).map(|(_, one)| one)
    }

    /// Whoever is meant leaves.
    pub(crate) fn leave(&mut self, is_meant: impl Fn(&T) -> bool) {
        self.inside.retain(|(_, one)| !is_meant(one));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(ip: &str) -> Source {
        Source::of(Some(ip.parse().unwrap()))
    }

    #[test]
    fn who_fills_the_room_pushes_out_only_itself() {
        let mut crowd = Crowd::new(4);
        let (loud, quiet) = (source("192.0.2.1"), source("192.0.2.2"));
        assert_eq!(crowd.enter(quiet, 0), None);
        let gone: Vec<i32> = (1..100).filter_map(|n| crowd.enter(loud, n)).collect();
        assert_eq!(gone, (1..97).collect::<Vec<_>>());
        assert_eq!(crowd.enter(quiet, 100), Some(97), "there is room for a second quiet one");
        crowd.leave(|one| *one == 98);
        assert_eq!(crowd.enter(quiet, 101), None);
    }

    #[test]
    fn the_newest_of_a_crowd_gets_in() {
        let mut crowd = Crowd::new(2);
        let one = source("127.0.0.1");
        assert_eq!([1, 2, 3, 4].map(|n| crowd.enter(one, n)), [None, None, Some(1), Some(2)]);
    }

    #[test]
    fn an_ipv6_network_is_one_source_and_mapped_addresses_are_ipv4() {
        assert_eq!(source("2001:db8:1:2::1"), source("2001:db8:1:2:ffff::9"));
        assert_ne!(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
        assert_ne!(source("192.0.2.1"), source("192.0.2.2"));
        assert_eq!(Source::of(None), Source::Memory);
    }
}
