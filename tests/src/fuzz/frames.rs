//! Pair and call frames of a hostile participant: anything it may seal with the right keys.

use std::sync::OnceLock;

use ahoy_crypto::call_keys::{broadcast_key, view};
use ahoy_crypto::frame::{self, FrameHead};
use ahoy_crypto::sas::commitment;
use ahoy_crypto::{AccountId, CallKeys, Channel, DeviceId, DhKey, Initiator, Responder, Secret, SignKey};
use ahoy_protocol::ids::CallId;
use ahoy_protocol::inbound::{
    CallContext, EpochKey, FrameWindows, Held, Member, PairContext, PairReceiver, Role, Sealed, receive,
};
use ahoy_protocol::topic::Topic;
use ahoy_protocol::wire::bodies::Purpose;
use ahoy_protocol::wire::codec::AnyKind;
use ahoy_protocol::wire::envelope::{PairHead, Type, pad};

/// Unix seconds at which frames are judged.
const NOW_S: u64 = 1_795_262_411;
/// The nonce that the initiator has committed to.
const NONCE: [u8; 32] = [7; 32];
const CALL: CallId = CallId([3; 16]);
const TAG: [u8; 8] = [9; 8];
const SALT: [u8; 16] = [5; 16];

/// Both ends of a pair, made once: a handshake costs more than a frame.
struct Pair {
    initiator: Channel,
    responder: Channel,
}

fn pair() -> &'static Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(|| {
        let key = |byte| DhKey::from_secret(&Secret::new([byte; 32]));
        let (dk, spk, prologue) = (key(1), key(2), [0; 87]);
        let (mut initiator, message1) =
            Initiator::start_with(&dk, &spk.public(), &prologue, &[], &Secret::new([3; 32])).expect("message 1");
        let answered = Responder::open(&spk, &prologue, &message1).expect("a good message 1");
        let (responder, message2) = answered.answer_with(&[], &Secret::new([4; 32])).expect("message 2");
        let (initiator, _) = initiator.finish(&message2).expect("a good message 2");
        Pair { initiator, responder }
    })
}

/// Byte 0 chooses: 0 to 5 are frames inside a pair (our role and the offer's purpose), 6 is inside a call, others are a
/// frame as it comes. Inside a pair the rest is one plaintext after the other, each behind its length in two bytes;
/// inside a call each is a kind and a body.
///
/// # Panics
/// If what is accepted isn't what was said, or what is refused moves anything.
pub fn run(data: &[u8]) {
    let Some((what, rest)) = data.split_first() else { return };
    match what {
        0..=5 => inside_a_pair(*what, rest),
        6 => inside_a_call(rest),
        _ => as_it_comes(rest),
    }
}

/// Splits into pieces behind their lengths.
fn pieces(mut data: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    while let Some((length, rest)) = data.split_first_chunk::<2>() {
        let (piece, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)).min(rest.len()));
        pieces.push(piece);
        data = rest;
    }
    pieces
}

fn inside_a_pair(what: u8, data: &[u8]) {
    let (ours, theirs, role) = if what & 1 == 0 {
        (&pair().responder, &pair().initiator, Role::Responder { sas_commit: commitment(&NONCE) })
    } else {
        (&pair().initiator, &pair().responder, Role::Initiator)
    };
    let purpose = [Purpose::Ring, Purpose::Pair, Purpose::Link][usize::from(what >> 1)];
    let (context, mut receiver) = (PairContext { channel: ours, role, purpose }, PairReceiver::default());
    for (counter, plain) in (0u64..).zip(pieces(data)) {
        let room = Type::Pair.sizes().iter().map(|size| Type::Pair.room(*size)).find(|room| *room >= plain.len());
        let Some(padded) = room.and_then(|room| pad(room, &[plain])) else { continue };
        let mut frame = PairHead { pair_tag: TAG, counter }.write();
        frame.extend_from_slice(&theirs.seal(counter, &padded).expect("within a message"));
        let held = Some(Held::Mailbox { hint_key: [0; 32] });
        let Ok(Sealed::Pair(sealed)) = receive(Topic([b'a'; 32]), &frame, held) else { panic!("a frame like others") };
        let before = receiver.ack();
        match sealed.open(&context, &mut receiver) {
            Ok(received) => {
                if let Some(body) = &received.body {
                    let cbor = body.encode().expect("a body that was read");
                    assert_eq!((body.kind(), &padded[11..11 + cbor.len()]), (padded[0], cbor.as_slice()));
                }
                assert!(receiver.ack() >= before && receiver.ack() - before <= 33, "{} -> {}", before, receiver.ack());
            }
            Err(_) => assert_eq!(receiver.ack(), before, "what is refused has not arrived"),
        }
        assert!(sealed.open(&context, &mut receiver).is_err(), "the same frame twice");
    }
}

fn inside_a_call(data: &[u8]) {
    let (secret, topic) = (Secret::new([8; 32]), Topic([b'c'; 32]));
    let keys = CallKeys::new(&CALL.0, &secret);
    let (sign, device) = (SignKey::from_seed(&Secret::new([6; 32])), DeviceId([2; 32]));
    let accounts = [AccountId([1; 32]), AccountId([4; 32])];
    let epoch = EpochKey { epoch: 0, secret: secret.clone(), view: view(&CALL.0, 0, &accounts, &[]) };
    let member = Member { device, account: accounts[0], slot: keys.slot(device), signing_key: sign.public() };
    let (epochs, members) = ([epoch], [member]);
    let context = CallContext {
        call: CALL,
        keys: &keys,
        epochs: &epochs,
        members: &members,
        roster: &accounts,
        offerer: accounts[0],
        offerer_invites: false,
        device_set: &|_| None,
    };
    let mut windows = FrameWindows::default();
    let key = broadcast_key(&CALL.0, 0, &secret, &member.slot, &SALT);
    for (counter, piece) in (0u64..).zip(pieces(data)) {
        let Some((kind, body)) = piece.split_first() else { continue };
        let head = FrameHead { epoch: 0, slot: member.slot, salt: SALT, counter };
        let Some(size) = Type::Call.size_for(body.len()) else { continue };
        let Ok(bytes) = frame::seal(head, (*kind, body), (&key, &sign), &topic.0, size) else { continue };
        let Ok(Sealed::Call(sealed)) = receive(topic, &bytes, Some(Held::Call)) else { panic!("a frame like others") };
        match sealed.open(&context, &mut windows, NOW_S) {
            Ok(ahoy_protocol::inbound::CallFrame::Verified(frame)) => {
                assert_eq!(frame.body.kind(), *kind);
                assert_eq!(frame.body.encode().expect("a body that was read").as_slice(), body);
                assert!(sealed.open(&context, &mut windows, NOW_S).is_err(), "the same frame twice");
            }
            Ok(ahoy_protocol::inbound::CallFrame::Newcomer { .. }) => panic!("a member is no newcomer"),
            Err(_) => {}
        }
    }
}

/// Nothing that wasn't sealed with the keys passes.
fn as_it_comes(data: &[u8]) {
    let held = Some(Held::Mailbox { hint_key: [0; 32] });
    if let Ok(Sealed::Pair(sealed)) = receive(Topic([b'a'; 32]), data, held) {
        let role = Role::Responder { sas_commit: commitment(&NONCE) };
        let context = PairContext { channel: &pair().responder, role, purpose: Purpose::Ring };
        let mut receiver = PairReceiver::default();
        assert!(sealed.open(&context, &mut receiver).is_err(), "forged: {data:02x?}");
        assert_eq!(receiver, PairReceiver::default(), "a forged frame moves nothing");
    }
}
