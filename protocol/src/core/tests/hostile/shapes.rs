//! How good bodies are damaged.

use std::net::{IpAddr, Ipv6Addr};

use super::bodies;
use super::mallory::{Mallory, Talk};
use crate::core::Core;
use crate::sim::dice::Dice;
use crate::wire::bodies::{
    Candidate, Candidates, CtlBody, Description, Flags, Hello, LinkGeneration, Offer, PairBody, Purpose, Reason,
    SdpKind, Status, Verdict,
};
use crate::wire::codec::AnyKind;
use crate::wire::ctl;

/// Addresses that nobody may make us talk to, and some that are fine.
pub(super) const ADDRESSES: [&str; 24] = [
    "127.0.0.1",
    "127.255.255.255",
    "0.0.0.0",
    "10.0.0.1",
    "192.168.1.1",
    "172.16.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "100.100.100.200",
    "168.63.129.16",
    "224.0.0.251",
    "239.255.255.250",
    "255.255.255.255",
    "240.0.0.1",
    "9.9.9.9",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:9.9.9.9",
    "fe80::1",
    "ff02::fb",
    "fd00:ec2::254",
    "2002:7f00:1::",
    "2a00::1",
];

/// Lines that a description must not have, or may have but shouldn't matter.
pub(super) const LINES: [&str; 12] = [
    "a=candidate:1 1 udp 1 169.254.169.254 80 typ host",
    "a=remote-candidates:1 127.0.0.1 22",
    "a=fingerprint:sha-1 AB:CD",
    "a=fingerprint:sha-256 00",
    "m=video 9 UDP/TLS/RTP/SAVPF 96",
    "a=rtpmap:0 PCMU/8000",
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA",
    "no line at all",
    "a=\0",
    "A=x",
    "",
    "a=x\n",
];

/// Changes one to three places: bits, bytes, lengths.
pub(super) fn damage(bytes: &mut Vec<u8>, dice: &mut Dice) {
    for _ in 0..=dice.below(3) {
        let place = dice.below(bytes.len() + 1).min(bytes.len().saturating_sub(1));
        match dice.below(8) {
            0..4 => {
                if let Some(byte) = bytes.get_mut(place) {
                    *byte ^= 1 << dice.below(8);
                }
            }
            4 => {
                if let Some(byte) = bytes.get_mut(place) {
                    *byte = dice.draw() as u8;
                }
            }
            5 => bytes.truncate(place),
            6 => bytes.insert(place, dice.draw() as u8),
            _ => {
                let end = (place + dice.below(8)).min(bytes.len());
                let piece = bytes[place..end].to_vec();
                bytes.splice(place..place, piece);
            }
        }
    }
    bytes.truncate(1_500);
}

/// Flips bits of what stands before the body of an envelope, or of its padding.
pub(super) fn damage_head(payload: &mut [u8], dice: &mut Dice) {
    let end = if dice.once_in(4) { payload.len() } else { 180 };
    payload[dice.below(end)] ^= 1 << dice.below(8);
}

fn address(dice: &mut Dice) -> IpAddr {
    match dice.below(8) {
        0 => IpAddr::from((dice.draw() as u32).to_be_bytes()),
        1 => IpAddr::V6(Ipv6Addr::from_bits(u128::from(dice.draw()) << 64 | u128::from(dice.draw()))),
        _ => ADDRESSES[dice.below(ADDRESSES.len())].parse().unwrap(),
    }
}

fn candidates(dice: &mut Dice) -> PairBody {
    let candidate = |dice: &mut Dice| Candidate {
        kind: dice.below(4) as u8,
        protocol: dice.below(2) as u8,
        ip: address(dice),
        port: if dice.once_in(10) { 0 } else { dice.draw() as u16 },
        priority: dice.draw() as u32,
    };
    let list = (0..=dice.below(20)).map(|_| candidate(dice)).collect();
    PairBody::Candidates(Candidates { link: dice.below(300) as u32, generation: dice.below(3) as u32, list })
}

