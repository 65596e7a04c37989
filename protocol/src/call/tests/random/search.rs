//! The search itself; and each rule, broken on purpose, is noticed.

use proptest::test_runner::{Config, FileFailurePersistence, RngSeed, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use super::machine::Machine;
use super::model::{Model, Step};
use crate::call::rules::Rule;
use crate::call::rules::switch::while_broken;
use crate::sim::dice::{Dice, size};

/// Sequences in every test run; `AHOY_SEQUENCES` makes it more.
const SEQUENCES: usize = 10_000;

/// Steps of a sequence, at most; then everybody hangs up.
const STEPS: usize = 10;

/// Says which sequence failed: the last one that is said is the shortest. (The library names the last one it tried.)
#[derive(Debug)]
struct Failing {
    kinds: (bool, bool),
    seed: u64,
    steps: Vec<Step>,
}

impl Drop for Failing {
    #[expect(clippy::print_stdout, reason = "who reads a failure needs the sequence")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("this fails: early and twins {:?}, seed {}, {:?}", self.kinds, self.seed, self.steps);
        }
    }
}

/// Runs so many sequences. What fails is shrunk and kept for every later run, unless it was broken on purpose.
fn search(seed: u64, sequences: usize, broken: Option<Rule>) -> Result<(), String> {
    let kept = FileFailurePersistence::SourceParallel("proptest-regressions");
    let config = Config {
        cases: u32::try_from(sequences).unwrap(),
        rng_seed: RngSeed::Fixed(seed),
        source_file: Some(file!()),
        failure_persistence: broken.is_none().then(|| Box::new(kept) as _),
        max_shrink_iters: if broken.is_none() { 10_000 } else { 1 },
        ..Config::default()
    };
    let strategy = Model::sequential_strategy(1..STEPS);
    let run = TestRunner::new(config.clone()).run(&strategy, |(model, steps, seen)| {
        let _failing = broken.is_none().then(|| Failing {
            kinds: (model.early, model.twins),
            seed: model.seed,
            steps: steps.clone(),
        });
        while_broken(broken, || Machine::test_sequential(config.clone(), model, steps, seen));
        Ok(())
    });
    run.map_err(|error| error.to_string())
}

#[test]
#[expect(clippy::print_stdout, reason = "how much was looked at belongs into the output")]
fn whatever_people_the_network_and_time_do_calls_are_as_people_expect() {
    let mut dice = Dice::from_environment();
    let sequences = size("AHOY_SEQUENCES", SEQUENCES);
    let since = std::time::Instant::now();
    let halves = [(dice.draw(), sequences / 2), (dice.draw(), sequences - sequences / 2)];
    let halves = halves.map(|(seed, many)| std::thread::spawn(move || search(seed, many, None)));
    for half in halves {
        if let Err(found) = half.join().unwrap() {
            panic!("{found}");
        }
    }
    println!("{sequences} sequences of up to {STEPS} steps in {:.1} s", since.elapsed().as_secs_f64());
}

#[test]
#[expect(clippy::print_stdout, reason = "by what each was noticed belongs into the output")]
fn each_rule_that_is_broken_on_purpose_is_noticed() {
    let mut dice = Dice::from_environment();
    let rules = [
        Rule::Confirm,
        Rule::Accept,
        Rule::EarlyConnection,
        Rule::NewestStatus,
        Rule::TellStatus,
        Rule::Over,
        Rule::TellEnd,
        Rule::Silence,
        Rule::Member,
        Rule::Offerer,
    ];
    let mut unnoticed = Vec::new();
    for rule in rules {
        match search(dice.draw(), SEQUENCES, Some(rule)) {
            Ok(()) => unnoticed.push(rule),
            Err(found) => println!("without {rule:?}: {}", found.lines().next().unwrap_or_default()),
        }
    }
    assert!(unnoticed.is_empty(), "{unnoticed:?} are broken and nothing notices");
}
