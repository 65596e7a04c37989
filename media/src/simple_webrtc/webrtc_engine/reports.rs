//! Listens along in the library's chain for what the other side says of our sound: RTCP stops there otherwise, as the
//! library acts on nothing that we use. It runs on the driver task, between two packets, so it only pushes into a bounded
//! queue; what finds no room is dropped, as the network might have done.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;
use rtc::interceptor::{Interceptor, Packet, StreamInfo, TaggedPacket};
use rtc::rtcp;
use rtc::rtcp::header::PacketType;
use rtc::sansio::Protocol;
use rtc::shared::error::Error;
use tokio::sync::mpsc;

use crate::limits::{REPORTS_A_DATAGRAM, REPORTS_A_LINK};

/// Passes everything on, and tells of feedback.
pub(super) struct Reports {
    told: mpsc::Sender<Bytes>,
    inbound: VecDeque<TaggedPacket>,
    outbound: VecDeque<TaggedPacket>,
}

impl Reports {
    /// One of these, and where it tells.
    pub(super) fn new() -> (Self, mpsc::Receiver<Bytes>) {
        let (told, reports) = mpsc::channel(REPORTS_A_LINK);
        (Self { told, inbound: VecDeque::new(), outbound: VecDeque::new() }, reports)
    }

    fn look(&self, packets: &[Box<dyn rtcp::Packet>]) {
        for packet in packets.iter().take(REPORTS_A_DATAGRAM) {
            let of_concern = matches!(
                packet.header().packet_type,
                PacketType::TransportSpecificFeedback | PacketType::ApplicationDefined
            );
            if of_concern
                && let Ok(bytes) = rtcp::packet::marshal(std::slice::from_ref(packet))
                && self.told.try_send(bytes.freeze()).is_err()
            {
                tracing::trace!("feedback was dropped: too much at once");
            }
        }
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for Reports {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        if let Packet::Rtcp(packets) = &packet.message.packet {
            self.look(packets);
        }
        self.inbound.push_back(packet);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.inbound.pop_front()
    }

    fn handle_write(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        self.outbound.push_back(packet);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.outbound.pop_front()
    }
}

impl Interceptor for Reports {
    fn bind_local_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _info: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _info: &StreamInfo) {}
}
