//! Every dependency is a decision: the root Cargo.toml says why it is there.

use crate::sources::{files, read};

/// Lines of `[workspace.dependencies]` for crates of others, which lack a comment at their end.
fn without_reason(manifest: &str) -> Vec<String> {
    let section = manifest.split("[workspace.dependencies]").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    section
        .lines()
        .filter(|line| line.contains('=') && !line.trim_start().starts_with('#'))
        .filter(|line| !line.contains("path = "))
        .filter(|line| line.rsplit_once('#').is_none_or(|(_, reason)| reason.trim().len() < 4))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_dependency_has_its_reason_beside_it() {
    assert_eq!(without_reason(&read("Cargo.toml")), Vec::<String>::new());
}

#[test]
fn a_missing_reason_is_noticed() {
    let manifest = "[workspace.dependencies]\na = \"1\" # because of b\nb = \"1\"\n[profile.dev]\nc = 1\n";
    assert_eq!(without_reason(manifest), ["b = \"1\""]);
}

#[test]
fn packages_take_their_versions_from_the_root() {
    // The fuzzer is a workspace of its own.
    for path in files("", "Cargo.toml").into_iter().filter(|path| !path.ends_with("tests/fuzz/Cargo.toml")) {
        let manifest: toml::Table = read(&path).parse().unwrap();
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, value) in manifest.get(table).and_then(|value| value.as_table()).into_iter().flatten() {
                let inherited = value.get("workspace").and_then(toml::Value::as_bool) == Some(true);
                let itself = value.get("path").and_then(toml::Value::as_str) == Some(".");
                assert!(inherited || itself, "{}: {name} has a version of its own", path.display());
            }
        }
    }
}
