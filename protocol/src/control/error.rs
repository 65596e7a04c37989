//! Errors of the control socket: who is at fault and what to do next.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The closed list of `data.kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The line is not a JSON object, or too long.
    BadLine,
    /// It is JSON, but no JSON-RPC request.
    BadRequest,
    /// No such method.
    UnknownMethod,
    /// A parameter is missing, unknown or of the wrong type.
    BadParams,
    /// `hello` must come first.
    HelloFirst,
    /// The client speaks another major version.
    WrongApi,
    /// The scope of this client does not cover it.
    NotAllowed,
    /// The text is no contact card.
    BadCard,
    /// The card is our own.
    OwnCard,
    /// A contact with this name exists already.
    NameTaken,
    /// No such contact.
    NoSuchContact,
    /// No such device of our account.
    NoSuchDevice,
    /// This device doesn't hold the account's key.
    NoAccountKey,
    /// No such call.
    NoSuchCall,
    /// Several calls are meant; `data.candidates` lists them.
    AmbiguousCall,
    /// The call is in a state where this makes no sense.
    WrongState,
    /// Refused because a call is active and `in_call` says so.
    InCall,
    /// There is a call with this contact already; `data.candidates` has it.
    AlreadyInCall,
    /// A limit is reached; the hint names it.
    LimitReached,
    /// The manifest of a pipeline cannot be used; `data.problem` names the error and the node.
    BadPipeline,
    /// Not enough room, disk or descriptors.
    NoResources,
    /// The daemon is stopping.
    Stopping,
    /// A defect of ours.
    Internal,
}

/// An error reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ControlError {
    /// Which.
    pub kind: ErrorKind,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
    /// What could have been meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<String>,
    /// Of `bad_pipeline`: what is wrong with the manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Box<super::pipeline::PipelineProblem>>,
}

impl ControlError {
    /// An error with what is wrong and what to do.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: hint.into(), candidates: Vec::new(), problem: None }
    }

    /// The JSON-RPC code.
    #[must_use]
    pub fn code(&self) -> i32 {
        match self.kind {
            ErrorKind::BadLine => -32700,
            ErrorKind::BadRequest | ErrorKind::HelloFirst | ErrorKind::WrongApi => -32600,
            ErrorKind::UnknownMethod => -32601,
            ErrorKind::BadParams => -32602,
            ErrorKind::Internal => -32603,
            ErrorKind::NotAllowed
            | ErrorKind::BadCard
            | ErrorKind::OwnCard
            | ErrorKind::NameTaken
            | ErrorKind::NoSuchContact
            | ErrorKind::NoSuchDevice
            | ErrorKind::NoAccountKey
            | ErrorKind::NoSuchCall
            | ErrorKind::AmbiguousCall
            | ErrorKind::WrongState
            | ErrorKind::InCall
            | ErrorKind::AlreadyInCall
            | ErrorKind::LimitReached
            | ErrorKind::BadPipeline
            | ErrorKind::NoResources
            | ErrorKind::Stopping => -32000,
        }
    }
}
