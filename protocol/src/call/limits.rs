//! Bounds of the call core.

/// Count: calls that ring here at once; further ones are dropped in silence.
pub(super) const RINGING_MAX: usize = 16;
/// Count: calls offered to us that wait for their confirm; as many as handshakes may wait.
pub(super) const OFFERED_MAX: usize = 64;
/// Count: calls of ours that are not ended (dialing, ringing there, accepted).
pub(super) const OWN_CALLS_MAX: usize = 16;
/// Count: devices rung in one call: a roster of 32 with 8 devices each.
pub(super) const PEERS_MAX: usize = 256;
/// Count: ended calls that are listed.
pub(super) const ENDED_MAX: usize = 256;
/// Milliseconds: how long an ended call is listed.
pub(super) const ENDED_MS: u64 = 600_000;
/// Count: call ids remembered of an account, oldest out.
pub(super) const SEEN_PER_ACCOUNT: usize = 4096;
/// Count: accounts whose call ids are remembered; more than a person has contacts.
pub(super) const SEEN_ACCOUNTS: usize = 4096;
/// Milliseconds: how long call ids are remembered: longer than any prekey lives.
pub(super) const SEEN_MS: u64 = 96 * 3_600_000;
/// Count: calls with signals that came before their offer.
pub(super) const EARLY_CALLS: usize = 64;
/// Count: signals kept of such a call; as many as a pair channel keeps early messages.
pub(super) const EARLY_SIGNALS: usize = 31;
/// Milliseconds: how long they are kept; no offer rings longer.
pub(super) const EARLY_MS: u64 = 60_000;
/// Count: candidates kept of a link that waits for the call to be accepted.
pub(super) const WAITING_CANDIDATES_MAX: usize = 20;
/// Count: restarts a peer may ask for in [`RESTART_WINDOW_MS`] (CHK-069).
pub(super) const RESTARTS_MAX: usize = 6;
/// Milliseconds: the window of [`RESTARTS_MAX`].
pub(super) const RESTART_WINDOW_MS: u64 = 60_000;
/// Bytes: what was tried, in an end's cause.
pub(super) const CAUSE_MAX_BYTES: usize = 1024;
/// Bytes: the messenger's word for the conversation.
pub(super) const CONTEXT_MAX_BYTES: usize = 256;
/// Milliseconds: a link of a call that we ended stays open, so that the hang-up on `ctl` gets out.
pub(super) const LINGER_MS: u64 = 200;
/// Milliseconds: our status is repeated on `ctl`.
pub(super) const STATUS_EVERY_MS: u64 = 1_000;
/// Milliseconds: announces are repeated on the call topic.
pub(super) const ANNOUNCE_EVERY_MS: u64 = 5_000;
/// Milliseconds after the last packet: when an interrupted link is restarted.
pub(super) const RESTART_AT_MS: [u64; 5] = [2_000, 5_000, 10_000, 20_000, 40_000];
/// Milliseconds after the last packet: when it is given up.
pub(super) const GIVE_UP_MS: u64 = 60_000;
/// Milliseconds without a packet after which a link counts as interrupted (the engine says so).
pub(super) const INTERRUPTED_MS: u64 = 2_000;
/// Milliseconds: a clock that is off by more than this gives a warning.
pub(super) const CLOCK_OFF_MS: u64 = 120_000;
/// Seconds: the longest time an offer may ask to ring (CHK-021).
pub(super) const TTL_MAX_S: u64 = 60;
