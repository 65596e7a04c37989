//! A hostile peer: libp2p without our daemon. It speaks gossipsub, identify and the prekey protocol, and obeys no rule
//! of ours.

use std::io;

use ahoy_protocol::core::input::Topic;
use libp2p::core::transport::MemoryTransport;
use libp2p::core::upgrade::Version;
use libp2p::futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, StreamExt as _};
use libp2p::gossipsub::{self, ConfigBuilder, IdentTopic, MessageAuthenticity, MessageId, ValidationMode};
use libp2p::identity::Keypair;
use libp2p::request_response::{self, ProtocolSupport};
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{Config, NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, PeerId, StreamProtocol, Swarm, Transport as _, identify, noise, yamux};

use crate::frontend::patiently;

/// Longest answer to a prekey request that is read; more would be a finding in itself.
const ANSWER_BYTES: u64 = 4096;

/// The prekey protocol, with whatever bytes.
#[derive(Clone, Debug, Default)]
struct AnyBytes;

impl request_response::Codec for AnyBytes {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Vec<u8>;

    async fn read_request<T>(&mut self, _protocol: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        self.read_response(&StreamProtocol::new("/any"), io).await
    }

    async fn read_response<T>(&mut self, _protocol: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        let mut bytes = Vec::new();
        io.take(ANSWER_BYTES).read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    async fn write_request<T>(&mut self, _protocol: &StreamProtocol, io: &mut T, bytes: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&bytes).await
    }

    async fn write_response<T>(&mut self, _protocol: &StreamProtocol, io: &mut T, bytes: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&bytes).await
    }
}

#[derive(NetworkBehaviour)]
#[behaviour(to_swarm = "Told")]
struct Speaks {
    gossip: gossipsub::Behaviour,
    identify: identify::Behaviour,
    prekey: request_response::Behaviour<AnyBytes>,
}

/// Something it was told.
#[derive(Debug)]
pub enum Told {
    /// About gossip.
    Gossip(gossipsub::Event),
    /// Who somebody is.
    Identify(Box<identify::Event>),
    /// About a prekey.
    Prekey(request_response::Event<Vec<u8>, Vec<u8>>),
}

impl From<gossipsub::Event> for Told {
    fn from(event: gossipsub::Event) -> Self {
        Self::Gossip(event)
    }
}

impl From<identify::Event> for Told {
    fn from(event: identify::Event) -> Self {
        Self::Identify(Box::new(event))
    }
}

impl From<request_response::Event<Vec<u8>, Vec<u8>>> for Told {
    fn from(event: request_response::Event<Vec<u8>, Vec<u8>>) -> Self {
        Self::Prekey(event)
    }
}

/// A hostile peer, in memory.
pub struct Outsider {
    swarm: Swarm<Speaks>,
    /// Everything it was told.
    pub told: Vec<Told>,
    connected: Vec<PeerId>,
}

impl Outsider {
    /// With the key of a device: a fresh one for a stranger, or a stolen one.
    ///
    /// # Panics
    /// If libp2p refuses.
    #[must_use]
    pub fn new(mut key: [u8; 32]) -> Self {
        let keys = Keypair::ed25519_from_bytes(&mut key).expect("a key");
        let peer = keys.public().to_peer_id();
        let config = ConfigBuilder::default()
            .validation_mode(ValidationMode::Permissive)
            .message_id_fn(|message| MessageId::new(&message.data))
            .build()
            .expect("gossip");
        let gossip = gossipsub::Behaviour::new(MessageAuthenticity::Anonymous, config).expect("gossip");
        let identify = identify::Behaviour::new(identify::Config::new("/ipfs/0.1.0".to_owned(), keys.public()));
        let protocol = (StreamProtocol::new("/ahoy/1/prekey"), ProtocolSupport::Full);
        let prekey = request_response::Behaviour::new([protocol], request_response::Config::default());
        let transport = MemoryTransport::default()
            .upgrade(Version::V1)
            .authenticate(noise::Config::new(&keys).expect("noise"))
            .multiplex(yamux::Config::default())
            .boxed();
        let speaks = Speaks { gossip, identify, prekey };
        let idle = Config::with_tokio_executor().with_idle_connection_timeout(crate::frontend::PATIENCE);
        Self { swarm: Swarm::new(transport, speaks, peer, idle), told: Vec::new(), connected: Vec::new() }
    }

    /// Its peer id.
    #[must_use]
    pub fn peer(&self) -> PeerId {
        *self.swarm.local_peer_id()
    }

    async fn step(&mut self) {
        let event = self.swarm.select_next_some().await;
        if let SwarmEvent::ConnectionEstablished { peer_id, .. } = &event {
            self.connected.push(*peer_id);
        }
        if let SwarmEvent::Behaviour(told) = event {
            self.told.push(told);
        }
    }

    /// Connects.
    ///
    /// # Panics
    /// If that fails.
    pub async fn dial(&mut self, peer: PeerId, address: Multiaddr) {
        self.swarm.dial(DialOpts::peer_id(peer).addresses(vec![address]).build()).expect("a dial");
        let connected = async {
            while !self.connected.contains(&peer) {
                self.step().await;
            }
        };
        patiently("a connection of the outsider", connected).await;
    }

    /// Runs until it was told so many things of the wanted kind.
    pub async fn until(&mut self, count: usize, what: &str, wanted: impl Fn(&Told) -> bool) {
        let told = async {
            while self.told.iter().filter(|told| wanted(told)).count() < count {
                self.step().await;
            }
        };
        patiently(what, told).await;
    }

    /// Runs while something else happens.
    pub async fn beside<T>(&mut self, other: impl Future<Output = T>) -> T {
        let run = async {
            loop {
                self.step().await;
            }
        };
        tokio::select! {
            biased;
            done = other => done,
            never = run => never,
        }
    }

    /// Says that it holds a topic.
    ///
    /// # Panics
    /// If libp2p refuses.
    pub fn subscribe(&mut self, topic: Topic) {
        self.swarm.behaviour_mut().gossip.subscribe(&IdentTopic::new(topic.as_str())).expect("a subscription");
    }

    /// Publishes; false if libp2p knows nobody who would take it.
    pub fn publish(&mut self, topic: Topic, data: Vec<u8>) -> bool {
        self.swarm.behaviour_mut().gossip.publish(IdentTopic::new(topic.as_str()).hash(), data).is_ok()
    }

    /// Asks for a prekey with these bytes.
    pub fn ask_prekey(&mut self, peer: PeerId, request: Vec<u8>) {
        self.swarm.behaviour_mut().prekey.send_request(&peer, request);
    }

    /// Topics it has learnt of.
    #[must_use]
    pub fn topics(&self) -> Vec<String> {
        let peers = self.swarm.behaviour().gossip.all_peers();
        peers.flat_map(|(_, topics)| topics.into_iter().map(ToString::to_string)).collect()
    }
}
