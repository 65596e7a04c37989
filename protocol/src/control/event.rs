//! What frontends are told.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::audio::{AudioDevice, SoundTest};
use super::calls::{MediaState, RosterEntry};
use super::cause::EndCause;
use super::contact::{AttemptInfo, PresenceState, RequestEnd};
use super::devices::LinkingState;
use super::hand_off::HandOffState;
use super::history::PlaybackEnd;
use super::pipeline::{PipelineChanged, PipelineRun};
use super::recording::{RecordingAnswered, RecordingRequested, RecordingStarted, RecordingStopped};
use super::reply::Snapshot;
use super::state::{CallState, Direction};

/// What limits the sound between us and a participant, as far as it can be told apart from one end. A way is bad from 5 %
/// of packets lost (before repair) or 80 ms in queues, in the mean of two seconds, until 3 % and 40 ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QualityCause {
    /// Nothing.
    None,
    /// The way out is bad to everybody, or less is sent so that it fits: our connection. Between two it may be
    /// their way in.
    MyUplink,
    /// What this one sends comes badly, what others send doesn't. Between two it may be our way in.
    TheirUplink,
    /// Both directions are bad; or one, and only between us and this one; or what comes from everybody.
    Path,
    /// This machine is too busy: in the last three seconds the audio thread came too late by 60 ms in all, not counting
    /// 20 ms each time.
    Cpu,
}

/// Which client changed our own mute, if a client did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MuteSource {
    /// The `client` of its hello.
    pub client: String,
}

/// How grave a warning is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Good to know.
    Info,
    /// Something doesn't work as it should.
    Warning,
}

