//! What became of the packets of a link.

use crate::host_media::{api::ReceiveStats, clock::samples_to_ms};

/// Counts since the buffer was made.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Packets that came, doubles not counted.
    pub(super) received: u64,
    /// Packets that never came, or too late.
    pub(super) lost: u64,
    /// Samples that were made up.
    pub(super) concealed: usize,
    /// Frames repaired by FEC.
    pub(super) repaired: u64,
    /// Packets that were no Opus packets.
    pub(super) refused: u64,
}

impl Counts {
    /// As figures, with those that are measured elsewhere.
    pub(super) fn stats(&self, jitter_ms: f64, jitter_buffer_ms: f64, playout_delay_ms: f64) -> ReceiveStats {
        ReceiveStats {
            packets_received: self.received,
            packets_lost: self.lost,
            jitter_ms,
            jitter_buffer_ms,
            playout_delay_ms,
            concealed_ms: samples_to_ms(self.concealed),
            fec_recovered: self.repaired,
            packets_refused: self.refused,
            // Not the buffer's to know.
            ..ReceiveStats::default()
        }
    }
}
