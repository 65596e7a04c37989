//! Tests switch a check off to see that something notices. Only test builds have this file.

use std::cell::Cell;

use super::Check;

thread_local! {
    /// Per thread, so that tests beside this one keep all of their checks.
    static OFF: Cell<Option<Check>> = const { Cell::new(None) };
}

pub(super) fn is_on(check: Check) -> bool {
    OFF.get() != Some(check)
}

/// What can't go on without a value refuses without a number.
pub(super) fn name(check: Check) -> Check {
    if is_on(check) { check } else { Check(0) }
}

/// All checks are on again, whatever has happened.
struct Restore;

impl Drop for Restore {
    fn drop(&mut self) {
        OFF.set(None);
    }
}

impl Check {
    /// Switches this check off for the current thread while `work` runs.
    pub fn switched_off<T>(self, work: impl FnOnce() -> T) -> T {
        let _restore = Restore;
        OFF.set(Some(self));
        work()
    }
}
