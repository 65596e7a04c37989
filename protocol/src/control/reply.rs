//! What a frontend is answered.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::audio::{AudioDevicesReply, SelectedReply};
use super::calls::{CallInfo, LinkState};
use super::config::{ConfigReply, SetConfigReply};
use super::contact::{AttemptsReply, Contact, ContactRequestInfo, ContactRequestsReply, PresenceState, SafetyReply};
use super::counts::Counts;
use super::devices::{DevicesReply, LinkReply};
use super::event::QualityCause;
use super::hand_off::HandOffReply;
use super::history::{HistoryReply, VoicemailsReply};
use super::pipeline::{PipelineCheckReply, PipelineReply, PipelineRunReply};
use super::recording::RecordReply;

/// A successful answer. It stands in the line without a tag: the reader knows from its request which of these it gets.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Reply {
    /// `hello`.
    Hello(Box<HelloReply>),
    /// `subscribe`.
    Subscribed(SubscribedReply),
    /// `status`.
    Status(Box<Status>),
    /// `account.show`.
    Account(Box<AccountInfo>),
    /// `account.card`, `account.rotate`.
    Card(CardReply),
    /// `contact.list`.
    Contacts(ContactsReply),
    /// `contact.add`, `contact.request`, `contact.accept`, `contact.rename`, `contact.policy`.
    Contact(ContactReply),
    /// `contact.requests`.
    ContactRequests(ContactRequestsReply),
    /// `contact.attempts`.
    Attempts(AttemptsReply),
    /// `contact.verify`.
    Safety(SafetyReply),
    /// `call.offer`.
    Offered(OfferedReply),
    /// `call.hand_off`.
    HandOff(HandOffReply),
    /// `record.start`, `record.stop`.
    Record(RecordReply),
    /// `call.list`.
    Calls(CallsReply),
    /// `call.stats`.
    Stats(StatsReply),
    /// `history.list`.
    History(HistoryReply),
    /// `voicemail.list`.
    Voicemails(VoicemailsReply),
    /// `device.audio.list`.
    AudioDevices(AudioDevicesReply),
    /// `device.audio.select`.
    AudioSelected(SelectedReply),
    /// `pipeline.get`, `pipeline.set`.
    Pipeline(PipelineReply),
    /// `pipeline.check`.
    PipelineCheck(PipelineCheckReply),
    /// `pipeline.run`.
    PipelineRun(PipelineRunReply),
    /// `device.list`, `device.revoke`.
    Devices(DevicesReply),
    /// `device.link`.
    Link(LinkReply),
    /// `config.get`.
    Config(ConfigReply),
    /// `config.set`.
    ConfigSet(SetConfigReply),
    /// `rpc.discover`.
    Discovered(DiscoverReply),
    /// Everything else: done.
    Done(DoneReply),
}

/// `subscribe`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SubscribedReply {
    /// Sequence number of the newest event.
    pub seq: u64,
    /// State as of it; absent if `after` could be replayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Box<Snapshot>>,
}

/// `account.card`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CardReply {
    /// `ahoy:...`.
    pub card: String,
}

/// `contact.list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContactsReply {
    /// All, by name.
    pub contacts: Vec<Contact>,
}

/// `contact.add`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContactReply {
    /// The new one.
    pub contact: Contact,
}

/// `call.offer`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OfferedReply {
    /// The new call; or, if the contact's own call rings here, that one, which is answered by this.
    pub call: String,
    /// The call that was active until now: it is held from now on, and active again if nobody answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<String>,
}

/// `call.list`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CallsReply {
    /// First those that are not over; of both, the newest first, by the time they were offered.
    pub calls: Vec<CallInfo>,
}

/// `call.stats`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StatsReply {
    /// One a participant.
    pub participants: Vec<ParticipantStats>,
}

/// `rpc.discover`: an OpenRPC document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DiscoverReply {
    /// The version of OpenRPC.
    pub openrpc: String,
    /// The document's other fields.
    #[serde(flatten)]
    pub document: serde_json::Map<String, serde_json::Value>,
}

/// Done.
#[derive(Clone, Debug, PartialEq, Default, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DoneReply {
    /// The call it was done to, if it was done to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
}

