//! One peer connection of the library with what belongs to it: the audio track and the `ctl` channel.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ::webrtc::data_channel::{DataChannel, RTCDataChannelInit};
use ::webrtc::error::Error;
use ::webrtc::media_stream::track_local::TrackLocal;
use ::webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use ::webrtc::peer_connection::{PeerConnection, PeerConnectionBuilder, RTCIceCandidateInit, RTCSessionDescription};
use ::webrtc::rtp_transceiver::RtpSender;
use ::webrtc::runtime::Runtime;
use bytes::{Bytes, BytesMut};
use rtc::peer_connection::configuration::RTCOfferOptions;
use rtc::rtcp::{self, raw_packet::RawPacket};
use rtc::rtp;
use tokio::sync::mpsc;

use super::clear::Clear;
use super::gate::Path;
use super::reports::Reports;
use super::runtime::{Alarm, WatchedRuntime};
use super::settings::{OPUS_PAYLOAD_TYPE, audio_track, configuration, media_engine, setting_engine};
use super::signals::{Signal, Signals};
use crate::limits::{ADDRESSES_A_LINK, CTL_BUFFER_BYTES};
use crate::simple_webrtc::engine::{AudioFrame, Candidate, DescriptionKind, IcePolicy, IceServer};
use crate::simple_webrtc::feedback::Feedback;
use crate::simple_webrtc::lane::{Lane, Outgoing};
use crate::simple_webrtc::sdp::{candidate_attribute, is_bounded, without_candidates};
use crate::tasks::Tasks;

/// A peer connection. Must be closed: dropped without, it leaks its task, its socket and 250 KB.
pub(super) struct Peer {
    connection: Arc<dyn PeerConnection>,
    sender: Arc<dyn RtpSender>,
    track: Arc<TrackLocalStaticRTP>,
    ctl: Arc<dyn DataChannel>,
    overflow: Arc<AtomicBool>,
    alarm: Alarm,
    path: Path,
    clear: Clear,
    ssrc: u32,
    /// The source of what we hear, once a packet has come.
    theirs: Option<u32>,
    lane: Lane,
    /// RTCP of the other side about our sound.
    told: mpsc::Receiver<Bytes>,
    payload_type: u8,
}

/// A random value of the operating system's; RFC 3550 section 5.1 asks for it.
fn random() -> Result<u32, Error> {
    getrandom::u32().map_err(|_unavailable| Error::Other("no randomness".to_owned()))
}

impl Peer {
    /// Binds the addresses of the link and makes the connection.
    pub(super) async fn build(
        runtime: Arc<dyn Runtime>,
        bind: &[IpAddr],
        servers: &[IceServer],
        policy: IcePolicy,
        tasks: Tasks,
    ) -> Result<(Self, mpsc::Receiver<Signal>), Error> {
        let (signals, received, overflow) = Signals::new();
        let (path, clear, alarm) = (Path::default(), Clear::default(), signals.alarm());
        let bind = bind.iter().filter(|ip| !ip.is_unspecified()).take(ADDRESSES_A_LINK);
        let addresses: Vec<SocketAddr> = bind.map(|ip| SocketAddr::new(*ip, 0)).collect();
        let loopback = addresses.iter().any(|address| address.ip().is_loopback());
        let (reports, told) = Reports::new();
        let (media, registry) = media_engine(reports)?;
        let building = PeerConnectionBuilder::new()
            .with_configuration(configuration(servers, policy))
            .with_setting_engine(setting_engine(loopback))
            .with_media_engine(media)
            .with_interceptor_registry(registry)
            .with_runtime(Arc::new(WatchedRuntime::new(runtime, signals.clone(), (path.clone(), clear.clone()), tasks)))
            .with_handler(Arc::new(signals))
            .with_udp_addrs(addresses)
            .with_data_channel_send_buffer_limit(CTL_BUFFER_BYTES)
            .build();
        let connection: Arc<dyn PeerConnection> = Arc::new(Box::pin(building).await?);
        match Self::furnish(connection.clone(), (overflow, told), alarm, (path, clear)).await {
            Ok(peer) => Ok((peer, received)),
            Err(error) => {
                connection.close().await?;
                Err(error)
            }
        }
    }

    async fn furnish(
        connection: Arc<dyn PeerConnection>,
        (overflow, told): (Arc<AtomicBool>, mpsc::Receiver<Bytes>),
        alarm: Alarm,
        (path, clear): (Path, Clear),
    ) -> Result<Self, Error> {
        let ssrc = random()?;
        let track = Arc::new(TrackLocalStaticRTP::new(audio_track(ssrc)));
        let sender = connection.add_track(track.clone()).await?;
        let negotiated = RTCDataChannelInit { ordered: true, negotiated: Some(0), ..Default::default() };
        let ctl = connection.create_data_channel("ctl", Some(negotiated)).await?;
        // Below 2^15, so that a lost first packet cannot be taken for a wrap (RFC 3711 section 3.3.1).
        let lane = Lane::new(u16::try_from(random()? & 0x7fff).unwrap_or(0));
        let (payload_type, theirs) = (OPUS_PAYLOAD_TYPE, None);
        Ok(Self {
            connection,
            sender,
            track,
            ctl,
            overflow,
            told,
            alarm,
            path,
            clear,
            ssrc,
            theirs,
            lane,
            payload_type,
        })
    }

    /// `ctl`, to be polled.
    pub(super) fn ctl(&self) -> Arc<dyn DataChannel> {
        self.ctl.clone()
    }

    /// The connection, to be asked for statistics and closed.
    pub(super) fn connection(&self) -> &Arc<dyn PeerConnection> {
        &self.connection
    }

