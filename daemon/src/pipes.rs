//! Pipelines over what is said and what is heard: built off the audio thread, kept over restarts, given to every link of
//! their participant.

mod kept;
mod running;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use ahoy_media::host_media::api::{Piped, Sound};
use ahoy_media::pipeline::{Levels, Manifest, Pipeline, PipelineError, Place};
use ahoy_media::simple_webrtc::engine::LinkId;
use ahoy_protocol::control::{
    CallState, ControlError, ErrorKind, EventKind, PipelineLevel, PipelineProblem, PipelineReply,
};
use serde_json::Value;

use crate::control::Hub;
use crate::{clock, limits};
use running::Runs;

/// What a participant's pipeline adds by itself: its sound comes in blocks of any length.
const BLOCKS_MS: f64 = 10.0;

/// A participant of a call: call id and device id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Whose {
    /// Call id.
    pub call: String,
    /// Device id.
    pub device: String,
}

/// A pipeline that is set.
struct Set {
    manifest: Manifest,
    /// As it was given.
    shown: Value,
    levels: Levels,
    delay_ms: f64,
    kept: bool,
    /// Where it is at work, of a participant.
    link: Option<LinkId>,
    /// Tells it from others of the same participant.
    number: u64,
}

#[derive(Default)]
struct State {
    capture: Option<Set>,
    others: BTreeMap<Whose, Set>,
    /// Sets of participants so far.
    count: u64,
}

/// All pipelines of one daemon. Cheap to share.
#[derive(Clone)]
pub struct Pipes {
    sound: Weak<dyn Sound>,
    file: Arc<PathBuf>,
    hub: Hub,
    state: Arc<Mutex<State>>,
    /// Participants with a pipeline: who has none costs nothing.
    others: Arc<AtomicUsize>,
    runs: Arc<Runs>,
    /// Held while one is set, so that what is heard and what is written down are the same.
    pub(crate) turn: Arc<tokio::sync::Mutex<()>>,
}

impl Pipes {
    /// Over this sound; what is set for the microphone is kept in `file`.
    #[must_use]
    pub fn new(sound: &Arc<dyn Sound>, file: PathBuf, hub: Hub) -> Self {
        let (sound, file) = (Arc::downgrade(sound), Arc::new(file));
        let (state, others, runs, turn) = (Arc::default(), Arc::default(), Arc::default(), Arc::default());
        Self { sound, file, hub, state, others, runs, turn }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, kind: EventKind) {
        self.hub.publish(clock::unix_ms(), kind);
    }

    /// Uses what was kept. One that cannot be used any more is told, and stays where it is.
    pub fn begin(&self) {
        let kept = match kept::read(&self.file) {
            Ok(None) => return,
            Ok(Some(shown)) => {
                build(&shown, Place::Capture).map_err(|error| error.to_string()).map(|made| (made, shown))
            }
            Err(problem) => Err(problem),
        };
        let used = kept.and_then(|((manifest, pipeline), shown)| {
            let set = Set::new(manifest, shown, &pipeline, true);
            self.pipe(Piped::Own, Some(pipeline)).map_err(|error| error.message)?;
            self.state().capture = Some(set);
            Ok(())
        });
        if let Err(problem) = used {
            tracing::warn!("the kept pipeline is not used: see the warning pipeline_not_used");
            let hint = format!("{}: {problem}. Set another one: ahoy pipeline set FILE", self.file.display());
            self.publish(EventKind::Warning { about: "pipeline_not_used".into(), hint });
        }
    }

    fn pipe(&self, what: Piped, pipeline: Option<Pipeline>) -> Result<(), ControlError> {
        // Without sound the daemon stops, and nobody hears a difference.
        let Some(sound) = self.sound.upgrade() else { return Ok(()) };
        sound.pipe(what, pipeline).map_err(|error| {
            let hint = "raise the number of threads this user may have (ulimit -u)";
            ControlError::new(ErrorKind::NoResources, error.to_string(), hint)
        })
    }

