//! The description of a pipeline: nodes and edges as JSON, and everything that is checked before one is built.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    Place,
    kinds::{Kind, Values},
};
use crate::limits::{PIPELINE_COST_US, PIPELINE_DELAY_MS, PIPELINE_EDGES, PIPELINE_NODES, PIPELINE_TAPS};

/// Name of the sound that comes in, in edges.
pub const INPUT: &str = "input";

/// Name of the sound that leaves, in edges.
pub const OUTPUT: &str = "output";

/// Bytes of a node's id: it is told in errors and levels.
const ID_BYTES: usize = 64;

/// A pipeline as it is written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// What is done to sound.
    pub nodes: Vec<NodeSpec>,
    /// The way of sound, from `input` to `output`.
    pub edges: Vec<Edge>,
}

/// A node as it is written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeSpec {
    /// Its name in edges and errors.
    pub id: String,
    /// What it does: `gain`, `high_pass` and so on.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its settings; what is left out has its default.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub params: Map<String, Value>,
}

/// Sound goes from one node to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edge {
    /// `input` or a node.
    pub from: String,
    /// A node or `output`.
    pub to: String,
}

/// What is wrong with a manifest. All are the caller's to mend; [`PipelineError::word`] is stable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PipelineError {
    /// It is no JSON of this form.
    #[error("the manifest cannot be read: {0}")]
    Unreadable(String),
    /// More nodes, edges, `wav_tap`s, delay or work than is taken.
    #[error("too many {what}: {given}, at most {most} are possible")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many it has.
        given: usize,
        /// How many may be.
        most: usize,
    },
    /// An id that is empty, too long, taken, or `input` or `output`.
    #[error("node id {0:?} cannot be used: 1 to 64 bytes, each only once, not `input` or `output`")]
    BadId(String),
    /// There is no such type of node.
    #[error("node {id:?}: there is no type {kind:?}; there are {}", Kind::words())]
    UnknownType {
        /// Node.
        id: String,
        /// What it claims to be.
        kind: String,
    },
    /// The type has no such parameter.
    #[error("node {id:?}: {kind} has no parameter {parameter:?}; it has {known}")]
    UnknownParameter {
        /// Node.
        id: String,
        /// Its type.
        kind: &'static str,
        /// The parameter.
        parameter: String,
        /// Those there are.
        known: String,
    },
    /// A parameter's value is of the wrong form or out of its range, or a file cannot be made.
    #[error("node {id:?}: {parameter} {problem}")]
    BadParameter {
        /// Node.
        id: String,
        /// The parameter.
        parameter: String,
        /// What is possible.
        problem: String,
    },
    /// An edge names a node that isn't there.
    #[error("an edge names {0:?}, which is no node")]
    UnknownNode(String),
    /// Several edges end in a node that takes one, or one edge stands there twice.
    #[error("{0:?} takes one sound only; put a `mix` node before it")]
    SeveralInputs(String),
    /// Sound would run in a circle.
    #[error("sound would run in a circle through {0:?}")]
    Cycle(String),
    /// No sound comes to a node or the output, or none leaves it.
    #[error("{0:?} is not connected: sound must come from `input` and go on to `output`")]
    Unconnected(String),
    /// A `wav_tap` where others would be written down without being asked.
    #[error("node {0:?}: a wav_tap may not write what others say; `ahoy record start` asks them, and records")]
    TapRefused(String),
}

impl PipelineError {
    /// A stable word for programs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::TooMany { .. } => "too_many",
            Self::BadId(_) => "bad_id",
            Self::UnknownType { .. } => "unknown_type",
            Self::UnknownParameter { .. } => "unknown_parameter",
            Self::BadParameter { .. } => "bad_parameter",
            Self::UnknownNode(_) => "unknown_node",
            Self::SeveralInputs(_) => "several_inputs",
            Self::Cycle(_) => "cycle",
            Self::Unconnected(_) => "unconnected",
            Self::TapRefused(_) => "tap_refused",
        }
    }

    /// The node that is wrong, where one is.
    #[must_use]
    pub fn node(&self) -> Option<&str> {
        match self {
            Self::Unreadable(_) | Self::TooMany { .. } => None,
            Self::UnknownType { id, .. } | Self::UnknownParameter { id, .. } | Self::BadParameter { id, .. } => {
                Some(id)
            }
            Self::BadId(id)
            | Self::UnknownNode(id)
            | Self::SeveralInputs(id)
            | Self::Cycle(id)
            | Self::Unconnected(id)
            | Self::TapRefused(id) => Some(id),
        }
    }
}

/// A node that was checked, and where its sound comes from.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) values: Values,
    /// Earlier steps; none stands for the input.
    pub(super) from: Vec<Option<usize>>,
}

/// A checked manifest, in an order in which every node has its sound when its turn comes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    /// The step that is heard; none: the input.
    pub(super) output: Option<usize>,
}

