//! Two engines that can reach each other, and the signalling between them in the hands of the test.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use ahoy_media::fake::engine::{FakeEngine, FakeNetwork};
use ahoy_media::simple_webrtc::WebrtcEngine;
use ahoy_media::simple_webrtc::engine::{
    AudioFrame, AudioPacket, Engine, IcePolicy, LinkEvent, LinkId, LinkSpec, PacketSink, Role,
};
use ahoy_media::simple_webrtc::permit::Permit;
use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// Longer than anything here takes, on the slowest machine.
const LIMIT: Duration = Duration::from_secs(20);

/// Waits for something, but not for ever.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, future).await.unwrap_or_else(|_| panic!("{what}: not within {LIMIT:?}"))
}

/// Received packets end in a queue that a test reads.
pub(crate) struct Ear(pub(crate) mpsc::Sender<AudioPacket>);

impl PacketSink for Ear {
    fn packet(&mut self, packet: AudioPacket) {
        self.0.try_send(packet).expect("a test reads what it hears");
    }
}

/// One engine with its events.
pub(crate) struct Side {
    pub(crate) engine: Box<dyn Engine>,
    pub(crate) events: mpsc::Receiver<(LinkId, LinkEvent)>,
    /// The two sides name their links independently.
    offset: u64,
    ears: Vec<(LinkId, mpsc::Receiver<AudioPacket>)>,
}

impl Side {
    fn new(engine: Box<dyn Engine>, events: mpsc::Receiver<(LinkId, LinkEvent)>, offset: u64) -> Self {
        Self { engine, events, offset, ears: Vec::new() }
    }

    /// This side's name of link `n` of the pair.
    pub(crate) fn link(&self, n: u64) -> LinkId {
        LinkId(self.offset + n)
    }

    /// What it takes to open link `n`.
    pub(crate) fn spec(&self, n: u64, role: Role, audio: Box<dyn PacketSink>) -> LinkSpec {
        let bind = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
        LinkSpec { link: self.link(n), role, policy: IcePolicy::All, servers: Vec::new(), bind, audio }
    }

    /// Opens link `n`.
    pub(crate) fn open(&mut self, n: u64, role: Role) {
        let (ear, heard) = mpsc::channel(1_000);
        self.ears.push((self.link(n), heard));
        self.engine.open(self.spec(n, role, Box::new(Ear(ear)))).expect("a new link");
    }

    /// The next event of whatever link.
    pub(crate) async fn event(&mut self) -> (LinkId, LinkEvent) {
        within("the next event", self.events.recv()).await.expect("the engine lives")
    }

    /// Reads events of link `n` until one fits.
    pub(crate) async fn until(&mut self, n: u64, mut fits: impl FnMut(&LinkEvent) -> bool) -> LinkEvent {
        loop {
            let (link, event) = self.event().await;
            if link == self.link(n) && fits(&event) {
                return event;
            }
        }
    }

    /// Reads until link `n` is over, and says why; it isn't listened to after that.
    pub(crate) async fn closed(&mut self, n: u64) -> LinkEvent {
        let closed = self.until(n, |event| matches!(event, LinkEvent::Closed(_))).await;
        let link = self.link(n);
        self.ears.retain(|(id, _)| *id != link);
        closed
    }

    /// The next packet heard on link `n`.
    pub(crate) async fn heard(&mut self, n: u64) -> AudioPacket {
        let link = self.link(n);
        let (_, ear) = self.ears.iter_mut().find(|(id, _)| *id == link).expect("an open link");
        within("the next packet", ear.recv()).await.expect("the link lives")
    }

    /// Passes an event of the other side's link `n` on to this side's, if it is for the other side.
    pub(crate) fn take(&self, n: u64, event: &LinkEvent) {
        let link = self.link(n);
        match event {
            LinkEvent::Description { kind, generation, sdp } => {
                self.engine.apply(link, *kind, *generation, sdp.clone()).expect("a description that fits");
            }
            LinkEvent::Candidate { generation, candidate } => {
                self.engine.add_candidate(link, *generation, *candidate).expect("a candidate");
            }
            LinkEvent::EndOfCandidates { generation } => {
                self.engine.end_of_candidates(link, *generation).expect("an end of candidates");
            }
            LinkEvent::Connected
            | LinkEvent::Interrupted
            | LinkEvent::Resumed
            | LinkEvent::CtlOpen
            | LinkEvent::Ctl(_)
            | LinkEvent::Closed(_) => {}
        }
    }
}