    /// Another pipeline over what is said, or none. Builds it and writes it down: may wait for the disk.
    ///
    /// # Errors
    /// `bad_pipeline` names what is wrong, `no_resources` what is missing; the one of before goes on.
    pub fn set_capture(&self, shown: Value) -> Result<PipelineReply, ControlError> {
        let set = if shown.is_null() {
            kept::write(&self.file, None)?;
            self.pipe(Piped::Own, None)?;
            None
        } else {
            let (manifest, pipeline) = build(&shown, Place::Capture).map_err(|error| refused(&error))?;
            // What writes our voice down ends with the daemon: nobody remembers it after a restart.
            let kept = manifest.taps().next().is_none();
            if kept {
                kept::write(&self.file, Some(&shown))?;
            }
            let set = Set::new(manifest, shown, &pipeline, kept);
            self.pipe(Piped::Own, Some(pipeline))?;
            Some(set)
        };
        let mut state = self.state();
        state.capture = set;
        Ok(reply(state.capture.as_ref(), None))
    }

    /// The pipeline over what is said.
    #[must_use]
    pub fn capture(&self) -> PipelineReply {
        reply(self.state().capture.as_ref(), None)
    }

    /// Another pipeline over what is heard of a participant, or none. It is at work once [`Self::follow`] has seen its link.
    ///
    /// # Errors
    /// `bad_pipeline` names what is wrong; the one of before goes on. `limit_reached` if too many participants have one.
    pub fn set_participant(&self, whose: &Whose, shown: Value) -> Result<PipelineReply, ControlError> {
        let set = if shown.is_null() {
            None
        } else {
            let (manifest, pipeline) = build(&shown, Place::Participant).map_err(|error| refused(&error))?;
            Some(Set::new(manifest, shown, &pipeline, false))
        };
        let mut state = self.state();
        match set {
            None => {
                if let Some(link) = state.others.remove(whose).and_then(|set| set.link) {
                    self.pipe(Piped::Link(link), None)?;
                }
            }
            Some(set) => {
                if state.others.len() >= limits::PARTICIPANT_PIPELINES && !state.others.contains_key(whose) {
                    let message = format!("{} participants have a pipeline already", limits::PARTICIPANT_PIPELINES);
                    let hint = "take one of theirs away: pipeline.set with null";
                    return Err(ControlError::new(ErrorKind::LimitReached, message, hint));
                }
                state.count += 1;
                let number = state.count;
                state.others.insert(whose.clone(), Set { number, ..set });
            }
        }
        self.others.store(state.others.len(), Ordering::Relaxed);
        Ok(reply(state.others.get(whose), Some(whose)))
    }

    /// The pipeline over what is heard of a participant.
    #[must_use]
    pub fn participant(&self, whose: &Whose) -> PipelineReply {
        reply(self.state().others.get(whose), Some(whose))
    }

    /// Pipelines over a sound that has ended already.
    #[cfg(test)]
    pub(crate) fn nowhere(file: PathBuf, hub: Hub) -> Self {
        let sound: Arc<dyn Sound> = Arc::new(crate::recorder::Recorder::default());
        Self::new(&sound, file, hub)
    }

    /// Some participant has a pipeline: the links are of interest.
    #[must_use]
    pub fn follows(&self) -> bool {
        self.others.load(Ordering::Relaxed) > 0
    }

    /// These are the links there are: a new one of a participant gets its pipeline. Returns at once: a thread builds it.
    pub fn follow(&self, links: impl Iterator<Item = (Whose, LinkId)>) {
        let links: BTreeMap<Whose, LinkId> = links.collect();
        let mut state = self.state();
        for (whose, set) in &mut state.others {
            let Some(link) = links.get(whose).filter(|link| set.link != Some(**link)) else { continue };
            set.link = Some(*link);
            let (this, whose, manifest) = (self.clone(), whose.clone(), set.manifest.clone());
            let (link, number) = (*link, set.number);
            drop(tokio::task::spawn_blocking(move || this.install(&whose, number, &manifest, link)));
        }
    }

