//! Key 17 of an offer, `continues`: known answers of our own, and what contradicts it.

use ahoy_crypto::{Check, Secret};
use data_encoding::HEXLOWER;

use crate::ids::{AccountId, CallId};
use crate::inbound::check_offer;
use crate::wire::bodies::{Format, InboxBody, Media, Offer, Purpose};
use crate::wire::codec::AnyKind;

const A: AccountId = AccountId([0xa1; 32]);
const B: AccountId = AccountId([0xb2; 32]);

fn offer(continues: Option<CallId>) -> Offer {
    Offer {
        call: CallId([0x11; 16]),
        secret: Secret::new([0x22; 32]),
        purpose: Purpose::Ring,
        ttl_s: 60,
        roster: vec![A, B],
        media: Media::AUDIO,
        format: Some(Format { rate: 48_000, channels: 1, frame_ms: 20 }),
        ice_policy: 0,
        sas_commit: [0x33; 32],
        attempt: 2,
        epoch: 0,
        invite_policy: 0,
        context: None,
        epoch_secret: None,
        view: None,
        offerer: None,
        continues,
    }
}

/// An offer's bytes: `pairs` keys, and those after key 12 as hex.
pub(super) fn hex(pairs: u8, rest: &str) -> String {
    let (call, secret, commit) = ("11".repeat(16), "22".repeat(32), "33".repeat(32));
    let (a, b) = ("a1".repeat(32), "b2".repeat(32));
    format!(
        "{:02x}0150{call}025820{secret}030004183c05825820{a}5820{b}06010783\
         19bb8001140800095820{commit}0a020b000c00{rest}",
        0xa0 + pairs
    )
}

fn read(hex: &str) -> Result<InboxBody, Check> {
    InboxBody::decode(1, &HEXLOWER.decode(hex.as_bytes()).unwrap())
}

#[test]
fn an_offer_that_continues_a_call_is_these_bytes() {
    let old = CallId([0x44; 16]);
    let known = [(None, hex(12, "")), (Some(old), hex(13, &format!("1150{}", "44".repeat(16))))];
    for (continues, hex) in known {
        let body = InboxBody::Offer(offer(continues));
        assert_eq!(HEXLOWER.encode(&body.encode().unwrap()), hex);
        assert_eq!(read(&hex), Ok(body));
    }
}

#[test]
fn a_call_id_is_sixteen_bytes_and_never_null() {
    for rest in ["11f6".to_owned(), format!("114f{}", "44".repeat(15)), format!("1151{}", "44".repeat(17))] {
        assert_eq!(read(&hex(13, &rest)), Err(Check::CBOR), "{rest}");
    }
}

#[test]
fn only_what_rings_otherwise_continues_another_call() {
    assert_eq!(check_offer(&offer(Some(CallId([0x44; 16]))), A, B, false), Ok(()));
    assert_eq!(check_offer(&offer(Some(CallId([0x11; 16]))), A, B, false), Err(Check::CONTENT), "itself");
    for (purpose, on_mailbox) in [(Purpose::Pair, true), (Purpose::Link, false)] {
        let offer = Offer { purpose, ..offer(Some(CallId([0x44; 16]))) };
        assert_eq!(check_offer(&offer, A, B, on_mailbox), Err(Check::CONTENT), "{purpose:?}");
    }
}
