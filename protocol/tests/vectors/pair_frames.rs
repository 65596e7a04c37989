//! Pair frames: sealing by either side, and opening in order on one receiver.

use ahoy_crypto::Check;
use ahoy_protocol::inbound::{self, Held, PairContext, PairReceiver, Received, Role, Sealed, waiting};
use ahoy_protocol::outbound::{Message, pair_frame};
use ahoy_protocol::topic::Topic;
use ahoy_protocol::wire::bodies::Purpose;
use ahoy_protocol::wire::codec::{AnyKind, PairRead};
use serde_json::{Value, json};

use crate::answers::{Both, result, run};
use crate::values::{from_cbor, hex, list, unhex};
use crate::vector_file::Case;

fn handshake(case: &Case) -> Both {
    let inputs = case.object("handshake").expect("the handshake's inputs");
    run(&inputs, &inputs.bytes("answer"), case.array("tag"))
}

fn is_initiator(case: &Case) -> bool {
    match case.text("sender") {
        "i" => true,
        "r" => false,
        other => panic!("unknown sender {other}"),
    }
}

pub(crate) fn seal(case: &Case) -> Value {
    let both = handshake(case);
    let channel = if is_initiator(case) { &both.initiator } else { &both.responder };
    let kind = u8::try_from(case.u64("kind")).expect("a kind");
    let body = (kind > 0).then(|| {
        let read = PairRead::decode(kind, &case.bytes("body")).expect("a body that we read");
        read.into_body().expect("a body that we take")
    });
    let message = Message { body: body.as_ref(), msg: case.u32("msg"), ack: case.u32("ack") };
    let size = case.has("size").then(|| usize::try_from(case.u64("size")).expect("a size"));
    let frame = pair_frame(channel, case.array("tag"), case.u64("counter"), message, size).expect("sealed");
    json!({"frame": hex(&frame)})
}

pub(crate) fn open(case: &Case) -> Value {
    let both = handshake(case);
    let purpose = match case.has("purpose").then(|| case.u64("purpose")) {
        None | Some(0) => Purpose::Ring,
        Some(1) => Purpose::Pair,
        Some(2) => Purpose::Link,
        Some(other) => panic!("unknown purpose {other}"),
    };
    let commit = if case.has("sas_commit") { case.key("sas_commit") } else { [0; 32] };
    let (channel, role) = if is_initiator(case) {
        (&both.responder, Role::Responder { sas_commit: commit })
    } else {
        (&both.initiator, Role::Initiator)
    };
    let pair = PairContext { channel, role, purpose };
    let (tag, topic) = (case.array("tag"), Topic::parse(case.text("topic")).expect("a topic"));
    let mut receiver = PairReceiver::default();
    let frames = case.value("frames");
    let mut take = |data: &Value| result(take(tag, topic, &unhex(data), &pair, &mut receiver));
    let results: Vec<Value> = list(&frames).iter().map(&mut take).collect();
    json!({"results": results})
}

fn take(
    tag: [u8; 8],
    topic: Topic,
    data: &[u8],
    pair: &PairContext<'_>,
    receiver: &mut PairReceiver,
) -> Result<Value, Check> {
    let held = Held::Mailbox { hint_key: [0; 32] };
    let Sealed::Pair(frame) = inbound::receive(topic, data, Some(held))? else { panic!("no pair frame") };
    waiting((frame.pair_tag == tag).then_some(()))?;
    let before = *receiver;
    let received = frame.open(pair, receiver);
    if matches!(received, Err(Check::PAIR_COUNTER | Check::PAIR_WINDOW | Check::PAIR_NOISE)) {
        assert_eq!(*receiver, before, "what doesn't open moves nothing");
    }
    received.map(|received| describe(&received))
}

fn describe(received: &Received) -> Value {
    let (kind, body) = match &received.body {
        Some(body) => (body.kind(), from_cbor(&body.encode().expect("a body"))),
        None => (0, json!({})),
    };
    json!({
        "kind": kind,
        "msg": received.msg,
        "ack": received.ack,
        "body": body,
        "duplicate": received.duplicate,
    })
}
