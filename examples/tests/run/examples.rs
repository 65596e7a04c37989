//! Each frontend answers a call of a second daemon.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ahoy_tests::process::{Home, Setup, tell};

/// `ahoy` lies where the example lies.
fn ahoy() -> String {
    let path = Path::new(env!("CARGO_BIN_EXE_frontend")).with_file_name("ahoy");
    assert!(path.exists(), "{} is missing: `cargo build -p ahoy-cli` makes it", path.display());
    path.to_str().unwrap().to_owned()
}

/// Starts the frontend at b, calls b from a, hangs up; returns what the frontend printed.
fn answers_a_call(mut frontend: Command) -> Vec<String> {
    let (a, b) = (Home::started(&ahoy(), Setup::default()), Home::started(&ahoy(), Setup::default()));
    a.adds(&b, "b");
    b.adds(&a, "a");
    let mut child = frontend.arg(b.path()).arg("--once").stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut said = vec![lines.next().expect("it says who it is")];
    // It is connected now, and subscribes before anything else.
    let active = a.says(&["call", "b", "--wait", "active", "--timeout", "60"]).ok();
    assert_eq!(active.last()["state"], "active");
    // Each side is active when it hears the other: not at the same moment.
    while said.last().is_some_and(|line| line != "talking") {
        said.push(lines.next().unwrap_or_else(|| panic!("it ended without talking: {said:?}")));
    }
    let _ = a.says(&["hangup", "--wait", "ended", "--timeout", "10"]).ok();
    said.extend(lines);
    assert!(child.wait().unwrap().success());
    said
}

fn tells_the_story(said: &[String]) {
    assert!(said[0].starts_with("I am ahoy-"), "{said:?}");
    assert_eq!(said[1..], ["a calls", "answered", "talking", "ended: hung_up"]);
}

#[test]
fn the_frontend_in_rust_answers_a_call() {
    tells_the_story(&answers_a_call(Command::new(env!("CARGO_BIN_EXE_frontend"))));
}

#[test]
fn the_frontend_in_python_answers_a_call() {
    if Command::new("python3").arg("--version").output().is_err() {
        tell("skipped: there is no python3 here to run examples/frontend.py");
        return;
    }
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("frontend.py");
    let mut python = Command::new("python3");
    python.arg(script);
    tells_the_story(&answers_a_call(python));
}

/// A second of a tone at full loudness and a second of the same 20 dB below, as a WAV file.
fn loud_and_soft(wav: &Path) {
    let sample_format = hound::SampleFormat::Int;
    let spec = hound::WavSpec { channels: 1, sample_rate: 16_000, bits_per_sample: 16, sample_format };
    let mut writer = hound::WavWriter::create(wav, spec).unwrap();
    for n in 0..32_000_u16 {
        let peak = if n < 16_000 { 16_000.0 } else { 1_600.0 };
        let sample = (f64::from(n) * 440.0 / 16_000.0 * std::f64::consts::TAU).sin() * peak;
        writer.write_sample(sample as i16).unwrap();
    }
    writer.finalize().unwrap();
}

/// By how much the first half is louder than the second one, dB.
fn apart_db(wav: &Path) -> f64 {
    let samples = hound::WavReader::open(wav).unwrap().into_samples::<i16>();
    let samples: Vec<f64> = samples.map(|sample| f64::from(sample.unwrap())).collect();
    let power = |part: &[f64]| part.iter().map(|sample| sample * sample).sum::<f64>();
    let (loud, soft) = samples.split_at(samples.len() / 2);
    10.0 * (power(loud) / power(soft)).log10()
}

#[test]
fn the_pipeline_is_tried_on_a_file_and_set() {
    let (home, here) = (Home::started(&ahoy(), Setup::default()), Path::new(env!("CARGO_MANIFEST_DIR")));
    let (input, output) = (home.path().join("in.wav"), home.path().join("out.wav"));
    loud_and_soft(&input);
    let mut example = Command::new(env!("CARGO_BIN_EXE_pipeline"));
    example.arg(home.path()).arg(here.join("pipeline.json")).args([&input, &output]);
    let said = example.output().unwrap();
    let text = String::from_utf8(said.stdout).unwrap();
    assert!(said.status.success(), "{text}{}", String::from_utf8_lossy(&said.stderr));
    assert!(text.contains("the file is made") && text.contains("set: 0 ms later, kept: true"), "{text}");
    let (before, after) = (apart_db(&input), apart_db(&output));
    assert!((before - 20.0).abs() < 0.1 && after < 12.0, "{before} dB apart before, {after} after");
    let shown = home.says(&["pipeline", "show"]).ok();
    assert_eq!(shown.last()["levels"][0]["node"], "meter");
}
