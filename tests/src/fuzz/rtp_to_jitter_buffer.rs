//! What comes out of a socket (after its seal was opened) to what is heard: RTP, order, delay, decoder.

use ahoy_media::host_media::{listening::Listening, opus::LOUDEST};
use ahoy_media::limits::{JITTER_PACKETS, OPUS_PACKET_SAMPLES};
use bytes::Bytes;

/// Samples pulled at a time: 10 ms.
const BLOCK: usize = 480;
/// Microseconds that they last.
const BLOCK_US: u64 = 10_000;
/// Packets of the sound stream at the end.
const SOUND: u16 = 100;

/// The input is datagrams, each behind two bytes: milliseconds since the last one, and its length divided by six or, if
/// odd, just its length divided by two. After them a plain stream must be heard.
///
/// # Panics
/// If the buffer keeps too much, gives what is no sound, or doesn't recover.
pub fn run(mut data: &[u8]) {
    let Ok(mut listening) = Listening::new(0) else { panic!("a decoder") };
    let (mut now_us, mut played_us) = (1_000_000_u64, 1_000_000_u64);
    while let [gap_ms, length, rest @ ..] = data {
        let length = usize::from(*length);
        let length = if length % 2 == 0 { length * 6 } else { length / 2 };
        let (datagram, rest) = rest.split_at(length.min(rest.len()));
        now_us += u64::from(*gap_ms) * 1_000;
        play(&mut listening, &mut played_us, now_us);
        listening.datagram(datagram, now_us);
        data = rest;
    }
    let before = listening.stats(now_us).packets_received;
    let mut heard = 0;
    for n in 0..SOUND {
        // Two silent frames of 10 ms each; from any state of the buffer it takes two packets to believe in them.
        let payload = Bytes::from_static(&[0xf1, 0xff, 0xff]);
        listening.packet(40_000 + n, 3_000_000_000 + u32::from(n) * 960, payload, now_us);
        now_us += 2 * BLOCK_US;
        heard += play(&mut listening, &mut played_us, now_us);
    }
    let stats = listening.stats(now_us);
    assert!(stats.packets_received - before >= u64::from(SOUND) - 3, "{stats:?}");
    assert!(heard >= usize::from(SOUND), "{heard} blocks of {}: {stats:?}", 2 * SOUND);
    assert!(stats.jitter_buffer_ms < 400.0, "{stats:?}");
}

/// Pulls until `until_us`; how many blocks held sound of the sender.
fn play(listening: &mut Listening, at_us: &mut u64, until_us: u64) -> usize {
    let (mut out, mut heard) = ([0.0_f32; BLOCK], 0);
    while *at_us < until_us {
        heard += usize::from(listening.hear(*at_us, &mut out));
        assert!(out.iter().all(|sample| sample.abs() <= LOUDEST), "{out:?}");
        let (packets, samples) = listening.waiting();
        assert!(
            packets <= JITTER_PACKETS && samples <= 2 * OPUS_PACKET_SAMPLES,
            "{packets} packets, {samples} samples"
        );
        *at_us += BLOCK_US;
    }
    heard
}
