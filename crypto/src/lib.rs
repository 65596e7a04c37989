//! Keys, signatures, handshakes and frames of ahoy/1: pure functions over bytes.
//!
//! No clock and no ambient randomness: `now` and the RNG are arguments. The byte layouts and the
//! numbered checks are those of `docs/wire.md`.

pub mod ids;
pub mod secret;

pub use ids::{AccountId, DeviceId};
pub use secret::Secret;
