//! Tests of call frames: windows, newcomers, rights. Single refusals stand in the known answers, too.

use ahoy_crypto::{AccountId, Check, DeviceSet, Secret, SignKey};

use super::{CallContext, CallFrame, EpochKey, FrameWindows, Member, apply_to_roster};
use crate::inbound::tests::world::{CALL, NOW_S, Person, call_keys, call_secret};
use crate::inbound::{Held, Sealed, receive};
use crate::outbound::{FrameSender, call_frame};
use crate::topic::Topic;
use crate::wire::bodies::{CallBody, Flags, Reason};

const VIEW: [u8; 32] = [4; 32];

fn signer(person: &Person) -> SignKey {
    // Any key will do, as long as it is the person's own.
    SignKey::from_seed(&Secret::new(*person.dk.secret().expose()))
}

fn member(person: &Person) -> Member {
    Member {
        device: person.device_id(),
        account: person.account_id(),
        slot: call_keys().slot(person.device_id()),
        signing_key: signer(person).public(),
    }
}

fn announce(record: Option<&Person>) -> CallBody {
    let record = record.map(|person| person.record.bytes().to_vec());
    CallBody::Announce { state_seq: 1, flags: Flags(0), view: VIEW, record }
}

/// A call of Alice (who offered it) and Carol, as Bob sees it.
struct Call {
    alice: Person,
    carol: Person,
    epochs: Vec<EpochKey>,
    members: Vec<Member>,
    roster: Vec<AccountId>,
    sets: Vec<DeviceSet>,
    offerer_invites: bool,
    windows: FrameWindows,
}

impl Call {
    fn new() -> Call {
        let (alice, carol) = (Person::named("alice"), Person::named("carol"));
        let mut roster = vec![alice.account_id(), carol.account_id()];
        roster.sort_unstable();
        Call {
            epochs: vec![EpochKey { epoch: 0, secret: call_secret(), view: VIEW }],
            members: vec![member(&alice), member(&carol)],
            roster,
            sets: Vec::new(),
            offerer_invites: false,
            windows: FrameWindows::default(),
            alice,
            carol,
        }
    }

    fn take(&mut self, frame: &[u8]) -> Result<CallFrame, Check> {
        let keys = call_keys();
        let Sealed::Call(sealed) = receive(Topic(keys.call_topic()), frame, Some(Held::Call))? else {
            panic!("a call frame")
        };
        let context = CallContext {
            call: CALL,
            keys: &keys,
            epochs: &self.epochs,
            members: &self.members,
            roster: &self.roster,
            offerer: self.alice.account_id(),
            offerer_invites: self.offerer_invites,
            device_set: &|account| self.sets.iter().find(|set| set.account() == account),
        };
        sealed.open(&context, &mut self.windows, NOW_S)
    }
}

/// A frame in an epoch whose secret is known from its number.
fn frame(from: &Person, epoch: u32, salt: u8, counter: u64, body: &CallBody) -> Vec<u8> {
    let sender = FrameSender {
        call: CALL,
        keys: &call_keys(),
        device: from.device_id(),
        signing_key: &signer(from),
        epoch,
        epoch_secret: &secret_of(epoch),
        salt: [salt; 16],
    };
    call_frame(&sender, counter, body, None).expect("sealed")
}

fn secret_of(epoch: u32) -> Secret {
    if epoch == 0 { call_secret() } else { Secret::new([u8::try_from(epoch).expect("small"); 32]) }
}

fn epoch_key(epoch: u32) -> EpochKey {
    EpochKey { epoch, secret: secret_of(epoch), view: VIEW }
}

#[test]
fn a_slot_has_four_salts_and_another_slot_its_own_four() {
    let mut call = Call::new();
    let (alice, carol) = (Person::named("alice"), Person::named("carol"));
    for salt in 0..4 {
        assert!(call.take(&frame(&alice, 0, salt, 0, &announce(None))).is_ok(), "salt {salt}");
    }
    assert_eq!(call.take(&frame(&alice, 0, 4, 0, &announce(None))), Err(Check::FRAME_WINDOW));
    assert!(call.take(&frame(&alice, 0, 3, 1, &announce(None))).is_ok(), "a known one goes on");
    assert!(call.take(&frame(&carol, 0, 4, 0, &announce(None))).is_ok(), "another slot");
}

