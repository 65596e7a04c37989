//! What the other verbs show: to scripts as the daemon said it, to people in words.

use clap::Parser;
use serde_json::{Value, json};

use super::{CALL, OTHER, Turn, call_info, daemon, refusal, snapshot, state, status, turn};
use crate::args::Args;
use crate::failure::Failure;
use crate::out::Out;
use crate::verbs::ask;

/// Runs a verb for scripts (`json`) or people; what it showed.
async fn shows(words: &[&str], json: bool, script: Vec<Turn>) -> (Result<(), Failure>, Vec<String>) {
    let args = Args::try_parse_from(std::iter::once(&"ahoy").chain(words)).unwrap();
    let (mut client, _played) = daemon(script).await;
    let out = Out::kept(json);
    let result = ask(&args, &mut client, &out).await;
    (result, out.lines())
}

async fn object(words: &[&str], method: &'static str, answer: Value) -> Value {
    let (result, lines) = shows(words, true, vec![turn(method, answer)]).await;
    result.unwrap();
    assert_eq!(lines.len(), 1, "{lines:?}");
    serde_json::from_str(&lines[0]).unwrap()
}

async fn text(words: &[&str], method: &'static str, answer: Value) -> String {
    let (result, lines) = shows(words, false, vec![turn(method, answer)]).await;
    result.unwrap();
    lines.join("\n")
}

fn contact(name: &str, online: bool) -> Value {
    json!({ "account": "ada", "name": name, "devices": ["d"], "online": online, "acquainted": true })
}

#[tokio::test]
async fn status_passes_fields_on_that_it_does_not_know() {
    let mut answer = status();
    answer["weather"] = json!("fog");
    assert_eq!(object(&["status"], "status", answer.clone()).await, answer);
    let text = text(&["status"], "status", answer).await;
    assert!(text.starts_with("ahoyd 0.1.0 (interface 1.0), up 5 s\naccount me\n"), "{text}");
}

#[tokio::test]
async fn id_and_card_show_what_others_need() {
    let answer =
        json!({ "account": "me", "device": "d", "name": "Me", "card": "ahoy:x", "listen": ["/ip4/127.0.0.1/tcp/1"] });
    assert_eq!(object(&["id"], "account.show", answer.clone()).await, answer);
    let shown = text(&["id"], "account.show", answer).await;
    assert_eq!(shown, "name    Me\naccount me\ndevice  d\nlisten  /ip4/127.0.0.1/tcp/1\ncard    ahoy:x");
    assert_eq!(text(&["card"], "account.card", json!({ "card": "ahoy:x" })).await, "ahoy:x");
    assert_eq!(object(&["card"], "account.card", json!({ "card": "ahoy:x" })).await, json!({ "card": "ahoy:x" }));
}

#[tokio::test]
async fn contacts_are_a_line_each() {
    let two = json!({ "contacts": [contact("Ada", true), contact("Ben", false)] });
    let (_, lines) = shows(&["contact", "list"], true, vec![turn("contact.list", two.clone())]).await;
    assert_eq!(lines.len(), 2);
    let shown = text(&["contact", "list"], "contact.list", two).await;
    assert!(shown.contains("Ada                  online") && shown.contains("Ben                  offline"), "{shown}");
    let added = json!({ "contact": contact("Ada", false) });
    assert_eq!(text(&["contact", "add", " ahoy:x\n"], "contact.add", added).await, "Ada is a contact now.");
    assert_eq!(object(&["contact", "remove", "Ada"], "contact.remove", json!({})).await, json!({ "removed": "Ada" }));
}

#[tokio::test]
async fn calls_name_the_others_and_the_reason_of_the_end() {
    let mut ended = call_info("ended");
    ended["reason"] = json!("no_answer");
    ended["ended_at_ms"] = json!(2);
    let shown = text(&["calls"], "call.list", json!({ "calls": [ended] })).await;
    assert_eq!(shown, format!("{CALL} in  ended        Ada (nobody answered)"));
}

#[tokio::test]
async fn muting_says_what_is_so_now() {
    assert_eq!(object(&["mute"], "call.mute", json!({})).await, json!({ "muted": true }));
    assert_eq!(object(&["unmute"], "call.unmute", json!({ "call": CALL })).await, json!({ "muted": false }));
}

fn figures(state: &str) -> Value {
    json!({ "call": CALL, "account": "ahoy1abcdefghijklmno", "device": "d", "state": state, "capabilities": ["audio"],
        "rtt_ms": 1.25, "loss_rate": 0.013, "jitter_ms": null, "bitrate_bps_in": 31_900.0, "codec": "opus/48000" })
}

