//! A made-up session layer: offers, answers, confirms, ordered pairs, inbox kinds.

use super::desk::{account, device};
use super::world::{Event, Held, World};
use crate::call::effect::CallEffect;
use crate::call::signal::{CallInput, ContactPolicy, Sender};
use crate::ids::{CallId, DeviceId};

impl World {
    fn sender(&self, from: usize, to: usize) -> Sender {
        let (sender, receiver) = (&self.nodes[from], &self.nodes[to]);
        Sender {
            account: account(sender.account),
            device: device(sender.device),
            own: sender.account == receiver.account,
            policy: ContactPolicy::default(),
            sent_ms: sender.desk.now.unix_ms,
        }
    }

    /// Carries out what is the session layer's.
    pub(super) fn session(&mut self, node: usize, effect: &CallEffect) {
        let own = device(self.nodes[node].device);
        match effect {
            CallEffect::Offer { device, offer, .. } => self.send_offer(node, *device, offer),
            CallEffect::Confirm { call, device } => {
                self.send_pair(*call, node, *device, CallInput::Confirmed { call: *call, device: own });
            }
            CallEffect::Pair { call, device, body } => {
                let input = CallInput::Pair { call: *call, device: own, body: body.clone() };
                self.send_pair(*call, node, *device, input);
            }
            CallEffect::Broadcast { call, body } => {
                for to in (0..self.nodes.len()).filter(|to| *to != node) {
                    let pair = [(*call, node, to), (*call, to, node)];
                    if pair.iter().any(|p| self.confirmed.contains(p)) && self.rules.signals {
                        let at = self.now_ms + self.travel_ms();
                        let input = CallInput::Frame { call: *call, device: own, body: body.clone() };
                        self.at(at, to, Event::Input(Box::new(input)));
                    }
                }
            }
            CallEffect::Cancel { call, device, reason, .. } => {
                let Some(to) = self.node_of(*device) else { return };
                self.stopped.insert((*call, node, to));
                let from = self.sender(node, to);
                let at = self.now_ms + self.travel_ms();
                self.at(at, to, Event::Input(Box::new(CallInput::Cancel { from, call: *call, reason: *reason })));
            }
            CallEffect::Missed { device, body, .. } => {
                let Some(to) = self.node_of(*device) else { return };
                let from = self.sender(node, to);
                if self.nodes[to].alive {
                    let at = self.now_ms + self.travel_ms();
                    self.at(at, to, Event::Input(Box::new(CallInput::Missed { from, body: *body })));
                } else {
                    self.kept.push((to, from, *body));
                }
            }
            CallEffect::Elsewhere(body) => {
                for to in (0..self.nodes.len()).filter(|to| *to != node) {
                    if self.nodes[to].account == self.nodes[node].account {
                        let from = self.sender(node, to);
                        let at = self.now_ms + self.travel_ms();
                        let body = body.as_ref().clone();
                        self.at(at, to, Event::Input(Box::new(CallInput::Elsewhere { from, body })));
                    }
                }
            }
            CallEffect::Forget { .. }
            | CallEffect::OpenLink { .. }
            | CallEffect::Link { .. }
            | CallEffect::Microphone { .. }
            | CallEffect::Mute { .. }
            | CallEffect::Record(_)
            | CallEffect::Reply { .. }
            | CallEffect::Event(_)
            | CallEffect::History(_) => {}
        }
    }

    fn send_offer(&mut self, node: usize, to: DeviceId, offer: &crate::wire::bodies::Offer) {
        let call = offer.call;
        let there = self.node_of(to).filter(|n| self.nodes[*n].alive);
        let Some(there) = there else {
            let input = CallInput::Unreached { call, device: to, tried: "no address answered".to_owned() };
            self.at(self.now_ms + 10_000, node, Event::Input(Box::new(input)));
            return;
        };
        let from = self.sender(node, there);
        let (way, back) = (self.travel_ms(), self.travel_ms());
        let arrives = self.now_ms + way;
        self.at(arrives, there, Event::Input(Box::new(CallInput::Offer { from, offer: offer.clone() })));
        self.at(arrives + back, node, Event::Answered { call, device: to });
        self.at(arrives + 5_000, there, Event::ConfirmDue { call, device: device(self.nodes[node].device) });
    }

    /// In order and each once; what can't pass now waits, for at most 60 s.
    pub(super) fn send_pair(&mut self, call: CallId, from: usize, to: DeviceId, input: CallInput) {
        let Some(to) = self.node_of(to) else { return };
        if !self.rules.signals {
            self.held.push(Held { call, from, to, input, until_ms: self.now_ms + 60_000 });
            return;
        }
        let at = self.now_ms + self.travel_ms();
        let last = self.order.entry((call, from, to)).or_default();
        *last = at.max(*last);
        let at = *last;
        self.at(at, to, Event::Input(Box::new(input)));
    }

    /// Signals pass again, or no longer.
    pub(super) fn set_signals(&mut self, pass: bool) {
        self.rules.signals = pass;
        if pass {
            for held in std::mem::take(&mut self.held) {
                if held.until_ms >= self.now_ms {
                    let to = device(self.nodes[held.to].device);
                    self.send_pair(held.call, held.from, to, held.input);
                }
            }
        }
    }
}
