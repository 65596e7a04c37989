//! The same things in the words of the media layer and of the protocol.

use std::net::{IpAddr, Ipv4Addr};

use ahoy_media::host_media::api::Limit;
use ahoy_media::simple_webrtc::engine as media;
use ahoy_protocol::call::signal::{LinkEnd, LinkEvent};
use ahoy_protocol::control::QualityCause;
use ahoy_protocol::ids::{CallId, LinkId};
use ahoy_protocol::wire::bodies::{Candidate, SdpKind};
use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;

/// The protocol's name of a link.
pub(super) fn link(link: media::LinkId) -> LinkId {
    LinkId(link.0)
}

/// What limits sound, as frontends are told.
pub(super) fn cause(limit: Limit) -> QualityCause {
    match limit {
        Limit::None => QualityCause::None,
        Limit::MyUplink => QualityCause::MyUplink,
        Limit::TheirUplink => QualityCause::TheirUplink,
        Limit::Path => QualityCause::Path,
        Limit::Cpu => QualityCause::Cpu,
    }
}

/// A call as text.
pub(super) fn call(call: CallId) -> String {
    data_encoding::HEXLOWER.encode(&call.0)
}

/// The media layer's name of a link.
pub(super) fn media_link(link: LinkId) -> media::LinkId {
    media::LinkId(link.0)
}

pub(super) fn description_kind(kind: SdpKind) -> media::DescriptionKind {
    match kind {
        SdpKind::Offer => media::DescriptionKind::Offer,
        SdpKind::Answer => media::DescriptionKind::Answer,
    }
}

fn sdp_kind(kind: media::DescriptionKind) -> SdpKind {
    match kind {
        media::DescriptionKind::Offer => SdpKind::Offer,
        media::DescriptionKind::Answer => SdpKind::Answer,
    }
}

pub(super) fn policy(number: u8) -> media::IcePolicy {
    match number {
        0 => media::IcePolicy::All,
        1 => media::IcePolicy::NoHost,
        // What is not known is treated as the one that tells the least.
        2.. => media::IcePolicy::Relay,
    }
}

/// A candidate for the media layer; none if its kind or protocol is not one.
pub(super) fn media_candidate(candidate: Candidate) -> Option<media::Candidate> {
    let kind = match candidate.kind {
        0 => media::CandidateKind::Host,
        1 => media::CandidateKind::ServerReflexive,
        2 => media::CandidateKind::PeerReflexive,
        3 => media::CandidateKind::Relay,
        4.. => return None,
    };
    let tcp = match candidate.protocol {
        0 => false,
        1 => true,
        2.. => return None,
    };
    let Candidate { ip, port, priority, .. } = candidate;
    Some(media::Candidate { kind, tcp, ip, port, priority })
}

fn candidate(candidate: media::Candidate) -> Candidate {
    let media::Candidate { kind, tcp, ip, port, priority } = candidate;
    let kind = match kind {
        media::CandidateKind::Host => 0,
        media::CandidateKind::ServerReflexive => 1,
        media::CandidateKind::PeerReflexive => 2,
        media::CandidateKind::Relay => 3,
    };
    Candidate { kind, protocol: u8::from(tcp), ip, port, priority }
}

/// Kind of a candidate as frontends see it (RFC 8839 section 5.1).
pub(super) fn kind_name(kind: media::CandidateKind) -> &'static str {
    match kind {
        media::CandidateKind::Host => "host",
        media::CandidateKind::ServerReflexive => "srflx",
        media::CandidateKind::PeerReflexive => "prflx",
        media::CandidateKind::Relay => "relay",
    }
}

/// An event of a link for the core; `ctl` messages go another way.
pub(super) enum Told {
    /// An event.
    Event(LinkEvent),
    /// A message on `ctl`.
    Ctl(Vec<u8>),
}

pub(super) fn told(event: media::LinkEvent) -> Told {
    Told::Event(match event {
        media::LinkEvent::Description { kind, generation, sdp } => {
            LinkEvent::Description { kind: sdp_kind(kind), generation, sdp }
        }
        media::LinkEvent::Candidate { generation, candidate: found } => {
            LinkEvent::Candidate { generation, candidate: candidate(found) }
        }
        media::LinkEvent::EndOfCandidates { generation } => LinkEvent::EndOfCandidates { generation },
        media::LinkEvent::Connected => LinkEvent::Connected,
        media::LinkEvent::Interrupted => LinkEvent::Interrupted,
        media::LinkEvent::Resumed => LinkEvent::Resumed,
        media::LinkEvent::CtlOpen => LinkEvent::CtlOpen,
        media::LinkEvent::Ctl(message) => return Told::Ctl(message.into()),
        media::LinkEvent::Closed(reason) => LinkEvent::Closed(match reason {
            media::CloseReason::Local => LinkEnd::Local,
            media::CloseReason::Remote => LinkEnd::Remote,
            media::CloseReason::Failed(what) => LinkEnd::Failed(what),
        }),
    })
}

/// The IP address of a binary multiaddr. Who listens in memory is met in this process: over loopback.
pub(super) fn ip(address: &[u8]) -> Option<IpAddr> {
    let address = Multiaddr::try_from(address.to_vec()).ok()?;
    if let Some(Protocol::Memory(_)) = address.iter().next() {
        return Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    crate::config::ip(&address)
}

/// A binary multiaddr as text.
pub(super) fn address_text(address: &[u8]) -> Option<String> {
    Multiaddr::try_from(address.to_vec()).ok().map(|address| address.to_string())
}
