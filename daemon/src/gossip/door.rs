//! Around the transports: who is let in to shake hands, and which way out is tried first.
//!
//! **In.** Connections that aren't encrypted yet are a [`Crowd`]: who opens hundreds and says nothing loses its own
//! oldest ones, and everybody else gets in. libp2p's limit can only refuse the newest, whoever that is.
//!
//! **Out.** QUIC waits a moment if TCP is dialled beside it ([`limits::QUIC_LAG`] says why).

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{AbortHandle, Abortable, BoxFuture};
use libp2p::core::transport::{Boxed, DialOpts, ListenerId, TransportError, TransportEvent};
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, Transport};

use super::address::ip_of;
use super::counters::Counters;
use super::crowd::{Crowd, Source};
use crate::limits::network as limits;
use crate::platform;

/// Connections that are being encrypted.
type Shaking = Arc<Mutex<Crowd<(u64, AbortHandle)>>>;

/// Says whether TCP is dialled too: set right before the swarm is told to dial.
pub(crate) type TcpBeside = Arc<AtomicBool>;

/// A transport behind the door.
pub(crate) struct Door<O> {
    inner: Boxed<O>,
    shaking: Shaking,
    last: AtomicU64,
    tcp_beside: TcpBeside,
    quic_lag: Duration,
    counters: Arc<Counters>,
}

/// Leaves the crowd when the handshake is over, however it ends.
struct Leaves(Shaking, u64);

impl Drop for Leaves {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).leave(|(id, _)| *id == self.1);
    }
}

impl<O> Door<O> {
    /// Puts a door before a transport.
    pub(crate) fn new(inner: Boxed<O>, tcp_beside: TcpBeside, quic_lag: Duration, counters: Arc<Counters>) -> Self {
        let shaking = Arc::new(Mutex::new(Crowd::new(room())));
        Self { inner, shaking, last: AtomicU64::new(0), tcp_beside, quic_lag, counters }
    }

    fn let_in(&self, from: &Multiaddr, upgrade: BoxFuture<'static, io::Result<O>>) -> BoxFuture<'static, io::Result<O>>
    where
        O: 'static,
    {
        let id = self.last.fetch_add(1, Ordering::Relaxed);
        let (handle, registration) = AbortHandle::new_pair();
        let mut shaking = self.shaking.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, goes)) = shaking.enter(Source::of(ip_of(from)), (id, handle)) {
            goes.abort();
            self.counters.handshakes_dropped.add();
        }
        let leaves = Leaves(self.shaking.clone(), id);
        let shake = Abortable::new(upgrade, registration);
        async move {
            let done = shake.await;
            drop(leaves);
            done.unwrap_or_else(|_| Err(io::Error::other("given up for a newer connection")))
        }
        .boxed()
    }
}

/// [`limits::SHAKING`], or fewer where the process may open few files: strangers never have them all.
fn room() -> usize {
    let files = platform::open_files_max().unwrap_or(u64::MAX) / limits::SHAKING_PART_OF_FILES;
    usize::try_from(files).unwrap_or(usize::MAX).clamp(1, limits::SHAKING)
}

impl<O: 'static> Transport for Door<O> {
    type Output = O;
    type Error = io::Error;
    type ListenerUpgrade = BoxFuture<'static, io::Result<O>>;
    type Dial = BoxFuture<'static, io::Result<O>>;

    fn listen_on(&mut self, id: ListenerId, address: Multiaddr) -> Result<(), TransportError<io::Error>> {
        self.inner.listen_on(id, address)
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.inner.remove_listener(id)
    }

    fn dial(&mut self, address: Multiaddr, options: DialOpts) -> Result<Self::Dial, TransportError<io::Error>> {
        let waits = is_quic(&address) && self.tcp_beside.load(Ordering::Relaxed);
        let lag = self.quic_lag;
        let dial = self.inner.dial(address, options)?;
        if !waits {
            return Ok(dial);
        }
        Ok(async move {
            tokio::time::sleep(lag).await;
            dial.await
        }
        .boxed())
    }

    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, Self::Error>> {
        Pin::new(&mut self.inner).poll(cx).map(|event| match event {
            TransportEvent::Incoming { listener_id, upgrade, local_addr, send_back_addr } => {
                let upgrade = self.let_in(&send_back_addr, upgrade.boxed());
                TransportEvent::Incoming { listener_id, upgrade, local_addr, send_back_addr }
            }
            TransportEvent::NewAddress { listener_id, listen_addr } => {
                TransportEvent::NewAddress { listener_id, listen_addr }
            }
            TransportEvent::AddressExpired { listener_id, listen_addr } => {
                TransportEvent::AddressExpired { listener_id, listen_addr }
            }
            TransportEvent::ListenerClosed { listener_id, reason } => {
                TransportEvent::ListenerClosed { listener_id, reason }
            }
            TransportEvent::ListenerError { listener_id, error } => {
                TransportEvent::ListenerError { listener_id, error }
            }
        })
    }
}

/// It leads over QUIC.
pub(crate) fn is_quic(address: &Multiaddr) -> bool {
    address.iter().any(|part| part == Protocol::QuicV1)
}
