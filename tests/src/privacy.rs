//! Reads a log line by line, as the daemon writes it, for what must not stand in it at INFO or above: addresses, keys,
//! topics, session descriptions, candidates, cards and names. It knows their forms, and the very secrets it is told.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use data_encoding::{BASE32_NOPAD, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER};

/// Lines kept; a test writes some hundreds.
const LINES: usize = 200_000;

/// Shortest run of letters and digits that is taken for a key: 16 bytes in base64, 20 in hex. Call ids are shorter.
const KEY_CHARS: usize = 40;

/// Beginnings of multiaddr parts.
const MULTIADDR: [&str; 8] = ["/ip4/", "/ip6/", "/dns", "/p2p/", "/tcp/", "/udp/", "/memory/", "/quic"];

/// Beginnings of ids as people see them.
const IDS: [&str; 3] = ["12D3Koo", "ahoy1", "QmNLei"];

/// What only session descriptions and candidates hold (RFC 8866, RFC 8839).
const SDP: [&str; 9] =
    ["v=0", "o=-", "m=audio", "m=application", "c=IN", "a=fingerprint", "a=ice-", "a=rtpmap", "a=setup"];
const CANDIDATE: [&str; 4] = ["candidate:", " typ host", " typ srflx", " typ relay"];

/// What stands in a line and must not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leak {
    /// An IP address or a multiaddr.
    Address,
    /// A key, id or topic, by its form or because we know it.
    Key,
    /// A line of a session description.
    Sdp,
    /// An ICE candidate.
    Candidate,
    /// A contact card.
    Card,
    /// The name of a person.
    Name,
}

/// A place for log lines that reads them.
#[derive(Clone, Default)]
pub struct Watch(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    text: Vec<u8>,
    lines: usize,
    secrets: Vec<(Leak, String)>,
}

impl Watch {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// These bytes must not be there, in hex, base32, base58 or base64.
    pub fn hide_bytes(&self, bytes: &[u8]) {
        let forms = [
            HEXLOWER.encode(bytes),
            BASE32_NOPAD.encode(bytes),
            bs58::encode(bytes).into_string(),
            BASE64_NOPAD.encode(bytes),
            BASE64URL_NOPAD.encode(bytes),
        ];
        self.seen().secrets.extend(forms.map(|form| (Leak::Key, form)));
    }

    /// This text must not be there.
    pub fn hide(&self, what: Leak, text: &str) {
        self.seen().secrets.push((what, text.to_owned()));
    }

    /// Lines at INFO or above.
    ///
    /// # Panics
    /// If there were more than can be kept.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let seen = self.seen();
        assert!(seen.lines < LINES, "more lines than are kept");
        high(&String::from_utf8_lossy(&seen.text))
    }

    /// All lines that are there, those below INFO included.
    #[must_use]
    pub fn written(&self) -> usize {
        self.seen().lines
    }

    /// What leaks at INFO or above, with its line.
    #[must_use]
    pub fn leaks(&self) -> Vec<(Leak, String)> {
        let seen = self.seen();
        leaks_in(&String::from_utf8_lossy(&seen.text), &seen.secrets)
    }
}

impl io::Write for Watch {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut seen = self.seen();
        if seen.lines < LINES {
            seen.lines += bytes.iter().filter(|byte| **byte == b'\n').count();
            seen.text.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What leaks at INFO or above in a log that was kept, by its form or because it is one of `secrets`.
#[must_use]
pub fn leaks_in(log: &str, secrets: &[(Leak, String)]) -> Vec<(Leak, String)> {
    high(log).into_iter().filter_map(|line| leak(&line, secrets).map(|what| (what, line))).collect()
}

fn high(log: &str) -> Vec<String> {
    log.lines().filter(|line| level(line).is_some_and(is_high)).map(str::to_owned).collect()
}

/// The level of a line: the word behind its time.
fn level(line: &str) -> Option<&str> {
    line.split_whitespace().nth(1)
}

/// A line without a level of its own goes on from the one before: it is read too.
fn is_high(level: &str) -> bool {
    !matches!(level, "DEBUG" | "TRACE")
}

/// What a line gives away, if anything.
fn leak(line: &str, secrets: &[(Leak, String)]) -> Option<Leak> {
    let has = |marks: &[&str]| marks.iter().any(|mark| line.contains(mark));
    let lower = line.to_lowercase();
    let known = secrets.iter().find(|(_, secret)| line.contains(secret) || lower.contains(&secret.to_lowercase()));
    if let Some((what, _)) = known {
        return Some(*what);
    }
    // The time stands first, and its colons are no address.
    let said = line.split_once(' ').map_or(line, |(_, said)| said);
    let parts = || said.split(|c: char| c.is_whitespace() || "\"'=,;()<>{}/@|%".contains(c));
    if has(&CANDIDATE) {
        Some(Leak::Candidate)
    } else if has(&SDP) {
        Some(Leak::Sdp)
    } else if parts().any(|part| part.strip_prefix("ahoy:").is_some_and(|card| card.len() > 20)) {
        Some(Leak::Card)
    } else if has(&MULTIADDR) || parts().any(is_address) {
        Some(Leak::Address)
    } else if has(&IDS) || parts().any(is_key) {
        Some(Leak::Key)
    } else {
        None
    }
}

fn is_address(part: &str) -> bool {
    let bare = part.trim_matches(|c: char| "[].,:".contains(c));
    // `::` alone joins the words of a path in Rust.
    let ip = bare.parse::<IpAddr>().is_ok() || part.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    (ip && bare.chars().any(|c| c.is_ascii_hexdigit())) || part.parse::<SocketAddr>().is_ok()
}

/// A long run of letters and digits with both in it, as no word has.
fn is_key(part: &str) -> bool {
    let runs = part.split(|c: char| !(c.is_ascii_alphanumeric() || "+_-".contains(c)));
    runs.into_iter().any(|run| {
        let digits = run.bytes().filter(u8::is_ascii_digit).count();
        let letters = run.bytes().filter(u8::is_ascii_alphabetic).count();
        run.len() >= KEY_CHARS && digits >= 1 && letters >= 3
    })
}
