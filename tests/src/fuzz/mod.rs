//! Fuzz targets: plain functions over bytes that panic when a property is broken.
//!
//! Three drive them: libFuzzer (`tests/fuzz`), the replay of `tests/corpora` in every test run, and small seeded
//! mutations of it. A target is deterministic, keeps nothing between runs and takes less than a millisecond or so.

pub mod cbor;
pub mod control_line;
pub mod frames;
pub mod mutate;
pub mod opus_wrapper;
pub mod rtp_to_jitter_buffer;
pub mod sdp_door;
pub mod wire;

/// A fuzz target. Its corpus is `tests/corpora/NAME`, its libFuzzer program `tests/fuzz/fuzz_targets/NAME.rs`.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// As folders and programs are called.
    pub name: &'static str,
    /// Panics when a property is broken.
    pub run: fn(&[u8]),
}

/// Every target, by name.
pub const TARGETS: &[Target] = &[
    Target { name: "cbor", run: cbor::run },
    Target { name: "control_line", run: control_line::run },
    Target { name: "frames", run: frames::run },
    Target { name: "opus_wrapper", run: opus_wrapper::run },
    Target { name: "rtp_to_jitter_buffer", run: rtp_to_jitter_buffer::run },
    Target { name: "sdp_door", run: sdp_door::run },
    Target { name: "wire", run: wire::run },
];
