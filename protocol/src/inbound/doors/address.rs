//! Addresses of candidates, and of whatever else is dialled because a peer said so.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ahoy_crypto::Check;

use crate::wire::bodies::Candidate;

/// Networks that are never talked to: this network, link-local, IETF, documentation, 6to4 relays, multicast, reserved,
/// and what clouds serve their machines' secrets from (RFC 6890 and the vendors).
const NEVER_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
    (Ipv4Addr::new(100, 100, 100, 200), 32),
    (Ipv4Addr::new(168, 63, 129, 16), 32),
];

/// The same for IPv6; then every form that carries an IPv4 address, whatever is inside. `::1` is local, not forbidden.
const NEVER_V6: &[(Ipv6Addr, u32)] = &[
    (Ipv6Addr::UNSPECIFIED, 128),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64),
    (Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), 128),
    (Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96),
    (Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96),
    (Ipv6Addr::UNSPECIFIED, 96),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32),
];

/// Networks of one machine.
const LOOPBACK_V4: &[(Ipv4Addr, u32)] = &[(Ipv4Addr::new(127, 0, 0, 0), 8)];

/// Networks of one house, company or carrier.
const PRIVATE_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
];

/// Unique local addresses.
const PRIVATE_V6: &[(Ipv6Addr, u32)] = &[(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7)];

/// Which local addresses may be used now. Both false: none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LocalAddresses {
    /// The contact's policy allows local candidates, and our libp2p connection to the device is loopback.
    pub loopback: bool,
    /// The contact's policy allows local candidates, and our connection to the device is private or in a subnet of ours.
    pub private: bool,
}

/// Lets a candidate through.
///
/// # Errors
/// 065, 066, 067.
pub fn candidate(candidate: &Candidate, allowed: LocalAddresses) -> Result<(), Check> {
    Check::PORT.refuse_if(candidate.port == 0)?;
    Check::FORBIDDEN_ADDRESS.refuse_if(is_forbidden(candidate.ip))?;
    let refused = match is_local(candidate.ip) {
        Some(Local::Loopback) => !allowed.loopback,
        Some(Local::Private) => !allowed.private,
        None => false,
    };
    Check::LOCAL_ADDRESS.refuse_if(refused)
}

/// How an address is local.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Local {
    /// This machine.
    Loopback,
    /// This house, company or carrier.
    Private,
}

/// An address that is never talked to, for whomever (066).
#[must_use]
pub fn is_forbidden(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_in_v4(ip, NEVER_V4),
        IpAddr::V6(ip) => ip != Ipv6Addr::LOCALHOST && is_in_v6(ip, NEVER_V6),
    }
}

/// An address that is talked to only where local ones are allowed (067).
#[must_use]
pub fn is_local(ip: IpAddr) -> Option<Local> {
    let (loopback, private) = match ip {
        IpAddr::V4(ip) => (is_in_v4(ip, LOOPBACK_V4), is_in_v4(ip, PRIVATE_V4)),
        IpAddr::V6(ip) => (ip == Ipv6Addr::LOCALHOST, is_in_v6(ip, PRIVATE_V6)),
    };
    match (loopback, private) {
        (true, _) => Some(Local::Loopback),
        (false, true) => Some(Local::Private),
        (false, false) => None,
    }
}

fn is_in_v4(ip: Ipv4Addr, networks: &[(Ipv4Addr, u32)]) -> bool {
    networks.iter().any(|(network, length)| {
        let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
        ip.to_bits() & mask == network.to_bits()
    })
}

fn is_in_v6(ip: Ipv6Addr, networks: &[(Ipv6Addr, u32)]) -> bool {
    networks.iter().any(|(network, length)| {
        let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
        ip.to_bits() & mask == network.to_bits()
    })
}
