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
