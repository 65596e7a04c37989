//! Who is doing what: asked for, not poured out.
//!
//! We ask for a contact's presence when a conversation with it is opened, and all the time for favourites. We tell ours to
//! whoever asked within the last 15 minutes, changes of a second together, 20 presences a minute.

use std::collections::{BTreeMap, BTreeSet};

use super::Core;
use super::step::Step;
use crate::account::Policy;
use crate::control::{ControlError, DoneReply, ErrorKind, EventKind, PresenceState, Reply};
use crate::ids::{AccountId, DeviceId, Now};
use crate::limits::{
    PRESENCE_ASK_AGAIN_MS, PRESENCE_COALESCE_MS, PRESENCE_INTEREST_MS, PRESENCE_LOOK_MS, PRESENCE_PERSON_ASKS_MS,
    PRESENCE_WATCHED_MAX,
};

/// What we know of what others do, and who wants to know what we do. Times are monotonic ms.
#[derive(Clone, Debug, Default)]
pub(super) struct Presences {
    /// What the person said we are doing.
    said: Option<PresenceState>,
    /// What was told last.
    now: Option<PresenceState>,
    /// Devices of contacts that asked for ours, and until when they are told.
    watchers: BTreeMap<DeviceId, u64>,
    /// Those of them that don't know what we do now, and when they are told.
    untold: BTreeSet<DeviceId>,
    tell_ms: Option<u64>,
    /// Accounts somebody here looks at, and until when.
    interest: BTreeMap<AccountId, u64>,
    /// When a device was asked last.
    asked: BTreeMap<DeviceId, u64>,
    look_ms: Option<u64>,
    /// What devices said.
    theirs: BTreeMap<DeviceId, Said>,
}

/// What a device said it is doing.
#[derive(Clone, Copy, Debug)]
struct Said {
    state: PresenceState,
    /// When, monotonic.
    at_ms: u64,
    /// When, Unix.
    unix_ms: u64,
}

impl Said {
    /// Who asked is told of changes for so long; what was said before that may be so no more.
    fn is_old(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.at_ms) >= PRESENCE_INTEREST_MS
    }
}

impl Presences {
    /// What a person said before the daemon started.
    pub(super) fn new(do_not_disturb: bool) -> Self {
        Self { said: do_not_disturb.then_some(PresenceState::DoNotDisturb), ..Self::default() }
    }

    /// Calls don't ring.
    pub(super) fn is_quiet(&self) -> bool {
        self.said == Some(PresenceState::DoNotDisturb)
    }

    /// What we are doing.
    pub(super) fn own(&self, in_call: bool) -> PresenceState {
        match self.said.unwrap_or(PresenceState::Available) {
            PresenceState::DoNotDisturb => PresenceState::DoNotDisturb,
            PresenceState::Available | PresenceState::Away | PresenceState::InCall if in_call => PresenceState::InCall,
            PresenceState::Away => PresenceState::Away,
            PresenceState::Available | PresenceState::InCall => PresenceState::Available,
        }
    }

    /// These devices are told nothing more.
    pub(super) fn unwatch<'a>(&mut self, devices: impl Iterator<Item = &'a DeviceId>) {
        for device in devices {
            self.watchers.remove(device);
            self.untold.remove(device);
        }
    }

    /// A device wants to know what we do.
    fn watch(&mut self, device: DeviceId, now_ms: u64) {
        self.watchers.retain(|_, until_ms| *until_ms > now_ms);
        if self.watchers.len() >= PRESENCE_WATCHED_MAX && !self.watchers.contains_key(&device) {
            return;
        }
        self.watchers.insert(device, now_ms.saturating_add(PRESENCE_INTEREST_MS));
    }

    /// What a device said, as it is sent: none for what isn't a state of somebody who is there.
    fn said_by(&mut self, device: DeviceId, code: u8, now: Now) {
        match state_of(code) {
            Some(state) => self.theirs.insert(device, Said { state, at_ms: now.mono_ms, unix_ms: now.unix_ms }),
            None => self.theirs.remove(&device),
        };
    }

    /// Everything that has a time.
    pub(super) fn next_ms(&self) -> Option<u64> {
        let old_ms = self.theirs.values().map(|said| said.at_ms.saturating_add(PRESENCE_INTEREST_MS)).min();
        self.tell_ms.into_iter().chain(self.look_ms).chain(old_ms).min()
    }

    /// A person asks: whoever was asked a few seconds ago need not be asked again.
    fn ask_anew(&mut self, device: &DeviceId, now_ms: u64) {
        if self.asked.get(device).is_some_and(|at_ms| now_ms.saturating_sub(*at_ms) >= PRESENCE_PERSON_ASKS_MS) {
            self.asked.remove(device);
        }
    }
}

