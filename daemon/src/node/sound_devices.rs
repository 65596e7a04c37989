//! The system's sound devices, looked at now and then: which come and go, and whether there is a microphone or a speaker at
//! all. Without either this device leaves ringing to another one of the account.

use std::sync::Arc;
use std::time::Duration;

use ahoy_media::host_media::api::{DeviceInfo, DeviceSpec, Priority, Sound};
use ahoy_protocol::control::{AudioDevice, SoundPriority};
use tokio::sync::{mpsc, oneshot, watch};

use crate::config::Settings;
use crate::control::{Ask, Hub, Question};
use crate::limits;

/// What stands for microphone and speaker by the settings.
struct Wanted {
    input: DeviceSpec,
    output: DeviceSpec,
}

impl Wanted {
    /// There is one of the two, going by the devices that the system lists. What is no device of the system (`none`,
    /// `tone:`, `file:`) was chosen on purpose and counts.
    fn is_there(&self, listed: &[DeviceInfo]) -> bool {
        let there = |spec: &DeviceSpec, input: bool| match spec {
            DeviceSpec::None | DeviceSpec::Tone(_) | DeviceSpec::File { .. } => true,
            DeviceSpec::Default => listed.iter().any(|device| device.input == input),
            DeviceSpec::Id(id) => listed.iter().any(|device| device.input == input && device.id == *id),
        };
        there(&self.input, true) || there(&self.output, false)
    }

    /// No device of the system is needed: nothing is looked at.
    fn is_settled(&self) -> bool {
        !self.input.is_card() && !self.output.is_card()
    }
}

/// A device as frontends see it.
pub(super) fn told(device: DeviceInfo, input: &DeviceSpec, output: &DeviceSpec) -> AudioDevice {
    let spec = if device.input { input } else { output };
    let selected = match spec {
        DeviceSpec::Default => device.default,
        DeviceSpec::Id(id) => *id == device.id,
        DeviceSpec::None | DeviceSpec::Tone(_) | DeviceSpec::File { .. } => false,
    };
    let direction = if device.input { "input" } else { "output" };
    let (id, name, default) = (device.id, device.name, device.default);
    AudioDevice { id, name, direction: direction.into(), default, selected }
}

/// A priority as frontends see it.
pub(super) fn priority(priority: Priority) -> SoundPriority {
    match priority {
        Priority::Usual => SoundPriority::Usual,
        Priority::Raised => SoundPriority::Raised,
        Priority::RealTime => SoundPriority::RealTime,
    }
}

/// What is in `one` and not in `other`: the same id in the same direction.
fn beyond(one: &[DeviceInfo], other: &[DeviceInfo]) -> Vec<DeviceInfo> {
    let there = |device: &DeviceInfo| other.iter().any(|it| (it.input, &it.id) == (device.input, &device.id));
    one.iter().filter(|device| !there(device)).take(limits::SOUND_NEWS).cloned().collect()
}

/// What is looked at, and who is told.
pub(super) struct Look {
    pub(super) sound: Arc<dyn Sound>,
    pub(super) settings: Arc<Settings>,
    pub(super) hub: Hub,
    pub(super) questions: mpsc::Sender<Question>,
}

