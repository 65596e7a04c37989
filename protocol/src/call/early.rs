//! Signals that came before their offer, or before its confirm: kept, bounded, and applied in order.

use std::collections::VecDeque;

use super::signal::CallInput;
use crate::ids::{CallId, DeviceId};
use crate::limits::{EARLY_CALLS, EARLY_MS, EARLY_SIGNALS};

/// The early signals of one device about one call.
#[derive(Clone, Debug)]
struct Early {
    call: CallId,
    device: DeviceId,
    since_ms: u64,
    signals: Vec<CallInput>,
}

/// All of them; the call whose first signal is the oldest gives way.
#[derive(Clone, Debug, Default)]
pub(super) struct EarlySignals {
    calls: VecDeque<Early>,
}

impl EarlySignals {
    /// Keeps a signal; what is too much of a call is dropped.
    pub(super) fn keep(&mut self, call: CallId, device: DeviceId, signal: CallInput, now_ms: u64) {
        self.calls.retain(|early| early.since_ms + EARLY_MS > now_ms);
        if let Some(early) = self.calls.iter_mut().find(|e| e.call == call && e.device == device) {
            if early.signals.len() < EARLY_SIGNALS {
                early.signals.push(signal);
            }
            return;
        }
        if self.calls.len() >= EARLY_CALLS {
            self.calls.pop_front();
        }
        self.calls.push_back(Early { call, device, since_ms: now_ms, signals: vec![signal] });
    }

    /// Takes what is kept of a device about a call, in the order in which it came.
    pub(super) fn take(&mut self, call: CallId, device: DeviceId, now_ms: u64) -> Vec<CallInput> {
        let Some(at) = self.calls.iter().position(|e| e.call == call && e.device == device) else { return Vec::new() };
        match self.calls.remove(at) {
            Some(early) if early.since_ms + EARLY_MS > now_ms => early.signals,
            Some(_) | None => Vec::new(),
        }
    }
}
