//! An engine without a network: links of engines on one [`FakeNetwork`] connect by the same signals as real ones,
//! audio and `ctl` flow in memory, and a test decides when it rains. It behaves like the real engine as far as the
//! conformance suite looks; all rules of a link are the real ones, only the transport is missing.

use std::collections::{HashMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use bytes::Bytes;
use futures::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::limits::FAKE_PACKETS_A_LINK;
use crate::simple_webrtc::engine::{
    AudioPacket, Candidate, CandidateKind, CloseReason, DescriptionKind, Events, LinkEvent, LinkSpec, PacketSink,
};
use crate::simple_webrtc::link::Order;
use crate::simple_webrtc::links::{HasLinks, LinkDriver, Links};
use crate::simple_webrtc::port::{Port, Wake, lock};
use crate::tasks::Tasks;

/// The weather on a fake network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Weather {
    /// Links that are not up yet don't come up.
    never_connect: bool,
    /// Nothing passes.
    cut: bool,
}

/// What one end of a link can reach of the other.
#[derive(Clone, Debug)]
struct Mailbox {
    audio: mpsc::Sender<AudioPacket>,
    packets: mpsc::Sender<Packet>,
    farewell: CancellationToken,
}

enum Packet {
    /// The sender has all it needs for this generation.
    Ready(u32),
    Ctl(Bytes),
}

#[derive(Debug, Default)]
struct Exchange {
    mailboxes: HashMap<u64, Mailbox>,
    last: u64,
}

/// Connects fake engines with each other; every copy is the same network.
#[derive(Clone, Debug)]
pub struct FakeNetwork {
    exchange: Arc<Mutex<Exchange>>,
    weather: Arc<watch::Sender<Weather>>,
}

impl Default for FakeNetwork {
    fn default() -> Self {
        Self::new()
    }
}

impl FakeNetwork {
    /// Fair weather, nobody there.
    #[must_use]
    pub fn new() -> Self {
        Self { exchange: Arc::default(), weather: Arc::new(watch::Sender::new(Weather::default())) }
    }

    /// Links that are not connected yet stay so until this is taken back.
    pub fn never_connect(&self, on: bool) {
        self.weather.send_modify(|weather| weather.never_connect = on);
    }

    /// Cuts every link (`Interrupted` at once, without the real engine's 2 s) until this is taken back (`Resumed`).
    /// Audio of the meantime is lost, `ctl` is kept.
    pub fn cut(&self, on: bool) {
        self.weather.send_modify(|weather| weather.cut = on);
    }
}

/// An engine on a [`FakeNetwork`].
pub struct FakeEngine {
    links: Links<FakeDriver>,
}

impl FakeEngine {
    /// An engine whose events go to `events` and whose tasks run on `runtime`.
    pub fn new(network: &FakeNetwork, events: Events, runtime: Handle) -> Self {
        Self { links: Links::new(FakeDriver(network.clone()), events, runtime, Tasks::default()) }
    }
}

impl HasLinks for FakeEngine {
    type Driver = FakeDriver;

    fn links(&self) -> &Links<FakeDriver> {
        &self.links
    }
}

/// Drives one link over a [`FakeNetwork`].
pub(crate) struct FakeDriver(FakeNetwork);

impl LinkDriver for FakeDriver {
    async fn drive(&self, spec: LinkSpec, port: &mut Port) -> CloseReason {
        if spec.bind.is_empty() {
            return CloseReason::Failed("none of the local addresses could be bound".to_owned());
        }
        let (packets, received) = mpsc::channel(FAKE_PACKETS_A_LINK);
        let (audio, heard) = mpsc::channel(FAKE_PACKETS_A_LINK);
        let farewell = CancellationToken::new();
        let token = {
            let mut exchange = lock(&self.0.exchange);
            exchange.last += 1;
            let token = exchange.last;
            exchange.mailboxes.insert(token, Mailbox { audio, packets, farewell: farewell.clone() });
            token
        };
        let mut end = End {
            network: &self.0,
            port,
            audio: spec.audio,
            received,
            heard,
            farewell,
            weather: self.0.weather.subscribe(),
            token,
            peer: None,
            has_candidate: false,
            told_ready: None,
            heard_ready: None,
            up: false,
            held: VecDeque::new(),
            sequence: 0,
        };
        let over = AssertUnwindSafe(end.run()).catch_unwind().await;
        end.port.machine().close();
        end.leave();
        over.unwrap_or_else(|_panic| CloseReason::Failed("internal error of the media link".to_owned()))
    }
}

