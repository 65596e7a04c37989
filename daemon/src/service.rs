//! Towards a service manager such as systemd: readiness, signs of life and the end, as sd_notify(3) has them.
//!
//! A sign of life is given only after the actor has answered, so that a daemon whose actor is stuck is started anew
//! although its other tasks still run.

#[cfg(test)]
mod tests;

use std::io;
use std::time::Duration;

pub use sd_notify::NotifyState;
use tokio::time::MissedTickBehavior;

use crate::control::Control;

/// Tells the service manager, if there is one.
///
/// # Errors
/// What the operating system says if the manager's socket takes nothing.
pub fn tell(state: NotifyState<'_>) -> io::Result<()> {
    // A datagram to a manager that always reads; nothing here waits for an answer.
    sd_notify::notify(&[state])
}

/// How long the service manager waits for a sign of life; none if it does not.
#[must_use]
pub fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}

/// Gives signs of life at half of `limit`, each once the actor has answered. Never returns.
pub async fn keep_alive(control: &Control, limit: Duration, tell: impl Fn(NotifyState<'_>) -> io::Result<()>) {
    let mut due = tokio::time::interval((limit / 2).max(Duration::from_millis(1)));
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        if !control.alive().await {
            // The actor is gone; whoever waits for its end says so.
            return std::future::pending().await;
        }
        if let Err(error) = tell(NotifyState::Watchdog) {
            tracing::warn!(%error, "the service manager takes no sign of life");
        }
    }
}
