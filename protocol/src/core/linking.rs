//! Linking a device (docs/wire.md section 8). The new device shows its card as a code; a device with the account's key
//! offers it a pair. Both show six characters of that handshake, and only when a person has entered those of the other
//! on both is anything given and taken. The old device calls it linked when the new one speaks as one of the account;
//! if it never does, it is taken out again, and the inbox that it was told is another one.
//!
//! ```text
//!  new: Waiting ── offer, confirm ──> Comparing ── letters ──> Taking ── identity, contacts, end ──> one of the account
//!           ^── the other begins anew ──┘
//!  old: Reaching ── answer ─────────> Comparing ── letters ──> Giving ── all acknowledged, and it speaks as ours ──> done
//!                  any of them ── 5 minutes, hang-up, wrong letters ──> nobody is linked
//! ```

mod giving;
mod taking;

use ahoy_crypto::{AccountId, DeviceId};

use super::Core;
use super::devices::no_account_key;
use super::step::Step;
use crate::call::OfPair;
use crate::call::signal::CallInput;
use crate::control::{ControlError, DoneReply, ErrorKind, EventKind, LinkParams, LinkReply, LinkingState, Reply};
use crate::ids::CallId;
use crate::limits::LINKING_MS;
use crate::wire::bodies::{PairBody, Reason};
pub(super) use giving::link_contact;

use giving::Giving;
use taking::Taking;

/// Linking that is under way, here or to us.
#[derive(Default)]
pub(super) enum Linking {
    /// None.
    #[default]
    Idle,
    /// We wait to be linked.
    New(Taking),
    /// We link another device.
    Old(Giving),
}

/// The other device in a linking.
#[derive(Clone, Debug)]
pub(super) struct Pairing {
    pub(super) call: CallId,
    pub(super) account: AccountId,
    pub(super) device: DeviceId,
    /// Six letters, once both are there.
    pub(super) letters: Option<String>,
    /// A person has compared them here.
    pub(super) agreed: bool,
}

impl Pairing {
    fn new(call: CallId, account: AccountId, device: DeviceId) -> Self {
        Self { call, account, device, letters: None, agreed: false }
    }
}

impl Linking {
    /// We show a code.
    pub(super) fn is_waiting(&self) -> bool {
        match self {
            Self::New(_) => true,
            Self::Idle | Self::Old(_) => false,
        }
    }

    /// When it is given up, monotonic ms.
    pub(super) fn next_ms(&self) -> Option<u64> {
        match self {
            Self::Idle => None,
            Self::New(new) => Some(new.until_ms),
            Self::Old(old) => Some(old.until_ms),
        }
    }

    /// We show a code, and nobody else offers us an account already. The one that does may begin anew, a few times.
    pub(super) fn takes(&mut self, call: CallId, device: DeviceId) -> bool {
        match self {
            Self::New(taking) => match &taking.pairing {
                Some(pairing) if pairing.call != call => pairing.device == device && taking.may_begin_anew(),
                Some(pairing) => pairing.device == device,
                None => true,
            },
            Self::Idle | Self::Old(_) => false,
        }
    }

    /// This device is being linked, here or to us.
    pub(super) fn is_with(&mut self, device: &DeviceId) -> bool {
        self.pairing().is_some_and(|pairing| pairing.device == *device)
    }

    fn pairing(&mut self) -> Option<&mut Pairing> {
        match self {
            Self::Idle => None,
            Self::New(new) => new.pairing.as_mut(),
            Self::Old(old) => Some(&mut old.pairing),
        }
    }

    /// The device that counts already, though nobody at it has agreed yet.
    fn given_to(&self) -> Option<DeviceId> {
        match self {
            Self::Old(giving) => giving.is_given().then_some(giving.pairing.device),
            Self::Idle | Self::New(_) => None,
        }
    }

    /// This device is in this linking.
    pub(super) fn is_of(&mut self, call: CallId, device: DeviceId) -> bool {
        self.pairing().is_some_and(|pairing| pairing.call == call && pairing.device == device)
    }
}

impl Core {
    /// `device.link`: a linking that is under way makes room.
    pub(super) fn link(&mut self, params: &LinkParams, step: &mut Step<'_>) -> Result<Reply, ControlError> {
        let code = match &params.code {
            Some(code) if self.own.holds_account_key() && !self.own.is_revoked() => {
                self.begin_giving(code, params.account_key, step)?;
                None
            }
            Some(_) => return Err(no_account_key()),
            None => Some(self.begin_taking(params.forget, step)?),
        };
        Ok(Reply::Link(LinkReply { code, expires_at_ms: step.now.unix_ms.saturating_add(LINKING_MS) }))
    }

    /// `device.confirm`: a person says what the other device shows.
    pub(super) fn confirm_letters(&mut self, letters: &str, step: &mut Step<'_>) -> Result<Reply, ControlError> {
        let shown = self.linking.pairing().and_then(|pairing| pairing.letters.clone());
        let Some(shown) = shown else {
            let hint = "begin with `ahoy device link` on both devices; then both show six letters and digits";
            return Err(ControlError::new(ErrorKind::WrongState, "no letters are shown here", hint));
        };
        if !shown.eq_ignore_ascii_case(letters.trim()) {
            let why = "both show something else, so somebody may be in between: nothing was given. Begin anew";
            self.end_linking(why, Some(Reason::Refused), step);
            let hint = "begin anew with `ahoy device link` on both devices";
            return Err(ControlError::new(ErrorKind::BadParams, "this is not what this device shows", hint));
        }
        if let Some(pairing) = self.linking.pairing() {
            pairing.agreed = true;
        }
        match &self.linking {
            Linking::Idle => {}
            Linking::New(_) => self.take_if_whole(step),
            Linking::Old(_) => self.give(step)?,
        }
        Ok(Reply::Done(DoneReply { call: None }))
    }

