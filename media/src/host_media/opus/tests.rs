//! The wrapper against the `opus` crate, which sits on the same library, and against hostile packets.

use proptest::prelude::*;

use super::*;

/// A second of two tones that glide, so that frames differ.
fn voice() -> Vec<f32> {
    (0..48_000_u32)
        .map(|n| {
            let t = f64::from(n) / 48_000.0;
            let value = 0.3 * (t * (900.0 + 400.0 * t)).sin() + 0.2 * (t * (5_000.0 - 900.0 * t)).sin();
            #[expect(clippy::cast_possible_truncation, reason = "a sample of sound")]
            let sample = value as f32;
            sample
        })
        .collect()
}

fn oracle_encoder(config: EncoderConfig) -> opus::Encoder {
    let mut encoder = opus::Encoder::new(RATE, opus::Channels::Mono, opus::Application::Voip).unwrap();
    encoder.set_bitrate(opus::Bitrate::Bits(config.bitrate_bps.cast_signed())).unwrap();
    encoder.set_vbr(!config.constant_rate).unwrap();
    encoder.set_complexity(config.complexity.cast_signed()).unwrap();
    encoder.set_inband_fec(config.fec).unwrap();
    encoder.set_packet_loss_perc(config.loss_percent.cast_signed()).unwrap();
    encoder
}

#[test]
fn the_bundled_library_is_linked_not_the_systems() {
    assert!(version().contains("1.6.1"), "{}", version());
}

#[test]
fn packets_are_those_of_the_oracle() {
    for config in [
        EncoderConfig { bitrate_bps: 40_000, ..EncoderConfig::default() },
        EncoderConfig { bitrate_bps: 6_000, complexity: 0, ..EncoderConfig::default() },
        EncoderConfig { bitrate_bps: 128_000, constant_rate: false, fec: false, ..EncoderConfig::default() },
        EncoderConfig { bitrate_bps: 24_000, loss_percent: 20, complexity: 10, ..EncoderConfig::default() },
    ] {
        let (mut ours, mut theirs) = (Encoder::new(config).unwrap(), oracle_encoder(config));
        for frame in voice().chunks_exact(960) {
            assert_eq!(
                ours.encode(frame).unwrap(),
                theirs.encode_vec_float(frame, OPUS_PACKET_BYTES).unwrap(),
                "{config:?}"
            );
        }
    }
}

#[test]
fn settings_agree_with_the_oracle() {
    let config = EncoderConfig { bitrate_bps: 20_000, complexity: 7, loss_percent: 9, ..EncoderConfig::default() };
    let (mut ours, mut theirs) = (Encoder::new(config).unwrap(), oracle_encoder(config));
    assert_eq!(ours.config().unwrap(), config);
    assert_eq!(ours.lookahead().unwrap(), usize::try_from(theirs.get_lookahead().unwrap()).unwrap());
    assert_eq!(theirs.get_complexity().unwrap(), 7);
    assert_eq!(theirs.get_packet_loss_perc().unwrap(), 9);
    assert!(!theirs.get_vbr().unwrap());
}

#[test]
fn sound_is_that_of_the_oracle_with_losses_concealed_and_repaired() {
    let config = EncoderConfig { loss_percent: 20, ..EncoderConfig::default() };
    let mut encoder = Encoder::new(config).unwrap();
    let packets: Vec<Bytes> = voice().chunks_exact(960).map(|frame| encoder.encode(frame).unwrap()).collect();
    assert!(packets.iter().skip(2).any(|packet| has_fec(packet)), "the encoder was told of loss, so it repeats");
    let (mut ours, mut theirs) = (Decoder::new(0).unwrap(), opus::Decoder::new(RATE, opus::Channels::Mono).unwrap());
    let (mut a, mut b) = ([0.0; OPUS_PACKET_SAMPLES], [0.0; OPUS_PACKET_SAMPLES]);
    for (at, packet) in packets.iter().enumerate() {
        let samples = match at % 7 {
            3 => {
                let samples = ours.conceal(&mut a[..960]).unwrap();
                assert_eq!(theirs.decode_float(&[], &mut b[..960], false).unwrap(), samples);
                samples
            }
            5 => {
                let next = packets.get(at + 1).unwrap_or(packet);
                let samples = ours.decode_fec(next, &mut a[..960]).unwrap();
                assert_eq!(theirs.decode_float(next, &mut b[..960], true).unwrap(), samples);
                samples
            }
            _ => {
                let samples = ours.decode(packet, &mut a).unwrap();
                assert_eq!(theirs.decode_float(packet, &mut b, false).unwrap(), samples);
                samples
            }
        };
        assert_eq!(samples, 960);
        assert!(a[..samples].iter().zip(&b[..samples]).all(|(x, y)| (x - y).abs() < 1e-6), "packet {at}");
    }
}

