//! What comes in before encryption stands, or beside it: DTLS records in the clear.
//!
//! Anybody can forge them, with the other side's address too, and rtc-dtls 0.21.1 believes them: an alert ends the
//! handshake, so does data or a record that can't be read; fragments are kept without a bound on their number and put
//! together by recursion, records of the next epoch are kept without a bound. So only what a handshake needs comes in,
//! in the shape that it has, and so much of it. An alert is taken for a claim: if the handshake stops after it, it was
//! true. The library tells nobody when a handshake fails (measured: 8 s until its driver ends), so that is seen here.

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex};
use std::time::Instant;

use ::webrtc::runtime::{AsyncUdpSocket, Transmit};

use super::flight::Flight;
use super::gate::stun;
use super::relayed::inside;
use super::sources::Sources;
use crate::limits::{
    ALERT_BELIEVED, DATA_BEFORE_A_MESSAGE, DATA_FORGOTTEN_A_SECOND, HANDSHAKE, HANDSHAKE_EARLY_RECORDS,
    HANDSHAKE_FRAGMENTS, HANDSHAKE_MESSAGE_BYTES, HANDSHAKE_MESSAGES, HANDSHAKE_STANDSTILL, SMALL_RECORD_BYTES,
};
use crate::simple_webrtc::port::lock;

/// Content types (RFC 5246 section 6.2.1).
const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE_RECORD: u8 = 22;
const APPLICATION_DATA: u8 = 23;

/// Bytes of the head of a record and of a handshake fragment (RFC 6347 sections 4.1 and 4.2.2).
const RECORD_HEAD: usize = 13;
const FRAGMENT_HEAD: usize = 12;

/// Why a handshake is over. The numbers are alert descriptions (RFC 5246 section 7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// We refused theirs.
    Ours(u8),
    /// They claim to have refused ours, and it stopped.
    Theirs(u8),
    /// Nothing of use came for a while.
    Standstill,
    /// It goes on and on.
    TooLong,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (ours, alert) = match self {
            Self::Ours(alert) => (true, alert),
            Self::Theirs(alert) => (false, alert),
            Self::Standstill => return f.write_str("the other side does not answer the encryption handshake"),
            Self::TooLong => return f.write_str("the encryption handshake does not come to an end"),
        };
        let what = match (ours, alert) {
            (true, 41..=46 | 48 | 49 | 51) => "the other side's key is not the one in its signed description",
            (false, 41..=46 | 48 | 49 | 51) => {
                "the other side says that our key is not the one in our signed description"
            }
            (true, 40 | 47 | 70 | 71 | 86) => "the other side has no encryption that we accept",
            (false, 40 | 47 | 70 | 71 | 86) => "the other side says that it accepts none of our encryption",
            (true, _) => "the other side's encryption handshake is broken",
            (false, _) => "the other side says that it has given up the encryption handshake",
        };
        write!(f, "{what} (alert {alert})")
    }
}

/// One record of a datagram.
struct Record<'a> {
    kind: u8,
    epoch: u16,
    body: &'a [u8],
}

/// Cuts a datagram into records; none if it isn't whole records of DTLS 1.0 (hellos) or 1.2.
fn records(mut datagram: &[u8]) -> Option<Vec<Record<'_>>> {
    let mut records = Vec::new();
    while !datagram.is_empty() {
        let (head, rest) = datagram.split_first_chunk::<RECORD_HEAD>()?;
        let [kind, 0xfe, 0xff | 0xfd, epoch_high, epoch_low, .., length_high, length_low] = *head else { return None };
        let (body, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([length_high, length_low])))?;
        if body.is_empty() {
            return None;
        }
        records.push(Record { kind, epoch: u16::from_be_bytes([epoch_high, epoch_low]), body });
        datagram = rest;
    }
    Some(records)
}

/// Number of handshake fragments in a record; none if one is not of a shape that makes sense. A part of a message must
/// be the last in its record: the library takes the rest of the record for its data.
fn fragments(mut body: &[u8]) -> Option<u32> {
    let mut count = 0;
    while !body.is_empty() {
        let (head, rest) = body.split_first_chunk::<FRAGMENT_HEAD>()?;
        let [_kind, l2, l1, l0, s1, s0, o2, o1, o0, f2, f1, f0] = *head;
        let number = |high, middle, low| u32::from_be_bytes([0, high, middle, low]);
        let (length, offset, here) = (number(l2, l1, l0), number(o2, o1, o0), number(f2, f1, f0));
        let (_data, rest) = rest.split_at_checked(usize::try_from(here).ok()?)?;
        let fits = length <= HANDSHAKE_MESSAGE_BYTES
            && offset.saturating_add(here) <= length
            && u16::from_be_bytes([s1, s0]) < HANDSHAKE_MESSAGES
            && (here == length || (here > 0 && rest.is_empty()));
        if !fits {
            return None;
        }
        count += 1;
        body = rest;
    }
    Some(count)
}

/// What was seen so far.
#[derive(Debug, Default)]
struct Seen {
    established: bool,
    /// Fragments and changes of cipher in the clear that were let in.
    fragments: u32,
    /// Encrypted records that were let in before there was a key.
    early: u32,
    /// Datagrams that were kept out.
    refused: u64,
    /// When something of use came last.
    headway: Option<Instant>,
    their_alert: Option<(Instant, u8)>,
    our_alert: Option<u8>,
    /// Encrypted bytes since the last whole message, and when they were counted last.
    unread: u64,
    unread_at: Option<Instant>,
    sources: Sources,
}

