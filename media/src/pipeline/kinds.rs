//! Types of nodes and their parameters: the one table that checks, errors and the documentation are made of.

use serde_json::{Map, Value};

use super::manifest::PipelineError;

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Louder or quieter.
    Gain,
    /// Takes away what is low.
    HighPass,
    /// Silence below a level.
    NoiseGate,
    /// Takes away steady noise.
    NoiseSuppression,
    /// Brings a voice to one loudness.
    Agc,
    /// Holds down what is loud.
    Compressor,
    /// Silence where nobody talks.
    VadGate,
    /// Measures.
    LevelMeter,
    /// Sounds as at another sample rate.
    Resample,
    /// Adds sounds up.
    Mix,
    /// Later.
    Delay,
    /// Writes a WAV file.
    WavTap,
}

/// A number that a node takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Its name, with its unit.
    pub name: &'static str,
    /// Smallest.
    pub least: f32,
    /// Largest.
    pub most: f32,
    /// Where it is left out.
    pub default: f32,
}

const fn number(name: &'static str, least: f32, most: f32, default: f32) -> Parameter {
    Parameter { name, least, most, default }
}

/// Name of the path that a `wav_tap` takes.
const PATH: &str = "path";

/// What it must be: the daemon has a working directory of its own.
const A_PATH: &str = "must be the absolute path of a file that is not there yet";

/// Rates of a `resample`, Hz: the usual ones. A rate that shares no large divisor with 48 kHz would take megabytes, and hold
/// sound back for half a second.
pub const RATES_HZ: [u32; 8] = [8_000, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];

/// Most numbers of one type.
const NUMBERS: usize = 5;

impl Kind {
    /// Every type.
    pub const ALL: [Self; 12] = [
        Self::Gain,
        Self::HighPass,
        Self::NoiseGate,
        Self::NoiseSuppression,
        Self::Agc,
        Self::Compressor,
        Self::VadGate,
        Self::LevelMeter,
        Self::Resample,
        Self::Mix,
        Self::Delay,
        Self::WavTap,
    ];

    /// Its word in a manifest.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Gain => "gain",
            Self::HighPass => "high_pass",
            Self::NoiseGate => "noise_gate",
            Self::NoiseSuppression => "noise_suppression",
            Self::Agc => "agc",
            Self::Compressor => "compressor",
            Self::VadGate => "vad_gate",
            Self::LevelMeter => "level_meter",
            Self::Resample => "resample",
            Self::Mix => "mix",
            Self::Delay => "delay",
            Self::WavTap => "wav_tap",
        }
    }

    /// What it does, for people.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Gain => "louder or quieter",
            Self::HighPass => "takes away what is below a corner: rumble, hum, wind (second order, 12 dB an octave)",
            Self::NoiseGate => "silence while it is quieter than a level; opens in a few milliseconds",
            Self::NoiseSuppression => "takes away steady noise; a voice stays; 16 ms later",
            Self::Agc => "brings a voice to one loudness, slowly; noise alone is not lifted",
            Self::Compressor => "holds down what is louder than a level, then makes all of it louder",
            Self::VadGate => "silence where nobody talks",
            Self::LevelMeter => "measures, and changes nothing; need not lead anywhere",
            Self::Resample => "sounds as at another sample rate, such as a telephone; 30 ms later",
            Self::Mix => "adds several sounds up; the only node that takes more than one",
            Self::Delay => "later",
            Self::WavTap => {
                "writes what passes into a WAV file (48 kHz, 16 bit), an hour at most; need not lead anywhere"
            }
        }
    }

    /// The type of this word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// All words, for people.
    pub(super) fn words() -> String {
        Self::ALL.map(Self::word).join(", ")
    }

    /// The numbers it takes.
    #[must_use]
    pub fn parameters(self) -> &'static [Parameter] {
        const GAIN: &[Parameter] = &[number("gain_db", -60.0, 30.0, 0.0)];
        const HIGH_PASS: &[Parameter] = &[number("cutoff_hz", 20.0, 2_000.0, 70.0)];
        const NOISE_GATE: &[Parameter] =
            &[number("threshold_db", -90.0, -20.0, -50.0), number("release_ms", 10.0, 2_000.0, 200.0)];
        const AGC: &[Parameter] = &[number("target_db", -36.0, -12.0, -23.0), number("most_db", 0.0, 30.0, 24.0)];
        const COMPRESSOR: &[Parameter] = &[
            number("threshold_db", -60.0, 0.0, -20.0),
            number("ratio", 1.0, 20.0, 4.0),
            number("attack_ms", 0.1, 100.0, 5.0),
            number("release_ms", 10.0, 2_000.0, 100.0),
            number("makeup_db", 0.0, 30.0, 0.0),
        ];
        const VAD_GATE: &[Parameter] = &[number("hold_ms", 0.0, 3_000.0, 300.0)];
        const RESAMPLE: &[Parameter] = &[number("rate_hz", 8_000.0, 48_000.0, 16_000.0)];
        const DELAY: &[Parameter] = &[number("delay_ms", 0.0, 1_000.0, 0.0)];
        match self {
            Self::Gain => GAIN,
            Self::HighPass => HIGH_PASS,
            Self::NoiseGate => NOISE_GATE,
            Self::Agc => AGC,
            Self::Compressor => COMPRESSOR,
            Self::VadGate => VAD_GATE,
            Self::Resample => RESAMPLE,
            Self::Delay => DELAY,
            Self::NoiseSuppression | Self::LevelMeter | Self::Mix | Self::WavTap => &[],
        }
    }

    /// What it is taken to cost, microseconds for 10 ms of sound, which bounds pipelines: more than was measured in a release
    /// (docs/quality.md), as other machines are slower.
    #[must_use]
    pub fn cost_us(self) -> usize {
        match self {
            Self::Gain | Self::LevelMeter | Self::Mix | Self::Delay | Self::WavTap => 1,
            Self::HighPass | Self::NoiseGate => 3,
            Self::Agc | Self::VadGate => 10,
            Self::Compressor => 15,
            Self::Resample => 25,
            Self::NoiseSuppression => 40,
        }
    }

    fn takes_path(self) -> bool {
        self == Self::WavTap
    }

    /// Its parameters, for people.
    fn known(self) -> String {
        let names: Vec<&str> = self.parameters().iter().map(|parameter| parameter.name).collect();
        match (names.is_empty(), self.takes_path()) {
            (_, true) => PATH.to_owned(),
            (true, false) => "none".to_owned(),
            (false, false) => names.join(", "),
        }
    }
}

