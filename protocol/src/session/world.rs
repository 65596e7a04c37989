//! What goes into and comes out of the session layer.

use ahoy_crypto::{DeviceSet, PrekeyRecord};
use rand_core::CryptoRng;

use crate::call::signal::CallInput;
use crate::ids::{AccountId, DeviceId, Now};
use crate::outbound::{Identity, Recipient, Where};
use crate::topic::Topic;
use crate::wire::bodies::{Offer, Purpose};

/// How envelopes reach a device now.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// Its prekey, out of its newest checked record.
    pub recipient: Recipient,
    /// Its inbox today: the contact inbox once its token is known, else the card inbox.
    pub at: Where,
    /// It takes offers that continue a call.
    pub continuations: bool,
}

/// What the session layer asks of the rest of the core. Asked anew each time: routes and
/// subscribers change while a message waits.
pub trait World {
    /// Static key and certificate of our device.
    fn identity(&self) -> Identity<'_>;
    /// Our newest prekey record, for announces.
    fn record(&self) -> Option<&PrekeyRecord>;
    /// How envelopes reach a device; none while its prekey or its inbox isn't known.
    fn route(&self, device: DeviceId) -> Option<Route>;
    /// Somebody connected subscribes to the topic.
    fn has_subscriber(&self, topic: &Topic) -> bool;
    /// The newest device set known of an account.
    fn device_set(&self, account: AccountId) -> Option<&DeviceSet>;
}

/// One thing to do, in the order given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionEffect {
    /// Hold this topic.
    Subscribe(Topic),
    /// No longer.
    Unsubscribe(Topic),
    /// Publish; a subscriber is known.
    Publish {
        /// Topic.
        topic: Topic,
        /// At most 4096 bytes.
        data: Vec<u8>,
    },
    /// For the call core: of offers and pairs with purpose ring or pair.
    Call(CallInput),
    /// Of offers and pairs with purpose link, which aren't calls.
    Linking(CallInput),
    /// Of offers and pairs with purpose hand_off: about a call, between devices of our own account.
    HandOff(CallInput),
}

/// The moment in which something is handled.
pub struct Cx<'a> {
    /// Now.
    pub now: Now,
    /// Randomness.
    pub rng: &'a mut dyn CryptoRng,
    /// The rest of the core.
    pub world: &'a dyn World,
    /// What shall be done.
    pub out: &'a mut Vec<SessionEffect>,
}

impl Cx<'_> {
    pub(super) fn publish(&mut self, topic: Topic, data: Vec<u8>) {
        self.out.push(SessionEffect::Publish { topic, data });
    }

    pub(super) fn signal(&mut self, purpose: Purpose, input: CallInput) {
        self.out.push(match purpose {
            Purpose::Ring | Purpose::Pair => SessionEffect::Call(input),
            Purpose::Link => SessionEffect::Linking(input),
            Purpose::HandOff => SessionEffect::HandOff(input),
        });
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.now.mono_ms
    }
}

/// Time limits that settings change, in ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionTimes {
    /// To see a subscriber of the inbox of somebody who is offered a call.
    pub reach_ms: u64,
    /// For the initiator to confirm what we answered, until a call counts as missed.
    pub confirm_ms: u64,
}

impl Default for SessionTimes {
    fn default() -> Self {
        Self { reach_ms: 10_000, confirm_ms: 5_000 }
    }
}

/// How long a device is looked for at least, ms: a call that continues another one waits as long as the other side does.
pub fn least_reach_ms(offer: &Offer) -> u64 {
    offer.continues.map_or(0, |_| u64::from(offer.ttl_s) * 1000)
}
