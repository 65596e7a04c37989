//! A whole daemon: home, store, core, network, media, actor and control, put together and taken apart.

mod parts;
mod sound_devices;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, UdpSocket};
use std::sync::Arc;

use ahoy_media::host_media::api::{AudioConfig, DeviceInfo};
use ahoy_media::simple_webrtc::engine::Engine;
use ahoy_protocol::control::AudioDevicesReply;
use ahoy_protocol::core::{ContactRate, Core, Setup, SetupError};
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use libp2p::Multiaddr;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

pub use parts::{Boxed, MakeEngine, MakeNetwork, MakeSound, NetworkSetup, Parts, RunningNetwork, SoundSetup};

use crate::actor::{Actor, EngineOut, Inboxes, Media, Ports, Recordings, Tape, Told};
use crate::clock::{self, Clock};
use crate::config::{self, Config, Settings};
use crate::control::{Board, Control, Hub, ListAudio, Sources};
use crate::gossip::{Counters, NetOutput};
use crate::home::{Home, HomeError};
use crate::limits;
use crate::metrics::{self, Figures};
use crate::pipes::Pipes;
use crate::player::Player;
use crate::store::{Committed, Loaded, Store, StoreError};

/// Why a daemon does not start; written for the person who started it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The home.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What the store holds.
    #[error("{0}: use a newer ahoyd, or restore the data from a backup")]
    Setup(#[from] SetupError),
    /// The network.
    #[error("{0}")]
    Network(String),
    /// The sound.
    #[error("{0}")]
    Sound(String),
    /// The metrics.
    #[error("metrics cannot be answered at {at}: {source}. Change the setting metrics, or set it to \"off\"")]
    Metrics {
        /// Where.
        at: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The control socket.
    #[error("the control socket cannot be used: {0}")]
    Socket(std::io::Error),
}

/// A running daemon. Its control socket answers from the moment [`Node::start`] returns.
pub struct Node {
    home: Home,
    store: Arc<Store>,
    running: Running,
}

/// What runs between a start and a stop.
struct Running {
    control: Control,
    board: Arc<Board>,
    figures: Figures,
    /// Answers scrapes as long as it is held.
    metrics: Option<metrics::Server>,
    network: RunningNetwork,
    actor: JoinHandle<()>,
    stop: watch::Sender<bool>,
    listening: watch::Receiver<Vec<Vec<u8>>>,
}

/// The queues between the drivers and the actor; the other ends of [`Inboxes`].
struct Outboxes {
    network: mpsc::Sender<NetOutput>,
    questions: mpsc::Sender<crate::control::Question>,
    links: ahoy_media::simple_webrtc::engine::Events,
    audio: mpsc::Sender<ahoy_media::host_media::api::AudioEvent>,
    recordings: mpsc::Sender<Told>,
    stop: watch::Sender<bool>,
}

impl Node {
    /// Starts a daemon in a home that is held. Returns once every listen address is bound and the control socket
    /// answers. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// [`StartError`] says what is wrong and what to do; nothing is left running.
    pub async fn start(home: Home, config: Config, parts: Parts) -> Result<Node, StartError> {
        let (done, committed) = mpsc::channel(limits::WAITING_GROUPS);
        let (store, loaded) = Store::open(&home.store_file(), &home.store_key_file(), done)?;
        let store = Arc::new(store);
        let settings = Arc::new(Settings::new(config.clone(), home.paths().config.clone()));
        let data = &home.paths().data;
        let places = (settings, [data.join("recordings"), data.join("capture-pipeline.json")]);
        let mut node = match Self::assemble(store.clone(), (loaded, committed), &config, places, parts).await {
            Ok(running) => Node { home, store, running },
            Err(error) => {
                close(store).await;
                return Err(error);
            }
        };
        match node.open(&config).await {
            Ok(()) => Ok(node),
            Err(error) => {
                node.shutdown().await;
                Err(error)
            }
        }
    }

    async fn assemble(
        store: Arc<Store>,
        (loaded, committed): (Loaded, mpsc::Receiver<Committed>),
        config: &Config,
        (settings, [folder, pipeline]): (Arc<Settings>, [std::path::PathBuf; 2]),
        parts: Parts,
    ) -> Result<Running, StartError> {
        let (outboxes, inboxes) = queues(committed);
        let (listen, drawn) = listen_addresses(config, &loaded)?;
        let clock = Clock::start();
        let times = config.call_times();
        let (name, busy_in_call) = (config.name.clone(), config.busy_in_call);
        let contact_rate = ContactRate(config.calls_a_minute);
        let (loopback, do_not_disturb) = (config.loopback(), config.do_not_disturb);
        let rows = loaded.rows;
        let recording = config.recording;
        let setup = Setup { rows, name, times, busy_in_call, recording, contact_rate, loopback, do_not_disturb };
        let (core, first) = Core::new(setup, clock.now(), &mut UnwrapErr(SysRng))?;
        let hub = Hub::new(clock::unix_ms());

        let engine = (parts.engine)(outboxes.links);
        let tape = Tape::default();
        let frames = Box::new(EngineOut::new(engine.clone(), tape.clone()));
        let (sound_config, ringtone) = (audio_config(config), config.ringtone());
        let setup = SoundSetup { config: sound_config, ringtone, frames, events: outboxes.audio };
        let sound = (parts.sound)(setup).map_err(StartError::Sound)?;
        sound.process(config.processing);
        let (device_key, inputs) = (core.device_key(), outboxes.network);
        let setup = NetworkSetup { device_key, listen, mdns: config.mdns, inputs };
        let network = (parts.network)(setup).await.map_err(StartError::Network)?;
        if let Some(port) = drawn {
            store.keep_port(port).unwrap_or_else(|error| tracing::error!(%error, "the port is not kept"));
        }

        let sources = sources(&engine, &network, &hub);
        let looking = sources.actor.clone();
        let (actor, frontends) = (sources.actor.clone(), sources.control.clone());
        let board = Arc::new(Board::new(core.account().text(), core.device().text(), sources));
        board.tell(core.who());
        let audio = list_audio(sound.clone(), settings.clone());
        let pipes = Pipes::new(&sound, pipeline, hub.clone());
        pipes.begin();
        let tasks = frontends.clone();
        let control = Control::new(
            outboxes.questions.clone(),
            hub.clone(),
            board.clone(),
            settings.clone(),
            (audio, pipes.clone()),
            frontends,
        );
        let figures = Figures { board: board.clone(), control: control.clone(), sound: sound.clone(), tasks };
        let told = hub.clone();
        let player = Player::new(&sound, Arc::new(move |kind| told.publish(clock::unix_ms(), kind)));
        let look =
            sound_devices::Look { sound: sound.clone(), settings, hub: hub.clone(), questions: outboxes.questions };
        let looks = look.run(outboxes.stop.subscribe());
        let media = Media::new(engine, sound, config.ice_servers.clone(), config.loopback());
        let recordings = Recordings::new(folder, outboxes.recordings);
        let media = media.recording(tape, config.frame_ms).recordings(recordings);
        let network_out = network.commands.clone();
        let ports = Ports { network: network_out, media, player, pipes, store, hub, board: board.clone() };
        let (tell, listening) = watch::channel(Vec::new());
        looking.spawn(looks);
        let actor = actor.spawn(Actor::new(core, first, ports, clock, tell).run(inboxes));
        Ok(Running { control, board, figures, metrics: None, network, actor, stop: outboxes.stop, listening })
    }

    /// Waits until the core knows where we listen, then lets frontends in.
    async fn open(&mut self, config: &Config) -> Result<(), StartError> {
        if self.running.listening.wait_for(|addresses| !addresses.is_empty()).await.is_err() {
            return Err(StartError::Network("the daemon ended while it was starting: see its log".into()));
        }
        if let Some(at) = &config.metrics {
            let failed = |source| StartError::Metrics { at: at.to_string(), source };
            let server = metrics::Server::start(at, self.running.figures.clone()).await.map_err(failed)?;
            self.running.metrics = Some(server);
        }
        let listener = self.home.bind_socket()?;
        let listener = tokio::net::UnixListener::from_std(listener).map_err(StartError::Socket)?;
        self.running.control.listen(listener);
        tracing::info!("ready");
        Ok(())
    }

    /// The control interface, for frontends in this process.
    #[must_use]
    pub fn control(&self) -> &Control {
        &self.running.control
    }

    /// Where metrics are answered over TCP, with the port that was bound.
    #[must_use]
    pub fn metrics(&self) -> Option<std::net::SocketAddr> {
        self.running.metrics.as_ref().and_then(metrics::Server::local)
    }

    /// Our account, as text.
    #[must_use]
    pub fn account(&self) -> String {
        self.running.board.account()
    }

    /// Our device, as text.
    #[must_use]
    pub fn device(&self) -> &str {
        &self.running.board.device
    }

    /// What the network has counted.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.running.network.counters
    }

    /// Where we listen now.
    #[must_use]
    pub fn listening(&self) -> Vec<Multiaddr> {
        let addresses = self.running.listening.borrow();
        addresses.iter().filter_map(|bytes| Multiaddr::try_from(bytes.clone()).ok()).collect()
    }

    /// Waits until the daemon has stopped by itself: a frontend asked for it. False if it failed instead.
    pub async fn ended(&mut self) -> bool {
        match (&mut self.running.actor).await {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%error, "the daemon failed: a defect of ours");
                false
            }
        }
    }

    /// Ends every call, tells the others, lets frontends take the last events, and releases everything.
    /// Done within 2 s.
    pub async fn shutdown(mut self) {
        self.running.metrics = None;
        self.running.stop.send_replace(true);
        if !self.running.actor.is_finished() {
            self.ended().await;
        }
        self.running.control.stop().await;
        self.home.remove_socket();
        self.running.network.stop().await;
        close(self.store).await;
        tracing::info!("stopped");
    }
}

