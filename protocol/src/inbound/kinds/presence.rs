//! Kinds 2 and 7: what brings a device set.

use ahoy_crypto::device_set::Revision;
use ahoy_crypto::{Check, DeviceSet, PrekeyRecord};

use crate::inbound::signal::{Sender, Signal};
use crate::inbound::state::State;
use crate::wire::bodies::{Devices, Presence};

pub(in crate::inbound) fn presence(
    body: Presence,
    sent_ms: u64,
    sender: Sender,
    state: &dyn State,
    now_s: u64,
) -> Result<Signal, Check> {
    let blocked = state.is_blocked(sender.account);
    Check::NOT_ALLOWED.refuse_if(blocked || !(sender.own || state.is_contact(sender.account)))?;
    let enclosed = Check::ENCLOSED;
    let record = enclosed.require(PrekeyRecord::check(&body.record, now_s, Some(sender.device), None).ok())?;
    enclosed.refuse_if(record.certificate().account() != sender.account)?;
    let set = enclosed.require(DeviceSet::check(&body.device_set, Some(sender.account), now_s, None).ok())?;
    let stored = state.device_set(sender.account);
    let is_newer = match stored.map(|stored| set.against(stored)) {
        None | Some(Revision::Newer) => true,
        // The same or a lower revision isn't taken, and is no failure.
        Some(Revision::Same | Revision::Older) => false,
        Some(Revision::Conflicting) => {
            enclosed.refuse_if(true)?;
            false
        }
    };
    let newest = if is_newer { Some(&set) } else { stored };
    DeviceSet::admit(newest, sender.device, now_s)?;
    let known = state.presence(sender.device);
    Check::KNOWN.refuse_if(known.is_some_and(|known| (record.terms().revision, sent_ms) <= known))?;
    let newer_set = is_newer.then(|| Box::new(set));
    Ok(Signal::Presence { body: Box::new(body), record: Box::new(record), newer_set })
}

pub(in crate::inbound) fn devices(
    body: &Devices,
    sender: Sender,
    state: &dyn State,
    now_s: u64,
) -> Result<Signal, Check> {
    Check::NOT_ALLOWED.refuse_if(!(sender.own || state.is_contact(sender.account)))?;
    let stored = state.device_set(sender.account);
    let set = DeviceSet::check(&body.device_set, Some(sender.account), now_s, stored)?;
    DeviceSet::admit(Some(&set), sender.device, now_s)?;
    Ok(Signal::Devices(Box::new(set)))
}
