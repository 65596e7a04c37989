//! Small calls in every order of events: stateright drives the real call core of each device, over a session layer and
//! media that are made up and may lose, double and reorder what the network may.

mod model;
mod node;
mod outsider;
mod rest;
mod search;
mod session;
mod state;
mod watch;

pub(crate) use model::Scene;
pub(crate) use outsider::words as outsiders_words;
pub(crate) use search::explore;
pub(crate) use state::Left;
