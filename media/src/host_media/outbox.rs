//! Events on their way to the daemon: in order, bounded, and without waiting for it.

use std::collections::VecDeque;

use tokio::sync::mpsc::{self, error::TrySendError};

use super::{api::AudioEvent, source::Lost};
use crate::limits::PENDING_EVENTS;

/// Time until events that found no room are tried again, microseconds.
const RETRY_US: u64 = 20_000;

/// Keeps what the daemon has no room for at the moment.
pub(crate) struct Outbox {
    daemon: mpsc::Sender<AudioEvent>,
    waiting: VecDeque<AudioEvent>,
}

impl Outbox {
    /// To this receiver.
    pub(crate) fn new(daemon: mpsc::Sender<AudioEvent>) -> Self {
        Self { daemon, waiting: VecDeque::new() }
    }

    /// Takes an event; over the limit it is dropped, as the daemon must have stopped listening long ago.
    pub(crate) fn push(&mut self, event: AudioEvent) {
        if self.waiting.len() < PENDING_EVENTS {
            self.waiting.push_back(event);
        }
    }

    /// A device is lost.
    pub(crate) fn lost(&mut self, input: bool, lost: Lost) {
        self.push(AudioEvent::DeviceLost { input, detail: lost.0 });
    }

    /// A lost device is in use again.
    pub(crate) fn back(&mut self, input: bool, detail: String) {
        self.push(AudioEvent::DeviceBack { input, detail });
    }

    /// Hands over as many as there is room for.
    pub(crate) fn deliver(&mut self) {
        while let Some(event) = self.waiting.pop_front() {
            match self.daemon.try_send(event) {
                Ok(()) => {}
                Err(TrySendError::Full(event)) => {
                    self.waiting.push_front(event);
                    return;
                }
                // Nobody listens any more: the daemon is ending.
                Err(TrySendError::Closed(_)) => self.waiting.clear(),
            }
        }
    }

    /// When to try again, if something waits.
    pub(crate) fn due_us(&self, now_us: u64) -> Option<u64> {
        (!self.waiting.is_empty()).then_some(now_us + RETRY_US)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simple_webrtc::engine::LinkId;

    fn event(n: u64) -> AudioEvent {
        AudioEvent::FirstAudio { link: LinkId(n) }
    }

    #[test]
    fn events_wait_for_a_slow_receiver_and_keep_their_order() {
        let (sender, mut receiver) = mpsc::channel(1);
        let mut outbox = Outbox::new(sender);
        (0..5).for_each(|n| outbox.push(event(n)));
        let mut told = Vec::new();
        for round in 0..5 {
            outbox.deliver();
            assert_eq!(outbox.due_us(7), (round < 4).then_some(7 + RETRY_US));
            told.extend(receiver.try_recv());
        }
        assert_eq!(told, (0..5).map(event).collect::<Vec<_>>());
    }

    #[test]
    fn what_nobody_takes_is_bounded_and_for_nobody_nothing_is_kept() {
        let (sender, receiver) = mpsc::channel(1);
        let mut outbox = Outbox::new(sender);
        (0..10_000).for_each(|n| outbox.push(event(n)));
        assert_eq!(outbox.waiting.len(), PENDING_EVENTS);
        drop(receiver);
        outbox.deliver();
        assert_eq!(outbox.due_us(0), None);
    }
}
