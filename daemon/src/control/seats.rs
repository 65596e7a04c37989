//! Who is connected. There is room for so many; those who have not said hello yet give way to others.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::{limits, platform};

/// All seats of one daemon.
pub(super) struct Seats {
    count: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    next: u64,
    /// By age; the token of those who can be sent away.
    seats: BTreeMap<u64, Option<CancellationToken>>,
}

/// One client's seat, free again when this is dropped.
pub(super) struct Seat {
    seats: Arc<Seats>,
    number: u64,
    /// Cancelled when it has to leave.
    leave: CancellationToken,
    /// It has to say hello in time.
    hurry: bool,
}

impl Default for Seats {
    /// [`limits::CLIENTS`], or fewer where the process may open few files: a client too many is refused with a reason
    /// as long as it can be accepted at all.
    fn default() -> Self {
        let files = platform::open_files_max().unwrap_or(u64::MAX) / limits::CLIENTS_PART_OF_FILES;
        let count = usize::try_from(files).unwrap_or(usize::MAX).clamp(1, limits::CLIENTS);
        Self { count, taken: Mutex::default() }
    }
}

impl Seats {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seat for a client that has yet to say who it is; the oldest other one that has not gives way to it.
    pub(super) fn take(self: &Arc<Self>) -> Option<Seat> {
        self.seat(true)
    }

    /// A seat for a client that need not hurry.
    pub(super) fn take_own(self: &Arc<Self>) -> Option<Seat> {
        self.seat(false)
    }

    fn seat(self: &Arc<Self>, hurry: bool) -> Option<Seat> {
        let mut taken = self.taken();
        if taken.seats.len() >= self.count {
            let silent = taken.seats.iter().find_map(|(number, leave)| leave.as_ref().map(|_| *number))?;
            if let Some(Some(leave)) = taken.seats.remove(&silent) {
                leave.cancel();
            }
        }
        let number = taken.next;
        taken.next += 1;
        let leave = CancellationToken::new();
        taken.seats.insert(number, hurry.then(|| leave.clone()));
        Some(Seat { seats: self.clone(), number, leave, hurry })
    }
}

impl Seat {
    /// It has said hello: nobody can take its place any more.
    pub(super) fn greeted(&mut self) {
        self.hurry = false;
        if let Some(leave) = self.seats.taken().seats.get_mut(&self.number) {
            *leave = None;
        }
    }

    /// Whether it has to say hello in time.
    pub(super) fn hurries(&self) -> bool {
        self.hurry
    }

    /// Waits until it has to leave.
    pub(super) async fn lost(&self) {
        self.leave.cancelled().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.taken().seats.remove(&self.number);
    }
}
