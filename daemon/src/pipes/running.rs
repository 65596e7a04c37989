//! A pipeline that is run once over a file: on a thread of its own, one at a time, told by events.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ahoy_media::host_media::once::{Run, RunError};
use ahoy_protocol::control::{ControlError, ErrorKind, EventKind, PipelineRun, PipelineRunReply, PipelineRunState};
use serde_json::Value;

use super::{Pipes, manifest, refused};

/// Time between two events of a run.
const TELL: Duration = Duration::from_millis(500);

/// Runs so far, and whether one goes on.
#[derive(Default)]
pub(super) struct Runs {
    busy: AtomicBool,
    count: AtomicU64,
}

impl Pipes {
    /// As if one went on.
    #[cfg(test)]
    pub(super) fn runs_busy(&self, busy: bool) {
        self.runs.busy.store(busy, Ordering::SeqCst);
    }

    /// Runs a pipeline over `input` into `output`; events tell how it goes. Opens the files: may wait for the disk.
    ///
    /// # Errors
    /// `bad_pipeline` and `bad_params` name what is wrong, `limit_reached` that one goes on, `no_resources` what is missing.
    pub fn run(&self, shown: &Value, input: PathBuf, output: PathBuf) -> Result<PipelineRunReply, ControlError> {
        if self.runs.busy.swap(true, Ordering::SeqCst) {
            let hint = "wait for its event pipeline_run with the state done or failed";
            return Err(ControlError::new(ErrorKind::LimitReached, "a pipeline is being run already", hint));
        }
        let begun = self.begin_run(shown, input, output);
        if begun.is_err() {
            self.runs.busy.store(false, Ordering::SeqCst);
        }
        begun
    }

    fn begin_run(&self, shown: &Value, input: PathBuf, output: PathBuf) -> Result<PipelineRunReply, ControlError> {
        let manifest = manifest(shown).map_err(|error| refused(&error))?;
        let run = Run::open(&manifest, &input, &output).map_err(|error| unusable(&error))?;
        let number = self.runs.count.fetch_add(1, Ordering::Relaxed) + 1;
        let (this, total_ms) = (self.clone(), run.total_ms());
        let work = move || this.work(run, number);
        match std::thread::Builder::new().name("ahoy-run".into()).spawn(work) {
            Ok(_) => Ok(PipelineRunReply { run: number, total_ms }),
            Err(error) => {
                let hint = "raise the number of threads this user may have (ulimit -u)";
                Err(ControlError::new(ErrorKind::NoResources, format!("no thread: {error}"), hint))
            }
        }
    }

    fn work(&self, mut run: Run, number: u64) {
        let total_ms = run.total_ms();
        let tell = |state, done_ms, detail| {
            self.publish(EventKind::PipelineRun(PipelineRun { run: number, state, done_ms, total_ms, detail }));
        };
        let mut told = Instant::now();
        let ended = loop {
            match run.step() {
                Ok(true) => break Ok(()),
                Err(error) => break Err(error),
                // The daemon stops.
                Ok(false) if self.sound.strong_count() == 0 => return,
                Ok(false) if told.elapsed() >= TELL => {
                    told = Instant::now();
                    tell(PipelineRunState::Running, run.done_ms(), None);
                }
                Ok(false) => {}
            }
        };
        let done_ms = run.done_ms();
        // What could not be finished is taken away before it is told.
        drop(run);
        self.runs.busy.store(false, Ordering::SeqCst);
        match ended {
            Ok(()) => tell(PipelineRunState::Done, done_ms, None),
            Err(error) => tell(PipelineRunState::Failed, done_ms, Some(error.to_string())),
        }
    }
}

fn unusable(error: &RunError) -> ControlError {
    match error {
        RunError::Pipeline(error) => refused(error),
        RunError::Input(_) => {
            let hint = "give a WAV file (PCM or float) that this user can read, of an hour at most";
            ControlError::new(ErrorKind::BadParams, format!("pipeline.run: {error}"), hint)
        }
        RunError::Output(_) => {
            let hint = "give a file that is not there yet, in a folder where this user can write";
            ControlError::new(ErrorKind::BadParams, format!("pipeline.run: {error}"), hint)
        }
    }
}
