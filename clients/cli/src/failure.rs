//! What goes wrong in a verb, and the exit code it gives. Scripts rely on the codes.

use ahoy_client::ClientError;
use ahoy_client::control::{EndCause, end_reason};
use serde_json::{Value, json};

/// Why a verb failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The daemon isn't there, or said no.
    #[error("{}", client_text(.0))]
    Client(#[from] ClientError),
    /// The call ended before it got where we wanted it.
    #[error("the call ended: {}", end_text(.reason, .cause.as_ref()))]
    Ended {
        /// End reason, as in the event.
        reason: String,
        /// What lies behind it.
        cause: Option<EndCause>,
    },
    /// No other device took the call over; it goes on here, or has ended for everybody.
    #[error("not handed over: {}", not_handed(*.over, end_text(.reason, .cause.as_ref())))]
    NotHandedOver {
        /// Why, as in the event.
        reason: String,
        /// What was tried.
        cause: Option<EndCause>,
        /// The call has ended meanwhile.
        over: bool,
    },
    /// The wait ran out; the call goes on.
    #[error("timed out after {0} s; the call goes on as it is (`ahoy calls` shows it)")]
    TimedOut(f64),
    /// Our output could not be written.
    #[error("can't write: {0}")]
    Output(#[from] std::io::Error),
    /// Wrong usage that the command line's grammar does not see.
    #[error("{0}")]
    Usage(String),
    /// Anything else; the text says what to do.
    #[error("{0}")]
    Failed(String),
}

impl Failure {
    /// The exit code of the process.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Client(error) => client_code(error),
            Self::Ended { reason, .. } | Self::NotHandedOver { reason, .. } => reason_code(reason),
            Self::TimedOut(_) => 5,
            Self::Usage(_) => 2,
            Self::Output(_) | Self::Failed(_) => 1,
        }
    }
}

impl Failure {
    /// As scripts read it: what went wrong, in a word and in words, and what to do where that is known.
    pub(crate) fn object(&self) -> Value {
        let mut error = json!({ "kind": self.kind(), "message": self.to_string(), "exit_code": self.exit_code() });
        match self {
            Self::Client(ClientError::Refused(refusal)) => {
                error["message"] = json!(refusal.message);
                error["hint"] = json!(refusal.hint);
                if !refusal.candidates.is_empty() {
                    error["candidates"] = json!(refusal.candidates);
                }
                if let Some(problem) = &refusal.problem {
                    error["problem"] = json!(problem);
                }
            }
            Self::Ended { reason, cause } | Self::NotHandedOver { reason, cause, .. } => {
                error["reason"] = json!(reason);
                error["cause"] = json!(cause);
            }
            Self::Client(_) | Self::TimedOut(_) | Self::Output(_) | Self::Usage(_) | Self::Failed(_) => {}
        }
        json!({ "error": error })
    }

    fn kind(&self) -> Value {
        match self {
            Self::Client(ClientError::Refused(refusal)) => json!(refusal.kind),
            Self::Client(ClientError::NoDaemon { .. } | ClientError::NoHome | ClientError::Closed) => {
                json!("no_daemon")
            }
            Self::Client(
                ClientError::NotOurs { .. }
                | ClientError::PathTooLong { .. }
                | ClientError::NoAnswer { .. }
                | ClientError::Protocol(_)
                | ClientError::Broken(_),
            ) => json!("no_answer"),
            Self::Ended { .. } => json!("ended"),
            Self::NotHandedOver { .. } => json!("not_handed_over"),
            Self::TimedOut(_) => json!("timed_out"),
            Self::Output(_) => json!("output"),
            Self::Usage(_) => json!("usage"),
            Self::Failed(_) => json!("failed"),
        }
    }
}

/// 5: nobody answered; 6: somebody did not want; else 1, also for a reason that this program does not know yet.
pub(crate) fn reason_code(reason: &str) -> u8 {
    end_reason(reason).map_or(1, |known| known.exit_code)
}

fn client_code(error: &ClientError) -> u8 {
    match error {
        ClientError::NoDaemon { .. } | ClientError::NoHome | ClientError::Closed => 3,
        ClientError::Refused(refusal) => refusal.kind.explanation().exit_code,
        ClientError::NotOurs { .. }
        | ClientError::PathTooLong { .. }
        | ClientError::NoAnswer { .. }
        | ClientError::Protocol(_)
        | ClientError::Broken(_) => 1,
    }
}

