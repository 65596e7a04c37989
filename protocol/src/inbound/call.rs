//! Call frames: epochs, windows, signatures, and who may say what on a call topic.

use std::collections::BTreeMap;

use ahoy_crypto::call_keys::broadcast_key;
use ahoy_crypto::frame::{self, OpenedFrame};
use ahoy_crypto::{CallKeys, Check, DeviceSet, PrekeyRecord, Secret, Window};

use super::sealed::SealedCallFrame;
use crate::ids::{AccountId, CallId, DeviceId};
use crate::limits::{COUNTER_END, ROSTER_MAX, SALTS_MAX, WINDOWS_MAX};
use crate::wire::bodies::CallBody;

/// Kind that devices without a pair may send.
const ANNOUNCE: u8 = 1;

/// An epoch whose frames are taken now: ours, and for 3 s the last one.
#[derive(Clone, Debug)]
pub struct EpochKey {
    /// Number.
    pub epoch: u32,
    /// es_n.
    pub secret: Secret,
    /// view_n, as we have it.
    pub view: [u8; 32],
}

/// A device that has a pair with us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Which.
    pub device: DeviceId,
    /// Whose.
    pub account: AccountId,
    /// As call frames name it ([`CallKeys::slot`]).
    pub slot: [u8; 8],
    /// Its Ed25519 key of this call, from answer or confirm.
    pub signing_key: [u8; 32],
}

/// A call, as far as its frames are judged by it.
#[derive(Clone, Copy)]
pub struct CallContext<'a> {
    /// Which.
    pub call: CallId,
    /// Its keys.
    pub keys: &'a CallKeys,
    /// Epochs whose frames are taken now.
    pub epochs: &'a [EpochKey],
    /// Devices that have a pair with us.
    pub members: &'a [Member],
    /// Accounts that are in.
    pub roster: &'a [AccountId],
    /// Who offered it.
    pub offerer: AccountId,
    /// Only the offerer may invite.
    pub offerer_invites: bool,
    /// The newest device set known of an account (094).
    pub device_set: &'a dyn Fn(AccountId) -> Option<&'a DeviceSet>,
}

/// Replay windows of a call, by epoch, slot and salt.
#[derive(Clone, Debug, Default)]
pub struct FrameWindows {
    windows: BTreeMap<(u32, [u8; 8], [u8; 16]), Window>,
}

/// A frame of a device that has a pair with us, and that may say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedFrame {
    /// From whom.
    pub from: Member,
    /// What.
    pub body: CallBody,
    /// It announces a view that isn't ours of its epoch: a visible fork.
    pub fork: bool,
}

/// A call frame that passed every check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallFrame {
    /// Of a device that has a pair with us, and that may say it: act on it.
    Verified(Box<VerifiedFrame>),
    /// An announce of a device without a pair: it changes nothing, but may open one.
    Newcomer {
        /// Its record, good for its own device and account. Whoever knows the call's keys may have copied it.
        record: Box<PrekeyRecord>,
        /// The announce.
        body: CallBody,
    },
}

impl FrameWindows {
    /// 072: neither taken nor behind, and no fifth salt of the slot.
    fn is_fresh(&self, key: (u32, [u8; 8], [u8; 16]), counter: u64) -> bool {
        if let Some(window) = self.windows.get(&key) {
            return window.is_fresh(counter);
        }
        let (_, slot, salt) = key;
        let mut others: Vec<&[u8; 16]> = self
            .windows
            .keys()
            .filter(|(_, s, other)| *s == slot && *other != salt)
            .map(|(_, _, other)| other)
            .collect();
        others.sort_unstable();
        others.dedup();
        others.len() < SALTS_MAX && self.windows.len() < WINDOWS_MAX
    }

    /// Windows of epochs that are over are of no use: their frames are refused by 070.
    fn forget_other_epochs(&mut self, epochs: &[EpochKey]) {
        self.windows.retain(|(epoch, _, _), _| epochs.iter().any(|known| known.epoch == *epoch));
    }
}

