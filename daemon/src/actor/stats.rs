//! Figures of calls: what the core, the engine and the sound know, put together.

use std::collections::HashMap;
use std::time::Duration;

use ahoy_media::host_media::api::ReceiveStats;
use ahoy_media::simple_webrtc::engine::{LinkId, TransportStats};
use ahoy_protocol::control::{
    CallInfo, CallState, CandidatePair, ControlError, ErrorKind, LinkState, ParticipantInfo, ParticipantStats, Reply,
    Snapshot, StatsReply,
};
use ahoy_protocol::core::input::LinkOf;
use ahoy_protocol::ids::CallId;
use data_encoding::HEXLOWER;
use tokio::time::Instant;

use super::convert;
use super::media::Media;
use crate::control::Board;

/// How often bytes are counted while there are links.
const SAMPLE: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Default)]
struct Counted {
    sent: u64,
    received: u64,
}

#[derive(Default)]
struct Rate {
    connected_at_ms: Option<u64>,
    last: Option<(Instant, Counted)>,
    out_bps: Option<f64>,
    in_bps: Option<f64>,
}

/// Bit rates of the last second, and since when links are up.
#[derive(Default)]
pub(super) struct Rates {
    links: HashMap<LinkId, Rate>,
    next: Option<Instant>,
}

impl Rates {
    /// A link was opened: from now on bytes are counted every second.
    pub(super) fn begin(&mut self) {
        self.next.get_or_insert_with(Instant::now);
    }

    /// A link came up.
    pub(super) fn connected(&mut self, link: LinkId, unix_ms: u64) {
        self.links.entry(link).or_default().connected_at_ms.get_or_insert(unix_ms);
    }

    /// A link is over.
    pub(super) fn forget(&mut self, link: LinkId) {
        self.links.remove(&link);
    }

    /// When bytes are counted next; never while there is no link.
    pub(super) fn next_sample(&self) -> Option<Instant> {
        self.next
    }

    /// Counts bytes if it is time.
    pub(super) fn sample_if_due(&mut self, media: &Media) {
        let now = Instant::now();
        if self.next.is_none_or(|at| at > now) {
            return;
        }
        let mut any = false;
        for link in media.links() {
            any = true;
            if let Ok(stats) = media.engine().stats(link) {
                self.links.entry(link).or_default().count(now, &stats);
            }
        }
        self.next = any.then_some(now + SAMPLE);
    }
}

impl Rate {
    fn count(&mut self, now: Instant, stats: &TransportStats) {
        let counted = Counted { sent: stats.bytes_sent, received: stats.bytes_received };
        if let Some((then, last)) = self.last.replace((now, counted)) {
            let seconds = now.duration_since(then).as_secs_f64();
            if seconds > 0.0 {
                self.out_bps = Some(bits(counted.sent.saturating_sub(last.sent)) / seconds);
                self.in_bps = Some(bits(counted.received.saturating_sub(last.received)) / seconds);
            }
        }
    }
}

/// Bytes of one second as bits.
fn bits(bytes: u64) -> f64 {
    number(bytes) * 8.0
}

