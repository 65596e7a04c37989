//! The default may become another device at any time. The stream on the old one goes on until the one on the new one
//! runs.

use std::sync::atomic::Ordering;

use super::{
    Which,
    line::{Line, Opened},
};
use crate::host_media::source::Lost;

/// A stream that takes the place of another once it runs.
pub(super) struct Next<End> {
    line: Line<End>,
    opened: Option<Opened<End>>,
}

impl<End> Next<End> {
    /// Looks at a stream; one whose device is no longer the default gets a successor, which `open` begins to open.
    pub(super) fn follow(
        next: &mut Option<Self>,
        line: &Line<End>,
        which: &Which,
        open: impl FnOnce(&Which) -> Line<End>,
    ) {
        if next.is_none() && line.status.moved.load(Ordering::Acquire) {
            *next = Some(Self { line: open(which), opened: None });
        }
    }

    /// The successor, once it runs. One that does not work is given up; the next look at the old one tries again.
    pub(super) fn ready(next: &mut Option<Self>, old: &Line<End>, now_us: u64) -> Option<(Line<End>, Opened<End>)> {
        let runs = next.as_mut()?.runs(now_us);
        match runs {
            Ok(false) => None,
            Ok(true) => next.take().and_then(|next| next.opened.map(|opened| (next.line, opened))),
            Err(Lost(why)) => {
                tracing::debug!(why, "the device that is the default now cannot be used");
                *next = None;
                old.status.moved.store(false, Ordering::Release);
                None
            }
        }
    }

    fn runs(&mut self, now_us: u64) -> Result<bool, Lost> {
        if let Some(opened) = self.line.opened(now_us)? {
            self.opened = Some(opened);
        }
        self.line.watch(now_us)?;
        Ok(self.opened.is_some() && self.line.status.callbacks.load(Ordering::Acquire) > 0)
    }
}
