//! `history.play` and `voicemail.*`: messages left after calls that nobody answered.

use std::path::PathBuf;

use ahoy_protocol::control::{ControlError, ErrorKind, PlayParams, Reply, VoicemailInfo};
use ahoy_protocol::core::input::{Command, VoicemailCommand};
use tokio::io::{AsyncRead, AsyncWrite};

use super::methods::call_id;
use super::question::Ask;
use super::session::{Session, internal};

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Session<R, W> {
    /// What was left for us.
    pub(super) async fn voicemails(&mut self) -> Result<Vec<VoicemailInfo>, ControlError> {
        let Reply::Voicemails(reply) = self.ask(Ask::Core(Command::Voicemail(VoicemailCommand::List))).await? else {
            return Err(internal("the messages were answered with something else"));
        };
        Ok(reply.voicemails)
    }

    /// Plays a message, or writes it into a file.
    pub(super) async fn play(&mut self, params: PlayParams) -> Result<Reply, ControlError> {
        let call = call_id("history.play", Some(params.call.clone()))?;
        let there = self.voicemails().await?.iter().any(|info| info.call == params.call);
        let Some(call) = call.filter(|_| there) else {
            let hint = "`ahoy history` shows after which calls there is one";
            return Err(ControlError::new(ErrorKind::NoSuchCall, "there is no message of this call", hint));
        };
        let to = params.to.map(PathBuf::from);
        if to.as_ref().is_some_and(|path| !path.is_absolute()) {
            let hint = "the daemon has a working directory of its own: name the whole path";
            return Err(ControlError::new(ErrorKind::BadParams, "history.play: `to` is no absolute path", hint));
        }
        self.ask(Ask::Play { call, to }).await
    }
}
