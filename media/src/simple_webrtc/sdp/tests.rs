//! Text in and out.

use std::net::IpAddr;

use rtc::ice::candidate::{CandidateType, unmarshal_candidate};

use super::*;

#[test]
fn candidate_lines_go_and_everything_else_stays() {
    let kept = "v=0\r\na=ice-ufrag:abcd\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=x-candidate:kept\r\n";
    let lines = [
        "a=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\n",
        "A=Candidate:1 1 udp 1 10.0.0.1 9 typ host\r\n",
        "a=remote-candidates:1 10.0.0.1 9\r\n",
        "a=end-of-candidates\r\n",
    ];
    for line in lines {
        for at in [0, 5, 23, kept.len()] {
            let mut sdp = kept.to_owned();
            sdp.insert_str(sdp.len().min(kept[..at].rfind('\n').map_or(0, |end| end + 1)), line);
            assert_eq!(without_candidates(&sdp), kept, "{line}");
        }
    }
    assert_eq!(without_candidates(kept), kept);
    assert_eq!(without_candidates(""), "");
}

#[test]
fn a_candidate_at_the_very_end_without_a_line_end_goes_too() {
    assert_eq!(without_candidates("v=0\r\na=candidate:1 1 udp 1 10.0.0.1 9 typ host"), "v=0\r\n");
}

#[test]
fn the_library_reads_what_we_write() {
    let kinds = [
        (CandidateKind::Host, CandidateType::Host),
        (CandidateKind::ServerReflexive, CandidateType::ServerReflexive),
        (CandidateKind::PeerReflexive, CandidateType::PeerReflexive),
        (CandidateKind::Relay, CandidateType::Relay),
    ];
    for ip in ["192.0.2.7", "127.0.0.1", "2001:db8::1", "::1"] {
        let ip: IpAddr = ip.parse().unwrap();
        for (kind, theirs) in kinds {
            let candidate = Candidate { kind, tcp: false, ip, port: 54_321, priority: 2_130_706_431 };
            let read = unmarshal_candidate(&candidate_attribute(&candidate)).unwrap();
            assert_eq!((read.addr().ip(), read.port()), (ip, 54_321));
            assert_eq!((read.candidate_type(), read.priority()), (theirs, 2_130_706_431));
        }
    }
}
