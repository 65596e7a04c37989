//! A runtime for the library, with three additions. When its driver task is gone, however that came about, the link's
//! task hears of it: without this a panic in the driver would leave a link that looks healthy for ever. Its sockets
//! have a gate. And its timers go off early when the alarm rings: see [`Alarm`].

#[cfg(test)]
mod tests;

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::webrtc::runtime::{AsyncInterval, AsyncTcpListener, AsyncTcpStream, AsyncUdpSocket, JoinHandle, Runtime};
use tokio::sync::Notify;

use super::clear::Clear;
use super::gate::{GatedSocket, Path};
use super::signals::{Signal, Signals};
use crate::tasks::Tasks;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

tokio::task_local! {
    /// Set in tasks of the library. It also times things in tasks of ours, `close` for one: those hear no alarm.
    static LIBRARY: ();
}

/// Wakes the library's driver out of its sleep, and has it look after all its timers and send what is ready.
///
/// It must be rung when ICE or DTLS change their state and when something was added from outside. The driver sends
/// before it looks at events, and events make packets; the first DTLS flight even stays inside the DTLS layer, which is
/// emptied by timers and by packets from the other side only. Without the alarm it waits for the next ICE check
/// (docs/adr/0012), the first SCTP packet and the check of a candidate just added for that or for a keep-alive.
#[derive(Clone, Debug, Default)]
pub(super) struct Alarm(Arc<Notify>);

impl Alarm {
    /// Never waits. Rung while the driver is at work, it cuts its next sleep short.
    pub(super) fn ring(&self) {
        self.0.notify_one();
    }
}

/// The runtime of one link.
pub(super) struct WatchedRuntime {
    inner: Arc<dyn Runtime>,
    signals: Signals,
    path: Path,
    clear: Clear,
    tasks: Tasks,
}

impl WatchedRuntime {
    /// Tells `signals` when a task of the library ends, `path` where media goes, `clear` what came unencrypted; its timers
    /// hear the alarm of `signals`; `tasks` counts.
    pub(super) fn new(inner: Arc<dyn Runtime>, signals: Signals, (path, clear): (Path, Clear), tasks: Tasks) -> Self {
        Self { inner, signals, path, clear, tasks }
    }
}

impl std::fmt::Debug for WatchedRuntime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WatchedRuntime")
    }
}

/// An address and a port as they are, with or without brackets.
fn address(host: &str) -> io::Result<Vec<SocketAddr>> {
    let parsed = host.rsplit_once(':').and_then(|(ip, port)| {
        let ip: IpAddr = ip.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
        Some(SocketAddr::new(ip, port.parse().ok()?))
    });
    parsed.map(|address| vec![address]).ok_or_else(|| io::Error::from(io::ErrorKind::Unsupported))
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
        let counted = self.tasks.counted(LIBRARY.scope((), async move {
            let _farewell = farewell;
            future.await;
        }));
        self.inner.spawn(Box::pin(counted))
    }

    fn wrap_udp_socket(&self, socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        Ok(Arc::new(GatedSocket::new(self.inner.wrap_udp_socket(socket)?, self.path.clone(), self.clear.clone())))
    }

    fn wrap_tcp_listener(&self, listener: std::net::TcpListener) -> io::Result<Arc<dyn AsyncTcpListener>> {
        self.inner.wrap_tcp_listener(listener)
    }

    fn connect_tcp(&self, remote: SocketAddr) -> Boxed<'_, io::Result<Arc<dyn AsyncTcpStream>>> {
        self.inner.connect_tcp(remote)
    }

    fn resolve_host<'a>(&'a self, host: &'a str) -> Boxed<'a, io::Result<Vec<SocketAddr>>> {
        // Addresses only, whoever asks: names were looked up before (`names`), and no candidate's name ever is.
        Box::pin(std::future::ready(address(host)))
    }

    fn now(&self) -> Instant {
        self.inner.now()
    }

    fn sleep(&self, duration: Duration) -> Boxed<'static, ()> {
        let (sleep, alarm) = (self.inner.sleep(duration), self.signals.alarm().0);
        if LIBRARY.try_with(|()| ()).is_err() {
            return sleep;
        }
        Box::pin(async move {
            tokio::select! {
                () = sleep => {}
                () = alarm.notified() => {}
            }
        })
    }

    fn interval(&self, period: Duration) -> Box<dyn AsyncInterval> {
        self.inner.interval(period)
    }

    fn block_on(&self, future: Pin<Box<dyn Future<Output = ()> + '_>>) {
        self.inner.block_on(future);
    }

    fn name(&self) -> &'static str {
        "watched"
    }
}