fn within<const N: usize>(counts: [(&'static str, usize, usize); N]) -> Result<(), PipelineError> {
    match counts.into_iter().find(|(_, given, most)| given > most) {
        Some((what, given, most)) => Err(PipelineError::TooMany { what, given, most }),
        None => Ok(()),
    }
}

impl Plan {
    /// What cannot be seen of one node alone: all of them together.
    fn check_size(&self) -> Result<(), PipelineError> {
        let taps = self.steps.iter().filter(|step| step.kind == Kind::WavTap).count();
        let delays = self.steps.iter().filter(|step| step.kind == Kind::Delay);
        let delay_ms = delays.map(|step| step.values.number(0)).sum::<f32>().ceil() as usize;
        let cost_us = self.steps.iter().map(|step| step.kind.cost_us()).sum();
        within([
            ("wav_taps", taps, PIPELINE_TAPS),
            ("ms of delay", delay_ms, PIPELINE_DELAY_MS),
            ("us of work for 10 ms of sound", cost_us, PIPELINE_COST_US),
        ])
    }
}

impl Manifest {
    /// Reads JSON.
    ///
    /// # Errors
    /// [`PipelineError::Unreadable`] says where.
    pub fn parse(json: &str) -> Result<Self, PipelineError> {
        serde_json::from_str(json).map_err(|error| PipelineError::Unreadable(error.to_string()))
    }

    /// Checks everything but files.
    ///
    /// # Errors
    /// [`PipelineError`] names the first thing that is wrong, and the node.
    pub fn check(&self, place: Place) -> Result<(), PipelineError> {
        self.plan_for(place).map(drop)
    }

    /// Its `wav_tap`s.
    pub fn taps(&self) -> impl Iterator<Item = &NodeSpec> {
        self.nodes.iter().filter(|node| Kind::of(&node.kind) == Some(Kind::WavTap))
    }

    pub(super) fn plan_for(&self, place: Place) -> Result<Plan, PipelineError> {
        let counts = [("nodes", self.nodes.len(), PIPELINE_NODES), ("edges", self.edges.len(), PIPELINE_EDGES)];
        within(counts)?;
        let nodes = self.checked_nodes()?;
        let sources = self.checked_edges(&nodes)?;
        let plan = order(nodes, &sources)?;
        plan.check_size()?;
        match plan.steps.iter().find(|step| step.kind == Kind::WavTap) {
            Some(step) if place == Place::Participant => Err(PipelineError::TapRefused(step.id.clone())),
            Some(_) | None => Ok(plan),
        }
    }

    fn checked_nodes(&self) -> Result<BTreeMap<&str, (Kind, Values)>, PipelineError> {
        let mut nodes = BTreeMap::new();
        for NodeSpec { id, kind, params } in &self.nodes {
            let fits = !id.is_empty() && id.len() <= ID_BYTES && id != INPUT && id != OUTPUT;
            if !fits || nodes.contains_key(id.as_str()) {
                return Err(PipelineError::BadId(id.chars().take(ID_BYTES).collect()));
            }
            let unknown = || PipelineError::UnknownType { id: id.clone(), kind: kind.chars().take(ID_BYTES).collect() };
            let kind = Kind::of(kind).ok_or_else(unknown)?;
            nodes.insert(id.as_str(), (kind, Values::read(id, kind, params)?));
        }
        Ok(nodes)
    }

    /// Where the sound of every node, and of the output, comes from.
    fn checked_edges<'a>(
        &'a self,
        nodes: &BTreeMap<&'a str, (Kind, Values)>,
    ) -> Result<BTreeMap<&'a str, Vec<&'a str>>, PipelineError> {
        let mut sources: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut used = BTreeSet::new();
        for Edge { from, to } in &self.edges {
            let (from, to) = (from.as_str(), to.as_str());
            for (name, end) in [(from, INPUT), (to, OUTPUT)] {
                if name != end && !nodes.contains_key(name) {
                    return Err(PipelineError::UnknownNode(name.chars().take(ID_BYTES).collect()));
                }
            }
            let several = nodes.get(to).is_some_and(|(kind, _)| *kind == Kind::Mix);
            let into = sources.entry(to).or_default();
            if into.contains(&from) || !(several || into.is_empty()) {
                return Err(PipelineError::SeveralInputs(to.to_owned()));
            }
            into.push(from);
            used.insert(from);
        }
        let ends = |kind: Kind| matches!(kind, Kind::LevelMeter | Kind::WavTap);
        let loose =
            nodes.iter().find(|(id, (kind, _))| !sources.contains_key(**id) || !(used.contains(**id) || ends(*kind)));
        match loose {
            Some((id, _)) => Err(PipelineError::Unconnected((*id).to_owned())),
            None if !sources.contains_key(OUTPUT) => Err(PipelineError::Unconnected(OUTPUT.to_owned())),
            None => Ok(sources),
        }
    }
}

/// Puts nodes behind those they hear.
fn order(nodes: BTreeMap<&str, (Kind, Values)>, sources: &BTreeMap<&str, Vec<&str>>) -> Result<Plan, PipelineError> {
    let mut places: BTreeMap<&str, Option<usize>> = BTreeMap::from([(INPUT, None)]);
    let (mut left, mut steps) = (nodes, Vec::new());
    while !left.is_empty() {
        let ready = |id: &str| sources.get(id).is_some_and(|from| from.iter().all(|from| places.contains_key(from)));
        let next = left.keys().copied().find(|id| ready(id));
        let Some(id) = next else {
            // Every one left waits for another one.
            return Err(PipelineError::Cycle(left.keys().next().copied().unwrap_or_default().to_owned()));
        };
        let Some((kind, values)) = left.remove(id) else { continue };
        let from = sources.get(id).into_iter().flatten().filter_map(|from| places.get(from).copied()).collect();
        places.insert(id, Some(steps.len()));
        steps.push(Step { id: id.to_owned(), kind, values, from });
    }
    let output = sources.get(OUTPUT).and_then(|from| places.get(from.first()?).copied()).flatten();
    Ok(Plan { steps, output })
}

#[cfg(test)]
mod tests;