/// As it stands in presences (docs/wire.md section 3).
fn code_of(state: PresenceState) -> u8 {
    match state {
        PresenceState::Available => 1,
        PresenceState::Away => 2,
        PresenceState::InCall => 3,
        PresenceState::DoNotDisturb => 4,
    }
}

fn state_of(code: u8) -> Option<PresenceState> {
    use PresenceState::{Available, Away, DoNotDisturb, InCall};
    [Available, Away, InCall, DoNotDisturb].into_iter().find(|state| code_of(*state) == code)
}

impl Core {
    /// `presence.set`.
    pub(super) fn set_presence(&mut self, state: PresenceState, step: &mut Step<'_>) -> Result<Reply, ControlError> {
        if state == PresenceState::InCall {
            let hint = "say available, away or do_not_disturb; a call is shown by itself";
            return Err(ControlError::new(ErrorKind::BadParams, "nobody says that we are in a call", hint));
        }
        self.presences.said = Some(state);
        self.calls.set_quiet(self.presences.is_quiet());
        self.look_at_ourselves(step);
        Ok(Reply::Done(DoneReply { call: None }))
    }

    /// After every input: what we are doing may have changed.
    pub(super) fn look_at_ourselves(&mut self, step: &mut Step<'_>) {
        let state = self.presences.own(self.calls.in_call());
        let before = self.presences.now.replace(state);
        if before.is_none_or(|before| before == state) {
            return;
        }
        let (account, client) = (self.own.account().text(), step.client.clone());
        step.event(EventKind::Presence { account, state: Some(state), client });
        let now_ms = step.now.mono_ms;
        let presences = &mut self.presences;
        presences.untold = presences.watchers.iter().filter(|(_, until)| **until > now_ms).map(|(it, _)| *it).collect();
        if !presences.untold.is_empty() && presences.tell_ms.is_none() {
            presences.tell_ms = Some(now_ms.saturating_add(PRESENCE_COALESCE_MS));
        }
    }

    /// What this device is told of what we do.
    pub(super) fn presence_code(&self, device: &DeviceId) -> u8 {
        let secret = self.contacts.of_device(device).is_some_and(|contact| contact.policy.has(Policy::NO_PRESENCE));
        let state = self.presences.own(self.calls.in_call());
        code_of(if secret { PresenceState::Available } else { state })
    }

    /// What we are doing, as frontends see it.
    pub(super) fn own_presence(&self) -> PresenceState {
        self.presences.own(self.calls.in_call())
    }

    /// `presence.ask`.
    pub(super) fn ask_presence_of(&mut self, contact: &str, step: &mut Step<'_>) -> Result<Reply, ControlError> {
        let contact = self.find_contact(contact)?;
        let (account, devices) = (contact.account, contact.devices.keys().copied().collect::<Vec<_>>());
        let now_ms = step.now.mono_ms;
        let presences = &mut self.presences;
        presences.interest.retain(|_, until_ms| *until_ms > now_ms);
        if presences.interest.len() < PRESENCE_WATCHED_MAX {
            presences.interest.insert(account, now_ms.saturating_add(PRESENCE_INTEREST_MS));
        }
        for device in devices {
            self.presences.ask_anew(&device, now_ms);
            if self.peers.is_connected(&device) {
                self.acquaint(device, step);
            } else if !self.is_shunned(&device, step.now.unix_ms) {
                self.dialing.urgent(device, now_ms, 0);
            }
        }
        self.look_again(now_ms);
        Ok(Reply::Done(DoneReply { call: None }))
    }

    /// Somebody here wants to know what this device is doing, and it wasn't asked a moment ago.
    pub(super) fn wants_presence(&mut self, device: &DeviceId, now_ms: u64) -> bool {
        let Some(contact) = self.contacts.of_device(device) else { return false };
        let looked_at = self.presences.interest.get(&contact.account).is_some_and(|until_ms| *until_ms > now_ms);
        let lately =
            self.presences.asked.get(device).is_some_and(|at| now_ms.saturating_sub(*at) < PRESENCE_ASK_AGAIN_MS);
        (looked_at || contact.favourite) && !lately
    }

    /// A device was asked.
    pub(super) fn asked_presence(&mut self, device: DeviceId, now_ms: u64) {
        let presences = &mut self.presences;
        presences.asked.retain(|_, at_ms| now_ms.saturating_sub(*at_ms) < PRESENCE_INTEREST_MS);
        if presences.asked.len() < PRESENCE_WATCHED_MAX {
            presences.asked.insert(device, now_ms);
        }
        self.look_again(now_ms);
    }

