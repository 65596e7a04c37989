//! Every method: who may call it, and what it asks of the core.

use ahoy_protocol::control::{
    AcceptParams, AccountCommand, CallCommand, CheckPipelineParams, ContactCommand, ControlError, DeviceCommand,
    ErrorKind, HandOffParams, HelloParams, HistoryParams, PipelineParams, PlayParams, PushParams, RecordCommand,
    RecordParams, Request, RunPipelineParams, Scope, SelectAudioParams, SetConfigParams, SetPipelineParams,
    SubscribeParams, TestAudioParams, WhoseCall,
};
use ahoy_protocol::core::input::{Command, VoicemailCommand};
use ahoy_protocol::ids::CallId;
use data_encoding::HEXLOWER;

use super::question::Ask;

/// Every method with the scope it needs.
pub const METHODS: &[(&str, Scope)] = &[
    ("hello", Scope::Observe),
    ("subscribe", Scope::Observe),
    ("status", Scope::Observe),
    ("shutdown", Scope::Admin),
    ("rpc.discover", Scope::Observe),
    ("config.get", Scope::Observe),
    ("config.set", Scope::Admin),
    ("account.show", Scope::Observe),
    ("account.card", Scope::Observe),
    ("contact.list", Scope::Observe),
    ("contact.add", Scope::Admin),
    ("contact.remove", Scope::Admin),
    ("contact.request", Scope::Admin),
    ("contact.requests", Scope::Observe),
    ("contact.accept", Scope::Admin),
    ("contact.refuse", Scope::Admin),
    ("contact.block", Scope::Admin),
    ("contact.unblock", Scope::Admin),
    ("contact.attempts", Scope::Observe),
    ("contact.rename", Scope::Admin),
    ("contact.policy", Scope::Admin),
    ("contact.verify", Scope::Admin),
    ("account.rotate", Scope::Admin),
    ("presence.ask", Scope::Observe),
    ("presence.set", Scope::Call),
    ("call.offer", Scope::Call),
    ("call.accept", Scope::Call),
    ("call.decline", Scope::Call),
    ("call.hang_up", Scope::Call),
    ("call.hold", Scope::Call),
    ("call.resume", Scope::Call),
    ("call.hand_off", Scope::Call),
    ("call.list", Scope::Observe),
    ("call.mute", Scope::Call),
    ("call.unmute", Scope::Call),
    ("call.push_to_talk", Scope::Call),
    ("call.stats", Scope::Observe),
    ("record.start", Scope::Media),
    ("record.stop", Scope::Media),
    ("record.accept", Scope::Call),
    ("record.refuse", Scope::Call),
    ("history.list", Scope::Observe),
    ("history.play", Scope::Media),
    ("history.clear", Scope::Admin),
    ("voicemail.list", Scope::Observe),
    ("voicemail.record", Scope::Call),
    ("voicemail.send", Scope::Call),
    ("voicemail.cancel", Scope::Call),
    ("device.audio.list", Scope::Observe),
    ("device.audio.select", Scope::Admin),
    ("device.audio.test", Scope::Media),
    ("pipeline.get", Scope::Observe),
    ("pipeline.set", Scope::Media),
    ("pipeline.check", Scope::Observe),
    ("pipeline.run", Scope::Media),
    ("device.list", Scope::Observe),
    ("device.link", Scope::Admin),
    ("device.confirm", Scope::Admin),
    ("device.revoke", Scope::Admin),
];

/// What a request needs.
pub(super) enum Need {
    /// The first words of a client.
    Hello(HelloParams),
    /// The session itself.
    Here(Own),
    /// The actor.
    Actor(Ask),
}

/// What a session answers itself, or with more than one question to the actor.
pub(super) enum Own {
    Status,
    Discover,
    ConfigGet,
    ConfigSet(SetConfigParams),
    AudioList,
    AudioSelect(SelectAudioParams),
    AudioTest(TestAudioParams),
    Pipeline(PipelineRequest),
    HistoryList(HistoryParams),
    HistoryPlay(PlayParams),
    HistoryClear,
    Subscribe(SubscribeParams),
}

