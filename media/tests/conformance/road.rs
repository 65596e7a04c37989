//! A road between two links, on which everything is seen and anything may happen.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ahoy_media::simple_webrtc::engine::LinkEvent;
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::pair::{Pair, Who};

/// A road between two candidates: each side is told the road's address in place of the other's.
#[derive(Clone)]
pub(crate) struct Road {
    delay: Duration,
    pub(crate) cut: watch::Sender<bool>,
    /// Every packet that entered, from whom.
    pub(crate) seen: Arc<Mutex<Vec<Seen>>>,
    meddler: Meddler,
}

/// What becomes of a packet: anything may come out in its place, and it all seems to come from the sender.
type Meddler = Arc<dyn Fn(Who, Vec<u8>) -> Vec<Vec<u8>> + Send + Sync>;

type Seen = (Who, Vec<u8>);

impl Road {
    /// With this delay each way.
    pub(crate) fn new(delay: Duration) -> Self {
        let meddler = Arc::new(|_, packet| vec![packet]);
        Self { delay, cut: watch::Sender::new(false), seen: Arc::default(), meddler }
    }

    /// Without delay, with somebody on it who knows no key.
    pub(crate) fn with(meddler: impl Fn(Who, Vec<u8>) -> Vec<Vec<u8>> + Send + Sync + 'static) -> Self {
        Self { meddler: Arc::new(meddler), ..Self::new(Duration::ZERO) }
    }

    /// Carries what comes in at `entry` to `to`, out of `exit`.
    async fn carry(self, from: Who, entry: Arc<UdpSocket>, exit: Arc<UdpSocket>, to: SocketAddr) {
        let mut under_way: VecDeque<(Instant, Vec<u8>)> = VecDeque::new();
        let mut buffer = vec![0; 2_000];
        loop {
            let due = under_way.front().map(|(due, _)| *due);
            tokio::select! {
                received = entry.recv_from(&mut buffer) => {
                    let Ok((length, _)) = received else { continue };
                    let packet = buffer[..length].to_vec();
                    self.seen.lock().unwrap().push((from, packet.clone()));
                    let due = Instant::now() + self.delay;
                    under_way.extend((self.meddler)(from, packet).into_iter().map(|packet| (due, packet)));
                }
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    let Some((_, packet)) = under_way.pop_front() else { continue };
                    if !*self.cut.borrow() {
                        // What the other end no longer takes is lost, as on any road.
                        exit.send_to(&packet, to).await.ok();
                    }
                }
            }
        }
    }

    /// Connects link `n` over this road: the signals of both sides pass, but lead here. Until `done` says so.
    pub(crate) async fn lead(&self, pair: &mut Pair, n: u64, mut done: impl FnMut(Who, &LinkEvent) -> bool) {
        let stand_in = || async { Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("loopback")) };
        let (for_a, for_b) = (stand_in().await, stand_in().await);
        let (mut a, mut b) = (None, None);
        loop {
            let (who, link, mut event) = pair.next().await;
            if let LinkEvent::Candidate { candidate, .. } = &mut event {
                let place = SocketAddr::new(candidate.ip, candidate.port);
                let (mine, stand_in) = match who {
                    Who::A => (&mut a, &for_a),
                    Who::B => (&mut b, &for_b),
                };
                *mine = Some(place);
                candidate.port = stand_in.local_addr().expect("bound").port();
                if let (Some(a), Some(b)) = (a, b) {
                    tokio::spawn(self.clone().carry(Who::B, for_a.clone(), for_b.clone(), a));
                    tokio::spawn(self.clone().carry(Who::A, for_b.clone(), for_a.clone(), b));
                }
            }
            pair.other(who).take(link, &event);
            if link == n && done(who, &event) {
                return;
            }
        }
    }

    /// Leads until `ctl` is open on both sides.
    pub(crate) async fn connect(&self, pair: &mut Pair, n: u64) {
        pair.open(n);
        let mut open = 0;
        self.lead(pair, n, |_, event| {
            open += u32::from(*event == LinkEvent::CtlOpen);
            open == 2
        })
        .await;
    }
}
