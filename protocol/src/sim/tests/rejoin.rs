//! Daemons that are killed in a call, and go on with it after their restart.

use crate::control::{CallCommand, CallState, ContactCommand, EventKind};
use crate::core::effect::{Effect, MediaCommand, StoreCommand, Table};
use crate::core::input::Command;
use crate::core::tests::calls::{accept, active, command, hang_up, offer};
use crate::core::tests::contacts::acquainted;
use crate::ids::CallId;
use crate::sim::dice::{Dice, size};
use crate::sim::network::Faults;
use crate::sim::nonces::Nonces;
use crate::sim::world::World;
use crate::wire::bodies::Reason;

pub(super) const NAMES: [&str; 2] = ["Ada", "Ben"];
/// A network as it is between cities.
const FAR: Faults = Faults { delay_ms: 60, jitter_ms: 40, lost: 10, doubled: 10, late: 5, late_ms: 500 };

pub(super) fn rang(world: &World, n: usize) -> usize {
    world.nodes[n].events.iter().filter(|event| matches!(event, EventKind::IncomingCall { .. })).count()
}

/// Ada has called Ben, and they have talked for a while.
pub(super) fn talking() -> World {
    let mut world = acquainted(&NAMES);
    active(&mut world);
    world.pass(12_000);
    world
}

/// Both are in one call, and hear each other.
pub(super) fn together(world: &World) -> bool {
    (0..2).all(|n| world.states(n).last() == Some(&CallState::Active) && world.nodes[n].core.calls() == 1)
}

/// Nobody was rung or has missed anything but for the first call; no key has sealed twice with one nonce.
pub(super) fn quietly(world: &World) {
    assert_eq!((rang(world, 0), rang(world, 1)), (0, 1));
    assert_eq!((world.missed(0), world.missed(1)), (0, 0));
    let mut nonces = Nonces::default();
    for (_, topic, data) in &world.published {
        assert_eq!(nonces.take(&topic.0, data), Ok(()), "a nonce was used twice");
    }
    assert!(nonces.frames() > 20, "{}", nonces.frames());
}

/// After the end of everything each call stands in a history once, and no row is left.
pub(super) fn settled(world: &mut World) {
    world.pass(70_000);
    for n in 0..2 {
        let lines = &world.nodes[n].lines;
        let mut calls: Vec<_> = lines.iter().map(|line| line.call).collect();
        calls.sort_unstable();
        calls.dedup();
        assert_eq!(calls.len(), lines.len(), "told twice: {lines:?}");
        let left = world.nodes[n].rows.keys().any(|(of, _)| matches!(of, Table::Joined | Table::UnderWay));
        assert!(!left && world.nodes[n].core.drained() && !world.nodes[n].microphone);
    }
}

#[test]
fn whoever_is_killed_in_a_call_is_back_in_it_and_nothing_rings() {
    for killed in [0, 1] {
        let mut world = talking();
        let other = 1 - killed;
        world.kill(killed);
        world.pass(20_000);
        assert_eq!(world.states(other).last(), Some(&CallState::Reconnecting));
        world.restart(killed, NAMES[killed]);
        let from_ms = world.now_ms;
        assert!(world.pass_until(10_000, together), "{:?}", world.nodes[killed].events);
        println!("back {} ms after the restart, without delays of a network", world.now_ms - from_ms);
        quietly(&world);
        world.pass(5_000);
        hang_up(&mut world, killed);
        settled(&mut world);
        let [ours, theirs] = [killed, other].map(|n| world.nodes[n].lines.clone());
        let reasons = |n: usize| world.nodes[n].lines.iter().map(|line| line.reason).collect::<Vec<_>>();
        assert_eq!((reasons(0), reasons(1)), (vec![Reason::HungUp], vec![Reason::HungUp]));
        for (line, same) in ours.iter().zip(&theirs) {
            assert_eq!((line.call, line.accepted_ms, line.ended_ms), (same.call, same.accepted_ms, same.ended_ms));
            assert_eq!((line.started_ms, &line.roster), (same.started_ms, &same.roster));
        }
        assert_eq!((world.nodes[0].lines[0].incoming, world.nodes[1].lines[0].incoming), (false, true));
    }
}