/// `pipeline.*`.
pub(super) enum PipelineRequest {
    Get(PipelineParams),
    Set(SetPipelineParams),
    Check(CheckPipelineParams),
    Run(RunPipelineParams),
}

/// Name of a request's method.
#[expect(clippy::too_many_lines, reason = "a table: a line for every method")]
pub(super) fn name(request: &Request) -> &'static str {
    match request {
        Request::Hello(_) => "hello",
        Request::Subscribe(_) => "subscribe",
        Request::Status(_) => "status",
        Request::Shutdown(_) => "shutdown",
        Request::Discover(_) => "rpc.discover",
        Request::ConfigGet(_) => "config.get",
        Request::ConfigSet(_) => "config.set",
        Request::AccountShow(_) => "account.show",
        Request::AccountCard(_) => "account.card",
        Request::ContactList(_) => "contact.list",
        Request::ContactAdd(_) => "contact.add",
        Request::ContactRemove(_) => "contact.remove",
        Request::ContactRequest(_) => "contact.request",
        Request::ContactRequests(_) => "contact.requests",
        Request::ContactAccept(_) => "contact.accept",
        Request::ContactRefuse(_) => "contact.refuse",
        Request::ContactBlock(_) => "contact.block",
        Request::ContactUnblock(_) => "contact.unblock",
        Request::ContactAttempts(_) => "contact.attempts",
        Request::ContactRename(_) => "contact.rename",
        Request::ContactPolicy(_) => "contact.policy",
        Request::ContactVerify(_) => "contact.verify",
        Request::AccountRotate(_) => "account.rotate",
        Request::PresenceAsk(_) => "presence.ask",
        Request::PresenceSet(_) => "presence.set",
        Request::CallOffer(_) => "call.offer",
        Request::CallAccept(_) => "call.accept",
        Request::CallDecline(_) => "call.decline",
        Request::CallHangUp(_) => "call.hang_up",
        Request::CallHold(_) => "call.hold",
        Request::CallResume(_) => "call.resume",
        Request::CallHandOff(_) => "call.hand_off",
        Request::CallList(_) => "call.list",
        Request::CallMute(_) => "call.mute",
        Request::CallUnmute(_) => "call.unmute",
        Request::CallPushToTalk(_) => "call.push_to_talk",
        Request::CallStats(_) => "call.stats",
        Request::RecordStart(_) => "record.start",
        Request::RecordStop(_) => "record.stop",
        Request::RecordAccept(_) => "record.accept",
        Request::RecordRefuse(_) => "record.refuse",
        Request::HistoryList(_) => "history.list",
        Request::HistoryPlay(_) => "history.play",
        Request::HistoryClear(_) => "history.clear",
        Request::VoicemailList(_) => "voicemail.list",
        Request::VoicemailRecord(_) => "voicemail.record",
        Request::VoicemailSend(_) => "voicemail.send",
        Request::VoicemailCancel(_) => "voicemail.cancel",
        Request::AudioList(_) => "device.audio.list",
        Request::AudioSelect(_) => "device.audio.select",
        Request::AudioTest(_) => "device.audio.test",
        Request::PipelineGet(_) => "pipeline.get",
        Request::PipelineSet(_) => "pipeline.set",
        Request::PipelineCheck(_) => "pipeline.check",
        Request::PipelineRun(_) => "pipeline.run",
        Request::DeviceList(_) => "device.list",
        Request::DeviceLink(_) => "device.link",
        Request::DeviceConfirm(_) => "device.confirm",
        Request::DeviceRevoke(_) => "device.revoke",
    }
}

