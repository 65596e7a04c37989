//! Files one can read at a sitting: at most 400 lines, each with a line at its top that says what it is for.

use crate::sources::{files, read};

/// Lines of a file, tests included.
const MAX_LINES: usize = 400;

#[test]
fn no_file_is_longer_than_400_lines() {
    for path in files("", ".rs") {
        let lines = read(&path).lines().count();
        assert!(lines <= MAX_LINES, "{} has {lines} lines", path.display());
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for path in files("", ".rs") {
        assert!(read(&path).starts_with("//! "), "{} does not open with `//!`", path.display());
    }
}