/// Which side something happened on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    A,
    B,
}

/// Two engines.
pub(crate) struct Pair {
    pub(crate) a: Side,
    pub(crate) b: Side,
}

const B_OFFSET: u64 = 1_000;

/// Two engines over real WebRTC.
pub(crate) fn real() -> Pair {
    let make = |offset| {
        let (sender, events) = mpsc::channel(64);
        Side::new(Box::new(WebrtcEngine::new(sender, Handle::current())), events, offset)
    };
    Pair { a: make(0), b: make(B_OFFSET) }
}

/// Two engines on one fake network.
pub(crate) fn fake() -> Pair {
    fake_on(&FakeNetwork::new())
}

/// Two engines on this fake network.
pub(crate) fn fake_on(network: &FakeNetwork) -> Pair {
    let make = |offset| {
        let (sender, events) = mpsc::channel(64);
        Side::new(Box::new(FakeEngine::new(network, sender, Handle::current())), events, offset)
    };
    Pair { a: make(0), b: make(B_OFFSET) }
}

impl Pair {
    /// Opens link `n` on both sides, A offering.
    pub(crate) fn open(&mut self, n: u64) {
        self.b.open(n, Role::Answerer);
        self.a.open(n, Role::Offerer);
    }

    /// The next event of either side, with the number of its link.
    pub(crate) async fn next(&mut self) -> (Who, u64, LinkEvent) {
        let next = async {
            tokio::select! {
                event = self.a.events.recv() => (Who::A, event),
                event = self.b.events.recv() => (Who::B, event),
            }
        };
        let (who, event) = within("the next event of either side", next).await;
        let (link, event) = event.expect("both engines live");
        (who, link.0 % B_OFFSET, event)
    }

    /// The other side.
    pub(crate) fn other(&self, who: Who) -> &Side {
        match who {
            Who::A => &self.b,
            Who::B => &self.a,
        }
    }

    /// Carries signals between the two until `done` says so.
    pub(crate) async fn carry(&mut self, mut done: impl FnMut(Who, u64, &LinkEvent) -> bool) {
        loop {
            let (who, n, event) = self.next().await;
            self.other(who).take(n, &event);
            if done(who, n, &event) {
                return;
            }
        }
    }

    /// Waits until each of these has happened, in whatever order.
    pub(crate) async fn gather(&mut self, expected: impl IntoIterator<Item = (Who, LinkEvent)>) {
        let mut missing: Vec<_> = expected.into_iter().collect();
        while !missing.is_empty() {
            let (who, _, event) = self.next().await;
            missing.retain(|one| *one != (who, event.clone()));
        }
    }

    /// Carries signals until `ctl` of link `n` is open on both sides, so everything is.
    pub(crate) async fn until_open(&mut self, n: u64) {
        let mut open = 0;
        self.carry(|_, link, event| {
            open += u32::from(link == n && *event == LinkEvent::CtlOpen);
            open == 2
        })
        .await;
    }

    /// Opens and connects link `n`.
    pub(crate) async fn connect(&mut self, n: u64) {
        self.open(n);
        self.until_open(n).await;
    }

    /// One frame each way on link `n` arrives.
    pub(crate) async fn talk(&mut self, n: u64, mark: u32) {
        self.a.engine.send_audio(self.a.link(n), frame(mark)).expect("connected");
        self.b.engine.send_audio(self.b.link(n), frame(mark)).expect("connected");
        for side in [&mut self.a, &mut self.b] {
            while side.heard(n).await.timestamp != mark {}
        }
    }
}

/// A frame that says its timestamp.
pub(crate) fn frame(timestamp: u32) -> AudioFrame {
    let (payload, permit) = (Bytes::from(timestamp.to_be_bytes().to_vec()), Permit::default());
    AudioFrame { payload, timestamp, marker: timestamp == 0, permit }
}