#[test]
fn the_same_salt_in_the_next_epoch_is_no_fifth() {
    let mut call = Call::new();
    let alice = Person::named("alice");
    call.epochs = vec![epoch_key(1), epoch_key(0)];
    for epoch in [0, 1] {
        for salt in 0..4 {
            assert!(call.take(&frame(&alice, epoch, salt, 7, &announce(None))).is_ok(), "{salt} in {epoch}");
        }
    }
    assert_eq!(call.take(&frame(&alice, 1, 5, 0, &announce(None))), Err(Check::FRAME_WINDOW));
}

#[test]
fn windows_of_epochs_that_are_over_are_forgotten() {
    let mut call = Call::new();
    let alice = Person::named("alice");
    for epoch in 0..20 {
        call.epochs = vec![epoch_key(epoch)];
        for salt in 0..4 {
            let salt = u8::try_from(epoch).expect("small") * 4 + salt;
            assert!(call.take(&frame(&alice, epoch, salt, 0, &announce(None))).is_ok(), "{salt} in {epoch}");
        }
        assert!(call.windows.windows.len() <= 8);
    }
}

#[test]
fn windows_have_a_bound() {
    let mut call = Call::new();
    let alice = Person::named("alice");
    for n in 0..crate::limits::WINDOWS_MAX as u64 {
        let mut slot = [0; 8];
        slot.copy_from_slice(&n.to_be_bytes());
        call.windows.windows.insert((0, slot, [0; 16]), ahoy_crypto::Window::default());
    }
    assert_eq!(call.take(&frame(&alice, 0, 0, 0, &announce(None))), Err(Check::FRAME_WINDOW));
}

#[test]
fn counters_count_once_under_a_salt() {
    let mut call = Call::new();
    let alice = Person::named("alice");
    let mut taken = |counter| call.take(&frame(&alice, 0, 1, counter, &announce(None))).map(|_| ());
    for (counter, outcome) in
        [(200, Ok(())), (200, Err(Check::FRAME_WINDOW)), (73, Ok(())), (72, Err(Check::FRAME_WINDOW)), (201, Ok(()))]
    {
        assert_eq!(taken(counter), outcome, "{counter}");
    }
}

#[test]
fn what_is_refused_moves_no_window() {
    let mut call = Call::new();
    let alice = Person::named("alice");
    let kick_self = CallBody::Kick { state_seq: 1, account: alice.account_id() };
    assert_eq!(call.take(&frame(&alice, 0, 1, 5, &kick_self)), Err(Check::RIGHTS));
    let mut broken = frame(&alice, 0, 1, 5, &announce(None));
    broken[100] ^= 1;
    assert_eq!(call.take(&broken), Err(Check::FRAME_AEAD));
    assert!(call.windows.windows.is_empty());
    assert!(call.take(&frame(&alice, 0, 1, 5, &announce(None))).is_ok(), "the same counter");
}

#[test]
fn a_member_cannot_speak_for_another() {
    let mut call = Call::new();
    let (alice, carol) = (Person::named("alice"), Person::named("carol"));
    // Carol knows every key but Alice's own.
    let sender = FrameSender {
        call: CALL,
        keys: &call_keys(),
        device: alice.device_id(),
        signing_key: &signer(&carol),
        epoch: 0,
        epoch_secret: &call_secret(),
        salt: [1; 16],
    };
    let forged =
        call_frame(&sender, 0, &CallBody::Leave { state_seq: 1, reason: Reason::HungUp }, None).expect("sealed");
    assert_eq!(call.take(&forged), Err(Check::FRAME_SIGNATURE));
}

