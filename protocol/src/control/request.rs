//! What a frontend can ask.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::audio::{SelectAudioParams, TestAudioParams};
use super::config::SetConfigParams;
use super::contact::{
    AcceptContactParams, PolicyParams, PresenceParams, RenameContactParams, RequestContactParams, RotateParams,
    StrangerParams, VerifyContactParams,
};
use super::hand_off::HandOffParams;
use super::history::{HistoryParams, PlayParams};
use super::pipeline::{CheckPipelineParams, PipelineParams, RunPipelineParams, SetPipelineParams};
use super::recording::RecordParams;

/// What a client may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// See state and events.
    Observe,
    /// Make and take calls.
    Call,
    /// Attach sound and pictures.
    Media,
    /// Change settings, contacts and the account; stop the daemon.
    Admin,
}

/// `hello`: comes first on every connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HelloParams {
    /// Who the client is, for people: at most 64 bytes.
    pub client: String,
    /// Interface version it speaks, such as `1.0`.
    pub api: String,
    /// What it wants to do; everything if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<Scope>>,
}

/// `call.offer`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferParams {
    /// Contacts: account ids, or names as `contact.list` shows them.
    pub to: Vec<String>,
    /// Media; only `audio` so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Vec<String>>,
    /// The messenger's own word for the conversation, at most 256 bytes; the callee's frontends see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
}

/// Names a call; where it is absent there must be exactly one it can mean.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WhoseCall {
    /// Call id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
}

/// What to do with the call that is active when another one is accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InCall {
    /// Hold it.
    #[default]
    Hold,
    /// End it.
    End,
    /// Refuse to accept.
    Refuse,
}

