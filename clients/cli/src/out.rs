//! Output: lines for people, or one JSON object a line for scripts.

use std::io::Write;

use serde::Serialize;

use crate::failure::Failure;

/// Where a verb's output goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Out {
    json: bool,
}

impl Out {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Shows a thing: as JSON to scripts, as `text` to people.
    pub(crate) fn show(self, thing: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Failure> {
        if self.json {
            return self.object(thing);
        }
        write_line(&text())
    }

    /// Shows a thing to scripts only.
    pub(crate) fn object(self, thing: &impl Serialize) -> Result<(), Failure> {
        if !self.json {
            return Ok(());
        }
        let line = serde_json::to_string(thing).map_err(|error| Failure::Failed(format!("can't show it: {error}")))?;
        write_line(&line)
    }

    /// Tells people something, without disturbing scripts.
    pub(crate) fn note(self, text: &str) {
        let line = format!("{text}\n");
        // Where even stderr is closed, nobody is left to be told.
        std::io::stderr().write_all(line.as_bytes()).ok();
    }

    /// Tells people why it failed.
    pub(crate) fn complain(self, failure: &Failure) {
        self.note(&format!("ahoy: {failure}"));
    }
}

fn write_line(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.write_all(b"\n")?;
    stdout.flush()?;
    Ok(())
}