    /// What the sessions say of a pair with purpose link.
    pub(super) fn linking_signal(&mut self, input: CallInput, step: &mut Step<'_>) {
        match input.of_pair() {
            Some((_, _, OfPair::Offered(from, offer))) => self.link_offered(from, &offer, step),
            Some((call, device, said)) if self.linking.is_of(call, device) => self.link_said(call, device, said, step),
            Some(_) | None => {}
        }
    }

    fn link_said(&mut self, call: CallId, device: DeviceId, said: OfPair, step: &mut Step<'_>) {
        match said {
            OfPair::Offered(..) => {}
            OfPair::Reached => {
                self.session(step, |session, _| session.confirm(call, device));
                self.compare(call, device, step);
            }
            OfPair::Confirmed => self.compare(call, device, step),
            OfPair::Unreached(_) => {
                let why = format!("the new device could not be reached: {}", self.tried(&device));
                self.end_linking(&why, None, step);
            }
            OfPair::Expired => {
                let why = "the new device doesn't answer: enter `ahoy device link` there first, then its code here";
                self.end_linking(why, None, step);
            }
            OfPair::Said(body) => self.link_body(body, step),
        }
    }

    fn compare(&mut self, call: CallId, device: DeviceId, step: &mut Step<'_>) {
        let letters = self.session.sas(call, device).map(str::to_owned);
        if let Some(pairing) = self.linking.pairing() {
            pairing.letters.clone_from(&letters);
        }
        let device = Some(device.text());
        step.event(linking(LinkingState::Compare, device, letters, None, None));
    }

    fn link_body(&mut self, body: PairBody, step: &mut Step<'_>) {
        match body {
            PairBody::LinkIdentity(identity) => self.link_identity(&identity, step),
            PairBody::LinkContact(contact) => self.link_contact(contact, step),
            PairBody::LinkEnd(count) => self.link_end(count, step),
            PairBody::HangUp(Reason::Cancelled) => self.wait_again(step),
            PairBody::HangUp(Reason::Refused) => {
                let why = "something else was entered at the other device, so somebody may be in between: nothing was \
                           given. Begin anew";
                self.end_linking(why, None, step);
            }
            PairBody::HangUp(_) => self.end_linking("it was given up at the other device", None, step),
            PairBody::Confirm(_)
            | PairBody::Verdict(_)
            | PairBody::Description(_)
            | PairBody::Candidates(_)
            | PairBody::EndOfCandidates(_)
            | PairBody::Restart(_)
            | PairBody::Status(_)
            | PairBody::EpochSecret(_)
            | PairBody::Record(_)
            | PairBody::HandOff(_) => {}
        }
    }

    /// What is due of a linking, after every input.
    pub(super) fn go_on_linking(&mut self, step: &mut Step<'_>) {
        if self.linking.next_ms().is_some_and(|until_ms| until_ms <= step.now.mono_ms) {
            self.end_linking("nobody finished it within 5 minutes; begin anew", Some(Reason::NoAnswer), step);
        }
        self.go_on_giving(step);
    }

    /// Ends a linking without a device linked; the other one is told, if there is something to tell.
    pub(super) fn end_linking(&mut self, why: &str, tell: Option<Reason>, step: &mut Step<'_>) {
        let device = self.linking.pairing().map(|pairing| pairing.device.text());
        let given_to = self.linking.given_to();
        self.leave_linking(tell, step);
        if let Some(device) = given_to {
            self.take_out(device, step);
        }
        step.event(linking(LinkingState::Failed, device, None, None, Some(why.to_owned())));
    }

    /// Nothing of a linking is kept: neither its pair nor the account that stood in for the new device.
    fn leave_linking(&mut self, tell: Option<Reason>, step: &mut Step<'_>) {
        let mut linking = std::mem::take(&mut self.linking);
        let Some(Pairing { call, account, device, .. }) = linking.pairing().cloned() else { return };
        self.session(step, |session, cx| {
            if let Some(reason) = tell {
                session.send_pair(call, device, PairBody::HangUp(reason));
            }
            session.forget(call, cx);
            session.flush(cx);
        });
        if account != self.own.account() && self.contacts.is_hidden(&account) {
            self.contacts.remove(&account);
        }
        if self.contacts.of_device(&device).is_none() {
            self.let_go_politely(device, tell.is_some(), step);
        }
    }

    /// A device that was told something stays for a minute as a guest: without gossip it would not hear it.
    fn let_go_politely(&mut self, device: DeviceId, told: bool, step: &mut Step<'_>) {
        if !told {
            return self.let_go(device, step);
        }
        self.dialing.forget(&device);
        self.asking.known(&device);
        for evicted in self.guests.enter(device, step.now.mono_ms) {
            step.gossip(evicted, false);
        }
    }

    /// Linked: tells frontends, and leaves.
    fn linked(&mut self, step: &mut Step<'_>) {
        let device = self.linking.pairing().map(|pairing| pairing.device.text());
        self.leave_linking(None, step);
        step.event(linking(LinkingState::Done, device, None, Some(self.own.account().text()), None));
    }
}

fn linking(
    state: LinkingState,
    device: Option<String>,
    letters: Option<String>,
    account: Option<String>,
    reason: Option<String>,
) -> EventKind {
    EventKind::Linking { state, device, letters, account, reason }
}
