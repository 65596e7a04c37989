//! Media connections behind one trait: commands in, events out, no webrtc type in its signatures.

pub mod engine;
