//! How long a device takes to acknowledge what it is sent, as measured: nothing goes to it again before it could have done so.
//!
//! A copy that goes too early waits behind the message it is a copy of. On a way of 64 kbit/s a message of 1 KiB takes 140 ms:
//! at the times of a fast way a call was set up with 50 KB a side in place of 10, and connections were given up because their
//! sign of life waited behind copies (docs/adr/0021-resends-wait-for-the-way.md).

use std::collections::BTreeMap;

use crate::ids::DeviceId;
use crate::limits::{PACE_GUESS_MS, PACE_PATIENT_MS, PACES_MAX, RESEND_FIRST_MAX_MS, RESEND_FIRST_MS};

/// What is known of one device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pace {
    /// A running mean, ms, that follows what is quicker sooner (on a lossy way a few are late, on a slow one all are); none:
    /// nothing is known.
    answer_ms: Option<u64>,
}

impl Pace {
    /// Something was acknowledged so long after it went; what went more than once says nothing (RFC 6298 section 3).
    pub(super) fn took(&mut self, ms: u64) {
        // More than counts would be forgotten only after many quick ones.
        let ms = ms.min(RESEND_FIRST_MAX_MS);
        self.answer_ms = Some(match self.answer_ms {
            Some(mean_ms) if ms > mean_ms => (7 * mean_ms + ms) / 8,
            Some(mean_ms) => mean_ms.midpoint(ms),
            None => ms,
        });
    }

    /// The same of something that went several times, since the first: the lost ones are in it too, so little of it counts.
    pub(super) fn took_at_most(&mut self, ms: u64) {
        self.took(ms.min(PACE_GUESS_MS));
    }

    /// The oldest message goes for the fourth time: it is lost, or the way is slower than was known (RFC 6298 section 5.5).
    pub(super) fn doubt(&mut self) {
        let known_ms = self.answer_ms.unwrap_or(0);
        let doubled_ms = (2 * known_ms).clamp(RESEND_FIRST_MS, PACE_PATIENT_MS);
        self.answer_ms = Some(known_ms.max(doubled_ms));
    }

    /// For what nobody waits for.
    pub(super) fn patient(self) -> Self {
        Self { answer_ms: Some(self.answer_ms.unwrap_or(0).max(PACE_PATIENT_MS)) }
    }

    /// When something goes for the second time, ms after the first: half as long again as an acknowledgement takes.
    pub(super) fn first_ms(self) -> u64 {
        let answer_ms = self.answer_ms.unwrap_or(0);
        (answer_ms.saturating_mul(3) / 2).clamp(RESEND_FIRST_MS, RESEND_FIRST_MAX_MS)
    }
}

/// Those of all devices that anything went to.
#[derive(Default)]
pub(super) struct Paces {
    known: BTreeMap<DeviceId, Pace>,
}

impl Paces {
    /// What is known of a device.
    pub(super) fn of(&self, device: DeviceId) -> Pace {
        self.known.get(&device).copied().unwrap_or_default()
    }

    /// The same, to be changed. Without room somebody's is forgotten: it is learned anew.
    pub(super) fn of_mut(&mut self, device: DeviceId) -> &mut Pace {
        if self.known.len() >= PACES_MAX && !self.known.contains_key(&device) {
            self.known.pop_first();
        }
        self.known.entry(device).or_default()
    }
}

#[cfg(test)]
mod tests;
