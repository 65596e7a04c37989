//! Every size and time limit of this crate, with its unit and reason.

/// Bytes of a device certificate (fixed layout).
pub const CERTIFICATE_BYTES: usize = 168;
/// Bytes of a prekey record (fixed layout).
pub const RECORD_BYTES: usize = 293;
/// Bytes of a prekey request (version and MAC).
pub const PREKEY_REQUEST_BYTES: usize = 33;
/// Devices of an account: a set of 8 still fits a presence message of 1024 bytes.
pub const MAX_DEVICES: usize = 8;
/// Bytes of a device set without its devices: head 45, signature 64.
pub const SET_BYTES_BASE: usize = 109;
/// Seconds that a device set may reach ahead: 400 days, and 600 s for clocks that differ.
pub const SET_AHEAD_S: u64 = 34_560_600;
/// Seconds of a prekey record's life at most: 72 h bound what a stolen prekey opens.
pub const RECORD_LIFE_S: u64 = 259_200;
/// Seconds that the maker's clock may be ahead of ours.
pub const CLOCK_SKEW_S: u64 = 600;
/// Seconds of a day.
pub const DAY_S: u64 = 86_400;
/// Seconds before and after the turn of a token's day in which both days are held.
pub const DAY_OVERLAP_S: u64 = 7_200;
/// Counters of pair and call frames stay below this (2^48): far from the nonce's end, and more
/// than any call sends.
pub const COUNTER_END: u64 = 1 << 48;
/// Width of a replay window in counters: more than gossip reorders.
pub const WINDOW: u64 = 128;
/// Bytes of a Noise message or frame at most: the largest gossip message.
pub const MESSAGE_BYTES: usize = 4096;
