//! Every way in which a manifest can be wrong, by its name.

use super::*;

fn manifest(nodes: &[(&str, &str)], edges: &[(&str, &str)]) -> Manifest {
    let node = |(id, kind): &(&str, &str)| NodeSpec { id: (*id).into(), kind: (*kind).into(), params: Map::new() };
    let edge = |(from, to): &(&str, &str)| Edge { from: (*from).into(), to: (*to).into() };
    Manifest { nodes: nodes.iter().map(node).collect(), edges: edges.iter().map(edge).collect() }
}

fn word(nodes: &[(&str, &str)], edges: &[(&str, &str)]) -> &'static str {
    manifest(nodes, edges).check(Place::Once).map_or_else(|error| error.word(), |()| "fits")
}

fn params(json: &str) -> Result<(), PipelineError> {
    let text = format!(
        r#"{{"nodes": [{{"id": "a", {json}}}], "edges": [{{"from": "input", "to": "a"}}, {{"from": "a", "to": "output"}}]}}"#
    );
    Manifest::parse(&text)?.check(Place::Once)
}

#[test]
fn chains_and_branches_that_meet_in_a_mix_fit() {
    assert_eq!(word(&[], &[("input", "output")]), "fits");
    assert_eq!(word(&[("a", "gain"), ("b", "agc")], &[("input", "a"), ("a", "b"), ("b", "output")]), "fits");
    let branches = [("input", "a"), ("input", "b"), ("a", "m"), ("b", "m"), ("m", "output")];
    assert_eq!(word(&[("a", "gain"), ("b", "delay"), ("m", "mix")], &branches), "fits");
    assert_eq!(word(&[("t", "level_meter")], &[("input", "t"), ("input", "output")]), "fits");
}

#[test]
fn a_node_comes_after_those_it_hears_whatever_the_order_it_is_written_in() {
    let edges = [("b", "output"), ("a", "b"), ("input", "z"), ("z", "a")];
    let plan = manifest(&[("a", "gain"), ("b", "gain"), ("z", "gain")], &edges).plan_for(Place::Once).unwrap();
    let order: Vec<&str> = plan.steps.iter().map(|step| step.id.as_str()).collect();
    assert_eq!((order, plan.output), (vec!["z", "a", "b"], Some(2)));
}

#[test]
fn everything_that_is_wrong_has_a_name() {
    assert_eq!(word(&[("a", "magic")], &[("input", "a"), ("a", "output")]), "unknown_type");
    for id in ["", "input", "output", &"x".repeat(65)] {
        assert_eq!(word(&[(id, "gain")], &[]), "bad_id", "{id}");
    }
    assert_eq!(word(&[("a", "gain"), ("a", "gain")], &[]), "bad_id");
    assert_eq!(word(&[("a", "gain")], &[("input", "a"), ("b", "output")]), "unknown_node");
    assert_eq!(word(&[], &[("input", "input")]), "unknown_node");
    assert_eq!(word(&[], &[("output", "output")]), "unknown_node");
    assert_eq!(word(&[("a", "gain")], &[("input", "a"), ("input", "a"), ("a", "output")]), "several_inputs");
    let two = [("input", "a"), ("input", "output"), ("a", "output")];
    assert_eq!(word(&[("a", "gain")], &two), "several_inputs");
    let circle = [("input", "m"), ("b", "m"), ("m", "b"), ("b", "output")];
    assert_eq!(word(&[("m", "mix"), ("b", "gain")], &circle), "cycle");
    assert_eq!(word(&[("a", "gain")], &[("a", "a"), ("a", "output")]), "cycle");
    assert_eq!(word(&[], &[]), "unconnected");
    assert_eq!(word(&[("a", "gain")], &[("input", "output")]), "unconnected");
    assert_eq!(word(&[("a", "gain")], &[("input", "a"), ("input", "output")]), "unconnected");
    let many: Vec<(String, String)> = (0..65).map(|n| (format!("n{n}"), "gain".to_owned())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(id, kind)| (id.as_str(), kind.as_str())).collect();
    assert_eq!(word(&many, &[]), "too_many");
    assert_eq!(word(&[], &[("input", "output"); 257]), "too_many");
}

#[test]
fn parameters_are_checked_by_name_form_and_range() {
    assert_eq!(params(r#""type": "gain", "params": {"gain_db": -6}"#), Ok(()));
    let error = params(r#""type": "gain", "params": {"gain": 1}"#).unwrap_err();
    assert_eq!(error.word(), "unknown_parameter");
    assert!(error.to_string().contains("gain_db"), "{error}");
    for bad in ["31", "-61", "\"loud\"", "null", "1e99"] {
        let error = params(&format!(r#""type": "gain", "params": {{"gain_db": {bad}}}"#)).unwrap_err();
        assert_eq!(error.word(), "bad_parameter");
        assert!(error.to_string().contains("from -60 to 30"), "{error}");
    }
    assert_eq!(params(r#""type": "wav_tap""#).unwrap_err().word(), "bad_parameter");
    assert_eq!(params(r#""type": "wav_tap", "params": {"path": 7}"#).unwrap_err().word(), "bad_parameter");
    assert_eq!(params(r#""type": "mix", "params": {"gain_db": 0}"#).unwrap_err().word(), "unknown_parameter");
    assert_eq!(params(r#""type": "mix", "colour": 1"#).unwrap_err().word(), "unreadable");
    assert_eq!(Manifest::parse("{").unwrap_err().word(), "unreadable");
}

#[test]
fn every_type_can_be_built_with_its_defaults_and_at_both_ends_of_every_range() {
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::WavTap) {
        assert_eq!(Kind::of(kind.word()), Some(kind));
        for end in [0, 1, 2] {
            let mut manifest = manifest(&[("a", kind.word())], &[("input", "a"), ("a", "output")]);
            for parameter in kind.parameters() {
                let value = [parameter.default, parameter.least, parameter.most][end];
                manifest.nodes[0].params.insert(parameter.name.into(), value.into());
            }
            assert!(crate::pipeline::Pipeline::new(&manifest).is_ok(), "{kind:?}");
        }
    }
}
