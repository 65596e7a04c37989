//! From what a person writes (`default`, `none`, `tone:HZ`, `file:PATH`, an id) to a source or a sink.

use super::{
    api::DeviceSpec,
    clock::Clock,
    device::{Which, sink::Speaker, source::Microphone},
    opus::Channels,
    sink::{self, Sink, wave_file::WaveFile},
    source::{
        self, Lost, Source,
        generator::{Silence, Tone},
        wave::Wave,
    },
};

/// Opens the source of a specification at its sample 0.
///
/// # Errors
/// [`Lost`] if a file cannot be read. What is wrong with a device shows later.
pub(crate) fn source(spec: &DeviceSpec, clock: Clock, now_us: u64) -> Result<Box<dyn Source>, Lost> {
    Ok(match spec {
        DeviceSpec::None => silence(now_us),
        DeviceSpec::Tone(hz) => Box::new(source::paced::Paced::new(Box::new(Tone::new(*hz)), now_us)),
        DeviceSpec::File { path, looped, .. } => {
            Box::new(source::paced::Paced::new(Box::new(Wave::open(path, *looped)?), now_us))
        }
        DeviceSpec::Default => Box::new(Microphone::new(&Which::Default, clock)),
        DeviceSpec::Id(id) => Box::new(Microphone::new(&Which::Id(id.clone()), clock)),
    })
}

/// Whether what this names can vanish and come back: a sound card, and no file.
pub(crate) fn returns(spec: &DeviceSpec) -> bool {
    match spec {
        DeviceSpec::Default | DeviceSpec::Id(_) => true,
        DeviceSpec::None | DeviceSpec::Tone(_) | DeviceSpec::File { .. } => false,
    }
}

/// No microphone, and what stands in for one that is lost: silence.
pub(crate) fn silence(now_us: u64) -> Box<dyn Source> {
    Box::new(source::paced::Paced::new(Box::new(Silence), now_us))
}

/// Makes the sink of a specification; a file is made (or emptied) at once, a device is opened when playback begins.
///
/// # Errors
/// [`Lost`] if the file cannot be made, or the specification is one of an input.
pub(crate) fn sink(spec: &DeviceSpec, clock: Clock) -> Result<Box<dyn Sink>, Lost> {
    Ok(match spec {
        DeviceSpec::None => nowhere(),
        DeviceSpec::File { path, stereo, .. } => {
            let channels = if *stereo { Channels::Stereo } else { Channels::Mono };
            Box::new(sink::paced::Paced::new(Some(WaveFile::create(path, channels)?)))
        }
        DeviceSpec::Tone(_) => return Err(Lost("a tone is an input, not an output".into())),
        DeviceSpec::Default => Box::new(Speaker::new(Which::Default, clock)),
        DeviceSpec::Id(id) => Box::new(Speaker::new(Which::Id(id.clone()), clock)),
    })
}

/// No speaker, and what stands in for one that is lost.
pub(crate) fn nowhere() -> Box<dyn Sink> {
    Box::new(sink::paced::Paced::new(None))
}
