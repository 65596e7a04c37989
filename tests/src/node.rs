//! A whole node in this process, in a runtime of its own so that it can be killed like a process: nothing of it runs
//! on, and nothing is said to anybody.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ahoy_client::control::HomePaths;
use ahoy_media::fake::engine::{FakeEngine, FakeNetwork};
use ahoy_media::host_media::api::DeviceSpec;
use ahoy_protocol::account::{Contacts, Own};
use ahoy_protocol::core::Times;
use ahoy_protocol::core::effect::Table;
use ahoy_protocol::ids::DeviceId;
use ahoyd::config::Config;
use ahoyd::gossip::device::device_of;
use ahoyd::gossip::{Counters, Transport};
use ahoyd::node::{MakeEngine, Parts};
use ahoyd::store::Store;
use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::ear::Ear;
use crate::frontend::Frontend;
use crate::hostile::Knowledge;
use crate::road::{End, Road};
use crate::tap::Tap;

/// How long the tasks of a killed node may take to stop.
const DYING: Duration = Duration::from_secs(10);

/// How a node is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Its name, in cards and so at its contacts.
    pub name: &'static str,
    /// Its microphone.
    pub audio_in: DeviceSpec,
    /// Time limits of its calls.
    pub times: Times,
    /// What carries gossip.
    pub transport: Transport,
    /// Where it listens.
    pub listen: &'static str,
    /// What carries media in WebRTC's stead.
    pub media: Option<FakeNetwork>,
    /// How long gossip takes to get here.
    pub way: Duration,
    /// What its links go over, if not straight to the other.
    pub road: Option<(Road, End)>,
    /// Calls a minute that it takes of a contact.
    pub calls_a_minute: u32,
    /// What rings there can be heard in a file.
    pub rings: bool,
}

impl Setup {
    /// A silent node in memory.
    #[must_use]
    pub fn named(name: &'static str) -> Self {
        Self {
            name,
            audio_in: DeviceSpec::None,
            times: Times::default(),
            transport: Transport::Memory,
            listen: "/memory/0",
            media: None,
            way: Duration::ZERO,
            road: None,
            calls_a_minute: Config::default().calls_a_minute,
            rings: false,
        }
    }

    /// A node that says a tone.
    #[must_use]
    pub fn tone(name: &'static str, hz: u32) -> Self {
        Self { audio_in: DeviceSpec::Tone(hz), ..Self::named(name) }
    }

    /// With other time limits.
    #[must_use]
    pub fn times(self, times: Times) -> Self {
        Self { times, ..self }
    }

    /// With media that only look like some, between all nodes of this network.
    #[must_use]
    pub fn fake_media(self, network: &FakeNetwork) -> Self {
        Self { media: Some(network.clone()), ..self }
    }

    fn engine(&self) -> MakeEngine {
        let straight: MakeEngine = match self.media.clone() {
            None => Parts::webrtc(),
            Some(network) => {
                Box::new(move |events| Arc::new(FakeEngine::new(&network, events, tokio::runtime::Handle::current())))
            }
        };
        match self.road.clone() {
            None => straight,
            Some((road, end)) => road.on(end, straight),
        }
    }

    /// Far from the node at the other end: gossip to it and media each way take `way`.
    #[must_use]
    pub fn far(self, way: Duration, road: &Road, end: End) -> Self {
        Self { way, road: Some((road.clone(), end)), ..self }
    }

    /// Over TCP alone, on loopback.
    #[must_use]
    pub fn tcp(self) -> Self {
        Self { transport: Transport::Ip, listen: "/ip4/127.0.0.1/tcp/0", ..self }
    }

    /// Over QUIC alone, on loopback.
    #[must_use]
    pub fn quic(self) -> Self {
        Self { transport: Transport::Ip, listen: "/ip4/127.0.0.1/udp/0/quic-v1", ..self }
    }
}

/// A home in which no node runs.
pub struct Home {
    dir: TempDir,
    setup: Setup,
    /// Where it listened; over TCP and QUIC it comes back there, as daemons do.
    listen: Multiaddr,
}

