//! Call frames: sealing, and opening in order on one receiver.

use ahoy_crypto::{AccountId, CallKeys, Check, DeviceId, DeviceSet};
use ahoy_protocol::ids::CallId;
use ahoy_protocol::inbound::{
    self, CallContext, CallFrame, EpochKey, FrameWindows, Held, Member, Sealed, apply_to_roster,
};
use ahoy_protocol::outbound::{FrameSender, call_frame};
use ahoy_protocol::topic::Topic;
use ahoy_protocol::wire::bodies::CallBody;
use ahoy_protocol::wire::codec::AnyKind;
use serde_json::{Value, json};

use crate::answers::result;
use crate::values::{accounts, from_cbor, hex, key, list, number, secret, unhex};
use crate::vector_file::Case;

fn keys(case: &Case) -> CallKeys {
    CallKeys::new(&case.array("call_id"), &case.secret("secret"))
}

pub(crate) fn seal(case: &Case) -> Value {
    let keys = keys(case);
    let kind = u8::try_from(case.u64("kind")).expect("a kind");
    let body = CallBody::decode(kind, &case.bytes("body")).expect("a body that we read");
    let sender = FrameSender {
        call: CallId(case.array("call_id")),
        keys: &keys,
        device: DeviceId(case.key("device")),
        signing_key: &case.sign_key("sign_sk"),
        epoch: case.u32("epoch"),
        epoch_secret: &case.secret("es"),
        salt: case.array("salt"),
    };
    let size = case.has("size").then(|| usize::try_from(case.u64("size")).expect("a size"));
    let frame = call_frame(&sender, case.u64("counter"), &body, size).expect("sealed");
    json!({"topic": Topic(keys.call_topic()).as_str(), "frame": hex(&frame)})
}

/// A receiver: roster, members and windows go on over the frames.
struct Receiver {
    call: CallId,
    keys: CallKeys,
    epochs: Vec<EpochKey>,
    members: Vec<Member>,
    roster: Vec<AccountId>,
    offerer: AccountId,
    offerer_invites: bool,
    sets: Vec<DeviceSet>,
    windows: FrameWindows,
    now_s: u64,
}

impl Receiver {
    fn of(case: &Case) -> Receiver {
        let keys = keys(case);
        let member = |(device, member): (&String, &Value)| {
            let device = DeviceId(key(&json!(device)));
            let account = AccountId(key(&member["account"]));
            Member { device, account, slot: keys.slot(device), signing_key: key(&member["key"]) }
        };
        let epoch = |value: &Value| EpochKey {
            epoch: u32::try_from(number(&value["epoch"], 0)).expect("32 bits"),
            secret: secret(&value["es"]),
            view: key(&value["view"]),
        };
        Receiver {
            call: CallId(case.array("call_id")),
            epochs: list(&case.value("epochs")).iter().map(epoch).collect(),
            members: case.value("members").as_object().expect("members").iter().map(member).collect(),
            roster: accounts(&case.value("roster")),
            offerer: AccountId(case.key("offerer")),
            offerer_invites: number(&case.value("policy"), 0) == 1,
            sets: list(&case.value("sets")).iter().map(|s| DeviceSet::from_store(&unhex(s)).expect("a set")).collect(),
            windows: FrameWindows::default(),
            now_s: case.u64("now_s"),
            keys,
        }
    }

    fn take(&mut self, data: &[u8]) -> Result<Value, Check> {
        let topic = Topic(self.keys.call_topic());
        let Sealed::Call(sealed) = inbound::receive(topic, data, Some(Held::Call))? else { panic!("no call frame") };
        let context = CallContext {
            call: self.call,
            keys: &self.keys,
            epochs: &self.epochs,
            members: &self.members,
            roster: &self.roster,
            offerer: self.offerer,
            offerer_invites: self.offerer_invites,
            device_set: &|account| self.sets.iter().find(|set| set.account() == account),
        };
        let frame = sealed.open(&context, &mut self.windows, self.now_s)?;
        if let CallFrame::Verified(frame) = &frame {
            apply_to_roster(&mut self.roster, &frame.body);
            self.members.retain(|member| self.roster.contains(&member.account));
        }
        Ok(describe(&frame))
    }
}

pub(crate) fn open(case: &Case) -> Value {
    let mut receiver = Receiver::of(case);
    let frames = case.value("frames");
    let results: Vec<Value> = list(&frames).iter().map(|data| result(receiver.take(&unhex(data)))).collect();
    json!({"results": results})
}

fn describe(frame: &CallFrame) -> Value {
    match frame {
        CallFrame::Verified(frame) => json!({
            "outcome": "verified",
            "device": hex(&frame.from.device.0),
            "kind": frame.body.kind(),
            "body": from_cbor(&frame.body.encode().expect("a body")),
            "fork": frame.fork,
        }),
        CallFrame::Newcomer { record, body } => json!({
            "outcome": "unverified",
            "device": hex(&record.certificate().device().0),
            "account": hex(&record.certificate().account().0),
            "kind": body.kind(),
            "body": from_cbor(&body.encode().expect("a body")),
        }),
    }
}
