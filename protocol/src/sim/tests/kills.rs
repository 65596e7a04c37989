//! A kill at every write of the store, in the story of a call.

use std::collections::BTreeMap;

use super::rejoin::{NAMES, rang, settled};
use crate::control::CallCommand;
use crate::core::effect::{StoreCommand, Table};
use crate::core::tests::calls::{accept, command, hang_up, offer};
use crate::core::tests::contacts::acquainted;
use crate::sim::nonces::Nonces;
use crate::sim::world::World;

/// What a store holds after the first so many writes.
fn rows_after(written: &[Vec<StoreCommand>]) -> BTreeMap<(Table, Vec<u8>), Vec<u8>> {
    let mut rows = BTreeMap::new();
    for command in written.iter().flatten() {
        match command {
            StoreCommand::Put { table, key, value } => drop(rows.insert((*table, key.clone()), value.clone())),
            StoreCommand::Delete { table, key } => drop(rows.remove(&(*table, key.clone()))),
            StoreCommand::History(_) | StoreCommand::ForgetHistory => {}
        }
    }
    rows
}

/// Ada and Ben talk, and one mutes, holds, resumes and hangs up; so far.
fn story(steps: usize) -> World {
    let mut world = acquainted(&NAMES);
    let told: [&dyn Fn(&mut World); 7] = [
        &|world| drop(offer(world, 0, "Ben")),
        &|world| accept(world, 1),
        &|world| world.pass(6_000),
        &|world| command(world, 0, CallCommand::Mute { call: None }),
        &|world| command(world, 0, CallCommand::Hold { call: None }),
        &|world| command(world, 0, CallCommand::Resume { call: None }),
        &|world| hang_up(world, 1),
    ];
    told.iter().take(steps).for_each(|step| step(&mut world));
    world
}

#[test]
fn a_kill_at_any_write_of_the_journal_leaves_a_start_that_works_and_rings_nothing() {
    let mut starts = 0;
    for steps in 0..=7 {
        for killed in [0, 1] {
            let writes = story(steps).nodes[killed].written.len();
            // What was written last may not be on the disk yet.
            for on_disk in writes.saturating_sub(4)..=writes {
                let mut world = story(steps);
                let before = [rang(&world, 0), rang(&world, 1)];
                world.kill(killed);
                world.nodes[killed].rows = rows_after(&world.nodes[killed].written[..on_disk]);
                world.nodes[killed].written.truncate(on_disk);
                world.nodes[killed].lines.clear();
                let kept = world.nodes[killed].written.iter().flatten().filter_map(|command| match command {
                    StoreCommand::History(line) => Some((**line).clone()),
                    StoreCommand::Put { .. } | StoreCommand::Delete { .. } | StoreCommand::ForgetHistory => None,
                });
                let kept: Vec<_> = kept.collect();
                world.nodes[killed].lines = kept;
                world.restart(killed, NAMES[killed]);
                world.pass(10_000);
                assert_eq!([rang(&world, 0), rang(&world, 1)], before, "{steps} steps, {on_disk} of {writes} writes");
                // Who could not know of it may have missed it, once.
                assert!(world.missed(0) == 0 && world.missed(1) <= 1);
                if (2..=6).contains(&steps) && on_disk == writes {
                    assert_eq!((world.nodes[0].core.calls(), world.nodes[1].core.calls()), (1, 1), "{steps} steps");
                }
                for n in 0..2 {
                    if world.nodes[n].core.calls() > 0 {
                        hang_up(&mut world, n);
                    }
                }
                settled(&mut world);
                starts += 1;
            }
        }
    }
    println!("{starts} starts");
}

#[test]
fn a_nonce_that_is_used_twice_under_one_key_is_noticed() {
    let mut frame = vec![0; 256];
    for (kind, at) in [(0x11, 14), (0x21, 20), (0x31, 17), (0x41, 37)] {
        let mut nonces = Nonces::default();
        (frame[1], frame[200]) = (kind, 0);
        assert_eq!(nonces.take(b"topic", &frame), Ok(()));
        frame[at] ^= 1;
        assert_eq!(nonces.take(b"topic", &frame), Ok(()), "another key or nonce");
        frame[200] = 1;
        assert_eq!(nonces.take(b"topic", &frame), Err(kind), "the same, and other bytes");
        // An answer goes again as it is; frames of pairs and calls never do.
        let again = nonces.take(b"topic", &frame);
        assert_eq!(again.is_ok(), kind <= 0x21, "{kind:#x}");
        frame[at] ^= 1;
    }
}
