//! Tokio for the library, with two additions. When its driver task is gone, however that came about, the link's task
//! hears of it: without this a panic in the driver would leave a link that looks healthy for ever. And its sockets
//! have a gate.

#[cfg(test)]
mod tests;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use ::webrtc::runtime::{
    AsyncInterval, AsyncTcpListener, AsyncTcpStream, AsyncUdpSocket, JoinHandle, Runtime, TokioRuntime,
};

use super::clear::Clear;
use super::gate::{GatedSocket, Path};
use super::signals::{Signal, Signals};
use crate::tasks::Tasks;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The runtime of one link.
pub(super) struct WatchedRuntime {
    tokio: TokioRuntime,
    signals: Signals,
    path: Path,
    clear: Clear,
    tasks: Tasks,
}

impl WatchedRuntime {
    /// Tells `signals` when a task of the library ends, `path` where media goes, `clear` what came unencrypted; `tasks`
    /// counts.
    pub(super) fn new(signals: Signals, (path, clear): (Path, Clear), tasks: Tasks) -> Self {
        Self { tokio: TokioRuntime, signals, path, clear, tasks }
    }
}

impl std::fmt::Debug for WatchedRuntime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WatchedRuntime")
    }
}

/// Speaks when it is dropped, also while unwinding.
struct Farewell(Signals);

impl Drop for Farewell {
    fn drop(&mut self) {
        self.0.push(Signal::DriverGone);
    }
}

impl Runtime for WatchedRuntime {
    fn spawn(&self, future: Boxed<'static, ()>) -> Box<dyn JoinHandle> {
        let farewell = Farewell(self.signals.clone());
        self.tokio.spawn(Box::pin(self.tasks.counted(async move {
            let _farewell = farewell;
            future.await;
        })))
    }

    fn wrap_udp_socket(&self, socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        Ok(Arc::new(GatedSocket::new(self.tokio.wrap_udp_socket(socket)?, self.path.clone(), self.clear.clone())))
    }

    fn wrap_tcp_listener(&self, listener: std::net::TcpListener) -> io::Result<Arc<dyn AsyncTcpListener>> {
        self.tokio.wrap_tcp_listener(listener)
    }

    fn connect_tcp(&self, remote: SocketAddr) -> Boxed<'_, io::Result<Arc<dyn AsyncTcpStream>>> {
        self.tokio.connect_tcp(remote)
    }

    fn resolve_host<'a>(&'a self, host: &'a str) -> Boxed<'a, io::Result<Vec<SocketAddr>>> {
        self.tokio.resolve_host(host)
    }

    fn sleep(&self, duration: Duration) -> Boxed<'static, ()> {
        self.tokio.sleep(duration)
    }

    fn interval(&self, period: Duration) -> Box<dyn AsyncInterval> {
        self.tokio.interval(period)
    }

    fn block_on(&self, future: Pin<Box<dyn Future<Output = ()> + '_>>) {
        self.tokio.block_on(future);
    }

    fn name(&self) -> &'static str {
        "tokio, watched"
    }
}
