//! What an engine's methods and a link's task share: the link machine, the queues between them and the figures.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::engine::{AudioFrame, EngineError, Events, LinkEvent, LinkId, Role, TransportStats};
use super::link::{LinkMachine, Order};
use crate::limits::{CTL_MESSAGE_BYTES, EVENTS_A_LINK, FRAMES_A_LINK, ORDERS_A_LINK};

/// Takes a lock even if its last holder panicked: every value behind these locks is whole between two statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Encoded frames on their way to the link's task; the oldest gives way.
#[derive(Debug, Default)]
struct FrameQueue {
    frames: Mutex<VecDeque<AudioFrame>>,
    filled: Notify,
}

/// One link, as both sides see it.
#[derive(Debug)]
pub(crate) struct Shared {
    machine: Mutex<LinkMachine>,
    orders: mpsc::Sender<Order>,
    frames: FrameQueue,
    stats: Mutex<TransportStats>,
    closing: CancellationToken,
}

impl Shared {
    /// A link and the end of it that its task holds.
    pub(crate) fn new(link: LinkId, role: Role, events: Events) -> (Arc<Self>, Port) {
        let (orders, waiting) = mpsc::channel(ORDERS_A_LINK);
        let shared = Arc::new(Self {
            machine: Mutex::new(LinkMachine::new(role)),
            orders,
            frames: FrameQueue::default(),
            stats: Mutex::default(),
            closing: CancellationToken::new(),
        });
        let port = Port { link, shared: shared.clone(), orders: waiting, events, outbox: VecDeque::new() };
        (shared, port)
    }

    /// Lets the machine decide and hands what it wants done to the task, or nothing of both.
    pub(crate) fn order(
        &self,
        decide: impl FnOnce(&mut LinkMachine) -> Result<Option<Order>, EngineError>,
    ) -> Result<(), EngineError> {
        let mut machine = lock(&self.machine);
        let room = match self.orders.try_reserve() {
            Ok(room) => Some(room),
            // The task is gone: the machine says "ending" or "ended" to whoever still asks.
            Err(mpsc::error::TrySendError::Closed(())) => None,
            Err(mpsc::error::TrySendError::Full(())) => return Err(EngineError::QueueFull),
        };
        if let (Some(order), Some(room)) = (decide(&mut machine)?, room) {
            room.send(order);
        }
        Ok(())
    }

    /// Puts a frame in line; the oldest one gives way.
    pub(crate) fn send_audio(&self, frame: AudioFrame) -> Result<(), EngineError> {
        lock(&self.machine).may_send_audio()?;
        let mut frames = lock(&self.frames.frames);
        if frames.len() >= FRAMES_A_LINK {
            frames.pop_front();
            lock(&self.stats).frames_dropped += 1;
        }
        frames.push_back(frame);
        drop(frames);
        self.frames.filled.notify_one();
        Ok(())
    }

    /// Puts a message in line.
    pub(crate) fn send_ctl(&self, message: Bytes) -> Result<(), EngineError> {
        if message.len() > CTL_MESSAGE_BYTES {
            return Err(EngineError::Limit("1024 bytes a message on ctl"));
        }
        self.order(|machine| machine.may_send_ctl().map(|()| Some(Order::Ctl(message))))
    }

    /// The newest figures.
    pub(crate) fn stats(&self) -> TransportStats {
        lock(&self.stats).clone()
    }

    /// Has the link taken down.
    pub(crate) fn close(&self) {
        lock(&self.machine).close();
        self.closing.cancel();
    }

    /// Everything is released.
    pub(crate) fn ended(&self) {
        lock(&self.machine).ended();
    }
}

/// The end of a link that its task holds.
pub(crate) struct Port {
    link: LinkId,
    shared: Arc<Shared>,
    orders: mpsc::Receiver<Order>,
    events: Events,
    /// Events that the engine's queue has no room for yet; audio goes on meanwhile.
    outbox: VecDeque<LinkEvent>,
}

/// What a link's task is woken by.
pub(crate) enum Wake {
    /// `close` was called.
    Closing,
    /// Something to do.
    Order(Order),
    /// Frames wait.
    Frames,
    /// An event was handed over: there may be room to tell more.
    Told,
}

impl Port {
    /// The link's name.
    pub(crate) fn link(&self) -> LinkId {
        self.link
    }

    /// The link machine.
    pub(crate) fn machine(&self) -> MutexGuard<'_, LinkMachine> {
        lock(&self.shared.machine)
    }

    /// Puts events in line, in order.
    pub(crate) fn tell(&mut self, events: impl IntoIterator<Item = LinkEvent>) {
        self.outbox.extend(events);
    }

    /// Whether more may be told; if not, the task reads nothing that could cause an event.
    pub(crate) fn may_tell(&self) -> bool {
        self.outbox.len() < EVENTS_A_LINK
    }

    /// The next thing to do. Hands over one event meanwhile. Cancel safe.
    pub(crate) async fn wake(&mut self) -> Wake {
        let may_tell = self.may_tell();
        tokio::select! {
            biased;
            () = self.shared.closing.cancelled() => Wake::Closing,
            room = self.events.reserve(), if !self.outbox.is_empty() => match (room, self.outbox.pop_front()) {
                (Ok(room), Some(event)) => {
                    room.send((self.link, event));
                    Wake::Told
                }
                (Ok(_), None) => Wake::Told,
                // Nobody listens to this engine any more, so nobody wants the link.
                (Err(_), _) => Wake::Closing,
            },
            () = self.shared.frames.filled.notified() => Wake::Frames,
            order = self.orders.recv(), if may_tell => order.map_or(Wake::Closing, Wake::Order),
        }
    }

    /// Takes the oldest waiting frame.
    pub(crate) fn frame(&self) -> Option<AudioFrame> {
        lock(&self.shared.frames.frames).pop_front()
    }

    /// The figures, to be changed.
    pub(crate) fn stats(&self) -> MutexGuard<'_, TransportStats> {
        lock(&self.shared.stats)
    }

    /// Hands over what is still to be told; waits for room, so only on the way out.
    pub(crate) async fn flush(&mut self) {
        while let Some(event) = self.outbox.pop_front() {
            if self.events.send((self.link, event)).await.is_err() {
                self.outbox.clear();
            }
        }
    }
}
