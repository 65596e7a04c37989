//! What the session layer keeps of a call: keys, topics, pairs, and its call frames.

use std::collections::{BTreeMap, VecDeque};

use ahoy_crypto::{CallKeys, Check, Secret, SignKey, call_keys, sas};
use rand_core::CryptoRng;

use super::pace::Paces;
use super::pair::Pair;
use super::world::Cx;
use crate::call::signal::CallInput;
use crate::ids::{AccountId, CallId, DeviceId};
use crate::inbound::{CallContext, CallFrame, EpochKey, FrameWindows, Member, SealedCallFrame, apply_to_roster};
use crate::limits::{ANNOUNCES_WITH_RECORD, FORGET_LINGER_MS, FORGET_MS, FRAMES_KEPT};
use crate::outbound::{FrameSender, call_frame};
use crate::topic::Topic;
use crate::wire::bodies::{CallBody, Hello, Offer, PairBody};

/// How far the pair with a device is.
enum Stage {
    /// It answered our offer; our confirm reveals this nonce.
    Answered([u8; 32]),
    /// Both are there; the short authentication string.
    Confirmed(String),
}

/// Another device in a call.
pub(super) struct Leg {
    pub(super) account: AccountId,
    pub(super) pair: Pair,
    stage: Stage,
    /// Its answer or confirm.
    hello: Hello,
}

impl Leg {
    /// Our offer was answered.
    pub(super) fn answered(account: AccountId, pair: Pair, hello: Hello, nonce_a: [u8; 32]) -> Self {
        Self { account, pair, stage: Stage::Answered(nonce_a), hello }
    }

    /// What we answered was confirmed.
    pub(super) fn confirmed(account: AccountId, pair: Pair, hello: Hello, nonce_b: [u8; 32]) -> Self {
        let string = sas::short_string(pair.handshake_hash(), &hello.nonce, &nonce_b);
        Self { account, pair, stage: Stage::Confirmed(string), hello }
    }

    pub(super) fn sas(&self) -> Option<&str> {
        match &self.stage {
            Stage::Answered(_) => None,
            Stage::Confirmed(string) => Some(string),
        }
    }

    /// Sends confirm, once.
    pub(super) fn confirm(&mut self, signing_key: [u8; 32]) {
        match self.stage {
            Stage::Confirmed(_) => {}
            Stage::Answered(nonce) => {
                self.pair.send(PairBody::Confirm(Hello { nonce, signing_key, features: 0 }));
                let string = sas::short_string(self.pair.handshake_hash(), &nonce, &self.hello.nonce);
                self.stage = Stage::Confirmed(string);
            }
        }
    }
}

/// A call that we offered, or whose offer to us was confirmed.
pub(super) struct Call {
    id: CallId,
    secret: Secret,
    pub(super) keys: CallKeys,
    /// Our mailbox.
    pub(super) mailbox: Topic,
    /// Topic of the call frames.
    pub(super) topic: Topic,
    /// What we sign our frames with; the others have it from answer or confirm.
    pub(super) sign: SignKey,
    /// Random at every start, so that no nonce comes twice.
    salt: [u8; 16],
    counter: u64,
    epoch: EpochKey,
    pub(super) roster: Vec<AccountId>,
    offerer: AccountId,
    offerer_invites: bool,
    pub(super) legs: BTreeMap<DeviceId, Leg>,
    windows: FrameWindows,
    /// Our next announces that carry our record.
    records_left: u8,
    /// Call frames that nobody was there for.
    kept: VecDeque<CallBody>,
    forgotten_ms: Option<u64>,
}

impl Call {
    /// Out of an offer, ours or somebody's.
    pub(super) fn new(
        offer: &Offer,
        offerer: AccountId,
        sign: SignKey,
        own: DeviceId,
        rng: &mut dyn CryptoRng,
    ) -> Self {
        let keys = CallKeys::new(&offer.call.0, &offer.secret);
        let first_view = || call_keys::view(&offer.call.0, 0, &offer.roster, &[]);
        let mut salt = [0; 16];
        rng.fill_bytes(&mut salt);
        Self {
            id: offer.call,
            secret: offer.secret.clone(),
            mailbox: Topic(keys.mailbox_topic(own)),
            topic: Topic(keys.call_topic()),
            keys,
            sign,
            salt,
            counter: 0,
            epoch: EpochKey {
                epoch: offer.epoch,
                secret: offer.epoch_secret.clone().unwrap_or_else(|| offer.secret.clone()),
                view: offer.view.unwrap_or_else(first_view),
            },
            roster: offer.roster.clone(),
            offerer: offer.offerer.unwrap_or(offerer),
            offerer_invites: offer.invite_policy == 1,
            legs: BTreeMap::new(),
            windows: FrameWindows::default(),
            records_left: ANNOUNCES_WITH_RECORD,
            kept: VecDeque::new(),
            forgotten_ms: None,
        }
    }

    /// Another secret under the same call id is another call.
    pub(super) fn is_of(&self, secret: &Secret) -> bool {
        self.secret == *secret
    }

