//! The buffer with a decoder that writes down what it was asked for.

mod hostile;
mod scripted;

use proptest::prelude::*;

use super::*;
use scripted::{Did, FRAME, Playback, Rhythm, Stream};

/// Ten seconds of frames.
const PACKETS: u32 = 500;

/// Delay of what was played at most, ms, when packets came as late as `late_ms`: frame-wise waiting, a tick, and slack.
fn delay_bound_ms(late_ms: f64) -> f64 {
    late_ms + 45.0
}

#[test]
fn an_even_stream_plays_whole_with_little_delay() {
    let phases = (0..10_000).step_by(1_000);
    for (phase_us, rhythm) in phases.flat_map(|us| [(us, Rhythm::AsPrepared), (us, Rhythm::InBlocks)]) {
        let mut playback = Playback::new(phase_us);
        playback.rhythm = rhythm;
        playback.run(Stream::even(PACKETS).packets());
        assert_eq!(playback.decoded(), (0..PACKETS).collect::<Vec<_>>(), "phase {phase_us}");
        assert_eq!(playback.stats().concealed_ms, 0.0);
        let (most_ms, settled_ms) = if rhythm == Rhythm::AsPrepared { (10.0, 9.5) } else { (14.0, 12.0) };
        assert!(playback.longest_wait_ms() < most_ms, "{} at {phase_us}", playback.longest_wait_ms());
        assert!(playback.wait_ms(PACKETS - 1) < settled_ms, "{} at {phase_us}", playback.wait_ms(PACKETS - 1));
    }
}

#[test]
fn a_lost_packet_is_concealed_once_and_counted() {
    let mut playback = Playback::new(0);
    playback.run(Stream::even(PACKETS).lose(|n| n == 100).packets());
    let missing: Vec<u32> = (0..PACKETS).filter(|n| *n != 100).collect();
    assert_eq!(playback.decoded(), missing);
    let stats = playback.stats();
    assert_eq!((stats.packets_received, stats.packets_lost), (u64::from(PACKETS) - 1, 1));
    assert!((10.0..=30.0).contains(&stats.concealed_ms), "{}", stats.concealed_ms);
}

#[test]
fn copies_in_the_next_packet_repair_losses_once_the_buffer_has_learned_to_wait() {
    let mut playback = Playback::new(0);
    playback.decoder().fec = true;
    playback.run(Stream::even(PACKETS).lose(|n| n % 10 == 5).packets());
    let stats = playback.stats();
    assert_eq!(stats.packets_lost, 50);
    assert!(stats.fec_recovered >= 44, "{}", stats.fec_recovered);
    let repaired: Vec<u32> = playback.did().iter().filter_map(|(_, did)| did.repaired()).collect();
    assert!(
        repaired.iter().all(|n| n % 10 == 5),
        "only what was lost is repaired, from the packet after it: {repaired:?}"
    );
    assert!(playback.longest_wait_ms() < 45.0, "{}", playback.longest_wait_ms());
}

#[test]
fn doubles_and_reordered_packets_change_nothing_that_is_heard() {
    let mut playback = Playback::new(0);
    let stream = Stream::even(PACKETS).late(|n| if n % 7 == 3 { 22_000 } else { 0 }).double();
    playback.run(stream.packets());
    let stats = playback.stats();
    assert_eq!(stats.packets_received, u64::from(PACKETS));
    let decoded = playback.decoded();
    assert!(decoded.windows(2).all(|pair| pair[0] < pair[1]), "in order, each once");
    assert!(
        decoded.len() as u32 > PACKETS - 5,
        "once the delay is learned nothing is late any more: {}",
        decoded.len()
    );
}

#[test]
fn sequence_and_timestamp_wrap_unheard() {
    let mut playback = Playback::new(0);
    playback.run(Stream::even(PACKETS).from(65_500, u32::MAX - 100_000).packets());
    assert_eq!(playback.decoded().len(), PACKETS as usize);
    assert_eq!(playback.stats().packets_lost, 0);
}

