//! Figures for Prometheus: off unless asked for, on this machine only, and without a label that names anybody.

mod page;
mod server;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use page::render;
pub use server::Server;

use ahoy_media::tasks::Tasks;

use crate::control::{Board, Control};

/// Where figures come from.
#[derive(Clone)]
pub struct Figures {
    /// What everybody may read.
    pub board: Arc<Board>,
    /// The way to the actor.
    pub control: Control,
    /// The sound.
    pub sound: Arc<dyn ahoy_media::host_media::api::Sound>,
    /// Counts the server's task.
    pub tasks: Tasks,
}
