//! Good bodies of every kind, as a contact may send them: what the other tests damage.

use ahoy_crypto::PrekeyRecord;
use ahoy_crypto::prekey::PrekeyTerms;

use super::mallory::{Mallory, Talk};
use crate::core::Core;
use crate::ids::{AccountId, CallId, DeviceId};
use crate::wire::bodies::{
    CallBody, Cancel, Candidate, Candidates, ContactRequest, Description, Devices, Elsewhere, EpochSecret, Flags,
    InboxBody, LinkContact, LinkGeneration, LinkIdentity, Media, Missed, PairBody, Presence, Reason, Receipt, Record,
    SdpKind, Status,
};

/// A description that passes the door.
pub(super) fn sdp() -> String {
    let print = "AB:".repeat(31) + "AB";
    format!(
        "v=0\r\no=- 77 77 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=fingerprint:sha-256 {print}\r\n\
         m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:AbCd\r\na=setup:actpass\r\na=mid:0\r\n"
    )
}

/// A candidate at an address.
pub(super) fn candidate(ip: &str) -> Candidate {
    Candidate { kind: 0, protocol: 0, ip: ip.parse().unwrap(), port: 5_000, priority: 0x7e00_0001 }
}

/// Every inbox kind but the offer. Those that name a call name this one, but for the missed one, which would be known.
pub(super) fn letters(mallory: &Mallory, ben: &Core, call: CallId) -> Vec<InboxBody> {
    let device = mallory.device_id();
    let terms = PrekeyTerms { revision: 8, ..*mallory.record.terms() };
    let record = PrekeyRecord::make(&mallory.device, &mallory.certificate, terms);
    let (event, none) = (1, None::<u32>);
    vec![
        InboxBody::Presence(Presence {
            state: 1,
            record: record.bytes().to_vec(),
            device_set: mallory.set.bytes().to_vec(),
            addresses: vec![vec![4, 127, 0, 0, 1, 6, 0x1f, 0x90]],
            contact_token: None,
            name: Some("Mallory".into()),
        }),
        InboxBody::Request(ContactRequest {
            card: mallory.card().to_bytes().unwrap(),
            greeting: Some("It is me".into()),
        }),
        InboxBody::Elsewhere(Elsewhere {
            call,
            event,
            device,
            epoch: none,
            secret: None,
            roster: None,
            epoch_secret: None,
            view: None,
        }),
        InboxBody::Cancel(Cancel { call, reason: Reason::Cancelled }),
        InboxBody::Receipt(Receipt { kind: 8, id: call.0.to_vec() }),
        InboxBody::Devices(Devices { device_set: mallory.set.bytes().to_vec() }),
        InboxBody::Missed(Missed { call: CallId([!call.0[0]; 16]), started_ms: ben.now.unix_ms, media: Media::AUDIO }),
    ]
}

/// Every pair kind but confirm and verdict, which have their one place. `hang_up` comes last but the linking ones.
pub(super) fn pair_bodies(mallory: &Mallory, ben: &Core) -> Vec<PairBody> {
    let (own, theirs): (DeviceId, DeviceId) = (mallory.device_id(), ben.device());
    let mut members = vec![own, theirs];
    members.sort_unstable();
    let mut roster: Vec<AccountId> = vec![mallory.account_id(), ben.account()];
    roster.sort_unstable();
    let at = LinkGeneration { link: 1, generation: 0 };
    let bytes = sdp().into_bytes();
    let list = vec![candidate("127.0.0.1"), candidate("192.168.1.7"), candidate("9.9.9.9"), candidate("2a00::1")];
    vec![
        PairBody::Description(Description { link: 1, generation: 0, kind: SdpKind::Offer, part: 0, parts: 1, bytes }),
        PairBody::Candidates(Candidates { link: 1, generation: 0, list }),
        PairBody::EndOfCandidates(at),
        PairBody::Restart(LinkGeneration { link: 1, generation: 1 }),
        PairBody::Status(Status { state_seq: 1, flags: Flags(1) }),
        PairBody::EpochSecret(EpochSecret {
            epoch: 1,
            secret: ahoy_crypto::Secret::new([9; 32]),
            op: 4,
            subject: own.0,
            members,
            roster,
            committer: None,
        }),
        PairBody::Record(Record { op: 1, recording: 1 }),
        PairBody::HangUp(Reason::HungUp),
    ]
}

/// The kinds of linking.
pub(super) fn linking(mallory: &Mallory) -> Vec<PairBody> {
    let secret = ahoy_crypto::Secret::new([8; 32]);
    vec![
        PairBody::LinkIdentity(LinkIdentity {
            certificate: mallory.certificate.bytes().to_vec(),
            card_token: secret.clone(),
            contact_token: secret.clone(),
            device_set: mallory.set.bytes().to_vec(),
            account_key: None,
        }),
        PairBody::LinkContact(LinkContact {
            card: mallory.card().to_bytes().unwrap(),
            name: "Ann".into(),
            policy: 1,
            contact_token: Some(secret),
            device_set: None,
        }),
        PairBody::LinkEnd(1),
    ]
}

/// Every call kind.
pub(super) fn call_bodies(mallory: &Mallory, talk: &Talk, ben: &Core) -> Vec<CallBody> {
    let mut roster = vec![mallory.account_id(), ben.account()];
    roster.sort_unstable();
    let view = ahoy_crypto::call_keys::view(&talk.call.0, 0, &roster, &[]);
    let account = AccountId([0x41; 32]);
    vec![
        CallBody::Announce { state_seq: 1, flags: Flags(0), view, record: Some(mallory.record.bytes().to_vec()) },
        CallBody::AskMute { state_seq: 2, device: ben.device() },
        CallBody::Invite { state_seq: 3, account, devices: Some(vec![DeviceId([0x42; 32])]) },
        CallBody::Kick { state_seq: 4, account },
        CallBody::Leave { state_seq: 5, reason: Reason::HungUp },
    ]
}
