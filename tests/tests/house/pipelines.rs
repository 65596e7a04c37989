//! docs/pipelines.md has every node with its parameters, as the code has them, and the example of the repository fits.
//!
//! `AHOY_WRITE_DOCS=1 cargo test -p ahoy-tests --test house` writes the table anew.

use std::fmt::Write as _;

use ahoy_media::limits;
use ahoy_media::pipeline::{Kind, Manifest, Place, RATES_HZ};

use crate::sources::{read, top};

const PATH: &str = "docs/pipelines.md";
const BEGIN: &str =
    "<!-- Made from the code by the test tests/tests/house/pipelines.rs: AHOY_WRITE_DOCS=1 writes it anew. -->\n";
const END: &str = "<!-- The end of it. -->\n";

/// What stands between the two marks.
fn table() -> String {
    let mut out =
        String::from("\n| node | what it does | parameters: range (default) | us |\n| --- | --- | --- | --- |\n");
    for kind in Kind::ALL {
        let numbers = kind.parameters().iter();
        let mut parameters: Vec<String> = numbers
            .map(|number| format!("`{}` {} to {} ({})", number.name, number.least, number.most, number.default))
            .collect();
        if kind == Kind::WavTap {
            parameters.push("`path`: absolute, of a file that is not there yet".to_owned());
        }
        if kind == Kind::Resample {
            let rates: Vec<String> = RATES_HZ.iter().map(u32::to_string).collect();
            parameters = vec![format!("`rate_hz` one of {} (16000)", rates.join(", "))];
        }
        let parameters = if parameters.is_empty() { "none".to_owned() } else { parameters.join("; ") };
        writeln!(out, "| `{}` | {} | {parameters} | {} |", kind.word(), kind.about(), kind.cost_us()).unwrap();
    }
    let (nodes, edges, taps) = (limits::PIPELINE_NODES, limits::PIPELINE_EDGES, limits::PIPELINE_TAPS);
    let (delay, cost) = (limits::PIPELINE_DELAY_MS, limits::PIPELINE_COST_US);
    writeln!(
        out,
        "\nAt most {nodes} nodes, {edges} edges, {taps} `wav_tap`s, {delay} ms of `delay` together, and {cost} us of work for \
         10 ms of sound: the sum of the last column.\n"
    )
    .unwrap();
    out
}

#[test]
fn the_reference_of_pipelines_says_what_the_code_does() {
    let text = read(PATH);
    let (head, rest) = text.split_once(BEGIN).expect("the first mark");
    let (_, tail) = rest.split_once(END).expect("the second mark");
    let wanted = [head, BEGIN, &table(), END, tail].concat();
    if std::env::var_os("AHOY_WRITE_DOCS").is_some() {
        std::fs::write(top().join(PATH), &wanted).unwrap();
    }
    assert_eq!(read(PATH), wanted, "run it again with AHOY_WRITE_DOCS=1");
}

#[test]
fn the_manifests_that_are_shown_can_be_used() {
    let example = read("examples/pipeline.json");
    let text = read(PATH);
    let shown = text.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut count = 0;
    for manifest in shown.chain([example.as_str()]) {
        Manifest::parse(manifest).and_then(|manifest| manifest.check(Place::Capture)).unwrap();
        count += 1;
    }
    assert!(count > 1, "one of them in the reference");
}

#[test]
fn every_error_of_a_manifest_is_in_the_reference() {
    let text = read(PATH);
    let source = read("media/src/pipeline/manifest.rs");
    let words = source.split("pub fn word(&self)").nth(1).and_then(|rest| rest.split("/// The node").next()).unwrap();
    let words: Vec<&str> = words.split('"').skip(1).step_by(2).collect();
    assert_eq!(words.len(), 11, "{words:?}");
    for word in words {
        assert!(text.contains(&format!("`{word}`")), "{word} is missing");
    }
}
