//! What a listener tells a sender of a link: which packets it still wants, and how the way looks from there. On the wire
//! it is RTCP: a generic NACK (RFC 4585 section 6.2.1), and a report of our own in an APP packet (RFC 3550 section 6.7).

use bytes::{BufMut, Bytes, BytesMut};

use crate::limits::ASKED_AT_ONCE;

/// What a listener says at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feedback {
    /// Sequence numbers of packets that didn't come and would still be in time. One that stands twice is wanted twice: there is
    /// no time for another question.
    pub asked: Vec<u16>,
    /// How the way looks; now and then.
    pub report: Option<WayReport>,
}

/// How the way to a listener looks from there, since the last report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WayReport {
    /// Packets that should have come for the first time.
    pub expected: u16,
    /// Those of them that didn't, whatever became of them later.
    pub lost: u16,
    /// Those that were still missing when their sound was due.
    pub missed: u16,
    /// By how much even the fastest packets came later than those of the last half minute, ms: what waits in queues.
    pub queue_ms: u16,
    /// Bits a second that came, with all heads.
    pub rate_bps: u32,
    /// Copies of each frame are wanted this many frames after it; 0: none.
    pub copies_after: u8,
}

/// RTCP packet types (RFC 3550 section 12.1, RFC 4585 section 6.1), the format of a generic NACK, and our APP subtype.
const APP: u8 = 204;
const TRANSPORT_FEEDBACK: u8 = 205;
const NACK: u8 = 1;
const REPORT: u8 = 1;

/// Name of our APP packets.
const NAME: &[u8; 4] = b"AHOY";

/// Bytes of a report behind the name.
const REPORT_BYTES: usize = 16;

/// First byte of a packet of this format or subtype, without padding (RFC 3550 section 6.1).
const fn first(count: u8) -> u8 {
    0x80 | count
}

impl Feedback {
    /// As RTCP packets, one after the other; none if there is nothing to say. `own` and `theirs`: the sources of the
    /// two directions.
    #[must_use]
    pub fn packets(&self, own: u32, theirs: u32) -> Vec<Bytes> {
        let mut packets = Vec::new();
        if !self.asked.is_empty() {
            packets.push(nack(&self.asked, own, theirs));
        }
        // What is asked for twice is urgent: the question may get lost as well.
        if self.urgent() {
            packets.extend(packets.first().cloned());
        }
        packets.extend(self.report.map(|report| app(report, own)));
        packets
    }

    fn urgent(&self) -> bool {
        self.asked.windows(2).any(|pair| pair.first() == pair.last())
    }

    /// Adds what an RTCP packet says; false if it is none of these. `own`: our source, about which it must be.
    pub fn read(&mut self, packet: &[u8], own: u32) -> bool {
        match packet {
            [head, TRANSPORT_FEEDBACK, _, _, _, _, _, _, source @ ..] if *head == first(NACK) => {
                let Some((source, blocks)) = source.split_first_chunk::<4>() else { return false };
                if u32::from_be_bytes(*source) != own {
                    return false;
                }
                for block in blocks.as_chunks::<4>().0 {
                    self.ask(u16::from_be_bytes([block[0], block[1]]), u16::from_be_bytes([block[2], block[3]]));
                }
                true
            }
            [head, APP, _, _, _, _, _, _, rest @ ..] if *head == first(REPORT) => {
                let Some(body) = rest.strip_prefix(NAME).and_then(|body| body.first_chunk::<REPORT_BYTES>()) else {
                    return false;
                };
                self.report = Some(WayReport::read(body));
                true
            }
            _ => false,
        }
    }

    /// A packet, and those of the 16 behind it whose bit is set; over the bound they are passed over.
    fn ask(&mut self, first: u16, mask: u16) {
        let behind = (0..16_u16).filter(|bit| mask >> bit & 1 == 1).map(|bit| first.wrapping_add(bit + 1));
        for sequence in std::iter::once(first).chain(behind) {
            if self.asked.len() < ASKED_AT_ONCE {
                self.asked.push(sequence);
            }
        }
    }
}

impl WayReport {
    fn write(self, out: &mut BytesMut) {
        for value in [self.expected, self.lost, self.missed, self.queue_ms] {
            out.put_u16(value);
        }
        out.put_u32(self.rate_bps);
        out.put_u8(self.copies_after);
        out.put_bytes(0, 3);
    }

    fn read(body: &[u8; REPORT_BYTES]) -> Self {
        let short = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
        Self {
            expected: short(0),
            lost: short(2),
            missed: short(4),
            queue_ms: short(6),
            rate_bps: u32::from_be_bytes([body[8], body[9], body[10], body[11]]),
            copies_after: body[12],
        }
    }
}

/// A generic NACK: numbers in rising order share a block with those up to 16 behind them.
fn nack(asked: &[u16], own: u32, theirs: u32) -> Bytes {
    let mut blocks: Vec<(u16, u16)> = Vec::new();
    for sequence in asked.iter().take(ASKED_AT_ONCE) {
        let bit = |first: u16| 1_u16.checked_shl(u32::from(sequence.wrapping_sub(first)).wrapping_sub(1)).unwrap_or(0);
        // What stands twice gets a block of its own.
        match blocks.last_mut().filter(|(first, mask)| bit(*first) & !*mask != 0) {
            Some((first, mask)) => *mask |= bit(*first),
            None => blocks.push((*sequence, 0)),
        }
    }
    let mut out = BytesMut::with_capacity(12 + 4 * blocks.len());
    head(&mut out, NACK, TRANSPORT_FEEDBACK, 2 + blocks.len(), own);
    out.put_u32(theirs);
    for (first, mask) in blocks {
        out.put_u16(first);
        out.put_u16(mask);
    }
    out.freeze()
}

fn app(report: WayReport, own: u32) -> Bytes {
    let mut out = BytesMut::with_capacity(12 + REPORT_BYTES);
    head(&mut out, REPORT, APP, 2 + REPORT_BYTES / 4, own);
    out.put_slice(NAME);
    report.write(&mut out);
    out.freeze()
}

/// The head that all RTCP packets share; `words` of 32 bits follow its first.
fn head(out: &mut BytesMut, count: u8, kind: u8, words: usize, own: u32) {
    out.put_u8(first(count));
    out.put_u8(kind);
    out.put_u16(u16::try_from(words).unwrap_or(u16::MAX));
    out.put_u32(own);
}

#[cfg(test)]
mod tests;
