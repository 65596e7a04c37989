//! A driver under test, with what it tells its core.

use std::collections::VecDeque;
use std::time::Duration;

use ahoy_crypto::Secret;
use ahoy_protocol::core::effect::{Acceptance, NetCommand};
use ahoy_protocol::core::input::{MessageRef, NetEvent, Topic};
use ahoy_protocol::ids::DeviceId;
use libp2p::identity::Keypair;
use libp2p::{Multiaddr, PeerId};
use tokio::sync::mpsc;

use crate::gossip::device::{device_of, peer_of};
use crate::gossip::{NetConfig, NetOutput, Network, Transport};
use crate::limits::network::QUIC_LAG;

/// Nothing here takes so long; it only ends a test that would hang.
const PATIENCE: Duration = Duration::from_secs(20);

/// Awaits with patience.
pub(super) async fn patiently<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

pub(super) async fn until(what: &str, is: impl Fn() -> bool) {
    patiently(what, async {
        while !is() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// A topic named by a letter.
pub(super) fn topic(letter: u8) -> Topic {
    Topic([letter; 32])
}

/// A pair frame that passes the first checks.
pub(super) fn frame(byte: u8) -> Vec<u8> {
    let mut data = vec![byte; 256];
    data[..2].copy_from_slice(&[0x01, 0x31]);
    data
}

/// A driver and the core's end of it.
pub(super) struct Node {
    pub(super) network: Network,
    pub(super) device: DeviceId,
    outputs: mpsc::Receiver<NetOutput>,
    /// Outputs that nobody asked for yet.
    seen: VecDeque<NetOutput>,
}

impl Node {
    pub(super) async fn start(seed: u8) -> Node {
        Node::with(seed, "/memory/0", Transport::Memory, 1024).await
    }

    pub(super) async fn tcp(seed: u8) -> Node {
        Node::with(seed, "/ip4/127.0.0.1/tcp/0", Transport::Ip, 1024).await
    }

    pub(super) async fn quic(seed: u8) -> Node {
        Node::with(seed, "/ip4/127.0.0.1/udp/0/quic-v1", Transport::Ip, 1024).await
    }

    pub(super) async fn with(seed: u8, listen: &str, transport: Transport, room: usize) -> Node {
        let config = NetConfig {
            device_key: Secret::new([seed; 32]),
            listen: vec![listen.parse().unwrap()],
            mdns: false,
            transport,
            quic_lag: QUIC_LAG,
        };
        Node::start_with(config, room).await
    }

    pub(super) async fn of(config: NetConfig) -> Node {
        Node::start_with(config, 1024).await
    }

    async fn start_with(config: NetConfig, room: usize) -> Node {
        let (core, outputs) = mpsc::channel(room);
        let peer = Keypair::ed25519_from_bytes(*config.device_key.expose()).unwrap().public().to_peer_id();
        let network = Network::start(config, core).await.unwrap();
        Node { network, device: device_of(&peer).unwrap(), outputs, seen: VecDeque::new() }
    }

    pub(super) fn peer(&self) -> PeerId {
        peer_of(self.device).unwrap()
    }

    pub(super) fn address(&self) -> Multiaddr {
        self.network.addresses[0].clone()
    }

    pub(super) fn tell(&self, command: NetCommand) {
        self.network.commands.try_send(command).unwrap();
    }

    pub(super) fn allow(&self, device: DeviceId, allowed: bool) {
        self.tell(NetCommand::Gossip { device, allowed });
    }

    pub(super) fn dial(&self, other: &Node) {
        self.tell(NetCommand::Connect { device: other.device, addresses: vec![other.address().to_vec()] });
    }

    pub(super) fn publish(&self, topic: Topic, data: Vec<u8>) {
        self.tell(NetCommand::Publish { topic, data });
    }

    pub(super) fn verdict(&self, message: MessageRef, acceptance: Acceptance) {
        self.tell(NetCommand::Verdict { message, acceptance });
    }

    /// The first output that `pick` wants, among those seen and those to come.
    pub(super) async fn until<T>(&mut self, what: &str, mut pick: impl FnMut(&NetOutput) -> Option<T>) -> T {
        let found = self.seen.iter().enumerate().find_map(|(at, output)| pick(output).map(|picked| (at, picked)));
        if let Some((at, picked)) = found {
            self.seen.remove(at);
            return picked;
        }
        patiently(what, async {
            loop {
                let output = self.outputs.recv().await.expect("the driver lives");
                if let Some(picked) = pick(&output) {
                    return picked;
                }
                self.seen.push_back(output);
            }
        })
        .await
    }

    /// The next output.
    pub(super) async fn next(&mut self) -> NetOutput {
        match self.seen.pop_front() {
            Some(output) => output,
            None => self.outputs.recv().await.expect("the driver lives"),
        }
    }

    /// Everything told so far that nobody has asked for.
    pub(super) fn rest(&mut self) -> Vec<NetOutput> {
        while let Ok(output) = self.outputs.try_recv() {
            self.seen.push_back(output);
        }
        self.seen.drain(..).collect()
    }

    pub(super) async fn event<T>(&mut self, what: &str, mut pick: impl FnMut(&NetEvent) -> Option<T>) -> T {
        self.until(what, |output| match output {
            NetOutput::Event(event) => pick(event),
            NetOutput::Sealed { .. } => None,
        })
        .await
    }

    pub(super) async fn connected(&mut self, other: DeviceId) -> (bool, bool) {
        self.event("Connected", |event| {
            if let NetEvent::Connected { device, loopback, private, .. } = event
                && *device == other
            {
                Some((*loopback, *private))
            } else {
                None
            }
        })
        .await
    }

    pub(super) async fn disconnected(&mut self, other: DeviceId) {
        self.event("Disconnected", |event| {
            matches!(event, NetEvent::Disconnected { device } if *device == other).then_some(())
        })
        .await;
    }

    pub(super) async fn subscribed(&mut self, other: DeviceId, to: Topic) {
        self.event("Subscribed", |event| {
            matches!(event, NetEvent::Subscribed { device, topic } if (*device, *topic) == (other, to)).then_some(())
        })
        .await;
    }

    pub(super) async fn unsubscribed(&mut self, other: DeviceId, from: Topic) {
        self.event("Unsubscribed", |event| {
            matches!(event, NetEvent::Unsubscribed { device, topic } if (*device, *topic) == (other, from))
                .then_some(())
        })
        .await;
    }

    /// The next message on a topic.
    pub(super) async fn sealed(&mut self, on: Topic) -> (Vec<u8>, MessageRef) {
        self.until("Sealed", |output| {
            let NetOutput::Sealed { topic, data, message } = output else { return None };
            (*topic == on).then(|| (data.clone(), message.clone()))
        })
        .await
    }
}

/// Two nodes that are connected; neither allows the other.
pub(super) async fn connected_pair() -> (Node, Node) {
    let (mut a, mut b) = (Node::start(1).await, Node::start(2).await);
    a.dial(&b);
    a.connected(b.device).await;
    b.connected(a.device).await;
    (a, b)
}

/// Two nodes that are connected and allow each other; the second holds topic `b`.
pub(super) async fn gossiping_pair() -> (Node, Node) {
    let (mut a, mut b) = (Node::start(1).await, Node::start(2).await);
    a.allow(b.device, true);
    b.allow(a.device, true);
    b.tell(NetCommand::Subscribe(topic(b'b')));
    a.dial(&b);
    a.connected(b.device).await;
    b.connected(a.device).await;
    a.subscribed(b.device, topic(b'b')).await;
    (a, b)
}
