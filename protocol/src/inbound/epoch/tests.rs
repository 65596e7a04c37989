//! Tests of epoch secrets: what follows what. Single refusals stand in the known answers, too.

use ahoy_crypto::{AccountId, Check, DeviceId, Secret};

use super::{CATCH_UP, CommitContext, KICK, LEAVE, REFRESH, check_commit};
use crate::wire::bodies::EpochSecret;

const US: DeviceId = DeviceId([2; 32]);
const SENDER: DeviceId = DeviceId([1; 32]);
const OTHER: DeviceId = DeviceId([3; 32]);
const GONE: DeviceId = DeviceId([9; 32]);
const MEMBERS: [DeviceId; 4] = [SENDER, US, OTHER, GONE];
const ROSTER: [AccountId; 3] = [AccountId([1; 32]), AccountId([2; 32]), AccountId([3; 32])];

fn commit(epoch: u32, op: u8) -> EpochSecret {
    let (subject, committer) = match op {
        CATCH_UP => (US.0, Some(OTHER)),
        LEAVE => (GONE.0, None),
        KICK => ([7; 32], None),
        REFRESH => (SENDER.0, None),
        other => panic!("unknown operation {other}"),
    };
    EpochSecret {
        epoch,
        secret: Secret::new([4; 32]),
        op,
        subject,
        members: MEMBERS[..3].to_vec(),
        roster: ROSTER.to_vec(),
        committer,
    }
}

fn context(epoch: u32, committer: Option<DeviceId>) -> CommitContext<'static> {
    const KICKED: [AccountId; 1] = [AccountId([7; 32])];
    CommitContext { own: US, sender: SENDER, epoch, committer, members: &MEMBERS, roster: &ROSTER, kicked: &KICKED }
}

#[test]
fn the_next_epoch_is_taken_whatever_it_is_for() {
    for op in [CATCH_UP, LEAVE, KICK, REFRESH] {
        for epoch in [0, 1, 1000, u32::MAX - 1] {
            assert_eq!(
                check_commit(&commit(epoch + 1, op), &context(epoch, Some(OTHER))),
                Ok(()),
                "{op} after {epoch}"
            );
        }
    }
}

#[test]
fn only_catching_up_skips_epochs_and_nothing_goes_back() {
    for op in [CATCH_UP, LEAVE, KICK, REFRESH] {
        let skip = check_commit(&commit(9, op), &context(7, None));
        assert_eq!(skip.is_ok(), op == CATCH_UP, "{op}");
        assert_eq!(check_commit(&commit(7, op), &context(8, None)), Err(Check::EPOCH_ORDER), "{op}");
        assert_eq!(check_commit(&commit(0, op), &context(u32::MAX, None)), Err(Check::EPOCH_ORDER), "{op}");
    }
}

#[test]
fn of_two_commits_of_an_epoch_the_lower_committer_wins() {
    for (held, wins) in [(Some(DeviceId([0; 32])), false), (Some(SENDER), false), (Some(US), true), (None, false)] {
        assert_eq!(check_commit(&commit(5, LEAVE), &context(5, held)).is_ok(), wins, "we hold {held:?}");
    }
    // Catching up names the committer: it counts, not the device that passes it on.
    for (held, wins) in [(Some(US), false), (Some(OTHER), false), (Some(GONE), true)] {
        assert_eq!(check_commit(&commit(5, CATCH_UP), &context(5, held)).is_ok(), wins, "we hold {held:?}");
    }
}

#[test]
fn whichever_of_two_commits_comes_first_all_end_with_the_same_one() {
    let commits = [(SENDER, commit(5, LEAVE)), (OTHER, commit(5, LEAVE))];
    for order in [[0, 1], [1, 0]] {
        let mut held = (4, None);
        for place in order {
            let (sender, body) = &commits[place];
            let context = CommitContext { sender: *sender, ..context(held.0, held.1) };
            if check_commit(body, &context).is_ok() {
                held = (body.epoch, Some(*sender));
            }
        }
        assert_eq!(held, (5, Some(SENDER)));
    }
}

#[test]
fn contradictions_are_refused_before_anything_else() {
    type Change = fn(&mut EpochSecret);
    let changes: [(u8, Change); 9] = [
        (LEAVE, |c| c.subject = US.0),
        (KICK, |c| c.subject = [1; 32]),
        (REFRESH, |c| c.subject = OTHER.0),
        (CATCH_UP, |c| c.subject = OTHER.0),
        (CATCH_UP, |c| c.committer = None),
        (LEAVE, |c| c.committer = Some(SENDER)),
        (LEAVE, |c| c.members.retain(|m| *m != US)),
        (LEAVE, |c| c.members.retain(|m| *m != SENDER)),
        (CATCH_UP, |c| c.members.retain(|m| *m != OTHER)),
    ];
    for (op, change) in changes {
        // An epoch that wouldn't follow and an account that nobody invited: 081 stands before both.
        let mut body = commit(3, op);
        body.roster.push(AccountId([8; 32]));
        change(&mut body);
        assert_eq!(check_commit(&body, &context(7, None)), Err(Check::EPOCH_CONTENT), "{body:?}");
    }
    let stranger = CommitContext { sender: DeviceId([5; 32]), ..context(0, None) };
    let mut body = commit(1, LEAVE);
    body.members.push(stranger.sender);
    assert_eq!(check_commit(&body, &stranger), Err(Check::EPOCH_CONTENT), "no member as we know them");
}

#[test]
fn a_roster_grows_by_invitation_and_shrinks_by_the_offerers_kick() {
    let mut body = commit(1, LEAVE);
    body.roster.push(AccountId([8; 32]));
    assert_eq!(check_commit(&body, &context(0, None)), Err(Check::EPOCH_ROSTER));
    body.roster.truncate(2);
    assert_eq!(check_commit(&body, &context(0, None)), Ok(()), "who was kicked may be out already");
    let unordered = CommitContext { kicked: &[], ..context(0, None) };
    assert_eq!(check_commit(&commit(1, KICK), &unordered), Err(Check::EPOCH_ROSTER));
    assert_eq!(check_commit(&commit(1, KICK), &context(0, None)), Ok(()));
}

#[test]
fn an_operation_that_is_none_is_consistent_with_nothing() {
    for op in [0, 5, 255] {
        let body = EpochSecret { op, ..commit(1, LEAVE) };
        assert_eq!(check_commit(&body, &context(0, None)), Err(Check::EPOCH_CONTENT));
    }
}
