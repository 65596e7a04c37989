//! The rule that is broken in this thread.

use std::cell::Cell;

use super::Rule;

thread_local! {
    static BROKEN: Cell<Option<Rule>> = const { Cell::new(None) };
}

pub(super) fn is_on(rule: Rule) -> bool {
    BROKEN.get() != Some(rule)
}

/// Runs something while a rule is broken.
pub(crate) fn while_broken<T>(rule: Option<Rule>, run: impl FnOnce() -> T) -> T {
    let before = BROKEN.replace(rule);
    let value = run();
    BROKEN.set(before);
    value
}
