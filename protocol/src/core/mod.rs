//! The whole of a device as one pure state machine: account, contacts, sessions and calls.

pub mod effect;
pub mod input;

mod dialing;
mod peers;
mod reaching;

use rand_core::CryptoRng;

pub use crate::call::Times;

use crate::ids::{AccountId, DeviceId, Now};
use effect::Effect;
use input::{Input, LinkOf};

/// What the core starts with.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Rows of the tables `Account`, `Contacts` and `SeenCalls` as they were put, in any order.
    pub rows: Vec<(effect::Table, Vec<u8>, Vec<u8>)>,
    /// Our name, 1..64 bytes; none: `ahoy-` and six letters.
    pub name: Option<String>,
    /// Time limits.
    pub times: Times,
    /// We listen on loopback, so loopback addresses of contacts may be dialled and used.
    pub loopback: bool,
}

/// Stored rows that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// A row that this version cannot read.
    #[error("the store's {0} cannot be read: it is damaged, or of a newer version")]
    Row(&'static str),
}

/// The core of a device.
pub struct Core {
    _private: (),
}

impl Core {
    /// Makes the core out of what the store kept; without an account row it makes an account and
    /// a device. The effects must be carried out before anything else.
    ///
    /// # Errors
    /// [`SetupError`] if a stored row cannot be used.
    pub fn new(_setup: Setup, _now: Now, _rng: &mut dyn CryptoRng) -> Result<(Core, Vec<Effect>), SetupError> {
        Ok((Core { _private: () }, Vec::new()))
    }

    /// Our device's private Ed25519 key: libp2p's identity.
    #[must_use]
    pub fn device_key(&self) -> ahoy_crypto::Secret {
        ahoy_crypto::Secret::new([0; 32])
    }

    /// Our account.
    #[must_use]
    pub fn account(&self) -> AccountId {
        AccountId([0; 32])
    }

    /// Our device.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        DeviceId([0; 32])
    }

    /// Takes an input and says what shall be done, in order.
    pub fn handle(&mut self, _input: Input, _now: Now, _rng: &mut dyn CryptoRng) -> Vec<Effect> {
        Vec::new()
    }

    /// When `Input::Timer` is wanted next, in monotonic ms.
    #[must_use]
    pub fn next_timer_ms(&self) -> Option<u64> {
        None
    }

    /// Every live link, for stats and metrics.
    #[must_use]
    pub fn links(&self) -> Vec<LinkOf> {
        Vec::new()
    }

    /// Number of calls that are not ended.
    #[must_use]
    pub fn calls(&self) -> usize {
        0
    }

    /// Nothing is left to be told to anybody: a stopping daemon may go.
    #[must_use]
    pub fn drained(&self) -> bool {
        true
    }
}
