//! The loop of one link's task: orders and frames in, signals and packets of the library out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ::webrtc::data_channel::{DataChannel, DataChannelEvent};
use ::webrtc::error::Error;
use ::webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use ::webrtc::peer_connection::{RTCIceCandidate, RTCIceProtocol, RTCPeerConnectionState, StatsSelector};
use rtc::rtp_transceiver::rtp_sender::RtpCodecKind;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep_until, timeout};

use super::peer::Peer;
use super::signals::Signal;
use super::stats;
use crate::limits::{
    CANDIDATES_A_GENERATION, CTL_MESSAGE_BYTES, FOREIGN_CHANNELS, FRAME_WRITE, HANDSHAKE_LOOK, ICE_DISCONNECTED,
    OPUS_PACKET_BYTES, STATS_INTERVAL,
};
use crate::simple_webrtc::engine::{
    AudioPacket, Candidate, CandidateKind, CloseReason, DescriptionKind, IcePolicy, LinkEvent, PacketSink,
};
use crate::simple_webrtc::feedback::Feedback;
use crate::simple_webrtc::link::Order;
use crate::simple_webrtc::port::{Port, Wake};

/// What a step of the loop came to: go on, or the link is over.
type Step = Result<(), CloseReason>;

fn failed(what: &str) -> CloseReason {
    CloseReason::Failed(what.to_owned())
}

/// One link at work.
pub(super) struct Session<'a> {
    pub(super) peer: Peer,
    pub(super) port: &'a mut Port,
    pub(super) signals: mpsc::Receiver<Signal>,
    pub(super) audio: Box<dyn PacketSink>,
    pub(super) policy: IcePolicy,
    pub(super) remote: Option<Arc<dyn TrackRemote>>,
    /// Our candidates so far. The library keeps its sockets over a restart and doesn't tell them again.
    pub(super) local: Vec<Candidate>,
    /// Since when there is a way to the other side, until encryption stands.
    pub(super) way: Option<Instant>,
    /// It has just been connected: how long a round trip takes is wanted at once.
    pub(super) fresh: bool,
    /// When sound last came, or a word about ours.
    pub(super) heard: Option<Instant>,
    /// The library has heard no keep-alive for [`ICE_DISCONNECTED`]; what else is heard counts until then.
    pub(super) silence: Option<Instant>,
    /// Packets and messages that made no sense where they came.
    pub(super) refused: u64,
    /// Channels that the other side opened against the agreement.
    pub(super) foreign: u64,
    /// Its times count from here.
    pub(super) began: Instant,
}

/// The next event of the remote track; never, while there is none.
async fn next_packet(remote: Option<&Arc<dyn TrackRemote>>) -> Option<TrackRemoteEvent> {
    match remote {
        Some(track) => track.poll().await,
        None => std::future::pending().await,
    }
}

/// That time; never, if there is none.
async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

