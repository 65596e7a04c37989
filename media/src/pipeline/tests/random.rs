//! Manifests that a seed decides, right and wrong ones: nothing of them panics, and none exceeds the bounds.

#![expect(clippy::print_stdout, reason = "a failure can be repeated only by who knows its seed")]

use serde_json::{Value, json};

use super::*;
use crate::{
    limits::{PIPELINE_COST_US, PIPELINE_DELAY_MS},
    test_alloc::{allocated_bytes, allocations},
};

/// Manifests that one run tries.
const MANIFESTS: u64 = 400;

/// Numbers that a seed decides (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }

    fn share(&mut self) -> f64 {
        self.below(1 << 20) as f64 / f64::from(1 << 20)
    }
}

/// What stands for a number of this parameter: mostly one that fits.
fn number(dice: &mut Dice, parameter: &Parameter) -> Value {
    if parameter.name == "rate_hz" && dice.below(30) > 0 {
        return json!(RATES_HZ[dice.below(RATES_HZ.len())]);
    }
    let (least, most) = (f64::from(parameter.least), f64::from(parameter.most));
    match dice.below(60) {
        0 => json!(most * 2.0 + 1.0),
        1 => json!(-1e308),
        2 => json!("loud"),
        3..30 => json!(least),
        _ => json!(least + (most - least) * dice.share()),
    }
}

fn manifest(dice: &mut Dice) -> Value {
    let count = [0, 1, 3, 8, 20, 64, 70][dice.below(7)];
    let mut stops = vec!["input".to_owned()];
    let (mut nodes, mut edges) = (Vec::new(), Vec::new());
    for n in 0..count {
        let kind = Kind::ALL[dice.below(Kind::ALL.len() - 1)];
        let mut params = serde_json::Map::new();
        for parameter in kind.parameters() {
            if dice.below(3) > 0 {
                params.insert(parameter.name.to_owned(), number(dice, parameter));
            }
        }
        let word = if dice.below(200) == 0 { "magic" } else { kind.word() };
        nodes.push(json!({"id": format!("n{n}"), "type": word, "params": params}));
        // Mostly what was said last, so that whole chains come about.
        let inputs = if kind == Kind::Mix { 1 + dice.below(3) } else { 1 };
        for input in 0..inputs {
            let back = if input == 0 { 0 } else { dice.below(stops.len()) };
            edges.push(json!({"from": stops[stops.len() - 1 - back], "to": format!("n{n}")}));
        }
        stops.push(format!("n{n}"));
    }
    edges.push(json!({"from": stops.last(), "to": "output"}));
    match dice.below(12) {
        0 => drop(edges.pop()),
        1 => edges.push(json!({"from": "n0", "to": "n1"})),
        2 => edges.push(json!({"from": "nobody", "to": "output"})),
        _ => {}
    }
    json!({"nodes": nodes, "edges": edges})
}

#[test]
fn no_manifest_makes_it_panic_allocate_while_sound_runs_or_exceed_a_bound() {
    let seed = match std::env::var("AHOY_FUZZ_SEED") {
        Ok(text) => text.parse().expect("AHOY_FUZZ_SEED is a number"),
        Err(_) => getrandom::u64().unwrap(),
    };
    println!("seed: AHOY_FUZZ_SEED={seed}");
    let (mut fit, mut words) = (0, std::collections::BTreeSet::new());
    let loud = noise(seed as u32 | 1, 1.0, 4 * PIECE);
    for n in 0..MANIFESTS {
        let text = manifest(&mut Dice(seed.wrapping_add(n))).to_string();
        let told = || format!("AHOY_FUZZ_SEED={seed}, manifest {n}: {text}");
        let made = Manifest::parse(&text).and_then(|manifest| {
            let (made, bytes) = allocated_bytes(|| Pipeline::at(&manifest, Place::Participant));
            Ok((made?, bytes))
        });
        let (mut pipeline, bytes) = match made {
            Ok(made) => made,
            Err(error) => {
                words.insert(error.word());
                continue;
            }
        };
        fit += 1;
        assert!(bytes < 20_000 * PIPELINE_COST_US as u64, "{bytes} bytes; {}", told());
        assert!(pipeline.delay() <= 48 * PIPELINE_DELAY_MS + 64 * 3 * PIECE, "{}", told());
        let counted = allocations(|| {
            for piece in loud.as_chunks::<PIECE>().0 {
                let mut piece = *piece;
                pipeline.process(&mut piece);
                assert!(piece.iter().all(|sample| sample.abs() <= LOUDEST));
            }
            pipeline.forget();
        });
        assert_eq!(counted, 0, "{}", told());
        let mut piece = [0.0; PIECE];
        pipeline.process(&mut piece);
        assert!(piece.iter().all(|sample| *sample == 0.0), "it forgot something; {}", told());
    }
    println!("{fit} fit; wrong were: {words:?}");
    assert!(fit > MANIFESTS / 20 && words.len() >= 3, "both happened: {fit}, {words:?}");
}
