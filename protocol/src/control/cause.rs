//! What lies behind the end of a call.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What lies behind an end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EndCause {
    /// A stable word.
    pub what: String,
    /// For people: what was tried and what to do.
    pub detail: String,
}

impl EndCause {
    /// A cause.
    #[must_use]
    pub fn new(what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { what: what.into(), detail: detail.into() }
    }
}
