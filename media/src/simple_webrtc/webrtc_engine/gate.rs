//! What one socket of a link lets out and in.
//!
//! Out: the library checks every pair on every beat, and the beat must be 5 ms (`ICE_CHECK_INTERVAL`). Toward silent
//! addresses, perhaps a third party's, that were thousands of packets a second; and on a way of 64 kbit/s half a second of
//! it fills every queue with checks that wait for each other (measured: 180 kbit/s, two thirds dropped, and all else with
//! them). So each address is asked at a pace that follows how long it has been waited for: a quarter of that at most is
//! lost by it. Whoever is heard from is asked at once, but for keep-alives on a narrow way (`alive`).
//!
//! In: the library hands what is not STUN to DTLS whoever sent it, and a DTLS handshake dies of an alert in the
//! clear: any stranger who guesses the port could keep two from connecting. So only those are heard whom we asked
//! (candidates, servers) or gave a success response (they know the ICE password). STUN passes: ICE checks its
//! integrity itself. What of DTLS comes in from those, `clear` decides.

#[cfg(test)]
mod tests;

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use ::webrtc::runtime::{AsyncUdpSocket, RecvMeta, Transmit};

use super::clear::Clear;
use crate::limits::{
    CHECK_GAP_AFTER_ANSWER, CHECK_GAP_SILENT, ICE_CHECK_INTERVAL, ICE_KEEPALIVE, KNOWN_ADDRESSES, STRANGERS_A_TURN,
};
use crate::simple_webrtc::alive::Alive;
use crate::simple_webrtc::port::lock;

/// Somebody we have business with.
#[derive(Debug)]
struct Known {
    address: SocketAddr,
    /// The first check since one was answered; none: none went since.
    since: Option<Instant>,
    /// It was heard from since the last check.
    heard: bool,
    /// An answer takes so long that checks need not be nearer to each other.
    pace: Duration,
    /// When we last sent it STUN.
    last: Instant,
    /// When the library last wanted to send it a check.
    wanted: Instant,
}

impl Known {
    fn new(address: SocketAddr, since: Option<Instant>, now: Instant) -> Self {
        Self { address, since, heard: false, pace: ICE_CHECK_INTERVAL, last: now, wanted: now }
    }

    /// Time between two checks that nothing came between: a quarter of what was waited for an answer so far.
    fn gap(&self, now: Instant) -> Duration {
        let waited = self.since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        (waited / 4).clamp(self.pace, CHECK_GAP_SILENT)
    }

    /// Something came from it.
    fn hear(&mut self, packet: &[u8], now: Instant) {
        self.heard = true;
        let heard = stun(packet);
        if heard == Some(Stun::Check) {
            return;
        }
        let since = self.since.take().filter(|_| heard == Some(Stun::Business));
        if let Some(since) = since {
            let waited = now.saturating_duration_since(since);
            self.pace = (waited / 4).clamp(ICE_CHECK_INTERVAL, CHECK_GAP_AFTER_ANSWER);
        }
    }
}

/// STUN as far as the gate looks (RFC 8489 section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stun {
    /// A binding request, which a connectivity check is.
    Check,
    /// Any other request, or a success response.
    Business,
    /// Indications and error responses.
    Other,
}

/// Reads the type of a STUN message; none if it is something else.
pub(super) fn stun(packet: &[u8]) -> Option<Stun> {
    let (kind, rest) = packet.split_first_chunk::<2>()?;
    if rest.len() < 18 || kind[0] & 0xc0 != 0 || rest[2..6] != [0x21, 0x12, 0xa4, 0x42] {
        return None;
    }
    let kind = u16::from_be_bytes(*kind);
    Some(match kind & 0x0110 {
        0x0000 if kind == 0x0001 => Stun::Check,
        0x0000 | 0x0100 => Stun::Business,
        _ => Stun::Other,
    })
}

/// Tokio's clock, which tests may drive.
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Decides what passes.
#[derive(Debug, Default)]
struct Gate {
    known: Vec<Known>,
    alive: Alive,
}

impl Gate {
    fn find(&mut self, address: SocketAddr) -> Option<&mut Known> {
        self.known.iter_mut().find(|known| known.address == address)
    }

    fn meet(&mut self, known: Known) {
        if self.known.len() >= KNOWN_ADDRESSES {
            // Whoever was sent nothing for longest; the chosen one is sent a keep-alive twice a second.
            let longest = self.known.iter().enumerate().min_by_key(|(_, known)| known.last).map(|(index, _)| index);
            longest.map(|index| self.known.swap_remove(index));
        }
        self.known.push(known);
    }

    /// Whether a packet of ours may go out now. What is held back is as good as lost on the way.
    fn lets_out(&mut self, packet: &[u8], to: SocketAddr, now: Instant) -> bool {
        match stun(packet) {
            Some(Stun::Check) => self.lets_check_out(to, now),
            Some(Stun::Business) => {
                match self.find(to) {
                    Some(known) => known.last = now,
                    None => self.meet(Known::new(to, None, now)),
                }
                true
            }
            Some(Stun::Other) | None => true,
        }
    }

