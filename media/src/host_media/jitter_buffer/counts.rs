//! What became of the packets of a link.

use crate::host_media::{api::ReceiveStats, asking::Came, clock::samples_to_ms};

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
    /// Packets that were lost, and came in time when they were asked for.
    pub(super) asked: u64,
    /// Packets that were lost, and whose copy came in time.
    pub(super) copied: u64,
    /// Packets that were no Opus packets.
    pub(super) refused: u64,
}

impl Counts {
    /// A packet is in its place before its sound is due.
    pub(super) fn in_time(&mut self, came: Came) {
        match came {
            Came::Asked => self.asked += 1,
            Came::Copied => self.copied += 1,
            Came::ByItself | Came::Again => {}
        }
    }

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
            retransmitted: self.asked,
            copies_used: self.copied,
            packets_refused: self.refused,
            // Not the buffer's to know.
            ..ReceiveStats::default()
        }
    }
}
