//! One direction of a road: packets keep their order, and a seed decides which are lost.

use crate::profile::{Profile, QUEUE_MS, Weather};

/// Numbers out of a seed: splitmix64 (Steele, Lea and Flood 2014).
#[derive(Clone, Debug)]
struct Numbers(u64);

impl Numbers {
    /// Evenly from 0 (included) to 100 (not included).
    fn percent(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64 * 100.0
    }
}

/// Counts of a direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Packets that were sent.
    pub packets: u64,
    /// Their bytes, heads included.
    pub bytes: u64,
    /// Packets that were lost on the way.
    pub lost: u64,
    /// Packets that found the queue full.
    pub dropped: u64,
}

/// A direction.
#[derive(Clone, Debug)]
pub struct Road {
    profile: Profile,
    /// Microseconds of the call at which the profile's clock begins.
    begins_us: u64,
    numbers: Numbers,
    in_burst: bool,
    /// When the narrowest place is free again, and when the last packet arrives, microseconds.
    free_us: f64,
    last_us: f64,
    traffic: Traffic,
}

impl Road {
    /// A direction of `profile`, whose clock begins at `begins_us`. `way` tells the two directions apart.
    #[must_use]
    pub fn new(profile: &Profile, begins_us: u64, seed: u64, way: u64) -> Self {
        let numbers = Numbers(seed.wrapping_mul(0xD134_2543_DE82_EF95) ^ way);
        let (free_us, last_us, traffic) = (0.0, 0.0, Traffic::default());
        Self { profile: profile.clone(), begins_us, numbers, in_burst: false, free_us, last_us, traffic }
    }

    fn weather(&self, now_us: u64) -> Option<Weather> {
        let seconds = now_us.saturating_sub(self.begins_us) as f64 / 1e6;
        self.profile.weather.iter().rev().find(|(from, _)| *from <= seconds).map(|(_, weather)| *weather)
    }

    /// A packet of `bytes` is sent at `now_us`. When it arrives, unless it is lost.
    pub fn send(&mut self, now_us: u64, bytes: usize) -> Option<u64> {
        let weather = self.weather(now_us)?;
        self.traffic.packets += 1;
        self.traffic.bytes += bytes as u64;
        let burst = weather.burst_percent.is_some_and(|(begin, end)| {
            let turns = self.numbers.percent() < if self.in_burst { end } else { begin };
            self.in_burst ^= turns;
            self.in_burst
        });
        if burst || self.numbers.percent() < weather.loss_percent || weather.cut {
            self.traffic.lost += 1;
            return None;
        }
        let mut at_us = now_us as f64;
        if let Some(rate_kbps) = weather.rate_kbps {
            let begin_us = self.free_us.max(at_us);
            if begin_us - at_us > QUEUE_MS * 1_000.0 {
                self.traffic.dropped += 1;
                return None;
            }
            at_us = begin_us + bytes as f64 * 8_000.0 / rate_kbps;
            self.free_us = at_us;
        }
        let jitter_ms =
            if weather.jitter_ms > 0.0 { (self.numbers.percent() / 50.0 - 1.0) * weather.jitter_ms } else { 0.0 };
        self.last_us = self.last_us.max(at_us + (weather.delay_ms + jitter_ms).max(0.0) * 1_000.0);
        Some(self.last_us as u64)
    }

    /// What was sent so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.traffic
    }
}
