//! The figures as OpenMetrics text (OpenMetrics 1.0, which Prometheus reads).

use std::fmt;
use std::time::Duration;

use ahoy_protocol::control::{Status, TaskCounts};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::Figures;
use crate::{limits, platform};

/// One label: a word of ours, never an id, a name or an address.
type Label = [(&'static str, String); 1];

/// Every figure now. An actor that does not answer in time shows as `ahoy_actor_answers 0`, and what it had told before.
///
/// # Errors
/// Never in practice: text is written to memory.
pub async fn render(figures: &Figures) -> Result<String, fmt::Error> {
    let limit = Duration::from_millis(limits::METRICS_ACTOR_MS);
    let answers = tokio::time::timeout(limit, figures.control.alive()).await.unwrap_or(false);
    let mut registry = Registry::default();
    let status = figures.board.status();
    gauge(
        &mut registry,
        "ahoy_actor_answers",
        "Whether the one task that owns all calls takes questions",
        u64::from(answers),
    );
    daemon(&mut registry, &status);
    tasks(&mut registry, &status.counts.tasks);
    let inboxes = figures.board.inboxes().into_iter().map(|(name, waiting)| (name.to_owned(), number(waiting)));
    levels(&mut registry, "ahoy_inbox_waiting", "Messages in the actor's inboxes", "inbox", inboxes);
    let ended = figures.board.ended().into_iter().map(|(word, count)| (word.to_owned(), count));
    counts(&mut registry, "ahoy_calls_ended", "Calls that ended, by docs/errors.md", "reason", ended);
    let refused = figures.board.refused().into_iter().map(|(check, count)| (format!("{check:03}"), count));
    counts(&mut registry, "ahoy_refused", "Messages refused, by the checks of docs/validation.md", "check", refused);
    for counted in figures.board.network() {
        let name = format!("ahoy_network_{}", counted.name);
        registry.register(name, counted.help.trim_end_matches('.'), ConstCounter::new(counted.value));
    }
    let missing = ConstCounter::new(figures.sound.missing_samples());
    registry.register("ahoy_speaker_missing_samples", "Samples that the speaker wanted and found missing", missing);
    process(&mut registry);
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

fn daemon(registry: &mut Registry, status: &Status) {
    let counts = &status.counts;
    registry.register("ahoy_build", "Version of the daemon", Info::new([("version", status.version.clone())]));
    for (name, help, value) in [
        ("ahoy_uptime_seconds", "Since the start", status.uptime_ms / 1000),
        ("ahoy_peers", "Connected peers", number(status.peers)),
        ("ahoy_calls", "Calls that are not ended", number(status.calls)),
        ("ahoy_links", "Media links that are not fully released", counts.links),
        ("ahoy_sessions", "Calls whose keys and topics are held", counts.sessions),
        ("ahoy_pairs", "Pair channels", counts.pairs),
        ("ahoy_topics", "Gossip topics subscribed to", counts.topics),
        ("ahoy_timers", "Timers of the core", counts.timers),
        ("ahoy_queued", "Everything that waits in the actor's queues", counts.queued),
        ("ahoy_events_kept", "Events kept for frontends", counts.events),
        ("ahoy_events_kept_bytes", "Their size", counts.events_bytes),
    ] {
        gauge(registry, name, help, value);
    }
}

fn tasks(registry: &mut Registry, tasks: &TaskCounts) {
    let kinds = [
        ("actor", tasks.actor),
        ("network", tasks.network),
        ("connections", tasks.connections),
        ("control", tasks.control),
        ("links", tasks.links),
    ];
    let started = kinds.map(|(kind, count)| (kind.to_owned(), count.started));
    let alive = kinds.map(|(kind, count)| (kind.to_owned(), count.alive));
    counts(registry, "ahoy_tasks_started", "Tasks since the start", "kind", started);
    levels(registry, "ahoy_tasks_alive", "Tasks that have not ended", "kind", alive);
    gauge(registry, "ahoy_runtime_tasks_alive", "All tasks, those of libraries included", tasks.runtime_alive);
}

/// Under the names that Prometheus' own clients use.
fn process(registry: &mut Registry) {
    let Some(usage) = platform::process_usage() else { return };
    gauge(registry, "process_resident_memory_bytes", "Resident memory", usage.resident_bytes);
    gauge(registry, "process_threads", "Threads", usage.threads);
    gauge(registry, "process_open_fds", "Open file descriptors", usage.descriptors);
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: u64) {
    registry.register(name, help, ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)));
}

fn counts(
    registry: &mut Registry,
    name: &str,
    help: &str,
    label: &'static str,
    all: impl IntoIterator<Item = (String, u64)>,
) {
    let family = Family::<Label, Counter>::default();
    for (value, count) in all {
        family.get_or_create(&[(label, value)]).inc_by(count);
    }
    registry.register(name, help, family);
}

fn levels(
    registry: &mut Registry,
    name: &str,
    help: &str,
    label: &'static str,
    all: impl IntoIterator<Item = (String, u64)>,
) {
    let family = Family::<Label, Gauge>::default();
    for (value, level) in all {
        family.get_or_create(&[(label, value)]).set(i64::try_from(level).unwrap_or(i64::MAX));
    }
    registry.register(name, help, family);
}
