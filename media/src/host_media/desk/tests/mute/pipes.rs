//! Pipelines that hold back as much as they can, one after the other.

use std::sync::{
    atomic::{AtomicUsize, Ordering},
    mpsc::SyncSender,
};

use crate::{
    host_media::{api::Piped, controls::Shared},
    pipeline::{
        Manifest, Pipeline, Place,
        slot::{self, Live},
    },
};

/// What goes through them, and comes out at once and again and again for half a second; or late, or filtered; or as it is.
const MANIFESTS: [Option<&str>; 4] = [
    Some(
        r#"{"nodes": [{"id": "late", "type": "delay", "params": {"delay_ms": 170}},
            {"id": "later", "type": "delay", "params": {"delay_ms": 333.3}}, {"id": "sum", "type": "mix"},
            {"id": "quieter", "type": "gain", "params": {"gain_db": -9}}],
            "edges": [{"from": "input", "to": "late"}, {"from": "late", "to": "later"}, {"from": "input", "to": "sum"},
            {"from": "late", "to": "sum"}, {"from": "later", "to": "sum"}, {"from": "sum", "to": "quieter"},
            {"from": "quieter", "to": "output"}]}"#,
    ),
    Some(
        r#"{"nodes": [{"id": "high", "type": "high_pass"}, {"id": "low", "type": "resample"},
            {"id": "squeeze", "type": "compressor", "params": {"makeup_db": 6}}, {"id": "gate", "type": "noise_gate"}],
            "edges": [{"from": "input", "to": "high"}, {"from": "high", "to": "low"}, {"from": "low", "to": "squeeze"},
            {"from": "squeeze", "to": "gate"}, {"from": "gate", "to": "output"}]}"#,
    ),
    Some(
        r#"{"nodes": [{"id": "late", "type": "delay", "params": {"delay_ms": 60}}],
            "edges": [{"from": "input", "to": "late"}, {"from": "late", "to": "output"}]}"#,
    ),
    None,
];

/// Makes them.
pub(super) struct Pipes {
    bin: SyncSender<Box<Live>>,
    made: AtomicUsize,
}

impl Pipes {
    pub(super) fn new() -> Self {
        Self { bin: slot::bin().unwrap(), made: AtomicUsize::new(0) }
    }

    /// The next one is wanted.
    pub(super) fn change(&self, shared: &Shared) {
        let next = MANIFESTS[self.made.fetch_add(1, Ordering::Relaxed) % MANIFESTS.len()];
        let live = next.map(|text| {
            let pipeline = Pipeline::at(&Manifest::parse(text).unwrap(), Place::Capture).unwrap();
            Live::new(pipeline, self.bin.clone())
        });
        shared.lock().pipe(Piped::Own, live);
    }
}
