//! The new device: shows its card, and takes the account that it is given.

use ahoy_crypto::limits::CERTIFICATE_BYTES;
use ahoy_crypto::{AccountId, Certificate, Check, DeviceSet, Secret, SignKey};

use super::{Linking, Pairing, linking};
use crate::account::{Contact, Contacts, DeviceFacts, Membership, Policy};
use crate::call::signal::Sender;
use crate::control::{ControlError, ErrorKind, EventKind, LinkingState};
use crate::core::Core;
use crate::core::effect::StoreCommand;
use crate::core::step::Step;
use crate::core::sync::shared_policy;
use crate::limits::{CONTACTS_MAX, LINKING_MS, LINKS_ANEW_MAX};
use crate::wire::bodies::{LinkContact, LinkIdentity, Offer, Reason};
use crate::wire::card::Card;

/// Who cleared the history, where no frontend did.
const LINKING: &str = "linking";

/// We wait to be linked.
pub(in crate::core) struct Taking {
    pub(super) until_ms: u64,
    /// Who offers us an account: the first one.
    pub(super) pairing: Option<Pairing>,
    identity: Option<Box<Membership>>,
    contacts: Vec<LinkContact>,
    /// Everything has come.
    whole: bool,
    /// How often the first one began anew.
    anew: u8,
}

impl Taking {
    fn new(until_ms: u64) -> Self {
        Self { until_ms, pairing: None, identity: None, contacts: Vec::new(), whole: false, anew: 0 }
    }

    /// Nothing was given yet, and nobody agreed to what is shown: each beginning is one more guess for somebody in between.
    pub(super) fn may_begin_anew(&self) -> bool {
        let agreed = self.pairing.as_ref().is_some_and(|pairing| pairing.agreed);
        !agreed && self.identity.is_none() && self.anew < LINKS_ANEW_MAX
    }
}

impl Core {
    /// Shows the code: our card, of an account of this device alone.
    pub(super) fn begin_taking(&mut self, forget: bool, step: &mut Step<'_>) -> Result<String, ControlError> {
        let used = self.contacts.iter().next().is_some() || self.own.device_set().devices().len() > 1;
        if used && !forget {
            let message = "this device has an account with contacts or other devices, which linking would forget";
            let hint = "say so with `ahoy device link --forget`, or enter the code of the new device here: \
                        `ahoy device link CODE`";
            return Err(ControlError::new(ErrorKind::WrongState, message, hint));
        }
        if self.calls.live_calls() > 0 {
            let hint = "hang up first";
            return Err(ControlError::new(ErrorKind::WrongState, "there is a call on this device", hint));
        }
        self.leave_linking(Some(Reason::Cancelled), step);
        if used {
            let lone = self.own.lone_membership(step.now.unix_s(), step.rng);
            let lone =
                lone.ok_or_else(|| ControlError::new(ErrorKind::Internal, "no account was made", "report this"))?;
            self.change_account(lone, step);
        }
        let until_ms = step.now.mono_ms.saturating_add(LINKING_MS);
        self.linking = Linking::New(Taking::new(until_ms));
        self.card(true)
    }

    /// The first device that offers us a pair is the one we compare letters with.
    pub(super) fn link_offered(&mut self, from: Sender, offer: &Offer, step: &mut Step<'_>) {
        let (account, device) = (from.account, from.device);
        if !self.linking.takes(offer.call, device) {
            return;
        }
        let Linking::New(taking) = &mut self.linking else { return };
        let before = taking.pairing.as_ref().map(|pairing| pairing.call).filter(|before| *before != offer.call);
        if taking.pairing.is_none() || before.is_some() {
            taking.pairing = Some(Pairing::new(offer.call, account, device));
            // Repeated later, also after a restart, it would keep the right device out.
            self.calls.remember(offer.call, account, step.now.unix_ms);
            self.keep_seen(offer.call, account, step);
        }
        let Linking::New(taking) = &mut self.linking else { return };
        if let Some(before) = before {
            taking.anew = taking.anew.saturating_add(1);
            self.session(step, |session, cx| session.forget(before, cx));
        }
        // As a guest it would have a minute, and people take longer.
        self.guests.leave(&device);
        step.gossip(device, true);
    }

