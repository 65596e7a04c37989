//! `/ahoy/1/voicemail` byte for byte (docs/wire.md 13): announcement, fetch, and the message itself.

use ahoy_crypto::Check;
use ahoy_crypto::hash::sha256;

use crate::ids::CallId;
use crate::limits::{VOICEMAIL_BYTES, VOICEMAIL_MS, VOICEMAIL_PACKET_BYTES};

/// Bytes of an announcement.
pub const ANNOUNCE_BYTES: usize = 65;
/// Bytes of a fetch.
pub const FETCH_BYTES: usize = 17;
/// The answer to an announcement: the message is on the disk there.
pub const KEPT: u8 = 1;

const ANNOUNCE: u8 = 1;
const FETCH: u8 = 2;
const VERSION: u8 = 1;

/// What is announced of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announce {
    /// The call that nobody answered.
    pub call: CallId,
    /// When it was offered, Unix ms.
    pub started_ms: u64,
    /// How long the message is, ms.
    pub duration_ms: u32,
    /// Its bytes.
    pub bytes: u32,
    /// Their SHA-256.
    pub hash: [u8; 32],
}

/// A request on a stream of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// There is a message for you.
    Announce(Announce),
    /// Give me the message of this call.
    Fetch(CallId),
}

impl Request {
    /// As it is sent.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Announce(a) => {
                let (started, duration) = (a.started_ms.to_be_bytes(), a.duration_ms.to_be_bytes());
                [&[ANNOUNCE], a.call.0.as_slice(), &started, &duration, &a.bytes.to_be_bytes(), &a.hash].concat()
            }
            Self::Fetch(call) => [&[FETCH], call.0.as_slice()].concat(),
        }
    }

    /// Reads what came.
    ///
    /// # Errors
    /// [`Check::VOICEMAIL_REQUEST`] for another kind or length, an empty or too long message.
    pub fn read(bytes: &[u8]) -> Result<Self, Check> {
        let request = Self::parse(bytes);
        Check::VOICEMAIL_REQUEST.require(request)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        let (call, rest) = rest.split_first_chunk::<16>()?;
        let call = CallId(*call);
        match *kind {
            FETCH => rest.is_empty().then_some(Self::Fetch(call)),
            ANNOUNCE => {
                let (started, rest) = rest.split_first_chunk::<8>()?;
                let (duration, rest) = rest.split_first_chunk::<4>()?;
                let (size, rest) = rest.split_first_chunk::<4>()?;
                let (duration_ms, bytes) = (u32::from_be_bytes(*duration), u32::from_be_bytes(*size));
                let fits = (1..=VOICEMAIL_MS).contains(&duration_ms) && (3..=VOICEMAIL_BYTES).contains(&bytes);
                let started_ms = u64::from_be_bytes(*started);
                let hash = rest.try_into().ok()?;
                fits.then_some(Self::Announce(Announce { call, started_ms, duration_ms, bytes, hash }))
            }
            0 | 3..=u8::MAX => None,
        }
    }
}

/// A recorded message: Opus packets of one length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Sound in a packet, ms: 10, 20, 40 or 60.
    pub frame_ms: u8,
    /// Opus packets at 48 kHz, mono.
    pub packets: Vec<Vec<u8>>,
}

impl Message {
    /// How long it is, ms.
    #[must_use]
    pub fn duration_ms(&self) -> u32 {
        u32::try_from(self.packets.len()).unwrap_or(u32::MAX).saturating_mul(u32::from(self.frame_ms))
    }

    /// As it is sent and kept; packets beyond the bounds are left out.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION, self.frame_ms];
        let mut duration_ms = 0;
        for packet in &self.packets {
            duration_ms += u32::from(self.frame_ms);
            let Ok(length) = u16::try_from(packet.len()) else { continue };
            if duration_ms > VOICEMAIL_MS || out.len() + 2 + packet.len() > VOICEMAIL_BYTES as usize {
                break;
            }
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(packet);
        }
        out
    }

    /// Reads a message as it was kept.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let ([VERSION, frame_ms @ (10 | 20 | 40 | 60)], mut rest) = bytes.split_first_chunk::<2>()? else {
            return None;
        };
        let mut packets = Vec::new();
        while !rest.is_empty() {
            let (length, after) = rest.split_first_chunk::<2>()?;
            let (packet, after) = after.split_at_checked(u16::from_be_bytes(*length).into())?;
            if packet.is_empty() || packet.len() > VOICEMAIL_PACKET_BYTES {
                return None;
            }
            packets.push(packet.to_vec());
            rest = after;
        }
        let message = Self { frame_ms: *frame_ms, packets };
        (1..=VOICEMAIL_MS).contains(&message.duration_ms()).then_some(message)
    }

    /// Reads the message that was announced so.
    ///
    /// # Errors
    /// [`Check::VOICEMAIL`] if it is another one, or none at all.
    pub fn check(bytes: &[u8], announced: &Announce) -> Result<Self, Check> {
        let same = bytes.len() == announced.bytes as usize && sha256(&[bytes]) == announced.hash;
        Check::VOICEMAIL.refuse_if(!same)?;
        let message = Self::read(bytes).filter(|message| message.duration_ms() == announced.duration_ms);
        Check::VOICEMAIL.require(message)
    }
}

#[cfg(test)]
mod tests;
