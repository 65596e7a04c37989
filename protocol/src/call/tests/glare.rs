//! Both call each other: one connected call on both sides, and nobody is asked anything.

use super::desk::{Desk, account, call, device, told};
use super::world::{Rules, World};
use crate::call::effect::{CallEffect, HistoryEntry};
use crate::control::{CallCommand, CallState, EventKind, Reply};
use crate::ids::CallId;
use crate::wire::bodies::{PairBody, Reason, Verdict};

/// How many interleavings are tried: `AHOY_GLARES`, or 1,000.
fn glares() -> u32 {
    std::env::var("AHOY_GLARES").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000)
}

/// The calls that are not ended at a node.
fn live(world: &World, node: usize) -> Vec<(CallId, CallState)> {
    let desk = &world.nodes[node].desk;
    let calls = desk.core.calls(desk.now).into_iter().filter(|info| info.state != CallState::Ended);
    calls.map(|info| (super::desk::parse_call(&info.call), info.state)).collect()
}

/// Nothing rang, nothing was missed, and history has nothing to say so far.
fn undisturbed(world: &World, node: usize) {
    let desk = &world.nodes[node].desk;
    let prompts = |e: &&EventKind| matches!(e, EventKind::IncomingCall { .. } | EventKind::MissedCall { .. });
    assert_eq!(desk.events().into_iter().find(prompts), None, "at node {node}");
    assert_eq!(desk.history(), Vec::<HistoryEntry>::new(), "at node {node}");
}

/// Node 0 and node 1 have exactly one call, the same one, and talk.
fn one_call(world: &World) -> CallId {
    let calls = [live(world, 0), live(world, 1)];
    let [(id, CallState::Active)] = calls[0][..] else { panic!("at node 0: {calls:?}") };
    assert_eq!(calls[1], [(id, CallState::Active)], "at node 1");
    id
}

#[test]
fn both_call_each_other_at_once_and_talk_in_the_call_with_the_lower_id() {
    for order in [[(1, 1), (2, 2)], [(2, 2), (1, 1)]] {
        let mut world = World::new(&order, "at once");
        let (x, y) = (world.dial(0, order[1].0), world.dial(1, order[0].0));
        world.run(200);
        assert_eq!(one_call(&world), x.min(y));
        undisturbed(&world, 0);
        undisturbed(&world, 1);
        world.hang_up(0, x.min(y));
        world.run(1_000);
        for node in &world.nodes {
            assert_eq!(node.desk.history().len(), 1, "one line of history");
            assert!(node.desk.core.drained());
        }
        assert!(world.links.is_empty());
    }
}

#[test]
fn the_call_that_gave_way_says_which_one_goes_on_and_commands_to_it_mean_that_one() {
    let mut world = World::new(&[(1, 1), (2, 2)], "goes on");
    let (x, y) = (world.dial(0, 2), world.dial(1, 1));
    world.run(200);
    let (lives, over, loser) = if x < y { (x, y, 1) } else { (y, x, 0) };
    let says = |e: &&EventKind| matches!(e, EventKind::CallState { state: CallState::Ended, .. });
    let events = world.nodes[loser].desk.events();
    let Some(EventKind::CallState { call, reason, continues_as, .. }) = events.into_iter().find(says) else {
        panic!("the loser's call did not end")
    };
    assert_eq!(super::desk::parse_call(call), over);
    assert_eq!(reason.as_deref(), Some("cancelled"));
    assert_eq!(continues_as.as_deref().map(super::desk::parse_call), Some(lives));
    world.hang_up(loser, over);
    world.run(500);
    assert_eq!(world.reasons(lives), [Some("hung_up".to_owned()), Some("hung_up".to_owned())]);
}

#[test]
fn calling_somebody_whose_call_rings_here_answers_it() {
    let mut world = World::new(&[(1, 1), (2, 2)], "rings");
    let x = world.dial(0, 2);
    world.run(500);
    assert_eq!(world.state(1, x), Some(CallState::Incoming));
    assert_eq!(world.dial(1, 1), x, "no second call is made");
    world.run(500);
    assert_eq!(one_call(&world), x);
}

