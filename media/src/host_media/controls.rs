//! What the daemon wants of sound, as a state and not as a queue of commands: the newest wish counts, none is lost, and
//! the bound is the number of links. The audio thread looks at it on every step.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rtrb::{Consumer, Producer, RingBuffer};

use super::{
    api::{DeviceSpec, Piped, Priority, Processing, ReceiveStats, SourceStats},
    asking::{Asking, Came, Ties},
    clock::Clock,
    opus::packet_samples,
    sink::Sink,
};
use crate::{
    limits::{MAX_LINKS, PACKET_RING},
    pipeline::slot::Live,
    recording::{Tap, Tapped},
    simple_webrtc::{
        engine::{AudioPacket, LinkId, PacketSink},
        feedback::{Feedback, WayReport},
        permit::{Permit, Permits},
    },
};

/// Wishes, and the figures that come back.
#[derive(Default)]
pub(crate) struct Wishes {
    /// The microphone is to be open.
    pub(crate) open: bool,
    /// How many times it was opened: a new opening starts the source anew, even if the thread missed the closing.
    pub(crate) openings: u64,
    /// Only silence may leave.
    muted: bool,
    /// How many times it was muted: what was said meanwhile never leaves, even if the thread missed the muting.
    pub(crate) mutes: u64,
    /// What is done to sound.
    pub(crate) processing: Processing,
    /// The links.
    pub(crate) links: BTreeMap<LinkId, LinkWish>,
    /// Another microphone from now on.
    pub(crate) input: Option<DeviceSpec>,
    /// Another speaker from now on, made already.
    pub(crate) output: Option<(DeviceSpec, Box<dyn Sink>)>,
    /// The thread is to end.
    pub(crate) stop: bool,
    /// Figures of what is sent.
    pub(crate) source: SourceStats,
    /// Samples that the speaker wanted and found missing so far.
    pub(crate) missing_samples: u64,
    /// What leaves is recorded.
    pub(crate) tap: Option<Tap>,
    /// What the system grants the audio thread.
    pub(crate) priority: Priority,
    /// Another pipeline, or none, for what leaves; it waits here until the audio thread takes it.
    pub(crate) pipe: Option<Option<Box<Live>>>,
}

/// What is wanted of a link.
pub(crate) struct LinkWish {
    /// Tells two links of one name apart.
    pub(crate) number: u64,
    /// Our sound goes there.
    send: bool,
    /// For frames that go there.
    permits: Permits,
    /// What comes from there is played: since when.
    pub(crate) play: Option<Instant>,
    /// Packets that come; taken by the audio thread.
    pub(crate) packets: Option<Consumer<Arrived>>,
    /// Between the link's ear and its jitter buffer.
    pub(crate) ties: Arc<Ties>,
    /// What the other side told last, and how many times it told anything.
    told: Arc<Mutex<(WayReport, u64)>>,
    /// How many of these [`Self::seen`] has seen.
    seen: u64,
    /// Lets packets into the ring.
    gate: Arc<AtomicBool>,
    /// Figures of what is heard.
    pub(crate) stats: ReceiveStats,
    /// What is heard is recorded.
    pub(crate) tap: Option<Tap>,
    /// Another pipeline, or none, for what is heard; it waits here until the audio thread takes it.
    pub(crate) pipe: Option<Option<Box<Live>>>,
}

impl LinkWish {
    /// Whether our sound goes there.
    pub(crate) fn sends(&self) -> bool {
        self.send
    }

    /// For a frame that goes there now.
    pub(crate) fn permit(&self) -> Permit {
        self.permits.give()
    }

    /// What the other side of `link`, which is this one, told last.
    pub(crate) fn told(&self, link: LinkId) -> Told {
        let (report, count) = *self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (came, kbps, queue_ms) = self.ties.came();
        let (comes_bps, trip_us) = (u32::from(kbps) * 1_000, self.ties.round_trip_us());
        Told { link, report, count, came, comes_bps, queue_ms, trip_us }
    }

    /// Share lost (before repair) and ms in queues on the way there, if anything new was told of it, and on the way here.
    pub(crate) fn seen(&mut self) -> (Option<(f64, f64)>, (f64, f64)) {
        let (report, count) = *self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let new = std::mem::replace(&mut self.seen, count) != count;
        let lost = f64::from(report.lost) / f64::from(report.expected.max(1));
        let (losses, (_, _, queue_ms)) = (self.ties.losses().0, self.ties.came());
        let inward = (f64::from(losses.permille) / 1_000.0, f64::from(queue_ms));
        (new.then(|| (lost.min(1.0), f64::from(report.queue_ms))), inward)
    }
}

