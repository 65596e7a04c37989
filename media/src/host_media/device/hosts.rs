//! The sound systems of this machine, in order of preference: PulseAudio (PipeWire speaks its protocol, too) if a server
//! answers, then ALSA; elsewhere the system's own.

use cpal::{
    DeviceId, Host, HostId,
    traits::{DeviceTrait, HostTrait},
};

use super::{Which, connections};
use crate::host_media::source::Lost;

/// Sound systems that may be there, the preferred one first.
pub(super) fn all() -> Vec<HostId> {
    cpal::available_hosts()
}

/// A sound server stands between this system and its cards.
pub(super) fn is_server(id: HostId) -> bool {
    id.name().eq_ignore_ascii_case("pulseaudio")
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
    /// Until it is dropped.
    host: Option<Host>,
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
    /// A sound server stands between us and the card, and calls back.
    pub(super) fn is_served(&self) -> bool {
        self.host.as_ref().is_some_and(|host| is_server(host.id()))
    }

    /// Asks the sound system; takes a millisecond where it answers.
    pub(super) fn still(&self) -> Still {
        let (Some(id), Some(host)) = (&self.id, &self.host) else { return Still::There };
        if self.follows {
            let now = default(host, self.input).and_then(|device| device.id().ok());
            return if now.is_none_or(|now| now == *id) { Still::There } else { Still::Moved };
        }
        let Ok(mut devices) = host.devices() else { return Still::There };
        if devices.any(|device| device.id().is_ok_and(|there| there == *id)) { Still::There } else { Still::Gone }
    }
}

impl Drop for Found {
    fn drop(&mut self) {
        if let Some(host) = self.host.take() {
            connections::keep(host);
        }
    }
}

fn default(host: &Host, input: bool) -> Option<cpal::Device> {
    if input { host.default_input_device() } else { host.default_output_device() }
}

/// The device that a specification means, on a connection of its own: what a stream leaves behind ends with that.
///
/// # Errors
/// [`Lost`] if it is not there now, or is of the other kind.
pub(super) fn find(which: &Which, input: bool) -> Result<Found, Lost> {
    let host_id = match which {
        Which::Default => all().into_iter().find(|id| connections::ask(*id, |_| ()).is_ok()),
        Which::Id(id) => Some(parse(id)?.host()),
    };
    let host_id = host_id.ok_or_else(|| Lost(format!("this machine has no {}", kind(input))))?;
    let silent = || Lost(format!("the sound system {host_id} does not answer"));
    // Looked for where questions are cheap: a connection that finds nothing would stay (see `connections`).
    connections::ask(host_id, |host| look(host, which, input).map(drop)).map_err(|_| silent())??;
    let host = connections::connect(host_id).ok_or_else(silent)?;
    match look(&host, which, input) {
        Ok(device) => {
            let id = device.id().ok();
            Ok(Found { device, host: Some(host), id, follows: *which == Which::Default, input })
        }
        Err(lost) => {
            connections::keep(host);
            Err(lost)
        }
    }
}

/// The device at one sound system.
fn look(host: &Host, which: &Which, input: bool) -> Result<cpal::Device, Lost> {
    let Which::Id(id) = which else {
        return default(host, input).ok_or_else(|| Lost(format!("this machine has no {}", kind(input))));
    };
    let device = host.device_by_id(&parse(id)?).ok_or_else(|| Lost(format!("there is no `{id}` now")))?;
    let fits = if input { device.supports_input() } else { device.supports_output() };
    if fits { Ok(device) } else { Err(Lost(format!("`{id}` is no {}", kind(input)))) }
}

fn kind(input: bool) -> &'static str {
    if input { "microphone" } else { "speaker" }
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
