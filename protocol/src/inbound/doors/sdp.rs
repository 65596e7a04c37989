//! Session descriptions, on the joined bytes.

use ahoy_crypto::Check;

use crate::limits::{DESCRIPTION_MAX_BYTES, SDP_MAX_LINES, SDP_MAX_MEDIA};

/// Hex pairs of a SHA-256 fingerprint.
const FINGERPRINT_PAIRS: usize = 32;

/// Lets a description through, as text.
///
/// # Errors
/// 060, 061, 062, 063, 064.
pub fn description(bytes: &[u8]) -> Result<&str, Check> {
    let size = (1..=DESCRIPTION_MAX_BYTES).contains(&bytes.len());
    let allowed = |byte: &u8| matches!(byte, 0x20..=0x7e | b'\r' | b'\n');
    Check::SDP_BYTES.refuse_if(!size || !bytes.ends_with(b"\r\n") || !bytes.iter().all(allowed))?;
    let text = Check::SDP_BYTES.require(std::str::from_utf8(bytes).ok())?;
    let body = text.strip_suffix("\r\n").unwrap_or(text);
    Check::SDP_LINES.refuse_if(body.split("\r\n").count() > SDP_MAX_LINES || !body.split("\r\n").all(is_line))?;
    let media = body.split("\r\n").filter(|line| line.starts_with("m=")).count();
    Check::SDP_MEDIA.refuse_if(!(1..=SDP_MAX_MEDIA).contains(&media))?;
    let mut fingerprints = body.split("\r\n").filter_map(|line| after(line, "a=fingerprint:")).peekable();
    Check::SDP_FINGERPRINT.refuse_if(fingerprints.peek().is_none() || !fingerprints.all(is_sha256))?;
    let is_candidate = |line| after(line, "a=candidate").or_else(|| after(line, "a=remote-candidates")).is_some();
    Check::SDP_CANDIDATE.refuse_if(body.split("\r\n").any(is_candidate))?;
    Ok(text)
}

/// 061: a lower-case letter and `=`; no bare CR or LF.
fn is_line(line: &str) -> bool {
    let mut bytes = line.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_lowercase())
        && bytes.next() == Some(b'=')
        && !bytes.any(|byte| matches!(byte, b'\r' | b'\n'))
}

/// What follows a name, in any case.
fn after<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (front, rest) = line.split_at_checked(name.len())?;
    front.eq_ignore_ascii_case(name).then_some(rest)
}

/// `sha-256 ` and 32 hex pairs with colons.
fn is_sha256(value: &str) -> bool {
    let Some(pairs) = after(value, "sha-256 ") else { return false };
    let is_pair = |pair: &str| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit());
    pairs.split(':').count() == FINGERPRINT_PAIRS && pairs.split(':').all(is_pair)
}
