//! Pair frames: replay window, decryption, message numbers, and who may say what.

use ahoy_crypto::sas::commitment;
use ahoy_crypto::{Channel, Check, Window};

use super::sealed::SealedPairFrame;
use crate::limits::{COUNTER_END, PAIR_AHEAD_MAX};
use crate::wire::bodies::{PairBody, Purpose};
use crate::wire::codec::PairRead;
use crate::wire::envelope::{Type, unpad};

/// The highest of the pair kinds that every device has.
const LAST_KIND: u8 = 13;
/// Kind that asks to take over a call, which only the initiator sends.
const HAND_OFF: u8 = 32;
/// Kind of a bare acknowledgement, which has no body.
const ACK: u8 = 0;
/// Kind of the initiator's first message.
const CONFIRM: u8 = 1;
/// Kind that only the responder sends.
const VERDICT: u8 = 2;
/// Kind that ends a pair.
const HANG_UP: u8 = 8;
/// Kinds of linking, which only the initiator sends.
const LINKING: std::ops::RangeInclusive<u8> = 11..=13;

/// What we are in a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// We offered: what comes is the responder's.
    Initiator,
    /// We answered: what comes is the initiator's.
    Responder {
        /// The offer's commitment to the nonce of confirm.
        sas_commit: [u8; 32],
    },
}

/// A pair, as far as its frames are judged by it.
#[derive(Clone, Copy, Debug)]
pub struct PairContext<'a> {
    /// Transport.
    pub channel: &'a Channel,
    /// Our role.
    pub role: Role,
    /// What the offer was for.
    pub purpose: Purpose,
}

/// What has arrived of a pair so far: counters and message numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PairReceiver {
    window: Window,
    /// All messages up to this one have arrived.
    arrived: u32,
    /// Bit i: message `arrived + 2 + i` has arrived early.
    early: u32,
}

/// A pair frame that passed every check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Number of the message in its direction, from 1; 0 for a bare acknowledgement.
    pub msg: u32,
    /// All our messages up to this one have arrived there.
    pub ack: u32,
    /// None for a bare acknowledgement. To be delivered in the order of `msg`.
    pub body: Option<PairBody>,
    /// It had arrived before: acknowledge it again, deliver nothing.
    pub duplicate: bool,
}

impl PairReceiver {
    /// What our frames acknowledge: all messages up to this one have arrived.
    #[must_use]
    pub fn ack(&self) -> u32 {
        self.arrived
    }

    /// 055: it is none, or too far ahead to be kept.
    fn is_out_of_reach(&self, msg: u32) -> bool {
        msg == 0 || msg > self.arrived.saturating_add(PAIR_AHEAD_MAX)
    }

    /// Marks a message as arrived; false if it had been.
    fn arrive(&mut self, msg: u32) -> bool {
        let Some(ahead) = msg.checked_sub(self.arrived).and_then(|d| d.checked_sub(1)) else { return false };
        if ahead == 0 {
            self.arrived = msg;
            // The early ones that follow without a gap have arrived, too; then there is a gap again.
            let run = self.early.trailing_ones();
            self.arrived = self.arrived.saturating_add(run);
            self.early = self.early.checked_shr(run + 1).unwrap_or(0);
            return true;
        }
        let bit = 1u32.checked_shl(ahead - 1).unwrap_or(0);
        let is_new = self.early & bit == 0;
        self.early |= bit;
        is_new
    }
}

impl SealedPairFrame<'_> {
    /// Opens a frame of the pair that the caller found under its tag (050, see [`super::waiting`]).
    ///
    /// # Errors
    /// 052, 053, 054, 016, 017, 018, 019, 056, 059, 055, 058, 057. From 054 on the counter is used.
    pub fn open(&self, pair: &PairContext<'_>, receiver: &mut PairReceiver) -> Result<Received, Check> {
        Check::PAIR_COUNTER.refuse_if(self.counter >= COUNTER_END)?;
        Check::PAIR_WINDOW.refuse_if(!receiver.window.is_fresh(self.counter))?;
        let plain = pair.channel.open(self.counter, self.sealed)?;
        receiver.window.take(self.counter);
        let head = Check::BODY_LENGTH.require(Head::read(&plain))?;
        Check::KIND.refuse_if(head.kind > LAST_KIND && head.kind != HAND_OFF)?;
        let inner = unpad(Type::Pair, &plain)?;
        if head.kind == ACK {
            Check::CBOR.refuse_if(head.msg != 0 || !inner.body.is_empty())?;
            return Ok(Received { msg: 0, ack: head.ack, body: None, duplicate: false });
        }
        let read = PairRead::decode(head.kind, inner.body)?;
        Check::PAIR_ROLE.refuse_if(!may_say(head, pair.role))?;
        Check::PURPOSE.refuse_if(!belongs(head.kind, pair.purpose))?;
        Check::MESSAGE_NUMBER.refuse_if(receiver.is_out_of_reach(head.msg))?;
        if let Some(nonce) = read.confirm_nonce() {
            Check::COMMITMENT.refuse_if(!opens(pair.role, nonce))?;
        }
        let body = read.into_body()?;
        let duplicate = !receiver.arrive(head.msg);
        Ok(Received { msg: head.msg, ack: head.ack, body: Some(body), duplicate })
    }
}

/// What stands in front of the body's length.
#[derive(Clone, Copy)]
struct Head {
    kind: u8,
    msg: u32,
    ack: u32,
}

impl Head {
    fn read(plain: &[u8]) -> Option<Head> {
        let [kind, m0, m1, m2, m3, a0, a1, a2, a3] = *plain.first_chunk::<9>()?;
        Some(Head { kind, msg: u32::from_be_bytes([m0, m1, m2, m3]), ack: u32::from_be_bytes([a0, a1, a2, a3]) })
    }
}

/// 056: confirm is the initiator's message 1 and nothing else; verdicts are the responder's, linking and hand-off the
/// initiator's.
fn may_say(head: Head, role: Role) -> bool {
    let from_initiator = match role {
        Role::Initiator => false,
        Role::Responder { .. } => true,
    };
    let is_first = from_initiator && head.msg == 1;
    (head.kind == CONFIRM) == is_first
        && (head.kind != VERDICT || !from_initiator)
        && ((!LINKING.contains(&head.kind) && head.kind != HAND_OFF) || from_initiator)
}

/// 059: the kinds of a purpose.
fn belongs(kind: u8, purpose: Purpose) -> bool {
    let linking = LINKING.contains(&kind);
    match purpose {
        Purpose::Ring | Purpose::Pair => !linking && kind != HAND_OFF,
        Purpose::Link => linking || matches!(kind, ACK | CONFIRM | HANG_UP),
        Purpose::HandOff => matches!(kind, ACK | CONFIRM | VERDICT | HANG_UP | HAND_OFF),
    }
}

/// 058: the nonce is the one that the offer committed to.
fn opens(role: Role, nonce: &[u8; 32]) -> bool {
    match role {
        Role::Initiator => false,
        Role::Responder { sas_commit } => commitment(nonce) == sas_commit,
    }
}

#[cfg(test)]
mod tests;
