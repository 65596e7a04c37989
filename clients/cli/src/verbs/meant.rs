//! Which call a person means: an id, or the beginning of one.

use ahoy_client::control::{CallInfo, ControlError, ErrorKind};
use ahoy_client::{Client, ClientError};

use crate::failure::Failure;
use crate::verbs::calls::call_line;

/// How a call is named.
const HINT: &str =
    "a call is named by its id, or by as many of its first digits as only it has; `ahoy calls` shows them";
/// Hex digits of a call id.
const ID_DIGITS: usize = 32;

/// The id of the call that `text` begins; without a text the daemon looks whether there is just one.
pub(crate) async fn meant(client: &mut Client, text: Option<&str>) -> Result<Option<String>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.is_empty() || text.len() > ID_DIGITS || !text.bytes().all(hex) {
        return Err(refused(ErrorKind::NoSuchCall, format!("there is no call {text:?}"), HINT, Vec::new()));
    }
    if text.len() == ID_DIGITS {
        return Ok(Some(text.to_owned()));
    }
    let us = client.hello().account.clone();
    let calls = client.calls().await?;
    let fitting: Vec<&CallInfo> = calls.iter().filter(|info| info.call.starts_with(text)).collect();
    match fitting.as_slice() {
        [one] => Ok(Some(one.call.clone())),
        [] => Err(refused(ErrorKind::NoSuchCall, format!("no call begins with {text}"), HINT, Vec::new())),
        several => {
            let lines = several.iter().map(|info| call_line(info, &us)).collect();
            Err(refused(ErrorKind::AmbiguousCall, format!("{} calls begin with {text}", several.len()), HINT, lines))
        }
    }
}

/// A refusal of our own, as the daemon would make it.
pub(crate) fn refused(kind: ErrorKind, message: String, hint: &str, candidates: Vec<String>) -> Failure {
    let mut error = ControlError::new(kind, message, hint);
    error.candidates = candidates;
    ClientError::Refused(error).into()
}

/// A failure about several calls names them by their ids only: people see which is which.
pub(crate) async fn told_apart(client: &mut Client, failure: Failure) -> Failure {
    let Failure::Client(ClientError::Refused(mut refusal)) = failure else { return failure };
    let us = client.hello().account.clone();
    if refusal.kind == ErrorKind::AmbiguousCall
        && let Ok(calls) = client.calls().await
    {
        for candidate in &mut refusal.candidates {
            if let Some(info) = calls.iter().find(|info| info.call == *candidate) {
                *candidate = call_line(info, &us);
            }
        }
    }
    ClientError::Refused(refusal).into()
}