#[test]
fn a_restarted_sender_is_heard_again() {
    let mut playback = Playback::new(0);
    playback.run(Stream::even(100).packets());
    playback.run(Stream::even(100).from(40_000, 3_000_000_000).numbered(1_000).packets());
    let decoded = playback.decoded();
    assert_eq!(decoded[..100], (0..100).collect::<Vec<_>>());
    assert_eq!(decoded[100..], (1_001..1_100).collect::<Vec<_>>(), "the first packet of the new stream was doubtful");
    assert!(playback.did().iter().any(|(_, did)| *did == Did::Reset));
}

#[test]
fn a_pause_of_the_sender_is_silence_not_loss() {
    let mut playback = Playback::new(0);
    playback.run(Stream::even(100).packets());
    let concealed_ms = playback.stats().concealed_ms;
    playback.pass_us(5_000_000);
    // The timeline goes on in the pause: it is that of the wall.
    playback.run(Stream::even(100).from(100, 100 * 960 + 240_000).numbered(100).packets());
    assert_eq!(playback.decoded(), (0..200).collect::<Vec<_>>());
    let stats = playback.stats();
    assert_eq!(stats.packets_lost, 0);
    assert!(concealed_ms <= 120.0 && stats.concealed_ms <= 240.0, "made-up sound ends soon: {stats:?}");
    assert!(playback.longest_wait_ms() < 25.0, "{}", playback.longest_wait_ms());
}

#[test]
fn what_is_no_packet_is_as_good_as_lost() {
    let mut playback = Playback::new(0);
    playback.run(Stream::even(100).spoil(|n| n == 50).packets());
    assert_eq!(playback.decoded().len(), 99);
    assert_eq!(playback.stats().packets_lost, 1);
}

#[test]
fn delay_grows_with_jitter_and_shrinks_when_it_is_over() {
    let mut playback = Playback::new(0);
    playback.run(Stream::even(PACKETS).late(|n| u64::from(n % 4) * 20_000).packets());
    let rough_ms = playback.stats().playout_delay_ms;
    let concealed_ms = playback.stats().concealed_ms;
    playback.run(Stream::even(PACKETS).from(500, 500 * 960).numbered(500).packets());
    let calm_ms = playback.stats().playout_delay_ms;
    assert!(rough_ms > 25.0 && calm_ms < 20.0, "{rough_ms} ms, then {calm_ms} ms");
    assert!(concealed_ms < 300.0, "learning costs little: {concealed_ms} ms");
    assert_eq!(playback.stats().concealed_ms, concealed_ms, "shrinking is not heard as loss");
}

#[test]
fn after_a_blackout_sound_is_back_at_once() {
    let mut playback = Playback::new(0);
    playback.run(Stream::even(400).lose(|n| (150..250).contains(&n)).packets());
    let back = playback.when(250).expect("the first packet after the blackout is played");
    assert!(back.saturating_sub(playback.arrival(250)) < 25_000);
    assert!(playback.wait_ms(399) < 25.0);
}

#[test]
fn a_path_that_becomes_far_longer_is_followed_without_deafness() {
    let mut playback = Playback::new(0);
    playback.run(Stream::even(800).late(|n| if n >= 200 { 900_000 } else { 0 }).packets());
    let heard = playback.decoded().iter().filter(|n| **n >= 200).count();
    assert!(heard > 590, "{heard} of 600");
    assert!(playback.wait_ms(799) < 60.0, "{}", playback.wait_ms(799));
}

#[test]
fn a_clock_that_drifts_is_followed_however_long_the_call() {
    for drift_ppm in [-1_000, 1_000] {
        let mut playback = Playback::new(0);
        // Three minutes: the clocks are 180 ms apart at the end.
        playback.run(Stream::even(9_000).drifting(drift_ppm).packets());
        assert!(playback.longest_wait_ms() < 30.0, "{}", playback.longest_wait_ms());
        assert!(playback.stats().concealed_ms < 220.0, "{}", playback.stats().concealed_ms);
        assert_eq!(playback.decoded().len(), 9_000);
    }
}