#[tokio::test]
async fn figures_show_what_is_known_and_a_dash_for_the_rest() {
    let answer = json!({ "participants": [figures("connected")] });
    let known = json!({ "contacts": [contact("Ada", true)] });
    let script = |answer: &Value| vec![turn("contact.list", known.clone()), turn("call.stats", answer.clone())];
    let (_, lines) = shows(&["stats"], false, script(&answer)).await;
    assert!(lines[0].starts_with("ahoy1abcdef… connected"), "{lines:?}");
    let mut of_ada = answer.clone();
    of_ada["participants"][0]["account"] = json!("ada");
    let (_, lines) = shows(&["stats"], false, script(&of_ada)).await;
    let wanted = "Ada connected: round trip 1.2 ms, loss 1.3 %, jitter -, buffer -, mouth to ear -, 32/- kbit/s in/out, opus/48000";
    assert_eq!(lines, [wanted]);
    let shown = object(&["stats"], "call.stats", answer).await;
    assert_eq!((&shown["rtt_ms"], &shown["jitter_ms"]), (&json!(1.25), &Value::Null));
}

#[tokio::test]
async fn followed_figures_stay_with_their_call_until_it_ends() {
    let stats = || turn("call.stats", json!({ "participants": [figures("connected")] }));
    let calls = |state: &str| turn("call.list", json!({ "calls": [call_info(state)] }));
    let script = vec![stats(), calls("active"), stats(), calls("ended")];
    let (result, lines) = shows(&["stats", "--follow"], true, script).await;
    result.unwrap();
    assert_eq!(lines.len(), 2);
}

#[tokio::test]
async fn what_is_no_card_is_listed_only_if_asked_for_or_in_use() {
    let device = |id: &str, selected| json!({ "id": id, "name": id, "direction": "input", "default": false, "selected": selected });
    let there = ["alsa:lavrate", "alsa:null", "alsa:hw:CARD=0,DEV=0", "pulseaudio:headset", "alsa:upmix"];
    let there: Vec<_> = there.iter().map(|id| device(id, *id == "alsa:upmix")).collect();
    let few = text(&["devices"], "device.audio.list", json!({ "devices": there })).await;
    assert!(["CARD=0", "headset", "upmix"].iter().all(|id| few.contains(id)), "{few}");
    assert!(!few.contains("lavrate") && !few.contains("alsa:null"), "{few}");
    let all = text(&["devices", "--all"], "device.audio.list", json!({ "devices": there })).await;
    assert!(all.contains("lavrate") && all.contains("alsa:null"), "{all}");
}

#[tokio::test]
async fn devices_show_which_one_is_used() {
    let device = json!({ "id": "alsa:x", "name": "Headset", "direction": "input", "default": true, "selected": true });
    let shown = text(&["devices"], "device.audio.list", json!({ "devices": [device] })).await;
    assert_eq!(shown, "* input  Headset (default)\n         alsa:x");
}

#[tokio::test]
async fn watch_begins_with_the_snapshot_and_passes_events_on() {
    let comet = json!({ "kind": "comet", "tail": 3 });
    let events = || vec![state(CALL, "ended", Some("declined")), comet.clone()];
    let subscribed = || Turn { method: "subscribe", answer: snapshot(json!([])), events: events() };
    let (result, lines) = shows(&["watch"], true, vec![subscribed()]).await;
    assert_eq!(result.unwrap_err().exit_code(), 3, "the daemon went away");
    let lines: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["kind"], &lines[0]["seq"]), (&json!("snapshot"), &json!(4)));
    assert_eq!(lines[0]["contacts"][0]["name"], "Ada");
    assert_eq!((&lines[1]["reason"], &lines[2]["tail"]), (&json!("declined"), &json!(3)));

    let (_, lines) = shows(&["watch"], false, vec![subscribed()]).await;
    assert_eq!(lines[0], "connected to ahoyd 0.1.0: 1 contact, 1 peer, 0 calls");
    assert_eq!(lines[1], "    0.000 outgoing call 00112233445… ended: declined");
    assert_eq!(lines[2], "    0.001 comet");
}

#[tokio::test]
async fn stop_waits_until_the_daemon_is_gone() {
    let home = tempfile::tempdir().unwrap();
    let words = ["stop", "--home", home.path().to_str().unwrap()];
    assert_eq!(object(&words, "shutdown", json!({})).await, json!({ "stopped": true }));

    // It has closed the connection and still holds its home.
    let paths = ahoy_client::control::HomePaths::under(home.path());
    std::fs::create_dir(&paths.data).unwrap();
    let lock = std::fs::File::create(paths.lock()).unwrap();
    lock.lock().unwrap();
    let stopping = object(&words, "shutdown", json!({}));
    tokio::pin!(stopping);
    let early = tokio::time::timeout(std::time::Duration::from_millis(100), &mut stopping).await;
    assert!(early.is_err(), "it is not gone yet");
    lock.unlock().unwrap();
    stopping.await;
}

