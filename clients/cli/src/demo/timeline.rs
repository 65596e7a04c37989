//! What happened when: the demo's own steps and the events of both daemons.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::out::Out;

/// One line of the timeline.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Unix ms, with fractions where we took it ourselves.
    pub(crate) at_ms: f64,
    /// `demo`, `a` or `b`.
    pub(crate) who: &'static str,
    /// A word for it.
    pub(crate) what: String,
    /// For people.
    pub(crate) text: String,
}

/// Everything that happened, shown as it happens.
pub(crate) struct Timeline {
    out: Out,
    started_ms: f64,
    entries: Vec<Entry>,
}

/// Events of a 10 min demo are a few hundred; more than this are not kept.
const MAX_ENTRIES: usize = 10_000;

/// Unix time in ms.
pub(crate) fn now_ms() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64() * 1000.0)
}

impl Timeline {
    pub(crate) fn new(out: &Out) -> Self {
        Self { out: out.clone(), started_ms: now_ms(), entries: Vec::new() }
    }

    /// A step of the demo itself.
    pub(crate) fn step(&mut self, step: &str, text: &str) -> Result<(), Failure> {
        let at_ms = now_ms();
        self.add(at_ms, "demo", step, text);
        let line = json!({ "kind": "step", "at_ms": at_ms.round(), "step": step, "text": text });
        self.out.show(&line, || format!("{}  {text}", self.clock(at_ms)))
    }

    /// An event of a daemon.
    pub(crate) fn event(&mut self, who: &'static str, raw: &Value, text: &str) -> Result<(), Failure> {
        let at_ms = raw["at_ms"].as_f64().unwrap_or_else(now_ms);
        let kind = raw["kind"].as_str().unwrap_or("event");
        self.add(at_ms, who, kind, text);
        let line = json!({ "kind": "step", "at_ms": at_ms, "step": "event", "side": who, "event": raw });
        self.out.show(&line, || format!("{}    {}: {text}", self.clock(at_ms), who.to_uppercase()))
    }

    /// All entries in the order of their times.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let mut entries = self.entries.clone();
        entries.sort_by(|one, other| one.at_ms.total_cmp(&other.at_ms));
        entries
    }

    /// Seconds since the demo began.
    pub(crate) fn since_start_s(&self, at_ms: f64) -> f64 {
        (at_ms - self.started_ms) / 1000.0
    }

    fn add(&mut self, at_ms: f64, who: &'static str, what: &str, text: &str) {
        if self.entries.len() < MAX_ENTRIES {
            self.entries.push(Entry { at_ms, who, what: what.to_owned(), text: text.to_owned() });
        }
    }

    fn clock(&self, at_ms: f64) -> String {
        format!("{:7.3}", self.since_start_s(at_ms).max(0.0))
    }
}