#[test]
fn frontends_hear_that_the_old_call_goes_on_and_its_name_still_works() {
    let mut world = acquainted(&NAMES);
    let old = offer(&mut world, 0, "Ben");
    accept(&mut world, 1);
    world.kill(1);
    world.nodes[0].events.clear();
    world.kill(0);
    world.restart(0, "Ada");
    let CallsSeen { states, continues } = seen(&world, 0, &old);
    assert_eq!(states, [CallState::Reconnecting], "told at once, and no dialing");
    assert!(!world.nodes[0].microphone, "nobody has accepted yet");
    let new = continues.expect("the new name");
    assert_ne!(new, old);
    let again = offer(&mut world, 0, "Ben");
    assert_eq!(again, new, "who calls again means the call that is under way");
    world.restart(1, "Ben");
    assert!(world.pass_until(10_000, together));
    let named = data_encoding::HEXLOWER.decode(old.as_bytes()).unwrap().try_into().unwrap();
    command(&mut world, 0, CallCommand::HangUp { call: Some(CallId(named)) });
    assert_eq!(world.reason(0).as_deref(), Some("hung_up"));
    settled(&mut world);
}

struct CallsSeen {
    /// States of calls that are not over.
    states: Vec<CallState>,
    /// What the call goes on as.
    continues: Option<String>,
}

fn seen(world: &World, n: usize, old: &str) -> CallsSeen {
    let mut found = CallsSeen { states: Vec::new(), continues: None };
    for event in &world.nodes[n].events {
        let EventKind::CallState { call, state, continues_as, .. } = event else { continue };
        if *state != CallState::Ended {
            found.states.push(*state);
        } else if call == old {
            found.continues.clone_from(continues_as);
        }
    }
    found
}

#[test]
fn after_59_s_it_is_back_and_after_the_other_side_gave_up_it_is_lost_and_rings_nobody() {
    for killed in [0, 1] {
        for (away_ms, back) in [(1_000, true), (59_000, true), (61_000, false), (66_000, false), (600_000, false)] {
            let mut world = talking();
            world.kill(killed);
            world.pass(away_ms);
            world.restart(killed, NAMES[killed]);
            assert_eq!(world.pass_until(10_000, together), back, "{away_ms} ms");
            quietly(&world);
            if back {
                hang_up(&mut world, 1 - killed);
            }
            settled(&mut world);
            assert_eq!(world.nodes[killed].lines.len(), 1);
            if back {
                assert_eq!(
                    world.nodes.iter().map(|node| node.lines[0].reason).collect::<Vec<_>>(),
                    [Reason::HungUp; 2]
                );
                continue;
            }
            let [here, there] = [killed, 1 - killed].map(|n| &world.nodes[n].lines[0]);
            assert_eq!((here.reason, there.reason), (Reason::Lost, Reason::Lost), "{away_ms} ms");
            assert_eq!(here.cause.as_ref().map(|cause| &*cause.what), Some("daemon_killed"));
            assert!(here.ended_ms.is_some());
        }
    }
}

