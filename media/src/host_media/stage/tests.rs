//! What a listener hears while stages are switched in a call.
#![expect(clippy::print_stdout, reason = "measured figures")]

mod stereo;

use super::*;
use crate::host_media::{
    api::{DeviceSpec, Stage as Switch},
    opus::Decoder,
};

/// Seconds of each call, and time between two switches, microseconds.
const SECONDS: u64 = 5;
const SWITCH_US: u64 = 250_000;

/// The first second of a call is left out: encoder and stages begin in it.
const BEGIN: usize = 48_000;

/// A call of somebody who sounds as a tone of 220 Hz, decoded as it leaves; `switch` is asked for what is done to sound, with
/// how many switches there were.
fn heard(switch: impl Fn(u64) -> Processing) -> Vec<f32> {
    let config =
        AudioConfig { input: DeviceSpec::Tone(220), output: DeviceSpec::None, bitrate_bps: 64_000, frame_ms: 20 };
    let mut stage = Stage::new(&config).unwrap();
    let (mut decoder, mut out, mut sound) = (Decoder::new(0).unwrap(), [0.0; 5_760], Vec::new());
    let mut switches = None;
    while let Some(now_us) = stage.due_us().filter(|now_us| *now_us < SECONDS * 1_000_000) {
        let number = now_us / SWITCH_US;
        if switches.replace(number) != Some(number) {
            stage.process(switch(number));
        }
        for packet in stage.step(now_us) {
            if let Leaving::Media { payload, .. } = packet {
                let count = decoder.decode(&payload, &mut out).unwrap();
                sound.extend_from_slice(&out[..count]);
            }
        }
    }
    sound
}

/// The sharpest bend of a sound: a click is one, whatever its level.
fn bend(sound: &[f32]) -> f32 {
    sound.windows(3).map(|w| (w[2] - 2.0 * w[1] + w[0]).abs()).fold(0.0, f32::max)
}

#[test]
fn stages_that_are_switched_in_a_call_make_no_click() {
    let off = Processing {
        high_pass: Switch::Off,
        echo_cancellation: Switch::Off,
        noise_suppression: Switch::Off,
        gain_control: Switch::Off,
        ..Processing::default()
    };
    let on = Switch::On;
    let stages = [
        ("high-pass", Processing { high_pass: on, ..off }),
        ("echo cancellation", Processing { echo_cancellation: on, ..off }),
        ("noise suppression", Processing { noise_suppression: on, ..off }),
        ("automatic gain", Processing { gain_control: on, ..off }),
        ("all", Processing { high_pass: on, echo_cancellation: on, noise_suppression: on, gain_control: on, ..off }),
    ];
    let own = bend(&heard(|_| off)[BEGIN..]);
    for (name, with) in stages {
        let steady = bend(&heard(|_| with)[BEGIN..]).max(own);
        let switched = bend(&heard(|number| if number % 2 == 0 { with } else { off })[BEGIN..]);
        println!("{name}: sharpest bend {switched:.5} while it is switched, {steady:.5} of the sound itself");
        assert!(switched < 2.0 * steady + 0.002, "{name}: {switched}, {steady} in the sound itself");
    }
}
