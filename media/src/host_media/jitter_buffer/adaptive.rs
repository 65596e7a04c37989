//! The first jitter buffer: waits as long as the measured unevenness asks for, conceals what is late, repairs what is
//! lost from the next packet, and shrinks or grows by single periods of the pitch.

mod fit;
mod repair;

use super::{
    FrameDecoder, Incoming, JitterBuffer, Pulled,
    behind::Behind,
    comfort::Comfort,
    counts::Counts,
    delay::{Delay, media_us},
    order::{Held, Order, Taken},
    patience::Patience,
};
use crate::{
    host_media::{
        api::ReceiveStats,
        asking::{Losses, OUTAGE},
        clock::{samples_to_ms, samples_to_us, us_to_samples},
    },
    limits::OPUS_PACKET_SAMPLES,
    planes::Planes,
};

/// Samples after which it is worth looking for a first packet again: 5 ms, less than it is to wait anyway.
const POLL: usize = 240;

/// A gap in the stream up to which it is filled in, samples: 200 ms. A longer one is a pause.
const GAP_MAX: i64 = 9_600;

/// Shortest piece that Opus conceals, samples: 2.5 ms.
const GRAIN: i64 = 120;

/// Delay beyond the wanted one, or in all, from which whole packets are left out, microseconds. Keeps the promise that
/// delay never stays above 400 ms.
const CUT_EXCESS_US: i64 = 300_000;
const CUT_TOTAL_US: i64 = 370_000;

/// Share of lost packets from which it pays to wait for the next packet and its copy of the lost one.
const REPAIR_FROM: f32 = 0.01;

/// Weight of one packet in the share of lost ones: it follows the last 100 or so.
const LOSS_WEIGHT: f32 = 0.01;

/// ```text
///            first packet's time has come
/// Waiting ────────────────────────────────> Playing
///    ^                                         │
///    └── nothing came for 120 ms, a pause of ──┘
///        the sender, a restart
/// ```
#[derive(Clone, Copy, Debug)]
enum State {
    /// Silence until the first packet is due.
    Waiting,
    /// Sound flows.
    Playing {
        /// End of what was decoded, on the sender's timeline.
        next: i64,
        /// Samples made up since packets ran out, in place of what follows `next`.
        owed: usize,
    },
}

/// See the module. `D` decodes.
pub(crate) struct Adaptive<D> {
    decoder: D,
    order: Order,
    delay: Delay,
    state: State,
    /// Decoded and not yet played.
    sound: Planes,
    scratch: Planes,
    loss: f32,
    /// Length of a frame if frames carry copies of the one before, microseconds; else 0.
    copies_us: i64,
    patience: Patience,
    waited_ms: f64,
    behind: Behind,
    comfort: Comfort,
    newest_us: Option<u64>,
    counts: Counts,
}

impl<D: FrameDecoder> Adaptive<D> {
    /// An empty buffer. `seed` decides the noise that is heard in gaps.
    pub(crate) fn new(decoder: D, seed: u64) -> Self {
        Self {
            decoder,
            order: Order::default(),
            delay: Delay::default(),
            state: State::Waiting,
            sound: Planes::with_capacity(2 * OPUS_PACKET_SAMPLES),
            scratch: Planes::with_capacity(OPUS_PACKET_SAMPLES),
            loss: 0.0,
            copies_us: 0,
            patience: Patience::default(),
            waited_ms: 0.0,
            behind: Behind::default(),
            comfort: Comfort::new(seed),
            newest_us: None,
            counts: Counts::default(),
        }
    }

