//! The table in docs/validation.md is true: numbers, constants, places and proofs are those of the code.

use std::path::{Path, PathBuf};

use ahoy_crypto::Check;

use crate::mutants::expected;
use crate::vector_file::{Case, load_own};

/// A row of the table.
struct Row {
    number: String,
    constant: String,
    what: String,
    places: String,
    proof: String,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn rows() -> Vec<Row> {
    let table = read("docs/validation.md");
    let lines = table.lines().filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit());
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [number, constant, what, places, proof] = cells[..] else { panic!("five cells: {line}") };
        let own = str::to_owned;
        Row { number: own(number), constant: own(constant), what: own(what), places: own(places), proof: own(proof) }
    };
    lines.map(row).collect()
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The constant has this number and this description, and each place uses it in this function.
fn check_code(row: &Row, constants: &str) {
    let line = format!("pub const {}: Check = Check({});", row.constant, row.number.trim_start_matches('0'));
    let described = format!("/// {}: {}.\n    {line}", row.number, row.what);
    assert!(constants.contains(&described), "CHK-{}: the constant says something else", row.number);
    for place in row.places.split(';') {
        let file = quoted(place).next().expect("a file");
        let function = place.split(['(', ')']).nth(1).expect("a function");
        let source = read(file);
        let needle = format!("Check::{}", row.constant);
        assert!(source.contains(&needle), "CHK-{}: {file} doesn't use {needle}", row.number);
        let definition = [format!("fn {function}("), format!("fn {function}<")];
        assert!(definition.iter().any(|d| source.contains(d)), "CHK-{}: {file} has no {function}", row.number);
    }
}

/// Each area named has a case that this check refuses; each function named exists.
fn check_proof(row: &Row, cases: &[Case]) {
    let number = format!("CHK-{}", row.number);
    if let Some(areas) = row.proof.strip_prefix("vectors: ") {
        for area in areas.split(", ") {
            let has = |case: &Case| case.area == area && expected(case).contains(&number);
            assert!(cases.iter().any(has), "{number}: no case in {area}");
        }
        return;
    }
    let test = quoted(&row.proof).next().unwrap_or_else(|| panic!("{number}: no proof"));
    let tests = read("protocol/src/inbound/doors/tests.rs");
    assert!(tests.contains(&format!("fn {test}()")), "{number}: no test {test}");
}

#[test]
fn the_table_of_checks_is_true() {
    let (rows, constants, cases) = (rows(), read("crypto/src/check.rs"), load_own());
    let numbers: Vec<String> = rows.iter().map(|row| format!("CHK-{}", row.number)).collect();
    let known: Vec<String> = Check::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(numbers, known, "every check once, ascending");
    for row in &rows {
        check_code(row, &constants);
        check_proof(row, &cases);
    }
}
