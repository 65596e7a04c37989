//! `pipeline.*`: nodes and edges over what is said, over what is heard of a participant, or once over a file.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What goes through a pipeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PipelineScope {
    /// What is said here, behind the automatic gain: in every call, also after a restart.
    #[default]
    Capture,
    /// What is heard of one participant, until its call ends. Nobody else hears a difference.
    Participant,
}

/// `pipeline.get`: which pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PipelineParams {
    /// Over what; `capture` if absent.
    #[serde(default)]
    pub scope: PipelineScope,
    /// Of `participant`: call id; the only call that is not over if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// Of `participant`: name, account id or device id; the only other one in the call if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participant: Option<String>,
}

/// `pipeline.set`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPipelineParams {
    /// `{nodes, edges}` as docs/pipelines.md has it, or null: none any more.
    pub manifest: Value,
    /// Over what; `capture` if absent.
    #[serde(default)]
    pub scope: PipelineScope,
    /// Of `participant`: call id; the only call that is not over if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// Of `participant`: name, account id or device id; the only other one in the call if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participant: Option<String>,
}

/// `pipeline.check`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckPipelineParams {
    /// `{nodes, edges}` as docs/pipelines.md has it.
    pub manifest: Value,
    /// Where it is to work; `capture` if absent.
    #[serde(default)]
    pub scope: PipelineScope,
}

/// `pipeline.run`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunPipelineParams {
    /// `{nodes, edges}` as docs/pipelines.md has it.
    pub manifest: Value,
    /// Absolute path of a WAV file of an hour at most: any rate, channels (mixed down) and depth.
    pub input: String,
    /// Absolute path of the WAV file that is made (48 kHz, mono, 16 bit, as long as the input), and must not be there.
    pub output: String,
}

/// `pipeline.check`: what is wrong, if anything.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PipelineCheckReply {
    /// It can be used.
    pub fits: bool,
    /// What is wrong with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<PipelineProblem>,
}

/// What is wrong with a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PipelineProblem {
    /// A stable word: `unreadable`, `too_many`, `bad_id`, `unknown_type`, `unknown_parameter`, `bad_parameter`, `unknown_node`,
    /// `several_inputs`, `cycle`, `unconnected` or `tap_refused`.
    pub error: String,
    /// The node it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// For people: what is wrong and what is possible.
    pub message: String,
}

/// `pipeline.get`, `pipeline.set`: what is set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PipelineReply {
    /// The manifest; null: sound passes as it is.
    pub manifest: Value,
    /// By how much sound leaves it later, ms: what its nodes hold back on the shortest way, and 10 of its own over a participant.
    pub delay_ms: f64,
    /// It is there again after a restart: of `capture`, without a `wav_tap`.
    pub kept: bool,
    /// What its `level_meter`s show now.
    pub levels: Vec<PipelineLevel>,
    /// Of `participant`: call id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// Of `participant`: account id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Of `participant`: device id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

/// What a `level_meter` shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PipelineLevel {
    /// Its id.
    pub node: String,
    /// Mean power of the last 10 ms, dB of full scale; -120 is silence.
    pub level_dbfs: f64,
    /// Highest sample of them, dB of full scale.
    pub peak_dbfs: f64,
}

/// `pipeline.run`: it goes on; the event `pipeline_run` tells how, and when it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PipelineRunReply {
    /// Its number, as in the events.
    pub run: u64,
    /// How long the sound is, ms.
    pub total_ms: u64,
}

/// How far a run over a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PipelineRunState {
    /// It goes on.
    Running,
    /// The output is whole.
    Done,
    /// It could not go on; the output is taken away again.
    Failed,
}

/// Event `pipeline_run`: how a run over a file goes; twice a second, and at its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PipelineRun {
    /// Its number, as `pipeline.run` answered.
    pub run: u64,
    /// How far it is.
    pub state: PipelineRunState,
    /// Sound that is done, ms.
    pub done_ms: u64,
    /// Of so much, ms.
    pub total_ms: u64,
    /// Of `failed`: what happened and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Event `pipeline_changed`: another pipeline is set, or none; `pipeline.get` has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PipelineChanged {
    /// Over what.
    pub scope: PipelineScope,
    /// Of `participant`: call id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// Of `participant`: device id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// One is set; else sound passes as it is.
    pub set: bool,
    /// The client that did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
}
