//! What crosses between typed values and the text of SDP (RFC 8866, RFC 8839).

#[cfg(test)]
mod tests;

use super::engine::{Candidate, CandidateKind};
use crate::limits::{DESCRIPTION_BYTES, DESCRIPTION_LINES, DESCRIPTION_MEDIA};

/// The description without its candidates: they travel as typed values only, so that each can be judged.
pub(crate) fn without_candidates(sdp: &str) -> String {
    let mut kept = String::with_capacity(sdp.len());
    for line in sdp.split_inclusive('\n') {
        let lower = line.to_ascii_lowercase();
        let candidate = ["a=candidate", "a=remote-candidates", "a=end-of-candidates"];
        if !candidate.iter().any(|name| lower.starts_with(name)) {
            kept.push_str(line);
        }
    }
    kept
}

/// Whether a description is of a size that the library may be given.
pub(crate) fn is_bounded(sdp: &str) -> bool {
    sdp.len() <= DESCRIPTION_BYTES
        && sdp.lines().count() <= DESCRIPTION_LINES
        && sdp.lines().filter(|line| line.starts_with("m=")).count() <= DESCRIPTION_MEDIA
}

/// The candidate-attribute of RFC 8839 section 5.1, without "candidate:". The foundation groups candidates of one
/// kind and address, as RFC 8445 section 5.1.1.3 asks; the related address is never told.
pub(crate) fn candidate_attribute(candidate: &Candidate) -> String {
    let Candidate { kind, ip, port, priority, .. } = candidate;
    let (foundation, kind, related) = match kind {
        CandidateKind::Host => (1, "host", ""),
        CandidateKind::ServerReflexive => (2, "srflx", " raddr 0.0.0.0 rport 0"),
        CandidateKind::PeerReflexive => (3, "prflx", " raddr 0.0.0.0 rport 0"),
        CandidateKind::Relay => (4, "relay", " raddr 0.0.0.0 rport 0"),
    };
    format!("{foundation} 1 udp {priority} {ip} {port} typ {kind}{related}")
}
