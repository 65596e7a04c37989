//! What each node does to sound, and pipelines of several.

mod random;

use super::*;
use crate::processing::test_sounds::{noise, power_db, speech_for, tone};

/// A chain of nodes, each as `type {params}`.
fn chain(nodes: &[(&str, serde_json::Value)]) -> Manifest {
    let spec = |(n, (kind, params)): (usize, &(&str, serde_json::Value))| NodeSpec {
        id: format!("n{n}"),
        kind: (*kind).into(),
        params: params.as_object().cloned().unwrap_or_default(),
    };
    let names: Vec<String> = (0..nodes.len()).map(|n| format!("n{n}")).collect();
    let stops: Vec<&str> = [INPUT].into_iter().chain(names.iter().map(String::as_str)).chain([OUTPUT]).collect();
    let edges = stops.windows(2).map(|pair| Edge { from: pair[0].into(), to: pair[1].into() }).collect();
    Manifest { nodes: nodes.iter().enumerate().map(spec).collect(), edges }
}

fn run(kind: &str, params: serde_json::Value, sound: &[f32]) -> Vec<f32> {
    Pipeline::new(&chain(&[(kind, params)])).unwrap().run(sound)
}

fn change_db(kind: &str, params: serde_json::Value, sound: &[f32]) -> f32 {
    let half = sound.len() / 2;
    power_db(&run(kind, params, sound)[half..]) - power_db(&sound[half..])
}

#[test]
fn levels_are_changed_as_asked() {
    let sound = tone(440.0, 0.25, 96_000);
    let near = |is: f32, wanted: f32| assert!((is - wanted).abs() < 0.3, "{is}, wanted {wanted}");
    near(change_db("gain", serde_json::json!({"gain_db": -12}), &sound), -12.0);
    near(change_db("high_pass", serde_json::json!({"cutoff_hz": 440}), &sound), -3.0);
    near(change_db("noise_gate", serde_json::json!({"threshold_db": -20}), &sound), 0.0);
    assert!(change_db("noise_gate", serde_json::json!({"threshold_db": -20}), &tone(440.0, 0.05, 96_000)) < -60.0);
    // Its peaks are 8 dB over the threshold: at 4 to 1 they lose 6.
    let squeezed = serde_json::json!({"threshold_db": -20, "ratio": 4, "attack_ms": 0.1, "release_ms": 1000});
    near(change_db("compressor", squeezed, &sound), -6.0);
    near(change_db("compressor", serde_json::json!({"threshold_db": -6}), &sound), 0.0);
    near(change_db("resample", serde_json::json!({"rate_hz": 8000}), &sound), 0.0);
    assert!(change_db("resample", serde_json::json!({"rate_hz": 8000}), &tone(6_000.0, 0.25, 96_000)) < -50.0);
}

#[test]
fn every_rate_gives_a_sound_back_without_a_hole_as_late_as_is_told() {
    let sound = tone(440.0, 0.25, 96_000);
    for rate_hz in RATES_HZ {
        let pipeline = Pipeline::new(&chain(&[("resample", serde_json::json!({"rate_hz": rate_hz}))])).unwrap();
        let delay = pipeline.delay();
        let heard = pipeline.run(&sound);
        let apart = heard[delay..].iter().zip(&sound).skip(2_400).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart < 0.01, "{rate_hz} Hz: off by {apart}");
    }
    for odd in [8_001, 46_842] {
        let odd = chain(&[("resample", serde_json::json!({"rate_hz": odd}))]);
        assert_eq!(Pipeline::new(&odd).err().map(|error| error.word()), Some("bad_parameter"));
    }
}

#[test]
fn voices_pass_a_vad_gate_and_noise_does_not() {
    let (spoken, hiss) = (speech_for("ada", 6), noise(1, 0.05, 6 * 48_000));
    assert!(change_db("vad_gate", serde_json::Value::Null, &spoken).abs() < 1.0);
    assert!(change_db("vad_gate", serde_json::Value::Null, &hiss) < -20.0);
    assert!(change_db("noise_suppression", serde_json::Value::Null, &noise(1, 0.01, 8 * 48_000)) < -12.0);
    let quiet: Vec<f32> = spoken.iter().cycle().take(12 * 48_000).map(|s| s * 0.05).collect();
    assert!(change_db("agc", serde_json::Value::Null, &quiet) > 10.0);
}

#[test]
fn a_sound_and_its_delayed_self_are_mixed() {
    let manifest = r#"{"nodes": [{"id": "late", "type": "delay", "params": {"delay_ms": 10}}, {"id": "sum", "type": "mix"}],
        "edges": [{"from": "input", "to": "late"}, {"from": "late", "to": "sum"}, {"from": "input", "to": "sum"},
        {"from": "sum", "to": "output"}]}"#;
    let sound = noise(3, 0.2, 4_800);
    let heard = Pipeline::new(&Manifest::parse(manifest).unwrap()).unwrap().run(&sound);
    assert_eq!(heard[..480], sound[..480]);
    assert!((480..4_800).all(|n| (heard[n] - sound[n] - sound[n - 480]).abs() < 1e-6));
}

#[test]
fn a_meter_tells_power_and_peak_without_changing_anything() {
    let sound = tone(1_000.0, 0.5, 9_600);
    let pipeline = Pipeline::new(&chain(&[("level_meter", serde_json::Value::Null)])).unwrap();
    let levels = pipeline.levels();
    assert_eq!(pipeline.run(&sound), sound);
    let (id, power_db, peak_db) = levels.read().next().unwrap();
    assert_eq!(id, "n0");
    assert!((power_db + 9.0).abs() < 0.1 && (peak_db + 6.0).abs() < 0.1, "{power_db} {peak_db}");
}

#[test]
fn a_tap_writes_what_passes_and_leaves_it_as_it_is() {
    let dir = std::env::temp_dir().join(format!("ahoy-tap-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let path = dir.join("tap.wav");
    let sound = tone(440.0, 0.5, 4_800);
    let heard = run("wav_tap", serde_json::json!({ "path": path }), &sound);
    let written: Vec<i16> = hound::WavReader::open(&path).unwrap().samples().map(Result::unwrap).collect();
    std::fs::remove_dir_all(&dir).unwrap();
    assert_eq!(heard, sound);
    assert!(written.iter().zip(&sound).all(|(w, s)| (f32::from(*w) / 32_767.0 - s).abs() < 1e-4));
    assert_eq!(written.len(), sound.len());
    let nowhere = chain(&[("wav_tap", serde_json::json!({"path": "/nowhere/at/all.wav"}))]);
    assert_eq!(Pipeline::new(&nowhere).err().map(|error| error.word()), Some("bad_parameter"));
}

#[test]
fn every_node_stands_samples_at_full_scale_and_forgets_within_its_memory() {
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::WavTap) {
        let mut pipeline = Pipeline::new(&chain(&[(kind.word(), serde_json::Value::Null)])).unwrap();
        let memory = pipeline.memory() + PIECE;
        for piece in noise(2, 1.0, 48_000).chunks_exact(PIECE) {
            pipeline.process(&mut piece.try_into().unwrap());
        }
        let silence = vec![0.0; memory + 48_000];
        let heard = pipeline.run(&silence);
        let left = heard[memory..].iter().map(|s| s.abs()).fold(0.0, f32::max);
        assert!(left < 1e-4, "{kind:?} still gives {left}");
    }
}
