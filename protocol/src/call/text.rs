//! Ids, media and missed calls as frontends see them.

use crate::control::{Direction, EventKind, MediaState};
use crate::ids::{AccountId, CallId, DeviceId};
use crate::wire::bodies::{Flags, Media};

/// 32 lower-case hex digits.
pub(crate) fn call(id: CallId) -> String {
    data_encoding::HEXLOWER.encode(&id.0)
}

/// bech32m.
pub(super) fn account(id: AccountId) -> String {
    id.text()
}

/// base58 peer id.
pub(super) fn device(id: DeviceId) -> String {
    id.text()
}

/// As frontends call it.
pub(super) fn direction(incoming: bool) -> Direction {
    if incoming { Direction::In } else { Direction::Out }
}

/// The words of the media bits.
pub(super) fn media(media: Media) -> Vec<String> {
    [(1, "audio"), (2, "video"), (4, "data")]
        .into_iter()
        .filter(|(bit, _)| media.0 & bit != 0)
        .map(|(_, word)| word.to_owned())
        .collect()
}

/// Flags as frontends see them.
pub(super) fn media_state(flags: Flags, reconnecting: bool) -> MediaState {
    MediaState {
        muted: flags.0 & Flags::MUTED != 0,
        deafened: flags.0 & Flags::DEAFENED != 0,
        held: flags.0 & Flags::HELD != 0,
        reconnecting,
        recording: flags.0 & Flags::RECORDING != 0,
    }
}

/// The event of a missed call.
pub(crate) fn missed_call(id: CallId, from: AccountId, started_at_ms: u64) -> EventKind {
    EventKind::MissedCall { call: call(id), account: account(from), started_at_ms }
}