    fn look_again(&mut self, now_ms: u64) {
        if self.presences.look_ms.is_none() {
            self.presences.look_ms = Some(now_ms.saturating_add(PRESENCE_LOOK_MS));
        }
    }

    /// A contact's device told what it is doing, and may want to know the same of us.
    pub(super) fn presence_said(&mut self, device: DeviceId, code: u8, asks: bool, step: &mut Step<'_>) {
        let Some(contact) = self.contacts.of_device(&device) else { return };
        let (account, secret) = (contact.account, contact.policy.has(Policy::NO_PRESENCE));
        let step_now = step.now;
        self.change_presence(account, step, |presences| presences.said_by(device, code, step_now));
        if asks && !secret {
            self.presences.watch(device, step.now.mono_ms);
        }
    }

    /// A device is gone: what it did isn't known any more.
    pub(super) fn presence_gone(&mut self, device: DeviceId, step: &mut Step<'_>) {
        self.presences.unwatch(std::iter::once(&device));
        self.presences.asked.remove(&device);
        self.forget_presence(device, step);
    }

    fn forget_presence(&mut self, device: DeviceId, step: &mut Step<'_>) {
        match self.contacts.of_device(&device).map(|contact| contact.account) {
            Some(account) => self.change_presence(account, step, |presences| {
                presences.theirs.remove(&device);
            }),
            None => {
                self.presences.theirs.remove(&device);
            }
        }
    }

    fn change_presence(&mut self, account: AccountId, step: &mut Step<'_>, change: impl FnOnce(&mut Presences)) {
        let before = self.presence_of(&account);
        change(&mut self.presences);
        let state = self.presence_of(&account);
        if before == state {
            return;
        }
        if let Some(shown) = self.shown.get_mut(&account) {
            shown.presence = state;
        }
        step.event(EventKind::Presence { account: account.text(), state, client: None });
    }

    /// What a contact is doing: of several devices, what keeps it from taking a call.
    pub(super) fn presence_of(&self, account: &AccountId) -> Option<PresenceState> {
        let contact = self.contacts.get(account).filter(|_| self.contacts.is_contact(account))?;
        let states: Vec<_> = contact.devices.keys().filter_map(|device| self.presences.theirs.get(device)).collect();
        use PresenceState::{Available, Away, DoNotDisturb, InCall};
        [InCall, DoNotDisturb, Available, Away].into_iter().find(|state| states.iter().any(|said| said.state == *state))
    }

    /// When a device of it said so, Unix ms; of several, the newest.
    pub(super) fn presence_said_ms(&self, account: &AccountId) -> Option<u64> {
        let state = self.presence_of(account)?;
        let devices = self.contacts.get(account)?.devices.keys();
        let said = devices.filter_map(|device| self.presences.theirs.get(device)).filter(|said| said.state == state);
        said.map(|said| said.unix_ms).max()
    }

    /// What was said long ago isn't known any more.
    fn forget_old_presences(&mut self, step: &mut Step<'_>) {
        let now_ms = step.now.mono_ms;
        let old = self.presences.theirs.iter().filter(|(_, said)| said.is_old(now_ms));
        let old: Vec<DeviceId> = old.map(|(device, _)| *device).collect();
        for device in old {
            self.forget_presence(device, step);
        }
    }

    /// Tells those who asked what changed, and asks again for those who are looked at.
    pub(super) fn presence_timers(&mut self, step: &mut Step<'_>) {
        let now_ms = step.now.mono_ms;
        self.forget_old_presences(step);
        if self.presences.tell_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            self.presences.tell_ms = None;
            for device in std::mem::take(&mut self.presences.untold) {
                if self.peers.is_connected(&device) && !self.send_presence(device, false, step) {
                    self.presences.untold.insert(device);
                    self.presences.tell_ms = self.tell_again_ms;
                }
            }
        }
        if self.presences.look_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            self.presences.look_ms = None;
            self.presences.interest.retain(|_, until_ms| *until_ms > now_ms);
            let favourites = self.contacts.iter().filter(|contact| contact.favourite).map(|contact| contact.account);
            let accounts: BTreeSet<_> = favourites.chain(self.presences.interest.keys().copied()).collect();
            let devices =
                |account| self.contacts.get(account).map(|it| it.devices.keys().copied()).into_iter().flatten();
            let devices: Vec<DeviceId> = accounts.iter().flat_map(devices).collect();
            for device in devices {
                self.acquaint(device, step);
            }
            if !accounts.is_empty() {
                self.look_again(now_ms);
            }
        }
    }
}
