//! Which pipelines are at work where, and what is left of them after a restart.

use std::time::Duration;

use ahoy_protocol::control::{Direction, PipelineRunState};
use serde_json::json;

use super::*;
use crate::recorder::Recorder;

fn node(node: Value) -> Value {
    json!({"nodes": [node], "edges": [{"from": "input", "to": "a"}, {"from": "a", "to": "output"}]})
}

fn gain() -> Value {
    node(json!({"id": "a", "type": "gain", "params": {"gain_db": -6}}))
}

struct World {
    dir: tempfile::TempDir,
    recorder: Arc<Recorder>,
    _sound: Arc<dyn Sound>,
    pipes: Pipes,
    hub: Hub,
}

impl World {
    fn new() -> Self {
        Self::at(tempfile::tempdir().unwrap())
    }

    fn at(dir: tempfile::TempDir) -> Self {
        let (recorder, hub) = (Arc::new(Recorder::default()), Hub::new(0));
        let sound: Arc<dyn Sound> = recorder.clone();
        let pipes = Pipes::new(&sound, dir.path().join("pipeline.json"), hub.clone());
        Self { dir, recorder, _sound: sound, pipes, hub }
    }

    /// The daemon stops, and starts again.
    fn again(self) -> Self {
        let world = Self::at(self.dir);
        world.pipes.begin();
        world
    }

    fn whose(call: &str) -> Whose {
        Whose { call: call.into(), device: "device".into() }
    }

    /// Waits until the sound was asked for this.
    async fn piped(&self) -> Vec<String> {
        loop {
            let done = self.recorder.take();
            if !done.is_empty() {
                return done;
            }
            tokio::task::yield_now().await;
        }
    }

    /// The next event after these.
    fn told(&self, after: u64) -> Option<String> {
        let newest = self.hub.newest();
        match self.hub.take(after + 1, newest) {
            crate::control::Taken::Lines(lines, _) => lines.into_iter().next().map(|line| line.to_string()),
            crate::control::Taken::Missed(_) => None,
        }
    }
}

#[test]
fn what_is_set_over_the_microphone_is_there_after_a_restart_until_it_is_taken_away() {
    let world = World::new();
    assert!(world.pipes.set_capture(gain()).unwrap().kept);
    assert_eq!(world.recorder.take(), ["pipe Own true"]);
    let world = world.again();
    assert_eq!(world.recorder.take(), ["pipe Own true"]);
    assert_eq!(world.pipes.capture().manifest, gain());
    world.pipes.set_capture(Value::Null).unwrap();
    assert_eq!(world.recorder.take(), ["pipe Own false"]);
    let world = world.again();
    assert!(world.recorder.take().is_empty() && world.pipes.capture().manifest.is_null());
}

#[test]
fn what_writes_down_what_is_said_ends_with_the_daemon() {
    let world = World::new();
    world.pipes.set_capture(gain()).unwrap();
    let path = world.dir.path().join("tap.wav");
    let tap = node(json!({"id": "a", "type": "wav_tap", "params": {"path": path}}));
    assert!(!world.pipes.set_capture(tap.clone()).unwrap().kept);
    assert_eq!(world.pipes.set_capture(tap).unwrap_err().kind, ErrorKind::BadPipeline, "the file is there");
    assert_eq!(world.again().pipes.capture().manifest, gain(), "what was kept before");
}

#[test]
fn a_kept_pipeline_that_cannot_be_used_is_told_and_stays_where_it_is() {
    let world = World::new();
    for junk in ["{", "{\"nodes\": []}", "null"] {
        std::fs::write(world.dir.path().join("pipeline.json"), junk).unwrap();
        world.pipes.begin();
        let told = world.told(world.hub.newest() - 1).unwrap();
        assert!(told.contains("pipeline_not_used"), "{told}");
    }
    assert!(world.recorder.take().is_empty());
    assert!(world.dir.path().join("pipeline.json").exists());
}

#[test]
fn a_folder_that_takes_no_file_leaves_everything_as_it_is() {
    let world = World::new();
    std::fs::create_dir(world.dir.path().join("pipeline.json.new")).unwrap();
    let blocked = Pipes { file: Arc::new(world.dir.path().join("none/pipeline.json")), ..world.pipes.clone() };
    assert_eq!(blocked.set_capture(gain()).unwrap_err().kind, ErrorKind::NoResources);
    assert!(world.recorder.take().is_empty() && blocked.capture().manifest.is_null());
}