/// Sorts a request.
#[expect(clippy::too_many_lines, reason = "a table: a line for every method")]
pub(super) fn need(request: Request) -> Result<Need, ControlError> {
    let method = name(&request);
    let whose = |which: WhoseCall| call_id(method, which.call);
    match request {
        Request::Hello(params) => Ok(Need::Hello(params)),
        Request::Subscribe(params) => here(Own::Subscribe(params)),
        Request::Status(_) => here(Own::Status),
        Request::Discover(_) => here(Own::Discover),
        Request::ConfigGet(_) => here(Own::ConfigGet),
        Request::ConfigSet(params) => here(Own::ConfigSet(params)),
        Request::HistoryList(params) => here(Own::HistoryList(params)),
        Request::HistoryPlay(params) => here(Own::HistoryPlay(params)),
        Request::HistoryClear(_) => here(Own::HistoryClear),
        Request::AudioList(_) => here(Own::AudioList),
        Request::AudioSelect(params) => here(Own::AudioSelect(params)),
        Request::AudioTest(params) => here(Own::AudioTest(params)),
        Request::PipelineGet(params) => here(Own::Pipeline(PipelineRequest::Get(params))),
        Request::PipelineSet(params) => here(Own::Pipeline(PipelineRequest::Set(params))),
        Request::PipelineCheck(params) => here(Own::Pipeline(PipelineRequest::Check(params))),
        Request::PipelineRun(params) => here(Own::Pipeline(PipelineRequest::Run(params))),
        Request::Shutdown(_) => Ok(Need::Actor(Ask::Shutdown)),
        Request::AccountShow(_) => account(AccountCommand::Show),
        Request::AccountCard(params) => account(AccountCommand::Card { addresses: !params.no_addresses }),
        Request::ContactList(_) => contact(ContactCommand::List),
        Request::ContactAdd(params) => contact(ContactCommand::Add { card: params.card, name: params.name }),
        Request::ContactRemove(params) => contact(ContactCommand::Remove { contact: params.contact }),
        Request::ContactRequest(params) => contact(ContactCommand::Request(params)),
        Request::ContactRequests(_) => contact(ContactCommand::Requests),
        Request::ContactAccept(params) => contact(ContactCommand::Accept(params)),
        Request::ContactRefuse(params) => contact(ContactCommand::Refuse { account: params.account }),
        Request::ContactBlock(params) => contact(ContactCommand::Block { contact: params.contact }),
        Request::ContactUnblock(params) => contact(ContactCommand::Unblock { contact: params.contact }),
        Request::ContactAttempts(_) => contact(ContactCommand::Attempts),
        Request::ContactRename(params) => contact(ContactCommand::Rename(params)),
        Request::ContactPolicy(params) => contact(ContactCommand::Policy(params)),
        Request::ContactVerify(params) => contact(ContactCommand::Verify(params)),
        Request::AccountRotate(params) => account(AccountCommand::Rotate { token: params.token }),
        Request::PresenceAsk(params) => contact(ContactCommand::AskPresence { contact: params.contact }),
        Request::PresenceSet(params) => account(AccountCommand::Presence { state: params.state }),
        Request::DeviceList(_) => device(DeviceCommand::List),
        Request::DeviceLink(params) => device(DeviceCommand::Link(params)),
        Request::DeviceConfirm(params) => device(DeviceCommand::Confirm { letters: params.letters }),
        Request::DeviceRevoke(params) => device(DeviceCommand::Revoke { device: params.device }),
        Request::CallOffer(params) => core(Command::Offer(params)),
        Request::CallAccept(params) => call(accept(method, params)?),
        Request::CallDecline(which) => call(CallCommand::Decline { call: whose(which)? }),
        Request::CallHangUp(which) => call(CallCommand::HangUp { call: whose(which)? }),
        Request::CallHold(which) => call(CallCommand::Hold { call: whose(which)? }),
        Request::CallResume(which) => call(CallCommand::Resume { call: whose(which)? }),
        Request::CallHandOff(params) => core(hand_off(method, params)?),
        Request::CallList(_) => call(CallCommand::List),
        Request::CallMute(which) => call(CallCommand::Mute { call: whose(which)? }),
        Request::CallUnmute(which) => call(CallCommand::Unmute { call: whose(which)? }),
        Request::CallPushToTalk(params) => call(push_to_talk(method, params)?),
        Request::RecordStart(params) => call(record_start(method, params)?),
        Request::RecordStop(_) => call(CallCommand::Record(RecordCommand::Stop)),
        Request::RecordAccept(which) => call(CallCommand::Record(RecordCommand::Accept { call: whose(which)? })),
        Request::RecordRefuse(which) => call(CallCommand::Record(RecordCommand::Refuse { call: whose(which)? })),
        Request::VoicemailList(_) => voicemail(VoicemailCommand::List),
        Request::VoicemailRecord(which) => voicemail(VoicemailCommand::Record { call: whose(which)? }),
        Request::VoicemailSend(_) => voicemail(VoicemailCommand::Send),
        Request::VoicemailCancel(_) => voicemail(VoicemailCommand::Cancel),
        Request::CallStats(which) => Ok(Need::Actor(Ask::Stats(whose(which)?))),
    }
}

