//! What a flush does beside sending what is due: topics that are held, offers that end, silences that are told.

use std::collections::BTreeSet;

use super::Session;
use super::offering::Fate;
use super::world::{Cx, SessionEffect};
use crate::call::signal::CallInput;
use crate::topic::Topic;
use crate::wire::bodies::Purpose;

impl Session {
    pub(super) fn sync_topics(&mut self, cx: &mut Cx<'_>) {
        let mut wanted: BTreeSet<Topic> = self.calls.values().flat_map(|call| [call.mailbox, call.topic]).collect();
        wanted.extend(self.answering.iter().map(|answering| answering.mailbox));
        cx.out.extend(wanted.difference(&self.held).copied().map(SessionEffect::Subscribe));
        cx.out.extend(self.held.difference(&wanted).copied().map(SessionEffect::Unsubscribe));
        self.held = wanted;
    }

    pub(super) fn flush_offerings(&mut self, cx: &mut Cx<'_>) {
        let (calls, paces) = (&self.calls, &self.paces);
        self.offerings.retain(|(id, device), offering| {
            let Some(known) = calls.get(id) else { return false };
            let (call, device, purpose) = (*id, *device, offering.purpose());
            match offering.flush(&known.keys, paces.of(device), cx) {
                Fate::Open => return true,
                Fate::Unreached(tried) => cx.signal(purpose, CallInput::Unreached { call, device, tried }),
                Fate::Expired => cx.signal(purpose, CallInput::OfferExpired { call, device }),
            }
            false
        });
    }

    /// Tells, once a call id, that nobody confirms; forgets the id when nothing of it waits any more.
    pub(super) fn tell_silences(&mut self, cx: &mut Cx<'_>) {
        for silence in &mut self.silences {
            if !silence.told && cx.now_ms() >= silence.since_ms.saturating_add(self.times.confirm_ms) {
                silence.told = true;
                cx.signal(Purpose::Ring, CallInput::Unconfirmed { call: silence.call, device: silence.device });
            }
        }
        let answering = &self.answering;
        self.silences.retain(|silence| !silence.told || answering.iter().any(|a| a.offer.call == silence.call));
    }
}
