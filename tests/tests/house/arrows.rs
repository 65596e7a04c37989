//! Who may depend on whom. An arrow that is not listed here is a design change and needs a decision record.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::sources::cargo;

/// Package, and those of ours it may depend on outside its tests.
const LAW: [(&str, &[&str]); 9] = [
    ("ahoy-crypto", &[]),
    ("ahoy-protocol", &["ahoy-crypto"]),
    ("ahoy-media", &[]),
    ("ahoyd", &["ahoy-crypto", "ahoy-media", "ahoy-protocol"]),
    ("ahoy-client", &["ahoy-protocol"]),
    ("ahoy-cli", &["ahoy-client", "ahoy-protocol"]),
    ("ahoy-tests", &["ahoy-client", "ahoy-crypto", "ahoy-media", "ahoy-protocol", "ahoyd"]),
    ("ahoy-quality", &["ahoy-media"]),
    ("ahoy-examples", &["ahoy-client", "ahoy-crypto", "ahoy-media", "ahoy-protocol", "ahoyd"]),
];

/// A dependency of one of our packages.
struct Dependency {
    name: String,
    in_tests_only: bool,
    features: Vec<String>,
}

fn packages() -> BTreeMap<String, Vec<Dependency>> {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--format-version", "1", "--no-deps"])).expect("cargo metadata");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let dependency = |value: &Value| Dependency {
        name: text(&value["name"]),
        in_tests_only: value["kind"] == "dev",
        features: list(&value["features"]).iter().map(text).collect(),
    };
    list(&metadata["packages"])
        .iter()
        .map(|package| (text(&package["name"]), list(&package["dependencies"]).iter().map(dependency).collect()))
        .collect()
}

/// Arrows that the law does not know.
fn broken(packages: &BTreeMap<String, Vec<Dependency>>) -> Vec<String> {
    let law: BTreeMap<&str, BTreeSet<&str>> =
        LAW.iter().map(|(name, may)| (*name, may.iter().copied().collect())).collect();
    let mut wrong = Vec::new();
    for (name, dependencies) in packages {
        let Some(may) = law.get(name.as_str()) else {
            wrong.push(format!("{name} is not in the law"));
            continue;
        };
        for dependency in dependencies.iter().filter(|dependency| !dependency.in_tests_only) {
            let ours = packages.contains_key(&dependency.name);
            if ours && !may.contains(dependency.name.as_str()) {
                wrong.push(format!("{name} -> {}", dependency.name));
            }
        }
    }
    wrong
}

#[test]
fn crates_depend_only_along_the_arrows() {
    let packages = packages();
    assert_eq!(packages.len(), LAW.len(), "every package has its line in the law");
    assert_eq!(broken(&packages), Vec::<String>::new());
}

#[test]
fn an_arrow_against_the_law_is_noticed() {
    let mut packages = packages();
    let arrow = Dependency { name: "ahoyd".into(), in_tests_only: false, features: Vec::new() };
    packages.get_mut("ahoy-media").unwrap().push(arrow);
    assert_eq!(broken(&packages), ["ahoy-media -> ahoyd"]);
}

#[test]
fn checks_can_be_switched_off_in_tests_only() {
    let packages = packages();
    let with_switch = |tests: bool| {
        let all = packages.values().flatten().filter(|dependency| dependency.in_tests_only == tests);
        all.filter(|dependency| dependency.features.iter().any(|feature| feature == "mutants")).count()
    };
    assert_eq!(with_switch(false), 0);
    assert!(with_switch(true) > 0, "the tests use the switch under another name now");
}

#[test]
fn clients_use_nothing_of_the_protocol_but_its_control_types() {
    for path in crate::sources::files("clients", ".rs") {
        for (number, line) in crate::sources::code_lines(&path) {
            for part in line.split("ahoy_protocol::").skip(1) {
                assert!(part.starts_with("control"), "{}:{number}: {line}", path.display());
            }
        }
    }
}