    /// Where media goes now; none before the first packet.
    pub(super) fn remote_address(&self) -> Option<SocketAddr> {
        self.path.remote()
    }

    /// Payload type of Opus in both directions.
    pub(super) fn payload_type(&self) -> u8 {
        self.payload_type
    }

    /// What its sockets saw unencrypted.
    pub(super) fn clear(&self) -> &Clear {
        &self.clear
    }

    /// Whether a signal was lost.
    pub(super) fn overflowed(&self) -> bool {
        self.overflow.load(Ordering::Acquire)
    }

    /// Makes an offer and starts gathering; returns the offer without candidates.
    pub(super) async fn offer(&self, restart: bool) -> Result<String, Error> {
        let offer = self.connection.create_offer(Some(RTCOfferOptions { ice_restart: restart })).await?;
        let sdp = without_candidates(&offer.sdp);
        self.connection.set_local_description(offer).await?;
        Ok(sdp)
    }

    /// Applies a remote description; returns our answer, without candidates, if it was an offer.
    pub(super) async fn apply(&mut self, kind: DescriptionKind, sdp: &str) -> Result<Option<String>, Error> {
        // No candidate comes in by this door, whatever the caller checked.
        if !is_bounded(sdp) {
            return Err(Error::Other("a description beyond its bounds".to_owned()));
        }
        let sdp = without_candidates(sdp);
        self.clear.describe(&sdp);
        let answer = match kind {
            DescriptionKind::Answer => {
                self.connection.set_remote_description(RTCSessionDescription::answer(sdp)?).await?;
                None
            }
            DescriptionKind::Offer => {
                self.connection.set_remote_description(RTCSessionDescription::offer(sdp)?).await?;
                let answer = self.connection.create_answer(None).await?;
                let sdp = without_candidates(&answer.sdp);
                self.connection.set_local_description(answer).await?;
                Some(sdp)
            }
        };
        let parameters = self.sender.get_parameters().await?;
        if let Some(codec) = parameters.rtp_parameters.codecs.first() {
            self.payload_type = codec.payload_type;
        }
        Ok(answer)
    }

    /// Adds a remote candidate. ICE over TCP is not supported, so those are passed over.
    pub(super) async fn add_candidate(&self, candidate: &Candidate) -> Result<(), Error> {
        if candidate.tcp {
            return Ok(());
        }
        let init = RTCIceCandidateInit { candidate: candidate_attribute(candidate), ..Default::default() };
        self.connection.add_ice_candidate(init).await
    }

    /// Sends a frame as the next RTP packet, and the copy of an earlier one if the other side wants copies. Waits for the
    /// library's queue. Returns how many packets it were: none if the frame was called back.
    pub(super) async fn write(&mut self, frame: AudioFrame, now_us: u64) -> Result<u64, Error> {
        let Some((packet, copy)) = self.lane.send(frame, now_us) else { return Ok(0) };
        self.put(packet).await?;
        match copy {
            Some(copy) => self.put(copy).await.map(|()| 2),
            None => Ok(1),
        }
    }

    async fn put(&self, packet: Outgoing) -> Result<(), Error> {
        let Outgoing { sequence, timestamp, marker, payload } = packet;
        let header = rtp::Header {
            version: 2,
            marker,
            payload_type: self.payload_type,
            sequence_number: sequence,
            timestamp,
            ssrc: self.ssrc,
            ..Default::default()
        };
        self.track.write_rtp(rtp::Packet { header, payload }).await
    }

    /// The next that the other side says of our sound; never, once the connection is gone. Cancel safe.
    pub(super) async fn told(&mut self) -> Feedback {
        let Some(first) = self.told.recv().await else { return std::future::pending().await };
        let mut feedback = Feedback::default();
        let mut packet = Some(first);
        while let Some(bytes) = packet {
            if !feedback.read(&bytes, self.ssrc) {
                tracing::trace!("RTCP that says nothing of our sound");
            }
            packet = self.told.try_recv().ok();
        }
        feedback
    }

    /// Answers feedback: what was asked for goes out again. Returns how many packets it were.
    pub(super) async fn answer(&mut self, feedback: &Feedback, now_us: u64) -> Result<u64, Error> {
        if let Some(report) = feedback.report {
            self.lane.copy_after(report.copies_after);
            self.path.alive().told(report, super::gate::now());
        }
        let mut sent = 0;
        for packet in self.lane.again(&feedback.asked, now_us) {
            self.put(packet).await?;
            sent += 1;
        }
        Ok(sent)
    }

    /// A packet of this source came.
    pub(super) fn heard(&mut self, source: u32) {
        self.theirs = Some(source);
    }

    /// Tells the other side what we have to say of its sound.
    pub(super) async fn tell(&self, feedback: &Feedback) -> Result<(), Error> {
        let Some(theirs) = self.theirs else { return Ok(()) };
        let packets = feedback.packets(self.ssrc, theirs).into_iter();
        let packets: Vec<Box<dyn rtcp::Packet>> = packets.map(|bytes| Box::new(RawPacket(bytes)) as _).collect();
        self.track.write_rtcp(packets).await
    }

    /// Sends on `ctl`; fails when 64 messages are under way.
    pub(super) async fn send_ctl(&self, message: &[u8]) -> Result<(), Error> {
        self.ctl.try_send(BytesMut::from(message)).await
    }

    /// Has the library's driver take notice of what was just applied or added.
    pub(super) fn wake(&self) {
        self.alarm.ring();
    }

    /// Frees everything.
    pub(super) async fn close(&self) {
        if self.connection.close().await.is_err() {
            tracing::debug!("closing a peer connection failed");
        }
    }
}