#[test]
fn a_newcomer_shows_its_record_and_changes_nothing() {
    let mut call = Call::new();
    let dave = Person::named("dave");
    assert_eq!(call.take(&frame(&dave, 0, 0, 0, &announce(None))), Err(Check::SLOT));
    let leave = CallBody::Leave { state_seq: 1, reason: Reason::HungUp };
    assert_eq!(call.take(&frame(&dave, 0, 0, 0, &leave)), Err(Check::SLOT));
    assert_eq!(call.take(&frame(&dave, 0, 0, 0, &announce(Some(&dave)))), Err(Check::ANNOUNCE_RECORD), "not invited");
    call.roster.push(dave.account_id());
    for _ in 0..2 {
        let outcome = call.take(&frame(&dave, 0, 0, 0, &announce(Some(&dave))));
        let Ok(CallFrame::Newcomer { record, body }) = outcome else { panic!("a newcomer: {outcome:?}") };
        assert_eq!((&*record, body), (&dave.record, announce(Some(&dave))));
    }
    assert!(call.windows.windows.is_empty(), "nothing has changed");
    let carol = Person::named("carol");
    assert_eq!(
        call.take(&frame(&dave, 0, 0, 0, &announce(Some(&carol)))),
        Err(Check::ANNOUNCE_RECORD),
        "somebody else's record"
    );
    call.sets.push(DeviceSet::make(&dave.account, 1, NOW_S + 5, &[carol.device_id()]).expect("a set"));
    assert_eq!(call.take(&frame(&dave, 0, 0, 0, &announce(Some(&dave)))), Err(Check::NOT_IN_SET), "a revoked device");
}

#[test]
fn a_view_that_differs_is_a_fork() {
    let mut call = Call::new();
    let alice = Person::named("alice");
    let other = CallBody::Announce { state_seq: 1, flags: Flags(0), view: [5; 32], record: None };
    for (counter, (body, fork)) in (0..).zip([
        (announce(None), false),
        (other, true),
        (CallBody::Leave { state_seq: 2, reason: Reason::Lost }, false),
    ]) {
        let Ok(CallFrame::Verified(frame)) = call.take(&frame(&alice, 0, 0, counter, &body)) else {
            panic!("verified")
        };
        assert_eq!((frame.fork, frame.from, &frame.body), (fork, member(&alice), &body));
    }
}

#[test]
fn who_may_invite_is_said_by_the_offer() {
    let (alice, carol, dave) = (Person::named("alice"), Person::named("carol"), Person::named("dave"));
    let invite = CallBody::Invite { state_seq: 1, account: dave.account_id(), devices: Some(vec![dave.device_id()]) };
    for (offerer_invites, from, allowed) in
        [(false, &alice, true), (false, &carol, true), (true, &alice, true), (true, &carol, false)]
    {
        let mut call = Call { offerer_invites, ..Call::new() };
        assert_eq!(call.take(&frame(from, 0, 0, 0, &invite)).is_ok(), allowed);
    }
    let mut full = Call::new();
    full.roster.extend((0..30).map(|n| AccountId([n; 32])));
    assert_eq!(full.take(&frame(&alice, 0, 0, 0, &invite)), Err(Check::RIGHTS), "32 are in");
    let known = CallBody::Invite { state_seq: 1, account: carol.account_id(), devices: None };
    assert!(full.take(&frame(&alice, 0, 0, 0, &known)).is_ok(), "who is in may be invited again");
}

#[test]
fn only_the_offerer_kicks() {
    let mut call = Call::new();
    let (alice, carol) = (Person::named("alice"), Person::named("carol"));
    let kick = |account| CallBody::Kick { state_seq: 1, account };
    assert_eq!(call.take(&frame(&carol, 0, 0, 0, &kick(alice.account_id()))), Err(Check::RIGHTS));
    assert!(call.take(&frame(&alice, 0, 0, 0, &kick(carol.account_id()))).is_ok());
    assert!(call.carol.account_id() == carol.account_id());
}

#[test]
fn the_roster_follows_invitations_and_kicks() {
    let mut roster = vec![AccountId([2; 32]), AccountId([4; 32])];
    let invite = |n: u8| CallBody::Invite { state_seq: 1, account: AccountId([n; 32]), devices: None };
    let kick = |n: u8| CallBody::Kick { state_seq: 1, account: AccountId([n; 32]) };
    for (body, expected) in [
        (invite(3), vec![2, 3, 4]),
        (invite(3), vec![2, 3, 4]),
        (invite(9), vec![2, 3, 4, 9]),
        (kick(4), vec![2, 3, 9]),
        (kick(5), vec![2, 3, 9]),
        (announce(None), vec![2, 3, 9]),
    ] {
        apply_to_roster(&mut roster, &body);
        let found: Vec<u8> = roster.iter().map(|account| account.0[0]).collect();
        assert_eq!(found, expected, "{body:?}");
    }
}
