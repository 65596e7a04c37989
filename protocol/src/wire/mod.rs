//! The bytes of ahoy/1 (docs/wire.md): bodies, their strict CBOR, and envelopes.

pub mod bodies;
pub mod card;
pub mod codec;
pub mod ctl;
pub mod envelope;
mod fields;
pub mod voicemail;
