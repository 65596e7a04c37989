//! First stage: a gossip message whose head is good. Nothing inside of it is known.

use ahoy_crypto::Check;
use ahoy_crypto::frame::FrameHead;
use ahoy_crypto::hash::{hint, same, sha256};

use crate::topic::Topic;
use crate::wire::envelope::{AnswerHead, InboxHead, PairHead, Type, classify};

/// A topic that we hold now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// A day's topic of one of our inboxes.
    Inbox {
        /// Key of its outer MAC.
        hint_key: [u8; 32],
        /// The token's day, stamped into the handshake.
        day: u32,
    },
    /// Our mailbox in a call.
    Mailbox {
        /// Key of its outer MAC.
        hint_key: [u8; 32],
    },
    /// The topic of a call.
    Call,
}

/// A message after 001..004; envelopes and answers after 005.
#[derive(Clone, Debug)]
pub enum Sealed<'a> {
    /// On an inbox, or a pair offer on a mailbox.
    Envelope(SealedEnvelope<'a>),
    /// On a mailbox.
    Answer(SealedAnswer<'a>),
    /// On a mailbox.
    Pair(SealedPairFrame<'a>),
    /// On a call topic.
    Call(SealedCallFrame<'a>),
}

/// An inbox envelope whose outer MAC is right.
#[derive(Clone, Debug)]
pub struct SealedEnvelope<'a> {
    pub(super) topic: Topic,
    /// The token's day, or 0 on a mailbox.
    pub(super) stamp: u32,
    pub(super) on_mailbox: bool,
    pub(super) spk_id: [u8; 4],
    pub(super) hash: [u8; 32],
    pub(super) message1: &'a [u8],
}

/// An answer whose outer MAC is right.
#[derive(Clone, Debug)]
pub struct SealedAnswer<'a> {
    /// Which handshake it answers: the caller finds it, [`super::waiting`] refuses if there is none (050).
    pub pair_tag: [u8; 8],
    pub(super) message2: &'a [u8],
}

/// A pair frame.
#[derive(Clone, Debug)]
pub struct SealedPairFrame<'a> {
    /// Which pair: the caller finds it, [`super::waiting`] refuses if there is none (050).
    pub pair_tag: [u8; 8],
    pub(super) counter: u64,
    pub(super) sealed: &'a [u8],
}

/// A call frame.
#[derive(Clone, Debug)]
pub struct SealedCallFrame<'a> {
    /// Which call: the caller finds it.
    pub topic: Topic,
    pub(super) head: FrameHead,
    pub(super) frame: &'a [u8],
}

/// Looks at the head of a gossip message. `held`: what the topic is to us now, if anything.
///
/// # Errors
/// 001, 002, 003, 004; 005 for envelopes and answers.
pub fn receive<'a>(topic: Topic, data: &'a [u8], held: Option<Held>) -> Result<Sealed<'a>, Check> {
    let kind = classify(data)?;
    let held = Check::TOPIC.require(held)?;
    Check::TOPIC.refuse_if(!takes(held, kind))?;
    match kind {
        Type::Inbox => {
            let (head, message1) = Check::LENGTH.require(InboxHead::read(data))?;
            check_hint(held, head.hint, data)?;
            let (stamp, on_mailbox) = match held {
                Held::Inbox { day, .. } => (day, false),
                Held::Mailbox { .. } | Held::Call => (0, true),
            };
            let (spk_id, hash) = (head.spk_id, sha256(&[data]));
            Ok(Sealed::Envelope(SealedEnvelope { topic, stamp, on_mailbox, spk_id, hash, message1 }))
        }
        Type::Answer => {
            let (head, message2) = Check::LENGTH.require(AnswerHead::read(data))?;
            check_hint(held, head.hint, data)?;
            Ok(Sealed::Answer(SealedAnswer { pair_tag: head.pair_tag, message2 }))
        }
        Type::Pair => {
            let (head, sealed) = Check::LENGTH.require(PairHead::read(data))?;
            Ok(Sealed::Pair(SealedPairFrame { pair_tag: head.pair_tag, counter: head.counter, sealed }))
        }
        Type::Call => Ok(Sealed::Call(SealedCallFrame { topic, head: FrameHead::read(data)?, frame: data })),
    }
}

/// 004: what may come on a topic.
fn takes(held: Held, kind: Type) -> bool {
    match held {
        Held::Inbox { .. } => kind == Type::Inbox,
        Held::Mailbox { .. } => kind != Type::Call,
        Held::Call => kind == Type::Call,
    }
}

/// 005: HMAC(hint key, message[0..2] ‖ message[10..])[..8], compared in constant time.
fn check_hint(held: Held, claimed: [u8; 8], data: &[u8]) -> Result<(), Check> {
    let key = match held {
        Held::Inbox { hint_key, .. } | Held::Mailbox { hint_key } => hint_key,
        Held::Call => return Err(Check::TOPIC),
    };
    let (front, _) = Check::LENGTH.require(data.split_at_checked(2))?;
    let behind = Check::LENGTH.require(data.get(10..))?;
    Check::HINT.refuse_if(!same(&claimed, &hint(&key, &[front, behind])))
}
