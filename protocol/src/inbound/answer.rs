//! Answers: Noise message 2 on the initiator's mailbox.

use ahoy_crypto::{Channel, Check, Initiator};

use super::sealed::SealedAnswer;
use crate::wire::bodies::Hello;
use crate::wire::envelope::{Type, unpad};

/// Goes on with what the caller found under a pair tag.
///
/// # Errors
/// 050 if nothing waits under it (a handshake that was answered no longer does).
pub fn waiting<T>(found: Option<T>) -> Result<T, Check> {
    Check::PAIR_TAG.require(found)
}

/// An answer that decrypted: the handshake is over, whatever stands in it.
#[derive(Debug)]
pub struct OpenedAnswer {
    channel: Channel,
    payload: Vec<u8>,
}

/// An answer that passed every check: a device is there, nothing more.
#[derive(Debug)]
pub struct VerifiedAnswer {
    /// The pair channel.
    pub channel: Channel,
    /// nonce_b, the responder's signing key, its features.
    pub hello: Hello,
}

impl SealedAnswer<'_> {
    /// Opens it with the handshake that waits under its pair tag. A bad message leaves the handshake as it was.
    ///
    /// # Errors
    /// 050 (it is over already), 009, 010.
    pub fn open(&self, initiator: &mut Initiator) -> Result<OpenedAnswer, Check> {
        let (channel, payload) = initiator.finish(self.message2)?;
        Ok(OpenedAnswer { channel, payload })
    }
}

impl OpenedAnswer {
    /// The transport that the handshake has led to.
    #[must_use]
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    /// Reads what stands in it.
    ///
    /// # Errors
    /// 017, 018, 019.
    pub fn verify(self) -> Result<VerifiedAnswer, Check> {
        let hello = Hello::decode(unpad(Type::Answer, &self.payload)?.body)?;
        Ok(VerifiedAnswer { channel: self.channel, hello })
    }
}
