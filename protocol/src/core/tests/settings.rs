//! Settings that change while devices run.

use super::calls::{accept, active, hang_up, offer};
use super::contacts::{acquainted, card};
use super::world::World;
use crate::call::Times;
use crate::control::{CallState, EventKind, Setting};
use crate::core::input::Command;
use crate::core::{Core, Setup};
use crate::testing::rng;

fn set(world: &mut World, n: usize, key: &str, setting: Setting) {
    world.ask(n, Command::Configure { key: key.into(), setting }).unwrap();
}

#[test]
fn a_changed_setting_is_told_with_its_key_and_who_changed_it() {
    let mut world = acquainted(&["Ada", "Ben"]);
    for key in ["log", "busy_in_call"] {
        set(&mut world, 0, key, Setting::Later);
        let told = EventKind::ConfigChanged { key: key.into(), client: Some("test".into()) };
        assert_eq!(world.nodes[0].events.last(), Some(&told));
    }
}

#[test]
fn a_new_time_limit_counts_for_a_call_that_rings_already() {
    let mut world = acquainted(&["Ada", "Ben"]);
    offer(&mut world, 0, "Ben");
    world.pass(2_000);
    let times = Times { ring_callee_ms: 3_000, ..Times::default() };
    set(&mut world, 1, "times.ring_callee_ms", Setting::Times(times));
    assert_eq!(world.states(1).last(), Some(&CallState::Incoming));
    world.pass(1_100);
    assert_eq!(world.reason(1).as_deref(), Some("no_answer"));
}

#[test]
fn the_longest_call_can_be_set_in_a_call() {
    let mut world = acquainted(&["Ada", "Ben"]);
    active(&mut world);
    world.pass(5_000);
    set(&mut world, 0, "max_call_duration_ms", Setting::Times(Times { max_call_ms: Some(2_000), ..Times::default() }));
    world.pass(1);
    for n in 0..2 {
        assert_eq!(world.reason(n).as_deref(), Some("max_duration"));
    }
}

#[test]
fn do_not_disturb_and_busy_in_call_count_from_the_next_call_on() {
    let mut world = acquainted(&["Ada", "Ben", "Cem"]);
    set(&mut world, 1, "do_not_disturb", Setting::DoNotDisturb(true));
    offer(&mut world, 0, "Ben");
    world.pass(100);
    assert_eq!(world.reason(0).as_deref(), Some("busy"));
    set(&mut world, 1, "do_not_disturb", Setting::DoNotDisturb(false));
    offer(&mut world, 0, "Ben");
    assert_eq!(world.states(1).last(), Some(&CallState::Incoming));
    accept(&mut world, 1);
    set(&mut world, 1, "busy_in_call", Setting::BusyInCall(true));
    offer(&mut world, 2, "Ben");
    world.pass(100);
    assert_eq!(world.reason(2).as_deref(), Some("busy"));
    hang_up(&mut world, 0);
}

#[test]
fn a_new_name_stands_in_the_next_card_and_after_a_restart() {
    let mut world = acquainted(&["Ada", "Ben"]);
    let before = card(&mut world, 0);
    set(&mut world, 0, "name", Setting::Name("Adelheid".into()));
    let after = card(&mut world, 0);
    assert_ne!(before, after);
    let setup = Setup { rows: world.rows(0), ..Setup::default() };
    let (core, _) = Core::new(setup, world.now(), &mut rng("again")).unwrap();
    assert_eq!(core.own.name(), "Adelheid");
}