    /// Packets and samples that wait.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        (self.order.len(), self.sound.len())
    }

    /// Adds sound, or says that there is none at `now_us`; none if that is not clear yet. Each call takes a packet,
    /// makes sound or changes the state, so that calls come to an end.
    fn more(&mut self, now_us: u64) -> Option<Pulled> {
        match self.state {
            State::Waiting => Some(self.begin(now_us)),
            State::Playing { next, owed } => {
                if self.cut(now_us, next) {
                    None
                } else {
                    self.go_on(now_us, next, owed)
                }
            }
        }
    }

    /// Plays the first packet if its time has come.
    fn begin(&mut self, now_us: u64) -> Pulled {
        let Some((first, due)) = self.order.first().zip(self.due_us()) else { return Pulled::Silence };
        let next = first.timestamp;
        if lag_us(now_us, next) < due {
            return Pulled::Silence;
        }
        self.pass_over();
        self.state = State::Playing { next, owed: 0 };
        self.play_first(now_us)
    }

    fn go_on(&mut self, now_us: u64, next: i64, owed: usize) -> Option<Pulled> {
        let Some(first) = self.order.first() else { return Some(self.starve(next, owed)) };
        let (gap, missing, samples) = (first.timestamp - next, self.order.missing(), first.samples as i64);
        if gap + samples <= 0 {
            // Its time was filled in already.
            self.pass_over();
            self.order.take();
            self.lose(1);
            return None;
        }
        if gap > GAP_MAX || (missing == 0 && gap > 0) {
            // The sender paused, or nothing sensible can fill the gap: begin again when its time comes.
            self.state = State::Waiting;
            return None;
        }
        let left = gap - owed as i64;
        if missing == 0 || left < GRAIN {
            self.pass_over();
            return Some(self.play_first(now_us));
        }
        // What was made up before the gap was known counts into it.
        Some(self.fill_gap(next + owed as i64, left))
    }

    /// Decodes the first packet and stretches it if the delay is not the wanted one.
    fn play_first(&mut self, now_us: u64) -> Pulled {
        let Some(packet) = self.order.take() else { return Pulled::Silence };
        let Held { timestamp, samples, payload, arrived_us, came, .. } = packet;
        let excess_us = self.excess_us(now_us, timestamp);
        self.newest_us = Some(arrived_us);
        self.loss -= self.loss * LOSS_WEIGHT;
        self.copies_us = if self.decoder.has_fec(&payload) { media_us(samples as i64) } else { self.copies_us };
        self.state = State::Playing { next: timestamp + samples as i64, owed: 0 };
        let mut sound = std::mem::take(&mut self.scratch);
        if !self.decoder.decode(&payload, &mut sound) {
            self.scratch = sound;
            self.make_up(samples, false);
            return Pulled::MadeUp;
        }
        self.comfort.sound(&mut sound.mid);
        if let Some(excess_us) = excess_us {
            self.fit(&mut sound, excess_us, samples);
        }
        self.behind.heard(lag_us(now_us, timestamp) + media_us(self.sound.len() as i64));
        // What came again waited less than what it stands for.
        if came.by_itself() {
            let waited_ms = now_us.saturating_sub(arrived_us) as f64 / 1_000.0 + samples_to_ms(self.sound.len());
            self.waited_ms += (waited_ms - self.waited_ms) / 16.0;
        }
        self.sound.append(&sound);
        self.scratch = sound;
        Pulled::Sound
    }

    /// Gives up on the packets missing before the first that waits.
    fn pass_over(&mut self) {
        let missing = self.order.missing();
        self.order.give_up(missing);
        self.lose(missing);
    }

    fn lose(&mut self, packets: i64) {
        self.counts.lost += packets.unsigned_abs();
        // An outage says nothing of what will be lost next.
        for _ in 0..if packets > OUTAGE { 0 } else { packets } {
            self.loss += (1.0 - self.loss) * LOSS_WEIGHT;
        }
    }

    /// Leaves packets out while the delay is far too long and newer ones wait; true if it did.
    fn cut(&mut self, now_us: u64, mut next: i64) -> bool {
        let Some(due) = self.due_us() else { return false };
        let late = |at: i64| lag_us(now_us, at) - due;
        let position = next - self.sound.len() as i64;
        let total = lag_us(now_us, position).saturating_sub(self.delay.recent_us());
        if late(position) < CUT_EXCESS_US && total < CUT_TOTAL_US {
            return false;
        }
        let (end, mut cut) = (self.order.end().unwrap_or(next), false);
        while let Some(first) = self.order.first() {
            let after = first.timestamp + first.samples as i64;
            if late(first.timestamp) <= 0 || after >= end {
                break;
            }
            (next, cut) = (after, true);
            self.pass_over();
            self.order.take();
            self.state = State::Playing { next, owed: 0 };
        }
        cut
    }

    /// Samples until the first packet is due.
    fn samples_until_due(&self, now_us: u64) -> usize {
        let Some((first, due)) = self.order.first().zip(self.due_us()) else { return POLL };
        let left_us = (due - lag_us(now_us, first.timestamp)).max(0);
        usize::try_from(us_to_samples(left_us.unsigned_abs()) + 1).unwrap_or(POLL).min(POLL)
    }

    /// When a sample is to be played, as play time minus media time in microseconds.
    fn due_us(&self) -> Option<i64> {
        let copies_us = if self.loss >= REPAIR_FROM { self.copies_us } else { 0 };
        self.delay.due_us(self.patience.wait_us(copies_us))
    }

    /// How much sooner than needed the packet at `timestamp` came, if it is decoded now, microseconds. (What is decoded
    /// and not played yet adds to the delay, but gives packets no time.)
    fn excess_us(&self, now_us: u64, timestamp: i64) -> Option<i64> {
        Some(lag_us(now_us, timestamp) - self.due_us()?)
    }
}