#[tokio::test]
async fn a_participant_has_its_pipeline_on_every_link_until_the_call_ends() {
    let world = World::new();
    let whose = World::whose("c1");
    assert!(!world.pipes.follows());
    let set = world.pipes.set_participant(&whose, gain()).unwrap();
    assert_eq!((set.delay_ms, set.kept), (10.0, false));
    assert!(world.pipes.follows() && world.recorder.take().is_empty(), "nobody is linked yet");
    world.pipes.follow([(World::whose("c2"), LinkId(4)), (whose.clone(), LinkId(5))].into_iter());
    assert_eq!(world.piped().await, ["pipe Link(LinkId(5)) true"]);
    world.pipes.follow([(whose.clone(), LinkId(5))].into_iter());
    // It connects anew.
    world.pipes.follow([(whose.clone(), LinkId(6))].into_iter());
    assert_eq!(world.piped().await, ["pipe Link(LinkId(6)) true"], "once for each link");
    world.pipes.set_participant(&whose, Value::Null).unwrap();
    assert_eq!(world.recorder.take(), ["pipe Link(LinkId(6)) false"]);
    world.pipes.set_participant(&whose, gain()).unwrap();
    let ended = |call: &str, continues_as: Option<&str>| EventKind::CallState {
        call: call.into(),
        state: CallState::Ended,
        direction: Direction::Out,
        reason: None,
        cause: None,
        device: None,
        client: None,
        continues_as: continues_as.map(str::to_owned),
    };
    world.pipes.see(&ended("c2", None));
    world.pipes.see(&ended("c1", Some("c3")));
    assert!(world.pipes.participant(&whose).manifest.is_null());
    assert_eq!(world.pipes.participant(&World::whose("c3")).manifest, gain(), "the talk goes on");
    world.pipes.see(&ended("c3", None));
    assert!(!world.pipes.follows());
}

#[test]
fn nobody_is_written_down_by_a_pipeline_and_not_too_many_have_one() {
    let world = World::new();
    let path = world.dir.path().join("tap.wav");
    let tap = node(json!({"id": "a", "type": "wav_tap", "params": {"path": path}}));
    let refused = world.pipes.set_participant(&World::whose("c"), tap).unwrap_err();
    assert_eq!(refused.problem.unwrap().error, "tap_refused");
    assert!(!path.exists());
    for n in 0..limits::PARTICIPANT_PIPELINES {
        world.pipes.set_participant(&World::whose(&n.to_string()), gain()).unwrap();
    }
    let more = world.pipes.set_participant(&World::whose("more"), gain()).unwrap_err();
    assert_eq!(more.kind, ErrorKind::LimitReached);
    world.pipes.set_participant(&World::whose("0"), gain()).unwrap();
}

#[test]
fn one_file_is_run_over_at_a_time_and_its_end_is_told() {
    let world = World::new();
    let (input, output) = (world.dir.path().join("in.wav"), world.dir.path().join("out.wav"));
    let sample_format = hound::SampleFormat::Int;
    let spec = hound::WavSpec { channels: 2, sample_rate: 16_000, bits_per_sample: 16, sample_format };
    let mut wav = hound::WavWriter::create(&input, spec).unwrap();
    (0..64_000).for_each(|n| wav.write_sample((n % 100 * 100) as i16).unwrap());
    wav.finalize().unwrap();
    let refused = world.pipes.run(&gain(), input.clone(), input.clone()).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::BadParams, "{}", refused.message);
    let refused = world.pipes.run(&json!({}), input.clone(), output.clone()).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::BadPipeline);
    world.pipes.runs_busy(true);
    let refused = world.pipes.run(&gain(), input.clone(), output.clone()).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::LimitReached);
    world.pipes.runs_busy(false);
    let begun = world.pipes.run(&gain(), input, output.clone()).unwrap();
    assert_eq!((begun.run, begun.total_ms), (1, 2_000));
    let wait = std::time::Instant::now();
    let done = serde_json::to_value(PipelineRunState::Done).unwrap();
    while world.told(world.hub.newest().saturating_sub(1)).is_none_or(|told| !told.contains(done.as_str().unwrap())) {
        assert!(wait.elapsed() < Duration::from_secs(30));
        std::thread::yield_now();
    }
    let made = hound::WavReader::open(output).unwrap();
    assert_eq!((made.spec().sample_rate, made.duration()), (48_000, 96_000));
}
