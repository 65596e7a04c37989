//! What is recorded of the microphone for a message that is left after a call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ahoy_media::simple_webrtc::engine::LinkId;

use crate::limits;

/// The link that stands for the tape: names of real ones count up from 1.
pub(super) const TAPE: LinkId = LinkId(u64::MAX);

/// Takes encoded frames while it runs. Cheap to share.
#[derive(Clone, Debug, Default)]
pub struct Tape(Arc<Mutex<Option<Vec<Vec<u8>>>>>);

impl Tape {
    fn lock(&self) -> MutexGuard<'_, Option<Vec<Vec<u8>>>> {
        // The packets are plain values: a panic elsewhere leaves them whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins with nothing.
    pub(super) fn begin(&self) {
        *self.lock() = Some(Vec::new());
    }

    /// It runs.
    pub(super) fn runs(&self) -> bool {
        self.lock().is_some()
    }

    /// Takes a packet while it runs and there is room. Called on the audio thread: held for a moment only.
    pub(super) fn take(&self, packet: &[u8]) {
        if let Some(packets) = self.lock().as_mut().filter(|packets| packets.len() < limits::TAPE_PACKETS) {
            packets.push(packet.to_vec());
        }
    }

    /// Ends; what it has.
    pub(super) fn end(&self) -> Vec<Vec<u8>> {
        self.lock().take().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tape_takes_nothing_before_it_runs_nor_after_and_no_more_than_fits() {
        let tape = Tape::default();
        tape.take(b"before");
        tape.begin();
        for n in 0..limits::TAPE_PACKETS + 1 {
            tape.take(&n.to_be_bytes());
        }
        assert_eq!(tape.end().len(), limits::TAPE_PACKETS);
        tape.take(b"after");
        assert_eq!(tape.end(), Vec::<Vec<u8>>::new());
    }
}
