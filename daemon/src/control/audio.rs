//! `device.audio.*`: microphones and speakers.

use ahoy_media::host_media::api::{DeviceSpec, Selection};
use ahoy_media::host_media::check::{Played, SoundCheck};
use ahoy_protocol::control::{
    AudioDevice, AudioDevicesReply, ControlError, ErrorKind, PlayedSound, Reply, SelectAudioParams, SelectedReply,
    Setting, TestAudioParams,
};
use ahoy_protocol::core::input::Command;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};

use super::parse::shown;
use super::question::Ask;
use super::session::{Session, internal};
use crate::config::{parse_input, parse_output};
use crate::limits;

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Session<R, W> {
    /// What the system lists.
    pub(super) async fn list_audio(&mut self) -> Result<Reply, ControlError> {
        Ok(Reply::AudioDevices(self.audio().await?))
    }

    /// Microphones and speakers of this machine.
    pub(super) async fn audio_devices(&mut self) -> Result<Vec<AudioDevice>, ControlError> {
        Ok(self.audio().await?.devices)
    }

    async fn audio(&mut self) -> Result<AudioDevicesReply, ControlError> {
        // Asking the operating system for its devices can take a while.
        let list = self.desk.audio.clone();
        let devices = tokio::task::spawn_blocking(move || list()).await;
        devices.map_err(|_| internal("the devices could not be listed"))
    }

    /// Other devices from now on, written down where that counts.
    pub(super) async fn select_audio(&mut self, params: SelectAudioParams) -> Result<Reply, ControlError> {
        let SelectAudioParams { input, output, ringtone } = params;
        let given = [("audio_in", input), ("audio_out", output), ("ringtone_out", ringtone)];
        if given.iter().all(|(_, text)| text.is_none()) {
            let hint = "name an input, an output or a ringtone output";
            return Err(ControlError::new(ErrorKind::BadParams, "device.audio.select: nothing is named", hint));
        }
        let settings = self.desk.settings.clone();
        let _turn = settings.turn.lock().await;
        let mut kept = true;
        for (key, text) in given {
            let Some(value) = text.map(Value::String) else { continue };
            let selections = settings.selections(key, &value)?;
            self.use_devices(selections.clone()).await?;
            if settings.use_unwritten(key, &selections) {
                self.write_setting(key, value).await?;
            } else {
                kept = false;
            }
            let command = Command::Configure { key: key.to_owned(), setting: Setting::Later };
            self.ask(Ask::Core(command)).await?;
        }
        Ok(Reply::AudioSelected(SelectedReply { kept }))
    }

    /// Has the sound use these, if they are there.
    pub(super) async fn use_devices(&mut self, selections: Vec<Selection>) -> Result<(), ControlError> {
        let named = |selection: &Selection| match selection {
            Selection::Input(DeviceSpec::Id(id)) => Some(("input", id.clone())),
            Selection::Output(DeviceSpec::Id(id)) | Selection::Ringtone(DeviceSpec::Id(id)) => {
                Some(("output", id.clone()))
            }
            Selection::Input(_) | Selection::Output(_) | Selection::Ringtone(_) => None,
        };
        let wanted: Vec<(&str, String)> = selections.iter().filter_map(named).collect();
        if !wanted.is_empty() {
            let devices = self.audio_devices().await?;
            let there = |(direction, id): &&(&str, String)| {
                devices.iter().any(|device| device.direction == *direction && device.id == *id)
            };
            if let Some((direction, id)) = wanted.iter().find(|device| !there(device)) {
                let hint = "plug it in, or take an id that `ahoy devices` lists";
                let message = format!("there is no {direction} device {} now", shown(id));
                return Err(ControlError::new(ErrorKind::NoSuchDevice, message, hint));
            }
        }
        for selection in selections {
            self.ask(Ask::SelectSound(selection)).await?;
        }
        Ok(())
    }

    /// Begins a trial of microphone and speaker; events tell how it goes.
    pub(super) async fn test_audio(&mut self, params: TestAudioParams) -> Result<Reply, ControlError> {
        let TestAudioParams { input, output, record_ms, play } = params;
        let (set_input, set_output) = self.desk.settings.devices();
        let input = input.map_or(Ok(set_input), |text| device("input", &text, parse_input))?;
        let output = output.map_or(Ok(set_output), |text| device("output", &text, parse_output))?;
        let record_ms = record_ms.unwrap_or(limits::SOUND_CHECK_MS);
        let play = match play.unwrap_or_default() {
            PlayedSound::Recorded => Played::Recorded,
            PlayedSound::Tone => Played::Tone,
            PlayedSound::Nothing => Played::Nothing,
        };
        self.ask(Ask::CheckSound(SoundCheck { input, output, record_ms, play })).await
    }
}

/// A device that a client names: no file, so that nobody has one read or made by a test.
fn device(field: &str, text: &str, parse: fn(&str) -> Result<DeviceSpec, String>) -> Result<DeviceSpec, ControlError> {
    let hint = "give `default`, `none`, or an id that `ahoy devices` lists";
    let bad =
        |problem: &str| ControlError::new(ErrorKind::BadParams, format!("device.audio.test: {field} {problem}"), hint);
    match parse(text) {
        Ok(DeviceSpec::File { .. }) => Err(bad("is a file: there is no device to test")),
        Ok(spec) => Ok(spec),
        Err(problem) => Err(bad(&problem)),
    }
}
