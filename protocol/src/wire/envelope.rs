//! Heads, sizes and padding of gossip messages (docs/wire.md sections 5 to 8 and 10).
//!
//! From outside all messages of a size look the same: everything behind the head is sealed and padded with zeros.

use ahoy_crypto::check::Check;
use zeroize::Zeroizing;

/// Byte 0 of every message.
pub const VERSION: u8 = 1;
/// Flag of an inbox payload: a receipt is wanted (kinds 2-5, 7, 8).
pub const FLAG_RECEIPT: u8 = 1;
/// Flag of an inbox payload: send me your presence (kind 2).
pub const FLAG_ASK: u8 = 2;
/// Bytes: every size that a message may have.
pub const SIZES: [usize; 5] = [256, 512, 1024, 2048, 4096];

/// What a message is: byte 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Type {
    /// Inbox envelope: Noise message 1.
    Inbox = 0x11,
    /// Answer: Noise message 2.
    Answer = 0x21,
    /// Frame of a pair channel.
    Pair = 0x31,
    /// Frame on a call topic.
    Call = 0x41,
}

impl Type {
    /// The type that a byte names, if there is one.
    #[must_use]
    pub fn of(byte: u8) -> Option<Type> {
        [Type::Inbox, Type::Answer, Type::Pair, Type::Call].into_iter().find(|t| *t as u8 == byte)
    }

    /// Bytes: the sizes of this type, ascending.
    #[must_use]
    pub fn sizes(self) -> &'static [usize] {
        match self {
            Type::Inbox => &SIZES[2..],
            Type::Answer => &SIZES[1..2],
            Type::Pair | Type::Call => &SIZES,
        }
    }

    /// Bytes in front of what is sealed (the ephemeral key of a handshake message counts as sealed).
    #[must_use]
    pub fn head_bytes(self) -> usize {
        match self {
            Type::Inbox => 14,
            Type::Answer => 20,
            Type::Pair => 18,
            Type::Call => 38,
        }
    }

    /// Bytes that sealing adds: authentication tags, and the keys of a handshake message.
    #[must_use]
    pub fn seal_bytes(self) -> usize {
        match self {
            Type::Inbox => 32 + 48 + 16,
            Type::Answer => 32 + 16,
            Type::Pair | Type::Call => 16,
        }
    }

    /// Bytes in front of the body inside of what is sealed.
    #[must_use]
    pub fn inner_head_bytes(self) -> usize {
        match self {
            Type::Inbox => 180,
            Type::Answer => 2,
            Type::Pair => 11,
            Type::Call => 3,
        }
    }

    /// Bytes behind the body that are no padding: the signature of a call frame.
    #[must_use]
    pub fn signature_bytes(self) -> usize {
        match self {
            Type::Inbox | Type::Answer | Type::Pair => 0,
            Type::Call => 64,
        }
    }

    /// Bytes: the smallest size that holds a body of `body` bytes; none if no size does.
    #[must_use]
    pub fn size_for(self, body: usize) -> Option<usize> {
        let all = self.head_bytes() + self.seal_bytes() + self.inner_head_bytes() + self.signature_bytes() + body;
        self.sizes().iter().copied().find(|size| *size >= all)
    }

    /// Bytes of what is sealed in a message of `size` bytes, padding included.
    #[must_use]
    pub fn room(self, size: usize) -> usize {
        size.saturating_sub(self.head_bytes() + self.seal_bytes())
    }
}

/// The checks that need nothing but the bytes.
///
/// # Errors
/// 001, 002, 003.
pub fn classify(data: &[u8]) -> Result<Type, Check> {
    Check::LENGTH.refuse_if(!SIZES.contains(&data.len()))?;
    let head = data.first_chunk::<2>();
    let [version, kind] = *Check::LENGTH.require(head)?;
    Check::VERSION.refuse_if(version != VERSION)?;
    let kind = Check::TYPE.require(Type::of(kind))?;
    Check::TYPE.refuse_if(!kind.sizes().contains(&data.len()))?;
    Ok(kind)
}

