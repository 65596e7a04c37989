//! Contacts belong to the account, not to a device: what a person changes at one device is told to the others (kind 10).
//! The newest change of a contact counts. A device is told one change at a time, in their order, and what it has
//! acknowledged is not told again; whoever is away is told when it is met.

use std::collections::BTreeMap;

use super::Core;
use super::effect::{StoreCommand, Table};
use super::step::Step;
use crate::account::{Contact, Policy, RowError, Stranger};
use crate::ids::{AccountId, DeviceId};
use crate::limits::{CHANGE_AGAIN_MS, CHANGED_AHEAD_MS, CONTACTS_MAX, REMOVED_MAX};
use crate::session::Delivery;
use crate::wire::bodies::{ContactChange, InboxBody, LinkContact};
use crate::wire::card::Card;

/// What a person did last to a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Change {
    /// Unix ms, and later than every change known before it.
    at_ms: u64,
    /// It is a contact no longer.
    gone: bool,
    /// It was made at another device of the account.
    heard: bool,
    /// That device may have been one that was revoked: it is told to nobody, and gives way to any other change.
    doubted: bool,
}

impl Change {
    /// When it was made, Unix ms, as far as that counts.
    fn counts_ms(&self) -> u64 {
        if self.doubted { 0 } else { self.at_ms }
    }
}

/// Bits of a row.
const GONE: u8 = 1;
const HEARD: u8 = 2;
const DOUBTED: u8 = 4;

/// A change that a device has not acknowledged yet.
#[derive(Clone, Copy, Debug)]
struct OnItsWay {
    at_ms: u64,
    again_ms: u64,
}

/// All changes, and who knows them.
#[derive(Debug, Default)]
pub(super) struct Changes {
    of: BTreeMap<AccountId, Change>,
    /// Up to which change a device of the account knows them.
    told: BTreeMap<DeviceId, u64>,
    on_their_way: BTreeMap<DeviceId, OnItsWay>,
}

/// The first byte of a row's key says what the rest is.
const OF_ACCOUNT: u8 = 0;
const OF_DEVICE: u8 = 1;

/// The latest time that is believed of a change: a device whose clock is ahead, or that lies, stops none of ours.
fn latest_ms(now_ms: u64) -> u64 {
    now_ms.saturating_add(CHANGED_AHEAD_MS)
}

fn key(kind: u8, id: &[u8; 32]) -> Vec<u8> {
    [&[kind], id.as_slice()].concat()
}

impl Changes {
    /// Out of stored rows.
    pub(super) fn from_rows<'a>(rows: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Result<Self, RowError> {
        let mut all = Self::default();
        for (key, row) in rows {
            let (kind, id) = key.split_first().ok_or(RowError::Damaged)?;
            let id: [u8; 32] = id.try_into().map_err(|_| RowError::Damaged)?;
            let (at, rest) = row.split_first_chunk::<8>().ok_or(RowError::Damaged)?;
            let at_ms = u64::from_be_bytes(*at);
            match (*kind, rest) {
                (OF_ACCOUNT, [bits]) => {
                    let [gone, heard, doubted] = [GONE, HEARD, DOUBTED].map(|bit| bits & bit != 0);
                    let change = Change { at_ms, gone, heard, doubted };
                    all.of.insert(AccountId(id), change);
                }
                (OF_DEVICE, []) => drop(all.told.insert(DeviceId(id), at_ms)),
                _ => return Err(RowError::Damaged),
            }
        }
        Ok(all)
    }

    /// No change is further ahead than clocks may be: rows of an earlier version may hold some that are.
    pub(super) fn bring_back(&mut self, now_ms: u64) {
        let latest_ms = latest_ms(now_ms);
        self.of.values_mut().for_each(|change| change.at_ms = change.at_ms.min(latest_ms));
        self.told.values_mut().for_each(|at_ms| *at_ms = (*at_ms).min(latest_ms));
    }

    /// Later than anything that any device of ours was told: what isn't would never be told it.
    fn newest_ms(&self) -> u64 {
        self.of.values().map(|change| change.at_ms).chain(self.told.values().copied()).max().unwrap_or(0)
    }

    /// The oldest change that a device does not know.
    fn next_for(&self, device: &DeviceId) -> Option<(AccountId, Change)> {
        let told_ms = self.told.get(device).copied().unwrap_or(0);
        let unknown = self.of.iter().filter(|(_, change)| change.counts_ms() > told_ms);
        unknown.min_by_key(|(_, change)| change.at_ms).map(|(account, change)| (*account, *change))
    }

    /// The contact that was removed first gives way.
    fn one_too_many(&self) -> Option<AccountId> {
        let gone = || self.of.iter().filter(|(_, change)| change.gone);
        if gone().count() <= REMOVED_MAX {
            return None;
        }
        gone().min_by_key(|(_, change)| change.at_ms).map(|(account, _)| *account)
    }

    /// When an unacknowledged change goes again, monotonic ms.
    pub(super) fn next_ms(&self) -> Option<u64> {
        self.on_their_way.values().map(|change| change.again_ms).min()
    }
}