    /// Builds a participant's pipeline, and puts it to work on its link if both still count.
    fn install(&self, whose: &Whose, number: u64, manifest: &Manifest, link: LinkId) {
        let built = Pipeline::at(manifest, Place::Participant);
        let mut state = self.state();
        let counts = |set: &&mut Set| (set.number, set.link) == (number, Some(link));
        let Some(set) = state.others.get_mut(whose).filter(counts) else { return };
        let put = match built {
            Ok(pipeline) => {
                set.levels = pipeline.levels();
                self.pipe(Piped::Link(link), Some(pipeline)).map_err(|error| error.message)
            }
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = put {
            tracing::error!(error, "a participant's pipeline is not at work");
        }
    }

    /// What frontends are told: with a call, the pipelines of those in it end, or go on with the call that takes its place.
    pub fn see(&self, kind: &EventKind) {
        let EventKind::CallState { call, state: CallState::Ended, continues_as, .. } = kind else { return };
        if !self.follows() {
            return;
        }
        let mut state = self.state();
        let ended: Vec<Whose> = state.others.keys().filter(|whose| whose.call == *call).cloned().collect();
        for whose in ended {
            let (set, next) = (state.others.remove(&whose), continues_as.clone());
            if let Some((set, call)) = set.zip(next) {
                state.others.insert(Whose { call, ..whose }, Set { link: None, ..set });
            }
        }
        self.others.store(state.others.len(), Ordering::Relaxed);
    }
}

impl Set {
    fn new(manifest: Manifest, shown: Value, pipeline: &Pipeline, kept: bool) -> Self {
        let delay_ms = f64::from(u32::try_from(pipeline.delay()).unwrap_or(u32::MAX)) / 48.0;
        Self { manifest, shown, levels: pipeline.levels(), delay_ms, kept, link: None, number: 0 }
    }
}

fn build(shown: &Value, place: Place) -> Result<(Manifest, Pipeline), PipelineError> {
    let manifest = manifest(shown)?;
    let pipeline = Pipeline::at(&manifest, place)?;
    Ok((manifest, pipeline))
}

/// A manifest out of a request.
///
/// # Errors
/// [`PipelineError::Unreadable`] says where.
pub fn manifest(shown: &Value) -> Result<Manifest, PipelineError> {
    Manifest::parse(&shown.to_string())
}

/// What is wrong, as frontends are told.
#[must_use]
pub fn problem(error: &PipelineError) -> PipelineProblem {
    let node = error.node().map(str::to_owned);
    PipelineProblem { error: error.word().to_owned(), node, message: error.to_string() }
}

/// A manifest that cannot be used, as an error.
#[must_use]
pub fn refused(error: &PipelineError) -> ControlError {
    let hint = "docs/pipelines.md has every node with its parameters; `ahoy pipeline check FILE` tries it";
    let message = format!("{}: {error}", error.word());
    let mut refused = ControlError::new(ErrorKind::BadPipeline, message, hint);
    refused.problem = Some(Box::new(problem(error)));
    refused
}

fn reply(set: Option<&Set>, whose: Option<&Whose>) -> PipelineReply {
    // A tenth of a decibel is more than anybody hears.
    let tenths = |db: f32| (f64::from(db) * 10.0).round() / 10.0;
    let level = |(node, level, peak): (&str, f32, f32)| PipelineLevel {
        node: node.to_owned(),
        level_dbfs: tenths(level),
        peak_dbfs: tenths(peak),
    };
    let blocks_ms = if whose.is_some() { BLOCKS_MS } else { 0.0 };
    PipelineReply {
        manifest: set.map_or(Value::Null, |set| set.shown.clone()),
        delay_ms: set.map_or(0.0, |set| set.delay_ms + blocks_ms),
        kept: set.is_some_and(|set| set.kept),
        levels: set.map_or_else(Vec::new, |set| set.levels.read().map(level).collect()),
        call: whose.map(|whose| whose.call.clone()),
        account: None,
        device: whose.map(|whose| whose.device.clone()),
    }
}