/// Waits until everything is written. Whoever else held the store is gone by now.
async fn close(store: Arc<Store>) {
    match Arc::try_unwrap(store) {
        Ok(store) => {
            if tokio::task::spawn_blocking(move || store.close()).await.is_err() {
                tracing::error!("the store was not closed");
            }
        }
        Err(_) => tracing::error!("the store is still in use"),
    }
}

fn audio_config(config: &Config) -> AudioConfig {
    let (input, output) = (config.audio_in.clone(), config.audio_out.clone());
    AudioConfig { input, output, bitrate_bps: config.bitrate_bps, frame_ms: config.frame_ms }
}

fn queues(committed: mpsc::Receiver<Committed>) -> (Outboxes, Inboxes<NetOutput>) {
    let (network, network_in) = mpsc::channel(limits::NETWORK_INPUTS);
    let (questions, questions_in) = mpsc::channel(limits::QUESTIONS);
    let (links, links_in) = mpsc::channel(limits::LINK_EVENTS);
    let (audio, audio_in) = mpsc::channel(limits::AUDIO_EVENTS);
    let (recordings, recordings_in) = mpsc::channel(limits::RECORDING_EVENTS);
    let (stop, stop_in) = watch::channel(false);
    let inboxes = Inboxes {
        network: network_in,
        questions: questions_in,
        links: links_in,
        audio: audio_in,
        recordings: recordings_in,
        committed,
        stop: stop_in,
    };
    (Outboxes { network, questions, links, audio, recordings, stop }, inboxes)
}

