//! Who we are and whom we know: own keys, tokens and prekeys, contacts, presence.

mod contacts;
mod devices;
pub mod name;
mod own;
pub(crate) mod rows;
mod strangers;

pub use contacts::{Contact, Contacts, DeviceFacts, Policy};
pub use devices::{FEATURE_CONTINUES, Membership, NoSet, is_silent, takes_continuations, takes_hand_offs};
pub use own::Own;
pub use rows::RowError;
pub use strangers::{Attempt, Attempts, NoRoom, OpenRequest, Stranger, Strangers};

#[cfg(test)]
mod tests;
