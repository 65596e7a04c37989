//! Sound that counts the packets it is given, so that a test can wait for sound instead of for time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ahoy_media::host_media::api::{DeviceInfo, Piped, ReceiveStats, Ringing, Sound, SoundError, SourceStats};
use ahoy_media::pipeline::Pipeline;
use ahoy_media::recording::{Tap, Tapped};
use ahoy_media::simple_webrtc::engine::{AudioPacket, LinkId, PacketSink};
use ahoy_media::simple_webrtc::feedback::{Feedback, WayReport};
use ahoyd::node::MakeSound;
use tokio::sync::watch;

use crate::frontend::patiently;

/// Packets that are kept.
const KEPT: usize = 5;

/// Counts a node's incoming audio packets, and keeps the first five after [`Ear::forget`].
pub struct Ear {
    packets: watch::Sender<u64>,
    first: watch::Sender<Vec<AudioPacket>>,
}

impl Default for Ear {
    fn default() -> Self {
        Self { packets: watch::channel(0).0, first: watch::channel(Vec::new()).0 }
    }
}

impl Ear {
    /// Listens to the sound that `inner` makes.
    #[must_use]
    pub fn on(self: Arc<Self>, inner: MakeSound) -> MakeSound {
        Box::new(move |setup| Ok(Arc::new(Listening { inner: inner(setup)?, ear: self.clone() })))
    }

    /// Waits until so many more packets have come, of 20 ms each.
    ///
    /// # Panics
    /// If they don't.
    pub async fn hears(&self, more: u64) {
        let mut packets = self.packets.subscribe();
        let enough = *packets.borrow() + more;
        patiently("audio packets", packets.wait_for(|count| *count >= enough)).await.expect("the ear lives");
    }

    /// The next packet will be the first.
    pub fn forget(&self) {
        self.first.send_replace(Vec::new());
    }

    /// The first five packets that came, as they came from the wire: before any jitter buffer.
    ///
    /// # Panics
    /// If they don't come.
    pub async fn first(&self) -> Vec<AudioPacket> {
        let mut first = self.first.subscribe();
        let packets = patiently("the first packets", first.wait_for(|first| first.len() == KEPT)).await;
        packets.expect("the ear lives").clone()
    }

    /// Packets so far.
    #[must_use]
    pub fn packets(&self) -> u64 {
        *self.packets.borrow()
    }
}

struct Listening {
    inner: Arc<dyn Sound>,
    ear: Arc<Ear>,
}

struct Counted {
    inner: Box<dyn PacketSink>,
    ear: Arc<Ear>,
}

impl PacketSink for Counted {
    fn packet(&mut self, packet: AudioPacket) {
        if self.ear.first.borrow().len() < KEPT {
            self.ear.first.send_modify(|first| first.push(packet.clone()));
        }
        self.inner.packet(packet);
        self.ear.packets.send_modify(|count| *count += 1);
    }
    fn feedback(&mut self, now: Instant, round_trip: Option<Duration>) -> Option<Feedback> {
        self.inner.feedback(now, round_trip)
    }
    fn told(&mut self, report: WayReport) {
        self.inner.told(report);
    }
}

impl Sound for Listening {
    fn ring(&self, ringing: Option<Ringing>) {
        self.inner.ring(ringing);
    }
    fn microphone(&self, open: bool) {
        self.inner.microphone(open);
    }
    fn mute(&self, muted: bool) {
        self.inner.mute(muted);
    }
    fn pipe(&self, what: Piped, pipeline: Option<Pipeline>) -> Result<(), SoundError> {
        self.inner.pipe(what, pipeline)
    }
    fn add_link(&self, link: LinkId) -> Box<dyn PacketSink> {
        Box::new(Counted { inner: self.inner.add_link(link), ear: self.ear.clone() })
    }
    fn send(&self, link: LinkId, on: bool) {
        self.inner.send(link, on);
    }
    fn play(&self, link: LinkId, on: bool) {
        self.inner.play(link, on);
    }
    fn remove_link(&self, link: LinkId) {
        self.inner.remove_link(link);
    }
    fn tap(&self, what: Tapped, tap: Option<Tap>) {
        self.inner.tap(what, tap);
    }
    fn receive_stats(&self, link: LinkId) -> Option<ReceiveStats> {
        self.inner.receive_stats(link)
    }
    fn source_stats(&self) -> SourceStats {
        self.inner.source_stats()
    }
    fn devices(&self) -> Vec<DeviceInfo> {
        self.inner.devices()
    }
}
