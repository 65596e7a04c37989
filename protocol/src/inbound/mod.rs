//! From bytes that anybody may have sent to signals that call logic may act on.
//!
//! Trust is in the types: [`Sealed`] (the head is good, nothing inside is known) -> [`Opened`] (it decrypts: somebody
//! holds the right keys) -> [`Verified`] (who, what, and that they may). Every check has a number of docs/wire.md and
//! stands in its order; the first that fails is returned, and the caller drops the message in silence and counts.
//!
//! Nothing here owns state. What the checks need to know comes in through [`State`] and the contexts of the frames;
//! what they change (a replay cache entry, a token, a window) changes only after the check it belongs to has passed.

mod answer;
mod call;
pub mod doors;
mod envelope;
mod epoch;
mod kinds;
mod pair;
mod refusals;
mod sealed;
mod signal;
mod state;
mod verified;

#[cfg(test)]
pub(crate) mod tests;

pub use answer::{OpenedAnswer, VerifiedAnswer, waiting};
pub use call::{CallContext, CallFrame, EpochKey, FrameWindows, Member, VerifiedFrame, apply_to_roster};
pub use envelope::Opened;
pub use epoch::{CommitContext, check_commit};
pub use kinds::check_offer;
pub use pair::{PairContext, PairReceiver, Received, Role};
pub use refusals::Refusals;
pub use sealed::{Held, Sealed, SealedAnswer, SealedCallFrame, SealedEnvelope, SealedPairFrame, receive};
pub use signal::Signal;
pub use state::{Done, Rate, State};
pub use verified::Verified;
