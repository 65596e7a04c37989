//! What sessions ask the actor.

use ahoy_media::host_media::api::{Processing, Selection};
use ahoy_media::host_media::check::SoundCheck;
use ahoy_protocol::control::{AudioDevice, ControlError, Reply};
use ahoy_protocol::core::input::Command;
use ahoy_protocol::ids::CallId;
use tokio::sync::oneshot;

use crate::store::Page;

/// Where an answer goes.
pub type Answer = oneshot::Sender<Result<Reply, ControlError>>;

/// What a session asks of the actor.
#[derive(Debug)]
pub struct Question {
    /// The `client` of its hello.
    pub client: String,
    /// What.
    pub ask: Ask,
    /// Where the answer goes.
    pub answer: Answer,
}

/// What can be asked of the actor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A question for the core.
    Core(Command),
    /// `subscribe` without replay: the state, and the number of the event it is as of.
    Snapshot,
    /// `call.stats`.
    Stats(Option<CallId>),
    /// `history.list`, answered by the store: names are left open.
    History(Page),
    /// `history.play`, of a message that is there.
    Play {
        /// The call after which it was left.
        call: CallId,
        /// Into this file instead of through the speaker.
        to: Option<std::path::PathBuf>,
    },
    /// `history.clear`, answered by the store.
    ClearHistory,
    /// No client asks: this device has a microphone or a speaker, or what stands for one, or none of them.
    Sound {
        /// It has.
        present: bool,
        /// Plugged in since the last time.
        added: Vec<AudioDevice>,
        /// Unplugged since.
        removed: Vec<AudioDevice>,
    },
    /// What is done to sound from now on.
    Process(Processing),
    /// Another sound device from now on.
    SelectSound(Selection),
    /// `device.audio.test`.
    CheckSound(SoundCheck),
    /// `shutdown`.
    Shutdown,
    /// Whether it still takes questions; what the board has of the core is brought up to date.
    Alive,
}
