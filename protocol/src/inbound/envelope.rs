//! Second stage of envelopes: somebody sealed it to our prekey, for this topic and day, and holds its static key.

use ahoy_crypto::keys::is_low_order;
use ahoy_crypto::{Check, Responder, noise};

use super::sealed::SealedEnvelope;
use super::state::State;
use crate::topic::Topic;
use crate::wire::envelope::{Type, VERSION};

/// An envelope that decrypted. Whose it is stands in a certificate that nobody has looked at.
#[derive(Debug)]
pub struct Opened {
    pub(super) topic: Topic,
    pub(super) on_mailbox: bool,
    pub(super) hash: [u8; 32],
    pub(super) responder: Responder,
}

impl SealedEnvelope<'_> {
    /// Opens it. The Diffie-Hellman is paid for before it happens; the replay cache takes what decrypted.
    ///
    /// # Errors
    /// 006, 007, 008, 009, 010.
    pub fn open(self, state: &mut dyn State) -> Result<Opened, Check> {
        Check::SPK_ID.require(state.prekey(self.spk_id))?;
        Check::REPLAY.refuse_if(state.is_replay(&self.hash))?;
        Check::BUDGET.refuse_if(!state.has_budget(&self.topic))?;
        let ephemeral = Check::NOISE.require(self.message1.first_chunk::<32>())?;
        Check::LOW_EPHEMERAL.refuse_if(is_low_order(ephemeral))?;
        state.take_budget(&self.topic);
        let head = [VERSION, Type::Inbox as u8];
        let prologue = noise::prologue(head, state.device(), self.spk_id, self.stamp, &self.topic.0);
        let prekey = Check::SPK_ID.require(state.prekey(self.spk_id))?;
        let responder = Responder::open(prekey, &prologue, self.message1)?;
        state.enter_replay(self.hash);
        Ok(Opened { topic: self.topic, on_mailbox: self.on_mailbox, hash: self.hash, responder })
    }
}
