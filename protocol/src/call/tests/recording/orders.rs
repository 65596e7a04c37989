//! Two sides and a network between them.

use super::*;
use crate::call::recording::Voice;
use crate::call::tests::world::World;

/// Two talk; the recorder is node 0.
fn recorded_world(seed: &str) -> (World, CallId) {
    let mut world = World::new(&[(1, 1), (2, 2)], seed);
    let id = world.talking();
    world.command(0, CallCommand::Record(RecordCommand::Start { call: None, to: None }));
    world.run(100);
    world.command(1, CallCommand::Record(RecordCommand::Accept { call: None }));
    world.run(100);
    (world, id)
}

fn writes(world: &World, of: u8) -> bool {
    world.nodes[0].desk.written().iter().any(|voice| matches!(voice, Voice::Of(who, _) if *who == device(of)))
}

#[test]
fn two_sides_agree_on_it_over_a_network() {
    let (mut world, id) = recorded_world("agree");
    assert!(writes(&world, 2));
    assert!(world.nodes[1].desk.info(id).unwrap().participants[0].recording);
    world.command(1, CallCommand::Record(RecordCommand::Refuse { call: None }));
    world.run(15);
    assert!(!writes(&world, 2), "over ctl: one way");
    world.command(0, CallCommand::Record(RecordCommand::Stop));
    world.run(100);
    assert!(!world.nodes[1].desk.info(id).unwrap().participants[0].recording);
}

#[test]
fn consent_is_taken_back_over_the_pair_if_media_stand_still_and_over_ctl_if_signals_do() {
    for signals in [true, false] {
        let (mut world, _) = recorded_world("one way");
        world.rules.signals = signals;
        world.set_media(!signals);
        world.command(1, CallCommand::Record(RecordCommand::Refuse { call: None }));
        world.run(100);
        assert!(!writes(&world, 2), "signals: {signals}");
    }
}

/// Orders that one run tries.
const ORDERS: u32 = 150;

#[test]
#[expect(clippy::print_stdout, reason = "a failure can be repeated only by who knows its seed")]
fn no_voice_is_written_without_consent_in_any_order_of_events() {
    let seed = std::env::var("AHOY_FUZZ_SEED").unwrap_or_else(|_| {
        let mut bytes = [0; 4];
        getrandom::fill(&mut bytes).unwrap();
        u32::from_le_bytes(bytes).to_string()
    });
    println!("seed: AHOY_FUZZ_SEED={seed}");
    let (mut written, mut silent) = (0, 0);
    for order in 0..ORDERS {
        let mut world = World::new(&[(1, 1), (2, 2)], &format!("{seed} {order}"));
        let id = world.talking();
        world.rules.jitter_ms = 200;
        world.rules.resend_one_in = 4;
        for _ in 0..40 {
            step(&mut world, id);
            let ms = u64::from(world.below(4_000));
            world.run(ms);
            if world.state(0, id).is_none_or(|state| state == crate::control::CallState::Ended) {
                break;
            }
        }
        world.rules.signals = true;
        world.set_media(true);
        world.run(90_000);
        // Once nothing is on its way, the recorder writes whom agreed, as both see it.
        for (at, other) in [(0, 1), (1, 0)] {
            let (Some(info), Some(theirs)) = (world.nodes[at].desk.info(id), world.nodes[other].desk.info(id)) else {
                continue;
            };
            if info.ended_at_ms.is_some() || theirs.ended_at_ms.is_some() {
                continue;
            }
            let recorded = info.participants[0].recorded;
            assert!(
                !recorded || theirs.participants[0].recording,
                "seed {seed}, order {order}: {other} is not shown it"
            );
            if recorded { written += 1 } else { silent += 1 }
        }
    }
    assert!(written > 5 && silent > 5, "{written} and {silent}: both happened");
}

/// Something happens; what is written is looked at after every single input, by `recorded`.
fn step(world: &mut World, id: CallId) {
    let node = world.below(2) as usize;
    let record = |command| CallCommand::Record(command);
    match world.below(12) {
        0 | 1 => world.command(node, record(RecordCommand::Start { call: Some(id), to: None })),
        2 => world.command(node, record(RecordCommand::Stop)),
        3..6 => world.command(node, record(RecordCommand::Accept { call: None })),
        6 => world.command(node, record(RecordCommand::Refuse { call: None })),
        7 => world.command(node, CallCommand::Hold { call: Some(id) }),
        8 => world.command(node, CallCommand::Resume { call: Some(id) }),
        9 => {
            let pass = world.below(3) > 0;
            world.set_media(pass);
        }
        10 => world.rules.signals = world.below(3) > 0,
        _ => world.command(node, CallCommand::Mute { call: None }),
    }
}
