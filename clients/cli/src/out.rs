//! Output: lines for people, or one JSON object a line for scripts.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use crate::failure::Failure;

/// Where a verb's output goes.
#[derive(Clone, Debug)]
pub(crate) struct Out {
    json: bool,
    to: To,
    /// Something was shown.
    shown: Arc<AtomicBool>,
}

#[derive(Clone, Debug)]
enum To {
    Terminal,
    #[cfg(test)]
    Memory(Arc<std::sync::Mutex<Vec<String>>>),
}

impl Out {
    /// To stdout, and to stderr what is for people only.
    pub(crate) fn new(json: bool) -> Self {
        Self { json, to: To::Terminal, shown: Arc::default() }
    }

    /// Scripts read along.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Shows a thing: as JSON to scripts, as `text` to people.
    pub(crate) fn show(&self, thing: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Failure> {
        if self.json {
            return self.object(thing);
        }
        self.line(&text())
    }

    /// Shows a thing to scripts only.
    pub(crate) fn object(&self, thing: &impl Serialize) -> Result<(), Failure> {
        if !self.json {
            return Ok(());
        }
        let line = serde_json::to_string(thing).map_err(|error| Failure::Failed(format!("can't show it: {error}")))?;
        self.line(&line)
    }

    /// Writes a page as it is.
    pub(crate) fn page(&self, page: &[u8]) -> Result<(), Failure> {
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(page)?;
        Ok(stdout.flush()?)
    }

    /// Tells people something, without disturbing scripts.
    pub(crate) fn note(&self, text: &str) {
        let line = format!("{text}\n");
        // Where even stderr is closed, nobody is left to be told.
        std::io::stderr().write_all(line.as_bytes()).ok();
    }

    /// Shows people one line that changes, where they sit at a terminal; none: takes it away.
    pub(crate) fn live(&self, text: Option<&str>) {
        let mut stderr = std::io::stderr().lock();
        if self.json || !stderr.is_terminal() {
            return;
        }
        // Back to the beginning of the line, and the rest of it cleared. Nobody is left to be told of a closed terminal.
        stderr.write_all(format!("\r{}\x1b[K", text.unwrap_or_default()).as_bytes()).ok();
        stderr.flush().ok();
    }

    /// Tells why it failed: people on stderr, scripts on stdout where nothing was shown that says it.
    pub(crate) fn complain(&self, failure: &Failure) {
        self.note(&format!("ahoy: {failure}"));
        if !self.shown.load(Ordering::Relaxed) {
            // Where nobody reads any more, the exit code says it.
            self.object(&failure.object()).unwrap_or_default();
        }
    }

    fn line(&self, text: &str) -> Result<(), Failure> {
        self.shown.store(true, Ordering::Relaxed);
        match &self.to {
            To::Terminal => {
                let mut stdout = std::io::stdout().lock();
                stdout.write_all(text.as_bytes())?;
                stdout.write_all(b"\n")?;
                stdout.flush()?;
            }
            #[cfg(test)]
            To::Memory(lines) => lines.lock().unwrap().push(text.to_owned()),
        }
        Ok(())
    }
}

#[cfg(test)]
impl Out {
    /// Keeps what would be shown.
    pub(crate) fn kept(json: bool) -> Self {
        Self { json, to: To::Memory(Arc::default()), shown: Arc::default() }
    }

    /// What was shown so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        match &self.to {
            To::Terminal => Vec::new(),
            To::Memory(lines) => lines.lock().unwrap().clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_an_object_to_scripts_unless_something_was_shown_before_it() {
        let failure = Failure::TimedOut(1.0);
        let silent = Out::kept(true);
        silent.complain(&failure);
        assert!(silent.lines().len() == 1 && silent.lines()[0].starts_with("{\"error\":{"), "{:?}", silent.lines());
        let said = Out::kept(true);
        said.object(&1).unwrap();
        said.complain(&failure);
        assert_eq!(said.lines(), ["1"]);
        let people = Out::kept(false);
        people.complain(&failure);
        assert!(people.lines().is_empty());
    }
}