#[tokio::test]
async fn whoever_holds_the_call_is_seen_in_the_list() {
    let mut held = call_info("held");
    held["participants"] =
        json!([{ "account": "ada", "device": "d", "name": "Ada", "state": "connected", "muted": false, "held": true }]);
    let shown = text(&["calls"], "call.list", json!({ "calls": [held] })).await;
    assert_eq!(shown, format!("{CALL} in  held         Ada (held by them)"));
}

#[tokio::test]
async fn the_beginning_of_an_id_names_a_call_if_it_is_the_only_one() {
    let calls = |ids: &[&str]| {
        let call = |id: &&str| {
            let mut info = call_info("incoming");
            info["call"] = json!(id);
            info
        };
        turn("call.list", json!({ "calls": ids.iter().map(call).collect::<Vec<_>>() }))
    };
    let stats = || turn("call.stats", json!({ "participants": [figures("connected")] }));
    let near = format!("{}f", &CALL[..31]);
    let (result, lines) = shows(&["stats", &CALL[..4]], true, vec![calls(&[CALL, OTHER]), stats()]).await;
    result.unwrap();
    assert_eq!(lines.len(), 1);

    for (text, ids, wanted) in [(&CALL[..31], vec![CALL, &near], 2), ("77", vec![CALL], 0), ("0011x", vec![], 0)] {
        let script = if text.contains('x') { Vec::new() } else { vec![calls(&ids)] };
        let (result, _) = shows(&["stats", text], true, script).await;
        let failure = result.unwrap_err();
        assert_eq!(failure.exit_code(), 4, "{failure}");
        let listed = failure.to_string().matches(" in  incoming     Ada").count();
        assert_eq!(listed, wanted, "{failure}");
    }
}

#[tokio::test]
async fn several_calls_that_can_be_meant_are_told_apart_by_name_and_state() {
    let mut other = call_info("held");
    other["call"] = json!(OTHER);
    other["direction"] = json!("out");
    let mut refused = refusal("ambiguous_call");
    refused["error"]["data"]["candidates"] = json!([CALL, OTHER]);
    let script = vec![turn("call.stats", refused), turn("call.list", json!({ "calls": [call_info("active"), other] }))];
    let (mut client, _played) = daemon(script).await;
    let out = Out::kept(true);
    let args = Args::try_parse_from(["ahoy", "stats"]).unwrap();
    let failure = ask(&args, &mut client, &out).await.unwrap_err();
    let told = crate::verbs::meant::told_apart(&mut client, failure).await;
    assert_eq!(told.exit_code(), 4);
    let lines = format!("\n  {CALL} in  active       Ada\n  {OTHER} out held         Ada");
    assert!(told.to_string().ends_with(&lines), "{told}");
}

/// What a daemon tells of a trial, with this found in the end.
fn trial(verdict: &str) -> Vec<Turn> {
    let level =
        json!({ "kind": "sound_test", "state": "recording", "level_dbfs": -20, "peak_dbfs": -9, "left_ms": 900 });
    let finding = json!({ "direction": "input", "verdict": verdict, "detail": "what was found", "hint": "do this" });
    let over = json!({ "kind": "sound_test", "state": "over", "findings": [finding] });
    let begun = Turn { method: "device.audio.test", answer: json!({}), events: vec![level, over] };
    vec![turn("subscribe", snapshot(json!([]))), begun]
}

#[tokio::test]
async fn a_test_of_the_devices_shows_levels_what_was_found_and_what_to_do() {
    let (result, lines) = shows(&["devices", "test"], true, trial("good")).await;
    result.unwrap();
    let lines: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["level_dbfs"], &lines[1]["verdict"]), (&json!(-20), &json!("good")), "{lines:?}");
    let (result, lines) = shows(&["devices", "test", "--seconds", "1"], false, trial("no_signal")).await;
    assert_eq!(result.unwrap_err().exit_code(), 1);
    assert_eq!(lines, ["! microphone what was found\n             -> do this"]);
    let (result, _) = shows(&["devices", "test", "--seconds", "11"], true, Vec::new()).await;
    assert_eq!(result.unwrap_err().exit_code(), 2);
    let busy = vec![turn("subscribe", snapshot(json!([]))), turn("device.audio.test", refusal("in_call"))];
    assert_eq!(shows(&["devices", "test"], true, busy).await.0.unwrap_err().exit_code(), 1);
}

#[tokio::test]
async fn another_device_is_used_and_how_long_that_lasts_is_said() {
    let words = ["devices", "use", "--input", "alsa:x"];
    assert_eq!(text(&words, "device.audio.select", json!({ "kept": true })).await, "It is used from now on.");
    let until = text(&words, "device.audio.select", json!({ "kept": false })).await;
    assert!(until.starts_with("It is used until the daemon stops"), "{until}");
    assert!(Args::try_parse_from(["ahoy", "devices", "use"]).is_err(), "nothing is named");
}
