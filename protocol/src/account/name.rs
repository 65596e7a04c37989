//! Names that people go by: nothing in them deceives the eye, and none passes for an account id.
//!
//! The wire lets more through (check 043), so that what other programs write stays readable: the rule here is for the
//! names that we show. What cannot be seen is taken out of a card's name and refused in one that somebody chooses.

use crate::limits::NAME_MAX_BYTES;

/// What account ids and cards begin with as text.
const ID_BEGINNINGS: [&str; 2] = ["ahoy1", "ahoy:"];

/// The name without letters that can't be seen, and without blanks at its ends.
#[must_use]
pub fn visible(name: &str) -> String {
    let seen: String = name.chars().filter(|letter| !is_invisible(*letter)).collect();
    seen.trim().to_owned()
}

/// What is wrong with a name that somebody chose; none if it can be used.
#[must_use]
pub fn problem(name: &str) -> Option<&'static str> {
    if name.is_empty() || name.len() > NAME_MAX_BYTES {
        return Some("a name has 1 to 64 bytes");
    }
    if name.trim() != name || name.contains(char::is_control) {
        return Some("a name has no control characters and no blank at an end");
    }
    if name.contains(is_invisible) {
        return Some("a name has no letters that cannot be seen or that turn the direction of writing");
    }
    let lower = name.to_ascii_lowercase();
    if ID_BEGINNINGS.iter().any(|beginning| lower.starts_with(beginning)) {
        return Some("a name does not look like an account id or a card");
    }
    None
}

/// Letters without a width or that turn the direction of writing (Unicode's Bidi_Control, and what of
/// Default_Ignorable_Code_Point can stand in a name): with them two names look alike, or a name changes what is shown
/// behind it. Joiners (U+200C, U+200D) are among them: emoji made of several ones fall apart, which does less harm.
fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests;