impl Core {
    /// A person changed a contact here, or removed it.
    pub(super) fn changed_here(&mut self, account: AccountId, step: &mut Step<'_>) {
        let at_ms = step.now.unix_ms.max(self.changes.newest_ms().saturating_add(1));
        let gone = account != self.own.account() && !self.contacts.is_contact(&account);
        self.keep_change(account, Change { at_ms, gone, heard: false, doubted: false }, step);
        self.tell_changes(step);
    }

    /// Another device of ours made the tokens of our inboxes anew.
    fn take_own_change(&mut self, body: &ContactChange, at_ms: u64, step: &mut Step<'_>) {
        let card = body.card.as_deref().and_then(|card| Card::from_bytes(card).ok());
        let (Some(card), Some(contact_token)) = (card, body.contact_token.clone()) else { return };
        self.take_tokens([card.token, contact_token], step);
        let change = Change { at_ms, gone: false, heard: true, doubted: false };
        self.keep_change(body.account, change, step);
        self.tell_changes(step);
    }

    /// A device of ours was revoked: some of what we heard may be its doing, through whomever it came. Whoever made a
    /// change tells it by itself, unless it is the one that was revoked; so we tell nobody what we only heard, and take
    /// anything else instead.
    pub(super) fn doubt_changes(&mut self, step: &mut Step<'_>) {
        let heard = self.changes.of.iter().filter(|(_, change)| change.heard && !change.doubted);
        let heard: Vec<(AccountId, Change)> = heard.map(|(account, change)| (*account, *change)).collect();
        for (account, change) in heard {
            self.keep_change(account, Change { doubted: true, ..change }, step);
        }
        self.session.drop_changes();
        self.changes.on_their_way.clear();
        self.tell_changes(step);
    }

    /// We heard the tokens that we have from a device that may have been the one that was revoked.
    pub(super) fn tokens_are_doubted(&self) -> bool {
        self.changes.of.get(&self.own.account()).is_some_and(|change| change.doubted)
    }

    /// All our devices know the tokens that we have now.
    pub(super) fn all_know_tokens(&self) -> bool {
        let change = self.changes.of.get(&self.own.account());
        let Some(change) = change.filter(|change| !change.doubted) else { return true };
        let knows = |device: &DeviceId| self.changes.told.get(device).is_some_and(|told_ms| *told_ms >= change.at_ms);
        self.devices_of(&self.own.account()).iter().all(knows)
    }

    fn keep_change(&mut self, account: AccountId, change: Change, step: &mut Step<'_>) {
        self.changes.of.insert(account, change);
        let mut value = change.at_ms.to_be_bytes().to_vec();
        let bits = [(change.gone, GONE), (change.heard, HEARD), (change.doubted, DOUBTED)];
        value.push(bits.into_iter().filter(|(on, _)| *on).map(|(_, bit)| bit).sum());
        step.store(StoreCommand::Put { table: Table::Changes, key: key(OF_ACCOUNT, &account.0), value });
        if let Some(oldest) = self.changes.one_too_many() {
            self.changes.of.remove(&oldest);
            step.store(StoreCommand::Delete { table: Table::Changes, key: key(OF_ACCOUNT, &oldest.0) });
        }
    }

