//! A peer that is connected and no longer answers.

use ahoy_protocol::core::effect::NetCommand;
use futures::StreamExt as _;
use libp2p::core::transport::MemoryTransport;
use libp2p::core::upgrade::Version;
use libp2p::gossipsub::{self, ConfigBuilder, IdentTopic, MessageAuthenticity, ValidationMode};
use libp2p::identity::Keypair;
use libp2p::request_response::{self, Message, ResponseChannel};
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{Config, NetworkBehaviour, SwarmEvent};
use libp2p::{Swarm, Transport as _, noise, yamux};

use super::node::{Node, frame, patiently, topic};
use crate::gossip::device::device_of;
use crate::gossip::pulse;

#[derive(NetworkBehaviour)]
struct Mute {
    gossip: gossipsub::Behaviour,
    pulse: pulse::Behaviour,
}

fn mute(keys: &Keypair) -> Swarm<Mute> {
    let config = ConfigBuilder::default().validation_mode(ValidationMode::Anonymous).build().unwrap();
    let gossip = gossipsub::Behaviour::new(MessageAuthenticity::Anonymous, config).unwrap();
    let transport = MemoryTransport::default()
        .upgrade(Version::V1)
        .authenticate(noise::Config::new(keys).unwrap())
        .multiplex(yamux::Config::default())
        .boxed();
    let behaviour = Mute { gossip, pulse: pulse::behaviour() };
    Swarm::new(transport, behaviour, keys.public().to_peer_id(), Config::with_tokio_executor())
}

/// Runs until the other side has closed, taking questions and never answering them.
async fn stay_mute(swarm: &mut Swarm<Mute>) -> usize {
    let mut unanswered: Vec<ResponseChannel<u8>> = Vec::new();
    let on = IdentTopic::new(topic(b'b').as_str());
    loop {
        let event = swarm.select_next_some().await;
        if let SwarmEvent::ConnectionClosed { .. } = event {
            return unanswered.len();
        }
        if let SwarmEvent::Behaviour(MuteEvent::Gossip(gossipsub::Event::Subscribed { .. })) = event {
            swarm.behaviour_mut().gossip.publish(on.hash(), frame(1)).unwrap();
        } else if let SwarmEvent::Behaviour(MuteEvent::Pulse(request_response::Event::Message { message, .. })) = event
            && let Message::Request { channel, .. } = message
        {
            unanswered.push(channel);
        }
    }
}

#[tokio::test]
async fn a_peer_that_falls_silent_after_a_message_is_gone_within_seconds() {
    let mut a = Node::start(1).await;
    let keys = Keypair::ed25519_from_bytes([98; 32]).unwrap();
    let device = device_of(&keys.public().to_peer_id()).unwrap();
    let mut swarm = mute(&keys);
    a.tell(NetCommand::Subscribe(topic(b'b')));
    a.allow(device, true);
    swarm.dial(DialOpts::peer_id(a.peer()).addresses(vec![a.address()]).build()).unwrap();
    let asked = patiently("the end of the connection", stay_mute(&mut swarm)).await;
    assert!(asked >= 1, "it was asked for a sign of life");
    a.disconnected(device).await;
    assert_eq!(a.network.counters.vanished.get(), 1);
}
