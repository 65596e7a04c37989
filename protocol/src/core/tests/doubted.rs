//! What was heard of a device before it was revoked: it is passed on by nobody, and nothing that a person did is undone
//! or lost for it.

use super::linking::{ben_with_two, link, revoke};
use super::requests::block;
use super::revocation::{names, rename};
use super::world::World;
use crate::control::{ContactCommand, RenameContactParams};
use crate::core::input::Command;

/// The three devices of Ben, the third of which is away.
fn third_is_away() -> (World, usize) {
    let mut world = ben_with_two();
    let third = world.join("third");
    link(&mut world, 1, third, false);
    world.pass(120_000);
    leave(&mut world, third);
    (world, third)
}

fn leave(world: &mut World, n: usize) {
    world.part(1 << n);
    for other in 0..world.nodes.len() {
        if other != n {
            world.disconnect(n, other);
        }
    }
    world.run();
}

fn back(world: &mut World, n: usize) {
    let params = RenameContactParams { contact: "Eve".into(), name: "Ada".into() };
    world.ask(n, Command::Contact(ContactCommand::Rename(params))).unwrap();
}

fn ada_is_blocked(world: &World, n: usize) -> bool {
    world.nodes[n].core.contact_infos().iter().any(|contact| contact.name == "Ada" && contact.blocked)
}

#[test]
fn what_the_device_that_revokes_had_heard_itself_is_passed_on_by_nobody() {
    let (mut world, third) = third_is_away();
    rename(&mut world, 2, "Eve");
    world.pass(1_000);
    assert_eq!(names(&world, 1), ["Eve"]);
    revoke(&mut world, 1, 2).unwrap();
    world.kill(2);
    world.heal();
    world.pass(600_000);
    assert_eq!(names(&world, third), ["Ada"]);
    back(&mut world, 1);
    world.pass(5_000);
    assert_eq!((names(&world, 1), names(&world, third)), (vec!["Ada".to_owned()], vec!["Ada".to_owned()]));
}

#[test]
fn a_block_is_told_although_a_revoked_device_had_dated_its_own_change_ahead() {
    let mut world = ben_with_two();
    let third = world.join("third");
    link(&mut world, 1, third, false);
    world.pass(120_000);
    world.nodes[2].skew_ms = 500_000;
    rename(&mut world, 2, "Eve");
    world.pass(5_000);
    assert_eq!(names(&world, third), ["Eve"]);
    revoke(&mut world, 1, 2).unwrap();
    world.kill(2);
    back(&mut world, 1);
    block(&mut world, 1, "Ada");
    world.pass(10_000);
    assert!(ada_is_blocked(&world, 1) && ada_is_blocked(&world, third));
}

#[test]
fn an_older_change_lets_nobody_in_who_was_blocked_at_a_device_that_may_have_been_revoked() {
    let (mut world, third) = third_is_away();
    rename(&mut world, third, "Ada");
    world.pass(1_000);
    block(&mut world, 2, "Ada");
    world.pass(1_000);
    assert!(ada_is_blocked(&world, 1));
    revoke(&mut world, 1, 2).unwrap();
    world.kill(2);
    world.heal();
    world.pass(600_000);
    assert!(ada_is_blocked(&world, 1), "also after a word of a device that did not know of the block");
    world.restart(1, "Ben");
    world.pass(120_000);
    assert!(ada_is_blocked(&world, 1), "and after a restart");
}
