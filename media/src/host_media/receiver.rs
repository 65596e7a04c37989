//! What is heard from one link: its ring of packets, its jitter buffer, its first sound.

use std::sync::Arc;

use rtrb::Consumer;

use super::{
    api::ReceiveStats,
    asking::Ties,
    clock::{Clock, samples_to_ms},
    controls::Arrived,
    jitter_buffer::{Incoming, JitterBuffer, Pulled},
    width::Width,
};
use crate::{
    pipeline::slot::{Blocks, Live, Slot},
    planes::Planes,
    recording::Tap,
    simple_webrtc::engine::AudioPacket,
};

/// The receiving end of a link that is played.
pub(crate) struct Receiver {
    packets: Consumer<Arrived>,
    ties: Arc<Ties>,
    buffer: Box<dyn JitterBuffer>,
    /// Packets that came before are dropped, monotonic microseconds.
    since_us: u64,
    heard: bool,
    /// What is heard is recorded.
    tap: Option<Tap>,
    /// Behind everything else, before it is mixed.
    pub(crate) pipe: Slot,
    /// Of what is heard: none under a pipeline, which is of one channel.
    width: Width,
}

impl Receiver {
    /// Plays what comes from `since_us` on.
    pub(crate) fn new(
        (packets, ties): (Consumer<Arrived>, Arc<Ties>),
        buffer: Box<dyn JitterBuffer>,
        since_us: u64,
    ) -> Self {
        Self {
            packets,
            ties,
            buffer,
            since_us,
            heard: false,
            tap: None,
            pipe: Slot::new(Blocks::Any),
            width: Width::open(),
        }
    }

    /// Records what is heard, or no longer.
    pub(crate) fn record(&mut self, tap: Option<&Tap>) {
        let same = match (&self.tap, tap) {
            (Some(now), Some(wanted)) => now.is(wanted),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if !same {
            self.tap = tap.cloned();
        }
    }

    /// Gives the ring back, and its pipeline.
    pub(crate) fn into_parts(self) -> (Consumer<Arrived>, Option<Box<Live>>) {
        (self.packets, self.pipe.into_live())
    }

    /// Moves what has come into the jitter buffer.
    pub(crate) fn collect(&mut self, clock: &Clock) {
        let (losses, copies_after) = self.ties.losses();
        self.buffer.expect(losses, copies_after, self.ties.round_trip_us());
        while let Ok(Arrived { packet, came }) = self.packets.pop() {
            let AudioPacket { sequence, timestamp, payload, arrived, .. } = packet;
            let arrived_us = clock.us(arrived);
            if arrived_us >= self.since_us {
                self.buffer.insert(Incoming { sequence, timestamp, payload, arrived_us, came });
            }
        }
    }

    /// Lets the link's ear know until when a packet is of use.
    pub(crate) fn tell_due(&self, now_us: u64) {
        if let Some((timestamp, at_us)) = self.buffer.due(now_us) {
            self.ties.tell_due(timestamp, at_us);
        }
    }

    /// Samples that can be pulled before another packet is needed.
    pub(crate) fn prepare(&mut self, now_us: u64) -> usize {
        self.buffer.prepare(now_us)
    }

    /// Puts `samples` of what is heard from `now_us` on in the place of what is in `out`; true at the first sound of the sender.
    pub(crate) fn pull(&mut self, now_us: u64, samples: usize, out: &mut Planes) -> bool {
        // What waits here came after the recording was agreed to: the packet of before is played to its end.
        let agreed = |tap: &&Tap| self.buffer.newest_us().is_some_and(|at_us| tap.takes(at_us));
        let tap = self.tap.as_ref().filter(agreed);
        let pulled = self.buffer.pull(now_us, samples, out);
        if let Some(tap) = tap.filter(|_| pulled != Pulled::Silence) {
            tap.write(now_us, now_us, &out.mid);
        }
        let first = pulled == Pulled::Sound && !self.heard;
        self.heard |= first;
        first
    }

    /// Lets sound go through the pipeline, if there is one.
    pub(crate) fn pass(&mut self, sound: &mut Planes) {
        self.width.switch(!self.pipe.works());
        self.width.pass(sound);
        self.pipe.process(&mut sound.mid);
    }

    /// Figures.
    pub(crate) fn stats(&self, now_us: u64) -> ReceiveStats {
        let mut stats = self.buffer.stats(now_us);
        let held_ms = samples_to_ms(self.pipe.delay());
        stats.playout_delay_ms += held_ms;
        stats.behind_ms = stats.behind_ms.map(|ms| ms + held_ms);
        stats
    }
}
