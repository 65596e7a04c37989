//! Known answers for what hands a call over: the purpose of its offer, and pair kind 32.

use ahoy_crypto::Check;
use data_encoding::HEXLOWER;

use crate::ids::{AccountId, CallId, DeviceId};
use crate::wire::bodies::{Flags, HandOff, InboxBody, PairBody, Purpose};
use crate::wire::codec::{AnyKind, PairRead};

fn body(flags: u16, context: Option<&[u8]>) -> PairBody {
    PairBody::HandOff(HandOff {
        call: CallId([0x11; 16]),
        account: AccountId([0xa1; 32]),
        device: DeviceId([0xd2; 32]),
        flags: Flags(flags),
        context: context.map(<[u8]>::to_vec),
    })
}

/// The bytes: so many keys, and those after key 3 as hex.
fn hex(pairs: u8, rest: &str) -> String {
    let (call, account, device) = ("11".repeat(16), "a1".repeat(32), "d2".repeat(32));
    format!("{:02x}0150{call}025820{account}035820{device}{rest}", 0xa0 + pairs)
}

fn read(hex: &str) -> Result<PairBody, Check> {
    PairRead::decode(32, &HEXLOWER.decode(hex.as_bytes()).unwrap())?.into_body()
}

#[test]
fn what_is_asked_is_these_bytes() {
    let known = [
        (body(0, None), hex(4, "0400")),
        (body(Flags::MUTED, None), hex(4, "0401")),
        (body(Flags::MUTED | Flags::HELD, Some(b"talk")), hex(5, "0405054474616c6b")),
        (body(0, Some(b"")), hex(5, "04000540")),
    ];
    for (body, hex) in known {
        assert_eq!(body.kind(), 32);
        assert_eq!(HEXLOWER.encode(&body.encode().unwrap()), hex);
        assert_eq!(read(&hex), Ok(body));
    }
}

#[test]
fn what_is_not_in_the_cddl_is_refused() {
    let wrong = [
        hex(3, ""),
        hex(5, "040006f6"),
        hex(5, "0400050a"),
        hex(4, "041a00010000"),
        hex(4, "041800"),
        hex(5, &format!("0400055901 01{}", "78".repeat(257)).replace(' ', "")),
    ];
    for hex in wrong {
        assert_eq!(read(&hex), Err(Check::CBOR), "{hex}");
    }
}

#[test]
fn purposes_are_ring_pair_link_and_hand_off() {
    let offer = super::continues::hex(12, "");
    let purpose = |n: u8| {
        let bytes = HEXLOWER.decode(offer.replacen("030004", &format!("03{n:02x}04"), 1).as_bytes()).unwrap();
        InboxBody::decode(1, &bytes).map(|body| {
            let InboxBody::Offer(offer) = body else { panic!("an offer") };
            offer.purpose
        })
    };
    let known = [(0, Purpose::Ring), (1, Purpose::Pair), (2, Purpose::Link), (8, Purpose::HandOff)];
    for n in 0..24 {
        let expected = known.iter().find(|(of, _)| *of == n).map(|(_, purpose)| *purpose);
        assert_eq!(purpose(n).ok(), expected, "{n}");
    }
}
