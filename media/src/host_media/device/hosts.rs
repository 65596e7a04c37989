//! The sound systems of this machine, in order of preference: PulseAudio (PipeWire speaks its protocol, too) if a server
//! answers, then ALSA; elsewhere the system's own.

use cpal::{
    DeviceId, Host, HostId,
    traits::{DeviceTrait, HostTrait},
};

use super::Which;
use crate::host_media::source::Lost;

/// Sound systems that may be there, the preferred one first.
pub(super) fn all() -> Vec<HostId> {
    cpal::available_hosts()
}

/// A sound system, if it answers.
pub(super) fn host(id: HostId) -> Option<Host> {
    cpal::host_from_id(id).ok()
}

/// Reads the id of a device: `pulseaudio:NAME`, `alsa:NAME`.
///
/// # Errors
/// What is wrong with it, for people.
pub(super) fn parse(id: &str) -> Result<DeviceId, Lost> {
    let known: Vec<String> = cpal::ALL_HOSTS.iter().map(|host| format!("{host}:NAME")).collect();
    let known = known.join(" or ");
    match id.parse::<DeviceId>() {
        Ok(parsed) if !parsed.id().is_empty() => Ok(parsed),
        Ok(_) | Err(_) => {
            Err(Lost(format!("`{id}` is not the id of a sound device: {known}, as `ahoy devices` lists")))
        }
    }
}

/// A device that is there, and what is needed to see whether it stays.
pub(super) struct Found {
    pub(super) device: cpal::Device,
    host: Host,
    id: Option<DeviceId>,
    follows: bool,
    input: bool,
}

/// What has become of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Still {
    /// It is there, or the sound system does not say.
    There,
    /// It was the default, which is another one now.
    Moved,
    /// It is gone. PulseAudio does not end its streams then: it moves them to any other device.
    Gone,
}

impl Found {
    /// Asks the sound system; takes a millisecond where it answers.
    pub(super) fn still(&self) -> Still {
        let Some(id) = &self.id else { return Still::There };
        if self.follows {
            let now = default(&self.host, self.input).and_then(|device| device.id().ok());
            return if now.is_none_or(|now| now == *id) { Still::There } else { Still::Moved };
        }
        let Ok(mut devices) = self.host.devices() else { return Still::There };
        if devices.any(|device| device.id().is_ok_and(|there| there == *id)) { Still::There } else { Still::Gone }
    }
}

fn default(host: &Host, input: bool) -> Option<cpal::Device> {
    if input { host.default_input_device() } else { host.default_output_device() }
}

/// The device that a specification means.
///
/// # Errors
/// [`Lost`] if it is not there now, or is of the other kind.
pub(super) fn find(which: &Which, input: bool) -> Result<Found, Lost> {
    let kind = if input { "microphone" } else { "speaker" };
    let (host, device, follows) = match which {
        Which::Default => {
            let host = cpal::default_host();
            let device = default(&host, input).ok_or_else(|| Lost(format!("this machine has no {kind}")))?;
            (host, device, true)
        }
        Which::Id(id) => {
            let parsed = parse(id)?;
            let host =
                host(parsed.host()).ok_or_else(|| Lost(format!("the sound system of `{id}` does not answer")))?;
            let device = host.device_by_id(&parsed).ok_or_else(|| Lost(format!("there is no `{id}` now")))?;
            let fits = if input { device.supports_input() } else { device.supports_output() };
            if !fits {
                return Err(Lost(format!("`{id}` is no {kind}")));
            }
            (host, device, false)
        }
    };
    let id = device.id().ok();
    Ok(Found { device, host, id, follows, input })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_other_systems_and_no_ids_at_all_are_refused_with_what_an_id_looks_like() {
        for wrong in ["", "Headset", "coreaudio:Headset", "alsa:", ":x", "pulseaudio"] {
            let Err(Lost(why)) = parse(wrong) else { panic!("{wrong}") };
            assert!(why.contains("`ahoy devices`"), "{why}");
        }
        for right in cpal::ALL_HOSTS {
            let id = format!("{right}:some:name");
            assert_eq!(parse(&id).unwrap().to_string(), id, "an id keeps its form");
        }
    }

    #[test]
    fn a_device_that_is_not_there_is_named() {
        let id = format!("{}:no-such-device", cpal::ALL_HOSTS.last().unwrap());
        for input in [true, false] {
            let Err(Lost(why)) = find(&Which::Id(id.clone()), input) else { panic!("{id}") };
            assert!(why.contains(&id), "{why}");
        }
    }
}
