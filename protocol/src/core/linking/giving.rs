//! The side that holds the account's key: reaches the new device, and gives it what makes it one of the account.

use std::collections::{BTreeMap, VecDeque};

use ahoy_crypto::{DeviceId, Secret};

use super::{Linking, Pairing};
use crate::account::{Contact, DeviceFacts, Policy};
use crate::control::{ControlError, ErrorKind};
use crate::core::Core;
use crate::core::beyond::usable_record;
use crate::core::devices::{no_account_key, no_next_set};
use crate::core::step::Step;
use crate::ids::CallId;
use crate::limits::{ADDRESSES_MAX, LINK_AHEAD, LINKING_MS, OFFER_TTL_MAX_S};
use crate::wire::bodies::{LinkContact, LinkIdentity, Offer, PairBody, Purpose, Reason};
use crate::wire::card::Card;

/// We link another device.
pub(in crate::core) struct Giving {
    pub(super) until_ms: u64,
    pub(super) pairing: Pairing,
    /// It gets the account's key, too.
    account_key: bool,
    /// What it still has to get, once a person agreed.
    left: Option<VecDeque<PairBody>>,
    /// It has all of it.
    whole: bool,
    /// It speaks as one of the account: a person agreed there as well.
    there: bool,
}

impl Giving {
    /// The device is in our set.
    pub(super) fn is_given(&self) -> bool {
        self.left.is_some()
    }
}

impl Core {
    pub(super) fn begin_giving(
        &mut self,
        code: &str,
        account_key: bool,
        step: &mut Step<'_>,
    ) -> Result<(), ControlError> {
        let card =
            Card::parse(code.trim()).map_err(|check| bad_code(&format!("this is no code of a device ({check})")))?;
        let &[device] = card.devices.as_slice() else {
            return Err(bad_code("this is the card of an account with several devices, not the code of a new one"));
        };
        let ours = card.account == self.own.account() || self.own.device_set().devices().contains(&device);
        if ours {
            return Err(ControlError::new(
                ErrorKind::OwnCard,
                "this device is one of the account already",
                "nothing is to be done",
            ));
        }
        if self.contacts.is_contact(&card.account) {
            return Err(bad_code("this is the card of a contact of yours: a person, not a device to be linked"));
        }
        if !self.room_for_a_device() {
            let hint = "revoke one first: `ahoy device revoke DEVICE`";
            return Err(ControlError::new(ErrorKind::LimitReached, "the account has 8 devices", hint));
        }
        self.leave_linking(Some(Reason::Cancelled), step);
        let mut call = CallId([0; 16]);
        step.rng.fill_bytes(&mut call.0);
        let pairing = Pairing::new(call, card.account, device);
        let until_ms = step.now.mono_ms.saturating_add(LINKING_MS);
        self.linking = Linking::Old(Giving { until_ms, pairing, account_key, left: None, whole: false, there: false });
        let account = card.account;
        self.contacts.hide(account);
        self.contacts.put(stand_in(card));
        self.welcome(device, step);
        let mut roster = vec![self.own.account(), account];
        roster.sort_unstable();
        let secret = Secret::random(step.rng);
        let offer = Box::new(Offer::of_audio(call, secret, Purpose::Link, OFFER_TTL_MAX_S, roster));
        self.reach(account, device, offer, step);
        Ok(())
    }

    /// The letters are the same: the device is certified and counts from now on, and gets everything.
    pub(super) fn give(&mut self, step: &mut Step<'_>) -> Result<(), ControlError> {
        let Linking::Old(Giving { pairing, account_key, left: None, .. }) = &self.linking else { return Ok(()) };
        let (device, account_key) = (pairing.device, *account_key);
        let now_s = step.now.unix_s();
        let dk = usable_record(&self.contacts, &device, now_s).map(|record| *record.certificate().dk());
        let certificate = dk.and_then(|dk| self.own.certify(device, dk, now_s)).ok_or_else(no_account_key)?;
        let mut devices = self.own.device_set().devices().to_vec();
        devices.push(device);
        let set = self.own.next_set(&devices, now_s).map_err(no_next_set)?;
        let mut left = VecDeque::from([PairBody::LinkIdentity(LinkIdentity {
            certificate: certificate.bytes().to_vec(),
            card_token: self.own.card_token().clone(),
            contact_token: self.own.contact_token().clone(),
            device_set: set.bytes().to_vec(),
            account_key: if account_key { self.own.account_seed() } else { None },
        })]);
        self.install_set(set, step);
        // The account itself comes first: its card says where its other devices are.
        let contacts = self.own_contact().into_iter().chain(self.contacts.iter().filter_map(link_contact));
        left.extend(contacts.map(PairBody::LinkContact));
        let count = u32::try_from(left.len() - 1).unwrap_or(u32::MAX);
        left.push_back(PairBody::LinkEnd(count));
        if let Linking::Old(giving) = &mut self.linking {
            giving.left = Some(left);
        }
        Ok(())
    }

