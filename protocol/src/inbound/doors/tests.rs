//! Tests of the doors. What single addresses and descriptions do stands in the known answers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ahoy_crypto::Check;
use ahoy_crypto::hash::sha256;

use super::address::Local;
use super::{CandidateCount, LocalAddresses, RecordRate, RestartRate, candidate, description, is_forbidden, is_local};
use crate::ids::CallId;
use crate::limits::{DESCRIPTION_MAX_BYTES, RESTART_WINDOW_MS, VOICEMAIL_BYTES, VOICEMAIL_MS};
use crate::wire::bodies::Candidate;
use crate::wire::voicemail::{Announce, Message, Request};

const ALL: LocalAddresses = LocalAddresses { loopback: true, private: true };

fn at(ip: IpAddr, port: u16) -> Candidate {
    Candidate { kind: 0, protocol: 0, ip, port, priority: 1 }
}

fn v4(text: &str) -> IpAddr {
    IpAddr::V4(text.parse().expect("an IPv4 address"))
}

fn v6(text: &str) -> IpAddr {
    IpAddr::V6(text.parse().expect("an IPv6 address"))
}

/// First and last address of a network, and the ones beside it.
fn edges_v4(network: Ipv4Addr, length: u32) -> (Vec<Ipv4Addr>, Vec<Ipv4Addr>) {
    let first = network.to_bits();
    let last = first | u32::MAX.checked_shr(length).unwrap_or(0);
    let inside = vec![Ipv4Addr::from_bits(first), Ipv4Addr::from_bits(last)];
    let outside = [first.checked_sub(1), last.checked_add(1)].into_iter().flatten().map(Ipv4Addr::from_bits).collect();
    (inside, outside)
}

fn edges_v6(network: Ipv6Addr, length: u32) -> (Vec<Ipv6Addr>, Vec<Ipv6Addr>) {
    let first = network.to_bits();
    let last = first | u128::MAX.checked_shr(length).unwrap_or(0);
    let inside = vec![Ipv6Addr::from_bits(first), Ipv6Addr::from_bits(last)];
    let outside = [first.checked_sub(1), last.checked_add(1)].into_iter().flatten().map(Ipv6Addr::from_bits).collect();
    (inside, outside)
}

/// The networks as docs/wire.md writes them, read by this test itself.
const NEVER_V4: &str = "0/8, 169.254/16, 192.0.0/24, 192.0.2/24, 198.51.100/24, 203.0.113/24, 192.88.99/24, 224/4, \
    240/4, 100.100.100.200, 168.63.129.16";
const LOCAL_V4: &str = "127/8, 10/8, 172.16/12, 192.168/16, 100.64/10, 198.18/15";
const NEVER_V6: &str = "::, fe80::/10, fec0::/10, ff00::/8, 2001:db8::/32, 100::/64, fd00:ec2::254, fd20:ce::254, \
    ::ffff:0:0/96, ::ffff:0:0:0/96, 64:ff9b::/96, 64:ff9b:1::/48, 2002::/16, 2001::/32";

fn networks_v4(text: &str) -> Vec<(Ipv4Addr, u32)> {
    let network = |part: &str| {
        let (address, length) = part.trim().split_once('/').unwrap_or((part.trim(), "32"));
        let mut octets = [0u8; 4];
        for (octet, text) in octets.iter_mut().zip(address.split('.')) {
            *octet = text.parse().expect("an octet");
        }
        (Ipv4Addr::from(octets), length.parse().expect("a length"))
    };
    text.split(',').map(network).collect()
}

fn networks_v6(text: &str) -> Vec<(Ipv6Addr, u32)> {
    let network = |part: &str| {
        let (address, length) = part.trim().split_once('/').unwrap_or((part.trim(), "128"));
        (address.parse().expect("an address"), length.parse().expect("a length"))
    };
    text.split(',').map(network).collect()
}

#[test]
fn the_wire_document_names_these_networks() {
    let wire = include_str!("../../../../docs/wire.md").replace('\n', " ");
    for list in
        [NEVER_V4, LOCAL_V4, "fd00:ec2::254, fd20:ce::254", "64:ff9b::/96, 64:ff9b:1::/48, 2002::/16, 2001::/32"]
    {
        assert!(wire.contains(list), "not in docs/wire.md: {list}");
    }
}

