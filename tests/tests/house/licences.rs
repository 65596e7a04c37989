//! deny.toml, enforced offline: licences of everything linked here, banned crates, sources.

use semver::{Version, VersionReq};
use serde::Deserialize;
use spdx::{Expression, Licensee, ParseMode};

use crate::sources::{cargo, read};

#[derive(Deserialize)]
struct Deny {
    licenses: Licences,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    what: String,
    #[serde(default)]
    wrappers: Vec<String>,
    reason: String,
}

impl Ban {
    /// Name, and the versions that are banned (all, if none are named).
    fn parts(&self) -> (&str, VersionReq) {
        match self.what.split_once(':') {
            Some((name, versions)) => (name, VersionReq::parse(versions).unwrap()),
            None => (&self.what, VersionReq::STAR),
        }
    }
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Clone, Deserialize)]
struct Locked {
    name: String,
    version: Version,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

fn deny() -> Deny {
    toml::from_str(&read("deny.toml")).unwrap()
}

fn lock() -> Vec<Locked> {
    toml::from_str::<Lock>(&read("Cargo.lock")).unwrap().package
}

fn allowed(list: &[String], licence: &str) -> bool {
    let list: Vec<Licensee> = list.iter().map(|text| Licensee::parse(text).unwrap()).collect();
    Expression::parse_mode(licence, ParseMode::LAX)
        .is_ok_and(|expression| expression.evaluate(|wanted| list.iter().any(|have| have.satisfies(wanted))))
}

fn violations(bans: &[Ban], lock: &[Locked]) -> Vec<String> {
    let mut wrong = Vec::new();
    for ban in bans {
        let (name, versions) = ban.parts();
        for found in lock.iter().filter(|package| package.name == name && versions.matches(&package.version)) {
            // In the lock a dependency reads `name` or `name version`.
            let needs =
                |package: &&Locked| package.dependencies.iter().any(|text| text.split(' ').next() == Some(name));
            let users = lock.iter().filter(needs).map(|package| package.name.clone());
            let users: Vec<String> = users.filter(|user| !ban.wrappers.contains(user)).collect();
            if ban.wrappers.is_empty() || !users.is_empty() {
                wrong.push(format!("{name} {} through {users:?}: {}", found.version, ban.reason));
            }
        }
    }
    wrong
}

/// `name version` and licence of everything that is linked or run on this platform, tests included.
fn licences() -> Vec<(String, String)> {
    let tree = cargo(&["tree", "--workspace", "-e", "normal,build,dev", "--prefix", "none", "-f", "{p}|{l}"]);
    let mut all: Vec<(String, String)> = tree
        .lines()
        .filter_map(|line| line.split_once('|'))
        .map(|(package, licence)| (package.to_owned(), licence.trim_end_matches(" (*)").to_owned()))
        .collect();
    all.sort();
    all.dedup();
    all
}

#[test]
fn everything_linked_has_a_permissive_licence() {
    let list = deny().licenses.allow;
    let all = licences();
    assert!(all.len() > 300, "cargo tree showed only {} packages", all.len());
    let wrong: Vec<_> = all.into_iter().filter(|(_, licence)| !allowed(&list, licence)).collect();
    assert!(wrong.is_empty(), "not allowed by deny.toml: {wrong:#?}");
}

#[test]
fn copyleft_missing_and_half_allowed_licences_are_noticed() {
    let list = deny().licenses.allow;
    for licence in ["GPL-3.0-only", "MPL-2.0", "LGPL-2.1-or-later", "AGPL-3.0", "MIT AND MPL-2.0", "", "Whatever"] {
        assert!(!allowed(&list, licence), "{licence:?}");
    }
    for licence in ["MIT/Apache-2.0", "GPL-2.0-only OR MIT", "Apache-2.0 AND ISC"] {
        assert!(allowed(&list, licence), "{licence:?}");
    }
}

#[test]
fn no_banned_crate_is_in_the_lock() {
    assert_eq!(violations(&deny().bans.deny, &lock()), Vec::<String>::new());
}

#[test]
fn a_banned_crate_or_version_is_noticed() {
    let bans = deny().bans.deny;
    let add = |name: &str, version: &str, user: &str| {
        let mut lock = lock();
        let package = |name: &str, version: &str, dependencies| Locked {
            name: name.into(),
            version: Version::parse(version).unwrap(),
            source: None,
            dependencies,
        };
        lock.push(package(name, version, Vec::new()));
        lock.push(package(user, "1.0.0", vec![name.into()]));
        violations(&bans, &lock).len()
    };
    assert_eq!(add("openssl", "0.10.0", "somebody"), 1);
    assert_eq!(add("libp2p-gossipsub", "0.50.0", "somebody"), 1);
    assert_eq!(add("libp2p-gossipsub", "0.50.2", "somebody"), 0);
    assert_eq!(add("serde_cbor", "0.11.9", "ahoy-protocol"), 0);
    assert!(add("serde_cbor", "0.11.9", "ahoyd") > 0, "only the listed user may");
}

#[test]
fn the_archived_cbor_reader_is_linked_by_tests_only() {
    let tree = cargo(&["tree", "--workspace", "-e", "normal,build", "--prefix", "none"]);
    assert!(!tree.lines().any(|line| line.starts_with("serde_cbor ")));
}

#[test]
fn everything_comes_from_the_public_registry() {
    for package in lock() {
        let from = package.source.unwrap_or_else(|| "ours".into());
        let known = from == "ours" || from.starts_with("registry+https://github.com/rust-lang/crates.io-index");
        assert!(known, "{} comes from {from}", package.name);
    }
}
