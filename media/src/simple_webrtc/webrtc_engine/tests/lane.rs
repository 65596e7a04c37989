//! A network in memory and in virtual time: what is sent arrives after a fixed delay of tokio's clock, which a test
//! pauses. Everything that was sent is noted with the time and with what it is.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ::webrtc::runtime::{
    AsyncInterval, AsyncTcpListener, AsyncTcpStream, AsyncUdpSocket, JoinHandle, RecvMeta, Runtime, TokioRuntime,
    Transmit,
};
use tokio::time::{Instant, Sleep, sleep_until};

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a datagram of a link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Check,
    Nomination,
    Success,
    ClientHello,
    HelloVerify,
    ServerHello,
    /// Any later flight of the handshake.
    Handshake,
    /// SCTP inside DTLS.
    Data,
    Media,
    Other,
}

/// Reads what a datagram is: RFC 7983 tells the protocols apart, RFC 8489 section 5, RFC 8445 section 16.1 and RFC 6347
/// section 4.1 their messages.
fn what(packet: &[u8]) -> What {
    match (packet[0], packet.get(1)) {
        (0, Some(1)) if packet.windows(4).any(|four| four == [0, 0x25, 0, 0]) => What::Nomination,
        (0, Some(1)) => What::Check,
        (1, Some(1)) => What::Success,
        (22, _) if packet[3..5] == [0, 0] => match packet.get(13) {
            Some(1) => What::ClientHello,
            Some(2) => What::ServerHello,
            Some(3) => What::HelloVerify,
            _ => What::Handshake,
        },
        (20 | 22, _) => What::Handshake,
        (23, _) => What::Data,
        (128..192, _) => What::Media,
        _ => What::Other,
    }
}

/// A datagram that was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) at: Instant,
    pub(super) from: SocketAddr,
    pub(super) what: What,
}

#[derive(Debug, Default)]
struct Inbox {
    under_way: VecDeque<(Instant, SocketAddr, Vec<u8>)>,
    waker: Option<Waker>,
}

/// The way between all sockets.
#[derive(Debug)]
pub(super) struct Lane {
    delay: Duration,
    /// Until then nothing arrives.
    opens: Instant,
    inboxes: Mutex<HashMap<SocketAddr, Inbox>>,
    sent: Mutex<Vec<Sent>>,
}

impl Lane {
    /// With this delay each way, and nothing arriving for the first `closed`.
    pub(super) fn new(delay: Duration, closed: Duration) -> Arc<Self> {
        Arc::new(Self { delay, opens: Instant::now() + closed, inboxes: Mutex::default(), sent: Mutex::default() })
    }

    /// All that was sent, in order.
    pub(super) fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }
}

/// A runtime whose sockets are ends of a lane and whose clock is tokio's.
#[derive(Debug)]
pub(super) struct LaneRuntime(pub(super) Arc<Lane>);

#[derive(Debug)]
struct End {
    /// Holds the port, and is never used.
    _socket: std::net::UdpSocket,
    address: SocketAddr,
    lane: Arc<Lane>,
    next: Mutex<Option<Pin<Box<Sleep>>>>,
}

impl AsyncUdpSocket for End {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }

    fn poll_send(&self, _cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<usize>> {
        let now = Instant::now();
        self.lane.sent.lock().unwrap().push(Sent { at: now, from: self.address, what: what(transmit.contents) });
        let mut inboxes = self.lane.inboxes.lock().unwrap();
        if let Some(inbox) = inboxes.get_mut(&transmit.destination).filter(|_| now >= self.lane.opens) {
            inbox.under_way.push_back((now + self.lane.delay, self.address, transmit.contents.to_vec()));
            if let Some(waker) = inbox.waker.take() {
                waker.wake();
            }
        }
        Poll::Ready(Ok(transmit.contents.len()))
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let mut inboxes = self.lane.inboxes.lock().unwrap();
        let inbox = inboxes.get_mut(&self.address).expect("wrapped");
        let Some((due, _, _)) = inbox.under_way.front() else {
            inbox.waker = Some(cx.waker().clone());
            return Poll::Pending;
        };
        // What is due needs no timer: a timer of tokio's takes a millisecond at least.
        if *due > Instant::now() {
            let mut next = self.next.lock().unwrap();
            let sleep = next.insert(Box::pin(sleep_until(*due)));
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
        let (_, from, packet) = inbox.under_way.pop_front().expect("looked at above");
        bufs[0][..packet.len()].copy_from_slice(&packet);
        (meta[0].addr, meta[0].len, meta[0].stride) = (from, packet.len(), packet.len());
        Poll::Ready(Ok(1))
    }
}

impl Runtime for LaneRuntime {
    fn spawn(&self, future: Boxed<'static, ()>) -> Box<dyn JoinHandle> {
        TokioRuntime.spawn(future)
    }

    fn wrap_udp_socket(&self, socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        let address = socket.local_addr()?;
        self.0.inboxes.lock().unwrap().insert(address, Inbox::default());
        Ok(Arc::new(End { _socket: socket, address, lane: self.0.clone(), next: Mutex::default() }))
    }

    fn wrap_tcp_listener(&self, listener: std::net::TcpListener) -> io::Result<Arc<dyn AsyncTcpListener>> {
        TokioRuntime.wrap_tcp_listener(listener)
    }

    fn connect_tcp(&self, _remote: SocketAddr) -> Boxed<'_, io::Result<Arc<dyn AsyncTcpStream>>> {
        Box::pin(std::future::ready(Err(io::ErrorKind::Unsupported.into())))
    }

    fn resolve_host<'a>(&'a self, _host: &'a str) -> Boxed<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(std::future::ready(Err(io::ErrorKind::Unsupported.into())))
    }

    fn now(&self) -> std::time::Instant {
        Instant::now().into_std()
    }

    fn sleep(&self, duration: Duration) -> Boxed<'static, ()> {
        TokioRuntime.sleep(duration)
    }

    fn interval(&self, period: Duration) -> Box<dyn AsyncInterval> {
        TokioRuntime.interval(period)
    }

    fn block_on(&self, _future: Pin<Box<dyn Future<Output = ()> + '_>>) {
        unreachable!("the test runs inside tokio");
    }
}