impl Look {
    /// Tells the core whenever it is another answer than before, and frontends what comes and goes, until the daemon stops.
    pub(super) async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut present_told = None;
        let mut known: Option<Vec<DeviceInfo>> = None;
        loop {
            let (input, output) = self.settings.devices();
            let wanted = Wanted { input, output };
            let listed = if wanted.is_settled() { None } else { self.list(&wanted).await };
            let present = match &listed {
                Some(listed) => wanted.is_there(listed),
                // Not known: as it was, or as if there were.
                None => wanted.is_settled() || present_told.unwrap_or(true),
            };
            let (mut added, mut removed) = (Vec::new(), Vec::new());
            if let (Some(listed), Some(known)) = (&listed, &known) {
                (added, removed) = (beyond(listed, known), beyond(known, listed));
            }
            if present_told != Some(present) || !added.is_empty() || !removed.is_empty() {
                let told = |device| told(device, &wanted.input, &wanted.output);
                let (added, removed) = (added.into_iter().map(told).collect(), removed.into_iter().map(told).collect());
                if !self.say(Ask::Sound { present, added, removed }).await {
                    return;
                }
                present_told = Some(present);
            }
            known = if wanted.is_settled() { None } else { listed.or(known) };
            let pause_ms = if self.hub.watched() { limits::SOUND_LOOK_WATCHED_MS } else { limits::SOUND_LOOK_MS };
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(pause_ms)), if !wanted.is_settled() => {}
                () = self.hub.joined(), if !wanted.is_settled() => {}
                () = self.settings.devices_changed.notified() => {}
                _ = stop.changed() => return,
            }
        }
    }

    /// What the system lists, if all of it has answered.
    async fn list(&self, wanted: &Wanted) -> Option<Vec<DeviceInfo>> {
        let (sound, input, output) = (self.sound.clone(), wanted.input.clone(), wanted.output.clone());
        // Asking the operating system for its devices can take a while.
        tokio::task::spawn_blocking(move || sound.usable_devices(&[&input, &output])).await.ok().flatten()
    }

    /// False if nobody is there to be told.
    async fn say(&self, ask: Ask) -> bool {
        let (answer, answered) = oneshot::channel();
        let question = Question { client: String::new(), ask, answer };
        self.questions.send(question).await.is_ok() && answered.await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use ahoy_media::host_media::api::{ReceiveStats, SourceStats};
    use ahoy_media::recording::{Tap, Tapped};
    use ahoy_media::simple_webrtc::engine::{LinkId, PacketSink};

    use super::*;

    fn wanted(input: DeviceSpec, output: DeviceSpec) -> Wanted {
        Wanted { input, output }
    }

    fn device(id: &str, input: bool) -> DeviceInfo {
        DeviceInfo { id: id.into(), name: id.into(), input, default: false }
    }

    #[test]
    fn without_any_device_there_is_no_sound_by_default() {
        let default = wanted(DeviceSpec::Default, DeviceSpec::Default);
        assert!(!default.is_there(&[]));
        assert!(default.is_there(&[device("mic", true)]) && default.is_there(&[device("speaker", false)]));
    }

    #[test]
    fn a_named_device_counts_while_it_is_there() {
        let named = wanted(DeviceSpec::Id("mic".into()), DeviceSpec::Id("gone".into()));
        assert!(named.is_there(&[device("mic", true)]));
        assert!(!named.is_there(&[device("mic", false), device("other", true)]));
    }

    #[test]
    fn what_was_chosen_in_a_device_s_stead_counts_as_one() {
        let file = DeviceSpec::File { path: "a.wav".into(), looped: false, stereo: false };
        for chosen in [DeviceSpec::None, DeviceSpec::Tone(440), file] {
            assert!(wanted(chosen.clone(), DeviceSpec::Default).is_there(&[]));
            assert!(wanted(chosen, DeviceSpec::None).is_settled());
        }
        assert!(!wanted(DeviceSpec::Default, DeviceSpec::None).is_settled());
    }

    /// Answers with the next of these lists each time.
    struct Lists(std::sync::Mutex<Vec<Vec<DeviceInfo>>>);

    impl Sound for Lists {
        fn microphone(&self, _open: bool) {}
        fn mute(&self, _muted: bool) {}
        fn add_link(&self, _link: LinkId) -> Box<dyn PacketSink> {
            panic!("no link here")
        }
        fn send(&self, _link: LinkId, _on: bool) {}
        fn play(&self, _link: LinkId, _on: bool) {}
        fn remove_link(&self, _link: LinkId) {}
        fn tap(&self, _what: Tapped, _tap: Option<Tap>) {}
        fn receive_stats(&self, _link: LinkId) -> Option<ReceiveStats> {
            None
        }
        fn source_stats(&self) -> SourceStats {
            SourceStats::default()
        }
        fn devices(&self) -> Vec<DeviceInfo> {
            let mut lists = self.0.lock().unwrap();
            if lists.len() > 1 { lists.remove(0) } else { lists[0].clone() }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_and_goes_is_told_while_somebody_is_there_to_see_it() {
        let (mic, speaker, headset) = (device("mic", true), device("speaker", false), device("headset", true));
        let lists = vec![
            vec![mic.clone(), speaker.clone()],
            vec![mic, speaker.clone(), headset.clone()],
            vec![speaker, headset],
        ];
        let (questions, mut asked) = mpsc::channel(4);
        let (stop, stopping) = watch::channel(false);
        let hub = Hub::new(0);
        let settings = Arc::new(Settings::new(crate::config::Config::default(), "/nowhere/config.toml".into()));
        let sound = Arc::new(Lists(std::sync::Mutex::new(lists)));
        let look = Look { sound, settings, hub: hub.clone(), questions };
        let looking = tokio::spawn(look.run(stopping));
        let mut told = Vec::new();
        let client = hub.news();
        let began = tokio::time::Instant::now();
        for _ in 0..3 {
            let Question { ask, answer, .. } = asked.recv().await.unwrap();
            answer.send(Ok(ahoy_protocol::control::Reply::Done(Default::default()))).unwrap();
            let Ask::Sound { present, added, removed } = ask else { panic!("{ask:?}") };
            let ids = |devices: Vec<AudioDevice>| devices.into_iter().map(|device| device.id).collect::<Vec<_>>();
            told.push((present, ids(added), ids(removed)));
        }
        let none = Vec::<String>::new;
        let wanted =
            [(true, none(), none()), (true, vec!["headset".into()], none()), (true, none(), vec!["mic".into()])];
        assert_eq!(told, wanted);
        assert!(
            began.elapsed() < Duration::from_millis(3 * limits::SOUND_LOOK_WATCHED_MS),
            "soon: {:?}",
            began.elapsed()
        );
        drop(client);
        stop.send_replace(true);
        looking.await.unwrap();
    }
}