#[test]
fn the_microphone_is_as_muted_as_it_was() {
    for mute in [vec![], vec![true], vec![true, false], vec![true, false, true]] {
        let mut world = talking();
        for on in &mute {
            let call = None;
            command(&mut world, 0, if *on { CallCommand::Mute { call } } else { CallCommand::Unmute { call } });
        }
        let muted = mute.last().copied().unwrap_or_default();
        let (_, first) = world.starts("Ada", world.rows(0));
        let said: Vec<&MediaCommand> = first
            .iter()
            .filter_map(|effect| match effect {
                Effect::Media(command) => Some(command),
                Effect::Net(_) | Effect::Reply { .. } | Effect::Event(_) | Effect::Store(_) => None,
            })
            .collect();
        let expected = if muted { vec![&MediaCommand::Mute { muted: true }] } else { vec![] };
        assert_eq!(said, expected, "before anything else, and no microphone");
        world.restart(0, "Ada");
        assert!(world.pass_until(10_000, together));
        let shown = world.nodes[0].core.snapshot(world.now());
        assert_eq!((shown.muted, shown.calls[0].muted), (muted, muted));
        world.pass(1_000);
        let theirs = world.nodes[1].core.snapshot(world.now());
        assert_eq!(theirs.calls[0].participants[0].muted, muted, "shown is heard");
    }
}

#[test]
fn a_change_of_mute_while_it_is_being_rejoined_outlives_another_kill() {
    let mut world = talking();
    world.kill(1);
    world.restart(0, "Ada");
    command(&mut world, 0, CallCommand::Mute { call: None });
    world.pass(30_000);
    world.restart(0, "Ada");
    assert!(world.nodes[0].core.snapshot(world.now()).muted);
    world.pass(40_000);
    world.restart(1, "Ben");
    settled(&mut world);
    assert_eq!(world.nodes[0].lines.len(), 1, "a kill while it is rejoined makes no row younger");
    quietly(&world);
}

#[test]
fn a_held_call_stays_held_and_the_active_one_active() {
    let mut world = acquainted(&["Ada", "Ben", "Cyd"]);
    active(&mut world);
    offer(&mut world, 2, "Ada");
    accept(&mut world, 0);
    world.pass(6_000);
    let states = |world: &World| {
        let calls = world.nodes[0].core.snapshot(world.now()).calls;
        let mut states: Vec<_> = calls.iter().map(|call| (call.roster.clone(), call.state)).collect();
        states.sort_by_key(|(_, state)| format!("{state:?}"));
        states
    };
    let before = states(&world);
    assert_eq!(before.iter().map(|(_, state)| *state).collect::<Vec<_>>(), [CallState::Active, CallState::Held]);
    world.restart(0, "Ada");
    world.pass(10_000);
    assert_eq!(states(&world), before);
}

#[test]
fn both_killed_are_in_one_call_again_whoever_is_back_first() {
    let mut dice = Dice::from_environment();
    for round in 0..size("AHOY_REJOINS", 60) {
        let seed = dice.draw();
        let mut world = talking();
        world.network.suffer(FAR, seed);
        let mut dice = Dice::new(seed);
        let first = dice.below(2);
        world.kill(first);
        if dice.hundred(50) {
            world.pass(dice.up_to(5_000));
        }
        world.kill(1 - first);
        world.pass(dice.up_to(20_000));
        let next = dice.below(2);
        world.restart(next, NAMES[next]);
        // Most often within moments, so that the offers cross.
        let apart_ms = if dice.hundred(70) { dice.up_to(1_500) } else { dice.up_to(25_000) };
        world.pass(apart_ms);
        world.restart(1 - next, NAMES[1 - next]);
        let from_ms = world.now_ms;
        assert!(world.pass_until(10_000, together), "round {round}, seed {seed}, {apart_ms} ms apart");
        assert!(world.now_ms - from_ms <= 10_000);
        world.pass(15_000);
        assert!(together(&world), "round {round}, seed {seed}: it lasts");
        quietly(&world);
        hang_up(&mut world, first);
        settled(&mut world);
        assert!(world.nodes.iter().all(|node| node.lines.len() == 1), "round {round}, seed {seed}");
    }
}