/// A request as it stands in a line: `{"method": .., "params": ..}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "method", content = "params")]
pub enum Request {
    /// Introduces the client.
    #[serde(rename = "hello")]
    Hello(HelloParams),
    /// Events from now on, or after a sequence number.
    #[serde(rename = "subscribe")]
    Subscribe(SubscribeParams),
    /// How the daemon is.
    #[serde(rename = "status")]
    Status(NoParams),
    /// Stop the daemon.
    #[serde(rename = "shutdown")]
    Shutdown(NoParams),
    /// This interface as an OpenRPC document.
    #[serde(rename = "rpc.discover")]
    Discover(NoParams),
    /// The configuration in force.
    #[serde(rename = "config.get")]
    ConfigGet(NoParams),
    /// Change a setting: it is written into config.toml, and used at once where that can be.
    #[serde(rename = "config.set")]
    ConfigSet(SetConfigParams),
    /// Account, device, card, listen addresses.
    #[serde(rename = "account.show")]
    AccountShow(NoParams),
    /// The contact card.
    #[serde(rename = "account.card")]
    AccountCard(CardParams),
    /// All contacts.
    #[serde(rename = "contact.list")]
    ContactList(NoParams),
    /// Add a contact by its card.
    #[serde(rename = "contact.add")]
    ContactAdd(AddContactParams),
    /// Remove a contact.
    #[serde(rename = "contact.remove")]
    ContactRemove(ContactParams),
    /// Send somebody our card, and make theirs a contact.
    #[serde(rename = "contact.request")]
    ContactRequest(RequestContactParams),
    /// Those who ask to be contacts.
    #[serde(rename = "contact.requests")]
    ContactRequests(NoParams),
    /// Make somebody who asks a contact.
    #[serde(rename = "contact.accept")]
    ContactAccept(AcceptContactParams),
    /// Turn somebody who asks away; they learn nothing of it.
    #[serde(rename = "contact.refuse")]
    ContactRefuse(StrangerParams),
    /// Take nothing of an account any more, contact or not; it learns nothing of it. A call with it ends, and what rings
    /// stops without a word.
    #[serde(rename = "contact.block")]
    ContactBlock(ContactParams),
    /// Take messages of an account again, as far as it is a contact.
    #[serde(rename = "contact.unblock")]
    ContactUnblock(ContactParams),
    /// What was turned away of strangers and blocked contacts, and who is blocked.
    #[serde(rename = "contact.attempts")]
    ContactAttempts(NoParams),
    /// Give a contact another name.
    #[serde(rename = "contact.rename")]
    ContactRename(RenameContactParams),
    /// What a contact may do.
    #[serde(rename = "contact.policy")]
    ContactPolicy(PolicyParams),
    /// The safety number that two people compare, and that they found it equal.
    #[serde(rename = "contact.verify")]
    ContactVerify(VerifyContactParams),
    /// Make one of our inboxes anew, so that whoever knows only the old one is locked out.
    #[serde(rename = "account.rotate")]
    AccountRotate(RotateParams),
    /// Ask what a contact is doing: on opening a conversation. The event `presence` has the answer.
    #[serde(rename = "presence.ask")]
    PresenceAsk(ContactParams),
    /// Say what we are doing.
    #[serde(rename = "presence.set")]
    PresenceSet(PresenceParams),
    /// Call somebody.
    #[serde(rename = "call.offer")]
    CallOffer(OfferParams),
    /// Accept a call.
    #[serde(rename = "call.accept")]
    CallAccept(AcceptParams),
    /// Decline a call.
    #[serde(rename = "call.decline")]
    CallDecline(WhoseCall),
    /// Hang up or cancel.
    #[serde(rename = "call.hang_up")]
    CallHangUp(WhoseCall),
    /// Hold the active call: nothing of our sound leaves, nothing of theirs is played.
    #[serde(rename = "call.hold")]
    CallHold(WhoseCall),
    /// Take a held call up again; the one that is active is held.
    #[serde(rename = "call.resume")]
    CallResume(WhoseCall),
    /// Ask another device of our account to take a call over; it goes on here until it works there.
    #[serde(rename = "call.hand_off")]
    CallHandOff(HandOffParams),
    /// Calls, ended ones of the last 10 minutes included.
    #[serde(rename = "call.list")]
    CallList(NoParams),
    /// Mute our microphone.
    #[serde(rename = "call.mute")]
    CallMute(WhoseCall),
    /// Unmute our microphone.
    #[serde(rename = "call.unmute")]
    CallUnmute(WhoseCall),
    /// A key was pressed or released that talks, or mutes, while it is held: for tools that watch the keyboard.
    #[serde(rename = "call.push_to_talk")]
    CallPushToTalk(PushParams),
    /// Record a call: everybody in it is told and asked, and whoever does not agree is not written down.
    #[serde(rename = "record.start")]
    RecordStart(RecordParams),
    /// End our recording.
    #[serde(rename = "record.stop")]
    RecordStop(NoParams),
    /// Agree to be recorded by who asks for it.
    #[serde(rename = "record.accept")]
    RecordAccept(WhoseCall),
    /// Do not agree to be recorded, or no longer: nothing more of us is written.
    #[serde(rename = "record.refuse")]
    RecordRefuse(WhoseCall),
    /// Figures of every participant.
    #[serde(rename = "call.stats")]
    CallStats(WhoseCall),
    /// Calls of the past, newest first.
    #[serde(rename = "history.list")]
    HistoryList(HistoryParams),
    /// Play a message that was left after a call that was not answered here. The answer comes when playback begins, the event
    /// `playback_ended` when it is over; `wrong_state` where there is no speaker.
    #[serde(rename = "history.play")]
    HistoryPlay(PlayParams),
    /// Messages that were left for us.
    #[serde(rename = "voicemail.list")]
    VoicemailList(NoParams),
    /// Record a message, of two minutes at most, for a call of ours that nobody answered; without `call`: the newest.
    #[serde(rename = "voicemail.record")]
    VoicemailRecord(WhoseCall),
    /// End the recording, and have it brought to the contact's devices when they are met.
    #[serde(rename = "voicemail.send")]
    VoicemailSend(NoParams),
    /// End the recording, and forget it.
    #[serde(rename = "voicemail.cancel")]
    VoicemailCancel(NoParams),
    /// Forget all calls of the past, with the messages left after them.
    #[serde(rename = "history.clear")]
    HistoryClear(NoParams),
    /// Microphones and speakers.
    #[serde(rename = "device.audio.list")]
    AudioList(NoParams),
    /// Use another microphone, speaker or ringtone output from now on, in the middle of a call too: the old one goes on until the
    /// new one runs. It is written into config.toml.
    #[serde(rename = "device.audio.select")]
    AudioSelect(SelectAudioParams),
    /// Try microphone and speaker, while there is no call: some seconds are recorded and played back. Nothing of it is kept or
    /// leaves this device. The event `sound_test` tells the levels and what was found.
    #[serde(rename = "device.audio.test")]
    AudioTest(TestAudioParams),
    /// The pipeline over what is said, or over what is heard of a participant, and what its meters show.
    #[serde(rename = "pipeline.get")]
    PipelineGet(PipelineParams),
    /// Another pipeline from now on, in the middle of a call too, or none: what is heard goes over within 10 ms, without a click.
    /// If it cannot be used, the one before goes on. Mute counts behind it.
    #[serde(rename = "pipeline.set")]
    PipelineSet(SetPipelineParams),
    /// Whether a manifest can be used, and what is wrong with it; no file is touched.
    #[serde(rename = "pipeline.check")]
    PipelineCheck(CheckPipelineParams),
    /// Run a pipeline once over a WAV file, into another one. The answer comes when it begins, the event `pipeline_run` tells how
    /// it goes and when it is done. One at a time.
    #[serde(rename = "pipeline.run")]
    PipelineRun(RunPipelineParams),
    /// The devices of our account.
    #[serde(rename = "device.list")]
    DeviceList(NoParams),
    /// Link a device: show a code, or enter the one that the new device shows.
    #[serde(rename = "device.link")]
    DeviceLink(super::LinkParams),
    /// Say that both devices show the same letters.
    #[serde(rename = "device.confirm")]
    DeviceConfirm(super::ConfirmParams),
    /// Take a device out of the account.
    #[serde(rename = "device.revoke")]
    DeviceRevoke(super::DeviceParams),
}

/// No parameters: `{}` or absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoParams {}

/// `subscribe`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscribeParams {
    /// Replay what came after this sequence number (the last 10,000 events are kept).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

/// `account.card`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CardParams {
    /// Leave the addresses out.
    #[serde(default)]
    pub no_addresses: bool,
}

/// `contact.add`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddContactParams {
    /// `ahoy:...`.
    pub card: String,
    /// Our name for it, 1..64 bytes (default: the card's).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Names a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactParams {
    /// Account id or name.
    pub contact: String,
}

/// `call.push_to_talk`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PushParams {
    /// Call id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// The key is down.
    pub pressed: bool,
    /// The key mutes while it is down, and who was muted before stays so; else it talks while it is down, and mutes when it goes up.
    #[serde(default)]
    pub mute: bool,
    /// If this client is gone while the key is down, the microphone is muted.
    #[serde(default)]
    pub while_connected: bool,
}

/// `call.accept`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptParams {
    /// Call id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// What happens to the call that is active now.
    #[serde(default)]
    pub in_call: InCall,
}
