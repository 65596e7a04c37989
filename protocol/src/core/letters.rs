//! Verified inbox envelopes: each kind goes where it belongs, stored before it is acknowledged.

use super::Core;
use super::effect::{StoreCommand, Table};
use super::network::policy_of;
use super::step::Step;
use crate::account::{Contact, Policy};
use crate::call::signal::{CallInput, Sender};
use crate::ids::{AccountId, CallId};
use crate::inbound::{Done, Signal, Verified};
use crate::limits::{LETTER_KEPT_MS, SEEN_MS, SEEN_ROWS_MAX};
use crate::session::Delivery;
use crate::wire::bodies::{InboxBody, Missed, Purpose, Receipt};

impl Core {
    pub(super) fn letter(&mut self, letter: Verified, step: &mut Step<'_>) {
        let from = self.sender(&letter);
        if letter.own {
            self.wrote_as_ours(letter.device, step);
        }
        let receipt = match &letter.signal {
            Signal::Offer(_) => {
                self.take_offer(letter, from, step);
                return;
            }
            Signal::Presence { body, record, newer_set } => {
                let (body, record, newer_set) = (body.clone(), record.clone(), newer_set.clone());
                self.take_presence(&letter, &body, &record, newer_set, step);
                Some((2, letter.hash.to_vec()))
            }
            // Its receipt goes out when it is accepted: until then there is no sign of life.
            Signal::Request { body, card } => {
                let (body, card) = (body.clone(), card.clone());
                self.take_request(&letter, *body, &card, step);
                None
            }
            Signal::Elsewhere(body) => {
                self.ledger.done(Done::Elsewhere(body.call, body.event));
                let id = body.call.0.to_vec();
                step.calls.push_back(CallInput::Elsewhere { from, body: (**body).clone() });
                Some((4, id))
            }
            Signal::Cancel { body, .. } => {
                self.ledger.cancelled(letter.account, body.call);
                self.ledger.done(Done::Cancel(letter.account, body.call));
                self.keep_seen(body.call, letter.account, step);
                step.calls.push_back(CallInput::Cancel { from, call: body.call, reason: body.reason });
                Some((5, body.call.0.to_vec()))
            }
            Signal::Receipt(receipt) => {
                self.receipt(letter.device, receipt, step);
                None
            }
            Signal::Devices(set) => {
                self.take_device_set(&letter.account, (**set).clone(), step);
                Some((7, letter.hash.to_vec()))
            }
            Signal::Contact(body) => {
                let body = body.clone();
                self.take_told(letter.device, &body, step).then(|| (10, letter.hash.to_vec()))
            }
            Signal::Missed(body) => {
                self.ledger.done(Done::Missed(body.call));
                self.keep_seen(body.call, letter.account, step);
                step.calls.push_back(CallInput::Missed { from, body: believable(*body, step.now.unix_ms) });
                Some((8, body.call.0.to_vec()))
            }
        };
        if let Some((kind, id)) = receipt
            && letter.wants_receipt
            && !self.contacts.get(&letter.account).is_some_and(Contact::is_blocked)
        {
            let once = Delivery { receipt: false, asks_presence: false };
            self.send_letter(letter.device, InboxBody::Receipt(Receipt { kind, id }), once, step);
        }
    }

    fn sender(&self, letter: &Verified) -> Sender {
        let policy = self.contacts.get(&letter.account).map_or(Policy(0), |contact| contact.policy);
        Sender {
            account: letter.account,
            device: letter.device,
            own: letter.own,
            policy: policy_of(policy),
            sent_ms: letter.sent_ms,
        }
    }

    /// An offer that passed: remembered, answered by the session, told to the call core. It doesn't ring yet.
    fn take_offer(&mut self, letter: Verified, from: Sender, step: &mut Step<'_>) {
        let Verified { signal: Signal::Offer(offer), responder, .. } = letter else { return };
        if offer.purpose == Purpose::Link {
            // One that was heard of before is a replay, unless it is of the linking that is under way.
            let heard_of = self.calls.known(offer.call) && !self.linking.is_of(offer.call, from.device);
            if !heard_of && self.linking.takes(offer.call, from.device) {
                self.answer_offer(from, offer, responder, step);
            }
            return;
        }
        if offer.purpose == Purpose::HandOff {
            // Only its confirm says anything; whether this device has sound makes no difference.
            self.answer_offer(from, offer, responder, step);
            return;
        }
        let wants_back = self.wants_back(&offer, &from.device);
        if self.own.is_revoked() || (wants_back && !self.may_go_on(&from, offer.call, step)) {
            return;
        }
        // One that continues a call doesn't ring anywhere.
        let rings = offer.purpose != Purpose::Ring || offer.continues.is_some() || !self.rings_elsewhere();
        if self.ledger.offered_by(offer.call).is_none() {
            self.ledger.offered(offer.call, from.account);
            self.keep_seen(offer.call, from.account, step);
        }
        // Not answered, it is as if this device were away: the caller waits for the others, and hears of us nothing.
        if rings {
            self.answer_offer(from, offer, responder, step);
        }
    }

    /// Call ids are kept for 96 h, also over a restart: a replay can't make a second history entry.
    pub(super) fn keep_seen(&mut self, call: CallId, account: AccountId, step: &mut Step<'_>) {
        self.seen_rows.push_back((step.now.unix_ms, call));
        self.drop_old_rows(step);
        let mut value = step.now.unix_ms.to_be_bytes().to_vec();
        value.extend_from_slice(&account.0);
        step.store(StoreCommand::Put { table: Table::SeenCalls, key: call.0.to_vec(), value });
    }
    /// Rows of call ids go after 96 h, and the oldest before there are too many.
    pub(super) fn drop_old_rows(&mut self, step: &mut Step<'_>) {
        let oldest_ms = step.now.unix_ms.saturating_sub(SEEN_MS);
        while self.seen_rows.len() > SEEN_ROWS_MAX || self.seen_rows.front().is_some_and(|(at, _)| *at < oldest_ms) {
            let Some((_, call)) = self.seen_rows.pop_front() else { break };
            // An id that came again has a newer row, which took this one's place.
            if !self.seen_rows.iter().any(|(_, newer)| *newer == call) {
                step.store(StoreCommand::Delete { table: Table::SeenCalls, key: call.0.to_vec() });
            }
        }
    }
}

fn believable(body: Missed, now_ms: u64) -> Missed {
    Missed { started_ms: believable_ms(body.started_ms, now_ms), ..body }
}

/// When a call began that its caller tells of only now: notes are kept for 7 days, and none is of a call to come.
pub(super) fn believable_ms(started_ms: u64, now_ms: u64) -> u64 {
    started_ms.clamp(now_ms.saturating_sub(LETTER_KEPT_MS), now_ms)
}
