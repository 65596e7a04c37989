//! What is due: dials, prekeys, the turn of inbox days, guests whose time is over.

use super::Core;
use super::effect::{NetCommand, StoreCommand, Table};
use super::step::Step;
use crate::call::signal::CallInput;
use crate::limits::WALL_CLOCK_LOOK_MS;

impl Core {
    /// Everything that time alone brings about.
    pub(super) fn timers(&mut self, step: &mut Step<'_>) {
        if self.look_at_ms <= step.now.mono_ms {
            self.daily(step);
        }
        self.tell_again(step);
        self.presence_timers(step);
        self.voicemail_timer(step);
        self.change_timers(step);
        self.spread_timer(step);
        for guest in self.guests.over(step.now.mono_ms) {
            step.gossip(guest, false);
        }
        step.calls.push_back(CallInput::Timer);
    }

    /// Inbox topics and prekeys turn by the wall clock.
    pub(super) fn daily(&mut self, step: &mut Step<'_>) {
        let now_s = step.now.unix_s();
        if self.own.turn(now_s, step.rng) {
            step.store(StoreCommand::Put { table: Table::Account, key: Vec::new(), value: self.own.row() });
        }
        let (new, old) = self.inboxes.turn(now_s);
        new.into_iter().for_each(|topic| step.net(NetCommand::Subscribe(topic)));
        old.into_iter().for_each(|topic| step.net(NetCommand::Unsubscribe(topic)));
        self.drop_old_rows(step);
        self.drop_old_notes(step);
        self.drop_unwanted_messages(step);
        for device in self.peers.devices() {
            self.announce_messages(device, step);
        }
        let next_s = self.inboxes.next_turn_s(now_s).min(self.own.next_turn_s());
        let wait_ms = next_s.saturating_sub(now_s).saturating_mul(1000).clamp(1000, WALL_CLOCK_LOOK_MS);
        self.look_at_ms = step.now.mono_ms.saturating_add(wait_ms);
    }

    /// Dials and prekey requests that are due now: after every input, since inputs make them due.
    pub(super) fn reach_out(&mut self, step: &mut Step<'_>) {
        for device in self.dialing.due(step.now.mono_ms) {
            let addresses = self.dialable_addresses(&device);
            step.net(NetCommand::Connect { device, addresses });
        }
        for device in self.asking.due(step.now.mono_ms) {
            self.ask_prekey(device, step);
        }
    }

    /// What was tried to reach a device, for people.
    pub(super) fn tried(&self, device: &crate::ids::DeviceId) -> String {
        // Whether somebody is away or takes nothing of us is theirs to tell: both read the same.
        match self.dialing.tried(device) {
            Some(tried) => tried.to_owned(),
            None => {
                "it does not answer: it is off, frozen, behind a network that lets nobody in, or does not know us; \
                     look whether its daemon runs (`ahoy status` there) and ask for a new card if its address changed"
                    .to_owned()
            }
        }
    }

    /// When `Input::Timer` is wanted next, in monotonic ms.
    #[must_use]
    pub fn next_timer_ms(&self) -> Option<u64> {
        let times = [
            Some(self.look_at_ms),
            self.dialing.redial_ms,
            self.tell_again_ms,
            self.voicemail.next_ms(),
            self.linking.next_ms(),
            self.changes.next_ms(),
            self.revocation.next_ms(),
            self.guests.next_ms(),
            self.presences.next_ms(),
            self.asking.next_ms(),
            self.dialing.next_ms(),
            self.session.next_timer_ms(),
            self.calls.next_timer_ms(),
        ];
        times.into_iter().flatten().min()
    }
}
