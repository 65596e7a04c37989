//! Cards, epoch secrets, the data channel, single bodies, and the doors.

use std::net::IpAddr;

use ahoy_crypto::{AccountId, Check, DeviceId};
use ahoy_protocol::inbound::doors::{self, LocalAddresses};
use ahoy_protocol::inbound::{CommitContext, check_commit};
use ahoy_protocol::wire::bodies::{CallBody, Candidate, Hello, InboxBody, PairBody};
use ahoy_protocol::wire::card::Card;
use ahoy_protocol::wire::codec::{AnyKind, PairRead};
use ahoy_protocol::wire::ctl as data_channel;
use serde_json::{Value, json};

use crate::Outcome;
use crate::values::{accounts, devices, from_cbor, hex, list, secret, to_cbor, unhex};
use crate::vector_file::Case;

fn ok() -> Outcome {
    Ok(json!({"ok": 1}))
}

pub(crate) fn make_card(case: &Case) -> Value {
    let blobs = |name: &str| list(&case.value(name)).iter().map(unhex).collect();
    let card = Card {
        account: AccountId(case.key("account")),
        name: case.text("name").to_owned(),
        token: secret(&case.value("token")),
        devices: case.devices("devices"),
        addresses: blobs("addresses"),
        keepers: blobs("keepers"),
    };
    json!({"card": hex(&card.to_bytes().expect("a card")), "text": card.to_text().expect("a card")})
}

pub(crate) fn check_card(case: &Case) -> Outcome {
    let text = case.text("text");
    let card = Card::parse(text)?;
    assert_eq!(card.to_text().expect("a card"), text, "{}: what we read we write", case.name);
    let blobs = |list: &[Vec<u8>]| list.iter().map(|blob| hex(blob)).collect::<Vec<_>>();
    Ok(json!({
        "account": hex(&card.account.0),
        "name": card.name,
        "token": hex(card.token.expose()),
        "devices": card.devices.iter().map(|device| hex(&device.0)).collect::<Vec<_>>(),
        "addresses": blobs(&card.addresses),
        "keepers": blobs(&card.keepers),
    }))
}

pub(crate) fn epoch_secret(case: &Case) -> Outcome {
    let body = PairRead::decode(9, &to_cbor(&case.value("body")))?.into_body()?;
    let PairBody::EpochSecret(commit) = body else { panic!("no epoch secret") };
    let committer = case.bytes("committer");
    let (members, roster) = (devices(&case.value("members")), accounts(&case.value("roster")));
    let kicked = accounts(&case.value("kicked"));
    let context = CommitContext {
        own: DeviceId(case.key("own")),
        sender: DeviceId(case.key("sender")),
        epoch: case.u32("current"),
        committer: (!committer.is_empty()).then(|| DeviceId(case.key("committer"))),
        members: &members,
        roster: &roster,
        kicked: &kicked,
    };
    check_commit(&commit, &context)?;
    ok()
}

pub(crate) fn ctl(case: &Case) -> Outcome {
    let mut seq = case.u32("last_seq");
    let before = seq;
    let message = case.bytes("message");
    let body = data_channel::open(&message, &mut seq).inspect_err(|_| assert_eq!(seq, before, "nothing moved"))?;
    assert_eq!(data_channel::write(&body, seq).expect("writable"), message, "{}: what we read we write", case.name);
    Ok(json!({"kind": body.kind(), "seq": seq, "body": from_cbor(&body.encode().expect("a body"))}))
}

/// Reads the body that a case names, and writes it again.
fn again(name: &str, cbor: &[u8]) -> Result<Vec<u8>, Check> {
    let inbox = |kind| InboxBody::decode(kind, cbor).map(|body| body.encode().expect("a body").to_vec());
    match name {
        "offer" => inbox(1),
        "presence" => inbox(2),
        "contact_request" => inbox(3),
        "elsewhere" => inbox(4),
        "cancel" => inbox(5),
        "receipt" => inbox(6),
        "devices" => inbox(7),
        "missed" => inbox(8),
        "answer" => Hello::decode(cbor).map(|body| body.encode().expect("a body").to_vec()),
        _ => {
            let (family, kind) = name.split_once('_').expect("a family and a kind");
            let kind = kind.parse().expect("a kind");
            match family {
                "pair" => PairRead::decode(kind, cbor)?.into_body().map(|b| b.encode().expect("a body").to_vec()),
                "call" => CallBody::decode(kind, cbor).map(|b| b.encode().expect("a body").to_vec()),
                other => panic!("unknown body {other}"),
            }
        }
    }
}

pub(crate) fn read_body(case: &Case) -> Outcome {
    let cbor = case.bytes("cbor");
    let written = again(case.text("body"), &cbor)?;
    assert_eq!(hex(&written), hex(&cbor), "{}: the same bytes again", case.name);
    Ok(json!({"value": from_cbor(&cbor)}))
}

pub(crate) fn sdp(case: &Case) -> Outcome {
    let byte = |c: char| u8::try_from(u32::from(c)).expect("one character a byte");
    let bytes: Vec<u8> = case.text("sdp").chars().map(byte).collect();
    doors::description(&bytes)?;
    ok()
}

pub(crate) fn candidate(case: &Case) -> Outcome {
    let ip = case.bytes("ip");
    let ip = match ip.len() {
        4 => IpAddr::from(<[u8; 4]>::try_from(ip).expect("4 bytes")),
        _ => IpAddr::from(<[u8; 16]>::try_from(ip).expect("16 bytes")),
    };
    let port = u16::try_from(case.u64("port")).expect("a port");
    let local = case.value("local_ok").as_bool().expect("a truth value");
    let candidate = Candidate { kind: 0, protocol: 0, ip, port, priority: 1 };
    doors::candidate(&candidate, LocalAddresses { loopback: local, private: local })?;
    ok()
}