fn client_text(error: &ClientError) -> String {
    if let ClientError::Refused(refusal) = error
        && !refusal.candidates.is_empty()
    {
        return format!("{error}\n  {}", refusal.candidates.join("\n  "));
    }
    error.to_string()
}

fn not_handed(over: bool, why: String) -> String {
    if over { format!("the call has ended meanwhile: {why}") } else { format!("{why}; the call goes on here") }
}

/// An end reason for people.
pub(crate) fn end_text(reason: &str, cause: Option<&EndCause>) -> String {
    let plain = end_reason(reason).map_or(reason, |known| known.text);
    match cause {
        Some(cause) if !cause.detail.is_empty() => format!("{plain} ({})", cause.detail),
        _ => plain.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ahoy_client::control::{ControlError, ErrorKind};

    fn ended(reason: &str) -> u8 {
        Failure::Ended { reason: reason.into(), cause: None }.exit_code()
    }

    #[test]
    fn every_end_reason_has_its_code() {
        for reason in ["hung_up", "cancelled", "unreachable", "lost", "protocol_error", "media_failed"] {
            assert_eq!(ended(reason), 1, "{reason}");
        }
        for reason in ["max_duration", "daemon_stopped", "a_reason_of_the_future"] {
            assert_eq!(ended(reason), 1, "{reason}");
        }
        assert_eq!(ended("no_answer"), 5);
        for reason in ["declined", "busy", "refused", "answered_elsewhere", "declined_elsewhere"] {
            assert_eq!(ended(reason), 6, "{reason}");
        }
    }

    #[test]
    fn a_hand_off_that_came_to_nothing_says_whether_the_call_goes_on() {
        let failed = |over| Failure::NotHandedOver { reason: "hung_up".into(), cause: None, over }.to_string();
        assert_eq!(failed(false), "not handed over: hung up; the call goes on here");
        assert_eq!(failed(true), "not handed over: the call has ended meanwhile: hung up");
    }

    #[test]
    fn refusals_and_absence_have_their_codes() {
        let refused = |kind| Failure::Client(ClientError::Refused(ControlError::new(kind, "m", "h"))).exit_code();
        assert_eq!(refused(ErrorKind::NoSuchCall), 4);
        assert_eq!(refused(ErrorKind::NoSuchContact), 4);
        assert_eq!(refused(ErrorKind::AmbiguousCall), 4);
        assert_eq!(refused(ErrorKind::BadCard), 1);
        assert_eq!(refused(ErrorKind::BadParams), 2);
        assert_eq!(Failure::Client(ClientError::NoHome).exit_code(), 3);
        assert_eq!(Failure::TimedOut(1.0).exit_code(), 5);
        assert_eq!(Failure::Usage(String::new()).exit_code(), 2);
    }

    #[test]
    fn scripts_read_what_went_wrong_and_what_to_do() {
        let refusal = ControlError::new(ErrorKind::NoSuchCall, "no call", "see `ahoy calls`");
        let object = Failure::Client(ClientError::Refused(refusal)).object();
        let told = json!({ "kind": "no_such_call", "message": "no call", "hint": "see `ahoy calls`", "exit_code": 4 });
        assert_eq!(object, json!({ "error": told }));
        let ended = Failure::Ended { reason: "no_answer".into(), cause: None }.object();
        let (kind, reason) = (&ended["error"]["kind"], &ended["error"]["reason"]);
        assert_eq!((kind, reason, &ended["error"]["exit_code"]), (&json!("ended"), &json!("no_answer"), &json!(5)));
        assert_eq!(Failure::Client(ClientError::NoHome).object()["error"]["kind"], "no_daemon");
    }

    #[test]
    fn an_ambiguous_call_lists_what_could_be_meant() {
        let mut refusal = ControlError::new(ErrorKind::AmbiguousCall, "several calls", "name one");
        refusal.candidates = vec!["c1".into(), "c2".into()];
        let text = Failure::Client(ClientError::Refused(refusal)).to_string();
        assert_eq!(text, "several calls (name one)\n  c1\n  c2");
    }

    #[test]
    fn an_end_says_what_was_tried() {
        let cause = EndCause::new("dial", "tried 2 addresses");
        let failure = Failure::Ended { reason: "unreachable".into(), cause: Some(cause) };
        assert_eq!(failure.to_string(), "the call ended: not reachable (tried 2 addresses)");
    }
}
