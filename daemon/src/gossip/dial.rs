//! Dials under way, and where the local network says devices are.

use std::collections::{HashMap, VecDeque};
use std::error::Error;
use std::fmt::Write as _;

use ahoy_protocol::ids::DeviceId;
use libp2p::swarm::DialError;
use libp2p::{Multiaddr, PeerId};

use super::address::{self, Ours};
use super::door::is_quic;
use crate::limits::network as limits;

/// One dial at a time a device.
#[derive(Debug, Default)]
pub(crate) struct Dials {
    map: HashMap<DeviceId, Dial>,
}

#[derive(Debug, Default)]
struct Dial {
    tried: Vec<Multiaddr>,
    /// Named while the dial was under way; dialled when it has failed.
    next: Vec<Multiaddr>,
    report: Report,
}

/// What shall be done about a device.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Dial these.
    Dial(Vec<Multiaddr>),
    /// A dial is under way.
    Wait,
    /// It has failed, with the report for people.
    Failed(String),
}

/// Each address and what happened, for people, bounded.
#[derive(Debug, Default)]
pub(crate) struct Report(String);

impl Report {
    /// One more line of it.
    pub(crate) fn add(&mut self, what: impl std::fmt::Display, happened: impl std::fmt::Display) {
        if self.0.len() >= limits::TRIED_CHARS {
            return;
        }
        let separator = if self.0.is_empty() { "" } else { "; " };
        // Writing to a string cannot fail.
        write!(self.0, "{separator}{what}: {happened}").unwrap_or_default();
    }
}

impl Dials {
    /// The core wants a connection; `addresses` may name anything.
    pub(crate) fn wanted(&mut self, device: DeviceId, peer: PeerId, addresses: Vec<Multiaddr>, ours: &Ours) -> Step {
        let mut report = Report::default();
        let mut good = good_addresses(addresses, peer, ours, &mut report);
        if let Some(dial) = self.map.get_mut(&device) {
            good.retain(|a| !dial.tried.contains(a) && !dial.next.contains(a));
            good.truncate(limits::ADDRESSES.saturating_sub(dial.next.len()));
            dial.next.extend(good);
            return Step::Wait;
        }
        if good.is_empty() {
            report.add("nothing to dial", "no address of this device is known that may be dialled");
            return Step::Failed(report.0);
        }
        if self.map.len() >= limits::DIALS {
            return Step::Failed("too many dials at once: try again".to_owned());
        }
        self.map.insert(device, Dial { tried: good.clone(), next: Vec::new(), report });
        Step::Dial(good)
    }

    /// The device is connected, whoever dialled.
    pub(crate) fn connected(&mut self, device: DeviceId) {
        self.map.remove(&device);
    }

    /// The dial has failed.
    pub(crate) fn failed(&mut self, device: DeviceId, error: &DialError) -> Step {
        let Some(mut dial) = self.map.remove(&device) else { return Step::Wait };
        describe(error, &mut dial.report);
        if dial.next.is_empty() {
            return Step::Failed(dial.report.0);
        }
        let next = std::mem::take(&mut dial.next);
        dial.tried.clone_from(&next);
        self.map.insert(device, dial);
        Step::Dial(next)
    }
}

/// Those that may be dialled, TCP first.
pub(super) fn good_addresses(
    addresses: Vec<Multiaddr>,
    peer: PeerId,
    ours: &Ours,
    report: &mut Report,
) -> Vec<Multiaddr> {
    let here = addresses.iter().filter_map(|a| address::on_this_machine(a, ours)).take(limits::ADDRESSES);
    let mut good: Vec<Multiaddr> = here.collect();
    good.dedup();
    for address in addresses {
        match address::check(&address, peer, ours) {
            Ok(bare) if good.contains(&bare) || good.len() >= limits::ADDRESSES => {}
            Ok(bare) => good.push(bare),
            Err(refusal) => report.add(&address, refusal),
        }
    }
    // The order of equals stays.
    good.sort_by_key(is_quic);
    good
}

fn describe(error: &DialError, report: &mut Report) {
    match error {
        DialError::Transport(tried) => {
            for (address, error) in tried {
                report.add(without_peer(address), root(error));
            }
        }
        DialError::WrongPeerId { address, .. } | DialError::LocalPeerId { address } => {
            report.add(without_peer(address), "another device answered");
        }
        DialError::Denied { .. } => report.add("not dialled", "too many connections"),
        DialError::NoAddresses | DialError::DialPeerConditionFalse(_) | DialError::Aborted => {
            report.add("not dialled", error);
        }
    }
}

/// An address without the device it names.
pub(crate) fn without_peer(address: &Multiaddr) -> Multiaddr {
    address.iter().filter(|part| !matches!(part, libp2p::multiaddr::Protocol::P2p(_))).collect()
}

/// The innermost error: what the system said.
fn root(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// Where mDNS has seen devices; the newest of both are kept.
#[derive(Debug, Default)]
pub(crate) struct Discovered {
    devices: VecDeque<(DeviceId, Vec<Multiaddr>)>,
}

impl Discovered {
    /// Seen here. All its addresses now.
    pub(crate) fn add(&mut self, device: DeviceId, address: Multiaddr) -> &[Multiaddr] {
        let known = self.devices.iter().position(|(d, _)| *d == device);
        let mut entry = known.and_then(|at| self.devices.remove(at)).unwrap_or((device, Vec::new()));
        entry.1.retain(|a| *a != address);
        if entry.1.len() >= limits::ADDRESSES {
            entry.1.remove(0);
        }
        entry.1.push(address);
        if self.devices.len() >= limits::DISCOVERED {
            self.devices.pop_front();
        }
        self.devices.push_back(entry);
        self.of(device)
    }

    /// No longer there.
    pub(crate) fn remove(&mut self, device: DeviceId, address: &Multiaddr) {
        for (_, addresses) in self.devices.iter_mut().filter(|(d, _)| *d == device) {
            addresses.retain(|a| a != address);
        }
        self.devices.retain(|(_, addresses)| !addresses.is_empty());
    }

    /// Where a device is.
    pub(crate) fn of(&self, device: DeviceId) -> &[Multiaddr] {
        self.devices.iter().find(|(d, _)| *d == device).map_or(&[], |(_, addresses)| addresses)
    }
}

#[cfg(test)]
mod tests;