    fn lets_check_out(&mut self, to: SocketAddr, now: Instant) -> bool {
        let alive = self.alive.gap(now);
        let Some(known) = self.find(to) else {
            self.meet(Known::new(to, Some(now), now));
            return true;
        };
        let gap = now.saturating_duration_since(known.last);
        // What comes at their pace and not at that of checks is a keep-alive.
        let paced = now.saturating_duration_since(std::mem::replace(&mut known.wanted, now)) + ICE_KEEPALIVE / 4;
        let keeps_alive = paced >= ICE_KEEPALIVE;
        let seldom = keeps_alive && gap + ICE_KEEPALIVE / 4 < alive;
        let allowed = if known.heard { !seldom } else { keeps_alive || gap >= known.gap(now) };
        if allowed {
            known.heard = false;
            // A restart is not to wait because keep-alives went unanswered.
            known.since = if keeps_alive { None } else { known.since.or(Some(now)) };
            known.last = now;
        }
        allowed
    }

    /// Whether what came from there may come in.
    fn lets_in(&mut self, packet: &[u8], from: SocketAddr, now: Instant) -> bool {
        match self.find(from) {
            Some(known) => {
                known.hear(packet, now);
                true
            }
            None => stun(packet).is_some(),
        }
    }
}

/// Where the last packet that wasn't STUN went: the address in use, also where the library's report has no candidate
/// for it (one that only checks have named).
#[derive(Clone, Debug, Default)]
pub(super) struct Path(Arc<Mutex<Option<SocketAddr>>>, Alive);

impl Path {
    /// The address in use; none before the first packet.
    pub(super) fn remote(&self) -> Option<SocketAddr> {
        *lock(&self.0)
    }

    /// How often it is kept alive.
    pub(super) fn alive(&self) -> &Alive {
        &self.1
    }
}

/// A socket with a gate.
#[derive(Debug)]
pub(super) struct GatedSocket {
    socket: Arc<dyn AsyncUdpSocket>,
    gate: Mutex<Gate>,
    path: Path,
    clear: Clear,
}

impl GatedSocket {
    /// Puts a gate before this one.
    pub(super) fn new(socket: Arc<dyn AsyncUdpSocket>, path: Path, clear: Clear) -> Self {
        let gate = Gate { known: Vec::new(), alive: path.alive().clone() };
        Self { socket, gate: Mutex::new(gate), path, clear }
    }

    /// Whether a datagram passes.
    fn admits(&self, packet: &[u8], from: SocketAddr) -> bool {
        let mut gate = lock(&self.gate);
        if !gate.lets_in(packet, from, now()) {
            self.clear.refuse();
            return false;
        }
        // A stranger's STUN wraps nothing that could count.
        gate.find(from).is_none() || self.clear.lets_in(packet, Instant::now())
    }

    /// Takes out of a buffer what doesn't pass; whether anything is left. All datagrams in it are `stride` long, but the
    /// last may be shorter, so what is left still is.
    fn sift(&self, buffer: &mut [u8], about: &mut RecvMeta) -> bool {
        let (length, stride) = (about.len.min(buffer.len()), about.stride.max(1));
        let mut kept = 0;
        for start in (0..length).step_by(stride) {
            let end = (start + stride).min(length);
            if buffer.get(start..end).is_some_and(|packet| self.admits(packet, about.addr)) {
                buffer.copy_within(start..end, kept);
                kept += end - start;
            }
        }
        about.len = kept;
        about.stride = stride.min(kept);
        kept > 0
    }
}

impl AsyncUdpSocket for GatedSocket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn poll_send(&self, cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<usize>> {
        if !lock(&self.gate).lets_out(transmit.contents, transmit.destination, now()) {
            return Poll::Ready(Ok(transmit.contents.len()));
        }
        if stun(transmit.contents).is_none() {
            *lock(&self.path.0) = Some(transmit.destination);
        }
        self.clear.goes_out(transmit.contents);
        self.clear.keep(transmit, &self.socket, Instant::now());
        self.socket.poll_send(cx, transmit)
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let (Some(buffer), Some(about)) = (bufs.first_mut(), meta.first_mut()) else { return Poll::Ready(Ok(0)) };
        for _ in 0..STRANGERS_A_TURN {
            // One datagram, or several of one sender that the kernel has put together.
            let received =
                self.socket.poll_recv(cx, std::slice::from_mut(&mut *buffer), std::slice::from_mut(&mut *about));
            if !matches!(received, Poll::Ready(Ok(1))) {
                return received;
            }
            if self.sift(buffer, about) {
                return received;
            }
        }
        // A flood: let others have their turn, then come back.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn max_gso_segments(&self) -> usize {
        self.socket.max_gso_segments()
    }

    fn max_gro_segments(&self) -> usize {
        self.socket.max_gro_segments()
    }
}