    /// Nothing of it is wanted any more.
    pub(super) fn forget(&mut self, now_ms: u64) {
        self.forgotten_ms.get_or_insert(now_ms);
        self.kept.clear();
    }

    pub(super) fn is_forgotten(&self) -> bool {
        self.forgotten_ms.is_some()
    }

    /// It is forgotten and its last words are acknowledged, or have had their time. It lingers a
    /// little to acknowledge the other side's.
    pub(super) fn is_gone(&self, now_ms: u64) -> bool {
        self.forgotten_ms.is_some_and(|since_ms| {
            let passed_ms = now_ms.saturating_sub(since_ms);
            passed_ms >= FORGET_MS || (passed_ms >= FORGET_LINGER_MS && self.is_settled())
        })
    }

    /// Nothing of ours waits for an acknowledgement.
    pub(super) fn is_settled(&self) -> bool {
        self.legs.values().all(|leg| leg.pair.is_settled())
    }

    /// Takes a call frame to publish.
    pub(super) fn broadcast(&mut self, body: CallBody) {
        let is_announce = |body: &CallBody| matches!(body, CallBody::Announce { .. });
        if is_announce(&body) {
            // The newest one says everything.
            self.kept.retain(|kept| !is_announce(kept));
        }
        if self.kept.len() >= FRAMES_KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(body);
    }

    /// Publishes what is due on the pairs and on the call topic.
    pub(super) fn flush(&mut self, paces: &mut Paces, cx: &mut Cx<'_>) {
        for (device, leg) in &mut self.legs {
            leg.pair.flush(paces.of_mut(*device), cx);
        }
        if self.kept.is_empty() || !cx.world.has_subscriber(&self.topic) {
            return;
        }
        for body in std::mem::take(&mut self.kept) {
            self.publish(body, cx);
        }
    }

    fn publish(&mut self, mut body: CallBody, cx: &mut Cx<'_>) {
        let own = cx.world.identity().certificate.device();
        if let CallBody::Announce { record, .. } = &mut body
            && record.is_none()
            && self.records_left > 0
        {
            *record = cx.world.record().map(|record| record.bytes().to_vec());
            self.records_left -= 1;
        }
        let sender = FrameSender {
            call: self.id,
            keys: &self.keys,
            device: own,
            signing_key: &self.sign,
            epoch: self.epoch.epoch,
            epoch_secret: &self.epoch.secret,
            salt: self.salt,
        };
        // What can't be sealed is our own defect, and sending it again would not mend it.
        if let Ok(frame) = call_frame(&sender, self.counter, &body, None) {
            self.counter += 1;
            cx.publish(self.topic, frame);
        }
    }

    /// Opens a call frame; gives what a device with a pair said.
    ///
    /// # Errors
    /// 070.. as in [`SealedCallFrame::open`].
    pub(super) fn receive(&mut self, frame: &SealedCallFrame<'_>, cx: &Cx<'_>) -> Result<Option<CallInput>, Check> {
        let members: Vec<Member> = self.members().collect();
        let world = cx.world;
        let device_set = |account| world.device_set(account);
        let context = CallContext {
            call: self.id,
            keys: &self.keys,
            epochs: std::slice::from_ref(&self.epoch),
            members: &members,
            roster: &self.roster,
            offerer: self.offerer,
            offerer_invites: self.offerer_invites,
            device_set: &device_set,
        };
        match frame.open(&context, &mut self.windows, cx.now.unix_s())? {
            CallFrame::Verified(frame) => {
                apply_to_roster(&mut self.roster, &frame.body);
                let input = CallInput::Frame { call: self.id, device: frame.from.device, body: frame.body };
                Ok((!self.is_forgotten()).then_some(input))
            }
            CallFrame::Newcomer { .. } => {
                // It can't know us either: our next announce says who we are.
                self.records_left = self.records_left.max(1);
                Ok(None)
            }
        }
    }

    /// Devices that have a confirmed pair with us.
    fn members(&self) -> impl Iterator<Item = Member> + '_ {
        self.legs.iter().filter(|(_, leg)| leg.sas().is_some()).map(|(device, leg)| Member {
            device: *device,
            account: leg.account,
            slot: self.keys.slot(*device),
            signing_key: leg.hello.signing_key,
        })
    }

    /// Somebody subscribes to a topic.
    pub(super) fn subscribed(&mut self, topic: &Topic) {
        for leg in self.legs.values_mut() {
            leg.pair.subscribed(topic);
        }
    }

    /// When it wants to be flushed.
    pub(super) fn next_ms(&self) -> Option<u64> {
        let pairs = self.legs.values().filter_map(|leg| leg.pair.next_ms()).min();
        let gone = self
            .forgotten_ms
            .map(|since_ms| since_ms.saturating_add(if self.is_settled() { FORGET_LINGER_MS } else { FORGET_MS }));
        [pairs, gone].into_iter().flatten().min()
    }
}
