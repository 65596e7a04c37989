//! A tap on a node's network: everything the network tells its core is seen, and the network can be told things that
//! its core would not: so any node can be made a hostile one.

use std::collections::HashSet;
use std::sync::OnceLock;
use std::time::Duration;

use ahoy_crypto::Secret;
use ahoy_protocol::core::effect::NetCommand;
use ahoy_protocol::core::input::{NetEvent, Topic};
use ahoy_protocol::ids::DeviceId;
use ahoyd::gossip::NetOutput;
use ahoyd::node::{MakeNetwork, NetworkSetup};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use crate::frontend::patiently;

/// Outputs between network and core, as many as the daemon itself lets wait.
const WAITING: usize = 1024;

/// What one network told.
pub struct Tap {
    told: watch::Sender<Vec<NetOutput>>,
    commands: OnceLock<mpsc::Sender<NetCommand>>,
    key: OnceLock<Secret>,
}

impl Default for Tap {
    fn default() -> Self {
        Self { told: watch::channel(Vec::new()).0, commands: OnceLock::new(), key: OnceLock::new() }
    }
}

impl Tap {
    /// Puts this tap on the network that `inner` makes. What the network tells reaches the core `way` later.
    ///
    /// # Panics
    /// If the tap is on a network already.
    #[must_use]
    pub fn on(self: std::sync::Arc<Self>, way: Duration, inner: MakeNetwork) -> MakeNetwork {
        Box::new(move |setup| {
            Box::pin(async move {
                let (inputs, mut outputs) = mpsc::channel(WAITING);
                self.key.set(setup.device_key.clone()).expect("one network a tap");
                let core = setup.inputs;
                let running = inner(NetworkSetup { inputs, ..setup }).await?;
                self.commands.set(running.commands.clone()).expect("one network a tap");
                let (far, mut under_way) = mpsc::channel(WAITING);
                tokio::spawn(async move {
                    while let Some(output) = outputs.recv().await {
                        self.told.send_modify(|told| told.push(output.clone()));
                        if far.send((Instant::now() + way, output)).await.is_err() {
                            return;
                        }
                    }
                });
                tokio::spawn(async move {
                    while let Some((due, output)) = under_way.recv().await {
                        if !way.is_zero() {
                            sleep_until(due).await;
                        }
                        if core.send(output).await.is_err() {
                            return;
                        }
                    }
                });
                Ok(running)
            })
        })
    }

    /// The device's private key.
    ///
    /// # Panics
    /// If the node has not started.
    #[must_use]
    pub fn key(&self) -> &Secret {
        self.key.get().expect("the node has started")
    }

    /// Tells the network something behind its core's back.
    ///
    /// # Panics
    /// If the network does not run.
    pub async fn tell(&self, command: NetCommand) {
        let commands = self.commands.get().expect("the node has started");
        commands.send(command).await.expect("the network runs");
    }

    /// The first thing told, past or future, that `pick` wants.
    pub async fn until<T>(&self, what: &str, pick: impl Fn(&NetOutput) -> Option<T>) -> T {
        let mut told = self.told.subscribe();
        let found = async {
            let all = told.wait_for(|told| told.iter().any(|output| pick(output).is_some())).await;
            all.expect("the tap lives").iter().find_map(&pick).expect("found just now")
        };
        patiently(what, found).await
    }

    /// Waits until this device is connected.
    pub async fn connected(&self, other: DeviceId) {
        let is = |output: &NetOutput| {
            matches!(output, NetOutput::Event(NetEvent::Connected { device, .. }) if *device == other).then_some(())
        };
        self.until("a connection", is).await;
    }

    /// Everything told so far.
    #[must_use]
    pub fn told(&self) -> Vec<NetOutput> {
        self.told.borrow().clone()
    }

    /// Topics that this device told us it holds.
    #[must_use]
    pub fn topics_of(&self, other: DeviceId) -> Vec<Topic> {
        let topic = |output: &NetOutput| match output {
            NetOutput::Event(NetEvent::Subscribed { device, topic }) if *device == other => Some(*topic),
            NetOutput::Event(_) | NetOutput::Sealed { .. } => None,
        };
        self.told.borrow().iter().filter_map(topic).collect()
    }

    /// Messages that came in, with the topics they came on.
    #[must_use]
    pub fn messages(&self) -> Vec<(Topic, Vec<u8>)> {
        let message = |output: &NetOutput| match output {
            NetOutput::Sealed { topic, data, .. } => Some((*topic, data.clone())),
            NetOutput::Event(_) => None,
        };
        self.told.borrow().iter().filter_map(message).collect()
    }
}

/// What the messages of a run show of keys and nonces.
#[derive(Debug, Default)]
pub struct Nonces {
    nonces: crate::nonces::Nonces,
    seen: HashSet<(Topic, Vec<u8>)>,
}

impl Nonces {
    /// Takes messages that a network told; gossip may bring one twice.
    ///
    /// # Panics
    /// If a key has sealed two things with one nonce.
    pub fn take(&mut self, messages: &[(Topic, Vec<u8>)]) {
        for (topic, data) in messages {
            if self.seen.insert((*topic, data.clone())) {
                assert_eq!(self.nonces.take(&topic.0, data), Ok(()), "a nonce was used twice");
            }
        }
    }

    /// How many messages were looked at.
    #[must_use]
    pub fn messages(&self) -> usize {
        self.nonces.frames()
    }
}
