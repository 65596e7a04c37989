//! Rules of calls that a test can break one by one, to see that the searches notice.

/// A rule that stands as one condition in the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Only a confirm makes it ring.
    Confirm,
    /// Sound flows only in a call that was accepted.
    Accept,
    /// No link before accept where the policy forbids it.
    EarlyConnection,
    /// The newest word of somebody's media counts.
    NewestStatus,
    /// A change of our media is told.
    TellStatus,
    /// What is over doesn't ring again.
    Over,
    /// Who is still in a call that ends is told.
    TellEnd,
    /// Of a call that ended, links are silenced.
    Silence,
    /// Only who is in the call has a word in it.
    Member,
    /// Only who offered a call can withdraw it.
    Offerer,
}

impl Rule {
    /// Whether the rule's condition is met; always so while it is broken.
    pub(super) fn met(self, condition: bool) -> bool {
        condition || !switch::is_on(self)
    }

    /// Whether the rule demands something; never while it is broken.
    pub(super) fn demands(self, condition: bool) -> bool {
        condition && switch::is_on(self)
    }
}

/// Every rule is in force.
#[cfg(not(test))]
mod switch {
    use super::Rule;

    pub(super) const fn is_on(_: Rule) -> bool {
        true
    }
}

#[cfg(test)]
#[path = "tests/switch.rs"]
pub(crate) mod switch;
