//! Reads vector files: blobs, defaults and the values of a case.

use std::path::{Path, PathBuf};

use ahoy_crypto::{DeviceId, Secret, SignKey};
use serde_json::{Map, Value};

/// A case with its inputs complete.
pub(crate) struct Case {
    /// Area of its file.
    pub(crate) area: String,
    /// Operation.
    pub(crate) op: String,
    /// Name, for messages only.
    pub(crate) name: String,
    /// Outputs that must be equal.
    pub(crate) out: Map<String, Value>,
    /// Or the check that must refuse.
    pub(crate) reject: Option<String>,
    input: Map<String, Value>,
    blobs: Map<String, Value>,
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// The cases of the folder named by AHOY_VECTORS, or else our own ones.
pub(crate) fn load() -> Vec<Case> {
    std::env::var_os("AHOY_VECTORS").map_or_else(load_own, |folder| load_folder(&PathBuf::from(folder)))
}

/// The cases in the repository: for tests that say something about them.
pub(crate) fn load_own() -> Vec<Case> {
    load_folder(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors"))
}

/// All cases of all files; panics for a folder without a file or a file of another form.
fn load_folder(folder: &Path) -> Vec<Case> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a folder entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no vectors in {}", folder.display());
    files.iter().flat_map(read).collect()
}

fn read(path: &PathBuf) -> Vec<Case> {
    let text = std::fs::read_to_string(path).expect("a readable file");
    let file: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(file["ahoy"], 1, "{}: version of the protocol", path.display());
    let area = file["area"].as_str().expect("an area").to_owned();
    let blobs = file["blobs"].as_object().expect("blobs").clone();
    let cases = file["cases"].as_array().expect("cases");
    assert!(!cases.is_empty(), "{}: no cases", path.display());
    cases
        .iter()
        .map(|case| {
            let op = case["op"].as_str().expect("an op").to_owned();
            let mut input = file["defaults"].get(&op).and_then(Value::as_object).cloned().unwrap_or_default();
            input.extend(case["in"].as_object().expect("inputs").clone());
            let out = case.get("out").map(|out| out.as_object().expect("outputs").clone());
            let reject = case.get("reject").map(|check| check.as_str().expect("a check").to_owned());
            assert!(out.is_some() != reject.is_some(), "{}: outputs or a check", case["name"]);
            let name = case["name"].as_str().unwrap_or_default().to_owned();
            let (area, out, blobs) = (area.clone(), out.unwrap_or_default(), blobs.clone());
            Case { area, op, name, out, reject, input, blobs }
        })
        .collect()
}

impl Case {
    /// A value with its blob, patches and length applied, deep: bytes become plain hex.
    pub(crate) fn resolve(&self, value: &Value) -> Value {
        match value {
            Value::Object(map) if map.contains_key("blob") => Value::String(hex(&self.blob(map))),
            Value::Object(map) => Value::Object(map.iter().map(|(k, v)| (k.clone(), self.resolve(v))).collect()),
            Value::Array(list) => Value::Array(list.iter().map(|value| self.resolve(value)).collect()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }

    fn blob(&self, map: &Map<String, Value>) -> Vec<u8> {
        let name = map["blob"].as_str().expect("a blob's name");
        let mut bytes = unhex(self.blobs[name].as_str().expect("a blob"));
        for patch in map.get("patch").and_then(Value::as_array).into_iter().flatten() {
            let at = usize::try_from(patch[0].as_u64().expect("an offset")).expect("a small offset");
            let new = unhex(patch[1].as_str().expect("a patch"));
            bytes[at..at + new.len()].copy_from_slice(&new);
        }
        if let Some(length) = map.get("len").and_then(Value::as_u64) {
            bytes.truncate(usize::try_from(length).expect("a small length"));
        }
        bytes
    }

    fn get(&self, name: &str) -> &Value {
        self.input.get(name).unwrap_or_else(|| panic!("{} / {}: no input {name}", self.area, self.name))
    }

    /// The input with its blobs put in; null if it isn't there.
    pub(crate) fn value(&self, name: &str) -> Value {
        self.input.get(name).map_or(Value::Null, |value| self.resolve(value))
    }

    /// The input is there and not null.
    pub(crate) fn has(&self, name: &str) -> bool {
        !self.value(name).is_null()
    }

    /// Text.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).as_str().expect("text")
    }

    /// Number.
    pub(crate) fn u64(&self, name: &str) -> u64 {
        self.get(name).as_u64().expect("a number")
    }

    /// Number of 32 bits.
    pub(crate) fn u32(&self, name: &str) -> u32 {
        u32::try_from(self.u64(name)).expect("32 bits")
    }

    /// Bytes.
    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        unhex(self.resolve(self.get(name)).as_str().expect("bytes"))
    }

    /// Bytes of a fixed number.
    pub(crate) fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        self.bytes(name).try_into().unwrap_or_else(|_| panic!("{}: {name} isn't {N} bytes", self.name))
    }

    /// 32 bytes.
    pub(crate) fn key(&self, name: &str) -> [u8; 32] {
        self.array(name)
    }

    /// A list of 32 bytes each.
    pub(crate) fn keys(&self, name: &str) -> Vec<[u8; 32]> {
        let list = self.get(name).as_array().expect("a list");
        list.iter().map(|key| unhex(self.resolve(key).as_str().expect("bytes")).try_into().expect("32 bytes")).collect()
    }

    /// A list of devices.
    pub(crate) fn devices(&self, name: &str) -> Vec<DeviceId> {
        self.keys(name).into_iter().map(DeviceId).collect()
    }

    /// 32 secret bytes.
    pub(crate) fn secret(&self, name: &str) -> Secret {
        Secret::new(self.key(name))
    }

    /// A private Ed25519 key.
    pub(crate) fn sign_key(&self, name: &str) -> SignKey {
        SignKey::from_seed(&self.secret(name))
    }

    /// An input that holds inputs.
    pub(crate) fn object(&self, name: &str) -> Option<Case> {
        let input = self.input.get(name)?.as_object()?.clone();
        let (area, op, name) = (self.area.clone(), self.op.clone(), self.name.clone());
        Some(Case { area, op, name, out: Map::new(), reject: None, input, blobs: self.blobs.clone() })
    }
}

fn unhex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}
