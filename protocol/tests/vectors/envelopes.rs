//! Inbox envelopes: sealing, opening, and the checks of offers alone.

use ahoy_crypto::hash::sha256;
use ahoy_crypto::{AccountId, Certificate, Check, DeviceId, DhKey, noise};
use ahoy_protocol::inbound::{self, Sealed, Signal, Verified};
use ahoy_protocol::outbound::{Identity, Letter, Recipient, Where, envelope_with};
use ahoy_protocol::topic::Topic;
use ahoy_protocol::wire::bodies::{ContactRequest, Devices, InboxBody, Presence, Purpose};
use ahoy_protocol::wire::codec::AnyKind;
use ahoy_protocol::wire::envelope::{FLAG_ASK, FLAG_RECEIPT, Type};
use serde_json::{Value, json};

use crate::Outcome;
use crate::state::Receiver;
use crate::values::{from_cbor, hex};
use crate::vector_file::Case;

/// The topic of a case.
pub(crate) fn topic(case: &Case) -> Topic {
    Topic::parse(case.text("topic")).expect("a topic")
}

pub(crate) fn seal(case: &Case) -> Value {
    let kind = u8::try_from(case.u64("kind")).expect("a kind");
    let body = InboxBody::decode(kind, &case.bytes("body")).expect("a body that we read");
    let flags = case.u64("flags");
    let letter = Letter {
        body: &body,
        wants_receipt: flags & u64::from(FLAG_RECEIPT) != 0,
        asks_presence: flags & u64::from(FLAG_ASK) != 0,
        sent_ms: case.u64("sent_ms"),
    };
    let certificate: [u8; 168] = case.array("certificate");
    let certificate = Certificate::check(&certificate, 0).expect("a certificate");
    let dk = DhKey::from_secret(&case.secret("dk_sk"));
    let to = Recipient { device: DeviceId(case.key("to_device")), spk: case.key("spk"), spk_id: case.array("spk_id") };
    let at = Where { topic: topic(case), hint_key: case.key("hint_key"), stamp: case.u32("stamp") };
    let from = Identity { dk: &dk, certificate: &certificate };
    let size = case.has("size").then(|| usize::try_from(case.u64("size")).expect("a size"));
    let ephemeral = case.secret("ephemeral_sk");
    let (initiator, envelope) = envelope_with(from, &to, &at, &letter, size, &ephemeral).expect("sealed");
    let payload = letter.payload(&certificate).expect("a payload");
    let prologue = noise::prologue([1, Type::Inbox as u8], to.device, to.spk_id, at.stamp, &at.topic.0);
    json!({
        "prologue": hex(&prologue),
        "payload": hex(&payload),
        "room": Type::Inbox.room(envelope.len()),
        "h1": hex(initiator.h1()),
        "envelope": hex(&envelope),
    })
}

pub(crate) fn open(case: &Case) -> Outcome {
    let (mut receiver, envelope, topic) = (Receiver::of(case), case.bytes("envelope"), topic(case));
    let (budget, rate) = (receiver.budget, receiver.rate);
    let outcome = open_with(&mut receiver, &envelope, topic, case.u64("now_ms") / 1000);
    let hash = sha256(&[&envelope]);
    match &outcome {
        // What got through has paid once, and can't come again.
        Ok(verified) => {
            assert!(receiver.entered(&hash) && verified.hash == hash, "{}: in the replay cache", case.name);
            assert_eq!(receiver.budget + 1, budget, "{}: one DH paid", case.name);
            let again = open_with(&mut receiver, &envelope, topic, case.u64("now_ms") / 1000);
            assert_eq!(again.err(), Some(Check::REPLAY), "{}: a second time", case.name);
        }
        Err(_) => assert_eq!(receiver.rate, rate, "{}: what failed takes no token", case.name),
    }
    outcome.map(|verified| describe(&verified))
}

fn open_with(receiver: &mut Receiver, envelope: &[u8], topic: Topic, now_s: u64) -> Result<Verified, Check> {
    let held = receiver.held(&topic);
    let Sealed::Envelope(sealed) = inbound::receive(topic, envelope, held)? else { panic!("no envelope") };
    sealed.open(receiver)?.verify(receiver, now_s)
}

fn describe(verified: &Verified) -> Value {
    let (outcome, body) = match &verified.signal {
        Signal::Offer(offer) => {
            let outcome = match offer.purpose {
                Purpose::Ring => "reached",
                Purpose::Pair => "pair",
                Purpose::Link => "link",
                Purpose::HandOff => "hand_off",
            };
            (outcome, InboxBody::Offer((**offer).clone()))
        }
        Signal::Presence { body, .. } => ("presence", InboxBody::Presence(Presence::clone(body))),
        Signal::Request { body, .. } => ("contact_request", InboxBody::Request(ContactRequest::clone(body))),
        Signal::Elsewhere(body) => ("elsewhere", InboxBody::Elsewhere((**body).clone())),
        Signal::Cancel { body, offered: true } => ("cancel", InboxBody::Cancel(*body)),
        Signal::Cancel { body, offered: false } => ("cancel_remembered", InboxBody::Cancel(*body)),
        Signal::Receipt(body) => ("receipt", InboxBody::Receipt(body.clone())),
        Signal::Devices(set) => ("device_set", InboxBody::Devices(Devices { device_set: set.bytes().to_vec() })),
        Signal::Missed(body) => ("missed", InboxBody::Missed(*body)),
        Signal::Contact(body) => ("contact", InboxBody::Contact((**body).clone())),
    };
    let receipt = if verified.wants_receipt { FLAG_RECEIPT } else { 0 };
    let ask = if verified.asks_presence { FLAG_ASK } else { 0 };
    json!({
        "outcome": outcome,
        "account": hex(&verified.account.0),
        "device": hex(&verified.device.0),
        "kind": body.kind(),
        "flags": receipt | ask,
        "sent_ms": verified.sent_ms,
        "body": from_cbor(&body.encode().expect("a body")),
        "h1": hex(verified.responder.h1()),
    })
}

pub(crate) fn check_offer_body(case: &Case) -> Outcome {
    let body = InboxBody::decode(1, &case.bytes("body"))?;
    let InboxBody::Offer(offer) = &body else { panic!("no offer") };
    let on_mailbox = match case.text("class") {
        "inbox" => false,
        "mailbox" => true,
        other => panic!("unknown class {other}"),
    };
    inbound::check_offer(offer, AccountId(case.key("sender")), AccountId(case.key("own")), on_mailbox)?;
    Ok(json!({"body": from_cbor(&body.encode().expect("a body"))}))
}