#[test]
fn no_address_of_a_forbidden_network_passes() {
    for (network, length) in networks_v4(NEVER_V4) {
        for ip in edges_v4(network, length).0 {
            assert_eq!(candidate(&at(ip.into(), 9), ALL), Err(Check::FORBIDDEN_ADDRESS), "{ip}");
        }
    }
    for (network, length) in networks_v6(NEVER_V6) {
        for ip in edges_v6(network, length).0 {
            assert_eq!(candidate(&at(ip.into(), 9), ALL), Err(Check::FORBIDDEN_ADDRESS), "{ip}");
        }
    }
}

#[test]
fn the_neighbours_of_a_forbidden_network_are_judged_by_themselves() {
    let all = networks_v4(NEVER_V4);
    for (network, length) in &all {
        for ip in edges_v4(*network, *length).1 {
            let in_another = all.iter().any(|(n, l)| {
                let (first, last) = (n.to_bits(), n.to_bits() | u32::MAX.checked_shr(*l).unwrap_or(0));
                (first..=last).contains(&ip.to_bits())
            });
            assert_eq!(is_forbidden(ip.into()), in_another, "{ip}");
        }
    }
    for ip in ["fe7f:ffff::1", "2001:db9::1", "2001:1::1", "2003::1", "64:ff9b:2::1", "fd00:ec2::253", "101::1"] {
        assert!(!is_forbidden(v6(ip)), "{ip}");
    }
}

#[test]
fn ipv6_forms_of_ipv4_addresses_never_pass_whatever_is_inside() {
    for inside in [v4("8.8.8.8"), v4("10.0.0.1"), v4("127.0.0.1"), v4("169.254.169.254")] {
        let IpAddr::V4(inside) = inside else { panic!("IPv4") };
        let [a, b, c, d] = inside.octets();
        let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let forms = [
            inside.to_ipv6_mapped(),
            Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
            Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
        ];
        for ip in forms {
            assert_eq!(candidate(&at(ip.into(), 9), ALL), Err(Check::FORBIDDEN_ADDRESS), "{ip}");
        }
    }
}

#[test]
fn local_addresses_pass_only_where_they_are_allowed() {
    let none = LocalAddresses::default();
    let (loopback, private) = (LocalAddresses { loopback: true, ..none }, LocalAddresses { private: true, ..none });
    for ip in [v4("127.0.0.1"), v4("127.255.255.255"), v6("::1")] {
        assert_eq!(is_local(ip), Some(Local::Loopback));
        assert_eq!(candidate(&at(ip, 9), none), Err(Check::LOCAL_ADDRESS), "{ip}");
        assert_eq!(
            candidate(&at(ip, 9), private),
            Err(Check::LOCAL_ADDRESS),
            "{ip}: a private connection isn't loopback"
        );
        assert_eq!(candidate(&at(ip, 9), loopback), Ok(()), "{ip}");
    }
    let mut houses: Vec<IpAddr> = vec![v6("fc00::1"), v6("fdff:ffff::1")];
    for (network, length) in networks_v4(LOCAL_V4).into_iter().skip(1) {
        houses.extend(edges_v4(network, length).0.into_iter().map(IpAddr::V4));
    }
    for ip in houses {
        assert_eq!(is_local(ip), Some(Local::Private));
        assert_eq!(candidate(&at(ip, 9), none), Err(Check::LOCAL_ADDRESS), "{ip}");
        assert_eq!(candidate(&at(ip, 9), loopback), Err(Check::LOCAL_ADDRESS), "{ip}: loopback isn't the house");
        assert_eq!(candidate(&at(ip, 9), private), Ok(()), "{ip}");
    }
}

#[test]
fn public_addresses_need_no_permission() {
    for ip in [v4("1.1.1.1"), v4("172.32.0.1"), v4("100.128.0.1"), v6("2606:4700::1"), v6("2a00::1")] {
        assert_eq!(is_local(ip), None, "{ip}");
        assert_eq!(candidate(&at(ip, 1), LocalAddresses::default()), Ok(()), "{ip}");
    }
}

#[test]
fn port_zero_is_looked_at_before_the_address() {
    assert_eq!(candidate(&at(v4("0.0.0.0"), 0), ALL), Err(Check::PORT));
    assert_eq!(candidate(&at(v4("1.1.1.1"), 0), ALL), Err(Check::PORT));
}

