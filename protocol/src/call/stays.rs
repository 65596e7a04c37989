//! Calls that are at another device of our account and may come back: each is one line of history here, however often it
//! comes and goes. The device that takes a call over names it by the question (docs/wire.md section 7, 12), so that who
//! has asked knows it again.

use std::collections::VecDeque;

use ahoy_crypto::hash::labelled_hash;

use super::line::Line;
use crate::ids::CallId;
use crate::limits::STAYS_MAX;

/// The lines of such calls, by the names under which they may come back; oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Stays {
    lines: VecDeque<(CallId, Line)>,
}

impl Stays {
    /// The call has this name now, and this line here.
    pub(super) fn remember(&mut self, call: CallId, line: Line) {
        if self.lines.len() >= STAYS_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back((call, line));
    }

    /// The line that a call has here from before.
    pub(super) fn line_of(&self, call: CallId) -> Option<Line> {
        self.lines.iter().rfind(|(of, _)| *of == call).map(|(_, line)| *line)
    }
}

/// The name of the call by which a device takes over the one that this question is about.
pub(super) fn taken_as(question: CallId) -> CallId {
    let mut id = CallId([0; 16]);
    for (to, from) in id.0.iter_mut().zip(labelled_hash("taken", &[&question.0])) {
        *to = from;
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_is_taken_over_is_named_by_the_question() {
        // Python: hashlib.sha256(b"ahoy/1/taken\0" + bytes([7] * 16)).digest()[:16]
        let name = data_encoding::HEXLOWER.encode(&taken_as(CallId([7; 16])).0);
        assert_eq!(name, "652865a2cb13ac6d0ed6ef6ea3eeb9ba");
    }

    #[test]
    fn the_newest_lines_are_kept() {
        let mut stays = Stays::default();
        let call = |n: usize| CallId([u8::try_from(n).unwrap(); 16]);
        for n in 0..=STAYS_MAX {
            stays.remember(call(n), Line { call: call(n), incoming: true, started_ms: 1, accepted_ms: None });
        }
        assert_eq!((stays.line_of(call(0)), stays.lines.len()), (None, STAYS_MAX));
        assert!(stays.line_of(call(STAYS_MAX)).is_some());
    }
}
