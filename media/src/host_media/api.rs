//! What the rest of the daemon sees of sound.

use std::path::PathBuf;

use super::check::{CheckEvent, SoundCheck};
pub use super::figures::{Limit, ReceiveStats, SourceStats};
use crate::{
    pipeline::Pipeline,
    processing::Switches,
    recording::{Tap, Tapped},
    simple_webrtc::engine::{AudioFrame, LinkId, PacketSink},
};

/// What stands for a microphone or a speaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceSpec {
    /// The system's default.
    Default,
    /// Nothing: silence in, nowhere out.
    None,
    /// A sine at this many Hz (input only).
    Tone(u32),
    /// A WAV file. In: played once, or again and again. Out: what a person would hear.
    File {
        /// Where.
        path: PathBuf,
        /// Again from the start at its end (input only).
        looped: bool,
        /// With two channels (output only; an input has those that it has).
        stereo: bool,
    },
    /// A device id from [`Sound::devices`].
    Id(String),
}

impl DeviceSpec {
    /// A device by its id, if the text has the form of one; whether the device is there is another matter.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn id(text: &str) -> Result<Self, String> {
        super::device::check(text).map(|()| Self::Id(text.to_owned())).map_err(|lost| lost.0)
    }

    /// For people.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Default => "the system's default",
            Self::None => "none",
            Self::Tone(_) => "a tone",
            Self::File { .. } => "a file",
            Self::Id(id) => id,
        }
    }

    /// It is a sound card of this machine, not what stands for one.
    #[must_use]
    pub fn is_card(&self) -> bool {
        match self {
            Self::Default | Self::Id(_) => true,
            Self::None | Self::Tone(_) | Self::File { .. } => false,
        }
    }
}

/// How sound is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioConfig {
    /// Microphone.
    pub input: DeviceSpec,
    /// Speaker.
    pub output: DeviceSpec,
    /// Encoder bitrate, bits a second (6,000..=128,000).
    pub bitrate_bps: u32,
    /// Sound in a packet, ms: 10, 20, 40 or 60.
    pub frame_ms: u32,
}

/// Another device than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Microphone.
    Input(DeviceSpec),
    /// Speaker.
    Output(DeviceSpec),
    /// What rings.
    Ringtone(DeviceSpec),
}

/// What goes through a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piped {
    /// What is said here, behind the automatic gain and before it is silenced where we are muted.
    Own,
    /// What is heard of a link, before it is mixed. A recording has it as it came.
    Link(LinkId),
}

/// What is heard of a call that is not answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ringing {
    /// Somebody calls here: the ringtone.
    Here,
    /// It rings at somebody we call: the tone of the line.
    There,
}

/// Whether a stage of the processing works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Where a sound card is used: files and tones are taken as they are.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

impl Stage {
    /// Whether it works, where `card` says that a sound card is used.
    #[must_use]
    pub fn works(self, card: bool) -> bool {
        match self {
            Self::Auto => card,
            Self::On => true,
            Self::Off => false,
        }
    }
}

/// What is done to sound; see [`crate::processing`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Processing {
    /// Rumble and hum are taken out of the microphone.
    pub high_pass: Stage,
    /// What the speaker plays is taken out of the microphone. `Auto`: microphone and speaker are cards.
    pub echo_cancellation: Stage,
    /// Steady noise is taken out of the microphone.
    pub noise_suppression: Stage,
    /// Our voice comes to a steady loudness.
    pub gain_control: Stage,
    /// Voices of the others come to one loudness. `Auto`: as soon as there are two.
    pub even_levels: Stage,
    /// Music mode: 128 kbit/s in packets of 5 ms, of two channels where there are two, without any of the stages above, while
    /// everybody is near. `Auto`: off.
    pub music: Stage,
}

impl Processing {
    /// The stages of a microphone beside a speaker.
    #[must_use]
    pub fn switches(&self, input: &DeviceSpec, output: &DeviceSpec) -> Switches {
        let card = input.is_card();
        Switches {
            high_pass: self.high_pass.works(card),
            echo: self.echo_cancellation.works(card && output.is_card()),
            noise: self.noise_suppression.works(card),
            gain: self.gain_control.works(card),
        }
    }
}

/// Why sound cannot start. All are for the caller to mend: a setting, or this machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SoundError {
    /// The microphone's specification cannot be used.
    #[error("audio input: {0}")]
    Input(String),
    /// The speaker's specification cannot be used.
    #[error("audio output: {0}")]
    Output(String),
    /// The specification of what rings cannot be used.
    #[error("ringtone output: {0}")]
    Ringtone(String),
    /// A figure is out of range.
    #[error("audio setting: {0}")]
    Setting(String),
    /// The system gives no thread.
    #[error("the audio thread cannot be started: {0}")]
    Thread(String),
    /// Microphone and speaker are being tried already.
    #[error("microphone and speaker are being tried already")]
    Busy,
}

/// Where encoded frames go; called on the audio thread: must not block, and must not call back into [`Sound`].
pub trait FrameOut: Send {
    /// One encoded frame for one link.
    fn frame(&mut self, link: LinkId, frame: AudioFrame);
}