#[test]
fn a_generation_takes_twenty_candidates() {
    let mut count = CandidateCount::default();
    for (link, generation) in [(1, 0), (1, 1), (2, 0)] {
        for _ in 0..20 {
            assert_eq!(count.take(link, generation), Ok(()), "a new link or generation starts anew");
        }
        assert_eq!(count.take(link, generation), Err(Check::CANDIDATES));
    }
}

#[test]
fn going_back_to_an_older_generation_brings_no_more_candidates() {
    let mut count = CandidateCount::default();
    assert_eq!(count.take(1, 1), Ok(()));
    for (link, generation) in [(1, 0), (0, 9)] {
        assert!(count.is_past(link, generation));
        assert_eq!(count.take(link, generation), Err(Check::CANDIDATES));
    }
    assert_eq!(count.take(1, 1), Ok(()), "the newest one goes on");
}

#[test]
fn a_minute_takes_six_restarts() {
    let mut rate = RestartRate::default();
    for second in 0..6 {
        assert_eq!(rate.take(second * 1000), Ok(()));
    }
    assert_eq!(rate.take(6_000), Err(Check::RESTARTS));
    assert_eq!(rate.take(RESTART_WINDOW_MS - 1), Err(Check::RESTARTS));
    assert_eq!(rate.take(RESTART_WINDOW_MS), Ok(()), "the first one is a minute old");
    assert_eq!(rate.take(RESTART_WINDOW_MS), Err(Check::RESTARTS), "the second one isn't");
}

#[test]
fn a_minute_takes_six_questions_about_recording() {
    let mut rate = RecordRate::default();
    for number in (u32::MAX - 2..=u32::MAX).chain(0..3) {
        assert_eq!(rate.take(number, 1_000), Ok(()));
        assert_eq!(rate.take(number, 1_000), Ok(()), "over the other way: it asks nothing");
    }
    assert_eq!(rate.take(3, 2_000), Err(Check::RECORD_REQUESTS));
    assert_eq!(rate.take(2, 2_000), Ok(()), "an old one");
    assert_eq!(rate.take(3, 1_000 + RESTART_WINDOW_MS), Ok(()), "the first ones are a minute old");
}

#[test]
fn a_clock_that_goes_back_frees_no_restart() {
    let mut rate = RestartRate::default();
    for _ in 0..6 {
        assert_eq!(rate.take(100_000), Ok(()));
    }
    assert_eq!(rate.take(0), Err(Check::RESTARTS));
}

/// The smallest description that passes.
fn sdp(more: &str) -> String {
    let fingerprint = vec!["AB"; 32].join(":");
    format!("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=fingerprint:sha-256 {fingerprint}\r\n{more}")
}

#[test]
fn a_description_passes_as_the_text_it_is() {
    let text = sdp("");
    assert_eq!(description(text.as_bytes()), Ok(text.as_str()));
    let mixed = text.replace("a=fingerprint", "a=FingerPrint").replace("sha-256", "SHA-256").replace("AB", "aB");
    assert_eq!(description(mixed.as_bytes()), Ok(mixed.as_str()));
}

#[test]
fn a_description_of_16_kib_passes_and_one_byte_more_does_not() {
    let short = sdp("");
    let mut lines = String::new();
    while short.len() + lines.len() + 400 < DESCRIPTION_MAX_BYTES {
        lines.push_str(&format!("a={}\r\n", "x".repeat(300)));
    }
    let rest = DESCRIPTION_MAX_BYTES - short.len() - lines.len() - 4;
    let full = format!("{short}{lines}a={}\r\n", "y".repeat(rest));
    assert_eq!(full.len(), DESCRIPTION_MAX_BYTES);
    assert!(description(full.as_bytes()).is_ok());
    let more = full.replacen("a=x", "a=xx", 1);
    assert_eq!(description(more.as_bytes()), Err(Check::SDP_BYTES));
}

#[test]
fn every_byte_outside_of_printable_ascii_is_refused() {
    for byte in (0..=u8::MAX).filter(|byte| !matches!(byte, 0x20..=0x7e | b'\r' | b'\n')) {
        let mut bytes = sdp("a=x\r\n").into_bytes();
        let place = bytes.len() - 3;
        bytes[place] = byte;
        assert_eq!(description(&bytes), Err(Check::SDP_BYTES), "{byte:#x}");
    }
}

#[test]
fn stray_line_ends_and_lines_without_a_type_are_refused() {
    for line in ["a=x\ry\r\n", "a=x\ny\r\n", "\r\n", "A=x\r\n", "=x\r\n", "a\r\n", "ab=x\r\n", " a=x\r\n", "1=x\r\n"] {
        assert_eq!(description(sdp(line).as_bytes()), Err(Check::SDP_LINES), "{line:?}");
    }
}