/// An event with its place in the stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// Rises by one an event.
    pub seq: u64,
    /// When, Unix ms.
    pub at_ms: u64,
    /// What; its fields stand beside these two.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened. `call`, `account` and `device` are text ids.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EventKind {
    /// The whole state; first line of a subscription.
    Snapshot(Box<Snapshot>),
    /// Somebody calls.
    IncomingCall {
        /// Call.
        call: String,
        /// Who.
        from: RosterEntry,
        /// Media offered.
        media: Vec<String>,
        /// The caller's messenger's word for the conversation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        context: Option<String>,
        /// The device of our own account that is in this call and asks us to take it over. Who declines leaves it there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        handed_off_from: Option<String>,
    },
    /// How it goes with a call of ours that another device of our account was asked to take over (`call.hand_off`).
    HandOff {
        /// Call.
        call: String,
        /// The other device.
        device: String,
        /// How far it is.
        state: HandOffState,
        /// Of `failed`: why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// Of `failed`: what was tried, for people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
    /// A call changed its state.
    CallState {
        /// Call.
        call: String,
        /// New state.
        state: CallState,
        /// Direction.
        direction: Direction,
        /// Why it ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// What lies behind it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<EndCause>,
        /// The device that ended it, if another one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<String>,
        /// The client that asked for it, if one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client: Option<String>,
        /// The call of the same people that goes on in its place: both had called each other, a lost participant has
        /// called again, a daemon that was killed in the call goes on with it, or the other side has moved it to another
        /// device of its own. Commands that name the ended call mean this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        continues_as: Option<String>,
    },
    /// Both sides ended a call at the same moment, and the word of the side that offered it counts, at both: what was
    /// told of its end is replaced by this, also in `call.list` and in the history.
    EndAmended {
        /// Call.
        call: String,
        /// Why it ended.
        reason: String,
        /// What lies behind it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<EndCause>,
        /// The device that ended it, if another one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<String>,
        /// It had been accepted, as both sides have it.
        accepted: bool,
    },
    /// Media flows with a participant.
    ParticipantJoined {
        /// Call.
        call: String,
        /// Who.
        account: String,
        /// Device.
        device: String,
    },
    /// A participant is gone.
    ParticipantLeft {
        /// Call.
        call: String,
        /// Who.
        account: String,
        /// Device.
        device: String,
        /// Why.
        reason: String,
        /// We have ended the call, or found it over: the participant has said nothing of that kind.
        #[serde(default)]
        by_us: bool,
    },
    /// A participant's media state changed (or ours: `device` is our own).
    ParticipantState {
        /// Call.
        call: String,
        /// Who.
        account: String,
        /// Device.
        device: String,
        /// State.
        #[serde(flatten)]
        state: MediaState,
        /// The client that asked for it, if it is ours and one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client: Option<String>,
    },
    /// Somebody in a call wants to record us. Nothing of us is written before `record.accept`.
    RecordingRequested(RecordingRequested),
    /// Somebody may be recorded, or not, or no longer; or it is us who said so.
    RecordingAnswered(RecordingAnswered),
    /// A device records the call.
    RecordingStarted(RecordingStarted),
    /// A device no longer records the call.
    RecordingStopped(RecordingStopped),
    /// The microphone (or what stands for it) was opened.
    SourceStarted {
        /// Monotonic microseconds of sample 0.
        at_us: u64,
    },
    /// Playback began.
    SinkStarted {
        /// Monotonic microseconds of sample 0.
        at_us: u64,
    },
    /// A microphone or speaker was plugged in. Told while a client is connected, within some seconds. Where a sound server has
    /// devices, a card is told as the server's, and as ALSA's only if a device of ALSA is chosen.
    DeviceAdded(AudioDevice),
    /// A microphone or speaker is gone, whether it was used or not. Told as `device_added`.
    DeviceRemoved(AudioDevice),
    /// A device we used is gone or failed.
    DeviceLost {
        /// `input`, `output` or `ringtone`.
        direction: String,
        /// What is wrong.
        detail: String,
    },
    /// A device that was lost is in use again, the system's default is another one now, or another one was chosen.
    DeviceChanged {
        /// `input`, `output` or `ringtone`.
        direction: String,
        /// How long it was away, or what changed.
        detail: String,
    },
    /// Somebody talks into our microphone while it is muted, or no longer: a hint for who forgot. Found on this device; nothing
    /// of it leaves.
    MutedTalking {
        /// Begins; else it is over, 3 s after the last word or with unmuting.
        talking: bool,
    },
    /// Somebody talks, or no longer. Heard on this device, looked at every 200 ms.
    Speaking {
        /// Call; absent: who sits here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<String>,
        /// Who; absent: who sits here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
        /// Device; absent: our own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<String>,
        /// Begins; else it is over, 3 s after the last word.
        speaking: bool,
    },
    /// How a trial of microphone and speaker goes (`device.audio.test`).
    SoundTest(SoundTest),
    /// Another pipeline is set, or none (`pipeline.set`).
    PipelineChanged(PipelineChanged),
    /// How a run of a pipeline over a file goes (`pipeline.run`).
    PipelineRun(PipelineRun),
    /// Something else limits the sound between us and a participant from now on. `call.stats` has it as `limited_by`.
    Quality {
        /// Call.
        call: String,
        /// Whose.
        account: String,
        /// Its device.
        device: String,
        /// What; `none`: nothing any more.
        cause: QualityCause,
    },
    /// A call was missed.
    MissedCall {
        /// Call.
        call: String,
        /// Who.
        account: String,
        /// When it was offered, Unix ms.
        started_at_ms: u64,
    },
    /// Somebody left a message after a call that was not answered here.
    Voicemail {
        /// Call.
        call: String,
        /// Who.
        account: String,
        /// How long it is, ms.
        duration_ms: u32,
    },
    /// A message that was played through the speaker (`history.play`) is over.
    PlaybackEnded {
        /// The call after which it was left.
        call: String,
        /// Why.
        reason: PlaybackEnd,
        /// How much of it was played, ms.
        played_ms: u32,
    },
    /// A message of ours is at a device of the contact.
    VoicemailDelivered {
        /// Call.
        call: String,
        /// Whose device.
        account: String,
    },
    /// All calls of the past were forgotten.
    HistoryCleared {
        /// The client that asked for it.
        client: String,
    },
    /// A contact was added, changed or removed, or its presence is new.
    ContactChanged {
        /// Who.
        account: String,
    },
    /// Somebody who holds our card asks to be a contact. Until it is accepted it is a stranger, and learns nothing.
    ContactRequest {
        /// Account id.
        account: String,
        /// The name in its card: its own claim.
        name: String,
        /// A sentence of theirs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        greeting: Option<String>,
    },
    /// A contact request was decided about.
    RequestClosed {
        /// Account id.
        account: String,
        /// How.
        outcome: RequestEnd,
        /// The client that did it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client: Option<String>,
    },
    /// Somebody whose messages we don't take tried to call, or to become a contact; it learns nothing of that. Told at
    /// most six times a minute: `contact.attempts` has them all.
    BlockedAttempt {
        /// What of this account was turned away so far.
        #[serde(flatten)]
        attempt: AttemptInfo,
    },
    /// What a contact is doing (`account` is our own: what we are).
    Presence {
        /// Account id.
        account: String,
        /// None: it isn't known any more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        state: Option<PresenceState>,
        /// The client that said so, if it is ours.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client: Option<String>,
    },
    /// The devices of our account are others than before.
    DevicesChanged {
        /// Those that count now.
        devices: Vec<String>,
    },
    /// A setting was changed; `config.get` has its value where that is in use now.
    ConfigChanged {
        /// Which, as in config.toml.
        key: String,
        /// The client that changed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client: Option<String>,
    },
    /// A device is being linked, here or to us.
    Linking {
        /// How far it is.
        state: LinkingState,
        /// The other device.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<String>,
        /// Of `compare`: the letters and digits of this device; absent when the other one begins anew.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        letters: Option<String>,
        /// Of `done`: the account.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
        /// Of `failed`: what happened and what to do.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The client was too slow; a snapshot follows.
    Lagged {
        /// How many events it missed.
        missed: u64,
    },
    /// Something people should know.
    Warning {
        /// A stable word.
        about: String,
        /// What to do.
        hint: String,
    },
}
