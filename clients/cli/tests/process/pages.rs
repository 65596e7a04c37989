//! What the two programs print for a package, and the package itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::scene::AHOY;
use ahoy_tests::process::tell;

/// The daemon's program, beside ours.
fn daemon() -> PathBuf {
    let path = PathBuf::from(AHOY).with_file_name("ahoyd");
    assert!(path.exists(), "{} is missing: `cargo build -p ahoyd` makes it", path.display());
    path
}

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the project")
}

fn there(program: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok();
    if !there {
        tell(&format!("skipped: there is no {program} here"));
    }
    there
}

fn printed(program: &Path, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().expect("it runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn both() -> [(&'static str, PathBuf, [Vec<&'static str>; 4]); 2] {
    let of = |words: [&[&'static str]; 4]| words.map(<[_]>::to_vec);
    let ours = [&["man"][..], &["completions", "bash"], &["completions", "zsh"], &["completions", "fish"]];
    let theirs = [&["--print", "man"][..], &["--print", "bash"], &["--print", "zsh"], &["--print", "fish"]];
    [("ahoy", PathBuf::from(AHOY), of(ours)), ("ahoyd", daemon(), of(theirs))]
}

#[test]
fn the_man_pages_render_without_a_warning_and_name_all_verbs() {
    if !there("groff") {
        return;
    }
    for (name, program, [man, ..]) in both() {
        let page = printed(&program, &man);
        let tmp = tempfile::tempdir().expect("a directory");
        let file = tmp.path().join(format!("{name}.1"));
        fs::write(&file, &page).expect("a page");
        let Output { status, stdout, stderr } =
            Command::new("groff").args(["-man", "-Tutf8", "-ww", "-rLL=100n"]).arg(&file).output().expect("groff runs");
        let complaints = String::from_utf8_lossy(&stderr).into_owned();
        assert!(status.success() && complaints.is_empty(), "{name}: {complaints}");
        let text = String::from_utf8(stdout).expect("UTF-8");
        let words: &[&str] = match name {
            "ahoy" => &[
                "start",
                "stop",
                "status",
                "id",
                "card",
                "contact add",
                "contact list",
                "contact remove",
                "call",
                "answer",
                "decline",
                "hangup",
                "calls",
                "mute",
                "unmute",
                "stats",
                "devices",
                "watch",
                "demo",
                "media_failed",
            ],
            _ => &["check-config", "bitrate_bps", "STUN_SERVERS", "config.toml", "EXIT STATUS"],
        };
        let plain: String = strip_overstrikes(&text);
        for word in words {
            let word =
                if name == "ahoy" && *word != "media_failed" { format!("ahoy {word}") } else { (*word).to_owned() };
            assert!(plain.contains(&word), "{name}: {word} is missing in: {plain}");
        }
    }
}

/// What a terminal would show: without colours and bold letters.
fn strip_overstrikes(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => while chars.next().is_some_and(|c| c != 'm') {},
            '\u{8}' => drop(plain.pop()),
            // Hyphens and minus signs look alike.
            '\u{2010}' | '\u{2212}' => plain.push('-'),
            c => plain.push(c),
        }
    }
    plain
}

#[test]
fn bash_completes_verbs_and_options() {
    if !there("bash") {
        return;
    }
    let cases = [("ahoy", "hang", "hangup"), ("ahoy", "--js", "--json"), ("ahoyd", "--check", "--check-config")];
    for (name, program, [_, bash, ..]) in both() {
        let tmp = tempfile::tempdir().expect("a directory");
        let file = tmp.path().join("completions");
        fs::write(&file, printed(&program, &bash)).expect("a file");
        for (_, typed, full) in cases.iter().filter(|(whose, ..)| *whose == name) {
            let script = format!(
                "set -e; source {}; COMP_WORDS=({name} {typed}); COMP_CWORD=1; _{name} {name} {typed} {name}; \
                 echo \"${{COMPREPLY[@]}}\"",
                file.display()
            );
            let output = Command::new("bash").args(["--norc", "-c", &script]).output().expect("bash runs");
            assert!(output.stderr.is_empty(), "{output:?}");
            assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), *full, "{name} {typed}");
        }
    }
}

