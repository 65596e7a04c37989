//! What the call core wants of a recording, with the names that the index needs.

use super::Core;
use super::effect::{Effect, MediaCommand};
use super::step::Step;
use crate::call::recording::{RecordEffect, Voice};
use crate::ids::{AccountId, CallId, DeviceId};

/// Whose voice it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Account.
    pub account: AccountId,
    /// Device.
    pub device: DeviceId,
    /// Our name for it.
    pub name: Option<String>,
}

/// Commands to whatever writes recordings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordingCommand {
    /// Make the folder and the files; `Input::Recording` of this number follows.
    Start {
        /// Of the recording.
        number: u32,
        /// The call.
        call: CallId,
        /// Where to; none: a folder of the daemon's choice.
        to: Option<String>,
        /// We.
        own: Party,
        /// Now, Unix ms.
        at_ms: u64,
    },
    /// A voice has a track from now on.
    Track {
        /// Whose.
        party: Party,
        /// Since when its owner agrees, Unix ms.
        at_ms: u64,
    },
    /// Nothing of that track that is not on the disk gets there.
    EndTrack {
        /// Whose.
        device: DeviceId,
        /// Now, Unix ms.
        at_ms: u64,
    },
    /// What somebody said, for the index.
    Answer {
        /// Who.
        party: Party,
        /// What, a stable word.
        answer: &'static str,
        /// When, Unix ms.
        at_ms: u64,
    },
    /// Write this voice, or no longer.
    Write {
        /// Whose.
        voice: Voice,
        /// On.
        on: bool,
    },
    /// It is over.
    Stop {
        /// `stopped` or `call_ended`.
        reason: &'static str,
    },
}

impl Core {
    pub(super) fn record(&mut self, effect: RecordEffect, step: &mut Step<'_>) {
        let at_ms = step.now.unix_ms;
        let party = |account: AccountId, device| Party { account, device, name: self.name_of(&account.text()) };
        let command = match effect {
            RecordEffect::Start { number, call, to } => {
                let own = party(self.own.account(), self.own.device());
                RecordingCommand::Start { number, call, to, own, at_ms }
            }
            RecordEffect::Track { account, device } => RecordingCommand::Track { party: party(account, device), at_ms },
            RecordEffect::EndTrack { device } => RecordingCommand::EndTrack { device, at_ms },
            RecordEffect::Answer { account, device, consent } => {
                RecordingCommand::Answer { party: party(account, device), answer: consent.text(), at_ms }
            }
            RecordEffect::Write { voice, on } => RecordingCommand::Write { voice, on },
            RecordEffect::Stop { reason } => RecordingCommand::Stop { reason },
        };
        step.out.push(Effect::Media(MediaCommand::Recording(command)));
    }
}
