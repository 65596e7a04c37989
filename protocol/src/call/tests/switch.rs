//! The rule that is broken in this thread.

use std::cell::Cell;

use super::Rule;

thread_local! {
    static BROKEN: Cell<Option<Rule>> = const { Cell::new(None) };
}

pub(super) fn is_on(rule: Rule) -> bool {
    BROKEN.get() != Some(rule)
}

/// Puts back what was so before, also where a test ends in a panic.
struct Before(Option<Rule>);

impl Drop for Before {
    fn drop(&mut self) {
        BROKEN.set(self.0);
    }
}

/// Runs something while a rule is broken.
pub(crate) fn while_broken<T>(rule: Option<Rule>, run: impl FnOnce() -> T) -> T {
    let _before = Before(BROKEN.replace(rule));
    run()
}
