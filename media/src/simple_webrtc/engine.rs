//! The trait that every engine implements, and the values it speaks in.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::feedback::{Feedback, WayReport};
use super::permit::Permit;
use crate::tasks::Tasks;

/// One media connection attempt; chosen by the caller, never reused in a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkId(pub u64);

/// Whether host and reflexive candidates are gathered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IcePolicy {
    /// All candidates.
    All,
    /// No host candidates.
    NoHost,
    /// Relay only.
    Relay,
}

/// Who writes the first description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// We do: a `Description` event follows `open`.
    Offerer,
    /// The other side does: `apply` comes first.
    Answerer,
}

/// Offer or answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DescriptionKind {
    /// The offer.
    Offer,
    /// The answer.
    Answer,
}

/// Kind of a candidate (RFC 8445 section 5.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CandidateKind {
    /// An address of an interface.
    Host,
    /// Seen by a STUN server.
    ServerReflexive,
    /// Seen by the peer.
    PeerReflexive,
    /// Allocated on a TURN server.
    Relay,
}

/// A typed candidate; UDP unless `tcp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Candidate {
    /// Kind.
    pub kind: CandidateKind,
    /// ICE-TCP.
    pub tcp: bool,
    /// Address.
    pub ip: IpAddr,
    /// Port.
    pub port: u16,
    /// RFC 8445 priority.
    pub priority: u32,
}

/// A STUN or TURN server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IceServer {
    /// `stun:` and `turn:` urls.
    pub urls: Vec<String>,
    /// TURN user.
    pub username: String,
    /// TURN password.
    pub credential: String,
}

/// A received RTP packet of the audio track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioPacket {
    /// RTP sequence number.
    pub sequence: u16,
    /// RTP timestamp, 48 kHz.
    pub timestamp: u32,
    /// Marker bit.
    pub marker: bool,
    /// One Opus packet.
    pub payload: Bytes,
    /// When it arrived.
    pub arrived: std::time::Instant,
}

/// Where the received audio packets of a link go. Called on the link's task: must not block.
pub trait PacketSink: Send {
    /// One packet, as it came from the wire: perhaps late, doubled or out of order.
    fn packet(&mut self, packet: AudioPacket);
    /// What is to be told to the sender now, if anything; asked after each packet, and when it is due. `round_trip`: of the
    /// link, if known.
    fn feedback(&mut self, now: std::time::Instant, round_trip: Option<std::time::Duration>) -> Option<Feedback> {
        let (_now, _round_trip) = (now, round_trip);
        None
    }
    /// When something is to be told though no packet comes.
    fn due(&self) -> Option<std::time::Instant> {
        None
    }
    /// The other side tells how the way to it looks.
    fn told(&mut self, report: WayReport) {
        let _report = report;
    }
}

/// An encoded frame to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioFrame {
    /// One Opus packet.
    pub payload: Bytes,
    /// Its place on the source's timeline, in samples at 48 kHz (becomes the RTP timestamp).
    pub timestamp: u32,
    /// Set on the first frame after a pause.
    pub marker: bool,
    /// It leaves, or leaves again, only while this holds.
    pub permit: Permit,
}

/// Everything needed to make a link.
pub struct LinkSpec {
    /// Its name.
    pub link: LinkId,
    /// Who writes the first description.
    pub role: Role,
    /// Which candidates are gathered.
    pub policy: IcePolicy,
    /// STUN and TURN servers.
    pub servers: Vec<IceServer>,
    /// Local addresses to bind (never a wildcard).
    pub bind: Vec<IpAddr>,
    /// Takes the audio that comes in.
    pub audio: Box<dyn PacketSink>,
}

/// What happens to a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkEvent {
    /// A local description without candidate lines.
    Description {
        /// Offer or answer.
        kind: DescriptionKind,
        /// ICE generation, from 0.
        generation: u32,
        /// SDP.
        sdp: String,
    },
    /// A local candidate.
    Candidate {
        /// ICE generation.
        generation: u32,
        /// Candidate.
        candidate: Candidate,
    },
    /// Gathering is over.
    EndOfCandidates {
        /// ICE generation.
        generation: u32,
    },
    /// ICE and DTLS are up.
    Connected,
    /// No packet for 2 s.
    Interrupted,
    /// Packets again.
    Resumed,
    /// The data channel `ctl` (negotiated, id 0, ordered) is open.
    CtlOpen,
    /// A message on `ctl`.
    Ctl(Bytes),
    /// Over: nothing more comes from this link, everything it held is released.
    Closed(CloseReason),
}

