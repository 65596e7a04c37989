//! Pipelines change while sound runs: what is heard, and what it costs the thread that it runs on.

#![expect(clippy::print_stdout, reason = "the largest step is a figure of docs/quality.md")]

use std::sync::mpsc::{Receiver, sync_channel};

use super::*;
use crate::{
    pipeline::{Kind, Manifest, Place},
    processing::test_sounds::{noise, tone},
    test_alloc::allocations,
};

type Spent = Receiver<Box<Live>>;

/// A bin, and its other end.
fn open_bin() -> (SyncSender<Box<Live>>, Spent) {
    sync_channel(PIPELINES_SPENT)
}

/// A pipeline of one node after the other, each as `"type": "..", "params": {..}`.
fn chain(nodes: &[&str]) -> Pipeline {
    let named: Vec<String> = nodes.iter().enumerate().map(|(n, node)| format!(r#"{{"id": "n{n}", {node}}}"#)).collect();
    let stops = (0..nodes.len()).map(|n| format!("n{n}"));
    let stops: Vec<String> = std::iter::once("input".into()).chain(stops).chain(["output".into()]).collect();
    let edges: Vec<String> =
        stops.windows(2).map(|pair| format!(r#"{{"from": "{}", "to": "{}"}}"#, pair[0], pair[1])).collect();
    let text = format!(r#"{{"nodes": [{}], "edges": [{}]}}"#, named.join(","), edges.join(","));
    Pipeline::at(&Manifest::parse(&text).unwrap(), Place::Participant).unwrap()
}

/// Pipelines that change what is heard in every way there is.
const CHAINS: [&[&str]; 8] = [
    &[r#""type": "gain", "params": {"gain_db": -20}"#],
    &[r#""type": "gain", "params": {"gain_db": -60}"#],
    &[r#""type": "delay", "params": {"delay_ms": 100.01}"#],
    &[r#""type": "high_pass", "params": {"cutoff_hz": 300}"#],
    &[r#""type": "compressor", "params": {"threshold_db": -30}"#],
    &[r#""type": "resample", "params": {"rate_hz": 16000}"#, r#""type": "level_meter""#],
    &[r#""type": "noise_gate""#, r#""type": "delay", "params": {"delay_ms": 3}"#],
    &[],
];

#[test]
fn one_chain_goes_over_into_another_without_a_click() {
    let sound = tone(440.0, 0.5, 10 * 48_000);
    for (blocks, length) in [(Blocks::Whole, 2 * PIECE), (Blocks::Any, 200)] {
        let ((bin, spent), mut slot) = (open_bin(), Slot::new(blocks));
        let mut heard = Vec::new();
        for (n, block) in sound.chunks_exact(length).enumerate() {
            // Ten times a second: also while one still warms.
            if n.is_multiple_of(4_800 / length) {
                let which = CHAINS[(n * length / 4_800 * 3) % (CHAINS.len() + 1) % CHAINS.len()];
                let live = (!which.is_empty()).then(|| Live::new(chain(which), bin.clone()));
                if slot.is_free() {
                    slot.switch(live);
                }
            }
            let mut block = block.to_vec();
            slot.process(&mut block);
            heard.extend(block);
        }
        let step = |sound: &[f32]| sound.windows(2).map(|two| (two[1] - two[0]).abs()).fold(0.0, f32::max);
        let (own, largest) = (step(&sound), step(&heard));
        println!(
            "{blocks:?}: largest step {largest:.5}, the tone's own {own:.5}, {} changes",
            spent.try_iter().count()
        );
        // What a fade of 10 ms adds, of two sounds that are at most twice the tone apart.
        assert!(largest < own + 1.0 / FADE as f32, "{blocks:?}: a step of {largest}, the tone's own is {own}");
    }
}

#[test]
fn neither_a_pipeline_nor_its_change_allocates_on_the_audio_thread() {
    let sound = noise(7, 0.5, 2 * PIECE);
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::WavTap) {
        let node = format!(r#""type": "{}""#, kind.word());
        for blocks in [Blocks::Whole, Blocks::Any] {
            let ((bin, spent), mut slot) = (open_bin(), Slot::new(blocks));
            let mut lives: Vec<Option<Box<Live>>> =
                (0..3).map(|_| Some(Live::new(chain(&[&node]), bin.clone()))).chain([None]).collect();
            let mut block: Vec<f32> = sound.clone();
            let counted = allocations(|| {
                for live in &mut lives {
                    slot.switch(live.take());
                    for n in 0..40 {
                        block.copy_from_slice(&sound);
                        slot.process(&mut block);
                        if n == 20 {
                            slot.forget();
                        }
                    }
                    assert!(slot.is_free());
                }
            });
            assert_eq!(counted, 0, "{kind:?}, {blocks:?}");
            assert_eq!(spent.try_iter().count(), 3, "all three are taken apart elsewhere");
        }
    }
}

#[test]
fn a_tap_of_live_sound_allocates_nothing_and_is_written_by_a_thread_of_its_own() {
    let dir = std::env::temp_dir().join(format!("ahoy-live-tap-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let path = dir.join("tap.wav");
    let text = format!(
        r#"{{"nodes": [{{"id": "tap", "type": "wav_tap", "params": {{"path": {path:?}}}}}],
            "edges": [{{"from": "input", "to": "tap"}}, {{"from": "tap", "to": "output"}}]}}"#
    );
    let manifest = Manifest::parse(&text).unwrap();
    assert_eq!(
        Pipeline::at(&manifest, Place::Participant).err().map(|error| error.word()),
        Some("tap_refused"),
        "what others say is written down by a recording, which asks them"
    );
    let (bin, spent) = open_bin();
    let mut slot = Slot::new(Blocks::Whole);
    slot.switch(Some(Live::new(Pipeline::at(&manifest, Place::Capture).unwrap(), bin)));
    slot.rest();
    let sound = tone(440.0, 0.5, 48_000);
    let mut block = sound.clone();
    assert_eq!(allocations(|| slot.process(&mut block)), 0);
    assert_eq!(block, sound);
    slot.switch(None);
    slot.rest();
    drop(spent);
    let mut written = Vec::new();
    while written.len() < sound.len() {
        std::thread::yield_now();
        let reader = hound::WavReader::open(&path);
        written = reader.map_or_else(|_| Vec::new(), |reader| reader.into_samples::<i16>().flatten().collect());
    }
    std::fs::remove_dir_all(&dir).unwrap();
    assert_eq!(written.len(), sound.len());
    assert!(written.iter().zip(&sound).all(|(w, s)| (f32::from(*w) / 32_767.0 - s).abs() < 1e-4));
}

#[test]
fn without_a_pipeline_sound_passes_bit_for_bit_and_with_one_in_blocks_it_is_10_ms_later() {
    let sound = noise(3, 0.2, 48_000);
    let (bin, _spent) = open_bin();
    let run = |blocks: Blocks, length: usize, node: Option<&str>| {
        let mut slot = Slot::new(blocks);
        if let Some(node) = node {
            slot.switch(Some(Live::new(chain(&[node]), bin.clone())));
            slot.rest();
        }
        let mut heard = sound.clone();
        heard.chunks_mut(length).for_each(|block| slot.process(block));
        (heard, slot.delay())
    };
    assert_eq!(run(Blocks::Any, 123, None), (sound.clone(), 0));
    let node = Some(r#""type": "high_pass""#);
    let (whole, delay) = run(Blocks::Whole, 960, node);
    assert_eq!(delay, 0);
    for length in [96, 480, 777] {
        let (blocks, delay) = run(Blocks::Any, length, node);
        assert_eq!(delay, PIECE);
        assert!(blocks[..PIECE].iter().all(|sample| *sample == 0.0));
        assert_eq!(blocks[PIECE..], whole[..whole.len() - PIECE], "blocks of {length}");
    }
}

#[test]
fn what_warms_is_unheard_and_gives_way_to_a_newer_one_at_once() {
    let ((bin, spent), mut slot) = (open_bin(), Slot::new(Blocks::Whole));
    let late = r#""type": "delay", "params": {"delay_ms": 500}"#;
    slot.switch(Some(Live::new(chain(&[late]), bin.clone())));
    let mut block = [0.25; 2 * PIECE];
    slot.process(&mut block);
    assert_eq!(block, [0.25; 2 * PIECE], "what it holds back is not there yet");
    assert!(slot.is_free() && slot.delay() == 0);
    slot.switch(Some(Live::new(chain(&[r#""type": "gain", "params": {"gain_db": -60}"#]), bin)));
    assert_eq!(spent.try_iter().count(), 1);
    slot.process(&mut block);
    assert!(block[..PIECE].windows(2).all(|two| two[1] < two[0]), "it fades in over 10 ms");
    assert!(block[PIECE..].iter().all(|sample| (sample - 0.000_25).abs() < 1e-6));
}

#[test]
fn nothing_of_before_leaves_after_it_is_to_be_forgotten_and_what_comes_then_is_whole() {
    for nodes in CHAINS.into_iter().filter(|nodes| !nodes.is_empty()) {
        for blocks in [Blocks::Whole, Blocks::Any] {
            let ((bin, _spent), mut slot) = (open_bin(), Slot::new(blocks));
            slot.switch(Some(Live::new(chain(nodes), bin.clone())));
            slot.rest();
            // One that is heard, and one that warms beside it.
            slot.switch(Some(Live::new(chain(&[r#""type": "delay", "params": {"delay_ms": 80}"#]), bin)));
            noise(5, 0.5, 48_000 / 25).chunks(PIECE).for_each(|block| slot.process(&mut block.to_vec()));
            slot.forget();
            let mut silence = vec![0.0; 24_000];
            silence.chunks_mut(PIECE).for_each(|block| slot.process(block));
            assert!(silence.iter().all(|sample| *sample == 0.0), "{nodes:?}, {blocks:?}");
        }
    }
}