    /// Our account as a contact: its name, and the addresses of its devices, ours first.
    pub(in crate::core) fn own_contact(&self) -> Option<LinkContact> {
        let mut own = self.contacts.get(&self.own.account())?.clone();
        self.own.name().clone_into(&mut own.name);
        own.card_token = self.own.card_token().clone();
        own.contact_token = Some(self.own.contact_token().clone());
        let here = DeviceFacts { addresses: self.addresses.clone(), ..DeviceFacts::default() };
        let others = std::mem::take(&mut own.devices);
        let addresses: Vec<Vec<u8>> =
            here.addresses.iter().chain(others.values().flat_map(|facts| &facts.addresses)).cloned().collect();
        own.devices.extend(others.keys().map(|device| (*device, DeviceFacts::default())));
        own.devices.insert(self.own.device(), DeviceFacts { addresses, ..DeviceFacts::default() });
        link_contact(&own)
    }

    /// Sends on as fast as the other device acknowledges.
    pub(super) fn go_on_giving(&mut self, step: &mut Step<'_>) {
        let Linking::Old(Giving { pairing, left: Some(left), .. }) = &mut self.linking else { return };
        let (call, device) = (pairing.call, pairing.device);
        let Some(waiting) = self.session.unacknowledged(call, device) else {
            if !self.is_linked_whole() {
                self.end_linking("the new device stopped answering in between: begin anew", None, step);
            }
            return;
        };
        let room = LINK_AHEAD.saturating_sub(waiting).min(left.len());
        let next: Vec<PairBody> = left.drain(..room).collect();
        let done = next.is_empty() && waiting == 0;
        self.session(step, |session, cx| {
            next.into_iter().for_each(|body| session.send_pair(call, device, body));
            session.flush(cx);
        });
        if done {
            self.mark_given(|giving| giving.whole = true, step);
        }
    }

    fn is_linked_whole(&self) -> bool {
        match &self.linking {
            Linking::Old(giving) => giving.whole,
            Linking::Idle | Linking::New(_) => false,
        }
    }

    /// A device of our account has written: the new one does so only once a person agreed there.
    pub(in crate::core) fn wrote_as_ours(&mut self, device: DeviceId, step: &mut Step<'_>) {
        if self.linking.given_to() == Some(device) {
            self.mark_given(|giving| giving.there = true, step);
        }
    }

    fn mark_given(&mut self, mark: impl FnOnce(&mut Giving), step: &mut Step<'_>) {
        let Linking::Old(giving) = &mut self.linking else { return };
        mark(giving);
        let (done, device) = (giving.whole && giving.there, giving.pairing.device);
        if done {
            self.all_given(device, step);
            self.linked(step);
        }
    }

    /// Nobody agreed at the new device: it is none of the account's any more, and the inbox that it was told is another one.
    pub(super) fn take_out(&mut self, device: DeviceId, step: &mut Step<'_>) {
        let devices = self.own.device_set().devices().iter().copied().filter(|it| *it != device);
        let left: Vec<DeviceId> = devices.collect();
        if let Ok(set) = self.own.next_set(&left, step.now.unix_s()) {
            self.shut_out(set, step);
        }
    }
}

/// The new device's account for the moment, so that the device is met like one of a contact.
fn stand_in(card: Card) -> Contact {
    let facts = DeviceFacts { addresses: card.addresses, ..DeviceFacts::default() };
    Contact {
        account: card.account,
        name: card.name,
        card_token: card.token,
        contact_token: None,
        device_set: None,
        policy: Policy::default(),
        favourite: false,
        requested: None,
        devices: card.devices.into_iter().map(|device: DeviceId| (device, facts.clone())).collect::<BTreeMap<_, _>>(),
    }
}

/// A contact as linking passes it on; with too many addresses for a card, without them.
pub(in crate::core) fn link_contact(contact: &Contact) -> Option<LinkContact> {
    let mut addresses: Vec<Vec<u8>> = Vec::new();
    for address in contact.devices.values().flat_map(|facts| &facts.addresses) {
        if addresses.len() < ADDRESSES_MAX && !addresses.contains(address) {
            addresses.push(address.clone());
        }
    }
    let mut card = Card {
        account: contact.account,
        name: contact.name.clone(),
        token: contact.card_token.clone(),
        devices: contact.devices.keys().copied().collect(),
        addresses,
        keepers: Vec::new(),
    };
    let bytes = card.to_bytes().or_else(|_| {
        card.addresses.clear();
        card.to_bytes()
    });
    Some(LinkContact {
        // A contact of which no device is known has no card; it is nobody who could be called.
        card: bytes.ok()?,
        name: contact.name.clone(),
        policy: contact.policy.0,
        contact_token: contact.contact_token.clone(),
        device_set: contact.device_set.as_ref().map(|set| set.bytes().to_vec()),
    })
}

fn bad_code(message: &str) -> ControlError {
    let hint = "enter `ahoy device link` at the new device, and the code that it shows here";
    ControlError::new(ErrorKind::BadCard, message, hint)
}
