//! A raw libp2p node against our driver: it speaks plain gossipsub and obeys nothing.

use futures::StreamExt as _;
use libp2p::core::transport::MemoryTransport;
use libp2p::core::upgrade::Version;
use libp2p::gossipsub::{self, ConfigBuilder, IdentTopic, MessageAuthenticity, MessageId, ValidationMode};
use libp2p::identity::Keypair;
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{Config, SwarmEvent};
use libp2p::{PeerId, Swarm, Transport as _, noise, yamux};

use ahoy_protocol::core::effect::NetCommand;
use ahoy_protocol::core::input::NetEvent;
use ahoy_protocol::ids::DeviceId;

use super::node::{Node, frame, gossiping_pair, patiently, topic};
use crate::gossip::NetOutput;
use crate::gossip::device::device_of;

struct Raw {
    swarm: Swarm<gossipsub::Behaviour>,
    device: DeviceId,
}

impl Raw {
    fn new(authenticity: fn(&Keypair) -> MessageAuthenticity) -> Raw {
        let keys = Keypair::ed25519_from_bytes([99; 32]).unwrap();
        let peer = keys.public().to_peer_id();
        let config = ConfigBuilder::default()
            .validation_mode(ValidationMode::Permissive)
            .message_id_fn(|message| MessageId::new(&message.data))
            .build()
            .unwrap();
        let behaviour = gossipsub::Behaviour::new(authenticity(&keys), config).unwrap();
        let transport = MemoryTransport::default()
            .upgrade(Version::V1)
            .authenticate(noise::Config::new(&keys).unwrap())
            .multiplex(yamux::Config::default())
            .boxed();
        let swarm = Swarm::new(transport, behaviour, peer, Config::with_tokio_executor());
        Raw { swarm, device: device_of(&peer).unwrap() }
    }

    fn dial(&mut self, node: &Node) {
        self.swarm.dial(DialOpts::peer_id(node.peer()).addresses(vec![node.address()]).build()).unwrap();
    }

    /// Runs until gossipsub reports what is wanted; everything it reports on the way is kept.
    async fn until(&mut self, what: &str, wanted: impl Fn(&gossipsub::Event) -> bool) -> Vec<gossipsub::Event> {
        let mut events = Vec::new();
        patiently(what, async {
            loop {
                if let SwarmEvent::Behaviour(event) = self.swarm.select_next_some().await {
                    let found = wanted(&event);
                    events.push(event);
                    if found {
                        return;
                    }
                }
            }
        })
        .await;
        events
    }

    /// Runs while something else happens.
    async fn beside<T>(&mut self, other: impl Future<Output = T>) -> T {
        let run = async {
            loop {
                self.swarm.select_next_some().await;
            }
        };
        tokio::select! {
            biased;
            done = other => done,
            () = run => unreachable!(),
        }
    }
}

fn is_subscribed(event: &gossipsub::Event) -> bool {
    matches!(event, gossipsub::Event::Subscribed { .. })
}

#[tokio::test]
async fn an_outsider_learns_no_topic_and_reaches_nobody() {
    let (a, mut b) = gossiping_pair().await;
    let mut outsider = Raw::new(|_| MessageAuthenticity::Anonymous);
    let on = IdentTopic::new(topic(b'b').as_str());
    outsider.swarm.behaviour_mut().subscribe(&on).unwrap();
    outsider.dial(&b);
    let denied = |event: &gossipsub::Event| matches!(event, gossipsub::Event::GossipsubNotSupported { .. });
    let events = outsider.until("the denial", denied).await;
    assert!(!events.iter().any(is_subscribed), "{events:?}");
    assert!(outsider.swarm.behaviour_mut().publish(on.hash(), frame(66)).is_err(), "it knows no subscriber");

    // Life goes on beside it: what an allowed device publishes arrives, and still the outsider sees nothing.
    a.publish(topic(b'b'), frame(1));
    let (data, _) = outsider.beside(b.sealed(topic(b'b'))).await;
    assert_eq!(data, frame(1));
    b.tell(NetCommand::Subscribe(topic(b'n')));
    let told = b.rest();
    let known = told.iter().any(
        |output| matches!(output, NetOutput::Event(NetEvent::Connected { device, .. }) if *device == outsider.device),
    );
    assert!(known, "the outsider was connected: {told:?}");
    let leaked = |output: &NetOutput| match output {
        NetOutput::Event(NetEvent::Subscribed { device, .. }) => *device == outsider.device,
        NetOutput::Event(_) => false,
        NetOutput::Sealed { .. } => true,
    };
    assert!(!told.iter().any(leaked), "{told:?}");
    let peers: Vec<(&PeerId, Vec<_>)> = outsider.swarm.behaviour().all_peers().collect();
    assert!(peers.iter().all(|(_, topics)| topics.is_empty()), "{peers:?}");
}

