//! Contacts: what we know of them, found by account, by name, or by one of their devices.

use std::collections::{BTreeMap, BTreeSet};

use ahoy_crypto::{DeviceSet, Secret};

use super::rows::{self, RowError};
use crate::ids::{AccountId, DeviceId};

/// What a contact may do; the bits are those of pair kind 12 (docs/wire.md section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy(pub u16);

impl Policy {
    /// A person compared the safety number.
    pub const VERIFIED: u16 = 1;
    /// Local candidates are accepted.
    pub const LOCAL_CANDIDATES: u16 = 2;
    /// Only relay candidates.
    pub const RELAY_ONLY: u16 = 4;
    /// Nothing of it is taken.
    pub const BLOCKED: u16 = 8;
    /// No link before accept.
    pub const NO_EARLY_CONNECTION: u16 = 16;
    /// Its calls never ring here: the caller hears `busy`, and they are listed as missed.
    pub const DO_NOT_DISTURB: u16 = 32;
    /// Its calls are accepted at once: for bots of our own.
    pub const AUTO_ANSWER: u16 = 64;
    /// It isn't told what we are doing.
    pub const NO_PRESENCE: u16 = 128;

    /// With a bit set or cleared.
    #[must_use]
    pub fn with(self, bit: u16, set: bool) -> Self {
        Self(if set { self.0 | bit } else { self.0 & !bit })
    }

    /// Whether a bit is set.
    #[must_use]
    pub fn has(self, bit: u16) -> bool {
        self.0 & bit != 0
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self(Self::LOCAL_CANDIDATES)
    }
}

/// What we know of one device of a contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceFacts {
    /// Newest prekey record, checked when it came.
    pub record: Option<Vec<u8>>,
    /// Its revision.
    pub revision: u32,
    /// `sent_ms` of its newest presence.
    pub sent_ms: u64,
    /// Where it listens (binary multiaddrs), from the card or its presence.
    pub addresses: Vec<Vec<u8>>,
    /// Hash of what our last acknowledged presence told it (tokens and addresses).
    pub told: Option<[u8; 32]>,
    /// Revision of our newest device set that it has acknowledged; 0: none.
    pub knows_set: u32,
}

/// A contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Account.
    pub account: AccountId,
    /// Our name for it.
    pub name: String,
    /// Token of its card inbox.
    pub card_token: Secret,
    /// Token of its contact inbox, once its presence told us.
    pub contact_token: Option<Secret>,
    /// Its newest device set.
    pub device_set: Option<DeviceSet>,
    /// What it may do.
    pub policy: Policy,
    /// Its devices: those of the newest set, or of the card while no set is known.
    pub devices: BTreeMap<DeviceId, DeviceFacts>,
    /// We asked to be its contact and it hasn't shown that it accepted; with our greeting, if there is one.
    pub requested: Option<Option<String>>,
    /// Its presence is asked for all the time.
    pub favourite: bool,
}

impl Contact {
    /// Nothing of it is taken.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.policy.has(Policy::BLOCKED)
    }

    /// The token its inbox is reached by: the contact token once known, else the card token.
    #[must_use]
    pub fn token(&self) -> &Secret {
        self.contact_token.as_ref().unwrap_or(&self.card_token)
    }

    /// Takes a newer device set: devices that aren't in it are forgotten, new ones are known from now on.
    pub fn take_set(&mut self, set: DeviceSet) {
        self.devices.retain(|device, _| set.devices().contains(device));
        for device in set.devices() {
            self.devices.entry(*device).or_default();
        }
        self.device_set = Some(set);
    }

    /// The row the store keeps.
    #[must_use]
    pub fn row(&self) -> Vec<u8> {
        rows::write_contact(self)
    }
}

/// All contacts.
#[derive(Clone, Debug, Default)]
pub struct Contacts {
    by_account: BTreeMap<AccountId, Contact>,
    /// Accounts whose devices are met like those of contacts, but that nobody sees, calls or is called by: our own,
    /// and the one of a device that is being linked.
    hidden: BTreeSet<AccountId>,
    /// Who says that a device is theirs. Cards and device sets can name anybody's, so there may be several.
    by_device: BTreeMap<DeviceId, BTreeSet<AccountId>>,
    /// Who goes by a name here: one at most of those that people see.
    by_name: BTreeMap<String, BTreeSet<AccountId>>,
}

