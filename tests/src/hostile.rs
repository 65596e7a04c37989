//! A hostile contact: it holds the key of a device that is a contact's, speaks raw gossip packets and obeys nothing.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use ahoy_crypto::{Inbox, PrekeyRecord, Secret, prekey};
use ahoy_protocol::account::{Contacts, Own};
use ahoy_protocol::ids::CallId;
use ahoy_protocol::outbound::{Identity, Letter, Recipient, Where, envelope};
use ahoy_protocol::topic::Topic;
use ahoy_protocol::wire::bodies::{Format, InboxBody, Media, Offer, Purpose};
use ahoy_protocol::wire::card::Card;
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use libp2p::core::transport::MemoryTransport;
use libp2p::core::upgrade::Version;
use libp2p::futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, StreamExt as _};
use libp2p::identity::Keypair;
use libp2p::request_response::{self, ProtocolSupport};
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{Config, NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, PeerId, StreamProtocol, Swarm, Transport as _, noise, tcp, yamux};
use tokio::time::Instant;

use ahoyd::gossip::device::peer_of;

use crate::frontend::patiently;

/// Longer than any flood.
const LONG: Duration = Duration::from_secs(3600);

/// Makes the packet of a number.
pub type MakePacket = Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>;

/// Bytes that go over one stream.
#[derive(Clone)]
pub struct Pour {
    /// What.
    pub packet: MakePacket,
    /// How many packets.
    pub count: u64,
    /// How many a second at most; 0: as fast as they are taken.
    pub per_second: u64,
    /// Packets that were taken.
    pub taken: Arc<AtomicU64>,
    /// All were taken, or the victim takes no more over this stream.
    over: Arc<AtomicBool>,
}

impl Pour {
    /// So many packets, as fast as they are taken.
    pub fn fast(count: u64, packet: impl Fn(u64) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self { packet: Arc::new(packet), count, per_second: 0, taken: Arc::default(), over: Arc::default() }
    }

    /// At a rate, for so many seconds.
    pub fn paced(per_second: u64, seconds: u64, packet: impl Fn(u64) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self { per_second, ..Self::fast(per_second * seconds, packet) }
    }

    async fn write<T: AsyncWrite + Unpin + Send>(&self, io: &mut T) -> io::Result<()> {
        let start = Instant::now();
        for n in 0..self.count {
            if let Some(ms) = (n * 1000).checked_div(self.per_second) {
                tokio::time::sleep_until(start + Duration::from_millis(ms)).await;
            }
            io.write_all(&(self.packet)(n)).await?;
            self.taken.fetch_add(1, Ordering::Relaxed);
        }
        io.flush().await
    }
}

impl std::fmt::Debug for Pour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} packets", self.count)
    }
}

/// Writes what it is told, reads and forgets whatever comes.
#[derive(Clone, Debug, Default)]
struct Raw;

impl request_response::Codec for Raw {
    type Protocol = StreamProtocol;
    type Request = Pour;
    type Response = ();

    async fn read_request<T: AsyncRead + Unpin + Send>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Pour> {
        self.read_response(&StreamProtocol::new("/any"), io).await?;
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    async fn read_response<T: AsyncRead + Unpin + Send>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<()> {
        let mut forgotten = [0; 4096];
        while io.read(&mut forgotten).await? > 0 {}
        Ok(())
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, io: &mut T, pour: Pour) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        let end = pour.write(io).await;
        pour.over.store(true, Ordering::Relaxed);
        end
    }

    async fn write_response<T>(&mut self, _: &StreamProtocol, _: &mut T, (): ()) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        Ok(())
    }
}

#[derive(NetworkBehaviour)]
struct Speaks {
    gossip: request_response::Behaviour<Raw>,
    prekey: request_response::Behaviour<Raw>,
}

/// A peer that pours.
pub struct Hostile {
    swarm: Swarm<Speaks>,
    victim: PeerId,
}

impl Hostile {
    /// With a device's private key; connects at once, in memory or over TCP as the address says.
    ///
    /// # Panics
    /// If it cannot connect.
    pub async fn connect(mut key: [u8; 32], victim: PeerId, address: Multiaddr) -> Self {
        let keys = Keypair::ed25519_from_bytes(&mut key).expect("a key");
        let noise = noise::Config::new(&keys).expect("noise");
        let transport = if address.to_string().starts_with("/memory") {
            let memory = MemoryTransport::default().upgrade(Version::V1);
            memory.authenticate(noise).multiplex(yamux::Config::default()).boxed()
        } else {
            let tcp = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true)).upgrade(Version::V1);
            tcp.authenticate(noise).multiplex(yamux::Config::default()).boxed()
        };
        let speak = |name| {
            let settings = request_response::Config::default().with_request_timeout(LONG);
            request_response::Behaviour::new([(StreamProtocol::new(name), ProtocolSupport::Full)], settings)
        };
        let speaks = Speaks { gossip: speak("/meshsub/1.1.0"), prekey: speak("/ahoy/1/prekey") };
        let idle = Config::with_tokio_executor().with_idle_connection_timeout(LONG);
        let mut swarm = Swarm::new(transport, speaks, keys.public().to_peer_id(), idle);
        swarm.dial(DialOpts::peer_id(victim).addresses(vec![address]).build()).expect("a dial");
        let connected =
            async { while !matches!(swarm.select_next_some().await, SwarmEvent::ConnectionEstablished { .. }) {} };
        patiently("a connection of the hostile peer", connected).await;
        Self { swarm, victim }
    }

    /// Gossip packets over a stream of their own, which replaces the one before.
    pub fn gossip(&mut self, pour: Pour) {
        self.swarm.behaviour_mut().gossip.send_request(&self.victim, pour);
    }

    /// A prekey request, well-formed or not.
    pub fn ask_prekey(&mut self, request: Vec<u8>) {
        self.swarm.behaviour_mut().prekey.send_request(&self.victim, Pour::fast(1, move |_| request.clone()));
    }

    /// Goes on for ever.
    pub async fn run(mut self) {
        loop {
            self.swarm.select_next_some().await;
        }
    }

    /// Runs while something else happens.
    pub async fn beside<T>(&mut self, other: impl Future<Output = T>) -> T {
        let run = async {
            loop {
                self.swarm.select_next_some().await;
            }
        };
        tokio::select! {
            biased;
            done = other => done,
            never = run => never,
        }
    }

    /// Runs until everything was poured, or the victim takes no more of it.
    pub async fn until_over(&mut self, pour: &Pour) {
        let over = async {
            while !pour.over.load(Ordering::Relaxed) {
                tokio::task::yield_now().await;
            }
        };
        patiently("the end of what was poured", self.beside(over)).await;
    }
}

