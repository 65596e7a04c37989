//! A long road between two nodes of this process: media take a fixed time each way. Each node is told the road's
//! address in place of the other's, so everything of a link travels on it: checks, handshake, sound.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ahoy_media::simple_webrtc::engine::LinkEvent;
use ahoyd::node::MakeEngine;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// Events between an engine and its core, as many as the daemon itself lets wait.
const WAITING: usize = 1024;

/// The longest datagram of a link.
const DATAGRAM: usize = 2_000;

/// Which end of a road.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// One.
    Near,
    /// The other.
    Far,
}

/// A candidate, and the socket whose address stands for it.
type Place = (SocketAddr, Arc<UdpSocket>);

/// A road that carries one link after another, each with one candidate a side.
#[derive(Clone, Debug)]
pub struct Road {
    way: Duration,
    places: Arc<Mutex<[Option<Place>; 2]>>,
}

impl Road {
    /// Media take `way` from one end to the other.
    #[must_use]
    pub fn new(way: Duration) -> Self {
        Self { way, places: Arc::default() }
    }

    /// Puts the links of the engine that `inner` makes on this end of the road.
    #[must_use]
    pub fn on(self, end: End, inner: MakeEngine) -> MakeEngine {
        Box::new(move |core| {
            let (events, mut told) = mpsc::channel(WAITING);
            tokio::spawn(async move {
                while let Some((link, mut event)) = told.recv().await {
                    if let LinkEvent::Candidate { candidate, .. } = &mut event {
                        candidate.port = self.stand_in(end, SocketAddr::new(candidate.ip, candidate.port)).await;
                    }
                    if core.send((link, event)).await.is_err() {
                        return;
                    }
                }
            });
            inner(events)
        })
    }

    /// The port that stands for this candidate. With the second one, traffic begins.
    async fn stand_in(&self, end: End, place: SocketAddr) -> u16 {
        let socket = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("loopback"));
        let port = socket.local_addr().expect("bound").port();
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places[end as usize] = Some((place, socket));
        if let [Some((near, for_near)), Some((far, for_far))] = &*places {
            tokio::spawn(carry(self.way, for_near.clone(), for_far.clone(), *near));
            tokio::spawn(carry(self.way, for_far.clone(), for_near.clone(), *far));
            *places = [None, None];
        }
        port
    }
}

/// Carries what comes in at `entry` to `to`, out of `exit`.
async fn carry(way: Duration, entry: Arc<UdpSocket>, exit: Arc<UdpSocket>, to: SocketAddr) {
    let mut under_way: VecDeque<(Instant, Vec<u8>)> = VecDeque::new();
    let mut buffer = vec![0; DATAGRAM];
    loop {
        let due = under_way.front().map(|(due, _)| *due);
        tokio::select! {
            received = entry.recv_from(&mut buffer) => {
                let Ok((length, _)) = received else { continue };
                under_way.push_back((Instant::now() + way, buffer[..length].to_vec()));
            }
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                let Some((_, packet)) = under_way.pop_front() else { continue };
                // What the other end no longer takes is lost, as on any road.
                exit.send_to(&packet, to).await.ok();
            }
        }
    }
}
