//! `scripts/setup` on machines that lack something, played by a PATH of our own making.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::sources::top;

/// Programs every machine has, linked into the PATH of our making.
const PLAIN: [&str; 6] = ["sh", "mktemp", "rm", "env", "printf", "true"];

/// A machine that has the plain programs and `extra`: each a name and the shell script it runs.
fn machine(extra: &[(&str, &str)]) -> TempDir {
    let dir = TempDir::new().unwrap();
    for name in PLAIN {
        let real = ["/usr/bin", "/bin"].iter().map(|folder| Path::new(folder).join(name)).find(|path| path.exists());
        std::os::unix::fs::symlink(real.expect(name), dir.path().join(name)).unwrap();
    }
    for (name, script) in extra {
        let path = dir.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    dir
}

fn setup(machine: &TempDir) -> (Output, String) {
    let output = Command::new("/bin/sh")
        .arg(top().join("scripts/setup"))
        .env_clear()
        .env("PATH", machine.path())
        .env("CARGO_HOME", machine.path().join("nowhere"))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    (output, said)
}

/// Writes the arguments of every call to `log` beside it.
fn logs(name: &str) -> String {
    format!("printf '%s\\n' \"{name} $*\" >>\"${{0%/*}}/log\"")
}

#[test]
fn without_rust_the_rustup_line_is_shown() {
    let (output, said) = setup(&machine(&[]));
    assert!(!output.status.success());
    assert!(said.contains("https://sh.rustup.rs"), "{said}");
}

#[test]
fn with_everything_there_nothing_happens() {
    let there = machine(&[("cargo", ""), ("cc", ""), ("cmake", ""), ("make", ""), ("pkg-config", "")]);
    let (output, said) = setup(&there);
    assert!(output.status.success(), "{said}");
    assert_eq!(said, "");
}

#[test]
fn without_apt_it_names_what_to_install_and_stops() {
    let (output, said) = setup(&machine(&[("cargo", ""), ("cc", ""), ("make", "")]));
    assert!(!output.status.success());
    for word in ["cmake", "pkg-config", "libasound2-dev", "dnf install", "pacman", "apk add"] {
        assert!(said.contains(word), "{word} is missing in: {said}");
    }
}

#[test]
fn neither_root_nor_sudo_gets_the_line_for_root() {
    let there =
        machine(&[("cargo", ""), ("cc", ""), ("make", ""), ("cmake", ""), ("apt-get", "exit 9"), ("id", "echo 7")]);
    let (output, said) = setup(&there);
    assert!(!output.status.success());
    assert!(said.contains("apt-get install -y --no-install-recommends pkg-config libasound2-dev"), "{said}");
}

#[test]
fn root_and_sudo_install_what_is_missing() {
    for (uid, first) in [("echo 0", "apt-get"), ("echo 7", "sudo")] {
        let sudo = format!("{}\nexec \"$@\"", logs("sudo"));
        let apt = logs("apt-get");
        let there =
            machine(&[("cargo", ""), ("make", ""), ("cmake", ""), ("id", uid), ("apt-get", &apt), ("sudo", &sudo)]);
        let (output, said) = setup(&there);
        assert!(output.status.success(), "{said}");
        let log = fs::read_to_string(there.path().join("log")).unwrap();
        assert!(log.starts_with(first), "{log}");
        assert!(log.contains("install -q -y --no-install-recommends gcc libc6-dev pkg-config libasound2-dev"), "{log}");
    }
}

#[test]
fn a_failing_installation_fails_the_setup() {
    let there = machine(&[("cargo", ""), ("cc", ""), ("make", ""), ("id", "echo 0"), ("apt-get", "exit 100")]);
    assert!(!setup(&there).0.status.success());
}