/// Why a link is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// `close` was called.
    Local,
    /// The other side closed it.
    Remote,
    /// It failed; for people.
    Failed(String),
}

/// A call in a wrong state, or one that cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The link is not known (closed, or never opened).
    #[error("no such link")]
    NoSuchLink,
    /// The name was used before.
    #[error("a link of this name exists or existed")]
    LinkExists,
    /// The operation makes no sense in this state.
    #[error("{operation} is not possible while the link is {state}")]
    WrongState {
        /// What was asked.
        operation: &'static str,
        /// State of the link machine.
        state: &'static str,
    },
    /// The link's command queue is full.
    #[error("the link's queue is full")]
    QueueFull,
    /// A limit is reached.
    #[error("limit reached: {0}")]
    Limit(&'static str),
}

/// Figures of a link; none until measurable.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TransportStats {
    /// Round trip, ms.
    pub rtt_ms: Option<f64>,
    /// RTP packets sent.
    pub packets_sent: u64,
    /// RTP packets received.
    pub packets_received: u64,
    /// RTP payload bytes sent.
    pub bytes_sent: u64,
    /// RTP payload bytes received.
    pub bytes_received: u64,
    /// Frames that were given to `send_audio` and gave way to newer ones.
    pub frames_dropped: u64,
    /// Packets and messages that came and were refused: of strangers, out of place, broken.
    pub packets_refused: u64,
    /// Addresses in use: local, remote, and the kind of the local candidate.
    pub pair: Option<(SocketAddr, SocketAddr, CandidateKind)>,
}

/// Makes and drives links. Every method returns at once; what happens comes as events.
pub trait Engine: Send + Sync {
    /// Makes a link.
    ///
    /// # Errors
    /// [`EngineError::LinkExists`], [`EngineError::Limit`].
    fn open(&self, spec: LinkSpec) -> Result<(), EngineError>;
    /// Applies a remote description (checked at the door by the caller).
    ///
    /// # Errors
    /// [`EngineError::NoSuchLink`], [`EngineError::WrongState`], [`EngineError::QueueFull`].
    fn apply(&self, link: LinkId, kind: DescriptionKind, generation: u32, sdp: String) -> Result<(), EngineError>;
    /// Adds a remote candidate; kept if the remote description is not there yet.
    ///
    /// # Errors
    /// [`EngineError::NoSuchLink`], [`EngineError::QueueFull`], [`EngineError::Limit`].
    fn add_candidate(&self, link: LinkId, generation: u32, candidate: Candidate) -> Result<(), EngineError>;
    /// The other side has no more candidates.
    ///
    /// # Errors
    /// [`EngineError::NoSuchLink`], [`EngineError::QueueFull`].
    fn end_of_candidates(&self, link: LinkId, generation: u32) -> Result<(), EngineError>;
    /// Starts ICE anew (offerer only): a `Description` with this generation follows.
    ///
    /// # Errors
    /// [`EngineError::NoSuchLink`], [`EngineError::WrongState`], [`EngineError::QueueFull`].
    fn restart(&self, link: LinkId, generation: u32) -> Result<(), EngineError>;
    /// Sends an encoded frame. Never waits: the oldest unsent frame of the link gives way.
    ///
    /// # Errors
    /// [`EngineError::NoSuchLink`], [`EngineError::WrongState`] before it is connected.
    fn send_audio(&self, link: LinkId, frame: AudioFrame) -> Result<(), EngineError>;
    /// Sends on `ctl`, at most 1024 bytes.
    ///
    /// # Errors
    /// [`EngineError::NoSuchLink`], [`EngineError::WrongState`] before it is open, [`EngineError::QueueFull`].
    fn send_ctl(&self, link: LinkId, message: Bytes) -> Result<(), EngineError>;
    /// Figures of a link, as of the last second.
    ///
    /// # Errors
    /// [`EngineError::NoSuchLink`].
    fn stats(&self, link: LinkId) -> Result<TransportStats, EngineError>;
    /// Closes a link; `Closed(Local)` follows once everything is released. Closing twice is harmless.
    fn close(&self, link: LinkId);
    /// Number of links that are not fully released.
    fn open_links(&self) -> usize;
    /// The tasks of links.
    fn tasks(&self) -> Tasks;
}

/// Where an engine's events go: bounded; the engine waits on its own link task when it is full.
pub type Events = mpsc::Sender<(LinkId, LinkEvent)>;
