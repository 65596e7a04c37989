//! The network driver as a task, and its handle.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use ahoy_protocol::core::effect::NetCommand;
use futures::{FutureExt as _, StreamExt as _};
use libp2p::multiaddr::Protocol;
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, Swarm};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::address::ip_of;
use super::behaviour::Behaviours;
use super::counters::Counters;
use super::door::is_quic;
use super::driver::Driver;
use super::interfaces::Interfaces;
use super::ports::{NetConfig, NetError, NetOutput, Transport};
use super::swarm::swarm;
use crate::limits::network as limits;

/// A running network driver. Dropping it stops the driver and closes all connections.
#[derive(Debug)]
pub struct Network {
    /// What the core wants done; bounded, never awaited by the driver's user.
    pub commands: mpsc::Sender<NetCommand>,
    /// What was counted.
    pub counters: Arc<Counters>,
    /// The addresses listened on at the start, with the ports that were drawn.
    pub addresses: Vec<Multiaddr>,
    task: JoinHandle<()>,
    stop: DropGuard,
}

impl Network {
    /// Starts to listen and returns when all listeners are bound. Must be called inside a tokio
    /// runtime. The first output is `Listening`, if there is something to listen on.
    ///
    /// # Errors
    /// [`NetError`]: a bad key, an address that cannot be listened on.
    pub async fn start(config: NetConfig, core: mpsc::Sender<NetOutput>) -> Result<Network, NetError> {
        let counters = Arc::<Counters>::default();
        let mut interfaces = Interfaces::new(config.transport == Transport::Ip);
        let swarm = swarm(&config, &counters)?;
        let mut driver = Driver::new(swarm, core, Arc::clone(&counters), &config);
        let bound = async {
            driver.ours.subnets = interfaces.first().await;
            listen(&mut driver, &config.listen).await
        };
        tokio::time::timeout(limits::LISTEN_TIMEOUT, bound).await.map_err(|_| NetError::NoAddress)??;
        let addresses = driver.listening();
        let (commands, inbox) = mpsc::channel(limits::COMMANDS);
        let stopped = CancellationToken::new();
        let stop = stopped.clone().drop_guard();
        let task = counters.levels.driver.spawn(run(driver, inbox, interfaces, stopped));
        Ok(Network { commands, counters, addresses, task, stop })
    }

    /// Returns when the driver has ended: the core is gone, or the driver has failed.
    pub async fn ended(&mut self) {
        if let Err(error) = (&mut self.task).await {
            tracing::error!(%error, "the network driver failed: a defect of ours");
        }
    }

    /// Closes all connections and waits until that is done.
    pub async fn stop(self) {
        let Network { task, stop, .. } = self;
        drop(stop);
        if let Err(error) = task.await {
            tracing::error!(%error, "the network driver failed: a defect of ours");
        }
    }
}

async fn listen(driver: &mut Driver, addresses: &[Multiaddr]) -> Result<(), NetError> {
    let mut waiting = HashSet::new();
    for address in addresses {
        let failed = |reason: String| NetError::Listen { address: address.clone(), reason };
        probe(address).map_err(|error| failed(error.to_string()))?;
        waiting.insert(driver.swarm.listen_on(address.clone()).map_err(|error| failed(error.to_string()))?);
    }
    while !waiting.is_empty() {
        let event = driver.swarm.select_next_some().await;
        if let SwarmEvent::NewListenAddr { listener_id, .. } | SwarmEvent::ListenerClosed { listener_id, .. } = &event {
            waiting.remove(listener_id);
        }
        driver.on_swarm(event, Instant::now());
    }
    // Further interfaces whose addresses are known already belong into the same report.
    while let Some(Some(event)) = driver.swarm.next().now_or_never() {
        driver.on_swarm(event, Instant::now());
    }
    Ok(())
}

/// libp2p binds with SO_REUSEPORT, so a second daemon on the same port would get half of the
/// first one's connections instead of an error. A plain bind tells. QUIC binds plainly itself.
fn probe(address: &Multiaddr) -> std::io::Result<()> {
    let mut parts = address.iter().skip(1);
    if let (Some(ip), Some(Protocol::Tcp(port))) = (ip_of(address), parts.next()) {
        std::net::TcpListener::bind((ip, port)).map(drop)?;
    }
    Ok(())
}

async fn run(
    mut driver: Driver,
    mut commands: mpsc::Receiver<NetCommand>,
    mut interfaces: Interfaces,
    stopped: CancellationToken,
) {
    loop {
        driver.outbox.flush();
        let room = driver.outbox.has_room();
        let due = driver.due();
        tokio::select! {
            () = stopped.cancelled() => break,
            ready = driver.outbox.ready() => if ready.is_err() { break },
            command = commands.recv(), if room => match command {
                Some(command) => driver.on_command(command, Instant::now()),
                None => break,
            },
            event = driver.swarm.select_next_some(), if room => driver.on_swarm(event, Instant::now()),
            subnets = interfaces.changed() => driver.ours.subnets = subnets,
            () = until(due) => driver.on_time(Instant::now()),
        }
    }
    Box::pin(close(driver.swarm)).await;
}

/// Lets the connections say goodbye, so that the others notice at once, and gives the ports back.
async fn close(swarm: Swarm<Behaviours>) {
    let quic: Vec<Multiaddr> = swarm.listeners().filter(|address| is_quic(address)).cloned().collect();
    let closed = async {
        Box::pin(disconnect(swarm)).await;
        // Its sockets are closed when the goodbyes are through: three times what an answer takes.
        while quic.iter().any(|address| !is_free(address)) {
            tokio::time::sleep(limits::CLOSE_LOOK).await;
        }
    };
    if tokio::time::timeout(limits::CLOSE_TIMEOUT, closed).await.is_err() {
        tracing::debug!("some connections did not close in time");
    }
}

async fn disconnect(mut swarm: Swarm<Behaviours>) {
    let peers: Vec<_> = swarm.connected_peers().copied().collect();
    for peer in peers {
        // An error says that it is closed already.
        swarm.disconnect_peer_id(peer).unwrap_or_default();
    }
    while swarm.connected_peers().next().is_some() {
        swarm.select_next_some().await;
    }
}

fn is_free(address: &Multiaddr) -> bool {
    match (ip_of(address), address.iter().nth(1)) {
        (Some(ip), Some(Protocol::Udp(port))) => std::net::UdpSocket::bind((ip, port)).is_ok(),
        (_, _) => true,
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
