//! Somebody who isn't in the call says everything that can be said about it, at every moment: nothing may change.

use super::node::{at, digest};
use super::watch::{Broken, Watch, parse_call};
use crate::call::CallCore;
use crate::call::signal::{CallInput, ContactPolicy, Sender};
use crate::ids::{AccountId, CallId, DeviceId};
use crate::testing::rng;
use crate::wire::bodies::{
    CallBody, Elsewhere, Flags, LinkGeneration, Media, Missed, PairBody, Reason, Status, Verdict,
};

const ACCOUNT: AccountId = AccountId([9; 32]);
const DEVICE: DeviceId = DeviceId([9; 32]);

/// Tries all of it on copies of the core.
pub(super) fn listens_to_outsiders(core: &CallCore, watch: &mut Watch, clock_ms: u64) {
    let now = at(clock_ms);
    let before = digest(core);
    for info in core.calls(now) {
        for input in words(parse_call(&info.call), now.unix_ms) {
            let mut copy = core.clone();
            let mut out = Vec::new();
            copy.handle(input, now, &mut rng("outsider"), &mut out);
            watch.rule(Broken::OutsiderCounts, out.is_empty() && digest(&copy) == before);
        }
    }
}

/// Everything somebody who isn't in a call can say about it.
pub(crate) fn words(call: CallId, sent_ms: u64) -> Vec<CallInput> {
    let from = Sender { account: ACCOUNT, device: DEVICE, own: false, policy: ContactPolicy::default(), sent_ms };
    let device = DEVICE;
    let flags = Flags(Flags::MUTED);
    let pair = |body| CallInput::Pair { call, device, body };
    let elsewhere =
        Elsewhere { call, event: 1, device, epoch: None, secret: None, roster: None, epoch_secret: None, view: None };
    vec![
        CallInput::Confirmed { call, device },
        CallInput::Reached { call, device },
        pair(PairBody::Verdict(Verdict::Accept)),
        pair(PairBody::Verdict(Verdict::Decline)),
        pair(PairBody::HangUp(Reason::HungUp)),
        pair(PairBody::Status(Status { state_seq: 99, flags })),
        pair(PairBody::Restart(LinkGeneration { link: 9, generation: 9 })),
        CallInput::Frame {
            call,
            device,
            body: CallBody::Announce { state_seq: 99, flags, view: [0; 32], record: None },
        },
        CallInput::Frame { call, device, body: CallBody::Leave { state_seq: 99, reason: Reason::HungUp } },
        CallInput::Cancel { from, call, reason: Reason::Cancelled },
        CallInput::Elsewhere { from, body: elsewhere },
        CallInput::Missed { from, body: Missed { call, started_ms: 0, media: Media::AUDIO } },
        CallInput::OfferExpired { call, device },
        CallInput::Disconnected { device },
    ]
}