#[test]
fn for_two_hours_of_drift_delay_stays_in_its_band() {
    for drift_ppm in [-300, 300] {
        let mut playback = Playback::new(0);
        // The clocks are more than two seconds apart at the end.
        playback.run(Stream::even(360_000).drifting(drift_ppm).packets());
        let waits = playback.waits();
        assert_eq!(waits.len(), 360_000, "every packet is heard");
        let settled = waits.iter().skip(50).map(|(_, ms)| *ms);
        let (least, most) = settled.fold((f64::MAX, 0.0_f64), |(least, most), ms| (least.min(ms), most.max(ms)));
        assert!(least >= 0.0 && most < 20.0, "{least} to {most} ms");
        assert!(playback.stats().concealed_ms < 100.0, "{}", playback.stats().concealed_ms);
    }
}

#[test]
fn delay_is_back_below_400_ms_within_two_seconds_of_any_burst() {
    let mut playback = Playback::new(0);
    // Everything of 3 s comes at once.
    playback.run(
        Stream::even(1_000).late(|n| if (200..350).contains(&n) { u64::from(350 - n) * 20_000 } else { 0 }).packets(),
    );
    let burst_us = playback.arrival(349);
    for (at_us, wait_ms) in playback.waits() {
        assert!(wait_ms < 400.0 || at_us < burst_us + 2_000_000, "{wait_ms} ms of delay");
    }
    assert!(playback.wait_ms(999) < 60.0, "{}", playback.wait_ms(999));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_the_network_does_sound_is_in_order_flows_and_delay_is_bounded(
        late in prop::collection::vec(0_u64..120_000, 400),
        loss in prop::collection::vec(0_u32..100, 400),
        loss_percent in 0_u32..40,
        double in any::<bool>(),
        fec in any::<bool>(),
        many in any::<bool>(),
        phase_us in 0_u64..10_000,
        start in any::<(u16, u32)>(),
    ) {
        let mut playback = Playback::new(phase_us);
        playback.decoder().fec = fec;
        playback.rhythm = if many { Rhythm::InBlocks } else { Rhythm::AsPrepared };
        let (late_of, loss_of) = (late.clone(), loss.clone());
        let stream = Stream::even(400)
            .late(move |n| late_of[n as usize])
            .lose(move |n| loss_of[n as usize] < loss_percent)
            .from(start.0, start.1);
        let stream = if double { stream.double() } else { stream };
        playback.run(stream.packets());

        let decoded = playback.decoded();
        prop_assert!(decoded.windows(2).all(|pair| pair[0] < pair[1]), "out of order");
        let sent = (0..400).filter(|n| loss[*n as usize] >= loss_percent).count();
        prop_assert!(decoded.len() * 10 > sent * 9, "{} of {sent} heard", decoded.len());
        prop_assert!(playback.longest_wait_ms() < delay_bound_ms(140.0), "{} ms", playback.longest_wait_ms());
        prop_assert!(playback.longest_silence_ms() < 400.0, "{} ms of silence", playback.longest_silence_ms());
        let stats = playback.stats();
        prop_assert_eq!(stats.packets_received, sent as u64);
    }

    #[test]
    fn numbers_that_no_sender_writes_neither_stall_nor_panic(
        packets in prop::collection::vec((any::<u16>(), any::<u32>(), 0_u64..50_000, 1_usize..7), 1..300),
    ) {
        let mut playback = Playback::new(0);
        let mut at_us = 10_000_000;
        let packets: Vec<_> = packets
            .into_iter()
            .enumerate()
            .map(|(n, (sequence, timestamp, gap_us, frames))| {
                at_us += gap_us;
                scripted::packet(n as u32, sequence, timestamp, at_us, frames * FRAME)
            })
            .collect();
        playback.run(packets);
        playback.run(Stream::even(200).numbered(10_000).packets());
        playback.pass_us(400_000);
        prop_assert!(playback.decoded().iter().filter(|n| **n >= 10_000).count() >= 190, "a sound stream is heard again");
    }
}