/// Who we talk to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HelloReply {
    /// Interface version.
    pub api: String,
    /// Daemon version.
    pub version: String,
    /// Optional abilities of this daemon.
    pub features: Vec<String>,
    /// Our account.
    pub account: String,
    /// Our device.
    pub device: String,
    /// Longest line, bytes.
    pub max_line_bytes: usize,
    /// Events kept for a slow client.
    pub event_queue: usize,
}

/// How the daemon is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    /// Daemon version.
    pub version: String,
    /// Interface version.
    pub api: String,
    /// Our account.
    pub account: String,
    /// Our device.
    pub device: String,
    /// The account has revoked this device: nothing is done in its name here any more.
    #[serde(default)]
    pub revoked: bool,
    /// What we are doing, as contacts may see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence: Option<PresenceState>,
    /// Calls don't ring here.
    #[serde(default)]
    pub do_not_disturb: bool,
    /// Our microphone is muted.
    #[serde(default)]
    pub muted: bool,
    /// We record a call.
    #[serde(default)]
    pub recording: bool,
    /// Somebody else records a call that we are in.
    #[serde(default)]
    pub recorded: bool,
    /// Connected peers.
    pub peers: usize,
    /// Calls that are not ended.
    pub calls: usize,
    /// Since the start, ms.
    pub uptime_ms: u64,
    /// What the daemon holds now.
    #[serde(default)]
    pub counts: Counts,
}

/// Who we are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountInfo {
    /// Our account.
    pub account: String,
    /// Our device.
    pub device: String,
    /// Our name in the card.
    pub name: String,
    /// The card, with the addresses we listen on.
    pub card: String,
    /// Where we listen.
    pub listen: Vec<String>,
}

/// Figures of a participant; null until they can be measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ParticipantStats {
    /// Call id.
    pub call: String,
    /// Account id.
    pub account: String,
    /// Device id.
    pub device: String,
    /// State of its link.
    pub state: LinkState,
    /// When the link came up, Unix ms.
    pub connected_at_ms: Option<u64>,
    /// `audio`, `video`, `data`.
    pub capabilities: Vec<String>,
    /// Round trip, ms.
    pub rtt_ms: Option<f64>,
    /// RTP packets sent.
    pub packets_sent: Option<u64>,
    /// RTP packets received.
    pub packets_received: Option<u64>,
    /// RTP packets that never came.
    pub packets_lost: Option<u64>,
    /// 0..1 of the packets expected.
    pub loss_rate: Option<f64>,
    /// Interarrival jitter (RFC 3550), ms.
    pub jitter_ms: Option<f64>,
    /// Sent, bits a second.
    pub bitrate_bps_out: Option<f64>,
    /// Received, bits a second.
    pub bitrate_bps_in: Option<f64>,
    /// What the encoder aims at, bits a second.
    pub target_bitrate_bps: Option<f64>,
    /// Sound waiting in the jitter buffer, ms.
    pub jitter_buffer_ms: Option<f64>,
    /// From arrival to playback, ms.
    pub playout_delay_ms: Option<f64>,
    /// Estimate from microphone there to speaker here, ms.
    pub mouth_to_ear_ms: Option<f64>,
    /// Sound that had to be made up, ms.
    pub concealed_ms: Option<f64>,
    /// Packets that were lost, and came in time when they were asked for.
    pub retransmitted: Option<u64>,
    /// Frames repaired by FEC.
    pub fec_recovered: Option<u64>,
    /// Packets that were lost, and whose copy came in time.
    pub copies_used: Option<u64>,
    /// What limits sound to and from there.
    pub limited_by: Option<QualityCause>,
    /// Codec, such as `opus/48000`.
    pub codec: Option<String>,
    /// The pair of addresses in use.
    pub candidate_pair: Option<CandidatePair>,
}

/// The pair of addresses media uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CandidatePair {
    /// Ours.
    pub local: String,
    /// Theirs.
    pub remote: String,
    /// `host`, `srflx`, `prflx` or `relay`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// The whole state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Snapshot {
    /// How the daemon is.
    pub status: Status,
    /// Calls that are not ended.
    pub calls: Vec<CallInfo>,
    /// All contacts.
    pub contacts: Vec<Contact>,
    /// Those who ask to be contacts, oldest first.
    #[serde(default)]
    pub requests: Vec<ContactRequestInfo>,
    /// What we are doing, as contacts may see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence: Option<PresenceState>,
    /// Our microphone is muted.
    pub muted: bool,
}
