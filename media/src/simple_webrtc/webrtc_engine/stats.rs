//! The few figures we take out of the library's report.

use std::net::SocketAddr;

use ::webrtc::peer_connection::{RTCIceCandidateType, RTCStatsReport, RTCStatsReportEntry};
use rtc::statistics::stats::ice_candidate::RTCIceCandidateStats;

use crate::simple_webrtc::engine::{CandidateKind, TransportStats};

/// Round trip and addresses; the counters are our own. `in_use`: where media goes. The report lacks the remote
/// candidate where the other side's check came before the candidate was told.
pub(super) fn fill(stats: &mut TransportStats, report: &RTCStatsReport, in_use: Option<SocketAddr>) {
    let Some(transport) = report.transport() else { return };
    let chosen = report.candidate_pairs().find(|pair| pair.stats.id == transport.selected_candidate_pair_id);
    let Some(chosen) = chosen else { return };
    // The keep-alives of ICE measure it twice a second; RTCP's own value comes every few seconds and includes the
    // other side's wait.
    if chosen.responses_received > 0 {
        stats.rtt_ms = Some(chosen.current_round_trip_time * 1_000.0);
    }
    let (mut local, mut remote) = (None, None);
    for entry in report.iter() {
        if let RTCStatsReportEntry::LocalCandidate(candidate) = entry
            && candidate.stats.id.ends_with(&chosen.local_candidate_id)
        {
            local = address(candidate).zip(kind(candidate.candidate_type));
        }
        if let RTCStatsReportEntry::RemoteCandidate(candidate) = entry
            && candidate.stats.id.ends_with(&chosen.remote_candidate_id)
        {
            remote = address(candidate);
        }
    }
    if let (Some((local, kind)), Some(remote)) = (local, remote.or(in_use)) {
        stats.pair = Some((local, remote, kind));
    }
}

fn address(candidate: &RTCIceCandidateStats) -> Option<SocketAddr> {
    Some(SocketAddr::new(candidate.address.as_ref()?.parse().ok()?, candidate.port))
}

/// Ours for theirs; none for a kind that does not exist.
pub(super) fn kind(kind: RTCIceCandidateType) -> Option<CandidateKind> {
    match kind {
        RTCIceCandidateType::Host => Some(CandidateKind::Host),
        RTCIceCandidateType::Srflx => Some(CandidateKind::ServerReflexive),
        RTCIceCandidateType::Prflx => Some(CandidateKind::PeerReflexive),
        RTCIceCandidateType::Relay => Some(CandidateKind::Relay),
        RTCIceCandidateType::Unspecified => None,
        _ => None,
    }
}
