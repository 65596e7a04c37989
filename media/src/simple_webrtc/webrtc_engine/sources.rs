//! Whose media comes in. The library keeps a state for each SSRC that a packet names, before it knows whether the packet
//! is genuine (rtc-srtp 0.21.1), and a track for each that is: whoever can send in the other side's name, and the other
//! side itself, could have it keep as many as there are numbers. So media comes in from the sources that the description
//! names, or from the first few where it names none, and reports from the first few reporters.

use crate::limits::{MEDIA_SOURCES, REPORTERS};

/// Bytes of the shortest SRTP and SRTCP packets: head and seal, and for reports the index (RFC 7714).
const SHORTEST_MEDIA: usize = 12 + 16;
const SHORTEST_REPORT: usize = 8 + 16 + 4;

/// The sources of a link.
#[derive(Debug, Default)]
pub(super) struct Sources {
    declared: Vec<u32>,
    met: Vec<u32>,
    reporters: Vec<u32>,
}

/// A source (RFC 5576 section 4.1) in a line of a description.
fn declared(line: &str) -> Option<u32> {
    line.strip_prefix("a=ssrc:")?.split(' ').next()?.trim().parse().ok()
}

/// Whether `list` knows `source`, or has room for it.
fn admit(list: &mut Vec<u32>, source: u32, most: usize) -> bool {
    if list.contains(&source) {
        return true;
    }
    let room = list.len() < most;
    if room {
        list.push(source);
    }
    room
}

impl Sources {
    /// The other side's description has come.
    pub(super) fn describe(&mut self, sdp: &str) {
        self.declared.clear();
        for source in sdp.lines().filter_map(declared) {
            admit(&mut self.declared, source, MEDIA_SOURCES);
        }
    }

    /// Whether this packet, which isn't STUN or DTLS, may come in.
    pub(super) fn lets_in(&mut self, packet: &[u8]) -> bool {
        let number = |at: usize| packet.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
        match packet {
            // Reports by their type (RFC 5761 section 4).
            [128..=191, 192..=223, ..] if packet.len() >= SHORTEST_REPORT => {
                number(4).is_some_and(|reporter| admit(&mut self.reporters, reporter, REPORTERS))
            }
            [128..=191, 0..=191 | 224..=255, ..] if packet.len() >= SHORTEST_MEDIA => number(8).is_some_and(|source| {
                if self.declared.is_empty() {
                    admit(&mut self.met, source, MEDIA_SOURCES)
                } else {
                    self.declared.contains(&source)
                }
            }),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(kind: u8, at: usize, source: u32) -> Vec<u8> {
        let mut packet = vec![0; 40];
        (packet[0], packet[1]) = (0x80, kind);
        packet[at..at + 4].copy_from_slice(&source.to_be_bytes());
        packet
    }

    fn media(source: u32) -> Vec<u8> {
        packet(111, 8, source)
    }

    #[test]
    fn media_of_the_sources_in_the_description_comes_in_and_no_other() {
        let mut sources = Sources::default();
        sources
            .describe("m=audio 9\r\na=ssrc:7 cname:x\r\na=ssrc:7 msid:y\r\na=ssrc:4294967295 cname:x\r\na=ssrc:x\r\n");
        let heard = |sources: &mut Sources, source| sources.lets_in(&media(source));
        assert!(heard(&mut sources, 7) && heard(&mut sources, u32::MAX));
        assert!((8..10_000).all(|source| !heard(&mut sources, source)));
        sources.describe("a=ssrc:9 cname:x\r\n");
        assert!(heard(&mut sources, 9) && !heard(&mut sources, 7), "the newest description counts");
    }

    #[test]
    fn without_a_description_the_first_few_come_in() {
        let mut sources = Sources::default();
        assert_eq!((0..10_000).filter(|source| sources.lets_in(&media(*source))).count(), MEDIA_SOURCES);
        assert!(sources.lets_in(&media(0)), "they go on");
        let reports = (0..10_000).filter(|source| sources.lets_in(&packet(200, 4, *source))).count();
        assert_eq!(reports, REPORTERS);
    }

    #[test]
    fn a_description_of_many_sources_is_bounded_and_what_is_too_short_stays_out() {
        let mut sources = Sources::default();
        sources.describe(&(0..10_000).map(|source| format!("a=ssrc:{source} cname:x\r\n")).collect::<String>());
        assert_eq!(sources.declared.len(), MEDIA_SOURCES);
        assert!((0..SHORTEST_MEDIA).all(|length| !sources.lets_in(&media(0)[..length])));
        assert!((0..SHORTEST_REPORT).all(|length| !sources.lets_in(&packet(201, 4, 0)[..length])));
        assert!(sources.lets_in(&media(0)[..SHORTEST_MEDIA]));
        assert!(!sources.lets_in(&[0; 40]) && !sources.lets_in(&[70; 40]));
    }
}
