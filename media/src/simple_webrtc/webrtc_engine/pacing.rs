//! Holds connectivity checks back. The library checks every pair on every beat, and the beat must be 5 ms
//! (`ICE_CHECK_INTERVAL`): with twenty candidates from the other side that were thousands of packets a second toward
//! addresses that may never answer, perhaps those of a third party. So an address that stays silent is asked ever
//! more seldom; one that has been heard from, as often as the library likes.

#[cfg(test)]
mod tests;

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Instant;

use ::webrtc::runtime::{AsyncUdpSocket, RecvMeta, Transmit};

use crate::limits::{CHECK_GAP, CHECK_GAP_SILENT, CHECKED_ADDRESSES, CHECKS_AT_FULL_PACE, CHECKS_UNTIL_SILENT};
use crate::simple_webrtc::port::lock;

/// An address that checks go to.
#[derive(Debug)]
struct Asked {
    address: SocketAddr,
    /// Checks since it was last heard from.
    unanswered: u32,
    last: Instant,
}

/// Decides which checks go out.
#[derive(Debug, Default)]
struct Pace {
    asked: Vec<Asked>,
}

/// A STUN binding request (RFC 8489 section 5: type 0x0001, magic cookie), which a check is.
fn is_check(packet: &[u8]) -> bool {
    packet.len() >= 20 && packet[..2] == [0x00, 0x01] && packet[4..8] == [0x21, 0x12, 0xa4, 0x42]
}

impl Pace {
    /// Whether a check may go to this address now.
    fn allows(&mut self, address: SocketAddr, now: Instant) -> bool {
        if let Some(asked) = self.asked.iter_mut().find(|asked| asked.address == address) {
            let gap = now.saturating_duration_since(asked.last);
            let allowed = match asked.unanswered {
                0..CHECKS_AT_FULL_PACE => true,
                CHECKS_AT_FULL_PACE..CHECKS_UNTIL_SILENT => gap >= CHECK_GAP,
                CHECKS_UNTIL_SILENT.. => gap >= CHECK_GAP_SILENT,
            };
            if allowed {
                asked.unanswered = asked.unanswered.saturating_add(1);
                asked.last = now;
            }
            return allowed;
        }
        if self.asked.len() >= CHECKED_ADDRESSES {
            // More than one generation may have: the one that waited longest has been given up by the library.
            let longest = self.asked.iter().enumerate().min_by_key(|(_, asked)| asked.last).map(|(index, _)| index);
            longest.map(|index| self.asked.swap_remove(index));
        }
        self.asked.push(Asked { address, unanswered: 1, last: now });
        true
    }

    /// Something came from this address.
    fn heard(&mut self, address: SocketAddr) {
        if let Some(asked) = self.asked.iter_mut().find(|asked| asked.address == address) {
            asked.unanswered = 0;
        }
    }
}

/// A socket whose checks are paced.
#[derive(Debug)]
pub(super) struct PacedSocket {
    socket: Arc<dyn AsyncUdpSocket>,
    pace: Mutex<Pace>,
}

impl PacedSocket {
    /// Paces this one.
    pub(super) fn new(socket: Arc<dyn AsyncUdpSocket>) -> Self {
        Self { socket, pace: Mutex::default() }
    }
}

impl AsyncUdpSocket for PacedSocket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn poll_send(&self, cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<usize>> {
        let check = transmit.segment_size.is_none() && is_check(transmit.contents);
        if check && !lock(&self.pace).allows(transmit.destination, Instant::now()) {
            // As good as lost on the way; the library sends another one.
            return Poll::Ready(Ok(transmit.contents.len()));
        }
        self.socket.poll_send(cx, transmit)
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let received = self.socket.poll_recv(cx, bufs, meta);
        if let Poll::Ready(Ok(count)) = &received {
            let mut pace = lock(&self.pace);
            for packet in meta.iter().take(*count) {
                pace.heard(packet.addr);
            }
        }
        received
    }

    fn max_gso_segments(&self) -> usize {
        self.socket.max_gso_segments()
    }

    fn max_gro_segments(&self) -> usize {
        self.socket.max_gro_segments()
    }
}
