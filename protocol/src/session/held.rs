//! What the session layer holds now, for whoever looks for leaks.

use super::Session;

/// Numbers of things that a call brings and its end takes away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeldNow {
    /// Calls whose keys and topics are held.
    pub calls: usize,
    /// Pairs, those whose confirm is awaited included.
    pub pairs: usize,
    /// Whatever is sent again or runs out.
    pub timers: usize,
}

impl Session {
    /// What is held now.
    #[must_use]
    pub fn held_now(&self) -> HeldNow {
        let legs: usize = self.calls.values().map(|call| call.legs.len()).sum();
        let calls = self.calls.values().filter(|call| call.next_ms().is_some()).count();
        let silences = self.silences.iter().filter(|silence| !silence.told).count();
        HeldNow {
            calls: self.calls.len(),
            pairs: legs + self.answering.len(),
            timers: self.offerings.len() + self.answering.len() + calls + silences + self.letters.running(),
        }
    }
}