/// What the audio thread tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AudioEvent {
    /// The source delivers; monotonic microseconds of its sample 0.
    SourceStarted {
        /// Monotonic microseconds (CLOCK_MONOTONIC).
        at_us: u64,
    },
    /// Playback runs; monotonic microseconds of its sample 0.
    SinkStarted {
        /// Monotonic microseconds (CLOCK_MONOTONIC).
        at_us: u64,
    },
    /// The first packet of this link since playing was switched on was decoded.
    FirstAudio {
        /// Which.
        link: LinkId,
    },
    /// A device is gone or failed; told once.
    DeviceLost {
        /// It is the input.
        input: bool,
        /// For people.
        detail: String,
    },
    /// A device that was lost is in use again.
    DeviceBack {
        /// It is the input.
        input: bool,
        /// For people: how long it was away.
        detail: String,
    },
    /// What rings is gone or failed; told once.
    RingtoneLost {
        /// For people.
        detail: String,
    },
    /// What rings is in use again after it was lost.
    RingtoneBack {
        /// For people: how long it was away.
        detail: String,
    },
    /// Somebody talks into the microphone while it is muted, or no longer. Found here: nothing of it leaves.
    MutedTalking {
        /// Begins; else it is over.
        on: bool,
    },
    /// Somebody talks, or no longer.
    Speaking {
        /// Who: the other side of a link, or (none) who sits here, not muted.
        link: Option<LinkId>,
        /// Begins; else it is over.
        on: bool,
    },
    /// Microphone and speaker are being tried.
    Check(CheckEvent),
    /// Something else limits the sound between us and the other side of a link from now on.
    Limited {
        /// Which.
        link: LinkId,
        /// What.
        limit: Limit,
    },
}

/// A device of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Stable id, to be given as SPEC.
    pub id: String,
    /// For people.
    pub name: String,
    /// It is an input.
    pub input: bool,
    /// The system's default.
    pub default: bool,
}

/// How early the system lets the audio thread run when others want the processor, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// As any other thread.
    #[default]
    Usual,
    /// Before most others: a better nice value.
    Raised,
    /// Before all that is not real time.
    RealTime,
}

/// Sound of one daemon. Cheap to share; every method returns at once.
pub trait Sound: Send + Sync {
    /// Opens (a `file:` source starts at its sample 0) or closes the microphone.
    fn microphone(&self, open: bool);
    /// From now on what leaves is silence (or no longer). Applied after the last processing step.
    fn mute(&self, muted: bool);
    /// Rings like this from now on, on an output of its own, or no longer.
    fn ring(&self, _ringing: Option<Ringing>) {}
    /// What is done to sound from now on; without a click.
    fn process(&self, _processing: Processing) {}
    /// Sound goes through this pipeline from now on, or none: without a click, once it is warm. That of a link ends with the link.
    ///
    /// # Errors
    /// [`SoundError::Thread`]; then nothing has changed.
    fn pipe(&self, _what: Piped, _pipeline: Option<Pipeline>) -> Result<(), SoundError> {
        Ok(())
    }
    /// Another device from now on, in the middle of a call too: the old one goes on until the new one runs. A file that is an
    /// output is made (or emptied) now.
    ///
    /// # Errors
    /// [`SoundError`] if it cannot be used; then nothing has changed.
    fn select(&self, _selection: Selection) -> Result<(), SoundError> {
        Ok(())
    }
    /// Tries a microphone and a speaker; [`AudioEvent::Check`] tells how it goes. Ends as soon as a microphone is opened or
    /// it rings.
    ///
    /// # Errors
    /// [`SoundError`] if it cannot begin.
    fn check(&self, _check: SoundCheck) -> Result<(), SoundError> {
        Err(SoundError::Setting("this sound has no devices to try".into()))
    }
    /// Makes a jitter buffer for a link; what the link receives goes into the sink.
    fn add_link(&self, link: LinkId) -> Box<dyn PacketSink>;
    /// Lets our sound go to a link (or no longer). Off at first.
    fn send(&self, link: LinkId, on: bool);
    /// Plays what comes from a link (or no longer). Off at first; packets that come before are dropped.
    fn play(&self, link: LinkId, on: bool);
    /// Forgets a link.
    fn remove_link(&self, link: LinkId);
    /// Gives this to a recording from now on, or no longer: once it returns, nothing gets into the tap of before.
    fn tap(&self, what: Tapped, tap: Option<Tap>);
    /// Figures of what is heard from a link; none if it is unknown.
    fn receive_stats(&self, link: LinkId) -> Option<ReceiveStats>;
    /// Figures of what is sent.
    fn source_stats(&self) -> SourceStats;
    /// Samples, at the card's rate, that the speaker wanted and found missing so far: under-runs, heard as crackling.
    fn missing_samples(&self) -> u64 {
        0
    }
    /// What the system grants the audio thread.
    fn priority(&self) -> Priority {
        Priority::Usual
    }
    /// Devices of this machine; none without a sound card. The system is asked: may take some milliseconds, half a second
    /// at most.
    fn devices(&self) -> Vec<DeviceInfo>;
    /// What there is to use, if all sound systems that were asked have answered in time: only then is what is not listed not
    /// there. Where a sound server has devices, those of other systems are listed only if one of them is `chosen`. May take a
    /// second.
    fn usable_devices(&self, _chosen: &[&DeviceSpec]) -> Option<Vec<DeviceInfo>> {
        Some(self.devices())
    }
}
