//! `device.audio.*`: microphones and speakers of this machine, tried and chosen.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `device.audio.list`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AudioDevicesReply {
    /// All.
    pub devices: Vec<AudioDevice>,
    /// What the system grants the thread of sound; absent where the daemon is older than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<SoundPriority>,
}

/// How early sound may run when other programs want the processor, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SoundPriority {
    /// As any other program: on a busy machine it crackles.
    Usual,
    /// Before most others: a better nice value.
    Raised,
    /// Before everything that is not real time.
    RealTime,
}

/// A microphone or speaker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AudioDevice {
    /// Stable id, to be given as SPEC.
    pub id: String,
    /// For people.
    pub name: String,
    /// `input` or `output`.
    pub direction: String,
    /// The system's default.
    pub default: bool,
    /// In use now.
    pub selected: bool,
}

/// `device.audio.select`: what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SelectAudioParams {
    /// Microphone: SPEC as in `audio_in` of config.toml.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// Speaker: SPEC as in `audio_out`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// What rings: SPEC as in `ringtone_out`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ringtone: Option<String>,
}

/// `device.audio.select`: it is in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SelectedReply {
    /// It is written into config.toml, too. If not, the environment or the command line says something else: then it lasts until the
    /// daemon stops.
    pub kept: bool,
}

/// `device.audio.test`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestAudioParams {
    /// Microphone: `default`, `none`, `tone:HZ` or an id; absent: the one in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// Speaker: `default`, `none` or an id; absent: the one in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// How long to record, ms, at most 10,000 (absent: 3,000); 0: the microphone is left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_ms: Option<u32>,
    /// What to play then; absent: what was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub play: Option<PlayedSound>,
}

/// What a speaker plays to be tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlayedSound {
    /// What was recorded, as it came; a tone if nothing was.
    #[default]
    Recorded,
    /// A tone of 440 Hz, for 1.5 s.
    Tone,
    /// Nothing: the speaker is left alone.
    Nothing,
}

/// How far a trial is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SoundTestState {
    /// The microphone is heard; ten times a second.
    Recording,
    /// The speaker plays; ten times a second.
    Playing,
    /// It is over: `findings` says how it stands.
    Over,
}

/// How a trial of microphone and speaker goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SoundTest {
    /// How far it is.
    pub state: SoundTestState,
    /// Mean power of the last tenth of a second, dB of full scale, -120 to 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level_dbfs: Option<i16>,
    /// Its highest sample, dB of full scale, -120 to 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_dbfs: Option<i16>,
    /// Until this part is over, ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_ms: Option<u32>,
    /// Of `over`: what was found of each device that was asked for, the microphone first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub findings: Option<Vec<SoundFinding>>,
}

/// How it stands with a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SoundVerdict {
    /// As it should be.
    Good,
    /// Nothing but silence came.
    NoSignal,
    /// Others will hardly hear it.
    VeryQuiet,
    /// It is cut off at full scale.
    Clipping,
    /// Sound came, and no voice in it.
    NoVoice,
    /// The speaker wanted sound that was not there in time.
    Crackling,
    /// It is not there, is in use, or has stopped.
    NotAvailable,
    /// It was not tried: what is set is no device.
    NotTried,
    /// A call needed the device.
    Interrupted,
}

/// What was found of a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SoundFinding {
    /// `input` or `output`.
    pub direction: String,
    /// How it stands.
    pub verdict: SoundVerdict,
    /// The same for people.
    pub detail: String,
    /// What to do; absent if nothing needs to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}
