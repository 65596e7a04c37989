//! Bytes without a key: every length, every kind of head, every topic.

use super::super::calls::{active, hang_up};
use super::super::contacts::acquainted;
use super::mallory::Mallory;
use super::{BEN, is_silence, picture, refused, throw};
use crate::sim::dice::{Dice, size};
use crate::sim::world::World;
use crate::topic::Topic;
use crate::wire::envelope::SIZES;

/// Bytes: the longest payload; gossip itself takes no longer ones.
const LENGTH_MAX: usize = 16_384;
/// Fills of each length, unless `AHOY_JUNK_FILLS` says otherwise (the bar is 100, a release run).
const FILLS: usize = 2;
/// Random envelopes, unless `AHOY_JUNK_ENVELOPES` says otherwise (a release run: 10^7).
const ENVELOPES: usize = 100_000;

/// Ben talks with Ada, Mallory's call rings, and everything is settled.
fn busy() -> World {
    let mut world = acquainted(&["Ada", "Ben"]);
    active(&mut world);
    let mut mallory = Mallory::new("Mallory");
    mallory.befriend(&mut world);
    mallory.ring(&mut world);
    world.pass(100);
    world
}

/// Every topic that Ben holds, and one that he doesn't.
fn topics(world: &World) -> Vec<Topic> {
    world.nodes[BEN].topics.iter().copied().chain([Topic([b'a'; 32])]).collect()
}

/// Nothing has happened to Ben but counts, and the call goes on.
fn is_untouched(world: &mut World, before: &(String, Vec<u8>), counted: u64) {
    assert_eq!(picture(world), *before);
    assert_eq!(refused(world), counted, "each was counted once");
    hang_up(world, 0);
    assert_eq!(world.reason(BEN).as_deref(), Some("hung_up"), "the call lived");
}

#[test]
fn payloads_of_every_length_do_nothing() {
    let mut dice = Dice::from_environment();
    let fills = size("AHOY_JUNK_FILLS", FILLS);
    println!("{fills} fills of each length 0..={LENGTH_MAX}");
    let mut world = busy();
    let (topics, before, counted) = (topics(&world), picture(&world), refused(&world));
    let mut source = vec![0; 2 * LENGTH_MAX];
    for fill in 0..fills {
        dice.fill(&mut source);
        for length in 0..=LENGTH_MAX {
            let from = dice.below(LENGTH_MAX);
            let mut data = source[from..from + length].to_vec();
            // Half of them begin as a message would.
            if fill % 2 == 1 && length > 1 {
                data[..2].copy_from_slice(&[1, [0x11, 0x21, 0x31, 0x41][dice.below(4)]]);
            }
            let topic = topics[dice.below(topics.len())];
            let effects = throw(&mut world, topic, data);
            assert!(is_silence(&effects), "{length} bytes: {effects:?}");
        }
    }
    let counted = counted + (fills * (LENGTH_MAX + 1)) as u64;
    is_untouched(&mut world, &before, counted);
}

#[test]
fn random_envelopes_do_nothing() {
    let mut dice = Dice::from_environment();
    let envelopes = size("AHOY_JUNK_ENVELOPES", ENVELOPES);
    println!("{envelopes} random envelopes");
    let mut world = busy();
    let (topics, before, counted) = (topics(&world), picture(&world), refused(&world));
    let mut source = vec![0; 1 << 16];
    for round in 0..envelopes {
        if round % 10_000 == 0 {
            dice.fill(&mut source);
        }
        let size = SIZES[dice.below(SIZES.len())];
        let from = dice.below(source.len() - size);
        let mut data = source[from..from + size].to_vec();
        data[..2].copy_from_slice(&[1, [0x11, 0x11, 0x21, 0x31, 0x41][dice.below(5)]]);
        let topic = topics[dice.below(topics.len())];
        let effects = throw(&mut world, topic, data);
        assert!(is_silence(&effects), "{effects:?}");
    }
    let core = &world.nodes[BEN].core;
    for check in [ahoy_crypto::Check::TYPE, ahoy_crypto::Check::TOPIC, ahoy_crypto::Check::HINT] {
        println!("{check}: {}", core.refusals().of(check));
        assert!(core.refusals().of(check) > 0, "{check} has refused some of it");
    }
    is_untouched(&mut world, &before, counted + envelopes as u64);
}
