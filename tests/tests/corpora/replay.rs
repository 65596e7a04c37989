//! Every target on its corpus and on small mutations of it.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ahoy_tests::fuzz::mutate::{Numbers, mutated, size};
use ahoy_tests::fuzz::{TARGETS, Target};

/// Bytes: what is larger doesn't belong into the repository.
const FILE_MAX_BYTES: usize = 16 * 1024 + 1;
/// Mutations of each file, unless `AHOY_FUZZ_RUNS` says otherwise.
const RUNS: usize = 200;
/// A target whose mutations take longer stops there, and says so.
const TARGET_MAX: Duration = Duration::from_secs(1);

/// A folder of the tests' package.
pub(crate) fn folder(parts: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(parts)
}

/// Names in a folder; those that begin with a dot are git's.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).filter(|n| !n.starts_with('.')).collect()
}

/// The corpus of a target, by file name.
fn corpus(target: &Target) -> Vec<(String, Vec<u8>)> {
    let folder = folder("corpora").join(target.name);
    names(&folder).into_iter().map(|name| (name.clone(), fs::read(folder.join(name)).unwrap())).collect()
}

/// Runs a target; says which input it was that broke a property.
fn run(target: &Target, origin: &str, input: &[u8]) {
    if let Err(broken) = catch_unwind(AssertUnwindSafe(|| (target.run)(input))) {
        println!("{} broken by {origin}: {}", target.name, data_encoding::HEXLOWER.encode(input));
        resume_unwind(broken);
    }
}

#[test]
fn every_target_has_a_corpus_and_a_program_and_nothing_else_does() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(targets.len(), TARGETS.len(), "a name twice");
    assert_eq!(names(&folder("corpora")), targets);
    let programs: BTreeSet<String> = targets.iter().map(|name| format!("{name}.rs")).collect();
    assert_eq!(names(&folder("fuzz/fuzz_targets")), programs);
    let manifest = fs::read_to_string(folder("fuzz/Cargo.toml")).unwrap();
    for name in &targets {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is missing in tests/fuzz/Cargo.toml");
        let program = fs::read_to_string(folder("fuzz/fuzz_targets").join(format!("{name}.rs"))).unwrap();
        assert!(program.contains(&format!("fuzz::{name}::run")), "{name}.rs runs another target");
    }
}

#[test]
fn every_corpus_is_small_and_passes() {
    for target in TARGETS {
        let corpus = corpus(target);
        assert!(!corpus.is_empty(), "{} has no input", target.name);
        for (name, input) in &corpus {
            assert!(input.len() <= FILE_MAX_BYTES, "{}/{name} has {} bytes", target.name, input.len());
            run(target, name, input);
        }
        println!("{}: {} inputs", target.name, corpus.len());
    }
}

#[test]
fn small_mutations_of_every_corpus_pass() {
    let seed = Numbers::from_environment("AHOY_FUZZ_SEED");
    let runs = size("AHOY_FUZZ_RUNS", RUNS);
    for target in TARGETS {
        let (mut numbers, corpus, start) = (seed, corpus(target), Instant::now());
        let mut done = 0;
        // Round by round, so that a target that is cut short has seen every file.
        'rounds: for _ in 0..runs {
            for (name, input) in &corpus {
                if runs == RUNS && start.elapsed() > TARGET_MAX {
                    break 'rounds;
                }
                let other = &corpus[numbers.below(corpus.len())].1;
                run(target, name, &mutated(input, other, &mut numbers));
                done += 1;
            }
        }
        println!("{}: {done} mutations in {:?}", target.name, start.elapsed());
        assert!(done >= corpus.len(), "not one round");
    }
}

#[test]
fn an_input_is_shown_when_it_breaks_a_target() {
    let target = Target { name: "broken", run: |data| assert!(data.is_empty()) };
    run(&target, "nothing", &[]);
    assert!(catch_unwind(|| run(&target, "a byte", &[1])).is_err());
}

#[test]
fn the_same_seed_makes_the_same_mutations() {
    let all = |seed| {
        let mut numbers = Numbers(seed);
        (0..50).map(|_| mutated(b"some bytes that change", b"other", &mut numbers)).collect::<Vec<_>>()
    };
    assert_eq!(all(1), all(1));
    assert_ne!(all(1), all(2));
    assert!(all(1).iter().filter(|changed| *changed != b"some bytes that change").count() > 40);
}
