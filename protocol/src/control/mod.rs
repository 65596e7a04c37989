//! What frontends see: requests, replies, events and errors of the control socket.
//!
//! JSON-RPC 2.0, one object a line. Ids are text: accounts in bech32m, devices as base58 peer ids,
//! calls as 32 hex digits. Times are Unix milliseconds unless the name says otherwise.

mod audio;
mod calls;
mod cause;
mod command;
mod config;
mod contact;
mod counts;
mod devices;
mod discover;
mod error;
mod event;
mod explain;
mod hand_off;
mod history;
mod home;
mod pipeline;
mod recording;
mod reply;
mod request;
mod state;

pub use audio::{
    AudioDevice, AudioDevicesReply, PlayedSound, SelectAudioParams, SelectedReply, SoundFinding, SoundPriority,
    SoundTest, SoundTestState, SoundVerdict, TestAudioParams,
};
pub use calls::{CallInfo, LinkState, MediaState, ParticipantInfo, RosterEntry};
pub use cause::EndCause;
pub use command::{AccountCommand, CallCommand, ContactCommand, Unproven};
pub use config::{ConfigReply, SetConfigParams, SetConfigReply, Setting};
pub use contact::{
    AcceptContactParams, AttemptInfo, AttemptKind, AttemptsReply, Contact, ContactRequestInfo, ContactRequestsReply,
    PolicyInfo, PolicyParams, PresenceParams, PresenceState, RenameContactParams, RequestContactParams, RequestEnd,
    RotateParams, SafetyReply, StrangerParams, TokenName, VerifyContactParams,
};
pub use counts::{Counts, TaskCount, TaskCounts};
pub use devices::{
    ConfirmParams, DeviceCommand, DeviceInfo, DeviceParams, DevicesReply, LinkParams, LinkReply, LinkingState, SetKnown,
};
pub use discover::openrpc;
pub use error::{ControlError, ErrorKind};
pub use event::{Event, EventKind, Level, MuteSource, QualityCause};
pub use explain::{END_CAUSES, END_REASONS, EndReason, Explanation, Fault, end_reason};
pub use hand_off::{HandOffParams, HandOffReply, HandOffState};
pub use history::{HistoryCall, HistoryParams, HistoryReply, PlayParams, PlaybackEnd, VoicemailInfo, VoicemailsReply};
pub use home::{Env, HomePaths, SOCKET_NAME};
pub use pipeline::{
    CheckPipelineParams, PipelineChanged, PipelineCheckReply, PipelineLevel, PipelineParams, PipelineProblem,
    PipelineReply, PipelineRun, PipelineRunReply, PipelineRunState, PipelineScope, RunPipelineParams,
    SetPipelineParams,
};
pub use recording::{
    Consent, RecordCommand, RecordParams, RecordPolicy, RecordReply, RecordingAnswered, RecordingRequested,
    RecordingStarted, RecordingStopped,
};
pub use reply::{
    AccountInfo, CallsReply, CandidatePair, CardReply, ContactReply, ContactsReply, DiscoverReply, DoneReply,
    HelloReply, OfferedReply, ParticipantStats, Reply, Snapshot, StatsReply, Status, SubscribedReply,
};
pub use request::{
    AcceptParams, AddContactParams, CardParams, ContactParams, HelloParams, InCall, NoParams, OfferParams, PushParams,
    Request, Scope, SubscribeParams, WhoseCall,
};
pub use state::{CallState, Direction};

/// The version of this interface: major.minor; minor versions only add.
pub const API_VERSION: &str = "1.0";
