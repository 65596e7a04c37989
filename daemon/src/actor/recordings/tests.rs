//! From the core's word to taps and files.

use ahoy_protocol::ids::{AccountId, LinkId};

use super::*;
use crate::recorder::Recorder;

const CALL: CallId = CallId([0xc0; 16]);
const ADA: DeviceId = DeviceId([1; 32]);
const LINK: LinkId = LinkId(7);

struct Scene {
    dir: tempfile::TempDir,
    recordings: Recordings,
    sound: Recorder,
    told: mpsc::Receiver<Told>,
}

fn who(device: DeviceId) -> effect::Party {
    effect::Party { account: AccountId([9; 32]), device, name: None }
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (events, told) = mpsc::channel(8);
        let recordings = Recordings::new(dir.path().join("recordings"), events);
        Self { dir, recordings, sound: Recorder::default(), told }
    }

    fn command(&mut self, command: RecordingCommand) -> Vec<String> {
        assert!(self.recordings.command(command, &self.sound).is_none());
        self.sound.take()
    }

    fn start(&mut self, number: u32, to: Option<&str>) {
        let to = to.map(|name| self.dir.path().join(name).display().to_string());
        self.command(RecordingCommand::Start { number, call: CALL, to, own: who(DeviceId([2; 32])), at_ms: 0 });
    }

    fn write(&mut self, voice: Voice, on: bool) -> Vec<String> {
        self.command(RecordingCommand::Write { voice, on })
    }
}

#[test]
fn a_voice_is_tapped_only_once_it_has_a_track_and_every_tap_is_closed_at_the_end() {
    let mut scene = Scene::new();
    assert!(scene.write(Voice::Own, true).is_empty(), "nothing is recorded");
    scene.start(1, Some("call"));
    assert_eq!(scene.write(Voice::Own, true), ["tap Own true"]);
    assert_eq!(scene.write(Voice::Of(ADA, LINK), true), ["tap Link(LinkId(7)) false"], "nobody has agreed");
    scene.command(RecordingCommand::Track { party: who(ADA), at_ms: 1 });
    assert_eq!(scene.write(Voice::Of(ADA, LINK), true), ["tap Link(LinkId(7)) true"]);
    assert_eq!(scene.write(Voice::Of(ADA, LINK), false), ["tap Link(LinkId(7)) false"]);
    scene.command(RecordingCommand::EndTrack { device: ADA, at_ms: 2 });
    assert_eq!(scene.write(Voice::Of(ADA, LINK), true), ["tap Link(LinkId(7)) false"], "it was taken back");
    assert_eq!(scene.command(RecordingCommand::Stop { reason: "stopped" }), ["tap Own false"]);
    scene.recordings.close(&scene.sound);
    let first = scene.told.blocking_recv().unwrap();
    let folder = scene.dir.path().join("call");
    assert_eq!(first, (1, Progress::Begun { folder: folder.clone() }));
    assert!(matches!(scene.told.blocking_recv().unwrap(), (1, Progress::Ended { ending: Ending::Stopped, .. })));
    let index = std::fs::read_to_string(folder.join("index.json")).unwrap();
    assert!(index.contains("\"withdrawn_at_ms\": 2") && index.contains("\"reason\": \"stopped\""), "{index}");
}

#[test]
fn without_a_name_each_has_a_folder_of_its_own_and_a_stopping_daemon_ends_it() {
    let mut scene = Scene::new();
    scene.start(1, None);
    scene.recordings.close(&scene.sound);
    let folder = scene.dir.path().join("recordings/19700101-000000-c0c0c0c0");
    assert_eq!(scene.told.blocking_recv().unwrap(), (1, Progress::Begun { folder: folder.clone() }));
    assert!(std::fs::read_to_string(folder.join("index.json")).unwrap().contains("daemon_stopped"));
    // The same second: nothing is overwritten.
    scene.start(2, None);
    assert!(matches!(scene.told.blocking_recv().unwrap(), (1, Progress::Ended { .. })));
    let folder = scene.dir.path().join("recordings/19700101-000000-c0c0c0c0-2");
    assert_eq!(scene.told.blocking_recv().unwrap(), (2, Progress::Begun { folder }));
}
