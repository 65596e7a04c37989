//! What was missed or left while nobody was there, in words.

use ahoy_client::control::PlaybackEnd;

/// Who was away is told later, as late as may be.
pub(super) fn missed(who: &str, told_ms: u64, started_ms: u64) -> String {
    let age_ms = told_ms.saturating_sub(started_ms);
    let (minutes, hours) = (age_ms / 60_000, age_ms / 3_600_000);
    match (minutes, hours) {
        (0, _) => format!("missed a call of {who}"),
        (_, 0) => format!("missed a call of {who}, {minutes} min ago"),
        (_, 1..48) => format!("missed a call of {who}, {hours} h ago"),
        (_, 48..) => format!("missed a call of {who}, {} days ago", hours / 24),
    }
}

pub(super) fn left_message(who: &str, duration_ms: u32) -> String {
    format!("{who} left a message of {:.0} s", f64::from(duration_ms) / 1000.0)
}

/// How a message that was played is over.
pub(crate) fn playback(reason: PlaybackEnd, played_ms: u32) -> String {
    let seconds = f64::from(played_ms) / 1000.0;
    match reason {
        PlaybackEnd::Done => format!("{seconds:.1} s of a message were played"),
        PlaybackEnd::Call => format!("the message was cut short after {seconds:.1} s: the speaker is the call's"),
    }
}
