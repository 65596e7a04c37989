//! The other side of a link as a hostile contact: it knows all keys, and its media and data are what a test wants.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ::webrtc::data_channel::{DataChannel, DataChannelEvent, RTCDataChannelInit};
use ::webrtc::media_stream::track_local::TrackLocal;
use ::webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use ::webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCIceCandidate,
    RTCIceCandidateInit, RTCPeerConnectionIceEvent, RTCSessionDescription, Registry, SettingEngineBuilder,
};
use ::webrtc::runtime::TokioRuntime;
use ahoy_media::simple_webrtc::engine::{Candidate, CandidateKind, DescriptionKind, LinkEvent, Role};
use rtc::ice::mdns::MulticastDnsMode;
use rtc::interceptor::{AttributedPacket, Interceptor, Packet, Slot, StreamInfo, TaggedPacket};
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::media_engine::MIME_TYPE_OPUS;
use rtc::peer_connection::configuration::setting_engine::SctpMaxMessageSize;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind,
};
use rtc::sansio::Protocol;
use rtc::{rtp, shared};
use tokio::sync::mpsc;

use crate::pair::{Side, within};

/// The source of its media, as its description says.
pub(crate) const SSRC: u32 = 0x0bad_cafe;
/// What its description calls Opus.
pub(crate) const OPUS: u8 = 111;

/// What goes out in place of the packets that the library made.
type Script = Arc<Mutex<VecDeque<Packet>>>;

/// Lets out what the script says, right before encryption.
struct Forger {
    script: Script,
    inward: VecDeque<TaggedPacket>,
    outward: VecDeque<TaggedPacket>,
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for Forger {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = shared::error::Error;
    type Time = Instant;

    fn handle_read(&mut self, packet: TaggedPacket) -> Result<(), Self::Error> {
        self.inward.push_back(packet);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.inward.pop_front()
    }

    fn handle_write(&mut self, packet: TaggedPacket) -> Result<(), Self::Error> {
        for forged in self.script.lock().unwrap().drain(..) {
            let (now, transport) = (packet.now, packet.transport);
            self.outward.push_back(TaggedPacket { now, transport, message: AttributedPacket::new(forged) });
        }
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.outward.pop_front()
    }
}

impl Interceptor for Forger {
    fn bind_local_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _info: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _info: &StreamInfo) {}
}

struct Candidates(mpsc::Sender<RTCIceCandidate>);

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Candidates {
    async fn on_ice_candidate(&self, event: RTCPeerConnectionIceEvent) {
        self.0.send(event.candidate).await.expect("the test lives");
    }
}

/// A header of its media.
pub(crate) fn header(sequence_number: u16, timestamp: u32) -> rtp::Header {
    rtp::Header { version: 2, payload_type: OPUS, sequence_number, timestamp, ssrc: SSRC, ..Default::default() }
}

/// A packet of its media.
pub(crate) fn media(header: rtp::Header, payload: &[u8]) -> Packet {
    Packet::Rtp(rtp::Packet { header, payload: payload.to_vec().into() })
}

/// The hostile contact.
pub(crate) struct Hostile {
    pub(crate) connection: Arc<dyn PeerConnection>,
    track: Arc<TrackLocalStaticRTP>,
    pub(crate) ctl: Arc<dyn DataChannel>,
    script: Script,
    candidates: mpsc::Receiver<RTCIceCandidate>,
}

fn opus() -> RTCRtpCodec {
    let mime_type = MIME_TYPE_OPUS.to_owned();
    RTCRtpCodec { mime_type, clock_rate: 48_000, channels: 2, ..Default::default() }
}

