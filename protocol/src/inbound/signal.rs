//! What a verified envelope says.

use ahoy_crypto::{DeviceSet, PrekeyRecord};

use crate::ids::{AccountId, DeviceId};
use crate::wire::bodies::{Cancel, ContactChange, ContactRequest, Elsewhere, Missed, Offer, Presence, Receipt};
use crate::wire::card::Card;

/// What a verified envelope says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Kind 1: answer it. `purpose` says what confirm will mean.
    Offer(Box<Offer>),
    /// Kind 2.
    Presence {
        /// As it was sent.
        body: Box<Presence>,
        /// Its record, verified.
        record: Box<PrekeyRecord>,
        /// Its device set, verified, if it is newer than the one we know (or the first): to be stored.
        newer_set: Option<Box<DeviceSet>>,
    },
    /// Kind 3.
    Request {
        /// As it was sent.
        body: Box<ContactRequest>,
        /// Its card, verified as far as cards are.
        card: Box<Card>,
    },
    /// Kind 4.
    Elsewhere(Box<Elsewhere>),
    /// Kind 10.
    Contact(Box<ContactChange>),
    /// Kind 5.
    Cancel {
        /// As it was sent.
        body: Cancel,
        /// The offer has arrived; otherwise the cancel is remembered for 120 s.
        offered: bool,
    },
    /// Kind 6.
    Receipt(Receipt),
    /// Kind 7: verified, to be stored if it isn't the one we know.
    Devices(Box<DeviceSet>),
    /// Kind 8.
    Missed(Missed),
}

/// Who sent it, for the checks of a kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sender {
    pub(super) account: AccountId,
    pub(super) device: DeviceId,
    pub(super) own: bool,
}
