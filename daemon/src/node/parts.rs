//! What a node is made of besides itself: the network, the engine and the sound, real or scripted.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use ahoy_crypto::Secret;
use ahoy_media::host_media::api::{AudioConfig, AudioEvent, DeviceSpec, FrameOut, Sound};
use ahoy_media::host_media::sound::HostSound;
use ahoy_media::simple_webrtc::WebrtcEngine;
use ahoy_media::simple_webrtc::engine::{Engine, Events};
use ahoy_protocol::core::effect::NetCommand;
use libp2p::Multiaddr;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::gossip::counters::Counters;
use crate::gossip::{NetConfig, NetOutput, Network, Transport};

/// A boxed future.
pub type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;
/// Makes the engine; its events go where it is told.
pub type MakeEngine = Box<dyn FnOnce(Events) -> Arc<dyn Engine> + Send>;
/// Makes the sound; an error is for people.
pub type MakeSound = Box<dyn FnOnce(SoundSetup) -> Result<Arc<dyn Sound>, String> + Send>;
/// Starts the network and returns when every listen address is bound; an error is for people.
pub type MakeNetwork = Box<dyn FnOnce(NetworkSetup) -> Boxed<Result<RunningNetwork, String>> + Send>;

/// What the sound is made with.
pub struct SoundSetup {
    /// Devices, bitrate, frame length.
    pub config: AudioConfig,
    /// What rings.
    pub ringtone: DeviceSpec,
    /// Takes encoded frames.
    pub frames: Box<dyn FrameOut>,
    /// Where its events go.
    pub events: mpsc::Sender<AudioEvent>,
}

/// What the network is started with.
pub struct NetworkSetup {
    /// Our device's private Ed25519 key: libp2p's identity.
    pub device_key: Secret,
    /// Where to listen.
    pub listen: Vec<Multiaddr>,
    /// Find devices on the LAN.
    pub mdns: bool,
    /// Where its inputs go.
    pub inputs: mpsc::Sender<NetOutput>,
}

/// A network that runs.
pub struct RunningNetwork {
    /// What it shall do.
    pub commands: mpsc::Sender<NetCommand>,
    /// What it counts.
    pub counters: Arc<Counters>,
    stop: Box<dyn FnOnce() -> Boxed<()> + Send>,
}

impl RunningNetwork {
    /// Takes commands and counts; `stop` ends it.
    pub fn new(
        commands: mpsc::Sender<NetCommand>,
        counters: Arc<Counters>,
        stop: impl FnOnce() -> Boxed<()> + Send + 'static,
    ) -> Self {
        Self { commands, counters, stop: Box::new(stop) }
    }

    /// Sends what waits and closes every connection.
    pub async fn stop(self) {
        (self.stop)().await;
    }
}

/// What a node is made of.
pub struct Parts {
    /// Makes media links.
    pub engine: MakeEngine,
    /// Makes the sound.
    pub sound: MakeSound,
    /// Makes the network.
    pub network: MakeNetwork,
}

impl Parts {
    /// A network over this transport.
    #[must_use]
    pub fn network(transport: Transport) -> MakeNetwork {
        Box::new(move |setup| {
            Box::pin(async move {
                let NetworkSetup { device_key, listen, mdns, inputs } = setup;
                let config =
                    NetConfig { device_key, listen, mdns, transport, quic_lag: crate::limits::network::QUIC_LAG };
                let network = Network::start(config, inputs).await.map_err(|error| error.to_string())?;
                let (commands, counters) = (network.commands.clone(), network.counters.clone());
                Ok(RunningNetwork::new(commands, counters, || Box::pin(network.stop())))
            })
        })
    }

    /// Sound of this machine.
    #[must_use]
    pub fn host_sound() -> MakeSound {
        Box::new(|SoundSetup { config, ringtone, frames, events }| {
            let sound = HostSound::start(config, frames, events).and_then(|sound| sound.ringing_on(ringtone));
            match sound {
                Ok(sound) => Ok(Arc::new(sound)),
                Err(error) => Err(error.to_string()),
            }
        })
    }

    /// What a daemon of a person is made of.
    #[must_use]
    pub fn real() -> Self {
        Self { engine: Self::webrtc(), sound: Self::host_sound(), network: Self::network(Transport::Ip) }
    }

    /// Links over WebRTC, on a thread of their own, or else on the runtime it is called in.
    #[must_use]
    pub fn webrtc() -> MakeEngine {
        Box::new(|events| match WebrtcEngine::on_its_own_thread(events.clone()) {
            Ok(engine) => Arc::new(engine),
            Err(error) => {
                tracing::warn!(%error, "no thread for media links: they share one with everything else");
                Arc::new(WebrtcEngine::new(events, Handle::current()))
            }
        })
    }
}
