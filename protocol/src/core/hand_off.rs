//! A call that moves between devices of our account (docs/wire.md section 7): whom a frontend means, and what the
//! sessions say of the questions between those devices.

use ahoy_crypto::DeviceId;

use super::Core;
use super::beyond::usable_record;
use super::step::Step;
use crate::account::{Contact, takes_continuations, takes_hand_offs};
use crate::call::OfPair;
use crate::call::signal::{CallInput, HandOffEvent};
use crate::control::{CallCommand, ControlError, ErrorKind};
use crate::ids::CallId;
use crate::wire::bodies::HandOff;

impl Core {
    /// `call.hand_off` with its call and its device found.
    pub(super) fn hand_off(
        &self,
        call: Option<CallId>,
        device: Option<&str>,
        step: &Step<'_>,
    ) -> Result<CallCommand, ControlError> {
        let (call, with) = self.calls.hand_off_call(call)?;
        let device = self.device_to_take(device)?;
        let record = |device| usable_record(&self.contacts, device, step.now.unix_s());
        if !record(&device).is_some_and(|record| takes_hand_offs(&record)) {
            let hint = "start a newer ahoyd there, and try again once both devices have met";
            return Err(ControlError::new(ErrorKind::WrongState, "that device does not know how to take a call", hint));
        }
        if !record(&with).is_some_and(|record| takes_continuations(&record)) {
            let message = "the other side's device does not know calls that move";
            let hint = "hang up here, and call from the other device";
            return Err(ControlError::new(ErrorKind::WrongState, message, hint));
        }
        Ok(CallCommand::HandOff { call: Some(call), device })
    }

    /// The other device of ours that is named, or the only one that is connected.
    fn device_to_take(&self, device: Option<&str>) -> Result<DeviceId, ControlError> {
        let others = self.devices_of(&self.own.account());
        let none = |message: &str, hint: &str| {
            let mut error = ControlError::new(ErrorKind::NoSuchDevice, message, hint);
            error.candidates = others.iter().map(|device| device.text()).collect();
            error
        };
        let Some(device) = device else {
            let online: Vec<DeviceId> =
                others.iter().copied().filter(|device| self.peers.is_connected(device)).collect();
            return match online.as_slice() {
                [only] => Ok(*only),
                [] if others.is_empty() => {
                    Err(none("this account has no other device", "link one first: `ahoy device link` there"))
                }
                [] => Err(none(
                    "no other device of this account is connected",
                    "start ahoyd there; see `ahoy device list`",
                )),
                [_, _, ..] => Err(none("several other devices are connected", "name one: `ahoy handoff --to DEVICE`")),
            };
        };
        match DeviceId::parse(device).filter(|device| others.contains(device)) {
            Some(device) => Ok(device),
            None if device == self.own.device().text() => {
                Err(none("this is the device that has the call", "name another one of `ahoy device list`"))
            }
            None => Err(none("no other device of this account has this id", "see `ahoy device list`")),
        }
    }

    /// What the sessions say of an offer or a pair with purpose hand_off. Checks have shown that the device is ours.
    pub(super) fn hand_off_signal(&mut self, input: CallInput, step: &mut Step<'_>) {
        let Some((question, device, said)) = input.of_pair() else { return };
        let event = match said {
            // Its confirm says more.
            OfPair::Offered(..) => return,
            OfPair::Reached => HandOffEvent::Reached,
            OfPair::Unreached(_) => HandOffEvent::Unreached(self.tried(&device)),
            OfPair::Expired => HandOffEvent::Unreached("it was there, and did not answer".to_owned()),
            OfPair::Confirmed => HandOffEvent::Confirmed,
            OfPair::Said(body) => match HandOffEvent::said(body, |body| self.may_take(body)) {
                Some(event) => event,
                None => return,
            },
        };
        step.calls.push_back(CallInput::HandOff { question, device, event });
    }

    /// The call is with a device of a contact that we could call ourselves.
    fn may_take(&self, body: &HandOff) -> bool {
        let callable = |contact: &&Contact| !contact.is_blocked() && contact.devices.contains_key(&body.device);
        !self.own.is_revoked()
            && self.contacts.is_contact(&body.account)
            && self.contacts.get(&body.account).filter(callable).is_some()
    }
}
