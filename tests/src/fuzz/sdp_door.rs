//! The doors before the media engine: descriptions and candidates, against what the standard library says of them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ahoy_protocol::inbound::doors::{LocalAddresses, candidate, description};
use ahoy_protocol::wire::bodies::{Candidate, Candidates, PairBody};
use ahoy_protocol::wire::codec::PairRead;

/// Byte 0 chooses: an even number makes the rest a description, an odd one the body of a pair frame with candidates,
/// with local addresses allowed by bits 1 and 2.
///
/// # Panics
/// If something passes that must not reach the media engine.
pub fn run(data: &[u8]) {
    let Some((what, rest)) = data.split_first() else { return };
    if what & 1 == 0 {
        sdp(rest);
    } else {
        let allowed = LocalAddresses { loopback: what & 2 != 0, private: what & 4 != 0 };
        if let Ok(PairBody::Candidates(body)) = PairRead::decode(4, rest).and_then(PairRead::into_body) {
            addresses(&body, allowed);
        }
    }
}

fn sdp(bytes: &[u8]) {
    let Ok(text) = description(bytes) else { return };
    assert_eq!(text.as_bytes(), bytes, "it passes as it is or not at all");
    assert!(bytes.len() <= 16_384 && text.ends_with("\r\n") && text.is_ascii());
    assert!(text.chars().all(|letter| !letter.is_control() || matches!(letter, '\r' | '\n')));
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.len() <= 256);
    assert!((1..=8).contains(&lines.iter().filter(|line| line.starts_with("m=")).count()));
    let lower = text.to_ascii_lowercase();
    assert!(lower.contains("\na=fingerprint:sha-256 ") || lower.starts_with("a=fingerprint:sha-256 "));
    for line in lower.lines() {
        assert!(!line.contains(['\r', '\n']) && line.as_bytes().get(1) == Some(&b'='), "{line}");
        assert!(!line.starts_with("a=candidate") && !line.starts_with("a=remote-candidates"), "{line}");
        if let Some(value) = line.strip_prefix("a=fingerprint:") {
            let hex = value.strip_prefix("sha-256 ").expect("no other hash").replace(':', "");
            assert!(hex.len() == 64 && hex.bytes().all(|digit| digit.is_ascii_hexdigit()), "{line}");
        }
    }
}

fn addresses(body: &Candidates, allowed: LocalAddresses) {
    for one in &body.list {
        if candidate(one, allowed).is_ok() {
            let Candidate { ip, port, .. } = *one;
            assert_ne!(port, 0);
            let (bad, loopback, private) = match ip {
                IpAddr::V4(ip) => (never_v4(ip), ip.is_loopback(), ip.is_private()),
                IpAddr::V6(ip) => (never_v6(ip), ip.is_loopback(), ip.is_unique_local()),
            };
            assert!(!bad, "{ip} must never be talked to");
            assert!(allowed.loopback || !loopback, "{ip} without permission");
            assert!(allowed.private || !private, "{ip} without permission");
        }
    }
}

fn never_v4(ip: Ipv4Addr) -> bool {
    let metadata = [Ipv4Addr::new(169, 254, 169, 254), Ipv4Addr::new(100, 100, 100, 200)];
    ip.is_unspecified()
        || ip.is_broadcast()
        || ip.is_multicast()
        || ip.is_link_local()
        || ip.is_documentation()
        || ip.octets()[0] == 0
        || ip.octets()[0] >= 240
        || metadata.contains(&ip)
}

fn never_v6(ip: Ipv6Addr) -> bool {
    let carries_v4 = ip.to_ipv4_mapped().is_some() || (ip.to_ipv4().is_some() && !ip.is_loopback());
    ip.is_unspecified() || ip.is_multicast() || ip.is_unicast_link_local() || carries_v4 || ip.segments()[0] == 0x2002
}
