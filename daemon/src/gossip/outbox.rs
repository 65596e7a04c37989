//! What waits for the core. Events are never lost: when the core is slow, the driver stops reading
//! the network. Messages are: gossip may drop, and their senders repeat them.

use std::collections::VecDeque;

use ahoy_protocol::core::input::NetEvent;
use tokio::sync::mpsc::{self, error::TrySendError};

use super::ports::NetOutput;
use crate::limits::network as limits;

/// The queue toward the core.
pub(crate) struct Outbox {
    core: mpsc::Sender<NetOutput>,
    waiting: VecDeque<NetEvent>,
}

/// The core is gone.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Closed;

impl Outbox {
    /// An empty one.
    pub(crate) fn new(core: mpsc::Sender<NetOutput>) -> Self {
        Self { core, waiting: VecDeque::new() }
    }

    /// Tells the core, soon.
    pub(crate) fn event(&mut self, event: NetEvent) {
        if let (Some(NetEvent::Listening(before)), NetEvent::Listening(now)) = (self.waiting.back_mut(), &event) {
            before.clone_from(now);
            return;
        }
        self.waiting.push_back(event);
    }

    /// Tells the core now, or says that it can't.
    #[must_use]
    pub(crate) fn try_now(&mut self, output: NetOutput) -> bool {
        self.flush();
        self.waiting.is_empty() && self.core.try_send(output).is_ok()
    }

    /// More may be read from the network. One reading adds at most a peer's topics.
    pub(crate) fn has_room(&self) -> bool {
        self.waiting.len() < limits::OUTBOX
    }

    /// Passes on as much as the core has room for.
    pub(crate) fn flush(&mut self) {
        while let Some(event) = self.waiting.pop_front() {
            match self.core.try_send(NetOutput::Event(event)) {
                Ok(()) => {}
                Err(TrySendError::Full(NetOutput::Event(event)) | TrySendError::Closed(NetOutput::Event(event))) => {
                    self.waiting.push_front(event);
                    return;
                }
                Err(TrySendError::Full(NetOutput::Sealed { .. }) | TrySendError::Closed(NetOutput::Sealed { .. })) => {
                    return;
                }
            }
        }
    }

    /// Returns when the core has room for the first event that waits, never if none does.
    ///
    /// # Errors
    /// [`Closed`] if the core is gone.
    pub(crate) async fn ready(&self) -> Result<(), Closed> {
        if self.waiting.is_empty() {
            self.core.closed().await;
            return Err(Closed);
        }
        self.core.reserve().await.map(drop).map_err(|_| Closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ahoy_protocol::core::input::{MessageRef, Topic};
    use ahoy_protocol::ids::DeviceId;

    fn gone(n: u8) -> NetEvent {
        NetEvent::Disconnected { device: DeviceId([n; 32]) }
    }

    fn sealed() -> NetOutput {
        let message = MessageRef { id: vec![], through: DeviceId([0; 32]) };
        NetOutput::Sealed { topic: Topic([b'a'; 32]), data: vec![], message }
    }

    #[tokio::test]
    async fn events_wait_in_order_while_the_core_is_busy_and_messages_are_dropped() {
        let (tx, mut rx) = mpsc::channel(1);
        let mut outbox = Outbox::new(tx);
        for n in 0..3 {
            outbox.event(gone(n));
        }
        outbox.flush();
        assert!(!outbox.try_now(sealed()));
        for n in 0..3 {
            let got = rx.recv().await;
            assert!(
                matches!(got, Some(NetOutput::Event(NetEvent::Disconnected { device })) if device.0[0] == n),
                "{n}: {got:?}"
            );
            outbox.ready().await.map_or_else(|_| panic!("the core lives"), |()| outbox.flush());
            if n == 1 {
                break;
            }
        }
        assert!(rx.recv().await.is_some());
        assert!(outbox.try_now(sealed()));
    }

    #[tokio::test]
    async fn a_core_that_is_gone_is_noticed() {
        let (tx, rx) = mpsc::channel(1);
        drop(rx);
        let mut outbox = Outbox::new(tx);
        assert_eq!(outbox.ready().await, Err(Closed));
        outbox.event(gone(1));
        assert_eq!(outbox.ready().await, Err(Closed));
    }

    #[test]
    fn only_the_newest_of_successive_address_lists_is_told() {
        let (tx, mut rx) = mpsc::channel(4);
        let mut outbox = Outbox::new(tx);
        outbox.event(NetEvent::Listening(vec![vec![1]]));
        outbox.event(NetEvent::Listening(vec![vec![1], vec![2]]));
        outbox.flush();
        assert!(matches!(rx.try_recv(), Ok(NetOutput::Event(NetEvent::Listening(all))) if all.len() == 2));
        assert!(rx.try_recv().is_err());
    }
}
