//! A call that one of two daemons records: who is asked, who is shown it, what is in the files and what is not.

use std::path::Path;

use ahoy_client::control::{Consent, EventKind};
use ahoy_tests::node::{Node, Setup};
use ahoy_tests::recording::{samples, track};
use ahoy_tests::sound::Heard;
use ahoy_tests::swarm::{hang_up, pair, talking};
use serde_json::Value;

const ADA_HZ: u32 = 440;
/// No multiple of the other: what a codec adds to a tone lies there.
const BEN_HZ: u32 = 1_250;

async fn two() -> (Node, Node, String) {
    let (mut a, mut b) = pair(Setup::tone("Ada", ADA_HZ), Setup::tone("Ben", BEN_HZ)).await;
    let call = talking(&mut a, &mut b).await;
    (a, b, call)
}

async fn is_asked(node: &mut Node) {
    let asked = |event: &EventKind| matches!(event, EventKind::RecordingRequested(_)).then_some(());
    node.frontend.until("the question", asked).await;
}

async fn hears_of(node: &mut Node, consent: Consent) {
    let said =
        |event: &EventKind| matches!(event, EventKind::RecordingAnswered(it) if it.consent == consent).then_some(());
    node.frontend.until("the answer", said).await;
}

fn index(folder: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("index.json")).unwrap()).unwrap()
}

/// How loud this tone is in a stretch of a file, from and to in seconds; 0.5 is as loud as it was said.
fn tone_in(file: &Path, (from, to): (f64, f64), hz: u32) -> f64 {
    let sound = samples(file).unwrap();
    let at = |seconds: f64| ((seconds * 48_000.0) as usize).min(sound.len());
    let heard = Heard::of(48_000, &sound[at(from)..at(to)]);
    heard.part_at(f64::from(hz)).sqrt() * heard.level()
}

/// Once the files are ended.
async fn written(folder: &Path) -> Value {
    loop {
        let index = index(folder);
        if !index["reason"].is_null() {
            return index;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_voice_is_in_the_recording_from_its_consent_to_its_withdrawal_and_everybody_sees_who_records() {
    let (mut a, mut b, call) = two().await;
    let folder = a.rung().with_file_name("call");
    let reply = a.frontend.ask.record(None, folder.to_str()).await.unwrap();
    assert_eq!((reply.call.as_str(), Path::new(&reply.folder)), (call.as_str(), folder.as_path()));
    is_asked(&mut b).await;
    assert!(a.frontend.ask.status().await.unwrap().recording);
    // Half a second in which nobody has agreed.
    a.ear.hears(25).await;
    b.frontend.ask.allow_recording(None, true).await.unwrap();
    hears_of(&mut a, Consent::Accepted).await;
    let shown = b.frontend.ask.calls().await.unwrap();
    assert!(shown[0].participants[0].recording && b.frontend.ask.status().await.unwrap().recorded, "{shown:?}");
    a.ear.hears(100).await;
    b.frontend.ask.allow_recording(None, false).await.unwrap();
    hears_of(&mut a, Consent::Withdrawn).await;
    a.ear.hears(75).await;
    a.frontend.ask.stop_recording().await.unwrap();
    let index = written(&folder).await;

    let [own, other] = &index["tracks"].as_array().unwrap()[..] else { panic!("{index}") };
    assert_eq!((&own["own"], &other["own"], &other["account"]), (&true.into(), &false.into(), &b.account().into()));
    assert!(other["consented_at_ms"].as_u64() < other["withdrawn_at_ms"].as_u64(), "{other}");
    let (mixed, theirs) = (folder.join("mixed.opus"), folder.join(other["file"].as_str().unwrap()));
    let begins = other["offset_ms"].as_f64().unwrap() / 1_000.0;
    let ends = begins + track(&theirs).seconds();
    let whole = track(&mixed).seconds();
    assert!(begins > 0.3 && ends - begins > 1.0 && whole - ends > 0.8, "{begins}, {ends}, {whole}");
    // In the file of its own from the first moment on, and in the mix at the same place.
    assert!(tone_in(&theirs, (0.1, 1.0), BEN_HZ) > 0.2, "{}", tone_in(&theirs, (0.1, 1.0), BEN_HZ));
    assert!(tone_in(&mixed, (begins + 0.1, begins + 1.0), BEN_HZ) > 0.2);
    for silent in [(0.0, begins - 0.03), (ends + 0.03, whole)] {
        let heard = tone_in(&mixed, silent, BEN_HZ);
        assert!(heard < 0.002, "{heard} of a voice without consent, at {silent:?}");
        assert!(tone_in(&mixed, silent, ADA_HZ) > 0.2, "our own voice is there throughout");
    }
    let stopped = |event: &EventKind| matches!(event, EventKind::RecordingStopped(_)).then_some(());
    b.frontend.until("the end of the recording", stopped).await;
    assert!(!b.frontend.ask.status().await.unwrap().recorded);
    hang_up(&mut a, &mut b, &call).await;
}

#[tokio::test]
async fn nothing_of_a_refuser_is_written_anywhere_and_what_is_said_muted_is_silence() {
    let (mut a, mut b, call) = two().await;
    let folder = a.rung().with_file_name("call");
    a.frontend.ask.record(None, folder.to_str()).await.unwrap();
    is_asked(&mut b).await;
    b.frontend.ask.allow_recording(None, false).await.unwrap();
    hears_of(&mut a, Consent::Refused).await;
    b.ear.hears(50).await;
    a.frontend.ask.mute(None).await.unwrap();
    let muted_from = index_ms(&folder, &a).await;
    b.ear.hears(75).await;
    // The end of the call ends the recording.
    hang_up(&mut a, &mut b, &call).await;
    let index = written(&folder).await;
    assert_eq!((&index["reason"], &index["asked"][0]["answer"]), (&"call_ended".into(), &"refused".into()));
    assert_eq!(index["tracks"].as_array().unwrap().len(), 1, "{index}");
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|it| it.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["index.json", "mixed.opus", "track-1.opus"]);
    for file in ["mixed.opus", "track-1.opus"] {
        let (path, whole) = (folder.join(file), track(&folder.join(file)).seconds());
        assert!(tone_in(&path, (0.0, whole), BEN_HZ) < 0.002, "{file}");
        assert!(tone_in(&path, (0.1, muted_from - 0.2), ADA_HZ) > 0.2, "{file}");
        assert!(tone_in(&path, (muted_from + 0.1, whole), ADA_HZ) < 0.002, "{file}: what is said muted");
        assert!(whole - muted_from > 0.8, "{whole}");
    }
}

/// Seconds since the recording began.
async fn index_ms(folder: &Path, node: &Node) -> f64 {
    let _keeps_running = node;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    (now as f64 - index(folder)["started_at_ms"].as_f64().unwrap()) / 1_000.0
}

#[tokio::test]
async fn a_folder_that_is_there_is_refused_and_nobody_is_asked() {
    let (mut a, mut b, call) = two().await;
    let folder = a.rung().with_file_name("there");
    std::fs::create_dir(&folder).unwrap();
    let error = a.frontend.ask.record(None, folder.to_str()).await.unwrap_err();
    assert!(error.to_string().contains("there"), "{error}");
    let error = a.frontend.ask.record(None, Some("relative")).await.unwrap_err();
    assert!(error.to_string().contains("absolute"), "{error}");
    hang_up(&mut a, &mut b, &call).await;
    b.frontend.catch_up().await;
    assert!(!b.frontend.seen().any(|event| matches!(event, EventKind::RecordingRequested(_))));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}
