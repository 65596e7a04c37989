//! `pipeline.*` over the socket: what is set, what is refused and with which words.

use serde_json::json;

use super::*;

fn gain(db: f64) -> Value {
    json!({"nodes": [{"id": "volume", "type": "gain", "params": {"gain_db": db}}],
        "edges": [{"from": "input", "to": "volume"}, {"from": "volume", "to": "output"}]})
}

#[tokio::test]
async fn a_pipeline_is_set_shown_told_and_taken_away_and_a_wrong_one_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let daemon = Daemon::at(Hub::new(0), dir.path().join("config.toml"));
    let mut client = daemon.greeted().await;
    let none = client.ask("pipeline.get", json!({})).await;
    assert_eq!((&none["result"]["manifest"], &none["result"]["kept"]), (&Value::Null, &json!(false)), "{none}");
    let set = client.ask("pipeline.set", json!({"manifest": gain(-6.0)})).await;
    assert_eq!((&set["result"]["manifest"], &set["result"]["kept"]), (&gain(-6.0), &json!(true)), "{set}");
    let newest = daemon.hub.newest();
    for (wrong, word, node) in [
        (gain(99.0), "bad_parameter", json!("volume")),
        (json!({"nodes": [], "edges": []}), "unconnected", json!("output")),
        (json!({"nodes": 7}), "unreadable", Value::Null),
        (json!("gain"), "unreadable", Value::Null),
    ] {
        let refused = client.ask("pipeline.set", json!({"manifest": wrong})).await;
        let data = &refused["error"]["data"];
        assert_eq!(data["kind"], "bad_pipeline", "{refused}");
        assert_eq!((&data["problem"]["error"], &data["problem"]["node"]), (&json!(word), &node), "{refused}");
        let checked = client.ask("pipeline.check", json!({"manifest": wrong})).await;
        assert_eq!((&checked["result"]["fits"], &checked["result"]["problem"]["error"]), (&json!(false), &json!(word)));
    }
    assert_eq!(client.ask("pipeline.check", json!({"manifest": gain(1.0)})).await["result"], json!({"fits": true}));
    assert_eq!(client.ask("pipeline.get", json!({})).await["result"]["manifest"], gain(-6.0));
    assert_eq!(daemon.hub.newest(), newest, "nothing was changed, and nothing told");
    let cleared = client.ask("pipeline.set", json!({"manifest": null})).await;
    assert_eq!(cleared["result"]["manifest"], Value::Null, "{cleared}");
    assert_eq!(daemon.hub.newest(), newest + 1);
    let missing = client.ask("pipeline.set", json!({})).await;
    assert_eq!(missing["error"]["data"]["kind"], "bad_params", "absent is not null: {missing}");
}

#[tokio::test]
async fn whose_sound_is_meant_must_be_clear() {
    let daemon = Daemon::new();
    let mut client = daemon.greeted().await;
    let capture = client.ask("pipeline.get", json!({"participant": "Ada"})).await;
    assert_eq!(capture["error"]["data"]["kind"], "bad_params", "{capture}");
    for method in ["pipeline.get", "pipeline.set"] {
        let params = json!({"manifest": gain(1.0), "scope": "participant", "call": "x"});
        let refused = client.ask(method, params).await;
        assert_eq!(refused["error"]["data"]["kind"], "bad_params", "{refused}");
    }
    for (input, output) in [("in.wav", "/tmp/out.wav"), ("/tmp/in.wav", "out.wav")] {
        let params = json!({"manifest": gain(1.0), "input": input, "output": output});
        let refused = client.ask("pipeline.run", params).await;
        assert_eq!(refused["error"]["data"]["kind"], "bad_params", "{refused}");
        assert!(refused["error"]["message"].as_str().unwrap().contains("absolute"), "{refused}");
    }
}
