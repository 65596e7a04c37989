//! What the library's driver tells a link's task. Its callbacks run on the driver task, between two packets, so they
//! only push into a bounded queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ::webrtc::data_channel::DataChannel;
use ::webrtc::media_stream::track_remote::TrackRemote;
use ::webrtc::peer_connection::{
    PeerConnectionEventHandler, RTCIceCandidate, RTCIceConnectionState, RTCIceGatheringState,
    RTCPeerConnectionIceEvent, RTCPeerConnectionState,
};
use tokio::sync::mpsc;

use super::runtime::Alarm;
use crate::limits::SIGNALS_A_LINK;

/// Something happened in the library.
pub(super) enum Signal {
    /// A local candidate.
    Candidate(RTCIceCandidate),
    /// Gathering is over.
    Gathered,
    /// ICE changed its state; true: there is a way.
    Ice(bool),
    /// ICE and DTLS together changed their state.
    State(RTCPeerConnectionState),
    /// The first packet of a remote track came.
    Track(Arc<dyn TrackRemote>),
    /// The other side opened a data channel; `ctl` is negotiated and the only one, so this is a breach.
    ForeignChannel(Arc<dyn DataChannel>),
    /// The driver task is gone, by a panic or because its sockets are.
    DriverGone,
}

/// The sending end.
#[derive(Clone)]
pub(super) struct Signals {
    queue: mpsc::Sender<Signal>,
    overflow: Arc<AtomicBool>,
    alarm: Alarm,
}

impl Signals {
    /// A bounded queue, and whether it ever overflowed.
    pub(super) fn new() -> (Self, mpsc::Receiver<Signal>, Arc<AtomicBool>) {
        let (queue, receiver) = mpsc::channel(SIGNALS_A_LINK);
        let overflow = Arc::new(AtomicBool::new(false));
        (Self { queue, overflow: overflow.clone(), alarm: Alarm::default() }, receiver, overflow)
    }

    /// What cuts the driver's sleep short.
    pub(super) fn alarm(&self) -> Alarm {
        self.alarm.clone()
    }

    /// Never waits. A link that missed a signal is in an unknown state, so its task ends it.
    pub(super) fn push(&self, signal: Signal) {
        if self.queue.try_send(signal).is_err() {
            self.overflow.store(true, Ordering::Release);
        }
    }
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Signals {
    async fn on_ice_candidate(&self, event: RTCPeerConnectionIceEvent) {
        self.push(Signal::Candidate(event.candidate));
    }

    async fn on_ice_connection_state_change(&self, state: RTCIceConnectionState) {
        // A pair may have been chosen, and with it DTLS begun.
        self.alarm.ring();
        let way = matches!(state, RTCIceConnectionState::Connected | RTCIceConnectionState::Completed);
        self.push(Signal::Ice(way));
    }

    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            self.push(Signal::Gathered);
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        // SCTP begins when DTLS is through.
        self.alarm.ring();
        self.push(Signal::State(state));
    }

    async fn on_data_channel(&self, channel: Arc<dyn DataChannel>) {
        self.push(Signal::ForeignChannel(channel));
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        self.push(Signal::Track(track));
    }
}
