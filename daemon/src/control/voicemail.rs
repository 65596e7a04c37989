//! `history.play` and `voicemail.*`: messages left after calls that nobody answered.

use std::path::PathBuf;

use ahoy_protocol::control::{AudioDevice, ControlError, ErrorKind, PlayParams, Reply, VoicemailInfo};
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
        if to.is_none() {
            self.speaker().await?;
        }
        self.ask(Ask::Play { call, to }).await
    }

    /// Something is there that a message can be heard from.
    async fn speaker(&mut self) -> Result<(), ControlError> {
        let shown = self.desk.settings.shown();
        let spec = shown["audio_out"].as_str().unwrap_or("default").to_owned();
        let listed = match spec.as_str() {
            "none" => Vec::new(),
            file if file.starts_with("file:") => return Ok(()),
            _ => self.audio_devices().await?,
        };
        let is_it = |device: &AudioDevice| device.direction == "output" && (spec == "default" || device.id == spec);
        if listed.iter().any(is_it) {
            return Ok(());
        }
        let message = format!("there is no speaker to play it: audio_out is {spec}");
        let hint = "write it into a file: `ahoy history play CALL --to FILE.wav`; `ahoy doctor` looks at the speaker";
        Err(ControlError::new(ErrorKind::WrongState, message, hint))
    }
}
