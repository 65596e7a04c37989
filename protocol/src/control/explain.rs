//! The closed lists of what can go wrong as frontends see it: every `data.kind` and every `reason` of an ended call,
//! with who is at fault, what to do, and the exit code `ahoy` gives. docs/errors.md is made from them.

use super::error::ErrorKind;

/// Who has to change something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Whoever asked: the frontend, or the person before it.
    Caller,
    /// The other side of the call.
    Peer,
    /// The machine or the network between.
    Environment,
    /// This daemon.
    Daemon,
    /// Nobody: it is how calls go.
    Nobody,
}

impl Fault {
    /// For people.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Caller => "the caller",
            Self::Peer => "the other side",
            Self::Environment => "the environment",
            Self::Daemon => "the daemon",
            Self::Nobody => "nobody",
        }
    }
}

/// What stands behind a kind of error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Who has to change something.
    pub fault: Fault,
    /// What to do, in general; `data.hint` says it for the case at hand.
    pub remedy: &'static str,
    /// Exit code of an `ahoy` verb that ends with it.
    pub exit_code: u8,
}

impl ErrorKind {
    /// Who is at fault, what to do, and the exit code.
    #[must_use]
    pub fn explanation(self) -> Explanation {
        let says = |fault, exit_code, remedy| Explanation { fault, remedy, exit_code };
        let caller = |exit_code, remedy| says(Fault::Caller, exit_code, remedy);
        match self {
            Self::BadLine => caller(1, "send one JSON object a line, UTF-8, at most 64 KiB"),
            Self::BadRequest => caller(1, "send `jsonrpc`, `id`, `method` and `params` as JSON-RPC 2.0 has them"),
            Self::UnknownMethod => caller(1, "use a method of docs/control.md; a newer daemon may have it"),
            Self::BadParams => caller(2, "correct the parameter that the message names"),
            Self::HelloFirst => caller(1, "send `hello` before anything else on a connection"),
            Self::WrongApi => caller(1, "use a client and a daemon of the same major version"),
            Self::NotAllowed => caller(1, "ask for the scope in `hello`"),
            Self::BadCard => caller(1, "copy the whole card again, from `ahoy:` to its end"),
            Self::OwnCard => caller(1, "give your card to others, and add theirs"),
            Self::NameTaken => caller(1, "choose another name, or remove that contact first"),
            Self::NoSuchContact => caller(4, "look at `ahoy contact list`"),
            Self::NoSuchDevice => {
                caller(4, "look at `ahoy device list`, or at `ahoy devices` for microphones and speakers")
            }
            Self::NoAccountKey => caller(1, "do it at the device that holds the account's key"),
            Self::NoSuchCall => caller(4, "look at `ahoy calls`; ended ones are forgotten after ten minutes"),
            Self::AmbiguousCall => caller(4, "name one of the calls in `data.candidates`"),
            Self::WrongState => caller(1, "look at the call's state first; it may have changed meanwhile"),
            Self::InCall => caller(1, "end or hold the active call, or say so with `in_call`"),
            Self::AlreadyInCall => caller(1, "go on in the call in `data.candidates`; resume it if it is held"),
            Self::LimitReached => caller(1, "wait, or free what the hint names"),
            Self::BadPipeline => caller(2, "mend what `data.problem` names; docs/pipelines.md has every node"),
            Self::NoResources => {
                says(Fault::Environment, 1, "make room on the disk, or raise the limit the hint names")
            }
            Self::Stopping => says(Fault::Nobody, 1, "start the daemon again: `ahoy start`"),
            Self::Internal => says(Fault::Daemon, 1, "report it with the log of that moment"),
        }
    }
}

/// Why a call ended, as `reason` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndReason {
    /// The word in `reason`.
    pub word: &'static str,
    /// The same for people, short.
    pub text: &'static str,
    /// Who has to change something.
    pub fault: Fault,
    /// What happened.
    pub meaning: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// Exit code of an `ahoy` verb that waited for something else.
    pub exit_code: u8,
}