/// What is inside, found again among the padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inner<'a> {
    /// What stands in front of the body, its length (the last two bytes) included.
    pub head: &'a [u8],
    /// The body.
    pub body: &'a [u8],
    /// What stands behind the body and isn't padding.
    pub signature: &'a [u8],
}

/// Splits what was sealed in a message of type `kind`.
///
/// # Errors
/// 017 (the length reaches beyond the end), 018 (a padding byte that isn't 0).
pub fn unpad(kind: Type, plain: &[u8]) -> Result<Inner<'_>, Check> {
    let (head, rest) = Check::BODY_LENGTH.require(plain.split_at_checked(kind.inner_head_bytes()))?;
    let len = Check::BODY_LENGTH.require(head.last_chunk::<2>())?;
    let len = usize::from(u16::from_be_bytes(*len));
    let (body, rest) = Check::BODY_LENGTH.require(rest.split_at_checked(len))?;
    let (signature, padding) = Check::BODY_LENGTH.require(rest.split_at_checked(kind.signature_bytes()))?;
    Check::PADDING.refuse_if(padding.iter().any(|byte| *byte != 0))?;
    Ok(Inner { head, body, signature })
}

/// Joins `parts` and fills up with zeros to `room` bytes; none if they are longer. Erased when dropped.
#[must_use]
pub fn pad(room: usize, parts: &[&[u8]]) -> Option<Zeroizing<Vec<u8>>> {
    let mut plain = Zeroizing::new(Vec::with_capacity(room));
    for part in parts {
        plain.extend_from_slice(part);
    }
    if plain.len() > room {
        return None;
    }
    plain.resize(room, 0);
    Some(plain)
}

/// Head of an inbox envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InboxHead {
    /// Outer MAC: kills junk before any Diffie-Hellman.
    pub hint: [u8; 8],
    /// Which prekey it is sealed to.
    pub spk_id: [u8; 4],
}

/// Head of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerHead {
    /// Outer MAC.
    pub hint: [u8; 8],
    /// Which handshake it answers.
    pub pair_tag: [u8; 8],
    /// Number of this send of the same message 2.
    pub copy: u16,
}

/// Head of a pair frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairHead {
    /// Which session.
    pub pair_tag: [u8; 8],
    /// Nonce of the transport message.
    pub counter: u64,
}

/// Takes the next `N` bytes.
fn take<const N: usize>(data: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = data.split_first_chunk::<N>()?;
    *data = rest;
    Some(*first)
}

impl InboxHead {
    /// Reads it behind version and type; none if the message is shorter.
    #[must_use]
    pub fn read(message: &[u8]) -> Option<(InboxHead, &[u8])> {
        let mut rest = message.get(2..)?;
        Some((InboxHead { hint: take(&mut rest)?, spk_id: take(&mut rest)? }, rest))
    }
}

impl AnswerHead {
    /// Reads it behind version and type; none if the message is shorter.
    #[must_use]
    pub fn read(message: &[u8]) -> Option<(AnswerHead, &[u8])> {
        let mut rest = message.get(2..)?;
        let head = AnswerHead {
            hint: take(&mut rest)?,
            pair_tag: take(&mut rest)?,
            copy: u16::from_be_bytes(take(&mut rest)?),
        };
        Some((head, rest))
    }
}

impl PairHead {
    /// Reads it behind version and type; none if the message is shorter.
    #[must_use]
    pub fn read(message: &[u8]) -> Option<(PairHead, &[u8])> {
        let mut rest = message.get(2..)?;
        Some((PairHead { pair_tag: take(&mut rest)?, counter: u64::from_be_bytes(take(&mut rest)?) }, rest))
    }

    /// Version, type and this.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut head = vec![VERSION, Type::Pair as u8];
        head.extend_from_slice(&self.pair_tag);
        head.extend_from_slice(&self.counter.to_be_bytes());
        head
    }
}

#[cfg(test)]
mod tests;