    /// The other one gave its attempt up, to begin anew: we go on showing the code.
    pub(super) fn wait_again(&mut self, step: &mut Step<'_>) {
        let Linking::New(taking) = &mut self.linking else {
            return self.end_linking("it was given up at the other device", None, step);
        };
        if !taking.may_begin_anew() {
            return self.end_linking("it was given up at the other device", None, step);
        }
        taking.anew = taking.anew.saturating_add(1);
        let Some(pairing) = taking.pairing.take() else { return };
        self.session(step, |session, cx| session.forget(pairing.call, cx));
        let device = Some(pairing.device.text());
        step.event(linking(LinkingState::Compare, device, None, None, None));
    }

    /// 11: checked at once, taken when all is there.
    pub(super) fn link_identity(&mut self, body: &LinkIdentity, step: &mut Step<'_>) {
        let Linking::New(Taking { pairing: Some(pairing), identity: None, .. }) = &self.linking else { return };
        match self.check_identity(body, pairing.account, step.now.unix_s()) {
            Ok(membership) => {
                if let Linking::New(taking) = &mut self.linking {
                    taking.identity = Some(Box::new(membership));
                }
            }
            Err(check) => {
                self.refusals.count(check);
                let why = "what the other device gave is not an account with this device: begin anew";
                self.end_linking(why, Some(Reason::ProtocolError), step);
            }
        }
    }

    /// Certificate (012..014) and set (090..094) are of this device and of the account that offered the pair; a key is
    /// that account's.
    pub(in crate::core) fn check_identity(
        &self,
        body: &LinkIdentity,
        account: AccountId,
        now_s: u64,
    ) -> Result<Membership, Check> {
        let bytes: Option<&[u8; CERTIFICATE_BYTES]> = body.certificate.as_slice().try_into().ok();
        let certificate = Certificate::check(Check::ENCLOSED.require(bytes)?, now_s)?;
        let set = DeviceSet::check(&body.device_set, Some(account), now_s, None)?;
        DeviceSet::admit(Some(&set), self.own.device(), now_s)?;
        Check::ENCLOSED.refuse_if(!self.own.is_of(&certificate, &set, account))?;
        let is_other = |seed: &Secret| SignKey::from_seed(seed).account() != account;
        Check::ENCLOSED.refuse_if(body.account_key.as_ref().is_some_and(is_other))?;
        Ok(Membership {
            certificate,
            set,
            card_token: body.card_token.clone(),
            contact_token: body.contact_token.clone(),
            account_key: body.account_key.clone(),
        })
    }

    /// 12: kept until the end.
    pub(super) fn link_contact(&mut self, body: LinkContact, step: &mut Step<'_>) {
        let Linking::New(taking) = &mut self.linking else { return };
        // The account itself comes with its contacts.
        if taking.identity.is_none() || taking.contacts.len() > CONTACTS_MAX {
            self.end_linking("the other device gave too much", Some(Reason::ProtocolError), step);
            return;
        }
        taking.contacts.push(body);
    }

    /// 13: all has come.
    pub(super) fn link_end(&mut self, count: u32, step: &mut Step<'_>) {
        let Linking::New(taking) = &mut self.linking else { return };
        if taking.identity.is_none() || usize::try_from(count) != Ok(taking.contacts.len()) {
            self.end_linking("the other device gave too little", Some(Reason::ProtocolError), step);
            return;
        }
        taking.whole = true;
        self.take_if_whole(step);
    }