#[test]
fn constant_rate_gives_one_size_for_speech_and_silence() {
    let mut encoder = Encoder::new(EncoderConfig::default()).unwrap();
    let sizes: std::collections::BTreeSet<usize> = voice()
        .chunks_exact(960)
        .map(<[f32]>::to_vec)
        .chain(std::iter::repeat_n(vec![0.0; 960], 20))
        .map(|frame| encoder.encode(&frame).unwrap().len())
        .collect();
    assert_eq!(sizes.into_iter().collect::<Vec<_>>(), [80], "32 kbit/s for 20 ms are 80 bytes");
}

#[test]
fn at_every_rate_length_and_protection_sizes_tell_nothing_of_what_is_said() {
    let (voice, silence) = (voice(), vec![0.0; 48_000]);
    for bitrate_bps in [8_000, 11_000, 24_000, 40_000, 64_000] {
        for (frame, loss_percent) in [(960, 0), (960, 10), (1_920, 5), (2_880, 0), (2_880, 20)] {
            let mut encoder =
                Encoder::new(EncoderConfig { bitrate_bps, loss_percent, ..EncoderConfig::default() }).unwrap();
            let sizes: std::collections::BTreeSet<usize> = voice
                .chunks_exact(frame)
                .chain(silence.chunks_exact(frame))
                .map(|sound| encoder.encode(sound).unwrap().len())
                .collect();
            assert_eq!(sizes.len(), 1, "{bitrate_bps} bit/s, {frame} samples, {loss_percent} %: {sizes:?}");
        }
    }
}

#[test]
fn each_frame_length_comes_back_as_long_as_it_went_in() {
    for samples in [120, 240, 480, 960, 1920, 2880] {
        let packet = Encoder::new(EncoderConfig::default()).unwrap().encode(&vec![0.1; samples]).unwrap();
        assert_eq!(packet_samples(&packet).unwrap(), samples);
        assert_eq!(Decoder::new(0).unwrap().decode(&packet, &mut [0.0; OPUS_PACKET_SAMPLES]).unwrap(), samples);
    }
}

#[test]
fn values_out_of_range_name_the_caller() {
    for config in [
        EncoderConfig { bitrate_bps: 5_999, ..EncoderConfig::default() },
        EncoderConfig { bitrate_bps: 128_001, ..EncoderConfig::default() },
        EncoderConfig { complexity: 11, ..EncoderConfig::default() },
        EncoderConfig { loss_percent: 101, ..EncoderConfig::default() },
    ] {
        assert!(matches!(Encoder::new(config), Err(OpusError::Argument(_))), "{config:?}");
    }
    let mut encoder = Encoder::new(EncoderConfig::default()).unwrap();
    assert!(matches!(encoder.encode(&[0.0; 961]), Err(OpusError::Argument(_))));
    assert!(matches!(Decoder::new(11), Err(OpusError::Argument(_))));
    assert!(matches!(Decoder::new(0).unwrap().conceal(&mut [0.0; 50]), Err(OpusError::Argument(_))));
}

#[test]
fn packets_that_no_encoder_makes_are_the_peers_fault() {
    // 1276 bytes in one frame, 61 frames, nothing, and more than a datagram holds.
    let cases = [vec![0x08; 1277], vec![0x0b, 61, 0, 0], Vec::new(), vec![0x08; OPUS_PACKET_BYTES + 1]];
    let mut decoder = Decoder::new(0).unwrap();
    let mut out = [0.0; OPUS_PACKET_SAMPLES];
    for case in cases {
        assert!(matches!(decoder.decode(&case, &mut out), Err(OpusError::Packet(_))), "{} bytes", case.len());
        assert!(
            matches!(decoder.decode_fec(&case, &mut out[..960]), Err(OpusError::Packet(_))),
            "{} bytes",
            case.len()
        );
    }
    // It still decodes what is sound.
    let packet = Encoder::new(EncoderConfig::default()).unwrap().encode(&[0.1; 960]).unwrap();
    assert_eq!(decoder.decode(&packet, &mut out).unwrap(), 960);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_decode_or_are_refused(packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..8)) {
        let mut decoder = Decoder::new(0).unwrap();
        let mut out = [0.0; OPUS_PACKET_SAMPLES];
        for packet in &packets {
            if let Ok(samples) = decoder.decode(packet, &mut out) {
                prop_assert_eq!(packet_samples(packet).unwrap(), samples);
            }
            if let Ok(samples) = decoder.decode_fec(packet, &mut out[..960]) {
                prop_assert_eq!(samples, 960);
            }
            prop_assert!(!has_fec(packet) || packet_samples(packet).is_ok() || !packet.is_empty());
            prop_assert_eq!(decoder.conceal(&mut out[..960]).unwrap(), 960);
        }
    }
}

#[test]
fn no_packet_is_louder_than_the_loudest() {
    let mut out = [0.0, 989.0, -1e30, f32::INFINITY, f32::NAN, 1.5, 7.0];
    bounded(&mut out, 6);
    assert_eq!(out, [0.0, LOUDEST, -LOUDEST, LOUDEST, 0.0, 1.5, 7.0], "what is behind was not decoded");
}