/// Where `status` reads what is held.
fn sources(engine: &Arc<dyn Engine>, network: &RunningNetwork, hub: &Hub) -> Sources {
    let (links, network, hub) = (engine.tasks(), network.counters.clone(), Some(hub.clone()));
    Sources { links, network, hub, ..Sources::default() }
}

/// What to listen on, and the port if it was drawn just now.
fn listen_addresses(config: &Config, loaded: &Loaded) -> Result<(Vec<Multiaddr>, Option<u16>), StartError> {
    if !config.listen.is_empty() {
        let mut listen = config.listen.clone();
        // The network tries each address with a plain bind first, and a plain bind of [::] takes IPv4 too: it would
        // meet our own 0.0.0.0 of the same port if that came before it.
        listen.sort_by_key(|address| config::ip(address).is_some_and(|ip| ip.is_ipv4()));
        return Ok((listen, None));
    }
    let failed = |error: std::io::Error| StartError::Network(format!("no port can be drawn: {error}"));
    let (port, drawn) = match loaded.port {
        Some(port) => (port, None),
        None => {
            let port = draw_port().map_err(failed)?;
            (port, Some(port))
        }
    };
    // A machine without IPv6 is no error.
    let six = TcpListener::bind("[::]:0").is_ok();
    let ips = six.then_some(Ipv6Addr::UNSPECIFIED.into()).into_iter().chain([Ipv4Addr::UNSPECIFIED.into()]);
    Ok((ips.flat_map(|ip| everywhere(ip, port)).collect(), drawn))
}

/// This address over TCP, and over QUIC on the port of the same number.
fn everywhere(ip: IpAddr, port: u16) -> [Multiaddr; 2] {
    use libp2p::multiaddr::Protocol;
    let there = Multiaddr::from(ip);
    [there.clone().with(Protocol::Tcp(port)), there.with(Protocol::Udp(port)).with(Protocol::QuicV1)]
}

/// A port that is free for TCP and for UDP.
fn draw_port() -> std::io::Result<u16> {
    for _ in 0..limits::PORT_DRAWS {
        let tcp = TcpListener::bind("0.0.0.0:0")?;
        let port = tcp.local_addr()?.port();
        if UdpSocket::bind(("0.0.0.0", port)).is_ok() {
            return Ok(port);
        }
    }
    Err(std::io::Error::other("none is free for TCP and UDP alike"))
}

fn list_audio(sound: Arc<dyn ahoy_media::host_media::api::Sound>, settings: Arc<Settings>) -> ListAudio {
    Arc::new(move || {
        let (input, output) = settings.devices();
        let told = |device: DeviceInfo| sound_devices::told(device, &input, &output);
        let devices = sound.devices().into_iter().map(told).collect();
        AudioDevicesReply { devices, priority: Some(sound_devices::priority(sound.priority())) }
    })
}
