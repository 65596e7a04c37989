//! Sound of this machine: devices (or what stands for them), the encoder, jitter buffers, the mixer.

pub mod api;