    /// All is there and a person agreed here as well: from now on this device is one of the account.
    pub(super) fn take_if_whole(&mut self, step: &mut Step<'_>) {
        let Linking::New(taking) = &mut self.linking else { return };
        if !taking.whole || !taking.pairing.as_ref().is_some_and(|pairing| pairing.agreed) {
            return;
        }
        let Some(membership) = taking.identity.take() else { return };
        let contacts = std::mem::take(&mut taking.contacts);
        self.change_account(*membership, step);
        for contact in contacts {
            self.take_link_contact(&contact, step);
        }
        self.linked(step);
    }

    /// This device leaves its account, contacts and all, and is one of another from now on.
    fn change_account(&mut self, membership: Membership, step: &mut Step<'_>) {
        let contacts: Vec<AccountId> = self.contacts.iter().map(|contact| contact.account).collect();
        for account in contacts.into_iter().chain([self.own.account()]) {
            self.drop_contact(&account, step);
            self.contact_changed(&account, step);
        }
        self.forget_changes(step);
        self.forget_messages(step);
        self.forget_strangers(step);
        step.store(StoreCommand::ForgetHistory);
        step.event(EventKind::HistoryCleared { client: step.client.clone().unwrap_or_else(|| LINKING.to_owned()) });
        self.own.join(membership, step.now.unix_s(), step.rng);
        self.calls.set_own(self.own.account());
        self.inboxes.replace(self.own.inboxes());
        self.tellings.clear();
        self.keep_own(step);
        self.daily(step);
        self.meet_own_devices(step);
    }

    /// A contact of the account; one that cannot be read is left out, the rest is taken.
    pub(in crate::core) fn take_link_contact(&mut self, body: &LinkContact, step: &mut Step<'_>) {
        let card = match Card::from_bytes(&body.card) {
            Ok(card) => card,
            Err(check) => return self.refusals.count(check),
        };
        if card.account == self.own.account() {
            return self.take_own_card(&card, step);
        }
        let set =
            body.device_set.as_deref().map(|set| DeviceSet::check(set, Some(card.account), step.now.unix_s(), None));
        let facts = DeviceFacts { addresses: card.addresses, ..DeviceFacts::default() };
        let mut contact = Contact {
            account: card.account,
            name: free_name(&self.contacts, &body.name),
            card_token: card.token,
            contact_token: body.contact_token.clone(),
            device_set: None,
            policy: shared_policy(body.policy, Policy::default()),
            favourite: false,
            requested: None,
            devices: card.devices.into_iter().map(|device| (device, facts.clone())).collect(),
        };
        // A set that is over by now says nothing; presence brings a newer one.
        if let Some(Ok(set)) = set {
            contact.take_set(set);
        }
        let (account, devices) = (contact.account, contact.devices.keys().copied().collect::<Vec<_>>());
        self.put_contact(contact, step);
        for device in devices {
            self.welcome(device, step);
        }
        self.contact_changed(&account, step);
    }

    /// The account's own card: its name, and where its other devices are.
    fn take_own_card(&mut self, card: &Card, step: &mut Step<'_>) {
        if self.own.rename(&card.name) {
            self.keep_own(step);
        }
        let account = self.own.account();
        self.change_contact(&account, step, |own| {
            for facts in own.devices.values_mut().filter(|facts| facts.addresses.is_empty()) {
                facts.addresses.clone_from(&card.addresses);
            }
        });
        for device in self.devices_of(&account) {
            self.dialing.urgent(device, step.now.mono_ms, 0);
            if self.peers.is_connected(&device) {
                self.dialing.connected(&device);
            }
        }
    }
}

/// The name, or one like it, if another contact has it: two names of one list may differ between devices.
fn free_name(contacts: &Contacts, name: &str) -> String {
    let others = (2..=CONTACTS_MAX + 1).map(|n| format!("{name} {n}"));
    std::iter::once(name.to_owned())
        .chain(others)
        .find(|name| contacts.find(name).is_none())
        .unwrap_or_else(|| name.to_owned())
}