impl Home {
    /// A new home.
    ///
    /// # Panics
    /// If there is no room for it.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let dir = tempfile::Builder::new().prefix("ahoy-").tempdir().expect("a home");
        let listen = setup.listen.parse().expect("an address");
        Self { dir, setup, listen }
    }

    /// What was heard here.
    #[must_use]
    pub fn heard(&self) -> PathBuf {
        self.dir.path().join("heard.wav")
    }

    /// What rang here.
    #[must_use]
    pub fn rung(&self) -> PathBuf {
        self.dir.path().join("rung.wav")
    }

    /// What a node that was killed here knew: for one that takes its place and is hostile.
    ///
    /// # Panics
    /// If its store cannot be read.
    #[must_use]
    pub fn knowledge(&self) -> Knowledge {
        let data = HomePaths::under(self.dir.path()).data;
        let (done, _committed) = tokio::sync::mpsc::channel(1);
        let opened = Store::open(&data.join("store.redb"), &data.join("store.key"), done);
        let (store, loaded) = opened.expect("the store is let go");
        store.close();
        let of = |table: Table| loaded.rows.iter().filter(move |row| row.0 == table).map(|row| row.2.as_slice());
        let own = of(Table::Account).find_map(|row| Own::from_row(row).ok()).expect("an account");
        Knowledge::of(own, &Contacts::from_rows(of(Table::Contacts)).expect("contacts"))
    }

    /// With other time limits from now on.
    #[must_use]
    pub fn times(self, times: Times) -> Self {
        Self { setup: self.setup.times(times), ..self }
    }

    /// Overwrites the store, as a broken disk would.
    ///
    /// # Panics
    /// If there is none.
    pub fn damage_store(&self) {
        let store = HomePaths::under(self.dir.path()).data.join("store.redb");
        assert!(store.exists(), "no node ran here");
        std::fs::write(store, "broken").expect("the store can be written");
    }

    /// Starts a node that must not come up.
    ///
    /// # Panics
    /// If it does.
    pub async fn fails(self) {
        let parts = Parts {
            engine: Parts::webrtc(),
            sound: Parts::host_sound(),
            network: Parts::network(self.setup.transport),
        };
        let home = ahoyd::home::Home::open(HomePaths::under(self.dir.path())).expect("the home is ours");
        let started = Box::pin(ahoyd::node::Node::start(home, self.config(), parts)).await;
        assert!(started.is_err(), "it started");
    }

    fn config(&self) -> Config {
        Config {
            name: Some(self.setup.name.to_owned()),
            listen: vec![self.listen.clone()],
            mdns: false,
            audio_in: self.setup.audio_in.clone(),
            audio_out: DeviceSpec::File { path: self.heard(), looped: false, stereo: false },
            ringtone_out: self.setup.rings.then(|| DeviceSpec::File {
                path: self.rung(),
                looped: false,
                stereo: false,
            }),
            times: self.setup.times.clone(),
            calls_a_minute: self.setup.calls_a_minute,
            ..Config::default()
        }
    }

    /// Starts a node here, of real parts: libp2p, WebRTC over loopback, and the sound of this machine with a file as
    /// its speaker.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start(mut self) -> Node {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let (tap, ear) = (Arc::new(Tap::default()), Arc::new(Ear::default()));
        let parts = Parts {
            engine: self.setup.engine(),
            sound: ear.clone().on(Parts::host_sound()),
            network: tap.clone().on(self.setup.way, Parts::network(self.setup.transport)),
        };
        let (paths, config) = (HomePaths::under(self.dir.path()), self.config());
        let starting = runtime.spawn(async move {
            let home = ahoyd::home::Home::open(paths).expect("the home is ours");
            Box::pin(ahoyd::node::Node::start(home, config, parts)).await
        });
        let node = starting.await.expect("the start does not panic").expect("the node starts");
        if self.setup.transport == Transport::Ip {
            // libp2p's memory transport does not give a port back when its listener is dropped.
            let listening = node.listening();
            let address = listening.first().expect("an address");
            self.listen = address.iter().filter(|part| !matches!(part, Protocol::P2p(_))).collect();
        }
        let frontend = Frontend::of(node.control()).await;
        Node { home: Some(self), node: Some(node), runtime: Some(runtime), tap, ear, frontend }
    }
}

/// A running node. Killed when it is dropped.
pub struct Node {
    home: Option<Home>,
    node: Option<ahoyd::node::Node>,
    runtime: Option<Runtime>,
    /// What its network says.
    pub tap: Arc<Tap>,
    /// What comes in to be heard.
    pub ear: Arc<Ear>,
    /// Its frontend.
    pub frontend: Frontend,
}

impl Node {
    /// A node in a home of its own.
    pub async fn start(setup: Setup) -> Self {
        Home::new(setup).start().await
    }

    fn node(&self) -> &ahoyd::node::Node {
        self.node.as_ref().expect("it runs")
    }

    /// Its name.
    ///
    /// # Panics
    /// Never: it runs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.home.as_ref().expect("it runs").setup.name
    }

    /// Its account, as text.
    #[must_use]
    pub fn account(&self) -> String {
        self.node().account()
    }

    /// Its peer id.
    ///
    /// # Panics
    /// Never: every device key is one.
    #[must_use]
    pub fn peer(&self) -> PeerId {
        let mut seed = *self.tap.key().expose();
        Keypair::ed25519_from_bytes(&mut seed).expect("a key").public().to_peer_id()
    }

    /// Its device.
    ///
    /// # Panics
    /// Never: every device key is one.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        device_of(&self.peer()).expect("an Ed25519 key")
    }

    /// Where it listens.
    ///
    /// # Panics
    /// If it listens nowhere.
    #[must_use]
    pub fn address(&self) -> Multiaddr {
        self.node().listening().first().expect("an address").clone()
    }

    /// What its network has counted.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        self.node().counters()
    }

    /// Makes `other` a contact, under the name in its card.
    ///
    /// # Panics
    /// If that is refused.
    pub async fn adds(&mut self, other: &mut Node) {
        let card = other.frontend.ask.card(false).await.expect("a card");
        self.frontend.ask.add_contact(&card, None).await.expect("a contact");
    }

    /// Stops it as a signal would: the others are told.
    ///
    /// # Panics
    /// If it does not stop.
    pub async fn stop(mut self) -> Home {
        let node = self.node.take().expect("it runs");
        let runtime = self.runtime.as_ref().expect("it runs");
        runtime.spawn(node.shutdown()).await.expect("it stops");
        self.end().await
    }

    /// What rang here.
    ///
    /// # Panics
    /// If it does not run.
    #[must_use]
    pub fn rung(&self) -> PathBuf {
        self.home.as_ref().expect("it runs").rung()
    }

    /// Kills it: nobody is told anything.
    pub async fn kill(mut self) -> Home {
        self.end().await
    }

    async fn end(&mut self) -> Home {
        let (runtime, node, home) = (self.runtime.take(), self.node.take(), self.home.take().expect("it ran"));
        let store = HomePaths::under(home.dir.path()).data.join("store.redb");
        let gone = tokio::task::spawn_blocking(move || {
            if let Some(runtime) = runtime {
                runtime.shutdown_timeout(DYING);
            }
            drop(node);
            // The store's thread writes what it was given, as the system does for a process that was killed.
            File::open(store).and_then(|store| store.lock()).expect("the store is let go");
        });
        gone.await.expect("it ends");
        home
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
