//! The call core: everything that is true of calls, as a pure state machine.
//!
//! [`CallCore`] takes [`signal::CallInput`]s and answers with [`effect::CallEffect`]s. One file a phase:
//! `outgoing`, `incoming`, `active`, `ending`; `negotiation` makes links; `timers` knows what is due.

mod active;
mod amend;
mod commands;
mod core;
mod early;
pub mod effect;
mod end_reason;
mod ended;
mod ending;
mod focus;
mod followed;
mod glare;
mod hand_off;
mod hold;
mod incoming;
mod info;
mod line;
mod links;
mod moved;
mod negotiation;
mod of_pair;
mod one_call;
mod outgoing;
mod recall;
pub mod recording;
mod rejoin;
pub(crate) mod rules;
mod seen;
pub mod signal;
mod state;
mod stays;
mod taking;
mod text;
mod timers;
mod times;
mod under_way;
mod waiting;

#[cfg(test)]
mod tests;

pub use self::core::CallCore;
pub use of_pair::OfPair;
pub use rejoin::JoinedCall;
pub(crate) use text::{call as call_text, missed_call};
pub use times::Times;
pub(crate) use under_way::cut_off;
