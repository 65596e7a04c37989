//! The same bytes again: at once, after a restart, on another topic, on another day, to another device.

use super::super::calls::{accept, command, hang_up, offer};
use super::super::contacts::acquainted;
use super::BEN;
use crate::control::{CallCommand, EventKind};
use crate::sim::world::World;
use crate::topic::Topic;

const CID: usize = 2;
const DAY_MS: u64 = 86_400_000;

fn rings(world: &World, n: usize) -> usize {
    world.nodes[n].events.iter().filter(|event| matches!(event, EventKind::IncomingCall { .. })).count()
}

/// What a person sees of calls: rings, missed calls, entries of history, of Ben and of Cid.
fn seen(world: &World) -> [(usize, usize, usize); 2] {
    [BEN, CID].map(|n| (rings(world, n), world.missed(n), world.nodes[n].history))
}

/// Ada calls Ben, who answers, declines, or doesn't notice before she gives up. Everything that was published.
fn recorded(how: usize) -> (World, Vec<(Topic, Vec<u8>)>) {
    let mut world = acquainted(&["Ada", "Ben", "Cid"]);
    let from = world.published.len();
    offer(&mut world, 0, "Ben");
    match how {
        0 => {
            accept(&mut world, BEN);
            hang_up(&mut world, 0);
        }
        1 => command(&mut world, BEN, CallCommand::Decline { call: None }),
        _ => hang_up(&mut world, 0),
    }
    world.pass(10_000);
    let all = world.published[from..].iter().map(|(_, topic, data)| (*topic, data.clone())).collect();
    (world, all)
}

/// Every message to Ben and to Cid, on the topics that `topics` names for it.
fn replay(world: &mut World, all: &[(Topic, Vec<u8>)], topics: impl Fn(&World, usize, Topic) -> Vec<Topic>) {
    let before = seen(world);
    for (topic, data) in all {
        for to in [BEN, CID] {
            for topic in topics(world, to, *topic) {
                world.deliver(0, to, topic, data.clone());
            }
        }
    }
    world.run();
    world.pass(70_000);
    assert_eq!(seen(world), before);
}

#[test]
fn nothing_that_is_replayed_rings_or_makes_a_second_entry_of_history() {
    for how in 0..3 {
        let (mut world, all) = recorded(how);
        println!("{} messages of a call", all.len());
        assert!(all.len() >= 6);
        let same = |_: &World, _: usize, topic: Topic| vec![topic];
        let every = |world: &World, to: usize, _: Topic| world.nodes[to].topics.iter().copied().collect();
        replay(&mut world, &all, same);
        replay(&mut world, &all, every);
        world.restart(BEN, "Ben");
        replay(&mut world, &all, same);
        replay(&mut world, &all, every);
        // The next day on its topics and on the old ones, then on days on which the prekey is long erased.
        for _ in 0..4 {
            world.pass(DAY_MS);
            replay(&mut world, &all, same);
            replay(&mut world, &all, every);
        }
        world.restart(BEN, "Ben");
        replay(&mut world, &all, every);
    }
}

#[test]
fn while_the_call_runs_its_own_messages_change_nothing_either() {
    let mut world = acquainted(&["Ada", "Ben", "Cid"]);
    let from = world.published.len();
    offer(&mut world, 0, "Ben");
    accept(&mut world, BEN);
    let all: Vec<_> = world.published[from..].iter().map(|(_, topic, data)| (*topic, data.clone())).collect();
    let states = world.states(BEN);
    replay(&mut world, &all, |_, _, topic| vec![topic]);
    replay(&mut world, &all, |world, to, _| world.nodes[to].topics.iter().copied().collect());
    assert_eq!(world.states(BEN), states);
    hang_up(&mut world, 0);
    assert_eq!(world.reason(BEN).as_deref(), Some("hung_up"), "the call lived");
}
