//! The state of a receiver, as a case gives it.

use std::collections::BTreeMap;

use ahoy_crypto::{AccountId, DeviceId, DeviceSet, DhKey};
use ahoy_protocol::ids::CallId;
use ahoy_protocol::inbound::{Done, Held, Rate, State};
use ahoy_protocol::topic::Topic;
use serde_json::Value;

use crate::values::{accounts, key, list, number, secret, unhex};
use crate::vector_file::Case;

/// What the checks ask, answered out of a case; and what they changed.
pub(crate) struct Receiver {
    account: AccountId,
    device: DeviceId,
    prekeys: BTreeMap<[u8; 4], DhKey>,
    topics: BTreeMap<String, Held>,
    seen: Vec<[u8; 32]>,
    contacts: Vec<AccountId>,
    blocked: Vec<AccountId>,
    sets: Vec<DeviceSet>,
    calls: BTreeMap<[u8; 16], Vec<AccountId>>,
    offered: BTreeMap<[u8; 16], AccountId>,
    cancelled: Vec<(AccountId, [u8; 16])>,
    presence: BTreeMap<DeviceId, (u32, u64)>,
    done: Vec<(u64, Vec<u8>)>,
    linking: bool,
    ringing: usize,
    /// DH tokens left.
    pub(crate) budget: u64,
    /// Rate tokens left.
    pub(crate) rate: u64,
}

fn call_id(hex: &str) -> [u8; 16] {
    unhex(&Value::String(hex.to_owned())).try_into().expect("a call id")
}

fn held(value: &Value) -> Held {
    let stamp = u32::try_from(number(&value["stamp"], 0)).expect("32 bits");
    match value["class"].as_str().expect("a class") {
        "inbox" => Held::Inbox { hint_key: key(&value["hint_key"]), day: stamp },
        "mailbox" => Held::Mailbox { hint_key: key(&value["hint_key"]) },
        "call" => Held::Call,
        other => panic!("unknown class {other}"),
    }
}

fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

impl Receiver {
    pub(crate) fn of(case: &Case) -> Receiver {
        let (own, state) = (case.value("receiver"), case.value("state"));
        let prekey =
            |p: &Value| (unhex(&p["spk_id"]).try_into().expect("4 bytes"), DhKey::from_secret(&secret(&p["spk_sk"])));
        let cancelled = |c: &Value| (AccountId(key(&c["account"])), call_id(c["call"].as_str().expect("a call")));
        let presence = |(device, pair): (&String, &Value)| {
            let revision = u32::try_from(number(&pair[0], 0)).expect("32 bits");
            (DeviceId(key(&Value::String(device.clone()))), (revision, number(&pair[1], 0)))
        };
        Receiver {
            account: AccountId(key(&own["account"])),
            device: DeviceId(key(&own["device"])),
            prekeys: list(&own["prekeys"]).iter().map(prekey).collect(),
            topics: fields(&case.value("topics")).map(|(name, value)| (name.clone(), held(value))).collect(),
            seen: list(&state["seen"]).iter().map(key).collect(),
            contacts: accounts(&state["contacts"]),
            blocked: accounts(&state["blocked"]),
            sets: list(&state["sets"]).iter().map(|set| DeviceSet::from_store(&unhex(set)).expect("a set")).collect(),
            calls: fields(&state["calls"]).map(|(call, roster)| (call_id(call), accounts(roster))).collect(),
            offered: fields(&state["offered"]).map(|(call, by)| (call_id(call), AccountId(key(by)))).collect(),
            cancelled: list(&state["cancelled"]).iter().map(cancelled).collect(),
            presence: fields(&state["presence"]).map(presence).collect(),
            done: list(&state["done"]).iter().map(|d| (number(&d["kind"], 0), unhex(&d["id"]))).collect(),
            linking: number(&state["linking"], 0) == 1,
            ringing: usize::try_from(number(&state["ringing"], 0)).expect("small"),
            budget: number(&state["budget"], 1),
            rate: number(&state["rate"], 1),
        }
    }

    /// What a topic is to this receiver.
    pub(crate) fn held(&self, topic: &Topic) -> Option<Held> {
        self.topics.get(topic.as_str()).copied()
    }

    /// H(envelope) was entered.
    pub(crate) fn entered(&self, hash: &[u8; 32]) -> bool {
        self.seen.contains(hash)
    }
}

impl State for Receiver {
    fn account(&self) -> AccountId {
        self.account
    }
    fn device(&self) -> DeviceId {
        self.device
    }
    fn prekey(&self, spk_id: [u8; 4]) -> Option<&DhKey> {
        self.prekeys.get(&spk_id)
    }
    fn is_replay(&self, envelope: &[u8; 32]) -> bool {
        self.seen.contains(envelope)
    }
    fn enter_replay(&mut self, envelope: [u8; 32]) {
        self.seen.push(envelope);
    }
    fn has_budget(&self, _: &Topic) -> bool {
        self.budget > 0
    }
    fn take_budget(&mut self, _: &Topic) {
        self.budget = self.budget.saturating_sub(1);
    }
    fn device_set(&self, account: AccountId) -> Option<&DeviceSet> {
        self.sets.iter().find(|set| set.account() == account)
    }
    fn is_contact(&self, account: AccountId) -> bool {
        self.contacts.contains(&account)
    }
    fn is_blocked(&self, account: AccountId) -> bool {
        self.blocked.contains(&account)
    }
    fn call_roster(&self, call: CallId) -> Option<&[AccountId]> {
        self.calls.get(&call.0).map(Vec::as_slice)
    }
    fn is_linking(&self) -> bool {
        self.linking
    }
    fn offered_by(&self, call: CallId) -> Option<AccountId> {
        self.offered.get(&call.0).copied()
    }
    fn is_cancelled(&self, account: AccountId, call: CallId) -> bool {
        self.cancelled.contains(&(account, call.0))
    }
    fn presence(&self, device: DeviceId) -> Option<(u32, u64)> {
        self.presence.get(&device).copied()
    }
    fn is_done(&self, what: Done) -> bool {
        let entry = match what {
            Done::Request(account) => (3, account.0.to_vec()),
            Done::Elsewhere(call, event) => (4, [&call.0[..], &[event]].concat()),
            Done::Cancel(_, call) => (5, call.0.to_vec()),
            Done::Missed(call) => (8, call.0.to_vec()),
        };
        self.done.contains(&entry)
    }
    fn turned_away(&mut self, _: AccountId, _: DeviceId, _: ahoy_protocol::account::Attempt, _: Option<CallId>) {}
    fn has_rate(&self, _: Rate) -> bool {
        self.rate > 0
    }
    fn take_rate(&mut self, _: Rate) {
        self.rate = self.rate.saturating_sub(1);
    }
    fn ringing(&self) -> usize {
        self.ringing
    }

    fn ringing_of(&self, _account: AccountId) -> usize {
        0
    }
}
