//! Recordings, and whether others may record us.

use ahoy_protocol::control::{DoneReply, NoParams, RecordParams, RecordReply, Request, WhoseCall};

use super::Client;
use crate::error::ClientError;

impl Client {
    /// Records a call (the one that is talked in if none is named) into a folder, absolute, that is made for it. Everybody
    /// in the call is told and asked; the event `recording_answered` says what they said.
    ///
    /// # Errors
    /// Refused with `wrong_state` if one goes on already, `no_resources` if the files cannot be made; else as
    /// [`Client::call`].
    pub async fn record(&mut self, call: Option<&str>, to: Option<&str>) -> Result<RecordReply, ClientError> {
        let params = RecordParams { call: call.map(str::to_owned), to: to.map(str::to_owned) };
        self.call(&Request::RecordStart(params)).await
    }

    /// Ends our recording.
    ///
    /// # Errors
    /// Refused with `wrong_state` if none goes on; else as [`Client::call`].
    pub async fn stop_recording(&mut self) -> Result<RecordReply, ClientError> {
        self.call(&Request::RecordStop(NoParams {})).await
    }

    /// Agrees to be recorded by who asks for it (in this call, if one is named), or does not, or no longer.
    ///
    /// # Errors
    /// Refused with `wrong_state` if nobody asks, or records us; else as [`Client::call`].
    pub async fn allow_recording(&mut self, call: Option<&str>, agree: bool) -> Result<DoneReply, ClientError> {
        let whose = WhoseCall { call: call.map(str::to_owned) };
        self.call(&if agree { Request::RecordAccept(whose) } else { Request::RecordRefuse(whose) }).await
    }
}