#[test]
fn one_to_eight_media_sections_pass() {
    let section = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n";
    for more in 0..=7 {
        assert!(description(sdp(&section.repeat(more)).as_bytes()).is_ok(), "{more} more");
    }
    assert_eq!(description(sdp(&section.repeat(8)).as_bytes()), Err(Check::SDP_MEDIA));
}

#[test]
fn every_fingerprint_must_be_a_sha_256() {
    let pairs = |count: usize, pair: &str| vec![pair; count].join(":");
    let others = [
        format!("a=fingerprint:sha-1 {}\r\n", pairs(20, "AB")),
        format!("a=fingerprint:sha-256 {}\r\n", pairs(31, "AB")),
        format!("a=fingerprint:sha-256 {}\r\n", pairs(33, "AB")),
        format!("a=fingerprint:sha-256 {}\r\n", pairs(32, "AG")),
        format!("a=fingerprint:sha-256 {}\r\n", pairs(32, "ABC")),
        format!("a=fingerprint:sha-256  {}\r\n", pairs(32, "AB")),
        format!("a=fingerprint:sha-256 {} \r\n", pairs(32, "AB")),
        "a=fingerprint:\r\n".to_owned(),
    ];
    for line in others {
        assert_eq!(description(sdp(&line).as_bytes()), Err(Check::SDP_FINGERPRINT), "{line}");
    }
    assert!(description(sdp(&format!("a=fingerprint:sha-256 {}\r\n", pairs(32, "01"))).as_bytes()).is_ok());
}

#[test]
fn candidates_never_come_inside_a_description() {
    for line in
        ["a=candidate:1 1 udp 1 1.2.3.4 9 typ host\r\n", "a=CANDIDATE:x\r\n", "a=Remote-Candidates:1 1.2.3.4 9\r\n"]
    {
        assert_eq!(description(sdp(line).as_bytes()), Err(Check::SDP_CANDIDATE), "{line}");
    }
    assert!(description(sdp("a=end-of-candidates\r\n").as_bytes()).is_ok());
}

fn announced() -> (Announce, Vec<u8>) {
    let bytes = Message { frame_ms: 20, packets: vec![vec![1], vec![2]] }.bytes();
    let (length, hash) = (u32::try_from(bytes.len()).unwrap(), sha256(&[&bytes]));
    (Announce { call: CallId([3; 16]), started_ms: 5, duration_ms: 40, bytes: length, hash }, bytes)
}

#[test]
fn a_request_about_messages_is_an_announcement_or_a_fetch_and_nothing_else() {
    let (announce, _) = announced();
    for good in [Request::Announce(announce), Request::Fetch(announce.call)] {
        assert_eq!(Request::read(&good.bytes()), Ok(good));
        for length in (0..70).filter(|length| *length != good.bytes().len()) {
            let mut other = good.bytes();
            other.resize(length, 0);
            assert_eq!(Request::read(&other), Err(Check::VOICEMAIL_REQUEST), "{length} bytes");
        }
    }
    let wrong = [
        Announce { duration_ms: 0, ..announce },
        Announce { duration_ms: VOICEMAIL_MS + 1, ..announce },
        Announce { bytes: 2, ..announce },
        Announce { bytes: VOICEMAIL_BYTES + 1, ..announce },
    ];
    for request in wrong {
        assert_eq!(Request::read(&Request::Announce(request).bytes()), Err(Check::VOICEMAIL_REQUEST), "{request:?}");
    }
}

#[test]
fn only_the_message_that_was_announced_passes() {
    let (announce, bytes) = announced();
    assert!(Message::check(&bytes, &announce).is_ok());
    for at in 0..bytes.len() {
        let mut other = bytes.clone();
        other[at] ^= 1;
        assert_eq!(Message::check(&other, &announce), Err(Check::VOICEMAIL), "byte {at}");
    }
    assert_eq!(Message::check(&bytes[..bytes.len() - 3], &announce), Err(Check::VOICEMAIL));
    assert_eq!(Message::check(&bytes, &Announce { duration_ms: 20, ..announce }), Err(Check::VOICEMAIL));
    assert_eq!(Message::check(&bytes, &Announce { bytes: announce.bytes + 1, ..announce }), Err(Check::VOICEMAIL));
}
