//! `config.set`.

use ahoy_protocol::control::{ControlError, Reply, SetConfigParams, SetConfigReply, Setting};
use ahoy_protocol::core::input::Command;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};

use super::question::Ask;
use super::session::{Session, internal};
use crate::config::Change;

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Session<R, W> {
    /// Checks and writes a setting, then lets core and sound use it.
    pub(super) async fn set_config(&mut self, params: SetConfigParams) -> Result<Reply, ControlError> {
        let SetConfigParams { key, value } = params;
        let settings = self.desk.settings.clone();
        let _turn = settings.turn.lock().await;
        let selections = settings.selections(&key, &value)?;
        if !selections.is_empty() {
            settings.may_set(&key)?;
            // First, so that nothing is written that the next start would fail on.
            self.use_devices(selections).await?;
        }
        let change = self.write_setting(&key, value).await?;
        let in_use = change.setting != Setting::Later || change.processing.is_some() || change.device;
        if let Some(processing) = change.processing {
            self.ask(Ask::Process(processing)).await?;
        }
        self.ask(Ask::Core(Command::Configure { key: key.clone(), setting: change.setting })).await?;
        Ok(Reply::ConfigSet(SetConfigReply { key, value: change.value, in_use }))
    }

    /// Writes a setting into the file.
    pub(super) async fn write_setting(&mut self, key: &str, value: Value) -> Result<Change, ControlError> {
        let (settings, name) = (self.desk.settings.clone(), key.to_owned());
        // The disk may take its time.
        let written = tokio::task::spawn_blocking(move || settings.change(&name, &value)).await;
        written.map_err(|_| internal("the setting could not be written"))?
    }
}