/// What is known of the way to a listener.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    /// The link.
    pub(crate) link: LinkId,
    /// Its latest report.
    pub(crate) report: WayReport,
    /// How many came so far.
    pub(crate) count: u64,
    /// Packets of sound that came from there so far (modulo 2^32).
    pub(crate) came: u32,
    /// Bits a second at which they come.
    pub(crate) comes_bps: u32,
    /// What waits in queues on their way, ms.
    pub(crate) queue_ms: u16,
    /// Round trip, microseconds, once it was measured.
    pub(crate) trip_us: Option<u64>,
}

/// A packet on its way to the audio thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrived {
    pub(crate) packet: AudioPacket,
    /// By itself, or again.
    pub(crate) came: Came,
}

/// Shared by the daemon's side and the audio thread.
#[derive(Default)]
pub(crate) struct Shared(Mutex<Wishes>);

impl Shared {
    /// The wishes. Held for moments only; while it is held, no frame leaves.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Wishes> {
        // The wishes are plain values: a panic elsewhere leaves them whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wishes {
    /// Opens or closes the microphone. What was said before it is closed does not leave after it.
    pub(crate) fn microphone(&mut self, open: bool) {
        if open && !self.open {
            self.openings += 1;
        }
        if self.open && !open {
            self.call_back();
        }
        self.open = open;
    }

    /// From now on only silence leaves, or no longer. What was said before leaves no more, not even again.
    pub(crate) fn mute(&mut self, muted: bool) {
        if muted && !self.muted {
            self.mutes += 1;
            self.call_back();
        }
        self.muted = muted;
    }

    /// Whether only silence may leave.
    pub(crate) fn muted(&self) -> bool {
        self.muted
    }

    /// Lets our sound go to a link, or no longer: then nothing of before goes there either.
    pub(crate) fn send(&mut self, link: LinkId, on: bool) {
        if let Some(wish) = self.links.get_mut(&link) {
            if wish.send && !on {
                wish.permits.call_back();
            }
            wish.send = on;
        }
    }

    fn call_back(&self) {
        self.links.values().for_each(|wish| wish.permits.call_back());
    }

    /// Makes a link and the sink for its packets. Over [`MAX_LINKS`] the sink leads nowhere.
    pub(crate) fn add_link(&mut self, link: LinkId, number: u64) -> Inlet {
        let (producer, consumer) = RingBuffer::new(PACKET_RING);
        let gate = Arc::new(AtomicBool::new(false));
        let (ties, told) = (Arc::new(Ties::default()), Arc::default());
        if self.links.len() < MAX_LINKS || self.links.contains_key(&link) {
            let (gate, packets) = (Arc::clone(&gate), Some(consumer));
            let stats = ReceiveStats::default();
            let (ties, told) = (Arc::clone(&ties), Arc::clone(&told));
            let (send, permits, play, seen, tap, pipe) = (false, Permits::default(), None, 0, None, None);
            let wish = LinkWish { number, send, permits, play, packets, ties, told, seen, gate, stats, tap, pipe };
            self.remove_link(link);
            self.links.insert(link, wish);
        } else {
            tracing::warn!(limit = MAX_LINKS, "too many links: one more will not be heard");
        }
        Inlet { packets: producer, gate, asking: Asking::default(), ties, told, clock: Clock::new() }
    }

    /// Forgets a link; nothing of it is recorded any more.
    pub(crate) fn remove_link(&mut self, link: LinkId) {
        if let Some(tap) = self.links.remove(&link).and_then(|wish| wish.tap) {
            tap.close();
        }
    }

    /// Records this, or no longer: nothing gets into the tap of before from now on.
    pub(crate) fn tap(&mut self, what: Tapped, tap: Option<Tap>) {
        let place = match what {
            Tapped::Own => Some(&mut self.tap),
            Tapped::Link(link) => self.links.get_mut(&link).map(|wish| &mut wish.tap),
        };
        let before = match place {
            Some(place) => std::mem::replace(place, tap),
            // Nobody is heard there.
            None => tap,
        };
        if let Some(before) = before {
            before.close();
        }
    }

    /// This pipeline from now on, or none. One that was not taken yet ends here, and so does one for a link that is not there.
    pub(crate) fn pipe(&mut self, what: Piped, live: Option<Box<Live>>) {
        match what {
            Piped::Own => self.pipe = Some(live),
            Piped::Link(link) => {
                if let Some(wish) = self.links.get_mut(&link) {
                    wish.pipe = Some(live);
                }
            }
        }
    }

