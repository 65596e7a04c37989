//! What the link's task and the audio thread know of a link, told without a lock.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a link's ear and its jitter buffer tell each other without a lock.
#[derive(Debug, Default)]
pub(crate) struct Ties {
    /// Round trip, microseconds; 0: not known.
    round_trip_us: AtomicU64,
    /// Share of packets that don't come by themselves, per mille, packets in a row that are lost then, in tenths, and after
    /// how many frames copies come.
    losses: AtomicU64,
    /// Packets that came so far (modulo 2^32), kbit/s at which they come, and what waits in queues on their way, ms.
    came: AtomicU64,
    /// Timestamp of the next sample to be decoded, and when: tenths of ms, modulo 2^32. 0: not known.
    due: AtomicU64,
}

/// Losses of a link, before anything is repaired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Losses {
    /// Per mille.
    pub(crate) permille: u32,
    /// Packets in a row, in tenths.
    pub(crate) run_tenths: u32,
    /// Packets wait in queues: what is lost is lost there, and nothing of it is counted.
    pub(crate) queued: bool,
}

impl Ties {
    /// The round trip of the link, microseconds; none if it was not measured yet.
    pub(crate) fn round_trip_us(&self) -> Option<u64> {
        Some(self.round_trip_us.load(Ordering::Relaxed)).filter(|us| *us > 0)
    }

    /// What was lost lately, and after how many frames copies come.
    pub(crate) fn losses(&self) -> (Losses, u8) {
        let packed = self.losses.load(Ordering::Relaxed);
        let (permille, run_tenths) = ((packed >> 32) as u32, (packed >> 8 & 0x7f_ffff) as u32);
        let losses = Losses { permille, run_tenths, queued: packed >> 31 & 1 == 1 };
        (losses, (packed & 0xff) as u8)
    }

    /// Packets that came so far (modulo 2^32), kbit/s at which they come, and what waits in queues on their way, ms.
    pub(crate) fn came(&self) -> (u32, u16, u16) {
        let packed = self.came.load(Ordering::Relaxed);
        ((packed >> 32) as u32, (packed >> 16 & 0xffff) as u16, (packed & 0xffff) as u16)
    }

    pub(super) fn tell_losses(&self, losses: Losses, copies_after: u8) {
        let Losses { permille, run_tenths, queued } = losses;
        let run = u64::from(queued) << 31 | u64::from(run_tenths & 0x7f_ffff) << 8;
        let packed = u64::from(permille) << 32 | run | u64::from(copies_after);
        self.losses.store(packed, Ordering::Relaxed);
    }

    pub(super) fn tell_round_trip(&self, round_trip_us: Option<u64>) {
        self.round_trip_us.store(round_trip_us.unwrap_or(0), Ordering::Relaxed);
    }

    pub(super) fn tell_came(&self, came: u32, kbps: u16, queue_ms: u16) {
        let packed = u64::from(came) << 32 | u64::from(kbps) << 16 | u64::from(queue_ms);
        self.came.store(packed, Ordering::Relaxed);
    }

    /// The sample at `timestamp` is decoded at `at_us`, if nothing changes.
    pub(crate) fn tell_due(&self, timestamp: u32, at_us: u64) {
        let tenths = (at_us / 100) & 0xffff_ffff;
        self.due.store(u64::from(timestamp) << 32 | tenths.max(1), Ordering::Relaxed);
    }

    /// When the sample at `timestamp` is decoded, as microseconds from `now_us` on; none if that is not known.
    pub(super) fn left_us(&self, timestamp: u32, now_us: u64) -> Option<i64> {
        let packed = self.due.load(Ordering::Relaxed);
        if packed == 0 {
            return None;
        }
        // Both wrap; what is near is meant.
        let samples = timestamp.wrapping_sub((packed >> 32) as u32).cast_signed();
        let tenths = ((packed & 0xffff_ffff) as u32).wrapping_sub(((now_us / 100) & 0xffff_ffff) as u32).cast_signed();
        Some(i64::from(tenths) * 100 + i64::from(samples) * 125 / 6)
    }
}

/// How a packet came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// By itself.
    ByItself,
    /// Out of order, where packets come again: perhaps it was only late.
    Again,
    /// It was lost, asked for, and sent again.
    Asked,
    /// It was lost, and this is the copy that follows each packet.
    Copied,
}

impl Came {
    /// Whether the time at which it came says something of the way.
    pub(crate) fn by_itself(self) -> bool {
        self == Self::ByItself
    }
}
