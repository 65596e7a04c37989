//! Tests of the session layer: several devices in memory, on a network that a test can spoil.

mod calls;
mod faults;
mod letters;
mod net;
mod node;
mod offers;
mod pairs;
mod waiting;

impl super::Session {
    /// Entries of everything it keeps.
    pub(crate) fn entries(&self) -> usize {
        let legs: usize = self.calls.values().map(|call| call.legs.len()).sum();
        self.calls.len() + legs + self.offerings.len() + self.answering.len() + self.silences.len() + self.held.len()
    }
}
