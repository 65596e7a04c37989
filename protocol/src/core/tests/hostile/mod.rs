//! Everything that somebody may throw at a whole device: junk, damage, replays, and a contact who seals whatever they
//! like with proper keys.
#![expect(clippy::print_stdout, reason = "counts, and sizes that a variable makes larger, belong into the output")]

mod bodies;
mod contact;
mod directed;
mod doors;
mod flips;
mod inside_calls;
mod junk;
mod mad;
mod mallory;
mod replay;
mod shapes;

use crate::core::effect::{Acceptance, Effect, NetCommand};
use crate::core::input::{Input, MessageRef};
use crate::sim::world::World;
use crate::topic::Topic;

/// The node that everything is thrown at.
const BEN: usize = 1;

impl crate::core::Core {
    /// Entries of all maps and queues that what comes from outside may fill.
    fn entries(&self) -> usize {
        self.session.entries() + self.ledger.entries() + self.links.entries() + self.shown.len() + self.tellings.len()
    }
}

/// Hands a gossip message to Ben, and gives what Ben does.
fn throw(world: &mut World, topic: Topic, data: Vec<u8>) -> Vec<Effect> {
    let message = MessageRef { id: Vec::new(), through: crate::ids::DeviceId([0; 32]) };
    let (now, node) = (world.now(), &mut world.nodes[BEN]);
    node.core.handle(Input::Sealed { topic, data, message }, now, &mut node.random)
}

/// All that happened is that the message isn't passed on.
fn is_silence(effects: &[Effect]) -> bool {
    matches!(effects, [Effect::Net(NetCommand::Verdict { acceptance: Acceptance::Ignore, .. })])
}

/// How much Ben has refused.
fn refused(world: &World) -> u64 {
    world.nodes[BEN].core.refusals().iter().map(|(_, count)| count).sum()
}

/// What a frontend would see of Ben, and what Ben would store.
fn picture(world: &World) -> (String, Vec<u8>) {
    let core = &world.nodes[BEN].core;
    let rows = core.contacts.iter().flat_map(|contact| contact.row()).chain(core.own.row());
    (format!("{:?}", core.snapshot(world.now())), rows.collect())
}