/// The parameters of one node, checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Values {
    /// In the order of [`Kind::parameters`].
    numbers: [f32; NUMBERS],
    /// Of a `wav_tap`.
    pub(super) path: std::path::PathBuf,
}

impl Values {
    /// The number at this place of [`Kind::parameters`].
    pub(super) fn number(&self, place: usize) -> f32 {
        self.numbers.get(place).copied().unwrap_or_default()
    }

    /// Reads what a manifest says of a node.
    pub(super) fn read(id: &str, kind: Kind, params: &Map<String, Value>) -> Result<Self, PipelineError> {
        let mut values = Self::default();
        for (number, parameter) in values.numbers.iter_mut().zip(kind.parameters()) {
            *number = parameter.default;
        }
        let mut path = None;
        for (name, value) in params {
            let bad = |problem: String| {
                let (id, parameter) = (id.to_owned(), name.clone());
                PipelineError::BadParameter { id, parameter, problem }
            };
            if kind.takes_path() && name == PATH {
                let text = value.as_str().map(std::path::Path::new).filter(|path| path.is_absolute());
                path = Some(text.ok_or_else(|| bad(A_PATH.into()))?.into());
                continue;
            }
            let place = kind.parameters().iter().position(|parameter| parameter.name == name);
            let unknown = || PipelineError::UnknownParameter {
                id: id.to_owned(),
                kind: kind.word(),
                parameter: name.chars().take(64).collect(),
                known: kind.known(),
            };
            let place = place.ok_or_else(unknown)?;
            let Some((Parameter { least, most, .. }, number)) =
                kind.parameters().get(place).zip(values.numbers.get_mut(place))
            else {
                continue;
            };
            let given = value.as_f64().map(|value| value as f32).filter(|value| (*least..=*most).contains(value));
            *number = given.ok_or_else(|| bad(format!("must be a number from {least} to {most}")))?;
            if kind == Kind::Resample && !RATES_HZ.iter().any(|rate| *rate as f32 == *number) {
                return Err(bad(format!("must be one of {RATES_HZ:?}")));
            }
        }
        if kind.takes_path() {
            let missing =
                PipelineError::BadParameter { id: id.to_owned(), parameter: PATH.to_owned(), problem: A_PATH.into() };
            values.path = path.ok_or(missing)?;
        }
        Ok(values)
    }
}
