//! Heads of gossip messages and every body: what is accepted is written again as the same bytes.

use ahoy_protocol::wire::bodies::{CallBody, CtlBody, InboxBody};
use ahoy_protocol::wire::card::Card;
use ahoy_protocol::wire::codec::{AnyKind, PairRead};
use ahoy_protocol::wire::ctl;
use ahoy_protocol::wire::envelope::{AnswerHead, InboxHead, PairHead, Type, classify, pad, unpad};

/// Byte 0 chooses what the rest is: a whole message, what was sealed in one, a `ctl` message, a card as bytes or as
/// text, or a body, whose kind is byte 1.
///
/// # Panics
/// If something accepted isn't written again as the same bytes.
pub fn run(data: &[u8]) {
    let Some((what, rest)) = data.split_first() else { return };
    match what {
        0 => message(rest),
        1 => inner(rest),
        2 => control(rest),
        3 => card(Card::from_bytes(rest).ok().as_ref(), rest),
        4 => {
            let text = std::str::from_utf8(rest).unwrap_or_default();
            let card = Card::parse(text).ok();
            assert_eq!(card.as_ref().map(|card| card.to_text().expect("a card that was read")), card_text(text, &card));
        }
        _ => {
            if let Some((kind, body)) = rest.split_first() {
                body_of_any_family(*kind, body);
            }
        }
    }
}

fn card_text(text: &str, card: &Option<Card>) -> Option<String> {
    card.is_some().then(|| text.to_owned())
}

fn message(data: &[u8]) {
    let Ok(kind) = classify(data) else { return };
    assert!(kind.sizes().contains(&data.len()), "{kind:?} of {} bytes", data.len());
    match kind {
        Type::Inbox => assert_eq!(InboxHead::read(data).expect("a whole envelope").1.len(), data.len() - 14),
        Type::Answer => assert_eq!(AnswerHead::read(data).expect("a whole answer").1.len(), data.len() - 20),
        Type::Pair => {
            let (head, sealed) = PairHead::read(data).expect("a whole pair frame");
            assert_eq!([head.write(), sealed.to_vec()].concat(), data);
        }
        Type::Call => {
            let head = ahoy_crypto::frame::FrameHead::read(data).expect("a whole call frame");
            assert_eq!(head.bytes(), data[..38]);
        }
    }
}

fn inner(data: &[u8]) {
    for kind in [Type::Inbox, Type::Answer, Type::Pair, Type::Call] {
        if let Ok(inner) = unpad(kind, data) {
            let again = pad(data.len(), &[inner.head, inner.body, inner.signature]).expect("it came out of there");
            assert_eq!(again.as_slice(), data, "{kind:?}");
        }
    }
}

fn control(data: &[u8]) {
    let mut last = 0;
    match ctl::open(data, &mut last) {
        Ok(body) => {
            assert_eq!(ctl::write(&body, last).expect("a body that was read"), data);
            assert!(ctl::open(data, &mut last).is_err(), "the same number twice");
        }
        Err(_) => assert_eq!(last, 0, "what is refused moves nothing"),
    }
}

fn card(card: Option<&Card>, bytes: &[u8]) {
    if let Some(card) = card {
        assert_eq!(card.to_bytes().expect("a card that was read"), bytes);
    }
}

/// The same bytes as the body of this kind in each family that has kinds.
fn body_of_any_family(kind: u8, bytes: &[u8]) {
    same(InboxBody::decode(kind, bytes).ok(), kind, bytes);
    same(CallBody::decode(kind, bytes).ok(), kind, bytes);
    same(CtlBody::decode(kind, bytes).ok(), kind, bytes);
    same(PairRead::decode(kind, bytes).and_then(PairRead::into_body).ok(), kind, bytes);
    if let Ok(hello) = ahoy_protocol::wire::bodies::Hello::decode(bytes) {
        assert_eq!(hello.encode().expect("a body that was read").as_slice(), bytes);
    }
}

fn same<T: AnyKind>(body: Option<T>, kind: u8, bytes: &[u8]) {
    if let Some(body) = body {
        assert_eq!(body.kind(), kind);
        assert_eq!(body.encode().expect("a body that was read").as_slice(), bytes);
    }
}