/// Counts of packets and bytes a second stay far below 2^32.
fn number(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

/// The core's snapshot with the part that only the daemon knows.
pub(super) fn snapshot(found: Reply, board: &Board) -> Result<Box<Snapshot>, ControlError> {
    match found {
        Reply::Subscribed(reply) => match reply.snapshot {
            Some(mut snapshot) => {
                snapshot.status = board.status();
                Ok(snapshot)
            }
            None => Err(odd()),
        },
        Reply::Hello(_)
        | Reply::Status(_)
        | Reply::Account(_)
        | Reply::Card(_)
        | Reply::Contacts(_)
        | Reply::Contact(_)
        | Reply::ContactRequests(_)
        | Reply::Attempts(_)
        | Reply::Safety(_)
        | Reply::Offered(_)
        | Reply::HandOff(_)
        | Reply::Record(_)
        | Reply::Calls(_)
        | Reply::Stats(_)
        | Reply::History(_)
        | Reply::Voicemails(_)
        | Reply::AudioDevices(_)
        | Reply::AudioSelected(_)
        | Reply::Pipeline(_)
        | Reply::PipelineCheck(_)
        | Reply::PipelineRun(_)
        | Reply::Config(_)
        | Reply::ConfigSet(_)
        | Reply::Discovered(_)
        | Reply::Devices(_)
        | Reply::Link(_)
        | Reply::Done(_) => Err(odd()),
    }
}

/// `account.show` with the addresses as text, which only the daemon can write.
pub(super) fn account(mut found: Reply, listening: &[String]) -> Reply {
    if let Reply::Account(info) = &mut found {
        info.listen = listening.to_vec();
    }
    found
}

/// `call.stats` out of the core's list of calls.
pub(super) fn stats(
    found: Reply,
    call: Option<CallId>,
    links: &[LinkOf],
    media: &Media,
    rates: &Rates,
) -> Result<Reply, ControlError> {
    let calls = match found {
        Reply::Calls(calls) => calls.calls,
        Reply::Hello(_)
        | Reply::Subscribed(_)
        | Reply::Status(_)
        | Reply::Account(_)
        | Reply::Card(_)
        | Reply::Contacts(_)
        | Reply::Contact(_)
        | Reply::ContactRequests(_)
        | Reply::Attempts(_)
        | Reply::Safety(_)
        | Reply::Offered(_)
        | Reply::HandOff(_)
        | Reply::Record(_)
        | Reply::Stats(_)
        | Reply::History(_)
        | Reply::Voicemails(_)
        | Reply::AudioDevices(_)
        | Reply::AudioSelected(_)
        | Reply::Pipeline(_)
        | Reply::PipelineCheck(_)
        | Reply::PipelineRun(_)
        | Reply::Config(_)
        | Reply::ConfigSet(_)
        | Reply::Discovered(_)
        | Reply::Devices(_)
        | Reply::Link(_)
        | Reply::Done(_) => return Err(odd()),
    };
    let info = meant(&calls, call)?;
    let of_call = |link: &&LinkOf| HEXLOWER.encode(&link.call.0) == info.call;
    let link_to = |participant: &ParticipantInfo| {
        links.iter().filter(of_call).find(|link| link.device.text() == participant.device).map(|link| link.link)
    };
    let one = |participant: &ParticipantInfo| {
        let link = link_to(participant).map(convert::media_link);
        participant_stats(&info.call, participant, link, media, rates)
    };
    Ok(Reply::Stats(StatsReply { participants: info.participants.iter().map(one).collect() }))
}

/// The call with this id, or the only one that is not ended.
fn meant(calls: &[CallInfo], call: Option<CallId>) -> Result<&CallInfo, ControlError> {
    let Some(call) = call else {
        let live: Vec<&CallInfo> = calls.iter().filter(|info| info.state != CallState::Ended).collect();
        return match live.as_slice() {
            [one] => Ok(*one),
            [] => Err(ControlError::new(
                ErrorKind::NoSuchCall,
                "there is no call",
                "`ahoy calls` shows the calls there are",
            )),
            several => {
                let message = format!("{} calls can be meant", several.len());
                let mut error = ControlError::new(ErrorKind::AmbiguousCall, message, "name one of the candidates");
                error.candidates = several.iter().map(|info| info.call.clone()).collect();
                Err(error)
            }
        };
    };
    let id = HEXLOWER.encode(&call.0);
    let none =
        || ControlError::new(ErrorKind::NoSuchCall, "there is no such call", "`ahoy calls` shows the calls there are");
    calls.iter().find(|info| info.call == id).ok_or_else(none)
}

fn participant_stats(
    call: &str,
    participant: &ParticipantInfo,
    link: Option<LinkId>,
    media: &Media,
    rates: &Rates,
) -> ParticipantStats {
    let transport = link.and_then(|link| media.engine().stats(link).ok());
    let heard = link.and_then(|link| media.sound().receive_stats(link));
    let rate = link.and_then(|link| rates.links.get(&link));
    let connected_at_ms = rate.and_then(|rate| rate.connected_at_ms);
    let source = media.sound().source_stats();
    let up = connected_at_ms.is_some();
    let rtt_ms = transport.as_ref().and_then(|stats| stats.rtt_ms);
    let pair = transport.as_ref().and_then(|stats| stats.pair);
    // Nothing of a receiver's figures means anything before its first packet.
    let heard = heard.filter(|heard| heard.packets_received > 0);
    ParticipantStats {
        call: call.into(),
        account: participant.account.clone(),
        device: participant.device.clone(),
        state: participant.state,
        connected_at_ms,
        capabilities: if participant.state == LinkState::New { Vec::new() } else { vec!["audio".into()] },
        rtt_ms,
        packets_sent: transport.as_ref().filter(|_| up).map(|stats| stats.packets_sent),
        packets_received: transport.as_ref().filter(|_| up).map(|stats| stats.packets_received),
        packets_lost: heard.as_ref().map(|heard| heard.packets_lost),
        loss_rate: heard.as_ref().map(loss_rate),
        jitter_ms: heard.as_ref().map(|heard| heard.jitter_ms),
        bitrate_bps_out: rate.and_then(|rate| rate.out_bps),
        bitrate_bps_in: rate.and_then(|rate| rate.in_bps),
        target_bitrate_bps: up.then(|| f64::from(source.target_bitrate_bps)),
        jitter_buffer_ms: heard.as_ref().map(|heard| heard.jitter_buffer_ms),
        playout_delay_ms: heard.as_ref().map(|heard| heard.playout_delay_ms),
        mouth_to_ear_ms: heard.as_ref().and_then(|heard| heard.mouth_to_ear_ms(&source)),
        concealed_ms: heard.as_ref().map(|heard| heard.concealed_ms),
        retransmitted: heard.as_ref().map(|heard| heard.retransmitted),
        fec_recovered: heard.as_ref().map(|heard| heard.fec_recovered),
        copies_used: heard.as_ref().map(|heard| heard.copies_used),
        limited_by: heard.as_ref().map(|heard| convert::cause(heard.limited_by)),
        codec: up.then(|| "opus/48000".into()),
        candidate_pair: pair.map(|(local, remote, kind)| CandidatePair {
            local: local.to_string(),
            remote: remote.to_string(),
            kind: convert::kind_name(kind).into(),
        }),
    }
}

fn loss_rate(heard: &ReceiveStats) -> f64 {
    let expected = heard.packets_received + heard.packets_lost;
    if expected == 0 { 0.0 } else { number(heard.packets_lost) / number(expected) }
}

fn odd() -> ControlError {
    ControlError::new(ErrorKind::Internal, "the core answered with something else", "report this defect")
}
