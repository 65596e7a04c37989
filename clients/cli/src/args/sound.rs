//! `ahoy devices`.

use clap::{Args, Subcommand, ValueEnum};

use ahoy_client::control::PlayedSound;

/// What to do with microphones and speakers.
#[derive(Debug, Subcommand)]
pub(crate) enum SoundVerb {
    /// Try microphone and speaker, while there is no call: speak, watch the level, and hear yourself.
    Test(SoundTestArgs),
    /// Use another device from now on, in the middle of a call too: the old one goes on until the new one runs.
    Use(UseArgs),
}

/// `ahoy devices use`. SPEC is default, none, file:PATH.wav or an id that `ahoy devices` shows; a microphone may be tone:HZ.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct UseArgs {
    /// Microphone.
    #[arg(long, value_name = "SPEC")]
    pub(crate) input: Option<String>,
    /// Speaker.
    #[arg(long, value_name = "SPEC")]
    pub(crate) output: Option<String>,
    /// What rings when somebody calls.
    #[arg(long, value_name = "SPEC")]
    pub(crate) ringtone: Option<String>,
}

/// `ahoy devices test`.
#[derive(Debug, Default, Args)]
pub(crate) struct SoundTestArgs {
    /// Microphone: default, none or an id that `ahoy devices` shows; without it the one in use.
    #[arg(long, value_name = "SPEC")]
    pub(crate) input: Option<String>,
    /// Speaker: default, none or an id; without it the one in use.
    #[arg(long, value_name = "SPEC")]
    pub(crate) output: Option<String>,
    /// Seconds to record, at most 10; 0 leaves the microphone alone.
    #[arg(long, value_name = "S", default_value_t = 3.0)]
    pub(crate) seconds: f64,
    /// What to play then.
    #[arg(long, value_name = "WHAT", default_value = "recorded")]
    pub(crate) play: PlayArg,
}

impl SoundTestArgs {
    /// The devices in use, for so many seconds.
    pub(crate) fn of(seconds: f64) -> Self {
        Self { seconds, ..Self::default() }
    }
}

/// What a speaker plays to be tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlayArg {
    /// What was recorded.
    #[default]
    Recorded,
    /// A tone.
    Tone,
    /// Nothing.
    Nothing,
}

impl From<PlayArg> for PlayedSound {
    fn from(arg: PlayArg) -> Self {
        match arg {
            PlayArg::Recorded => Self::Recorded,
            PlayArg::Tone => Self::Tone,
            PlayArg::Nothing => Self::Nothing,
        }
    }
}