/// Every reason there is. A client shows an unknown word as it is: minor versions may add some.
pub const END_REASONS: [EndReason; 14] = [
    reason("hung_up", "hung up", Fault::Nobody, 1, "one of the two hung up", "nothing"),
    reason("declined", "declined", Fault::Nobody, 6, "the callee declined", "try again another time"),
    reason("busy", "busy", Fault::Nobody, 6, "the callee is in a call and takes no second one", "try again later"),
    reason("cancelled", "cancelled", Fault::Nobody, 1, "the caller gave up before it was accepted", "call back"),
    reason("no_answer", "nobody answered", Fault::Nobody, 5, "it rang, and nobody answered in time", "try again later"),
    reason(
        "answered_elsewhere",
        "answered on another device",
        Fault::Nobody,
        6,
        "another device of the account accepted",
        "nothing",
    ),
    reason(
        "declined_elsewhere",
        "declined on another device",
        Fault::Nobody,
        6,
        "another device of the account declined",
        "nothing",
    ),
    reason(
        "unreachable",
        "not reachable",
        Fault::Environment,
        1,
        "no device of the contact could be reached; `cause` says what was tried",
        "see that its daemon runs and both are in a network that lets them meet, or ask for a new card",
    ),
    reason(
        "lost",
        "the connection was lost",
        Fault::Environment,
        1,
        "the other side gave no sign of life any more",
        "look at both networks and call again",
    ),
    reason(
        "refused",
        "refused",
        Fault::Peer,
        6,
        "the other daemon takes no call from us: we are no contact of it, or it has no room",
        "have the other side add your card",
    ),
    reason(
        "protocol_error",
        "the other side broke the protocol",
        Fault::Peer,
        1,
        "what the other daemon sent made no sense",
        "use the same version on both sides; report it with both logs if it stays",
    ),
    reason(
        "media_failed",
        "no sound could be carried",
        Fault::Environment,
        1,
        "the call was accepted, and no way for the sound was found; `cause` says what was tried",
        "set STUN or TURN servers, or look at the firewalls on both sides",
    ),
    reason(
        "max_duration",
        "the longest duration allowed was reached",
        Fault::Caller,
        1,
        "the call lasted as long as `max_call_duration_ms` allows",
        "raise that setting",
    ),
    reason(
        "daemon_stopped",
        "the daemon stopped",
        Fault::Nobody,
        1,
        "one of the two daemons was stopped",
        "start it again",
    ),
];

/// Words of `cause.what` of an end, each with what it means; the words of `cause.detail` are for people.
pub const END_CAUSES: [(&str, &str); 12] = [
    ("unreachable", "no device of the contact was found; `detail` has what was tried"),
    ("no_device_known", "no device of the contact is known"),
    ("no_device_answered", "a device of the contact was there, and none answered"),
    (
        "request_not_accepted",
        "the contact was there; it has not accepted our contact request yet, and takes no call of ours until then",
    ),
    (
        "not_acquainted",
        "the contact was there; nothing shows that it has our card, and it takes calls of its contacts only",
    ),
    ("peer_vanished", "the other device gave no sign of life any more"),
    ("media_failed", "no way for the sound was found, or nothing came on it; `detail` has what was tried"),
    ("link_failed", "the media connection failed; `detail` says how"),
    (
        "in_call_elsewhere",
        "another device of our account is in a call with this contact; `ahoy handoff` there moves it here",
    ),
    ("called_again", "the other side had lost the call and called again: it goes on as another one"),
    ("daemon_killed", "this daemon was killed in the call"),
    ("device_revoked", "the other device was revoked from its account"),
];

const fn reason(
    word: &'static str,
    text: &'static str,
    fault: Fault,
    exit_code: u8,
    meaning: &'static str,
    remedy: &'static str,
) -> EndReason {
    EndReason { word, text, fault, meaning, remedy, exit_code }
}

/// What is known of the word in `reason`; none if a newer daemon said it.
#[must_use]
pub fn end_reason(word: &str) -> Option<&'static EndReason> {
    const ALL: &[EndReason] = &END_REASONS;
    ALL.iter().find(|reason| reason.word == word)
}

#[cfg(test)]
mod tests {
    use super::{END_REASONS, end_reason};
    use crate::wire::bodies::Reason;

    #[test]
    fn every_reason_a_call_can_end_with_is_explained_and_no_other() {
        let codes = 0..=u8::MAX;
        let words: Vec<&str> =
            codes.filter_map(|code| minicbor::decode::<Reason>(&cbor(code)).ok()).map(Reason::text).collect();
        assert_eq!(words.len(), END_REASONS.len());
        for word in words {
            assert!(end_reason(word).is_some(), "{word}");
        }
        assert_eq!(end_reason("a_reason_of_the_future"), None);
    }

    fn cbor(code: u8) -> Vec<u8> {
        if code < 24 { vec![code] } else { vec![0x18, code] }
    }
}
