//! Media connections behind one trait: commands in, events out, no webrtc type in its signatures.

pub(crate) mod alive;
pub mod engine;
pub mod feedback;
pub(crate) mod lane;
pub(crate) mod link;
pub(crate) mod links;
pub mod permit;
pub(crate) mod port;
mod sdp;
mod webrtc_engine;

pub use webrtc_engine::{LOG_TARGETS, WebrtcEngine};