    fn keep_told(&mut self, device: DeviceId, at_ms: u64, step: &mut Step<'_>) {
        let ours = self.own.device_set().devices();
        let revoked: Vec<DeviceId> =
            self.changes.told.keys().filter(|device| !ours.contains(device)).copied().collect();
        for device in revoked {
            self.changes.told.remove(&device);
            step.store(StoreCommand::Delete { table: Table::Changes, key: key(OF_DEVICE, &device.0) });
        }
        self.changes.told.insert(device, at_ms);
        let value = at_ms.to_be_bytes().to_vec();
        step.store(StoreCommand::Put { table: Table::Changes, key: key(OF_DEVICE, &device.0), value });
    }

    /// A new device was given all contacts as they are.
    pub(super) fn all_given(&mut self, device: DeviceId, step: &mut Step<'_>) {
        self.keep_told(device, self.changes.newest_ms(), step);
    }

    /// This device is one of another account from now on, whose contacts it is given.
    pub(super) fn forget_changes(&mut self, step: &mut Step<'_>) {
        let Changes { of, told, .. } = std::mem::take(&mut self.changes);
        let accounts = of.keys().map(|account| key(OF_ACCOUNT, &account.0));
        for key in accounts.chain(told.keys().map(|device| key(OF_DEVICE, &device.0))) {
            step.store(StoreCommand::Delete { table: Table::Changes, key });
        }
    }

    fn tell_changes(&mut self, step: &mut Step<'_>) {
        for device in self.devices_of(&self.own.account()) {
            self.tell_change(device, step);
        }
    }

    /// Tells one of our devices the next change it does not know, if it is there and knows the one before.
    pub(super) fn tell_change(&mut self, device: DeviceId, step: &mut Step<'_>) {
        let waits = self.changes.on_their_way.get(&device).is_some_and(|it| it.again_ms > step.now.mono_ms);
        if waits || !self.peers.is_connected(&device) || self.own.is_revoked() {
            return;
        }
        self.changes.on_their_way.remove(&device);
        // Who counts comes first: what it heard of somebody revoked would count as newer than this.
        if self.lacks_set(&device) {
            return self.tell_set(device, step);
        }
        let Some((account, change)) = self.changes.next_for(&device) else { return };
        let body = InboxBody::Contact(self.change_of(account, change));
        let again_ms = step.now.mono_ms.saturating_add(CHANGE_AGAIN_MS);
        self.changes.on_their_way.insert(device, OnItsWay { at_ms: change.at_ms, again_ms });
        self.send_letter(device, body, Delivery { receipt: true, asks_presence: false }, step);
    }

    /// A contact of which no device is known has no card: nobody that could be called, as good as none.
    fn change_of(&self, account: AccountId, change: Change) -> ContactChange {
        let contact = match account == self.own.account() {
            true => self.own_contact(),
            false => self.contacts.get(&account).filter(|_| !change.gone).and_then(super::linking::link_contact),
        };
        let changed_ms = change.at_ms;
        let Some(LinkContact { card, name, policy, contact_token, device_set }) = contact else {
            let (card, name, policy, contact_token, device_set) = (None, None, None, None, None);
            return ContactChange { account, changed_ms, card, name, policy, contact_token, device_set };
        };
        let (card, name, policy) = (Some(card), Some(name), Some(policy));
        ContactChange { account, changed_ms, card, name, policy, contact_token, device_set }
    }

    /// A device of ours has acknowledged a change.
    pub(super) fn change_arrived(&mut self, device: DeviceId, step: &mut Step<'_>) {
        if let Some(OnItsWay { at_ms, .. }) = self.changes.on_their_way.remove(&device) {
            self.keep_told(device, at_ms, step);
            self.tell_change(device, step);
            if self.all_know_tokens() {
                self.meet_by_contact_token(step);
                self.make_up_lock_out(step);
            }
        }
    }