fn accept(method: &str, AcceptParams { call, in_call }: AcceptParams) -> Result<CallCommand, ControlError> {
    Ok(CallCommand::Accept { call: call_id(method, call)?, in_call })
}

fn here(own: Own) -> Result<Need, ControlError> {
    Ok(Need::Here(own))
}

fn core(command: Command) -> Result<Need, ControlError> {
    Ok(Need::Actor(Ask::Core(command)))
}

fn account(command: AccountCommand) -> Result<Need, ControlError> {
    core(Command::Account(command))
}

fn contact(command: ContactCommand) -> Result<Need, ControlError> {
    core(Command::Contact(command))
}

fn device(command: DeviceCommand) -> Result<Need, ControlError> {
    core(Command::Device(command))
}

fn call(command: CallCommand) -> Result<Need, ControlError> {
    core(Command::Call(command))
}

fn voicemail(command: VoicemailCommand) -> Result<Need, ControlError> {
    core(Command::Voicemail(command))
}

fn hand_off(method: &str, params: HandOffParams) -> Result<Command, ControlError> {
    Ok(Command::HandOff { call: call_id(method, params.call)?, device: params.device })
}

/// Down talks, and up mutes; or down mutes, and up gives back what was.
fn push_to_talk(method: &str, params: PushParams) -> Result<CallCommand, ControlError> {
    let call = call_id(method, params.call)?;
    Ok(match (params.mute, params.pressed) {
        (true, down) => CallCommand::MuteKey { call, down },
        (false, true) => CallCommand::Unmute { call },
        (false, false) => CallCommand::Mute { call },
    })
}

fn record_start(method: &str, params: RecordParams) -> Result<CallCommand, ControlError> {
    let RecordParams { call, to } = params;
    if to.as_ref().is_some_and(|to| !std::path::Path::new(to).is_absolute()) {
        let hint = "the daemon has a working directory of its own: name the whole path";
        return Err(ControlError::new(ErrorKind::BadParams, "record.start: `to` is no absolute path", hint));
    }
    Ok(CallCommand::Record(RecordCommand::Start { call: call_id(method, call)?, to }))
}

pub(super) fn call_id(method: &str, text: Option<String>) -> Result<Option<CallId>, ControlError> {
    let Some(text) = text else { return Ok(None) };
    let bytes = HEXLOWER.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    match bytes {
        Some(bytes) => Ok(Some(CallId(bytes))),
        None => {
            let hint = "take the id from `ahoy calls` or an event: 32 lower-case hex digits";
            let message = format!("{method}: `call` is no call id");
            Err(ControlError::new(ErrorKind::BadParams, message, hint))
        }
    }
}
