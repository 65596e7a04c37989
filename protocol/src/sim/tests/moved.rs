//! Calls of whole devices that lose their connections, move to other addresses, or sleep.

use super::partition::talking;
use crate::control::CallState;
use crate::core::input::{Input, NetEvent};
use crate::limits::DIALS_A_MINUTE;
use crate::sim::world::{World, address};

/// An address that nobody knows yet: 127.0.0.9, port 4009.
const ELSEWHERE: [u8; 8] = [4, 127, 0, 0, 9, 6, 0x0f, 0xa9];

/// When a node wanted fresh dials, and whether it knew its connection to be dead.
fn redials(world: &World, n: usize) -> Vec<(u64, bool)> {
    world.network.redials.iter().filter(|(_, by, _)| *by == n).map(|(at_ms, _, lost)| (*at_ms, *lost)).collect()
}

#[test]
fn while_a_call_reconnects_its_device_is_dialled_each_second_however_long_that_takes() {
    let mut world = talking();
    world.part(0b01);
    let began_ms = world.now_ms;
    world.pass(6_000);
    world.disconnect(0, 1);
    world.pass(34_000);
    for n in 0..2 {
        let wanted = redials(&world, n);
        let at: Vec<u64> = wanted.iter().map(|(at_ms, _)| at_ms - began_ms).collect();
        assert_eq!(at, (2..=40).map(|second| second * 1_000).collect::<Vec<u64>>(), "from the silence of 2 s on");
        assert!(at.len() > usize::from(DIALS_A_MINUTE), "beside what contacts are dialled otherwise");
        assert!(wanted.iter().all(|(_, lost)| !lost), "whether a connection lives is not ours to say");
    }
    world.heal();
    assert!(world.pass_until(1_100, |world| world.connections.contains(&(0, 1))), "within the next second");
    world.pass(3_000);
    assert_eq!(world.states(0).last(), Some(&CallState::Active));
    let before = redials(&world, 0).len();
    world.pass(10_000);
    assert_eq!(redials(&world, 0).len(), before, "and then no more");
}

#[test]
fn a_device_that_moves_knows_its_connections_dead_and_tells_its_contacts_where_it_is() {
    let mut world = talking();
    world.input(0, Input::Net(NetEvent::Listening(vec![ELSEWHERE.to_vec()])));
    let now_ms = world.now_ms;
    assert_eq!(redials(&world, 0), [(now_ms, true)]);
    assert_eq!(world.network.probes, [(now_ms, 0)]);
    world.pass(5_000);
    assert_eq!(world.states(0).last(), Some(&CallState::Active), "a link that works is left alone");
    let ada = world.device(0);
    let known = world.nodes[1].core.dialable_addresses(&ada);
    assert_eq!(known, [ELSEWHERE.to_vec()]);
}

#[test]
fn an_address_more_makes_no_connection_doubtful() {
    let mut world = talking();
    world.input(0, Input::Net(NetEvent::Listening(vec![address(0), ELSEWHERE.to_vec()])));
    assert_eq!(redials(&world, 0), []);
    assert_eq!(world.network.probes, []);
}

#[test]
fn a_sleep_shows_in_the_clocks_and_everything_is_looked_at_when_it_ends() {
    let mut world = talking();
    world.pass(1_500);
    assert_eq!(world.network.probes, []);
    // The monotonic clock stood still meanwhile.
    world.nodes[0].skew_ms += 600_000;
    world.pass(1_000);
    assert_eq!(world.network.probes.len(), 1, "once");
    assert_eq!(redials(&world, 0).len(), 1);
    world.pass(5_000);
    for n in 0..2 {
        assert_eq!(world.states(n).last(), Some(&CallState::Active));
    }
    assert_eq!(redials(&world, 0).len(), 1);
}

#[test]
fn a_clock_that_is_put_back_or_a_little_forward_is_no_sleep() {
    let mut world = talking();
    for step_ms in [-600_000, 4_000, -1] {
        world.nodes[0].skew_ms += step_ms;
        world.pass(1_000);
    }
    assert_eq!(world.network.probes, []);
}
