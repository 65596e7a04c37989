//! Whether any key was used twice with the same nonce, as far as published bytes show it (docs/wire.md, 6 to 10).

use std::collections::BTreeMap;

/// Where the ephemeral key of a handshake's first message stands.
const ENVELOPE_KEY: std::ops::Range<usize> = 14..46;
/// Where an answer's handshake message begins; it goes again as it is, with another head.
const ANSWER_BODY: usize = 20;
/// Bytes of an answer's ephemeral key.
const ANSWER_KEY: std::ops::Range<usize> = 20..52;
/// Pair tag and counter of a pair frame: the tag names the handshake, and the mailbox the direction.
const PAIR_NONCE: std::ops::Range<usize> = 2..18;
/// Epoch, slot, salt and counter of a call frame.
const CALL_NONCE: std::ops::Range<usize> = 2..38;

/// Every key with its nonce that published messages show, and what was sealed with it.
#[derive(Debug, Default)]
pub(crate) struct Nonces {
    used: BTreeMap<(u8, Vec<u8>), Vec<u8>>,
    frames: usize,
}

impl Nonces {
    /// Takes a message that was published on a topic.
    ///
    /// # Errors
    /// The type of the message whose key has sealed something else with this nonce.
    pub(crate) fn take(&mut self, topic: &[u8], message: &[u8]) -> Result<(), u8> {
        let Some((kind, name, sealed)) = sealed(topic, message) else { return Ok(()) };
        self.frames += 1;
        match self.used.insert((kind, name), sealed.clone()) {
            Some(before) if before != sealed || kind > 0x21 => Err(kind),
            Some(_) | None => Ok(()),
        }
    }

    /// How many messages were looked at.
    pub(crate) fn frames(&self) -> usize {
        self.frames
    }
}

/// Type, name of key and nonce, and the bytes under them.
fn sealed(topic: &[u8], message: &[u8]) -> Option<(u8, Vec<u8>, Vec<u8>)> {
    let kind = *message.get(1)?;
    let on_topic = |range: std::ops::Range<usize>| Some([topic, message.get(range)?].concat());
    let (name, from) = match kind {
        0x11 => (message.get(ENVELOPE_KEY)?.to_vec(), 2),
        0x21 => (message.get(ANSWER_KEY)?.to_vec(), ANSWER_BODY),
        0x31 => (on_topic(PAIR_NONCE)?, 2),
        0x41 => (on_topic(CALL_NONCE)?, 2),
        _ => return None,
    };
    Some((kind, name, message.get(from..)?.to_vec()))
}
