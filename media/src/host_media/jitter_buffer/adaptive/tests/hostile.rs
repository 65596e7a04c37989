//! Arrivals that no honest sender or network makes, from a seed: whatever comes, order is kept, sound flows, memory and
//! delay stay within their bounds, and an honest stream is heard as soon as it is there again.

use super::*;
use crate::limits::JITTER_PACKETS;

/// Numbers out of a seed (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound.max(1)
    }
}

/// What an attacker does for a while.
const ATTACKS: u64 = 9;

/// `count` packets of an attack, beginning at `at_us`; numbered from `first` on.
fn attack(numbers: &mut Numbers, kind: u64, first: u32, count: u32, mut at_us: u64) -> Vec<Incoming> {
    let (sequence, timestamp) = (numbers.below(65_536) as u16, numbers.below(1 << 32) as u32);
    let (gap_us, frame) = (numbers.below(40_000), [120, 480, 960, 5_760][numbers.below(4) as usize]);
    let mut packets = Vec::new();
    for n in 0..count {
        at_us += gap_us;
        let step = n.wrapping_mul(frame as u32);
        let (sequence, timestamp) = match kind {
            // All at one place; one place each with one number; backwards; a clock that is too fast, too slow or still.
            0 => (sequence, timestamp),
            1 => (sequence, timestamp.wrapping_add(step)),
            2 => (sequence.wrapping_sub(n as u16), timestamp.wrapping_sub(step)),
            3 => (sequence.wrapping_add(n as u16), timestamp.wrapping_add(n.wrapping_mul(400_000))),
            4 => (sequence.wrapping_add(n as u16), timestamp.wrapping_add(n)),
            5 => (sequence.wrapping_add(n as u16), timestamp),
            // Leaps that just pass for losses; a restart with every second packet; nothing that fits to anything.
            6 => (sequence.wrapping_add(2_999_u16.wrapping_mul(n as u16)), timestamp.wrapping_add(step)),
            7 => (
                sequence.wrapping_add((n / 2).wrapping_mul(20_000) as u16),
                timestamp.wrapping_add((n / 2).wrapping_mul(1_000_000_000)),
            ),
            _ => (numbers.below(65_536) as u16, numbers.below(1 << 32) as u32),
        };
        packets.push(scripted::packet(first + n, sequence, timestamp, at_us, frame));
    }
    packets
}

/// One run: attacks, each followed by an honest stream that must be heard.
fn survive(seed: u64) {
    let mut numbers = Numbers(seed | 1);
    let mut playback = Playback::new(numbers.below(10_000));
    playback.rhythm = if numbers.below(2) == 0 { Rhythm::AsPrepared } else { Rhythm::InBlocks };
    playback.decoder().fec = numbers.below(2) == 0;
    let mut number = 0;
    for round in 0..6 {
        let kind = numbers.below(ATTACKS);
        let (count, start) = (1 + numbers.below(200) as u32, numbers.below(1_000_000));
        let packets = attack(&mut numbers, kind, number, count, start);
        number += count;
        playback.run(packets);
        let honest = (number, 150);
        number += honest.1;
        let (sequence, timestamp) = (numbers.below(65_536) as u16, numbers.below(1 << 32) as u32);
        playback.run(Stream::even(honest.1).from(sequence, timestamp).numbered(honest.0).packets());
        let what = format!("AHOY_SEED={seed}, round {round}, attack {kind} of {count}");
        let heard: Vec<u32> = playback.decoded().into_iter().filter(|n| *n >= honest.0).collect();
        assert!(heard.windows(2).all(|pair| pair[0] < pair[1]), "{what}: out of order {heard:?}");
        assert!(heard.len() >= 130, "{what}: {} of {} heard", heard.len(), honest.1);
        // Two seconds after the attack at the latest the delay is what it should be.
        for settled in heard.iter().filter(|n| **n >= honest.0 + 100) {
            assert!(playback.wait_ms(*settled) < 400.0, "{what}: {} ms", playback.wait_ms(*settled));
        }
    }
    let (packets, samples) = playback.most_waiting();
    assert!(packets <= JITTER_PACKETS && samples <= 2 * OPUS_PACKET_SAMPLES, "AHOY_SEED={seed}: {packets}, {samples}");
}

#[test]
fn whatever_an_attacker_sends_sound_goes_on_afterwards() {
    let seed = std::env::var("AHOY_SEED").ok().and_then(|seed| seed.parse().ok());
    let runs = std::env::var("AHOY_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(60_u64);
    match seed {
        Some(seed) => survive(seed),
        None => (0..runs).for_each(|run| survive(20_261_121 + run * 7_919)),
    }
}
