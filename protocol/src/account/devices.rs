//! The devices of our account: who is in the set, certificates for new ones, and the change to another account.

use ahoy_crypto::keys::SignKey;
use ahoy_crypto::prekey::{PrekeyRecord, PrekeyTerms};
use ahoy_crypto::{AccountId, Certificate, DeviceId, DeviceSet, Secret};
use rand_core::CryptoRng;

use super::own::{CERTIFICATE_LIFE_S, FEATURE_SILENT, Own};

/// What makes a device one of an account: what linking brings.
#[derive(Clone, Debug)]
pub struct Membership {
    /// This device, said by the account.
    pub certificate: Certificate,
    /// The account's devices, this one among them.
    pub set: DeviceSet,
    /// Token of the inbox in its cards.
    pub card_token: Secret,
    /// Token of the inbox of its contacts.
    pub contact_token: Secret,
    /// The account's private key, if this device is to hold it.
    pub account_key: Option<Secret>,
}

/// Feature bit of a prekey record: the device takes offers that name the call whose place they take (docs/wire.md, 7).
pub const FEATURE_CONTINUES: u32 = 2;

/// Feature bit of a prekey record: the device takes over calls that another device of its account hands to it.
const FEATURE_HAND_OFF: u32 = 4;

/// The device of this record can be asked to take over a call, by one of its own account.
#[must_use]
pub fn takes_hand_offs(record: &PrekeyRecord) -> bool {
    record.terms().features & FEATURE_HAND_OFF != 0
}

/// The device of this record takes offers that continue a call.
#[must_use]
pub fn takes_continuations(record: &PrekeyRecord) -> bool {
    record.terms().features & FEATURE_CONTINUES != 0
}

/// The device of this record has neither microphone nor speaker.
#[must_use]
pub fn is_silent(record: &PrekeyRecord) -> bool {
    record.terms().features & FEATURE_SILENT != 0
}

/// Why there is no next device set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSet {
    /// This device doesn't hold the account's key.
    #[error("this device doesn't hold the account's key")]
    NoKey,
    /// All revisions are used up, which only somebody with the account's key can bring about.
    #[error("the account has used up the revisions of its device sets")]
    UsedUp,
    /// A set has one to eight devices.
    #[error("a device set has one to eight devices")]
    Shape,
}

impl Own {
    /// Something to talk into or to hear with is here.
    #[must_use]
    pub fn has_sound(&self) -> bool {
        !self.silent
    }

    /// Says in our record whether this device has sound; true if that is news, and the row is to be stored.
    pub fn set_silent(&mut self, silent: bool) -> bool {
        if self.silent == silent {
            return false;
        }
        self.silent = silent;
        self.say_features()
    }

    /// What this device can do, as its record says it.
    pub(super) fn features(&self) -> u32 {
        FEATURE_CONTINUES | FEATURE_HAND_OFF | if self.silent { FEATURE_SILENT } else { 0 }
    }

    /// Says in our record what this version can do; true if that is news, and the row is to be stored.
    pub fn say_features(&mut self) -> bool {
        let features = self.features();
        let Some(newest) = self.prekeys.last_mut().filter(|newest| newest.record.terms().features != features) else {
            return false;
        };
        self.revision = self.revision.saturating_add(1);
        // The prekey is the same one; only what is said of it is new.
        let terms = PrekeyTerms { revision: self.revision, features, ..*newest.record.terms() };
        newest.record = PrekeyRecord::make(&self.device, &self.certificate, terms);
        true
    }

    /// The account's private key is here: this device may link and revoke others.
    #[must_use]
    pub fn holds_account_key(&self) -> bool {
        self.account.is_some()
    }

    /// The account's private key, if it is here.
    #[must_use]
    pub fn account_seed(&self) -> Option<Secret> {
        self.account.as_ref().map(SignKey::seed)
    }

    /// The account no longer counts this device as its own.
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        !self.set.devices().contains(&self.device())
    }

    /// Says that a device is ours; none without the account's key.
    #[must_use]
    pub fn certify(&self, device: DeviceId, dk: [u8; 32], now_s: u64) -> Option<Certificate> {
        let account = self.account.as_ref()?;
        Some(Certificate::make(account, device, dk, now_s.saturating_add(CERTIFICATE_LIFE_S)))
    }

    /// The next device set, of these devices.
    ///
    /// # Errors
    /// [`NoSet`]: this device can't sign one, or there can be none.
    pub fn next_set(&self, devices: &[DeviceId], now_s: u64) -> Result<DeviceSet, NoSet> {
        let account = self.account.as_ref().ok_or(NoSet::NoKey)?;
        let not_after_s = now_s.saturating_add(CERTIFICATE_LIFE_S);
        let revision = self.set.revision().checked_add(1).ok_or(NoSet::UsedUp)?;
        DeviceSet::make(account, revision, not_after_s, devices).map_err(|_| NoSet::Shape)
    }

    /// Takes a device set that was checked against ours. True if it is another one.
    pub fn take_set(&mut self, set: DeviceSet) -> bool {
        let changed = self.set.revision() < set.revision();
        if changed {
            self.set = set;
        }
        changed
    }

    /// From now on this device is one of that account. What was sealed to its prekeys until now is lost.
    pub fn join(&mut self, membership: Membership, now_s: u64, rng: &mut dyn CryptoRng) {
        let Membership { certificate, set, card_token, contact_token, account_key } = membership;
        self.account = account_key.map(|seed| SignKey::from_seed(&seed));
        (self.certificate, self.set) = (certificate, set);
        (self.card_token, self.contact_token) = (card_token, contact_token);
        self.lock_out_due = false;
        self.prekeys.clear();
        self.add_prekey(now_s, rng);
    }

    /// An account of this device alone, for the moment in which it waits to be linked.
    #[must_use]
    pub fn lone_membership(&self, now_s: u64, rng: &mut dyn CryptoRng) -> Option<Membership> {
        let account = SignKey::generate(rng);
        let not_after_s = now_s.saturating_add(CERTIFICATE_LIFE_S);
        Some(Membership {
            certificate: Certificate::make(&account, self.device(), self.dk.public(), not_after_s),
            set: DeviceSet::make(&account, 1, not_after_s, &[self.device()]).ok()?,
            card_token: Secret::random(rng),
            contact_token: Secret::random(rng),
            account_key: Some(account.seed()),
        })
    }

    /// Whether these are this device's own certificate and set, of that account.
    #[must_use]
    pub fn is_of(&self, certificate: &Certificate, set: &DeviceSet, account: AccountId) -> bool {
        certificate.account() == account
            && certificate.device() == self.device()
            && *certificate.dk() == self.dk.public()
            && set.account() == account
            && set.devices().contains(&self.device())
    }
}
