//! Tasks are started in one place, which counts them: a leak is a number in `status` that stays up.

use crate::sources::{code_lines, files, is_test, top};

/// The one place.
const PLACE: &str = "media/src/tasks.rs";

/// Ways around it.
const AROUND: [&str; 5] = ["tokio::spawn(", "task::spawn(", "runtime.spawn(", "Handle::current().spawn(", "JoinSet"];

fn around(line: &str) -> bool {
    AROUND.into_iter().any(|way| line.contains(way))
}

#[test]
fn every_task_is_started_where_it_is_counted() {
    let mut seen = 0;
    for path in ["daemon/src", "media/src"].into_iter().flat_map(|folder| files(folder, ".rs")) {
        if is_test(&path) || path == top().join(PLACE) {
            continue;
        }
        for (number, line) in code_lines(&path) {
            assert!(!around(&line), "{}:{number} starts a task that nobody counts: see {PLACE}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 5_000, "only {seen} lines were read");
    assert!(code_lines(&top().join(PLACE)).iter().any(|(_, line)| around(line)), "tasks are started elsewhere now");
}

#[test]
fn a_way_around_is_noticed() {
    assert!(around("    let task = tokio::spawn(run());"));
    assert!(!around("    let task = tasks.spawn(run());"));
}