#[test]
fn zsh_and_fish_take_their_completions() {
    for (name, program, [_, _, zsh, fish]) in both() {
        for (shell, args) in [("zsh", zsh), ("fish", fish)] {
            let text = printed(&program, &args);
            assert!(text.contains("home") && text.contains(name));
            if there(shell) {
                let tmp = tempfile::tempdir().expect("a directory");
                let file = tmp.path().join("completions");
                fs::write(&file, text).expect("a file");
                let output = Command::new(shell).arg("--no-execute").arg(&file).output().expect("it runs");
                assert!(output.status.success(), "{shell} {name}: {output:?}");
            }
        }
    }
}

/// What systemd complains about in a unit.
fn complaints(unit: &str) -> String {
    let tmp = tempfile::tempdir().expect("a directory");
    let file = tmp.path().join("ahoyd.service");
    fs::write(&file, unit).expect("a unit");
    let output = Command::new("systemd-analyze")
        .args(["--user", "--man=no", "verify"])
        .arg(&file)
        .env("XDG_RUNTIME_DIR", tmp.path())
        .output()
        .expect("it runs");
    String::from_utf8_lossy(&output.stderr).lines().filter(|line| line.contains("ahoyd.service")).collect()
}

#[test]
fn systemd_understands_the_unit() {
    let unit = fs::read_to_string(top().join("packaging/ahoyd.service")).expect("the unit");
    for line in ["Type=notify", "WatchdogSec=30", "Restart=on-failure", "RestartPreventExitStatus=2"] {
        assert!(unit.lines().any(|have| have == line), "{line}");
    }
    if !there("systemd-analyze") {
        return;
    }
    let unit = unit.replace("/usr/bin/ahoyd", &daemon().display().to_string());
    assert_eq!(complaints(&unit), "");
    assert!(complaints(&unit.replace("WatchdogSec", "WatchdogSek")).contains("WatchdogSek"), "it sees what is wrong");
}

#[test]
fn the_debian_package_holds_what_a_person_needs() {
    if !["dpkg-deb", "dpkg-shlibdeps", "strip", "gzip"].into_iter().all(there) {
        return;
    }
    let tmp = tempfile::tempdir().expect("a directory");
    let binaries = tmp.path().join("binaries");
    fs::create_dir(&binaries).expect("a directory");
    fs::copy(AHOY, binaries.join("ahoy")).expect("a copy");
    fs::copy(daemon(), binaries.join("ahoyd")).expect("a copy");
    let output = Command::new(top().join("scripts/deb"))
        .args(["--binaries".as_ref(), binaries.as_os_str(), "--out".as_ref(), tmp.path().as_os_str()])
        .output()
        .expect("the script runs");
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    let package = said.lines().last().expect("the package's name");
    let root = tmp.path().join("root");
    assert!(Command::new("dpkg-deb").args(["-x", package]).arg(&root).status().expect("it runs").success());
    for file in [
        "usr/bin/ahoy",
        "usr/bin/ahoyd",
        "usr/lib/systemd/user/ahoyd.service",
        "usr/share/man/man1/ahoy.1.gz",
        "usr/share/man/man1/ahoyd.1.gz",
        "usr/share/bash-completion/completions/ahoy",
        "usr/share/bash-completion/completions/ahoyd",
        "usr/share/zsh/vendor-completions/_ahoy",
        "usr/share/fish/vendor_completions.d/ahoyd.fish",
        "usr/share/doc/ahoy/copyright",
        "usr/share/doc/ahoy/changelog.gz",
        "usr/share/doc/ahoy/docs/errors.md",
    ] {
        assert!(fs::metadata(root.join(file)).is_ok_and(|facts| facts.len() > 0), "{file}");
    }
    let control = Command::new("dpkg-deb").args(["-f", package]).output().expect("it runs");
    let control = String::from_utf8(control.stdout).expect("UTF-8");
    for part in ["Package: ahoy", "libc6 (>= ", "libasound2", "Version: 0."] {
        assert!(control.contains(part), "{part} is missing in: {control}");
    }
    let version = printed(&root.join("usr/bin/ahoyd"), &["--version"]);
    assert!(version.starts_with("ahoyd "), "the installed program runs: {version}");
}
