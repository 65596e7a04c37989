//! Pipelines over what is said, over what is heard of a participant, or once over a file.

use ahoy_protocol::control::{
    CheckPipelineParams, PipelineCheckReply, PipelineParams, PipelineReply, PipelineRunReply, Request,
    RunPipelineParams, SetPipelineParams,
};

use super::Client;
use crate::error::ClientError;

impl Client {
    /// What is set over what is said, or over what is heard of a participant, and what its meters show.
    ///
    /// # Errors
    /// Refused with `no_such_call` or `no_such_contact` if nobody is meant; else as [`Client::call`].
    pub async fn pipeline(&mut self, params: PipelineParams) -> Result<PipelineReply, ClientError> {
        self.call(&Request::PipelineGet(params)).await
    }

    /// Another pipeline from now on, or (a manifest of null) none. If it cannot be used, the one before goes on.
    ///
    /// # Errors
    /// Refused with `bad_pipeline`, whose `problem` names error and node, with `no_such_call` or `no_such_contact` if nobody is
    /// meant, `limit_reached` or `no_resources`; else as [`Client::call`].
    pub async fn set_pipeline(&mut self, params: SetPipelineParams) -> Result<PipelineReply, ClientError> {
        self.call(&Request::PipelineSet(params)).await
    }

    /// Whether a manifest can be used, and what is wrong with it.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn check_pipeline(&mut self, params: CheckPipelineParams) -> Result<PipelineCheckReply, ClientError> {
        self.call(&Request::PipelineCheck(params)).await
    }

    /// Runs a manifest over a WAV file into another one, both absolute; the event `pipeline_run` tells how it goes and when it is
    /// done.
    ///
    /// # Errors
    /// Refused with `bad_pipeline` or `bad_params`, or `limit_reached` while another one goes on; else as [`Client::call`].
    pub async fn run_pipeline(&mut self, params: RunPipelineParams) -> Result<PipelineRunReply, ClientError> {
        self.call(&Request::PipelineRun(params)).await
    }
}