    /// Unacknowledged changes whose time has come, and devices that are ours no longer.
    pub(super) fn change_timers(&mut self, step: &mut Step<'_>) {
        if self.changes.next_ms().is_none_or(|at_ms| at_ms > step.now.mono_ms) {
            return;
        }
        let ours = self.devices_of(&self.own.account());
        self.changes.on_their_way.retain(|device, it| it.again_ms > step.now.mono_ms && ours.contains(device));
        self.tell_changes(step);
    }

    /// Another device of ours says what a person did somewhere. False if it is to say so later.
    pub(super) fn take_told(&mut self, from: DeviceId, body: &ContactChange, step: &mut Step<'_>) -> bool {
        // It may pass on what somebody said of whose revocation it hasn't heard. It is told, and tells us again.
        if self.lacks_set(&from) {
            self.tell_set(from, step);
            return false;
        }
        self.take_change(body, step);
        true
    }

    fn take_change(&mut self, body: &ContactChange, step: &mut Step<'_>) {
        let (account, at_ms) = (body.account, body.changed_ms.min(latest_ms(step.now.unix_ms)));
        let known = self.changes.of.get(&account);
        let older = known.is_some_and(|known| known.counts_ms() >= at_ms);
        // What is doubted may be true all the same: nothing that was made before it lets anybody in again.
        let before_doubted = known.is_some_and(|known| known.doubted && known.at_ms >= at_ms);
        if account == self.own.account() && !older {
            return self.take_own_change(body, at_ms, step);
        }
        if older || self.contacts.is_hidden(&account) || (before_doubted && self.lets_in(account, body)) {
            return;
        }
        match told_contact(body) {
            Some(contact) => self.take_changed(account, &contact, step),
            None if self.contacts.is_contact(&account) => {
                // Whoever was blocked stays so.
                if self.contacts.get(&account).is_some_and(Contact::is_blocked) {
                    self.put_stranger(Stranger { blocked: true, ..Stranger::new(account) }, step);
                }
                self.remember_former(None, account, step);
                self.drop_contact(&account, step);
                self.contact_changed(&account, step);
            }
            None => {}
        }
        let gone = !self.contacts.is_contact(&account);
        self.keep_change(account, Change { at_ms, gone, heard: true, doubted: false }, step);
        self.tell_changes(step);
    }

    /// Makes somebody a contact again who was removed, or lets one call who was blocked.
    fn lets_in(&self, account: AccountId, body: &ContactChange) -> bool {
        let blocked = |contact: &LinkContact| Policy(contact.policy).has(Policy::BLOCKED);
        match (self.contacts.get(&account), told_contact(body)) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(here), Some(told)) => here.is_blocked() && !blocked(&told),
        }
    }

    fn take_changed(&mut self, account: AccountId, told: &LinkContact, step: &mut Step<'_>) {
        let Some(mut contact) = self.contacts.get(&account).cloned() else {
            if self.contacts.len() < CONTACTS_MAX {
                self.take_link_contact(told, step);
            }
            return;
        };
        let was_blocked = contact.is_blocked();
        if self.contacts.find(&told.name).is_none_or(|other| other.account == account) {
            contact.name.clone_from(&told.name);
        }
        contact.policy = shared_policy(told.policy, contact.policy);
        self.put_contact(contact, step);
        self.contact_changed(&account, step);
        let blocked = self.contacts.get(&account).is_some_and(Contact::is_blocked);
        if blocked && !was_blocked {
            self.end_calls_with(account, step);
            self.shun(&account, step);
        } else if was_blocked && !blocked {
            for device in self.devices_of(&account) {
                self.welcome(device, step);
            }
        }
    }
}

/// The policy that another device told, but for what opens a microphone: that is said at each device by itself.
pub(super) fn shared_policy(told: u16, here: Policy) -> Policy {
    Policy(told).with(Policy::AUTO_ANSWER, here.has(Policy::AUTO_ANSWER))
}

fn told_contact(body: &ContactChange) -> Option<LinkContact> {
    Some(LinkContact {
        card: body.card.clone()?,
        name: body.name.clone()?,
        policy: body.policy?,
        contact_token: body.contact_token.clone(),
        device_set: body.device_set.clone(),
    })
}