fn description(dice: &mut Dice) -> PairBody {
    let mut lines: Vec<String> = bodies::sdp().lines().map(str::to_owned).collect();
    for _ in 0..dice.below(4) {
        let place = dice.below(lines.len());
        match dice.below(4) {
            0 => lines[place].clear(),
            1 => drop(lines.remove(place)),
            2 => lines.insert(place, LINES[dice.below(LINES.len())].to_owned()),
            _ => lines[place].push(char::from(dice.draw() as u8)),
        }
    }
    let mut bytes = lines.join("\r\n").into_bytes();
    if !dice.once_in(10) {
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.truncate(3_840);
    if bytes.is_empty() {
        bytes.push(b' ');
    }
    let kind = if dice.once_in(2) { SdpKind::Offer } else { SdpKind::Answer };
    let (part, parts) = if dice.once_in(5) { (dice.below(6) as u8, dice.below(7) as u8) } else { (0, 1) };
    let (link, generation) = (dice.below(4) as u32, dice.below(3) as u32);
    PairBody::Description(Description { link, generation, kind, part, parts, bytes })
}

/// A pair body that could be sent, sensible or not. Nearly never one that ends the call.
pub(super) fn pair(mallory: &Mallory, ben: &Core, dice: &mut Dice) -> PairBody {
    let at = LinkGeneration { link: dice.below(5) as u32, generation: dice.draw() as u32 % 5 };
    match dice.below(16) {
        0..4 => description(dice),
        4..8 => candidates(dice),
        8 => PairBody::EndOfCandidates(at),
        9 => PairBody::Restart(at),
        10 => PairBody::Status(Status { state_seq: dice.draw() as u32, flags: Flags(dice.draw() as u16) }),
        11 => PairBody::Verdict(Verdict::Accept),
        12 => {
            let mut nonce = [0x77; 32];
            nonce[0] ^= dice.below(4) as u8;
            PairBody::Confirm(Hello { nonce, signing_key: [1; 32], features: 0 })
        }
        13 => bodies::linking(mallory).swap_remove(dice.below(3)),
        14 if dice.once_in(500) => PairBody::HangUp(Reason::HungUp),
        _ => {
            let mut all = bodies::pair_bodies(mallory, ben);
            all.pop();
            all.swap_remove(dice.below(all.len()))
        }
    }
}

/// The plaintext of a pair frame: as it should be, with a damaged body, or damaged as a whole.
pub(super) fn plain(msg: u32, body: &PairBody, dice: &mut Dice) -> Vec<u8> {
    let mut cbor = body.encode().map_or_else(|_| vec![0xa0], |cbor| cbor.to_vec());
    let how = dice.below(10);
    // Four in ten bodies are whole: they reach what stands behind the CBOR.
    if (4..8).contains(&how) {
        damage(&mut cbor, dice);
    }
    // An early or a late number sometimes.
    let msg = if dice.once_in(50) { msg.wrapping_add(dice.below(40) as u32).wrapping_sub(3) } else { msg };
    let mut plain = Talk::plain(body.kind(), msg, &cbor);
    if how >= 8 {
        damage(&mut plain, dice);
    }
    plain
}

/// An offer with one field that may be wrong. Its call never gets a confirm, so it doesn't ring.
pub(super) fn offer(mut offer: Offer, dice: &mut Dice) -> Offer {
    match dice.below(12) {
        0 => offer.ttl_s = dice.draw() as u16,
        1 => offer.roster.reverse(),
        2 => drop(offer.roster.pop()),
        3 => offer.media.0 = dice.draw() as u8,
        4 => offer.format = None,
        5 => offer.attempt = dice.draw() as u8,
        6 => offer.epoch = 1,
        7 => offer.purpose = Purpose::Pair,
        8 => offer.purpose = Purpose::Link,
        9 => offer.offerer = Some(crate::ids::AccountId([3; 32])),
        10 => offer.invite_policy = 1,
        _ => offer.sas_commit = [0; 32],
    }
    offer
}

/// A message of the data channel. Never a whole hang-up.
pub(super) fn control(dice: &mut Dice) -> Vec<u8> {
    let flags = Flags(dice.draw() as u16);
    let body = match dice.below(3) {
        0 => CtlBody::Record(crate::wire::bodies::Record { op: 1, recording: 1 }),
        _ => CtlBody::Status(Status { state_seq: dice.draw() as u32, flags }),
    };
    let mut message = ctl::write(&body, dice.below(50) as u32).unwrap();
    damage(&mut message, dice);
    if message.get(1) == Some(&8) {
        message.clear();
    }
    message
}
