//! Who we are and whom we know: own keys, tokens and prekeys, contacts, presence.

mod contacts;
pub mod name;
mod own;
pub(crate) mod rows;

pub use contacts::{Contact, Contacts, DeviceFacts, Policy};
pub use own::Own;
pub use rows::RowError;

#[cfg(test)]
mod tests;