impl Session<'_> {
    /// Works until the link is over.
    pub(super) async fn run(&mut self) -> CloseReason {
        let ctl = self.peer.ctl();
        let mut snapshots = interval(STATS_INTERVAL);
        snapshots.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut looks = interval(HANDSHAKE_LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let (may_tell, due) = (self.port.may_tell(), self.audio.due());
            let step = tokio::select! {
                wake = self.port.wake() => match wake {
                    Wake::Closing => Err(CloseReason::Local),
                    Wake::Told => Ok(()),
                    Wake::Order(order) => self.order(order).await,
                    Wake::Frames => {
                        self.send_frames().await;
                        Ok(())
                    }
                },
                packet = next_packet(self.remote.as_ref()) => {
                    self.packet(packet).await;
                    Ok(())
                }
                feedback = self.peer.told() => {
                    self.told(&feedback).await;
                    Ok(())
                }
                () = until(self.silence) => {
                    self.disconnected();
                    Ok(())
                }
                () = until(due) => {
                    let round_trip = self.round_trip();
                    self.tell(Instant::now(), round_trip).await;
                    Ok(())
                }
                signal = self.signals.recv(), if may_tell => {
                    let step = self.signal(signal).await;
                    if std::mem::take(&mut self.fresh) {
                        snapshots.reset_immediately();
                    }
                    step
                }
                event = ctl.poll(), if may_tell => self.ctl(event),
                _ = looks.tick(), if self.way.is_some() => self.look_at_handshake(),
                _ = snapshots.tick() => {
                    let report = self.peer.connection().get_stats(Instant::now(), StatsSelector::None).await;
                    stats::fill(&mut self.port.stats(), &report, self.peer.remote_address());
                    self.count_refused();
                    // Whoever sends wants to know the round trip before anything has come.
                    let round_trip = self.round_trip();
                    self.tell(Instant::now(), round_trip).await;
                    Ok(())
                }
            };
            if let Err(reason) = step {
                return reason;
            }
        }
    }

    /// The library tells nobody of a handshake that fails.
    fn look_at_handshake(&self) -> Step {
        self.peer.clear().repeat(Instant::now());
        let refusal = self.way.and_then(|since| self.peer.clear().verdict(since, Instant::now()));
        refusal.map_or(Ok(()), |refusal| Err(CloseReason::Failed(refusal.to_string())))
    }

    fn count_refused(&self) {
        self.port.stats().packets_refused = self.refused.saturating_add(self.peer.clear().refused());
    }

    /// Encryption stands.
    fn established(&mut self) {
        self.fresh = self.way.take().is_some();
        self.peer.clear().establish();
    }

    async fn order(&mut self, order: Order) -> Step {
        match order {
            Order::Offer { generation, restart } => {
                let offer = self.peer.offer(restart).await;
                let sdp = offer.map_err(|_error| failed("our offer could not be made"))?;
                self.described(DescriptionKind::Offer, generation, sdp);
            }
            Order::Apply { kind, generation, sdp, candidates } => {
                let applied = self.peer.apply(kind, &sdp).await;
                let answer = applied.map_err(|_error| failed("the other side's description could not be applied"))?;
                if let Some(sdp) = answer {
                    self.described(DescriptionKind::Answer, generation, sdp);
                }
                for candidate in candidates {
                    self.add_candidate(&candidate).await;
                }
                self.peer.wake();
            }
            Order::Candidate(candidate) => {
                self.add_candidate(&candidate).await;
                self.peer.wake();
            }
            Order::Ctl(message) => match self.peer.send_ctl(&message).await {
                Ok(()) => {}
                Err(Error::ErrSendBufferFull) => tracing::debug!(link = self.port.link().0, "ctl is full: dropped"),
                Err(_closed) => return Err(CloseReason::Remote),
            },
        }
        Ok(())
    }

    fn described(&mut self, kind: DescriptionKind, generation: u32, sdp: String) {
        let wanted = self.port.machine().described(generation);
        if wanted {
            self.port.tell([LinkEvent::Description { kind, generation, sdp }]);
            let again = self.local.iter().map(|candidate| LinkEvent::Candidate { generation, candidate: *candidate });
            self.port.tell(again);
        }
    }

    async fn add_candidate(&mut self, candidate: &Candidate) {
        if self.peer.add_candidate(candidate).await.is_err() {
            tracing::debug!(link = self.port.link().0, "a remote candidate was refused");
        }
    }

    /// Sends what waits. A frame that the library takes too long to accept is worth nothing any more.
    async fn send_frames(&mut self) {
        while let Some(frame) = self.port.frame() {
            let bytes = frame.payload.len() as u64;
            let now_us = self.now_us();
            let written = timeout(FRAME_WRITE, self.peer.write(frame, now_us)).await;
            let mut stats = self.port.stats();
            match written {
                Ok(Ok(packets)) => {
                    stats.packets_sent += packets;
                    stats.bytes_sent += packets * bytes;
                }
                Ok(Err(_)) | Err(_) => stats.frames_dropped += 1,
            }
        }
    }

    /// The other side says something of our sound.
    async fn told(&mut self, feedback: &Feedback) {
        self.heard = Some(Instant::now());
        let now_us = self.now_us();
        if let Ok(Ok(packets)) = timeout(FRAME_WRITE, self.peer.answer(feedback, now_us)).await {
            self.port.stats().packets_sent += packets;
        }
        if let Some(report) = feedback.report {
            self.audio.told(report);
        }
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Returns the round trip, if it is known.
    fn count_received(&self, bytes: u64) -> Option<Duration> {
        let mut stats = self.port.stats();
        stats.packets_received += 1;
        stats.bytes_received += bytes;
        drop(stats);
        self.round_trip()
    }

    fn round_trip(&self) -> Option<Duration> {
        self.port.stats().rtt_ms.and_then(|ms| Duration::try_from_secs_f64(ms / 1e3).ok())
    }

    /// Tells the other side what there is to say of its sound.
    async fn tell(&mut self, now: Instant, round_trip: Option<Duration>) {
        let Some(feedback) = self.audio.feedback(now, round_trip) else { return };
        if !matches!(timeout(FRAME_WRITE, self.peer.tell(&feedback)).await, Ok(Ok(()))) {
            tracing::trace!(link = self.port.link().0, "feedback was not sent");
        }
    }

    async fn packet(&mut self, event: Option<TrackRemoteEvent>) {
        match event {
            Some(TrackRemoteEvent::OnRtpPacket(packet)) => {
                let fits = (1..=OPUS_PACKET_BYTES).contains(&packet.payload.len());
                if !fits || packet.header.payload_type != self.peer.payload_type() {
                    self.refused += 1;
                    return;
                }
                let (arrived, round_trip) = (Instant::now(), self.count_received(packet.payload.len() as u64));
                self.peer.heard(packet.header.ssrc);
                self.heard = Some(arrived);
                self.audio.packet(AudioPacket {
                    sequence: packet.header.sequence_number,
                    timestamp: packet.header.timestamp,
                    marker: packet.header.marker,
                    payload: packet.payload,
                    arrived,
                });
                self.tell(arrived, round_trip).await;
            }
            Some(TrackRemoteEvent::OnEnded) | None => self.remote = None,
            Some(_of_no_concern) => {}
        }
    }

    async fn signal(&mut self, signal: Option<Signal>) -> Step {
        if self.peer.overflowed() {
            return Err(failed("the link's task could not keep up with its driver"));
        }
        match signal {
            Some(Signal::Candidate(candidate)) => self.local_candidate(&candidate),
            Some(Signal::Gathered) => {
                let generation = self.port.machine().generation();
                self.port.tell([LinkEvent::EndOfCandidates { generation }]);
            }
            Some(Signal::Ice(way)) => {
                if way && self.port.machine().starting() {
                    self.way.get_or_insert_with(Instant::now);
                }
            }
            Some(Signal::State(state)) => return self.state(state),
            Some(Signal::Track(track)) => {
                if self.remote.is_none() && track.kind().await == RtpCodecKind::Audio {
                    self.remote = Some(track);
                }
            }
            Some(Signal::ForeignChannel(channel)) => return self.foreign(&*channel).await,
            Some(Signal::DriverGone) | None => return Err(failed("the link's driver ended")),
        }
        Ok(())
    }

    /// Closes a channel that nobody agreed on; whoever goes on opening them has no link.
    async fn foreign(&mut self, channel: &dyn DataChannel) -> Step {
        self.refused += 1;
        self.foreign += 1;
        if self.foreign > FOREIGN_CHANNELS {
            return Err(failed("the other side opens channels that nobody agreed on"));
        }
        if channel.close().await.is_err() {
            tracing::debug!(link = self.port.link().0, "a channel nobody agreed on could not be closed");
        }
        Ok(())
    }

    fn state(&mut self, state: RTCPeerConnectionState) -> Step {
        let event = match state {
            RTCPeerConnectionState::Connected => {
                self.established();
                self.silence = None;
                self.port.machine().up()
            }
            RTCPeerConnectionState::Disconnected => {
                self.disconnected();
                None
            }
            RTCPeerConnectionState::Failed => return Err(failed("no way to the other side worked")),
            RTCPeerConnectionState::Closed => return Err(CloseReason::Remote),
            RTCPeerConnectionState::Unspecified | RTCPeerConnectionState::New | RTCPeerConnectionState::Connecting => {
                None
            }
            _ => None,
        };
        self.port.tell(event);
        Ok(())
    }

    /// The library misses keep-alives, which on a full way get lost four times in a row where half of the sound comes
    /// through: the link is interrupted once nothing else comes either.
    fn disconnected(&mut self) {
        let quiet_at = self.heard.map(|heard| heard + ICE_DISCONNECTED).filter(|at| *at > Instant::now());
        self.silence = quiet_at;
        if quiet_at.is_none() {
            let event = self.port.machine().down();
            self.port.tell(event);
        }
    }

    fn local_candidate(&mut self, candidate: &RTCIceCandidate) {
        let (Some(kind), Ok(ip)) = (stats::kind(candidate.typ), candidate.address.parse()) else { return };
        let hidden = match self.policy {
            IcePolicy::All => false,
            IcePolicy::NoHost => kind == CandidateKind::Host,
            IcePolicy::Relay => kind != CandidateKind::Relay,
        };
        if hidden || self.local.len() >= CANDIDATES_A_GENERATION {
            return;
        }
        let generation = self.port.machine().generation();
        let tcp = candidate.protocol == RTCIceProtocol::Tcp;
        let candidate = Candidate { kind, tcp, ip, port: candidate.port, priority: candidate.priority };
        self.local.push(candidate);
        self.port.tell([LinkEvent::Candidate { generation, candidate }]);
    }

    fn ctl(&mut self, event: Option<DataChannelEvent>) -> Step {
        self.peer.clear().delivered();
        match event {
            Some(DataChannelEvent::OnOpen) => {
                self.established();
                let events = self.port.machine().ctl_opened();
                self.port.tell(events);
            }
            Some(DataChannelEvent::OnMessage(message))
                if !message.is_string && message.data.len() <= CTL_MESSAGE_BYTES =>
            {
                self.port.tell([LinkEvent::Ctl(message.data.freeze())]);
            }
            Some(DataChannelEvent::OnMessage(_text_or_too_long)) => self.refused += 1,
            // The first sign of a remote close, by far.
            Some(DataChannelEvent::OnClose) | None => return Err(CloseReason::Remote),
            Some(_of_no_concern) => {}
        }
        Ok(())
    }
}
