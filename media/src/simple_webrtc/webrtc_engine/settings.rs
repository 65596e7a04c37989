//! How every peer connection is set up; the traps of webrtc 0.21.1 and the way round each.

use ::webrtc::error::Error;
use ::webrtc::peer_connection::{
    CipherSuiteId, MediaEngine, RTCConfiguration, RTCConfigurationBuilder, RTCIceServer, RTCIceTransportPolicy,
    Registry, SettingEngine, SettingEngineBuilder, SrtpProtectionProfile,
};
use rtc::ice::mdns::MulticastDnsMode;
use rtc::interceptor::{ReceiverReportBuilder, SenderReportBuilder, Slot};
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::media_engine::MIME_TYPE_OPUS;
use rtc::peer_connection::configuration::setting_engine::SctpMaxMessageSize;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind,
};

use super::reports::Reports;
use crate::limits::{
    CTL_MESSAGE_BYTES, ICE_CHECK_INTERVAL, ICE_CHECKS_A_PAIR, ICE_DISCONNECTED, ICE_FAILED, ICE_KEEPALIVE,
    RTCP_INTERVAL, SCTP_RECEIVE_BYTES,
};
use crate::simple_webrtc::engine::{IcePolicy, IceServer};

/// Payload type that libwebrtc and everybody after it gives Opus; an answer follows the offer's anyway.
pub(super) const OPUS_PAYLOAD_TYPE: u8 = 111;

/// Times, ciphers and bounds.
pub(super) fn setting_engine(loopback: bool) -> SettingEngine {
    let at_once = Some(std::time::Duration::ZERO);
    let message = u32::try_from(CTL_MESSAGE_BYTES).unwrap_or(u32::MAX);
    SettingEngineBuilder::new()
        .with_ice_connection_attempts(Some(ICE_CHECK_INTERVAL), Some(ICE_CHECKS_A_PAIR))
        .with_ice_timeouts(Some(ICE_DISCONNECTED), Some(ICE_FAILED), Some(ICE_KEEPALIVE))
        // Waiting for a better pair costs more than it wins: 0.5 to 2 s by default.
        .with_host_acceptance_min_wait(at_once)
        .with_srflx_acceptance_min_wait(at_once)
        .with_prflx_acceptance_min_wait(at_once)
        .with_relay_acceptance_min_wait(at_once)
        .with_multicast_dns_mode(MulticastDnsMode::Disabled)
        .with_include_loopback_candidate(loopback)
        // Authenticated encryption only: no CBC in DTLS, no separate HMAC in SRTP.
        .with_dtls_cipher_suites(vec![
            CipherSuiteId::Tls_Ecdhe_Ecdsa_With_Aes_128_Gcm_Sha256,
            CipherSuiteId::Tls_Ecdhe_Ecdsa_With_ChaCha20_Poly1305_Sha256,
        ])
        .with_srtp_protection_profiles(vec![
            SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
            SrtpProtectionProfile::Srtp_Aead_Aes_256_Gcm,
        ])
        .with_sctp_max_message_size(SctpMaxMessageSize::Bounded(message))
        .with_sctp_max_receive_buffer_size(SCTP_RECEIVE_BYTES)
        .build()
}

/// Opus and nothing else (RFC 7587: always 48 kHz and two channels in SDP). We take sound of two channels, and send it in music
/// mode (section 7). What the other side prefers isn't asked: whoever takes Opus takes both (section 6.1), and one encoding goes
/// to all.
pub(super) fn opus() -> RTCRtpCodec {
    RTCRtpCodec {
        mime_type: MIME_TYPE_OPUS.to_owned(),
        clock_rate: 48_000,
        channels: 2,
        sdp_fmtp_line: "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1".to_owned(),
        rtcp_feedback: vec![],
    }
}

/// Where [`Reports`] stand in the library's chain: behind everything of its own.
const REPORTS: Slot = Slot::Custom(20_000);

/// The codecs offered, RTCP sender and receiver reports, and who listens to what the other side says of our sound.
pub(super) fn media_engine(reports: Reports) -> Result<(MediaEngine, Registry), Error> {
    let mut engine = MediaEngine::default();
    let codec = RTCRtpCodecParameters { rtp_codec: opus(), payload_type: OPUS_PAYLOAD_TYPE };
    engine.register_codec(codec, RtpCodecKind::Audio)?;
    let registry = Registry::new()
        .with(Slot::ReceiverReport, ReceiverReportBuilder::new().with_interval(RTCP_INTERVAL).build())
        .with(Slot::SenderReport, SenderReportBuilder::new().with_interval(RTCP_INTERVAL).build())
        .with(REPORTS, reports);
    Ok((engine, registry))
}

/// Servers and policy; a hidden host address is left out where candidates are told.
pub(super) fn configuration(servers: &[IceServer], policy: IcePolicy) -> RTCConfiguration {
    let servers = servers.iter().map(|server| RTCIceServer {
        urls: server.urls.clone(),
        username: server.username.clone(),
        credential: server.credential.clone(),
    });
    let policy = match policy {
        IcePolicy::All | IcePolicy::NoHost => RTCIceTransportPolicy::All,
        IcePolicy::Relay => RTCIceTransportPolicy::Relay,
    };
    RTCConfigurationBuilder::new().with_ice_servers(servers.collect()).with_ice_transport_policy(policy).build()
}

/// The one track of a link. The names are the same on every link: they tell nothing of us.
pub(super) fn audio_track(ssrc: u32) -> MediaStreamTrack {
    MediaStreamTrack::new(
        "audio".to_owned(),
        "audio".to_owned(),
        "audio".to_owned(),
        RtpCodecKind::Audio,
        vec![RTCRtpEncodingParameters {
            rtp_coding_parameters: RTCRtpCodingParameters { ssrc: Some(ssrc), ..Default::default() },
            codec: opus(),
            ..Default::default()
        }],
    )
}
