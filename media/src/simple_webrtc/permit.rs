//! Whether sound that was encoded may (still) leave. Between the encoder and the network there are queues, and packets are
//! kept to be sent again: whoever mutes calls all of it back at once, wherever it is.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Gives permits for the sound of one link, and calls them back.
#[derive(Debug, Default)]
pub(crate) struct Permits(Arc<AtomicU64>);

impl Permits {
    /// For a frame that is encoded now.
    pub(crate) fn give(&self) -> Permit {
        Permit { given: self.0.load(Ordering::SeqCst), now: Arc::clone(&self.0) }
    }

    /// No permit that was given so far holds any more.
    pub(crate) fn call_back(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Who no longer gives any lets nothing more leave either.
impl Drop for Permits {
    fn drop(&mut self) {
        self.call_back();
    }
}

/// Lets a frame leave, for the first time or again, until it is called back. The default one always holds.
#[derive(Clone, Debug, Default)]
pub struct Permit {
    given: u64,
    now: Arc<AtomicU64>,
}

impl Permit {
    /// Whether the frame may leave now.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.given == self.now.load(Ordering::SeqCst)
    }
}

/// Permits are alike if both hold, or neither.
impl PartialEq for Permit {
    fn eq(&self, other: &Self) -> bool {
        self.holds() == other.holds()
    }
}

impl Eq for Permit {}
