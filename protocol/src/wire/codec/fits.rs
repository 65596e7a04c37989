//! The CDDL's sizes, counts and enumerations, body by body.

use super::Body;
use super::raw::{Announce, AskMute, Invite, Kick, Leave, One, RawCandidate, RawCandidates};
use crate::limits::{
    ADDRESS_MAX_BYTES, ADDRESSES_MAX, CANDIDATES_MAX, CARD_MAX_BYTES, CBOR_MAX_ITEMS, CONTEXT_MAX_BYTES,
    DESCRIPTION_PART_BYTES, DEVICE_SET_MAX_BYTES, DEVICE_SET_MIN_BYTES, DEVICES_MAX, GREETING_MAX_BYTES,
    NAME_MAX_BYTES,
};
use crate::wire::bodies::{
    Cancel, ContactChange, ContactRequest, Description, Devices, Elsewhere, EpochSecret, HandOff, Hello, LinkContact,
    LinkGeneration, LinkIdentity, Missed, Offer, Presence, Reason, Receipt, Record, Status, Verdict,
};

/// Bytes of a device certificate (docs/wire.md section 2).
const CERTIFICATE_BYTES: usize = 168;
/// Bytes of a prekey record (docs/wire.md section 2).
const RECORD_BYTES: usize = 293;

fn is_device_set(bytes: &[u8]) -> bool {
    (DEVICE_SET_MIN_BYTES..=DEVICE_SET_MAX_BYTES).contains(&bytes.len())
}

fn is_name(text: &str) -> bool {
    (1..=NAME_MAX_BYTES).contains(&text.len())
}

fn is_card(bytes: &[u8]) -> bool {
    (1..=CARD_MAX_BYTES).contains(&bytes.len())
}

fn is_id_list<T>(list: &[T]) -> bool {
    list.len() as u64 <= CBOR_MAX_ITEMS
}

/// A list of binary multiaddrs.
pub(crate) fn are_addresses(list: &[Vec<u8>], max: usize) -> bool {
    list.len() <= max && list.iter().all(|a| (1..=ADDRESS_MAX_BYTES).contains(&a.len()))
}

impl Body for Offer {
    const NAME: &'static str = "offer";
    fn fits(&self) -> bool {
        is_id_list(&self.roster)
            && self.ice_policy <= 2
            && self.invite_policy <= 1
            && self.context.as_ref().is_none_or(|c| c.len() <= CONTEXT_MAX_BYTES)
    }
}

impl Body for Presence {
    const NAME: &'static str = "presence";
    fn fits(&self) -> bool {
        self.state <= 4
            && self.record.len() == RECORD_BYTES
            && is_device_set(&self.device_set)
            && are_addresses(&self.addresses, ADDRESSES_MAX)
            && self.name.as_deref().is_none_or(is_name)
    }
}

impl Body for ContactRequest {
    const NAME: &'static str = "request";
    fn fits(&self) -> bool {
        is_card(&self.card) && self.greeting.as_ref().is_none_or(|g| (1..=GREETING_MAX_BYTES).contains(&g.len()))
    }
}

impl Body for Elsewhere {
    const NAME: &'static str = "elsewhere";
    fn fits(&self) -> bool {
        (1..=4).contains(&self.event) && self.roster.as_deref().is_none_or(is_id_list)
    }
}

impl Body for Cancel {
    const NAME: &'static str = "cancel";
    fn fits(&self) -> bool {
        true
    }
}

impl Body for Receipt {
    const NAME: &'static str = "receipt";
    fn fits(&self) -> bool {
        (2..=10).contains(&self.kind) && (16..=32).contains(&self.id.len())
    }
}

impl Body for Devices {
    const NAME: &'static str = "devices";
    fn fits(&self) -> bool {
        is_device_set(&self.device_set)
    }
}

impl Body for Missed {
    const NAME: &'static str = "missed";
    fn fits(&self) -> bool {
        true
    }
}

impl Body for ContactChange {
    const NAME: &'static str = "contact change";
    fn fits(&self) -> bool {
        self.card.as_deref().is_none_or(is_card)
            && self.name.as_deref().is_none_or(is_name)
            && self.device_set.as_deref().is_none_or(is_device_set)
    }
}

impl Body for Hello {
    const NAME: &'static str = "answer or confirm";
    fn fits(&self) -> bool {
        true
    }
}

impl Body for One<Verdict> {
    const NAME: &'static str = "verdict";
    fn fits(&self) -> bool {
        true
    }
}

impl Body for Description {
    const NAME: &'static str = "description";
    fn fits(&self) -> bool {
        (1..=DESCRIPTION_PART_BYTES).contains(&self.bytes.len())
    }
}

impl Body for RawCandidates {
    const NAME: &'static str = "candidates";
    fn fits(&self) -> bool {
        let fits = |c: &RawCandidate| c.kind <= 3 && c.protocol <= 1 && (4..=16).contains(&c.ip.len());
        (1..=CANDIDATES_MAX).contains(&self.list.len()) && self.list.iter().all(fits)
    }
}

impl Body for LinkGeneration {
    const NAME: &'static str = "end of candidates or restart";
    fn fits(&self) -> bool {
        true
    }
}

impl Body for Status {
    const NAME: &'static str = "status";
    fn fits(&self) -> bool {
        true
    }
}

impl Body for One<Reason> {
    const NAME: &'static str = "hang up";
    fn fits(&self) -> bool {
        true
    }
}

impl Body for EpochSecret {
    const NAME: &'static str = "epoch secret";
    fn fits(&self) -> bool {
        (1..=4).contains(&self.op) && is_id_list(&self.members) && is_id_list(&self.roster)
    }
}

impl Body for Record {
    const NAME: &'static str = "record";
    fn fits(&self) -> bool {
        (1..=4).contains(&self.op)
    }
}

impl Body for LinkIdentity {
    const NAME: &'static str = "link identity";
    fn fits(&self) -> bool {
        self.certificate.len() == CERTIFICATE_BYTES && is_device_set(&self.device_set)
    }
}

impl Body for LinkContact {
    const NAME: &'static str = "link contact";
    fn fits(&self) -> bool {
        is_card(&self.card) && is_name(&self.name) && self.device_set.as_deref().is_none_or(is_device_set)
    }
}

impl Body for HandOff {
    const NAME: &'static str = "hand-off";
    fn fits(&self) -> bool {
        self.context.as_ref().is_none_or(|c| c.len() <= CONTEXT_MAX_BYTES)
    }
}

impl Body for One<u32> {
    const NAME: &'static str = "link end";
    fn fits(&self) -> bool {
        true
    }
}

impl Body for Announce {
    const NAME: &'static str = "announce";
    fn fits(&self) -> bool {
        self.record.as_ref().is_none_or(|r| r.len() == RECORD_BYTES)
    }
}

impl Body for Leave {
    const NAME: &'static str = "leave";
    fn fits(&self) -> bool {
        true
    }
}

impl Body for Invite {
    const NAME: &'static str = "invite";
    fn fits(&self) -> bool {
        self.devices.as_ref().is_none_or(|d| (1..=DEVICES_MAX).contains(&d.len()))
    }
}

impl Body for Kick {
    const NAME: &'static str = "kick";
    fn fits(&self) -> bool {
        true
    }
}

impl Body for AskMute {
    const NAME: &'static str = "ask to mute";
    fn fits(&self) -> bool {
        true
    }
}