impl Contacts {
    /// Out of stored rows.
    ///
    /// # Errors
    /// [`RowError`] if a row cannot be read.
    pub fn from_rows<'a>(rows: impl Iterator<Item = &'a [u8]>) -> Result<Self, RowError> {
        let mut all = Self::default();
        for row in rows {
            all.put(rows::read_contact(row)?);
        }
        Ok(all)
    }

    /// Adds a contact or replaces what was known of it.
    pub fn put(&mut self, contact: Contact) {
        self.unclaim(&contact.account);
        for device in contact.devices.keys() {
            self.by_device.entry(*device).or_default().insert(contact.account);
        }
        self.by_name.entry(contact.name.clone()).or_default().insert(contact.account);
        self.by_account.insert(contact.account, contact);
    }

    /// From now on this account is nobody people see.
    pub fn hide(&mut self, account: AccountId) {
        self.hidden.insert(account);
    }

    /// It is our own, or one that is being linked.
    #[must_use]
    pub fn is_hidden(&self, account: &AccountId) -> bool {
        self.hidden.contains(account)
    }

    /// Somebody people see as a contact.
    #[must_use]
    pub fn is_contact(&self, account: &AccountId) -> bool {
        self.by_account.contains_key(account) && !self.is_hidden(account)
    }

    /// Forgets a contact.
    pub fn remove(&mut self, account: &AccountId) -> Option<Contact> {
        self.hidden.remove(account);
        self.unclaim(account);
        self.by_account.remove(account)
    }

    /// What it went by before is free.
    fn unclaim(&mut self, account: &AccountId) {
        let Some(before) = self.by_account.get(account) else { return };
        for device in before.devices.keys() {
            leave(&mut self.by_device, device, account);
        }
        leave(&mut self.by_name, &before.name, account);
    }

    /// A contact.
    #[must_use]
    pub fn get(&self, account: &AccountId) -> Option<&Contact> {
        self.by_account.get(account)
    }

    /// Whose device it is: the contact it has signed a prekey record for, else the first that claims it and isn't blocked:
    /// somebody blocked can't have others' devices shunned by claiming them.
    #[must_use]
    pub fn of_device(&self, device: &DeviceId) -> Option<&Contact> {
        let proven = |contact: &&Contact| contact.devices.get(device).is_some_and(|facts| facts.record.is_some());
        let first = || self.claimants(device).find(|contact| !contact.is_blocked());
        self.claimants(device).find(proven).or_else(first).or_else(|| self.claimants(device).next())
    }

    /// Every contact that claims a device, by account.
    pub fn claimants(&self, device: &DeviceId) -> impl Iterator<Item = &Contact> {
        self.by_device.get(device).into_iter().flatten().filter_map(|account| self.by_account.get(account))
    }

    /// Found by account id as text, or by name.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<&Contact> {
        if let Ok(account) = AccountId::parse(text) {
            return self.get(&account).filter(|_| !self.is_hidden(&account));
        }
        let named = self.by_name.get(text).into_iter().flatten();
        named.filter(|account| !self.is_hidden(account)).find_map(|account| self.get(account))
    }

    /// Changes a contact; none if there is no such one.
    pub fn change<T>(&mut self, account: &AccountId, change: impl FnOnce(&mut Contact) -> T) -> Option<T> {
        let mut contact = self.by_account.get(account)?.clone();
        let result = change(&mut contact);
        self.put(contact);
        Some(result)
    }

    /// All that people see, by account.
    pub fn iter(&self) -> impl Iterator<Item = &Contact> {
        self.by_account.values().filter(|contact| !self.is_hidden(&contact.account))
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

#[cfg(test)]
impl Contacts {
    /// How many names are known.
    pub(super) fn by_name(&self) -> usize {
        self.by_name.len()
    }
}

/// It is none of those any more that are known by this.
fn leave<K: Ord>(known: &mut BTreeMap<K, BTreeSet<AccountId>>, by: &K, account: &AccountId) {
    if let Some(those) = known.get_mut(by) {
        those.remove(account);
        if those.is_empty() {
            known.remove(by);
        }
    }
}