/// What a hostile contact holds: its own keys, and what it was told of its victim.
pub struct Knowledge {
    own: Own,
    to: Recipient,
    roster: Vec<ahoy_protocol::ids::AccountId>,
    token: Secret,
}

impl Knowledge {
    /// Out of the store of a node that was killed: its own account, and what it knew of its only contact.
    ///
    /// # Panics
    /// If it knew too little.
    #[must_use]
    pub fn of(own: Own, contacts: &Contacts) -> Self {
        let victim = contacts.iter().next().expect("a contact");
        let (device, facts) = victim.devices.iter().next().expect("a device");
        let record = facts.record.as_deref().expect("its prekey");
        let record = PrekeyRecord::check(record, unix_s(), Some(*device), None).expect("its prekey");
        let to = Recipient { device: *device, spk: record.terms().spk, spk_id: record.terms().spk_id };
        let mut roster = vec![own.account(), victim.account];
        roster.sort_unstable();
        Self { to, roster, token: victim.token().clone(), own }
    }

    /// A stranger who has the same victim's card, and nothing else.
    ///
    /// # Panics
    /// If the card is none, or there is no randomness.
    #[must_use]
    pub fn stranger(&self, card: &str) -> Self {
        let card = Card::parse(card).expect("a card");
        let own = Own::make(None, unix_s(), &mut UnwrapErr(SysRng)).expect("an account");
        let mut roster = vec![own.account(), card.account];
        roster.sort_unstable();
        Self { to: self.to, roster, token: card.token.clone(), own }
    }

    /// A prekey request that proves that we know the token: it lets a stranger gossip with the victim for a minute.
    #[must_use]
    pub fn prekey_request(&self) -> Vec<u8> {
        prekey::request(&self.place().hint_key, self.own.device(), self.to.device).to_vec()
    }

    /// Our device's private key.
    #[must_use]
    pub fn key(&self) -> [u8; 32] {
        *self.own.device_seed().expose()
    }

    /// Our peer id.
    ///
    /// # Panics
    /// Never: every device key is one.
    #[must_use]
    pub fn peer(&self) -> PeerId {
        let mut seed = self.key();
        Keypair::ed25519_from_bytes(&mut seed).expect("a key").public().to_peer_id()
    }

    /// The victim's peer id.
    ///
    /// # Panics
    /// Never: every device key is one.
    #[must_use]
    pub fn victim(&self) -> PeerId {
        peer_of(self.to.device).expect("a peer id")
    }

    /// The victim's inbox today.
    #[must_use]
    pub fn inbox(&self) -> Topic {
        self.place().topic
    }

    fn place(&self) -> Where {
        let inbox = Inbox::new(&self.token);
        let day = inbox.day(unix_s());
        Where { topic: Topic(inbox.topic(day)), hint_key: inbox.hint_key(day), stamp: day }
    }

    /// An offer of a new call without a fault, whose answer nobody will ever confirm: to be opened it costs what every
    /// offer costs.
    ///
    /// # Panics
    /// If there is no randomness.
    #[must_use]
    pub fn offer(&self) -> Vec<u8> {
        let mut rng = UnwrapErr(SysRng);
        let random = |rng: &mut UnwrapErr<SysRng>| *Secret::random(rng).expose();
        let id = random(&mut rng);
        let offer = Offer {
            call: CallId(*id.first_chunk().expect("16 of 32 bytes")),
            secret: Secret::new(random(&mut rng)),
            purpose: Purpose::Ring,
            ttl_s: 45,
            roster: self.roster.clone(),
            media: Media::AUDIO,
            format: Some(Format { rate: 48_000, channels: 1, frame_ms: 20 }),
            ice_policy: 0,
            sas_commit: [9; 32],
            attempt: 0,
            epoch: 0,
            invite_policy: 0,
            context: None,
            epoch_secret: None,
            view: None,
            offerer: None,
            continues: None,
        };
        let body = InboxBody::Offer(offer);
        let sent_ms = unix_s() * 1000;
        let letter = Letter { body: &body, wants_receipt: false, asks_presence: false, sent_ms };
        let from = Identity { dk: self.own.dk(), certificate: self.own.certificate() };
        envelope(from, &self.to, &self.place(), &letter, &mut rng).expect("an offer").1
    }
}

/// The time, Unix seconds.
pub(crate) fn unix_s() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs()
}