/// An allowed raw node on topic `b` of a driver.
async fn insider(authenticity: fn(&Keypair) -> MessageAuthenticity) -> (Node, Raw) {
    let b = Node::start(2).await;
    let mut raw = Raw::new(authenticity);
    b.tell(NetCommand::Subscribe(topic(b'b')));
    b.allow(raw.device, true);
    raw.dial(&b);
    raw.until("our subscription", is_subscribed).await;
    (b, raw)
}

#[tokio::test]
async fn junk_of_an_allowed_peer_dies_before_the_core_and_is_counted() {
    let (mut b, mut raw) = insider(|_| MessageAuthenticity::Anonymous).await;
    let on = IdentTopic::new(topic(b'b').as_str());
    let mut version = frame(1);
    version[0] = 2;
    let mut kind = frame(1);
    kind[1] = 0x12;
    let mut offer = frame(1);
    offer[1] = 0x11;
    let junk = [vec![], vec![1; 255], vec![1; 257], vec![1; 9000], version, kind, offer];
    for data in junk {
        raw.swarm.behaviour_mut().publish(on.hash(), data).unwrap();
    }
    raw.swarm.behaviour_mut().publish(on.hash(), frame(1)).unwrap();
    let (data, message) = raw.beside(b.sealed(topic(b'b'))).await;
    assert_eq!((data, message.through), (frame(1), raw.device));
    let counts = &b.network.counters;
    let counted = (counts.bad_length.get(), counts.bad_version.get(), counts.bad_type.get(), counts.sealed.get());
    assert_eq!(counted, (4, 1, 2, 1));
}

#[tokio::test]
async fn a_message_that_names_its_author_is_refused() {
    let (mut b, mut raw) = insider(|keys| MessageAuthenticity::Signed(keys.clone())).await;
    let on = IdentTopic::new(topic(b'b').as_str());
    raw.swarm.behaviour_mut().publish(on.hash(), frame(1)).unwrap();
    // The topic of a later subscription comes over the same stream, so the message was read before it.
    raw.swarm.behaviour_mut().subscribe(&IdentTopic::new(topic(b'w').as_str())).unwrap();
    let device = raw.device;
    raw.beside(b.subscribed(device, topic(b'w'))).await;
    assert_eq!(b.network.counters.sealed.get(), 0);
}

#[tokio::test]
async fn topics_that_are_none_of_ours_are_not_reported() {
    let (mut b, mut raw) = insider(|_| MessageAuthenticity::Anonymous).await;
    for name in ["short", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", topic(b'w').as_str()] {
        raw.swarm.behaviour_mut().subscribe(&IdentTopic::new(name)).unwrap();
    }
    let device = raw.device;
    raw.beside(b.subscribed(device, topic(b'w'))).await;
    let told = b.rest();
    let subscribed = |output: &NetOutput| matches!(output, NetOutput::Event(NetEvent::Subscribed { .. }));
    assert!(!told.iter().any(subscribed), "{told:?}");
}

#[tokio::test]
async fn a_peer_that_sends_too_much_is_cut_off_without_the_others() {
    let (mut b, mut raw) = insider(|_| MessageAuthenticity::Anonymous).await;
    let on = IdentTopic::new(topic(b'b').as_str());
    for n in 0..600_u16 {
        let mut data = frame(0);
        data[2..4].copy_from_slice(&n.to_be_bytes());
        raw.swarm.behaviour_mut().publish(on.hash(), data).unwrap();
    }
    let counters = b.network.counters.clone();
    let all_read = async {
        while counters.sealed.get() + counters.over_rate.get() < 600 {
            tokio::task::yield_now().await;
        }
    };
    patiently("600 messages", raw.beside(all_read)).await;
    assert!(counters.over_rate.get() > 200, "{} over the rate", counters.over_rate.get());

    let mut quiet = Node::start(3).await;
    quiet.allow(b.device, true);
    b.allow(quiet.device, true);
    quiet.dial(&b);
    quiet.subscribed(b.device, topic(b'b')).await;
    quiet.publish(topic(b'b'), frame(77));
    b.until("the quiet one's message", |output| {
        matches!(output, NetOutput::Sealed { data, .. } if *data == frame(77)).then_some(())
    })
    .await;
}
