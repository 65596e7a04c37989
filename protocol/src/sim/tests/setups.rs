//! Set-ups over a bad network: how many ring, and how soon.

use crate::control::CallState;
use crate::core::tests::calls::offer;
use crate::core::tests::contacts::acquainted;
use crate::sim::dice::{Dice, size};
use crate::sim::network::Faults;
use crate::sim::world::{Rows, World};

/// The network of the bar: 30 % are lost, half come twice, a fifth up to 2 s late.
const BAD: Faults = Faults { delay_ms: 20, jitter_ms: 30, lost: 30, doubled: 50, late: 20, late_ms: 2_000 };

/// Set-ups in every test run; `AHOY_SETUPS` makes it more.
const SETUPS: usize = 40;

/// What became of one set-up, ms from `call.offer`; none if it never was so.
struct SetUp {
    /// It rings there.
    there_ms: Option<u64>,
    /// The caller sees that it does.
    here_ms: Option<u64>,
}

/// Stores of two contacts that have met.
fn stores() -> [Rows; 2] {
    let world = acquainted(&["Ada", "Ben"]);
    [world.rows(0), world.rows(1)]
}

/// Two daemons that have just met again, and then a call over the bad network.
fn set_up(stores: &[Rows; 2], seed: u64) -> SetUp {
    let mut world = World::of(&[("Ada", stores[0].clone()), ("Ben", stores[1].clone())]);
    world.pass(1_000);
    world.network.suffer(BAD, seed);
    let from_ms = world.now_ms;
    offer(&mut world, 0, "Ben");
    let rings = |n: usize, state: CallState| move |world: &World| world.states(n).contains(&state);
    let mut until = |is_so: &dyn Fn(&World) -> bool| {
        let left_ms = (from_ms + 60_000).saturating_sub(world.now_ms);
        world.pass_until(left_ms, is_so).then(|| world.now_ms - from_ms)
    };
    let there_ms = until(&rings(1, CallState::Incoming));
    let here_ms = until(&rings(0, CallState::Ringing));
    SetUp { there_ms, here_ms }
}

/// The smallest that so many of a hundred don't exceed.
fn percentile(sorted: &[u64], hundredths: usize) -> u64 {
    sorted[(sorted.len() * hundredths).div_ceil(100).clamp(1, sorted.len()) - 1]
}

#[test]
fn of_set_ups_over_a_bad_network_nearly_all_ring_and_soon() {
    let mut dice = Dice::from_environment();
    let many = size("AHOY_SETUPS", SETUPS);
    let stores = stores();
    let (mut there, mut here, mut silent) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..many {
        let seed = dice.draw();
        let SetUp { there_ms, here_ms } = set_up(&stores, seed);
        there.extend(there_ms);
        here.extend(here_ms);
        if here_ms.is_none() {
            silent.push(seed);
        }
    }
    there.sort_unstable();
    here.sort_unstable();
    for (what, times) in [("rings there", &there), ("the caller is told", &here)] {
        let [half, most, nearly] = [50, 95, 99].map(|hundredths| percentile(times, hundredths));
        let of = times.len();
        println!("{what}: {of} of {many}, p50 {half} ms, p95 {most} ms, p99 {nearly} ms, last {:?} ms", times.last());
    }
    assert!(here.len() * 1_000 >= many * 999, "these never rang: {silent:?}");
    // Few of them say nothing of a percentile.
    assert!(many < 1_000 || percentile(&here, 95) <= 2_500, "too slow");
}

#[test]
fn where_nothing_arrives_nothing_rings() {
    let stores = stores();
    let mut world = World::of(&[("Ada", stores[0].clone()), ("Ben", stores[1].clone())]);
    world.pass(1_000);
    world.network.suffer(Faults { lost: 100, ..BAD }, 1);
    offer(&mut world, 0, "Ben");
    world.pass(62_000);
    assert!(!world.states(1).contains(&CallState::Incoming));
    assert_eq!(world.reason(0).as_deref(), Some("no_answer"));
}
