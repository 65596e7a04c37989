//! One input's worth of work: the time it happened, and what shall be done.

use std::collections::VecDeque;

use rand_core::CryptoRng;

use super::effect::{Effect, NetCommand, StoreCommand};
use crate::call::signal::CallInput;
use crate::control::{ControlError, EventKind, Reply};
use crate::ids::{DeviceId, Now, Ticket};

/// What every part of the core works with while it handles an input.
pub(super) struct Step<'a> {
    pub(super) now: Now,
    pub(super) rng: &'a mut dyn CryptoRng,
    /// Inputs of the call core that are still to be handled.
    pub(super) calls: VecDeque<CallInput>,
    pub(super) out: Vec<Effect>,
    /// The frontend that asks, if one does.
    pub(super) client: Option<String>,
    /// What the call core does now is what that frontend asked for.
    pub(super) by_client: bool,
}

impl<'a> Step<'a> {
    pub(super) fn new(now: Now, rng: &'a mut dyn CryptoRng) -> Self {
        Self { now, rng, calls: VecDeque::new(), out: Vec::new(), client: None, by_client: false }
    }

    pub(super) fn net(&mut self, command: NetCommand) {
        self.out.push(Effect::Net(command));
    }

    pub(super) fn gossip(&mut self, device: DeviceId, allowed: bool) {
        self.net(NetCommand::Gossip { device, allowed });
    }

    pub(super) fn store(&mut self, command: StoreCommand) {
        self.out.push(Effect::Store(command));
    }

    pub(super) fn event(&mut self, event: EventKind) {
        self.out.push(Effect::Event(Box::new(event)));
    }

    pub(super) fn reply(&mut self, ticket: Ticket, result: Result<Reply, ControlError>) {
        self.out.push(Effect::Reply { ticket, result: Box::new(result) });
    }
}
