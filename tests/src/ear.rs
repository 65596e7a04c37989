//! Sound that counts the packets it is given, so that a test can wait for sound instead of for time.

use std::sync::Arc;

use ahoy_media::host_media::api::{DeviceInfo, ReceiveStats, Sound, SourceStats};
use ahoy_media::simple_webrtc::engine::{AudioPacket, LinkId, PacketSink};
use ahoyd::node::MakeSound;
use tokio::sync::watch;

use crate::frontend::patiently;

/// Counts a node's incoming audio packets.
pub struct Ear {
    packets: watch::Sender<u64>,
}

impl Default for Ear {
    fn default() -> Self {
        Self { packets: watch::channel(0).0 }
    }
}

impl Ear {
    /// Listens to the sound that `inner` makes.
    #[must_use]
    pub fn on(self: Arc<Self>, inner: MakeSound) -> MakeSound {
        Box::new(move |setup| Ok(Arc::new(Listening { inner: inner(setup)?, packets: self.packets.clone() })))
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

    /// Packets so far.
    #[must_use]
    pub fn packets(&self) -> u64 {
        *self.packets.borrow()
    }
}

struct Listening {
    inner: Arc<dyn Sound>,
    packets: watch::Sender<u64>,
}

struct Counted {
    inner: Box<dyn PacketSink>,
    packets: watch::Sender<u64>,
}

impl PacketSink for Counted {
    fn packet(&mut self, packet: AudioPacket) {
        self.inner.packet(packet);
        self.packets.send_modify(|count| *count += 1);
    }
}

impl Sound for Listening {
    fn microphone(&self, open: bool) {
        self.inner.microphone(open);
    }
    fn mute(&self, muted: bool) {
        self.inner.mute(muted);
    }
    fn add_link(&self, link: LinkId) -> Box<dyn PacketSink> {
        Box::new(Counted { inner: self.inner.add_link(link), packets: self.packets.clone() })
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
