//! Explores a scene, and says how much that was.

use std::time::Instant;

use stateright::{Checker, HasDiscoveries, Model};

use super::model::Scene;

/// What an exploration found.
pub(crate) struct Explored {
    /// Every state there is was seen.
    pub(crate) all: bool,
    /// Properties with a counterexample, and the shortest way there.
    pub(crate) broken: Vec<(&'static str, String)>,
    /// People talked in some state.
    pub(crate) talked: bool,
    /// For the output.
    pub(crate) line: String,
}

/// Explores a scene, up to about so many states; a broken rule ends it.
pub(crate) fn explore(name: &str, scene: Scene, states: usize) -> Explored {
    let since = Instant::now();
    let steps = scene.steps.clone();
    let rules = HasDiscoveries::AnyFailures;
    let checker = scene.checker().finish_when(rules).target_state_count(states).spawn_bfs().join();
    let found = checker.discoveries();
    let talked = found.contains_key("people talk");
    let broken = found.into_iter().filter(|(name, _)| *name != "people talk");
    let broken: Vec<_> = broken.map(|(name, path)| (name, format!("{:?}", path.into_actions()))).collect();
    let (unique, depth) = (checker.unique_state_count(), checker.max_depth());
    let all = checker.state_count() < states && broken.is_empty();
    let whole = if all { "all" } else { "not all" };
    let line = format!(
        "{name}: {unique} distinct states ({whole}), {} transitions, {} steps of cores, depth {depth}, {:.1} s",
        checker.state_count(),
        steps.len(),
        since.elapsed().as_secs_f64()
    );
    Explored { all, broken, talked, line }
}
