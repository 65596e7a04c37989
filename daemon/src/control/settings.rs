//! `config.set`.

use ahoy_protocol::control::{ControlError, Reply, SetConfigParams, SetConfigReply, Setting};
use ahoy_protocol::core::input::Command;
use tokio::io::{AsyncRead, AsyncWrite};

use super::question::Ask;
use super::session::{Session, internal};

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Session<R, W> {
    /// Checks and writes a setting, then lets the core use it.
    pub(super) async fn set_config(&mut self, params: SetConfigParams) -> Result<Reply, ControlError> {
        let SetConfigParams { key, value } = params;
        let settings = self.desk.settings.clone();
        let _turn = settings.turn.lock().await;
        let (writes, name) = (settings.clone(), key.clone());
        // The disk may take its time.
        let written = tokio::task::spawn_blocking(move || writes.change(&name, &value)).await;
        let change = written.map_err(|_| internal("the setting could not be written"))??;
        let in_use = change.setting != Setting::Later || change.processing.is_some();
        if let Some(processing) = change.processing {
            self.ask(Ask::Process(processing)).await?;
        }
        self.ask(Ask::Core(Command::Configure { key: key.clone(), setting: change.setting })).await?;
        Ok(Reply::ConfigSet(SetConfigReply { key, value: change.value, in_use }))
    }
}