/// One end of a link at work.
struct End<'a> {
    network: &'a FakeNetwork,
    port: &'a mut Port,
    audio: Box<dyn PacketSink>,
    received: mpsc::Receiver<Packet>,
    heard: mpsc::Receiver<AudioPacket>,
    farewell: CancellationToken,
    weather: watch::Receiver<Weather>,
    /// Our address on the network, and theirs with the generation it was told in.
    token: u64,
    peer: Option<(u64, u32)>,
    has_candidate: bool,
    told_ready: Option<u32>,
    heard_ready: Option<u32>,
    up: bool,
    /// `ctl` messages of ours that found no room yet.
    held: VecDeque<Bytes>,
    sequence: u16,
}

/// A description as good as any at the door, with our address in it.
fn describe(token: u64, generation: u32) -> String {
    let fingerprint = ["AB"; 32].join(":");
    format!(
        "v=0\r\no=- {token} {generation} IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=fingerprint:sha-256 {fingerprint}\r\n\
         m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=fake-address:{token}\r\n"
    )
}

/// What a place on the fake network passes for.
fn place(token: u64) -> SocketAddr {
    let port = u16::try_from(1 + token % u64::from(u16::MAX)).unwrap_or(u16::MAX);
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn address_in(sdp: &str) -> Option<u64> {
    sdp.lines().find_map(|line| line.strip_prefix("a=fake-address:"))?.trim().parse().ok()
}

/// Room for one packet; never, without a road. None: the other end has just gone.
async fn room(road: Option<mpsc::Sender<Packet>>) -> Option<mpsc::OwnedPermit<Packet>> {
    match road {
        Some(road) => road.reserve_owned().await.ok(),
        None => std::future::pending().await,
    }
}

impl End<'_> {
    async fn run(&mut self) -> CloseReason {
        loop {
            let may_tell = self.port.may_tell();
            let road = self.road();
            tokio::select! {
                room = room(road) => if let (Some(room), Some(message)) = (room, self.held.pop_front()) {
                    room.send(Packet::Ctl(message));
                },
                wake = self.port.wake() => match wake {
                    Wake::Closing => return CloseReason::Local,
                    Wake::Told => {}
                    Wake::Frames => self.send_frames(),
                    Wake::Order(order) => {
                        if let Err(what) = self.order(order) {
                            return CloseReason::Failed(what.to_owned());
                        }
                    }
                },
                packet = self.received.recv(), if may_tell => self.packet(packet),
                packet = self.heard.recv() => self.hear(packet),
                changed = self.weather.changed(), if may_tell => {
                    if changed.is_err() {
                        return CloseReason::Failed("the network is gone".to_owned());
                    }
                    self.weather_changed();
                }
                () = self.farewell.cancelled(), if may_tell => {
                    while let Ok(packet) = self.received.try_recv() {
                        self.packet(Some(packet));
                    }
                    return CloseReason::Remote;
                }
            }
            self.try_to_connect();
        }
    }

    fn order(&mut self, order: Order) -> Result<(), &'static str> {
        match order {
            Order::Offer { generation, .. } => self.described(DescriptionKind::Offer, generation),
            Order::Apply { kind, generation, sdp, candidates } => {
                let address = address_in(&sdp).ok_or("the other side's description could not be applied")?;
                self.peer = Some((address, generation));
                self.has_candidate = candidates.iter().any(|candidate| !candidate.tcp);
                if kind == DescriptionKind::Offer {
                    self.described(DescriptionKind::Answer, generation);
                }
            }
            Order::Candidate(candidate) => self.has_candidate |= !candidate.tcp,
            // Reliable, but bounded as the real one: what is too much is dropped.
            Order::Ctl(message) if self.held.len() < FAKE_PACKETS_A_LINK => self.held.push_back(message),
            Order::Ctl(_) => {}
        }
        Ok(())
    }

    fn described(&mut self, kind: DescriptionKind, generation: u32) {
        if !self.port.machine().described(generation) {
            return;
        }
        let local = place(self.token);
        let (ip, port) = (local.ip(), local.port());
        let candidate = Candidate { kind: CandidateKind::Host, tcp: false, ip, port, priority: 2_130_706_431 };
        let sdp = describe(self.token, generation);
        self.port.tell([
            LinkEvent::Description { kind, generation, sdp },
            LinkEvent::Candidate { generation, candidate },
            LinkEvent::EndOfCandidates { generation },
        ]);
    }

    /// The other end, once its description is here.
    fn mailbox(&self) -> Option<Mailbox> {
        let (address, _) = self.peer?;
        lock(&self.network.exchange).mailboxes.get(&address).cloned()
    }

    /// Where `ctl` goes, if there is something to go.
    fn road(&self) -> Option<mpsc::Sender<Packet>> {
        if self.held.is_empty() || self.weather.borrow().cut {
            return None;
        }
        self.mailbox().map(|mailbox| mailbox.packets)
    }

    /// Whether the packet was taken.
    fn post(&self, packet: Packet) -> bool {
        self.mailbox().is_some_and(|mailbox| mailbox.packets.try_send(packet).is_ok())
    }

    /// Says that this end is ready, once, and comes up when both are.
    fn try_to_connect(&mut self) {
        let Some((_, generation)) = self.peer else { return };
        let Weather { never_connect, cut } = *self.weather.borrow();
        if !self.has_candidate || cut || (never_connect && !self.up) {
            return;
        }
        if self.told_ready != Some(generation) && self.post(Packet::Ready(generation)) {
            self.told_ready = Some(generation);
            self.come_up();
        }
    }

    fn come_up(&mut self) {
        if self.told_ready.is_none() || self.told_ready != self.heard_ready {
            return;
        }
        self.up = true;
        let mut events: Vec<LinkEvent> = self.port.machine().up().into_iter().collect();
        events.extend(self.port.machine().ctl_opened());
        self.port.tell(events);
        let mut stats = self.port.stats();
        stats.rtt_ms = Some(0.0);
        stats.pair = self.peer.map(|(peer, _)| (place(self.token), place(peer), CandidateKind::Host));
    }

    fn packet(&mut self, packet: Option<Packet>) {
        match packet {
            Some(Packet::Ready(generation)) => {
                self.heard_ready = Some(generation);
                self.come_up();
            }
            Some(Packet::Ctl(message)) => self.port.tell([LinkEvent::Ctl(message)]),
            None => {}
        }
    }

    fn hear(&mut self, packet: Option<AudioPacket>) {
        let Some(packet) = packet else { return };
        let mut stats = self.port.stats();
        stats.packets_received += 1;
        stats.bytes_received += packet.payload.len() as u64;
        drop(stats);
        self.audio.packet(AudioPacket { arrived: Instant::now(), ..packet });
    }

    fn weather_changed(&mut self) {
        let cut = self.weather.borrow_and_update().cut;
        if !self.up {
            return;
        }
        let event = if cut { self.port.machine().down() } else { self.port.machine().up() };
        self.port.tell(event);
    }

    fn send_frames(&mut self) {
        while let Some(frame) = self.port.frame() {
            if !frame.permit.holds() {
                continue;
            }
            let bytes = frame.payload.len() as u64;
            let sequence = self.sequence;
            self.sequence = sequence.wrapping_add(1);
            let packet = AudioPacket {
                sequence,
                timestamp: frame.timestamp,
                marker: frame.marker,
                payload: frame.payload,
                arrived: Instant::now(),
            };
            let mut stats = self.port.stats();
            stats.packets_sent += 1;
            stats.bytes_sent += bytes;
            drop(stats);
            let mailbox = self.mailbox().filter(|_| !self.weather.borrow().cut);
            if mailbox.is_none_or(|mailbox| mailbox.audio.try_send(packet).is_err()) {
                tracing::trace!("a frame was lost on the fake network");
            }
        }
    }

    /// Gone from the network; the other end hears of it if the two were connected.
    fn leave(&mut self) {
        lock(&self.network.exchange).mailboxes.remove(&self.token);
        if let (true, Some(mailbox)) = (self.up, self.mailbox()) {
            mailbox.farewell.cancel();
        }
    }
}
