//! The devices of this machine.

use std::{sync::mpsc::sync_channel, thread, time::Duration};

use cpal::traits::{DeviceTrait, HostTrait};

use crate::host_media::api::DeviceInfo;

/// Devices that are listed at most: ALSA can name one card in dozens of ways.
const MOST: usize = 256;

/// Time the sound system may take to answer; a hung server gives an empty list, not a hung daemon.
const PATIENCE: Duration = Duration::from_millis(500);

/// Lists inputs and outputs. Empty without a sound card. May take some milliseconds.
pub(crate) fn list() -> Vec<DeviceInfo> {
    let (tell, told) = sync_channel(1);
    let asked = thread::Builder::new().name("ahoy-devices".into()).spawn(move || tell.send(ask()).ok());
    if let Err(error) = asked {
        tracing::warn!(%error, "no thread to list sound devices");
        return Vec::new();
    }
    told.recv_timeout(PATIENCE).unwrap_or_default()
}

fn ask() -> Vec<DeviceInfo> {
    let host = cpal::default_host();
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
        assert!(listed.len() <= 2 * MOST);
        assert!(listed.iter().all(|device| !device.id.is_empty() && !device.name.is_empty()));
    }
}
