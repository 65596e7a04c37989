//! The devices of this machine.

use std::{
    sync::mpsc::{Receiver, sync_channel},
    thread,
    time::Instant,
};

use cpal::{
    Host, HostId,
    traits::{DeviceTrait, HostTrait},
};

use super::{connections, connections::Silent, hosts};
use crate::{
    host_media::api::{DeviceInfo, DeviceSpec},
    limits::SOUND_SYSTEM_ANSWER,
};

/// Devices of one sound system that are listed at most: ALSA can name one card in dozens of ways.
const MOST: usize = 256;

/// Lists inputs and outputs, those of the preferred sound system first. Empty without a sound card. May take some
/// milliseconds.
pub(crate) fn list() -> Vec<DeviceInfo> {
    ask_all(hosts::all()).0
}

/// What there is to use, if every sound system that was asked has answered in time: only then is what is not listed not there.
/// Where a sound server has devices the others are asked only if `chosen` names one of theirs: the cards are the server's, and
/// ALSA loads the server's own client for the question, with thirty libraries that stay.
pub(crate) fn whole_list(chosen: &[&DeviceSpec]) -> Option<Vec<DeviceInfo>> {
    let named: Vec<HostId> = chosen.iter().filter_map(|spec| system(spec)).collect();
    let (first, rest): (Vec<HostId>, Vec<HostId>) =
        hosts::all().into_iter().partition(|id| hosts::is_server(*id) || named.contains(id));
    let (mut listed, mut whole) = ask_all(first);
    if listed.is_empty() && whole {
        let (others, answered) = ask_all(rest);
        (listed, whole) = (others, answered);
    }
    whole.then_some(listed)
}

/// The sound system that a specification names.
fn system(spec: &DeviceSpec) -> Option<HostId> {
    match spec {
        DeviceSpec::Id(id) => hosts::parse(id).ok().map(|id| id.host()),
        DeviceSpec::Tone(_) | DeviceSpec::None | DeviceSpec::Default | DeviceSpec::File { .. } => None,
    }
}

/// What these sound systems list, and whether all have answered.
fn ask_all(systems: Vec<HostId>) -> (Vec<DeviceInfo>, bool) {
    let deadline = Instant::now() + SOUND_SYSTEM_ANSWER;
    let asked: Vec<Receiver<Vec<DeviceInfo>>> = systems.into_iter().filter_map(spawn).collect();
    let (mut listed, mut whole) = (Vec::<DeviceInfo>::new(), true);
    for answer in asked {
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok(mut devices) = answer.recv_timeout(left) else {
            whole = false;
            continue;
        };
        // The system's default is what `default` opens: that of the first system that answers.
        if !listed.is_empty() {
            devices.iter_mut().for_each(|device| device.default = false);
        }
        listed.append(&mut devices);
    }
    (listed, whole)
}

/// Asks one sound system on a thread of its own.
fn spawn(host: HostId) -> Option<Receiver<Vec<DeviceInfo>>> {
    let (tell, told) = sync_channel(1);
    let told_of = move || match connections::ask(host, ask) {
        Ok(devices) => tell.send(devices).ok(),
        Err(Silent::Absent) => tell.send(Vec::new()).ok(),
        // Says nothing: what it has is not known.
        Err(Silent::Busy) => None,
    };
    match thread::Builder::new().name("ahoy-devices".into()).spawn(told_of) {
        Ok(_) => Some(told),
        Err(error) => {
            tracing::warn!(%error, "no thread to list sound devices");
            None
        }
    }
}

fn ask(host: &Host) -> Vec<DeviceInfo> {
    let Ok(devices) = host.devices() else { return Vec::new() };
    let id = |device: Option<cpal::Device>| device.and_then(|device| device.id().ok());
    let (input_id, output_id) = (id(host.default_input_device()), id(host.default_output_device()));
    let mut listed = Vec::new();
    for device in devices.take(MOST) {
        let Ok(id) = device.id() else { continue };
        let name = device.description().map_or_else(|_| id.to_string(), |told| told.name().to_owned());
        for (input, has, default) in [
            (true, device.supports_input(), input_id.as_ref() == Some(&id)),
            (false, device.supports_output(), output_id.as_ref() == Some(&id)),
        ] {
            if has {
                listed.push(DeviceInfo { id: id.to_string(), name: name.clone(), input, default });
            }
        }
    }
    listed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listing_never_fails_with_or_without_a_sound_card() {
        let listed = list();
        assert!(listed.len() <= 2 * MOST * cpal::ALL_HOSTS.len());
        assert!(listed.iter().all(|device| !device.id.is_empty() && !device.name.is_empty()));
        for input in [true, false] {
            assert!(listed.iter().filter(|device| device.input == input && device.default).count() <= 1);
        }
    }
}