impl SealedCallFrame<'_> {
    /// Opens a frame of the call that the caller found under its topic.
    ///
    /// # Errors
    /// 070, 071, 072, 073, 016, 017, 018, 075, 074, 019, 076, 094, 074, 078. The window moves after all of them.
    pub fn open(&self, call: &CallContext<'_>, windows: &mut FrameWindows, now_s: u64) -> Result<CallFrame, Check> {
        let head = self.head;
        let epoch = Check::EPOCH.require(call.epochs.iter().find(|known| known.epoch == head.epoch))?;
        Check::FRAME_COUNTER.refuse_if(head.counter >= COUNTER_END)?;
        let place = (head.epoch, head.slot, head.salt);
        windows.forget_other_epochs(call.epochs);
        Check::FRAME_WINDOW.refuse_if(!windows.is_fresh(place, head.counter))?;
        let key = broadcast_key(&call.call.0, head.epoch, &epoch.secret, &head.slot, &head.salt);
        let opened = frame::open(self.frame, &key, &self.topic.0)?;
        let Some(from) = call.members.iter().find(|member| member.slot == head.slot) else {
            return newcomer(&opened, &head.slot, call, now_s);
        };
        opened.verify(&from.signing_key)?;
        let body = CallBody::decode(opened.kind(), opened.body())?;
        if let CallBody::Announce { record: Some(record), .. } = &body {
            check_record(record, &head.slot, call, now_s)?;
        }
        Check::RIGHTS.refuse_if(!may_say(&body, from, call))?;
        windows.windows.entry(place).or_default().take(head.counter);
        let fork = match &body {
            CallBody::Announce { view, .. } => *view != epoch.view,
            CallBody::Leave { .. } | CallBody::Invite { .. } | CallBody::Kick { .. } | CallBody::AskMute { .. } => {
                false
            }
        };
        Ok(CallFrame::Verified(Box::new(VerifiedFrame { from: *from, body, fork })))
    }
}

/// An announce with a record is all that a device without a pair may say; nobody can hold it to its signature yet.
fn newcomer(opened: &OpenedFrame, slot: &[u8; 8], call: &CallContext<'_>, now_s: u64) -> Result<CallFrame, Check> {
    Check::SLOT.refuse_if(opened.kind() != ANNOUNCE)?;
    let body = CallBody::decode(opened.kind(), opened.body())?;
    let record = match &body {
        CallBody::Announce { record, .. } => record.as_deref(),
        CallBody::Leave { .. } | CallBody::Invite { .. } | CallBody::Kick { .. } | CallBody::AskMute { .. } => None,
    };
    let record = check_record(Check::SLOT.require(record)?, slot, call, now_s)?;
    Ok(CallFrame::Newcomer { record: Box::new(record), body })
}

/// 076 and 094: the record in an announce is the slot's, and its account is in the call.
fn check_record(record: &[u8], slot: &[u8; 8], call: &CallContext<'_>, now_s: u64) -> Result<PrekeyRecord, Check> {
    let check = Check::ANNOUNCE_RECORD;
    let record = check.require(PrekeyRecord::check(record, now_s, None, None).ok())?;
    let (account, device) = (record.certificate().account(), record.certificate().device());
    check.refuse_if(call.keys.slot(device) != *slot || !call.roster.contains(&account))?;
    DeviceSet::admit((call.device_set)(account), device, now_s)?;
    Ok(record)
}

/// 078: who may invite and kick.
fn may_say(body: &CallBody, from: &Member, call: &CallContext<'_>) -> bool {
    let is_offerer = from.account == call.offerer;
    match body {
        CallBody::Invite { account, .. } => {
            let fits = call.roster.len() < ROSTER_MAX || call.roster.contains(account);
            fits && (is_offerer || !call.offerer_invites)
        }
        CallBody::Kick { account, .. } => is_offerer && *account != from.account,
        CallBody::Announce { .. } | CallBody::Leave { .. } | CallBody::AskMute { .. } => true,
    }
}

/// What a verified frame does to the roster: invite adds, kick removes. The roster stays ascending.
pub fn apply_to_roster(roster: &mut Vec<AccountId>, body: &CallBody) {
    match body {
        CallBody::Invite { account, .. } => {
            if let Err(place) = roster.binary_search(account) {
                roster.insert(place, *account);
            }
        }
        CallBody::Kick { account, .. } => roster.retain(|other| other != account),
        CallBody::Announce { .. } | CallBody::Leave { .. } | CallBody::AskMute { .. } => {}
    }
}

#[cfg(test)]
mod tests;
