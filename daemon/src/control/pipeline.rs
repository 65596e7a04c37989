//! `pipeline.*`: manifests become pipelines over what is said, over what is heard of a participant, or over a file.

use std::path::{Path, PathBuf};

use ahoy_media::pipeline::Place;
use ahoy_protocol::control::{
    CallCommand, CallInfo, CallState, CheckPipelineParams, ControlError, ErrorKind, EventKind, ParticipantInfo,
    PipelineChanged, PipelineCheckReply, PipelineParams, PipelineReply, PipelineScope, Reply, RunPipelineParams,
    SetPipelineParams,
};
use ahoy_protocol::core::input::Command;
use tokio::io::{AsyncRead, AsyncWrite};

use super::methods::{PipelineRequest, call_id};
use super::parse::shown;
use super::question::Ask;
use super::session::{Session, internal};
use crate::pipes::{self, Whose};

/// A participant, with the account that frontends know it by.
struct Meant {
    whose: Whose,
    account: String,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Session<R, W> {
    /// `pipeline.*`.
    pub(super) async fn pipeline(&mut self, request: PipelineRequest) -> Result<Reply, ControlError> {
        match request {
            PipelineRequest::Get(params) => self.get_pipeline(params).await,
            PipelineRequest::Set(params) => self.set_pipeline(params).await,
            PipelineRequest::Check(params) => Ok(Reply::PipelineCheck(check(&params))),
            PipelineRequest::Run(params) => self.run_pipeline(params).await,
        }
    }

    async fn get_pipeline(&mut self, params: PipelineParams) -> Result<Reply, ControlError> {
        let pipes = self.desk.pipes.clone();
        let PipelineParams { scope, call, participant } = params;
        match self.meant_by("pipeline.get", scope, call, participant).await? {
            None => Ok(Reply::Pipeline(pipes.capture())),
            Some(meant) => Ok(named(pipes.participant(&meant.whose), meant.account)),
        }
    }

    async fn set_pipeline(&mut self, params: SetPipelineParams) -> Result<Reply, ControlError> {
        let pipes = self.desk.pipes.clone();
        let SetPipelineParams { manifest, scope, call, participant } = params;
        let meant = self.meant_by("pipeline.set", scope, call, participant).await?;
        let _turn = pipes.turn.lock().await;
        let whose = meant.as_ref().map(|meant| meant.whose.clone());
        let (building, of) = (pipes.clone(), whose.clone());
        // Building takes memory, and the disk may take its time.
        let built = tokio::task::spawn_blocking(move || match of {
            None => building.set_capture(manifest),
            Some(whose) => building.set_participant(&whose, manifest),
        });
        let reply = built.await.map_err(|_| internal("the pipeline could not be built"))??;
        let (call, device) = whose.map(|whose| (whose.call, whose.device)).unzip();
        let (set, client) = (!reply.manifest.is_null(), Some(self.name()));
        if scope == PipelineScope::Participant {
            // At the end of each of its steps the actor looks where it has to work.
            self.ask(Ask::Alive).await?;
        }
        let changed = PipelineChanged { scope, call, device, set, client };
        self.desk.hub.publish(crate::clock::unix_ms(), EventKind::PipelineChanged(changed));
        match meant {
            None => Ok(Reply::Pipeline(reply)),
            Some(meant) => Ok(named(reply, meant.account)),
        }
    }

    /// Whose sound it is about; none: ours.
    async fn meant_by(
        &mut self,
        method: &str,
        scope: PipelineScope,
        call: Option<String>,
        participant: Option<String>,
    ) -> Result<Option<Meant>, ControlError> {
        match scope {
            PipelineScope::Capture if call.is_some() || participant.is_some() => {
                let message = format!("{method}: `call` and `participant` are of the scope participant");
                Err(ControlError::new(
                    ErrorKind::BadParams,
                    message,
                    "say \"scope\": \"participant\", or leave them out",
                ))
            }
            PipelineScope::Capture => Ok(None),
            PipelineScope::Participant => {
                call_id(method, call.clone())?;
                let Reply::Calls(calls) = self.ask(Ask::Core(Command::Call(CallCommand::List))).await? else {
                    return Err(internal("the calls were answered with something else"));
                };
                find(&calls.calls, call.as_deref(), participant.as_deref()).map(Some)
            }
        }
    }

    async fn run_pipeline(&mut self, params: RunPipelineParams) -> Result<Reply, ControlError> {
        let RunPipelineParams { manifest, input, output } = params;
        let (input, output) = (absolute("input", &input)?, absolute("output", &output)?);
        let pipes = self.desk.pipes.clone();
        let begun = tokio::task::spawn_blocking(move || pipes.run(&manifest, input, output)).await;
        begun.map_err(|_| internal("the pipeline could not be run"))?.map(Reply::PipelineRun)
    }
}

fn check(params: &CheckPipelineParams) -> PipelineCheckReply {
    let place = match params.scope {
        PipelineScope::Capture => Place::Capture,
        PipelineScope::Participant => Place::Participant,
    };
    let checked = pipes::manifest(&params.manifest).and_then(|manifest| manifest.check(place));
    let problem = checked.as_ref().err().map(pipes::problem);
    PipelineCheckReply { fits: problem.is_none(), problem }
}

fn named(mut reply: PipelineReply, account: String) -> Reply {
    reply.account = Some(account);
    Reply::Pipeline(reply)
}

fn absolute(field: &str, path: &str) -> Result<PathBuf, ControlError> {
    if Path::new(path).is_absolute() {
        return Ok(path.into());
    }
    let hint = "the daemon has a working directory of its own: name the whole path";
    Err(ControlError::new(ErrorKind::BadParams, format!("pipeline.run: `{field}` is no absolute path"), hint))
}

/// The participant of the call that is meant, or the only one.
fn find(calls: &[CallInfo], call: Option<&str>, who: Option<&str>) -> Result<Meant, ControlError> {
    let live: Vec<&CallInfo> = calls.iter().filter(|info| info.state != CallState::Ended).collect();
    let info = match (call, live.as_slice()) {
        (Some(call), live) => live.iter().find(|info| info.call == call).copied(),
        (None, [one]) => Some(*one),
        (None, []) => None,
        (None, several) => {
            let message = format!("{} calls can be meant", several.len());
            let mut error = ControlError::new(ErrorKind::AmbiguousCall, message, "name one of the candidates");
            error.candidates = several.iter().map(|info| info.call.clone()).collect();
            return Err(error);
        }
    };
    let Some(info) = info else {
        let hint = "a participant has a pipeline while its call lasts: `ahoy calls` shows the calls there are";
        return Err(ControlError::new(ErrorKind::NoSuchCall, "there is no such call", hint));
    };
    let fits = |one: &&ParticipantInfo| match who {
        Some(who) => one.account == who || one.device == who || one.name.as_deref() == Some(who),
        None => true,
    };
    let fitting: Vec<&ParticipantInfo> = info.participants.iter().filter(fits).collect();
    match fitting.as_slice() {
        [one] => {
            let whose = Whose { call: info.call.clone(), device: one.device.clone() };
            Ok(Meant { whose, account: one.account.clone() })
        }
        several => {
            let who = shown(who.unwrap_or("nobody in particular"));
            let message = format!("{} participants of the call are {who:?}", several.len());
            let hint = "name one by its device id, account id or name: `ahoy calls` shows who is in the call";
            let mut error = ControlError::new(ErrorKind::NoSuchContact, message, hint);
            error.candidates = info.participants.iter().map(|one| one.device.clone()).collect();
            Err(error)
        }
    }
}