    /// Plays a link from `now` on, or no longer.
    pub(crate) fn play(&mut self, link: LinkId, on: bool, now: Instant) {
        if let Some(wish) = self.links.get_mut(&link) {
            wish.play = if on { wish.play.or(Some(now)) } else { None };
            wish.gate.store(on, Ordering::Release);
        }
    }
}

/// Takes the packets of a link: wait-free. While the link is not played they are dropped here, at no cost.
pub(crate) struct Inlet {
    packets: Producer<Arrived>,
    gate: Arc<AtomicBool>,
    asking: Asking,
    ties: Arc<Ties>,
    told: Arc<Mutex<(WayReport, u64)>>,
    clock: Clock,
}

impl PacketSink for Inlet {
    fn packet(&mut self, packet: AudioPacket) {
        let samples = packet_samples(&packet.payload).ok().and_then(|samples| u32::try_from(samples).ok());
        let bytes = u32::try_from(packet.payload.len()).unwrap_or(u32::MAX);
        let place = (packet.sequence, packet.timestamp);
        let at_us = self.clock.us(packet.arrived);
        // What is no Opus packet is the buffer's to refuse.
        let came = samples.map_or(Came::ByItself, |samples| self.asking.packet(place, samples, bytes, at_us));
        // A full ring means that the audio thread is over a second late: then the sound is lost anyway.
        if self.gate.load(Ordering::Acquire) && self.packets.push(Arrived { packet, came }).is_err() {
            tracing::debug!("a packet was dropped: the audio thread is late");
        }
    }

    fn feedback(&mut self, now: Instant, round_trip: Option<Duration>) -> Option<Feedback> {
        // Nobody listens: nothing is missed.
        if !self.gate.load(Ordering::Acquire) {
            return None;
        }
        let trip_us = round_trip.map(|trip| u64::try_from(trip.as_micros()).unwrap_or(u64::MAX).max(1));
        self.asking.say(&self.ties, trip_us, self.clock.us(now))
    }

    fn due(&self) -> Option<Instant> {
        let due_us = self.asking.due_us().filter(|_| self.gate.load(Ordering::Acquire))?;
        Some(self.clock.instant(due_us))
    }

    fn told(&mut self, report: WayReport) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        *told = (report, told.1 + 1);
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    const LINK: LinkId = LinkId(1);

    fn packet() -> AudioPacket {
        AudioPacket { sequence: 0, timestamp: 0, marker: false, payload: Bytes::new(), arrived: Instant::now() }
    }

    fn waiting(wishes: &Wishes) -> usize {
        wishes.links.get(&LINK).and_then(|wish| wish.packets.as_ref()).map_or(0, Consumer::slots)
    }

    #[test]
    fn packets_before_playing_are_dropped_and_later_ones_bounded() {
        let mut wishes = Wishes::default();
        let mut inlet = wishes.add_link(LINK, 1);
        inlet.packet(packet());
        assert_eq!(waiting(&wishes), 0);
        wishes.play(LINK, true, Instant::now());
        for _ in 0..1_000 {
            inlet.packet(packet());
        }
        assert_eq!(waiting(&wishes), PACKET_RING);
        wishes.play(LINK, false, Instant::now());
        assert_eq!(wishes.links.get(&LINK).unwrap().play, None);
    }

    #[test]
    fn playing_twice_keeps_the_first_time() {
        let mut wishes = Wishes::default();
        wishes.add_link(LINK, 1);
        let first = Instant::now();
        wishes.play(LINK, true, first);
        wishes.play(LINK, true, first + std::time::Duration::from_secs(1));
        assert_eq!(wishes.links.get(&LINK).unwrap().play, Some(first));
        wishes.play(LinkId(9), true, first);
        assert_eq!(wishes.links.len(), 1);
    }

    #[test]
    fn each_opening_counts_but_opening_what_is_open_does_not() {
        let mut wishes = Wishes::default();
        for open in [true, true, false, true, false, false] {
            wishes.microphone(open);
        }
        assert_eq!((wishes.open, wishes.openings), (false, 2));
    }

    #[test]
    fn links_are_bounded() {
        let mut wishes = Wishes::default();
        for n in 0..2 * MAX_LINKS as u64 {
            let mut inlet = wishes.add_link(LinkId(n), n);
            inlet.packet(packet());
        }
        assert_eq!(wishes.links.len(), MAX_LINKS);
    }
}
