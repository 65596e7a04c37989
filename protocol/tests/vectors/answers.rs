//! Answers: the handshake from both sides, and envelopes against one that waits.

use ahoy_crypto::{CallKeys, Channel, Check, DeviceId, DhKey, Initiator, Responder};
use ahoy_protocol::inbound::{self, Held, Sealed, waiting};
use ahoy_protocol::outbound::{Answer, answer_with};
use ahoy_protocol::topic::Topic;
use ahoy_protocol::wire::bodies::Hello;
use serde_json::{Value, json};

use crate::values::{from_cbor, hex, list, unhex};
use crate::vector_file::Case;

/// Message 1 of a case, its payload padded to `room`.
pub(crate) fn message1(case: &Case, spk: &[u8; 32]) -> (Initiator, Vec<u8>) {
    let mut payload = case.bytes("payload");
    payload.resize(usize::try_from(case.u64("room")).expect("a room"), 0);
    let (dk, ephemeral) = (DhKey::from_secret(&case.secret("dk_sk")), case.secret("initiator_ephemeral_sk"));
    Initiator::start_with(&dk, spk, &case.array("prologue"), &payload, &ephemeral).expect("message 1")
}

/// Both sides of a handshake, run to the end.
pub(crate) struct Both {
    /// Message 1.
    pub(crate) message1: Vec<u8>,
    /// Noise hash after it.
    pub(crate) h1: [u8; 32],
    /// The answer.
    pub(crate) answer: Answer,
    /// Initiator's transport.
    pub(crate) initiator: Channel,
    /// Responder's transport.
    pub(crate) responder: Channel,
}

/// Runs a handshake; `body` is that of the answer.
pub(crate) fn run(case: &Case, body: &[u8], pair_tag: [u8; 8]) -> Both {
    let spk = DhKey::from_secret(&case.secret("spk_sk"));
    let (mut initiator, message1) = message1(case, &spk.public());
    let h1 = *initiator.h1();
    let responder = Responder::open(&spk, &case.array("prologue"), &message1).expect("the responder opens it");
    assert_eq!(responder.h1(), &h1, "both sides have one hash");
    let hello = Hello::decode(body).expect("an answer's body");
    let ephemeral = case.secret("responder_ephemeral_sk");
    let (responder, answer) = answer_with(responder, &hello, pair_tag, &ephemeral).expect("an answer");
    let (initiator, _) = initiator.finish(answer.message2()).expect("the initiator opens it");
    assert_eq!(initiator.handshake_hash(), responder.handshake_hash(), "both sides have one hash");
    Both { message1, h1, answer, initiator, responder }
}

fn call_keys(case: &Case) -> CallKeys {
    CallKeys::new(&case.array("call_id"), &case.secret("secret"))
}

pub(crate) fn handshake(case: &Case) -> Value {
    let (keys, initiator) = (call_keys(case), DeviceId(case.key("initiator")));
    let (waiting, _) = message1(case, &DhKey::from_secret(&case.secret("spk_sk")).public());
    let pair_tag = keys.pair_tag(waiting.h1());
    let both = run(case, &case.bytes("body"), pair_tag);
    let hint_key = keys.mailbox_hint_key(initiator);
    let copy = u16::try_from(case.u64("copy")).expect("16 bits");
    json!({
        "message1": hex(&both.message1),
        "h1": hex(&both.h1),
        "pair_tag": hex(&pair_tag),
        "topic": Topic(keys.mailbox_topic(initiator)).as_str(),
        "hint_key": hex(&hint_key),
        "message2": hex(both.answer.message2()),
        "envelope": hex(&both.answer.copy(copy, &hint_key)),
        "handshake_hash": hex(both.initiator.handshake_hash()),
    })
}

/// An initiator that waits on its mailbox.
struct Waiting {
    initiator: Initiator,
    pair_tag: [u8; 8],
    mailbox: Topic,
    hint_key: [u8; 32],
    hash: [u8; 32],
    done: bool,
}

impl Waiting {
    fn take(&mut self, topic: Topic, data: &[u8]) -> Result<Value, Check> {
        let held = (topic == self.mailbox).then_some(Held::Mailbox { hint_key: self.hint_key });
        let Sealed::Answer(sealed) = inbound::receive(topic, data, held)? else { panic!("no answer") };
        let found = (sealed.pair_tag == self.pair_tag && !self.done).then_some(&mut self.initiator);
        let opened = sealed.open(waiting(found)?)?;
        self.hash = *opened.channel().handshake_hash();
        self.done = true;
        let verified = opened.verify()?;
        Ok(from_cbor(&verified.hello.encode().expect("a body")))
    }
}

pub(crate) fn open(case: &Case) -> Value {
    let keys = call_keys(case);
    let device = DeviceId(case.key("initiator"));
    let (initiator, _) = message1(case, &case.key("spk"));
    let mut waiting = Waiting {
        pair_tag: keys.pair_tag(initiator.h1()),
        mailbox: Topic(keys.mailbox_topic(device)),
        hint_key: keys.mailbox_hint_key(device),
        hash: *initiator.h1(),
        done: false,
        initiator,
    };
    let topic = Topic::parse(case.text("topic")).expect("a topic");
    let envelopes = case.value("envelopes");
    let results: Vec<Value> = list(&envelopes).iter().map(|data| result(waiting.take(topic, &unhex(data)))).collect();
    json!({"results": results, "handshake_hash": hex(&waiting.hash)})
}

/// An entry of `results`.
pub(crate) fn result(outcome: Result<Value, Check>) -> Value {
    outcome.unwrap_or_else(|check| json!(check.to_string()))
}
