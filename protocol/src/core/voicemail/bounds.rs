//! How many messages there may be, and what goes with them.

use super::{Core, Facts, Step, StoreCommand, Table, Unanswered, Voicemail, rows};
use crate::ids::{AccountId, CallId, DeviceId};
use crate::limits::{
    UNANSWERED_MAX, VOICEMAIL_FETCHES_A_DEVICE, VOICEMAIL_FETCHES_MAX, VOICEMAIL_WINDOW_MS, VOICEMAILS_GOT_A_CONTACT,
    VOICEMAILS_GOT_MAX, VOICEMAILS_OWED_A_DEVICE, VOICEMAILS_OWED_MAX,
};

impl Voicemail {
    pub(super) fn keep_unanswered(&mut self, of: Unanswered) {
        if self.unanswered.len() >= UNANSWERED_MAX {
            self.unanswered.pop_front();
        }
        self.unanswered.push_back(of);
    }

    /// Takes one that we owe; those it pushes out.
    pub(super) fn owe(&mut self, device: DeviceId, facts: Facts) -> Vec<(DeviceId, Facts)> {
        let of_device = self.owed.iter().filter(|(to, _)| *to == device).count();
        let oldest = if of_device >= VOICEMAILS_OWED_A_DEVICE {
            self.owed.iter().position(|(to, _)| *to == device)
        } else {
            (self.owed.len() >= VOICEMAILS_OWED_MAX).then_some(0)
        };
        let out = oldest.map(|at| self.owed.remove(at)).into_iter().collect();
        self.owed.push((device, facts));
        out
    }

    /// Whether a device may fetch a message now: a few times an hour, since each reads a megabyte of our disk.
    pub(super) fn may_fetch(&mut self, device: DeviceId, now_ms: u64) -> bool {
        self.fetched.retain(|(at_ms, _)| now_ms.saturating_sub(*at_ms) < VOICEMAIL_WINDOW_MS);
        let of_device = self.fetched.iter().filter(|(_, by)| *by == device).count();
        let room = of_device < VOICEMAIL_FETCHES_A_DEVICE && self.fetched.len() < VOICEMAIL_FETCHES_MAX;
        if room {
            self.fetched.push_back((now_ms, device));
        }
        room
    }

    /// What was left for us is kept by call: of this one there is a message already, or one is coming.
    pub(super) fn has_sound_of(&self, call: CallId) -> bool {
        let coming = self.coming.values().any(|coming| coming.announced.call == call);
        coming || self.got.iter().any(|facts| facts.call == call)
    }

    /// A contact has left as many as are kept of it within the hour: more would only wear out the disk.
    pub(super) fn is_full_of(&self, account: &AccountId, now_ms: u64) -> bool {
        let lately = |facts: &&Facts| facts.account == *account && facts.at_ms + VOICEMAIL_WINDOW_MS > now_ms;
        self.got.iter().filter(lately).count() >= VOICEMAILS_GOT_A_CONTACT
    }

    /// Takes one that came; those it pushes out.
    pub(super) fn take(&mut self, facts: Facts) -> Vec<Facts> {
        let of_contact = self.got.iter().filter(|other| other.account == facts.account).count();
        let oldest = if of_contact >= VOICEMAILS_GOT_A_CONTACT {
            self.got.iter().position(|other| other.account == facts.account)
        } else {
            (self.got.len() >= VOICEMAILS_GOT_MAX).then_some(0)
        };
        let out = oldest.map(|at| self.got.remove(at)).into_iter().collect();
        self.got.push(facts);
        out
    }
}

impl Core {
    /// Nobody owes these any more; a sound that no device waits for goes, too.
    pub(super) fn drop_owed(&mut self, gone: &[(DeviceId, Facts)], step: &mut Step<'_>) {
        for (device, facts) in gone {
            step.store(StoreCommand::Delete { table: Table::Voicemail, key: rows::owed_key(*device, facts.call) });
            if !self.voicemail.owed.iter().any(|(_, other)| other.call == facts.call) {
                step.store(StoreCommand::Delete { table: Table::Sounds, key: rows::owed_sound_key(facts.call) });
            }
        }
    }

    /// This device is one of another account from now on: nothing was left by it, or for it.
    pub(in crate::core) fn forget_messages(&mut self, step: &mut Step<'_>) {
        let (owed, got) = (std::mem::take(&mut self.voicemail.owed), std::mem::take(&mut self.voicemail.got));
        self.drop_owed(&owed, step);
        self.drop_got(&got, step);
        self.voicemail.unanswered.clear();
    }

    pub(super) fn drop_got(&self, gone: &[Facts], step: &mut Step<'_>) {
        for facts in gone {
            step.store(StoreCommand::Delete { table: Table::Voicemail, key: rows::got_key(facts.call) });
            step.store(StoreCommand::Delete { table: Table::Sounds, key: facts.call.0.to_vec() });
        }
    }

    /// Messages whose 7 days are over, or whose device or account shall hear nothing of us any more, go.
    pub(in crate::core) fn drop_unwanted_messages(&mut self, step: &mut Step<'_>) {
        let now_ms = step.now.unix_ms;
        let wanted = |device: &DeviceId, account: &AccountId| {
            self.contacts.get(account).is_some_and(|contact| {
                contact.devices.contains_key(device) && !contact.policy.has(crate::account::Policy::BLOCKED)
            })
        };
        let keep = |(device, facts): &(DeviceId, Facts)| facts.at_ms > now_ms && wanted(device, &facts.account);
        let (kept, gone) = std::mem::take(&mut self.voicemail.owed).into_iter().partition::<Vec<_>, _>(keep);
        self.voicemail.owed = kept;
        self.drop_owed(&gone, step);
    }
}