impl Hostile {
    pub(crate) async fn new() -> Self {
        let script = Script::default();
        let mut engine = MediaEngine::default();
        let codec = RTCRtpCodecParameters { rtp_codec: opus(), payload_type: OPUS };
        engine.register_codec(codec, RtpCodecKind::Audio).expect("Opus");
        let forger = Forger { script: script.clone(), inward: VecDeque::new(), outward: VecDeque::new() };
        let now = Some(Duration::ZERO);
        let settings = SettingEngineBuilder::new()
            .with_ice_connection_attempts(Some(Duration::from_millis(5)), Some(2_000))
            .with_host_acceptance_min_wait(now)
            .with_prflx_acceptance_min_wait(now)
            .with_multicast_dns_mode(MulticastDnsMode::Disabled)
            .with_include_loopback_candidate(true)
            .with_sctp_max_message_size(SctpMaxMessageSize::Bounded(64 * 1024 * 1024))
            .build();
        let (tell, candidates) = mpsc::channel(64);
        let building = PeerConnectionBuilder::new()
            .with_setting_engine(settings)
            .with_media_engine(engine)
            .with_interceptor_registry(Registry::new().with(Slot::from(1), forger))
            .with_runtime(Arc::new(TokioRuntime))
            .with_handler(Arc::new(Candidates(tell)))
            .with_udp_addrs(vec!["127.0.0.1:0".parse::<SocketAddr>().expect("an address")])
            .build();
        let connection: Arc<dyn PeerConnection> = Arc::new(Box::pin(building).await.expect("a peer connection"));
        let coding = RTCRtpCodingParameters { ssrc: Some(SSRC), ..Default::default() };
        let encoding = RTCRtpEncodingParameters { rtp_coding_parameters: coding, codec: opus(), ..Default::default() };
        let name = || "audio".to_owned();
        let track = MediaStreamTrack::new(name(), name(), name(), RtpCodecKind::Audio, vec![encoding]);
        let track = Arc::new(TrackLocalStaticRTP::new(track));
        connection.add_track(track.clone()).await.expect("a track");
        let negotiated = RTCDataChannelInit { ordered: true, negotiated: Some(0), ..Default::default() };
        let ctl = connection.create_data_channel("ctl", Some(negotiated)).await.expect("ctl");
        Self { connection, track, ctl, script, candidates }
    }

    /// Its offer.
    pub(crate) async fn offer(&self) -> String {
        let offer = self.connection.create_offer(None).await.expect("an offer");
        let sdp = offer.sdp.clone();
        self.connection.set_local_description(offer).await.expect("our own offer");
        sdp
    }

    /// Calls link `n` of `side`, which answers, and waits until `ctl` is open on both sides.
    pub(crate) async fn call(&mut self, side: &mut Side, n: u64) {
        side.open(n, Role::Answerer);
        let link = side.link(n);
        side.engine.apply(link, DescriptionKind::Offer, 0, self.offer().await).expect("an offer");
        let mut open = (false, false);
        let both = async {
            while open != (true, true) {
                tokio::select! {
                    candidate = self.candidates.recv() => {
                        let found = candidate.expect("the peer lives");
                        let ip: IpAddr = found.address.parse().expect("an address");
                        let (kind, port, priority) = (CandidateKind::Host, found.port, found.priority);
                        let candidate = Candidate { kind, tcp: false, ip, port, priority };
                        side.engine.add_candidate(link, 0, candidate).expect("a candidate");
                    }
                    event = self.ctl.poll() => open.0 |= matches!(event, Some(DataChannelEvent::OnOpen)),
                    (of, event) = side.event() => {
                        open.1 |= of == link && event == LinkEvent::CtlOpen;
                        self.take(&event).await;
                    }
                }
            }
        };
        within("the hostile call", both).await;
    }

    async fn take(&self, event: &LinkEvent) {
        if let LinkEvent::Description { sdp, .. } = event {
            // It sends longer messages than we say that we take.
            let sdp = sdp.replace("a=max-message-size:1024", "a=max-message-size:67108864");
            let answer = RTCSessionDescription::answer(sdp).expect("an answer");
            self.connection.set_remote_description(answer).await.expect("an answer");
        }
        if let LinkEvent::Candidate { candidate: Candidate { ip, port, priority, .. }, .. } = event {
            let candidate = format!("1 1 udp {priority} {ip} {port} typ host");
            let init = RTCIceCandidateInit { candidate, ..Default::default() };
            self.connection.add_ice_candidate(init).await.expect("a candidate");
        }
    }

    /// Sends these, encrypted as they should be.
    pub(crate) async fn send(&self, packets: impl IntoIterator<Item = Packet>) {
        self.script.lock().unwrap().extend(packets);
        let carrier = rtp::Packet { header: header(0, 0), payload: vec![0].into() };
        self.track.write_rtp(carrier).await.expect("a live driver");
        let sent = async {
            while !self.script.lock().unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        within("the driver of the hostile peer", sent).await;
    }

    pub(crate) async fn close(&self) {
        self.connection.close().await.expect("closed");
    }
}