impl Seen {
    /// Counts what a datagram asks for; none if it must stay out.
    fn admit(&mut self, records: &[Record<'_>], now: Instant) -> Option<()> {
        let (mut clear, mut early) = (0, 0);
        for record in records {
            match (record.epoch, record.kind) {
                (0, HANDSHAKE_RECORD) => clear += fragments(record.body)?,
                (0, CHANGE_CIPHER_SPEC) if record.body == [1] => clear += 1,
                (0, ALERT) => {
                    if let ([2, alert], false) = (record.body, self.established) {
                        self.their_alert = Some((now, *alert));
                    }
                    return None;
                }
                (1, CHANGE_CIPHER_SPEC | ALERT | HANDSHAKE_RECORD | APPLICATION_DATA) => early += 1,
                (_, _) => return None,
            }
        }
        let (clear, early) = (self.fragments + clear, if self.established { 0 } else { self.early + early });
        // Once encryption stands only a lost last flight is repeated in the clear; the budget that is left does.
        if (clear > HANDSHAKE_FRAGMENTS && clear != self.fragments) || early > HANDSHAKE_EARLY_RECORDS {
            return None;
        }
        (self.fragments, self.early) = (clear, early);
        (self.headway, self.their_alert) = (Some(now), None);
        Some(())
    }

    /// Whether more encrypted data may come in: the library keeps the parts of a message until it has its end.
    fn has_room(&mut self, datagram: &[u8], now: Instant) -> bool {
        if !self.established || datagram.len() <= SMALL_RECORD_BYTES {
            return true;
        }
        let before = self.unread_at.replace(now).unwrap_or(now);
        let passed_ms = u64::try_from(now.saturating_duration_since(before).as_millis()).unwrap_or(u64::MAX);
        let forgotten = passed_ms.saturating_mul(DATA_FORGOTTEN_A_SECOND) / 1_000;
        if forgotten == 0 {
            self.unread_at = Some(before);
        }
        let unread = self.unread.saturating_sub(forgotten).saturating_add(datagram.len() as u64);
        let room = unread <= DATA_BEFORE_A_MESSAGE;
        self.unread = if room { unread } else { self.unread.saturating_sub(forgotten) };
        room
    }

    fn verdict(&self, connected: Instant, now: Instant) -> Option<Refusal> {
        if self.established {
            return None;
        }
        let since = |at: Instant| now.saturating_duration_since(at);
        let still = since(self.headway.map_or(connected, |at| at.max(connected)));
        if let Some(alert) = self.our_alert {
            Some(Refusal::Ours(alert))
        } else if let Some((_, alert)) = self.their_alert.filter(|(at, _)| since(*at) >= ALERT_BELIEVED) {
            Some(Refusal::Theirs(alert))
        } else if still >= HANDSHAKE_STANDSTILL {
            Some(Refusal::Standstill)
        } else {
            (since(connected) >= HANDSHAKE).then_some(Refusal::TooLong)
        }
    }
}

/// What the sockets of one link and its task know of its encryption; every copy is the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Clear(Arc<Mutex<Seen>>, Flight);

/// Whether this is DTLS (RFC 7983).
fn is_dtls(packet: &[u8]) -> bool {
    packet.first().is_some_and(|first| (20..64).contains(first))
}

impl Clear {
    /// Whether a packet from an address that we know may come in.
    pub(super) fn lets_in(&self, packet: &[u8], now: Instant) -> bool {
        let packet = inside(packet);
        let mut seen = lock(&self.0);
        let admitted = if is_dtls(packet) {
            records(packet).and_then(|records| seen.admit(&records, now)).is_some() && seen.has_room(packet, now)
        } else {
            // STUN is the business of ICE.
            stun(packet).is_some() || seen.sources.lets_in(packet)
        };
        seen.refused += u64::from(!admitted);
        if admitted && !seen.established {
            self.1.came_in(packet);
        }
        admitted
    }

    /// Looks at a packet of ours: a fatal alert in the clear says that the library has given up.
    pub(super) fn goes_out(&self, packet: &[u8]) {
        let packet = inside(packet);
        if !is_dtls(packet) {
            return;
        }
        for record in records(packet).unwrap_or_default() {
            if let (0, ALERT, [2, alert]) = (record.epoch, record.kind, record.body) {
                lock(&self.0).our_alert.get_or_insert(*alert);
            }
        }
    }

    /// The other side's description has come.
    pub(super) fn describe(&self, sdp: &str) {
        lock(&self.0).sources.describe(sdp);
    }

    /// A message on `ctl` was whole, so nothing of it is kept any more.
    pub(super) fn delivered(&self) {
        lock(&self.0).unread = 0;
    }

    /// Encryption stands.
    pub(super) fn establish(&self) {
        lock(&self.0).established = true;
        self.1.over();
    }

    /// Keeps a packet of ours that goes by this socket, if it is of a flight.
    pub(super) fn keep(&self, transmit: &Transmit<'_>, socket: &Arc<dyn AsyncUdpSocket>, now: Instant) {
        self.1.goes_out(transmit, socket, now);
    }

    /// Sends our last flight again if it is due.
    pub(super) fn repeat(&self, now: Instant) {
        self.1.repeat(now);
    }

    /// Why the handshake is over, if it is. `connected`: since when there is a way to the other side.
    pub(super) fn verdict(&self, connected: Instant, now: Instant) -> Option<Refusal> {
        lock(&self.0).verdict(connected, now)
    }

    /// Another datagram of a stranger was kept out.
    pub(super) fn refuse(&self) {
        lock(&self.0).refused += 1;
    }

    /// Datagrams that were kept out so far.
    pub(super) fn refused(&self) -> u64 {
        lock(&self.0).refused
    }
}
