//! The bytes of ahoy/1 (docs/wire.md): bodies, their strict CBOR, and envelopes.

pub mod bodies;
