//! A peer that is connected and no longer answers.

use std::io;
use std::time::Duration;

use ahoy_protocol::core::effect::NetCommand;
use futures::{AsyncRead, AsyncWrite, StreamExt as _};
use libp2p::core::transport::MemoryTransport;
use libp2p::core::upgrade::Version;
use libp2p::gossipsub::{self, ConfigBuilder, IdentTopic, MessageAuthenticity, ValidationMode};
use libp2p::identity::Keypair;
use libp2p::request_response::{self, ProtocolSupport};
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{Config, NetworkBehaviour, SwarmEvent};
use libp2p::{StreamProtocol, Swarm, Transport as _, noise, yamux};

use super::node::{Node, frame, patiently, topic};
use crate::gossip::device::device_of;

/// Takes pulse streams and never reads a byte of them.
#[derive(Clone, Default)]
struct NoAnswer;

impl request_response::Codec for NoAnswer {
    type Protocol = StreamProtocol;
    type Request = ();
    type Response = ();

    async fn read_request<T: AsyncRead + Unpin + Send>(&mut self, _: &StreamProtocol, _: &mut T) -> io::Result<()> {
        std::future::pending().await
    }

    async fn read_response<T: AsyncRead + Unpin + Send>(&mut self, _: &StreamProtocol, _: &mut T) -> io::Result<()> {
        std::future::pending().await
    }

    async fn write_request<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        _: &mut T,
        (): (),
    ) -> io::Result<()> {
        std::future::pending().await
    }

    async fn write_response<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        _: &mut T,
        (): (),
    ) -> io::Result<()> {
        std::future::pending().await
    }
}

#[derive(NetworkBehaviour)]
struct Mute {
    gossip: gossipsub::Behaviour,
    pulse: request_response::Behaviour<NoAnswer>,
}

fn mute(keys: &Keypair) -> Swarm<Mute> {
    let config = ConfigBuilder::default().validation_mode(ValidationMode::Anonymous).build().unwrap();
    let gossip = gossipsub::Behaviour::new(MessageAuthenticity::Anonymous, config).unwrap();
    let transport = MemoryTransport::default()
        .upgrade(Version::V1)
        .authenticate(noise::Config::new(keys).unwrap())
        .multiplex(yamux::Config::default())
        .boxed();
    let protocols = [(StreamProtocol::new("/ahoy/1/pulse"), ProtocolSupport::Inbound)];
    let patient = request_response::Config::default().with_request_timeout(Duration::from_secs(600));
    let behaviour = Mute { gossip, pulse: request_response::Behaviour::new(protocols, patient) };
    Swarm::new(transport, behaviour, keys.public().to_peer_id(), Config::with_tokio_executor())
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
    patiently("the end of the connection", async {
        loop {
            let event = swarm.select_next_some().await;
            if let SwarmEvent::Behaviour(MuteEvent::Gossip(gossipsub::Event::Subscribed { .. })) = event {
                let on = IdentTopic::new(topic(b'b').as_str());
                swarm.behaviour_mut().gossip.publish(on.hash(), frame(1)).unwrap();
            } else if let SwarmEvent::ConnectionClosed { .. } = event {
                return;
            }
        }
    })
    .await;
    a.disconnected(device).await;
    assert_eq!(a.network.counters.vanished.get(), 1);
}
