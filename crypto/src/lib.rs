//! Keys, signatures, handshakes and frames of ahoy/1: pure functions over bytes.
//!
//! No clock and no ambient randomness: `now` and the RNG are arguments. The byte layouts and the
//! numbered checks are those of `docs/wire.md`.

mod bytes;
pub mod call_keys;
pub mod certificate;
pub mod check;
pub mod device_set;
pub mod frame;
pub mod hash;
pub mod ids;
pub mod inbox;
pub mod keys;
pub mod limits;
pub mod noise;
pub mod prekey;
pub mod sas;
pub mod secret;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod window;

pub use call_keys::CallKeys;
pub use certificate::Certificate;
pub use check::Check;
pub use device_set::DeviceSet;
pub use ids::{AccountId, DeviceId};
pub use inbox::Inbox;
pub use keys::{DhKey, SignKey};
pub use noise::{Channel, Initiator, Responder, SealError};
pub use prekey::PrekeyRecord;
pub use secret::Secret;
pub use window::Window;