#[test]
fn one_calls_a_moment_after_the_other_whatever_the_moment() {
    for after_ms in 0..120 {
        let mut world = World::new(&[(1, 1), (2, 2)], &format!("a moment {after_ms}"));
        let x = world.dial(0, 2);
        world.run(after_ms);
        let rang = world.state(1, x) == Some(CallState::Incoming);
        world.dial(1, 1);
        world.run(3_000);
        one_call(&world);
        undisturbed(&world, 0);
        if !rang {
            undisturbed(&world, 1);
        }
    }
}

#[test]
fn own_devices_that_rang_hear_that_it_was_answered_elsewhere() {
    // Two devices each; the second ones are farther away from any decision.
    for seed in 0..20 {
        let mut world = World::new(&[(1, 1), (2, 2), (1, 3), (2, 4)], &format!("devices {seed}"));
        let (x, y) = (world.dial(0, 2), world.dial(1, 1));
        world.run(1_000);
        one_call(&world);
        undisturbed(&world, 0);
        undisturbed(&world, 1);
        for node in [2, 3] {
            assert_eq!(live(&world, node), [], "nothing is left at {node}");
            assert_eq!(world.nodes[node].desk.missed_calls(), 0);
            for id in [x, y] {
                let reason = world.nodes[node].desk.reason(id);
                assert!(reason.is_none() || reason.as_deref() == Some("answered_elsewhere"), "{reason:?}");
            }
        }
    }
}

/// B calls account 1 while its call to us is unconfirmed; ids around ours.
fn crossing(theirs: CallId) -> (Desk, CallId) {
    let mut b = Desk::new(2);
    let ours = b.dial(1, &[1]);
    b.offer(theirs, 1, 1);
    b.confirm(theirs, 1);
    (b, ours)
}

#[test]
fn the_lower_call_of_the_other_side_is_joined_without_a_word_to_people() {
    let (b, ours) = crossing(CallId([0; 16]));
    assert_eq!(b.state(CallId([0; 16])), Some(CallState::Connecting));
    assert_eq!(b.info(ours), None);
    assert!(told(&b.log, 1).contains(&PairBody::Verdict(Verdict::Accept)));
    let withdrawn = |e: &CallEffect| matches!(e, CallEffect::Cancel { reason: Reason::AnsweredElsewhere, .. });
    assert!(b.log.iter().any(withdrawn), "no missed call at a device that has not answered yet");
    assert!(b.microphone());
}

#[test]
fn a_higher_call_waits_a_second_for_the_answer_to_ours_and_is_joined_then() {
    let (mut b, ours) = crossing(CallId([255; 16]));
    assert_eq!(b.info(CallId([255; 16])), None, "nothing is shown");
    b.wait(999);
    assert_eq!(b.state(ours), Some(CallState::Dialing));
    b.wait(1);
    assert_eq!(b.state(CallId([255; 16])), Some(CallState::Connecting));
    assert_eq!(b.info(ours), None);
    // The answer comes too late: it must not be confirmed, or both calls would be taken.
    let out = b.reached(ours, 1);
    assert!(!out.iter().any(|e| matches!(e, CallEffect::Confirm { .. })));
}

#[test]
fn a_higher_call_is_never_joined_once_ours_is_confirmed() {
    let (mut b, ours) = crossing(CallId([255; 16]));
    b.reached(ours, 1);
    b.wait(30_000);
    assert_eq!(b.info(CallId([255; 16])), None);
    b.verdict(ours, 1, Verdict::Accept);
    assert_eq!(b.state(ours), Some(CallState::Connecting));
    b.wait(60_000);
    assert_eq!(b.missed_calls(), 0);
}

#[test]
fn a_call_from_a_device_that_ours_never_reaches_is_joined_at_once() {
    let mut b = Desk::new(2);
    let ours = b.dial(1, &[1]);
    b.offer(CallId([255; 16]), 1, 9);
    b.confirm(CallId([255; 16]), 9);
    assert_eq!(b.state(CallId([255; 16])), Some(CallState::Connecting));
    assert_eq!(b.info(ours), None);
}

