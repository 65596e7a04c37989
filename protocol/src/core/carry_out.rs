//! What the call core wants, done: sealed by the sessions, or passed on to the drivers.

use super::Core;
use super::effect::{Effect, MediaCommand, StoreCommand};
use super::step::Step;
use crate::call::effect::CallEffect;
use crate::control::EventKind;
use crate::wire::bodies::InboxBody;

impl Core {
    pub(super) fn carry_out(&mut self, effect: CallEffect, step: &mut Step<'_>) {
        match effect {
            CallEffect::Offer { account, device, offer } => self.reach(account, device, offer, step),
            CallEffect::Confirm { call, device } => {
                self.session(step, |session, _| session.confirm(call, device));
            }
            CallEffect::Cancel { call, account: _, device, reason } => {
                self.session(step, |session, cx| session.cancel(call, device, reason, cx));
            }
            CallEffect::Pair { call, device, body } => {
                self.session(step, |session, _| session.send_pair(call, device, body));
            }
            CallEffect::Broadcast { call, body } => self.session.broadcast(call, body),
            CallEffect::Missed { account, device, body } => self.keep_note(account, device, body, step),
            CallEffect::Elsewhere(body) => self.tell_own_devices(&InboxBody::Elsewhere(*body), step),
            CallEffect::Forget { call } => self.forget(call, step),
            CallEffect::OpenLink { link, call, device, offerer, ice_policy } => {
                self.open_link((link, call, device), (offerer, ice_policy), step);
            }
            CallEffect::Link { link, command } => self.link_command(link, command, step),
            CallEffect::Microphone { open } if open && self.voicemail.next_ms().is_some() => {
                self.end_of_recording(step);
                step.out.push(Effect::Media(MediaCommand::Microphone { open }));
            }
            CallEffect::Microphone { open } => step.out.push(Effect::Media(MediaCommand::Microphone { open })),
            CallEffect::Mute { muted } => step.out.push(Effect::Media(MediaCommand::Mute { muted })),
            CallEffect::Record(effect) => self.record(effect, step),
            CallEffect::Reply { ticket, result } => step.reply(ticket, result),
            CallEffect::Event(event) => {
                let event: EventKind = self.name_event(event, step);
                step.event(event);
            }
            CallEffect::History(entry) => {
                self.call_is_over(&entry);
                step.store(StoreCommand::History(entry));
            }
        }
    }
}
