//! The last flight of a DTLS handshake, to be sent again while nothing comes of it.
//!
//! rtc-dtls 0.21.1 sends a flight again after a second, and a server not even then: its timer starts anew with each packet,
//! and a client whose answer was lost repeats its hello once a second (measured: four hellos, no second flight, and the link
//! was given up). RFC 6347 section 4.2.4.1 has a second for the open internet; RFC 9147 section 5.8.2 suggests less where
//! the round trip is known to be short, and a flight is 1 KB. Repeated are the same records, which the receiver knows by
//! their numbers if it has them already.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Instant;

use ::webrtc::runtime::{AsyncUdpSocket, Transmit};

use super::relayed::inside;
use crate::limits::{FLIGHT_AGAIN, FLIGHT_DATAGRAMS, FLIGHT_REPEATS, FLIGHT_TOGETHER};
use crate::simple_webrtc::port::lock;

/// Content types of a handshake (RFC 5246 section 6.2.1).
const CHANGE_CIPHER_SPEC: u8 = 20;
const HANDSHAKE_RECORD: u8 = 22;

fn is_handshake(packet: &[u8]) -> bool {
    matches!(inside(packet), [CHANGE_CIPHER_SPEC | HANDSHAKE_RECORD, 0xfe, ..])
}

/// A datagram, and where it went.
#[derive(Clone, Debug)]
struct Datagram {
    bytes: Vec<u8>,
    /// It is several, each so long.
    segment: Option<usize>,
    to: SocketAddr,
    socket: Arc<dyn AsyncUdpSocket>,
}

#[derive(Debug, Default)]
struct Kept {
    datagrams: Vec<Datagram>,
    /// When the first of them went for the first time, the last one for the last time, and how often they went since.
    sent: Option<Instant>,
    last: Option<Instant>,
    repeats: u32,
    /// Something of the other side's came since: what goes out next is another flight.
    answered: bool,
    /// There is nothing to repeat any more.
    over: bool,
}

impl Kept {
    fn goes_out(&mut self, datagram: Datagram, now: Instant) {
        if self.over {
            return;
        }
        let another = std::mem::take(&mut self.answered);
        if another {
            (self.sent, self.repeats) = (None, 0);
        }
        let together = self.last.replace(now).is_some_and(|last| now < last + FLIGHT_TOGETHER);
        if another || !together {
            // That the library sends the same again changes nothing of when it goes next.
            self.datagrams.clear();
        }
        if self.datagrams.len() < FLIGHT_DATAGRAMS {
            self.datagrams.push(datagram);
        }
        self.sent.get_or_insert(now);
    }

    /// What is to go again now.
    fn due(&mut self, now: Instant) -> Vec<Datagram> {
        let wait = |repeats: u32| FLIGHT_AGAIN * ((1_u32 << (repeats + 1)) - 1);
        let due = self.sent.is_some_and(|sent| now >= sent + wait(self.repeats));
        if self.over || !due || self.repeats >= FLIGHT_REPEATS {
            return Vec::new();
        }
        self.repeats += 1;
        self.datagrams.clone()
    }
}

/// Shared by the sockets of a link and its task.
#[derive(Clone, Debug, Default)]
pub(super) struct Flight(Arc<Mutex<Kept>>);

impl Flight {
    /// A packet of ours went, by this socket.
    pub(super) fn goes_out(&self, transmit: &Transmit<'_>, socket: &Arc<dyn AsyncUdpSocket>, now: Instant) {
        if is_handshake(transmit.contents) {
            let (bytes, socket) = (transmit.contents.to_vec(), Arc::clone(socket));
            let datagram = Datagram { bytes, segment: transmit.segment_size, to: transmit.destination, socket };
            lock(&self.0).goes_out(datagram, now);
        }
    }

    /// A packet of the other side's came.
    pub(super) fn came_in(&self, packet: &[u8]) {
        if is_handshake(packet) {
            lock(&self.0).answered = true;
        }
    }

    /// Sends the flight again if it is due. What the socket has no room for is as good as lost on the way.
    pub(super) fn repeat(&self, now: Instant) {
        let due = lock(&self.0).due(now);
        for Datagram { bytes, segment, to, socket } in due {
            let transmit =
                Transmit { destination: to, ecn: None, contents: &bytes, segment_size: segment, src_ip: None };
            if socket.poll_send(&mut Context::from_waker(Waker::noop()), &transmit).is_pending() {
                tracing::trace!("a repeated flight found no room");
            }
        }
    }

    /// Encryption stands: the library answers for the last flight itself.
    pub(super) fn over(&self) {
        let mut kept = lock(&self.0);
        (kept.over, kept.datagrams) = (true, Vec::new());
    }
}

#[cfg(test)]
mod tests;
