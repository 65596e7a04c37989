//! `device.audio.*`: microphones and speakers.

use ahoy_media::host_media::api::DeviceSpec;
use ahoy_media::host_media::check::{Played, SoundCheck};
use ahoy_protocol::control::{
    AudioDevice, AudioDevicesReply, ControlError, ErrorKind, PlayedSound, Reply, TestAudioParams,
};
use tokio::io::{AsyncRead, AsyncWrite};

use super::question::Ask;
use super::session::{Session, internal};
use crate::config::{parse_input, parse_output};
use crate::limits;

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Session<R, W> {
    /// What the system lists.
    pub(super) async fn list_audio(&mut self) -> Result<Reply, ControlError> {
        Ok(Reply::AudioDevices(AudioDevicesReply { devices: self.audio_devices().await? }))
    }

    /// Microphones and speakers of this machine.
    pub(super) async fn audio_devices(&mut self) -> Result<Vec<AudioDevice>, ControlError> {
        // Asking the operating system for its devices can take a while.
        let list = self.desk.audio.clone();
        let devices = tokio::task::spawn_blocking(move || list()).await;
        devices.map_err(|_| internal("the devices could not be listed"))
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
