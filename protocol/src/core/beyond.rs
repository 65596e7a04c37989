//! What sessions ask of the rest of the core.

use ahoy_crypto::{AccountId, DeviceId, DeviceSet, PrekeyRecord};

use super::network::place_of;
use super::peers::Peers;
use crate::account::{Contacts, Own, takes_continuations};
use crate::outbound::{Identity, Recipient};
use crate::session::{Route, World};
use crate::topic::Topic;

/// The rest of the core, borrowed for one step of the sessions.
pub(super) struct Beyond<'a> {
    pub(super) own: &'a Own,
    pub(super) contacts: &'a Contacts,
    pub(super) peers: &'a Peers,
    pub(super) now_s: u64,
}

/// A record of a contact's device that can be sealed to now.
pub(super) fn usable_record(contacts: &Contacts, device: &DeviceId, now_s: u64) -> Option<PrekeyRecord> {
    let record = contacts.of_device(device)?.devices.get(device)?.record.as_deref()?;
    PrekeyRecord::check(record, now_s, Some(*device), None).ok()
}

impl World for Beyond<'_> {
    fn identity(&self) -> Identity<'_> {
        Identity { dk: self.own.dk(), certificate: self.own.certificate() }
    }

    fn record(&self) -> Option<&PrekeyRecord> {
        self.own.record()
    }

    fn route(&self, device: DeviceId) -> Option<Route> {
        let record = usable_record(self.contacts, &device, self.now_s)?;
        // Nothing goes to whoever is blocked.
        let token = self.contacts.of_device(&device).filter(|contact| !contact.is_blocked())?.token();
        let recipient = Recipient { device, spk: record.terms().spk, spk_id: record.terms().spk_id };
        let continuations = takes_continuations(&record);
        Some(Route { recipient, at: place_of(token, self.now_s), continuations })
    }

    fn has_subscriber(&self, topic: &Topic) -> bool {
        self.peers.has_subscriber(topic)
    }

    fn device_set(&self, account: AccountId) -> Option<&DeviceSet> {
        if account == self.own.account() {
            return Some(self.own.device_set());
        }
        self.contacts.get(&account).and_then(|contact| contact.device_set.as_ref())
    }
}
