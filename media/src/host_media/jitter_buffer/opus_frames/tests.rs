//! One channel and two, through libopus.

use super::*;
use crate::host_media::opus::{Encoder, EncoderConfig};

/// Frames of 5 ms, as music has them.
const FRAME: usize = 240;

fn encoder(channels: Channels) -> Encoder {
    let config = EncoderConfig { bitrate_bps: 128_000, low_delay: true, channels, ..EncoderConfig::default() };
    Encoder::new(config).unwrap()
}

/// Sample `n` of a tone.
fn tone(n: usize) -> f32 {
    (n as f32 * 440.0 * std::f32::consts::TAU / 48_000.0).sin() * 0.4
}

/// So many packets of a tone from frame `from` on, on the left alone.
fn left(from: usize, frames: usize) -> Vec<bytes::Bytes> {
    let mut encoder = encoder(Channels::Stereo);
    let pairs = |frame: usize| (frame * FRAME..(frame + 1) * FRAME).flat_map(|n| [tone(n), 0.0]).collect::<Vec<f32>>();
    (from..from + frames).map(|frame| encoder.encode(&pairs(frame)).unwrap()).collect()
}

/// The same in the middle, of one channel.
fn middle(from: usize, frames: usize) -> Vec<bytes::Bytes> {
    let mut encoder = encoder(Channels::Mono);
    let sound = |frame: usize| (frame * FRAME..(frame + 1) * FRAME).map(tone).collect::<Vec<f32>>();
    (from..from + frames).map(|frame| encoder.encode(&sound(frame)).unwrap()).collect()
}

/// How much louder the left is than the right, dB.
fn separation_db(sound: &Planes) -> f32 {
    let [left, right] = sound.pairs().fold([1e-12; 2], |[a, b], [left, right]| [a + left * left, b + right * right]);
    10.0 * (left / right).log10()
}

fn bend(sound: &[f32]) -> f32 {
    sound.windows(3).map(|w| (w[2] - 2.0 * w[1] + w[0]).abs()).fold(0.0, f32::max)
}

#[test]
fn what_has_one_channel_is_decoded_as_ever_bit_for_bit() {
    let (mut ours, mut theirs) = (OpusFrames::new(0).unwrap(), Decoder::new(0).unwrap());
    let mut out = Planes::default();
    for packet in middle(0, 100) {
        let mut plain = [0.0; FRAME];
        theirs.decode(&packet, &mut plain).unwrap();
        assert!(ours.decode(&packet, &mut out));
        assert_eq!(out, Planes::mono(plain.to_vec()));
    }
}

#[test]
fn what_is_said_on_the_left_is_heard_on_the_left_also_where_packets_are_lost() {
    for complexity in [0, 5] {
        let mut frames = OpusFrames::new(complexity).unwrap();
        let (mut heard, mut made_up) = (Planes::default(), Planes::default());
        for (n, packet) in left(0, 200).into_iter().enumerate() {
            let mut out = Planes::default();
            if n % 20 < 2 && n > 20 {
                frames.conceal(FRAME, &mut out);
                made_up.append(&out);
            } else {
                assert!(frames.decode(&packet, &mut out));
            }
            heard.append(&out);
        }
        let mut settled = Planes::default();
        settled.append_from(&heard, 4_800);
        assert!(separation_db(&settled) > 30.0, "{complexity}: {} dB", separation_db(&settled));
        assert!(separation_db(&made_up) > 20.0, "made up at {complexity}: {} dB", separation_db(&made_up));
        assert!(made_up.mid.iter().any(|sample| sample.abs() > 0.1), "and it sounds");
    }
}

#[test]
fn an_older_listener_of_one_channel_hears_both_and_one_of_two_hears_one_channel_in_the_middle() {
    let mut old = Decoder::new(0).unwrap();
    let mut out = [0.0; FRAME];
    let mut peak = 0.0_f32;
    for packet in left(0, 100) {
        assert!(opus::is_stereo(&packet));
        assert_eq!(old.decode(&packet, &mut out), Ok(FRAME));
        peak = out.iter().fold(peak, |peak, sample| peak.max(sample.abs()));
    }
    assert!((0.15..0.25).contains(&peak), "half of what is on one side: {peak}");
    let mut wide = OpusFrames::new(0).unwrap();
    let mut sound = Planes::default();
    assert!(left(0, 5).iter().all(|packet| wide.decode(packet, &mut sound)));
    for (n, packet) in middle(5, 50).iter().enumerate() {
        assert!(!opus::is_stereo(packet) && wide.decode(packet, &mut sound));
        let side = sound.side.iter().map(|sample| sample.abs()).fold(0.0, f32::max);
        // The decoder's filter of the pitch rings on.
        assert!(n < 20 || side < 1e-3, "frame {n}: {side}");
    }
}

#[test]
fn one_channel_goes_over_into_two_without_a_click() {
    let mut frames = OpusFrames::new(0).unwrap();
    let (mut heard, mut out) = (Planes::default(), Planes::default());
    // What is on both sides: the same sound before and after.
    let mut wide = encoder(Channels::Stereo);
    let both = |frame: usize| (frame * FRAME..(frame + 1) * FRAME).flat_map(|n| [tone(n); 2]).collect::<Vec<f32>>();
    let mut packets = middle(0, 60);
    wide.follow(&(56..60).flat_map(both).collect::<Vec<f32>>()).unwrap();
    packets.extend((60..120).map(|frame| wide.encode(&both(frame)).unwrap()));
    for packet in packets {
        assert!(frames.decode(&packet, &mut out));
        heard.append(&out);
    }
    let own = bend(&heard.mid[4_800..50 * FRAME]);
    let there = bend(&heard.mid[58 * FRAME..66 * FRAME]);
    assert!(there < 2.0 * own + 0.002, "{there}, {own} in the tone; cut off it would be 0.1 and more");
    let dip =
        heard.mid[59 * FRAME..64 * FRAME].chunks(110).map(|piece| piece.iter().map(|s| s.abs()).fold(0.0, f32::max));
    let dip = dip.fold(1.0, f32::min);
    assert!(dip > 0.2, "{dip} of 0.4 is left in the middle of it");
}

#[test]
fn a_stream_that_begins_with_two_channels_has_two_from_its_first_sample() {
    let mut frames = OpusFrames::new(0).unwrap();
    let mut out = Planes::default();
    assert!(frames.decode(&left(0, 1)[0], &mut out));
    assert_eq!((out.len(), out.is_wide()), (FRAME, true));
    assert!(!frames.decode(&[], &mut out) && !frames.decode(&[0xff; 2000], &mut out));
}
