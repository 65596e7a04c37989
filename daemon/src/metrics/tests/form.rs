//! The text is what OpenMetrics 1.0 says, and names nobody.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// A name of a family or a label.
fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(fits) && name.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Reads the text as strictly as a linter would; every sample with its value.
fn read(text: &str) -> Result<BTreeMap<String, f64>, String> {
    let body = text.strip_suffix("# EOF\n").ok_or("no # EOF at the end")?;
    let mut samples = BTreeMap::new();
    let mut families = BTreeSet::new();
    let (mut family, mut kind) = (String::new(), String::new());
    for line in body.lines() {
        let wrong = |what: &str| format!("{what}: {line}");
        if let Some(rest) = line.strip_prefix("# ") {
            let mut words = rest.splitn(3, ' ');
            let (what, name, value) = (words.next(), words.next(), words.next());
            let (Some(what), Some(name), Some(value)) = (what, name, value) else { return Err(wrong("half a line")) };
            match what {
                "HELP" => {
                    if !families.insert(name.to_owned()) {
                        return Err(wrong("a family twice"));
                    }
                    if !is_name(name) || value.is_empty() || value.ends_with("..") {
                        return Err(wrong("name or help"));
                    }
                    family = name.to_owned();
                }
                "TYPE" if name == family && ["counter", "gauge", "info"].contains(&value) => kind = value.to_owned(),
                _ => return Err(wrong("unknown or misplaced")),
            }
            continue;
        }
        let (series, value) = line.rsplit_once(' ').ok_or_else(|| wrong("no value"))?;
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let suffix = name.strip_prefix(family.as_str()).ok_or_else(|| wrong("outside its family"))?;
        let expected = BTreeMap::from([("counter", "_total"), ("gauge", ""), ("info", "_info")]);
        if expected.get(kind.as_str()) != Some(&suffix) {
            return Err(wrong("suffix"));
        }
        let labels = labels.strip_suffix('}').ok_or_else(|| wrong("labels"))?;
        for label in labels.split(',').filter(|label| !label.is_empty()) {
            let (name, value) = label.split_once('=').ok_or_else(|| wrong("label"))?;
            let quoted =
                value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).ok_or_else(|| wrong("quotes"))?;
            if !is_name(name) || quoted.contains(['"', '\\', '\n']) {
                return Err(wrong("label"));
            }
        }
        let value: f64 = value.parse().map_err(|_| wrong("number"))?;
        if value < 0.0 || samples.insert(series.to_owned(), value).is_some() {
            return Err(wrong("negative, or a series twice"));
        }
    }
    Ok(samples)
}

#[tokio::test]
async fn the_figures_are_well_formed_and_complete() {
    let scene = Scene::new();
    scene.figures.board.count(7, 2);
    scene.hub.publish(1, ended("busy"));
    let samples = read(&render(&scene.figures).await.unwrap()).unwrap();
    let is = |series: &str, value: f64| assert_eq!(samples.get(series), Some(&value), "{series} in {samples:#?}");
    is("ahoy_actor_answers", 1.0);
    is("ahoy_peers", 7.0);
    is("ahoy_calls", 2.0);
    is("ahoy_calls_ended_total{reason=\"busy\"}", 1.0);
    is("ahoy_calls_ended_total{reason=\"hung_up\"}", 0.0);
    is("ahoy_refused_total{check=\"017\"}", 3.0);
    is("ahoy_network_bad_length_total", 0.0);
    is("ahoy_inbox_waiting{inbox=\"network\"}", 0.0);
    is("ahoy_events_kept", 1.0);
    is("ahoy_speaker_missing_samples_total", 480.0);
    is("ahoy_tasks_alive{kind=\"links\"}", 0.0);
    assert!(samples["process_resident_memory_bytes"] > 1e6 && samples["process_open_fds"] > 2.0);
    for reason in ahoy_protocol::control::END_REASONS {
        assert!(samples.contains_key(&format!("ahoy_calls_ended_total{{reason=\"{}\"}}", reason.word)));
    }
}

#[tokio::test]
async fn no_figure_names_anybody() {
    let scene = Scene::new();
    scene.hub.publish(1, ended("a name that somebody chose"));
    let text = render(&scene.figures).await.unwrap();
    for word in ["secretaccount", "SecretDevice", "somebody", "127.0.0.1"] {
        assert!(!text.contains(word), "{word}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stuck_actor_shows_and_the_rest_is_told_all_the_same() {
    let scene = Scene::silent();
    let samples = read(&render(&scene.figures).await.unwrap()).unwrap();
    assert_eq!(samples["ahoy_actor_answers"], 0.0);
    assert!(samples.contains_key("ahoy_peers"));
}

#[test]
fn the_reader_of_this_test_sees_what_is_wrong() {
    let good = "# HELP a A.\n# TYPE a counter\na_total{x=\"1\"} 1\n# EOF\n";
    assert!(read(good).is_ok());
    for (part, instead) in [
        ("# EOF\n", ""),
        ("a_total", "a"),
        ("x=", "1x="),
        ("} 1", "} one"),
        ("counter", "sum"),
        ("\"1\"", "1"),
        ("} 1", "} -1"),
    ] {
        assert!(read(&good.replace(part, instead)).is_err(), "{instead:?} for {part:?}");
    }
    assert!(read(&good.replace("# EOF", "a_total{x=\"1\"} 2\n# EOF")).is_err(), "a series twice");
}
