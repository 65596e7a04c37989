//! Whether this device has a microphone or a speaker, looked at now and then: without either it leaves ringing to
//! another device of the account.

use std::sync::Arc;
use std::time::Duration;

use ahoy_media::host_media::api::{DeviceInfo, DeviceSpec, Sound};
use tokio::sync::{mpsc, oneshot, watch};

use crate::control::{Ask, Question};
use crate::limits;

/// What stands for microphone and speaker by the settings.
pub(super) struct Wanted {
    /// Microphone.
    pub(super) input: DeviceSpec,
    /// Speaker.
    pub(super) output: DeviceSpec,
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

    /// No device of the system is needed: it never changes.
    fn is_settled(&self) -> bool {
        self.is_there(&[])
    }
}

/// Tells the core whenever it is another answer than before, until the daemon stops.
pub(super) async fn tell(
    sound: Arc<dyn Sound>,
    wanted: Wanted,
    questions: mpsc::Sender<Question>,
    mut stop: watch::Receiver<bool>,
) {
    if wanted.is_settled() {
        // Said once, for a record of a time in which it was otherwise.
        say(&questions, true).await;
        return;
    }
    let mut told = None;
    loop {
        let sound = sound.clone();
        // Asking the operating system for its devices can take a while.
        let listed = tokio::task::spawn_blocking(move || sound.devices()).await;
        let present = listed.map(|listed| wanted.is_there(&listed)).unwrap_or(true);
        if told != Some(present) {
            if !say(&questions, present).await {
                return;
            }
            told = Some(present);
        }
        let next = tokio::time::sleep(Duration::from_millis(limits::SOUND_LOOK_MS));
        tokio::select! {
            () = next => {}
            _ = stop.changed() => return,
        }
    }
}

/// False if nobody is there to be told.
async fn say(questions: &mpsc::Sender<Question>, present: bool) -> bool {
    let (answer, answered) = oneshot::channel();
    let question = Question { client: String::new(), ask: Ask::Sound { present }, answer };
    questions.send(question).await.is_ok() && answered.await.is_ok()
}

#[cfg(test)]
mod tests {
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
        let file = DeviceSpec::File { path: "a.wav".into(), looped: false };
        for chosen in [DeviceSpec::None, DeviceSpec::Tone(440), file] {
            assert!(wanted(chosen, DeviceSpec::Default).is_settled());
        }
        assert!(!wanted(DeviceSpec::Default, DeviceSpec::Default).is_settled());
    }
}
