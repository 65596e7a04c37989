//! The raw calls at their edges: lengths, null, hostile bytes.

use super::*;

#[test]
fn an_encoder_keeps_what_is_set() {
    let mut encoder = RawEncoder::new(false, Channels::Mono).unwrap();
    for (setting, value) in [
        (EncoderSetting::Bitrate, 24_000),
        (EncoderSetting::Vbr, 0),
        (EncoderSetting::Complexity, 3),
        (EncoderSetting::InbandFec, 1),
        (EncoderSetting::PacketLossPerc, 17),
    ] {
        encoder.set(setting, value).unwrap();
        assert_eq!(encoder.get(setting), Ok(value), "{setting:?}");
    }
}

#[test]
fn settings_out_of_range_are_refused_and_change_nothing() {
    let mut encoder = RawEncoder::new(false, Channels::Mono).unwrap();
    encoder.set(EncoderSetting::Complexity, 4).unwrap();
    assert_eq!(encoder.set(EncoderSetting::Complexity, 11), Err(Code(sys::OPUS_BAD_ARG)));
    assert_eq!(encoder.get(EncoderSetting::Complexity), Ok(4));
    assert_eq!(encoder.set(EncoderSetting::PacketLossPerc, 101), Err(Code(sys::OPUS_BAD_ARG)));
    assert_eq!(RawDecoder::new(Channels::Mono).unwrap().set_complexity(11), Err(Code(sys::OPUS_BAD_ARG)));
}

#[test]
fn frames_of_a_wrong_length_are_refused() {
    let mut encoder = RawEncoder::new(false, Channels::Mono).unwrap();
    for samples in [0, 1, 119, 961, 100_000] {
        assert!(encoder.encode(&vec![0.0; samples], &mut [0; 1500]).is_err(), "{samples}");
    }
    assert!(encoder.encode(&[0.0; 960], &mut []).is_err());
}

#[test]
fn a_decoder_never_writes_past_the_room_it_is_given() {
    let mut encoder = RawEncoder::new(false, Channels::Mono).unwrap();
    let mut packet = [0_u8; 1500];
    let bytes = encoder.encode(&[0.1; 960], &mut packet).unwrap();
    let mut decoder = RawDecoder::new(Channels::Mono).unwrap();
    let mut out = [7.0_f32; 2000];
    let (room, beyond) = out.split_at_mut(480);
    assert_eq!(decoder.decode(Some(&packet[..bytes]), room, false), Err(Code(sys::OPUS_BUFFER_TOO_SMALL)));
    assert_eq!(decoder.decode(None, room, false), Ok(480));
    assert!(beyond.iter().all(|sample| *sample == 7.0));
    assert!(decoder.decode(Some(&packet[..bytes]), &mut [], false).is_err());
}

#[test]
fn nothing_to_read_is_told_not_read() {
    assert_eq!(packet_samples(&[]), Err(Code(sys::OPUS_INVALID_PACKET)));
    assert!(!has_fec(&[]));
    for first in 0..=255 {
        // One byte alone: the table of contents says more bytes follow, which do not.
        let told = packet_samples(&[first]);
        assert!(told.is_err() || told.is_ok_and(|samples| samples <= 5760), "{first}");
        has_fec(&[first]);
    }
}

#[test]
fn a_decoder_that_is_reset_sounds_like_a_new_one() {
    let tone: Vec<f32> = (0..960_u16).map(|n| (f32::from(n) * 0.05).sin() * 0.5).collect();
    let mut encoder = RawEncoder::new(false, Channels::Mono).unwrap();
    let (mut first, mut second) = ([0_u8; 1500], [0_u8; 1500]);
    let one = encoder.encode(&tone, &mut first).unwrap();
    let two = encoder.encode(&tone, &mut second).unwrap();
    let (mut fresh, mut used) = (RawDecoder::new(Channels::Mono).unwrap(), RawDecoder::new(Channels::Mono).unwrap());
    let (mut a, mut b) = ([0.0_f32; 960], [0.0_f32; 960]);
    used.decode(Some(&first[..one]), &mut b, false).unwrap();
    used.reset().unwrap();
    assert_eq!(fresh.decode(Some(&second[..two]), &mut a, false), Ok(960));
    assert_eq!(used.decode(Some(&second[..two]), &mut b, false), Ok(960));
    assert_eq!(a, b);
}
