//! What counts as a queue.

use super::*;

/// Packets of `frame_ms` come, each later than its time by what `late_ms` says; the longest queue that was reported.
fn longest_queue_ms(frame_ms: u32, packets: u32, late_ms: impl Fn(u32) -> u64) -> u16 {
    let (mut way, mut longest) = (Way::default(), 0);
    for n in 0..packets {
        let now_us = 1_000_000 + u64::from(n) * u64::from(frame_ms) * 1_000 + late_ms(n) * 1_000;
        let lag_us = way.came((n + 1) * frame_ms * 48, 100, now_us).unwrap();
        way.came_by_itself(lag_us, now_us);
        longest = way.report(now_us).map_or(longest, |report| report.queue_ms.max(longest));
    }
    longest
}

#[test]
fn keep_alives_on_a_narrow_way_are_no_queue_and_a_queue_is_one_whatever_the_frames() {
    // 216 bytes hold up what comes behind them for 72 ms at 24 kbit/s; a packet of 120 ms makes good 25.
    let held_up = |n: u32| 72_u64.saturating_sub(u64::from(n % 17) * 25);
    assert_eq!(longest_queue_ms(120, 200, held_up), 0);
    for frame_ms in [20, 40, 60, 120] {
        let grows = |n: u32| u64::from((n * frame_ms / 10).saturating_sub(400).min(150));
        assert_eq!(longest_queue_ms(frame_ms, 10_000 / frame_ms, grows), 150, "{frame_ms} ms");
    }
}

#[test]
fn frames_that_become_longer_are_no_queue() {
    let (mut way, mut end, mut now_us) = (Way::default(), 0, 1_000_000);
    for n in 0..300_u32 {
        // A frame leaves when it is whole.
        let frame_ms = [20, 40, 60, 120, 20][n as usize / 60];
        (end, now_us) = (end + frame_ms * 48, now_us + u64::from(frame_ms) * 1_000);
        let lag_us = way.came(end, 100, now_us).unwrap();
        way.came_by_itself(lag_us, now_us);
        assert!(way.report(now_us).is_none_or(|report| report.queue_ms == 0), "frame {n}");
    }
}