/// Play time minus media time, microseconds.
fn lag_us(now_us: u64, timestamp: i64) -> i64 {
    i64::try_from(now_us).unwrap_or(i64::MAX).saturating_sub(media_us(timestamp))
}

impl<D: FrameDecoder> JitterBuffer for Adaptive<D> {
    fn insert(&mut self, packet: Incoming) {
        // What is no Opus packet is as good as lost.
        let Some(samples) = self.decoder.samples(&packet.payload) else {
            self.counts.refused += 1;
            return;
        };
        let (arrived_us, came) = (packet.arrived_us, packet.came);
        self.patience.frame_us(media_us(samples as i64));
        let taken = self.order.insert(packet, samples);
        if matches!(taken, Taken::Kept(_)) {
            self.counts.in_time(came);
        }
        match taken {
            Taken::Kept(timestamp) | Taken::Late(timestamp) => {
                self.counts.received += 1;
                if came.by_itself() {
                    self.delay.arrived(timestamp, arrived_us);
                    self.behind.came(lag_us(arrived_us, timestamp + samples as i64), arrived_us);
                }
            }
            Taken::Double | Taken::Doubtful => {}
            Taken::Restarted(timestamp) => {
                self.counts.received += 1;
                self.delay = Delay::default();
                self.delay.arrived(timestamp, arrived_us);
                (self.behind, self.state) = (Behind::default(), State::Waiting);
                self.decoder.reset();
                self.comfort.reset();
            }
        }
    }

    fn expect(&mut self, losses: Losses, copies_after: u8, round_trip_us: Option<u64>) {
        self.patience.expect(losses, copies_after, round_trip_us);
        self.behind.round_trip(round_trip_us);
        if losses.queued {
            // Copies don't bring back what a full queue drops.
            self.loss = 0.0;
        }
    }

    fn due(&self, now_us: u64) -> Option<(u32, u64)> {
        let State::Playing { next, owed } = self.state else { return None };
        let timestamp = (next + owed as i64).rem_euclid(1 << 32);
        Some((u32::try_from(timestamp).ok()?, now_us + samples_to_us(self.sound.len() as u64)))
    }

    fn newest_us(&self) -> Option<u64> {
        self.newest_us
    }

    fn prepare(&mut self, now_us: u64) -> usize {
        while self.sound.is_empty() {
            match self.more(now_us) {
                Some(Pulled::Silence) => return self.samples_until_due(now_us),
                Some(Pulled::Sound | Pulled::MadeUp) | None => {}
            }
        }
        self.sound.len()
    }

    fn pull(&mut self, now_us: u64, samples: usize, out: &mut Planes) -> Pulled {
        let mut gave = if self.sound.is_empty() { Pulled::Silence } else { Pulled::Sound };
        while self.sound.len() < samples {
            match self.more(now_us) {
                Some(Pulled::Silence) => break,
                Some(Pulled::Sound) => gave = Pulled::Sound,
                Some(Pulled::MadeUp) if gave == Pulled::Silence => gave = Pulled::MadeUp,
                Some(Pulled::MadeUp) | None => {}
            }
        }
        out.clear();
        self.sound.move_into(samples, out);
        let ready = out.len();
        out.resize(samples);
        self.comfort.cover(out.mid.get_mut(ready..).unwrap_or_default());
        gave
    }

    fn stats(&self, _now_us: u64) -> ReceiveStats {
        let waiting = match (self.state, self.order.first(), self.order.end()) {
            (State::Playing { next, .. }, _, Some(end)) => end - next,
            (State::Waiting, Some(first), Some(end)) => end - first.timestamp,
            (State::Playing { .. } | State::Waiting, _, None) | (State::Waiting, None, Some(_)) => 0,
        };
        let held = self.sound.len() + usize::try_from(waiting).unwrap_or(0);
        let counted = self.counts.stats(self.delay.jitter_ms(), samples_to_ms(held), self.waited_ms);
        ReceiveStats { behind_ms: self.behind.ms(), ..counted }
    }
}

#[cfg(test)]
mod tests;