#[test]
fn killed_again_and_again_it_comes_back_each_time() {
    let mut world = talking();
    for round in 0..12 {
        let killed = round % 2;
        world.restart(killed, NAMES[killed]);
        // In the middle of coming back, now and then.
        if round % 3 == 0 {
            world.pass(7);
            world.restart(killed, NAMES[killed]);
        }
        assert!(world.pass_until(10_000, together), "round {round}");
        world.pass(3_000);
    }
    quietly(&world);
    hang_up(&mut world, 0);
    settled(&mut world);
}

#[test]
fn what_the_other_side_has_ended_meanwhile_is_over_here_and_rings_nobody() {
    for killed in [0, 1] {
        let mut world = talking();
        world.kill(killed);
        world.pass(5_000);
        hang_up(&mut world, 1 - killed);
        world.pass(1_000);
        world.restart(killed, NAMES[killed]);
        world.pass(5_000);
        assert_eq!(world.reason(killed).as_deref(), Some("lost"), "not after a minute: it is told at once");
        quietly(&world);
        settled(&mut world);
        let lines: Vec<_> = world.nodes.iter().map(|node| node.lines.len()).collect();
        assert_eq!((lines, world.nodes[1 - killed].lines[0].reason), (vec![1, 1], Reason::HungUp));
    }
}

#[test]
fn whoever_hung_up_meanwhile_and_calls_anew_is_heard_ringing_once() {
    let mut dice = Dice::from_environment();
    for round in 0..size("AHOY_REJOINS", 40) {
        let seed = dice.draw();
        let mut world = talking();
        world.network.suffer(FAR, seed);
        world.kill(1);
        world.pass(3_000);
        hang_up(&mut world, 0);
        let mut dice = Dice::new(seed);
        world.restart(1, "Ben");
        world.pass(dice.up_to(1_000));
        offer(&mut world, 0, "Ben");
        let ringing = |world: &World| rang(world, 1) == 2 && world.states(0).last() == Some(&CallState::Ringing);
        assert!(world.pass_until(10_000, ringing), "round {round}, seed {seed}");
        assert!(!world.nodes[1].microphone, "round {round}, seed {seed}: nobody has accepted");
        accept(&mut world, 1);
        assert!(world.pass_until(5_000, together), "round {round}, seed {seed}");
        hang_up(&mut world, 1);
        settled(&mut world);
    }
}

#[test]
fn a_person_can_hang_up_while_it_is_being_rejoined() {
    let mut world = talking();
    world.kill(1);
    world.restart(0, "Ada");
    world.pass(5_000);
    hang_up(&mut world, 0);
    world.restart(1, "Ben");
    settled(&mut world);
    let reasons: Vec<_> = world.nodes.iter().map(|node| node.lines[0].reason).collect();
    assert_eq!((reasons, world.nodes[0].lines.len()), (vec![Reason::HungUp, Reason::Lost], 1));
    quietly(&world);
}

#[test]
fn nobody_who_was_blocked_meanwhile_is_called() {
    let mut world = talking();
    world.kill(1);
    let contact = world.nodes[1].core.account().text();
    world.ask(0, Command::Contact(ContactCommand::Block { contact })).unwrap();
    world.restart(0, "Ada");
    world.pass(1_000);
    assert_eq!((world.nodes[0].core.calls(), world.nodes[0].lines.len()), (0, 1));
    // Nor does he get a sign of life.
    world.restart(1, "Ben");
    world.pass(1_000);
    assert_eq!(world.states(1).last(), Some(&CallState::Reconnecting));
    settled(&mut world);
}

#[test]
fn a_row_from_before_a_wrong_clock_is_told_and_not_rejoined() {
    let mut world = talking();
    let rows = world.rows(0);
    world.kill(0);
    // The clock is behind what the row says.
    world.now_ms -= 10_000;
    let (core, first) = world.starts("Ada", rows);
    assert_eq!(core.calls(), 0);
    let told = first.iter().filter(|effect| matches!(effect, Effect::Store(StoreCommand::History(_)))).count();
    assert_eq!(told, 1);
}
