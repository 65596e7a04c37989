//! The project's own files, and cargo's answers about it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The top folder of the project.
pub(crate) fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// All files below `folder` (relative to the top) whose name ends with `ending`, without build output, what the
/// commands of the Makefile leave (`demo-out` and the like), and git's own.
pub(crate) fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![top().join(folder)];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            if ["target", ".git", "__pycache__"].contains(&name.as_str()) || name.ends_with("-out") {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else if name.ends_with(ending) {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    found
}

/// A file of the project as text.
pub(crate) fn read(path: impl AsRef<Path>) -> String {
    let path = top().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What `cargo ARGS` prints, offline and with the lock as it is.
pub(crate) fn cargo(args: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args(args).args(["--offline", "--locked"]).current_dir(top()).output().unwrap();
    assert!(output.status.success(), "cargo {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Is it a test file by its place or name? The simulated world is there for tests only (`#[cfg(test)] mod sim`).
pub(crate) fn is_test(path: &Path) -> bool {
    let path = path.strip_prefix(top()).unwrap();
    path.starts_with("protocol/src/sim")
        || path.components().any(|part| part.as_os_str() == "tests")
        || path.file_name().is_some_and(|name| name == "tests.rs")
}

/// Attributes of what no product has: tests, and the switch that lets tests see that every check is needed.
const NOT_IN_PRODUCT: [&str; 2] = ["#[cfg(test)]", "#[cfg(feature = \"mutants\")]"];

/// The lines of a Rust file that are neither comments nor for tests only, with their numbers.
pub(crate) fn code_lines(path: &Path) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut skipping = false;
    for (index, line) in read(path).lines().enumerate() {
        skipping |= NOT_IN_PRODUCT.contains(&line);
        let code = line.split("//").next().unwrap_or_default();
        if !skipping && !code.trim().is_empty() {
            lines.push((index + 1, code.to_owned()));
        }
        // The formatter puts the end of an item at the beginning of its line, or an item without a body in one line.
        if line == "}" || (!line.starts_with([' ', '#']) && line.ends_with(';')) {
            skipping = false;
        }
    }
    lines
}

#[test]
fn the_walk_sees_this_file_and_tells_tests_from_code() {
    let all = files("", ".rs");
    let this = all.iter().find(|path| path.ends_with("house/sources.rs")).expect("this file");
    assert!(is_test(this));
    let library = all.iter().find(|path| path.ends_with("protocol/src/lib.rs")).expect("protocol");
    assert!(!is_test(library));
    assert!(code_lines(library).iter().any(|(_, line)| line.contains("pub mod control")));
    assert!(!code_lines(library).iter().any(|(_, line)| line.contains("Data flows one way")));
    let home = files("protocol", "home.rs").pop().expect("home.rs");
    assert!(code_lines(&home).iter().any(|(_, line)| line.contains("fn xdg")));
    assert!(!code_lines(&home).iter().any(|(_, line)| line.contains("assert")), "its tests are no code of the product");
}