#[test]
fn hanging_up_a_call_that_the_other_side_has_ends_both() {
    let (mut b, ours) = crossing(CallId([255; 16]));
    b.reached(ours, 1);
    b.hang_up(ours).unwrap();
    assert_eq!(b.core.live_calls(), 0);
    let prompts = |e: &&EventKind| matches!(e, EventKind::IncomingCall { .. });
    assert_eq!(b.events().into_iter().find(prompts), None);
    assert!(told(&b.log, 1).contains(&PairBody::HangUp(Reason::Declined)));
}

#[test]
fn hanging_up_a_call_that_the_other_side_has_not_lets_theirs_ring() {
    let (mut b, ours) = crossing(CallId([255; 16]));
    b.hang_up(ours).unwrap();
    assert_eq!(b.state(CallId([255; 16])), Some(CallState::Incoming));
}

#[test]
fn who_waits_for_an_answer_is_heard_in_the_call_that_crosses_it_though_another_call_was_on_meanwhile() {
    for theirs in [CallId([0; 16]), CallId([255; 16])] {
        let mut b = Desk::new(2);
        b.dial(1, &[1]);
        let other = b.dial(3, &[3]);
        b.reached(other, 3);
        b.verdict(other, 3, Verdict::Accept);
        b.flows(other, 3);
        b.hang_up(other).unwrap();
        assert!(!b.microphone());
        b.offer(theirs, 1, 1);
        b.confirm(theirs, 1);
        b.wait(1_000);
        assert_eq!(b.state(theirs), Some(CallState::Connecting), "not held");
        assert!(b.microphone());
    }
}

#[test]
fn the_call_of_somebody_else_is_no_glare() {
    let mut b = Desk::new(2);
    b.dial(1, &[1]);
    b.rings(call(0), 3);
    let Reply::Offered(answered) = b
        .command(CallCommand::Offer { to: vec![(account(3), vec![device(3)])], context: None, unproven: None })
        .expect("answered")
    else {
        panic!("another reply")
    };
    assert_eq!(super::desk::parse_call(&answered.call), call(0));
}

#[test]
#[expect(clippy::print_stdout, reason = "a random test names its seed")]
fn whenever_two_people_call_each_other_they_get_one_call_and_no_prompt() {
    for n in 0..glares() {
        let seed = std::env::var("AHOY_SEED").unwrap_or_else(|_| format!("glare {n}"));
        println!("seed {seed:?}: AHOY_SEED names it");
        let order = if n % 2 == 0 { [(1, 1), (2, 2)] } else { [(2, 2), (1, 1)] };
        let mut world = World::new(&order, &seed);
        // From a perfect network to one with 2 s of jitter on which every third message comes by a resend.
        world.rules = Rules {
            latency_ms: 1 + u64::from(world.below(100)),
            jitter_ms: [0, 30, 300, 2_000][usize::try_from(world.below(4)).unwrap()],
            resend_one_in: [0, 0, 10, 3][usize::try_from(world.below(4)).unwrap()],
            ..Rules::default()
        };
        let first = usize::try_from(world.below(2)).unwrap();
        let apart_ms = [0, 5, 50, 500, 5_000][usize::try_from(world.below(5)).unwrap()];
        let apart_ms = u64::from(world.below(apart_ms + 1));
        let x = world.dial(first, order[1 - first].0);
        world.run(apart_ms);
        let rang = world.state(1 - first, x) == Some(CallState::Incoming);
        world.dial(1 - first, order[first].0);
        world.run(20_000);
        let lives = one_call(&world);
        undisturbed(&world, first);
        if !rang {
            undisturbed(&world, 1 - first);
        }
        let who = usize::try_from(world.below(2)).unwrap();
        world.hang_up(who, lives);
        world.run(20_000);
        assert_eq!(world.reasons(lives), [Some("hung_up".to_owned()), Some("hung_up".to_owned())]);
        for node in &world.nodes {
            assert_eq!(node.desk.history().len(), 1, "one line of history");
            assert_eq!(node.desk.missed_calls(), 0);
            assert!(node.desk.core.drained());
        }
        assert!(world.links.is_empty(), "links are left open");
    }
}
