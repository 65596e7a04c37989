//! What a lane sends, and sends again.

use super::*;
use crate::simple_webrtc::permit::Permits;

fn lane(frames: u32) -> Lane {
    let mut lane = Lane::new(65_530);
    for n in 0..frames {
        lane.send(frame(n), u64::from(n) * 20_000);
    }
    lane
}

fn frame(n: u32) -> AudioFrame {
    let (payload, permit) = (Bytes::from(n.to_be_bytes().to_vec()), Permit::default());
    AudioFrame { payload, timestamp: n * 960, marker: n == 0, permit }
}

fn numbers(packets: &[Outgoing]) -> Vec<u32> {
    packets.iter().map(|packet| packet.timestamp / 960).collect()
}

#[test]
fn what_is_asked_for_goes_out_again_bit_for_bit_over_the_wrap() {
    let mut lane = Lane::new(65_530);
    let sent: Vec<Outgoing> = (0..10).map(|n| lane.send(frame(n), 0).unwrap().0).collect();
    assert_eq!(sent.iter().map(|packet| packet.sequence).collect::<Vec<_>>()[4..8], [65_534, 65_535, 0, 1]);
    assert_eq!(lane.again(&[65_535, 1, 65_530], 0), [sent[5].clone(), sent[7].clone(), sent[0].clone()]);
}

#[test]
fn what_was_never_sent_or_is_long_gone_does_not_go_out() {
    let mut lane = lane(10 + KEPT_PACKETS as u32);
    let first = 65_530_u16;
    let newest = first.wrapping_add(9 + KEPT_PACKETS as u16);
    assert_eq!(lane.again(&[newest.wrapping_add(1), newest.wrapping_add(30_000), first.wrapping_add(9)], 0), []);
    assert_eq!(numbers(&lane.again(&[first.wrapping_add(10), newest], 0)), [10, 9 + KEPT_PACKETS as u32]);
}

#[test]
fn two_questions_at_once_get_one_answer_and_a_later_one_another() {
    let mut lane = lane(10);
    assert_eq!(lane.again(&[65_531], 1_000_000).len(), 1);
    assert_eq!(lane.again(&[65_531], 1_000_000 + ONCE_US - 1).len(), 0);
    assert_eq!(lane.again(&[65_531], 1_000_000 + ONCE_US).len(), 1);
}

#[test]
fn what_is_wanted_twice_goes_out_twice() {
    let mut lane = lane(10);
    assert_eq!(numbers(&lane.again(&[65_531, 65_532, 65_532], 1_000_000)), [1, 2, 2]);
    assert_eq!(lane.again(&[65_531, 65_532, 65_532], 1_000_001), [], "the question that came twice as well");
}

#[test]
fn whoever_asks_without_end_gets_no_more_than_the_allowance() {
    let mut lane = lane(50);
    let all: Vec<u16> = (0..50).map(|n| 65_530_u16.wrapping_add(n)).collect();
    let sent: usize = (0..10_000_u64).map(|ms| lane.again(&all, ms * 1_000).len()).sum();
    let most = 11 * RESENT_A_SECOND as usize;
    assert!((most - RESENT_A_SECOND as usize..=most).contains(&sent), "{sent} in ten seconds");
}

#[test]
fn copies_follow_at_their_distance() {
    let mut lane = lane(5);
    lane.copy_after(3);
    let copies: Vec<u32> = (5..10)
        .filter_map(|n| lane.send(frame(n), u64::from(n) * 20_000)?.1)
        .map(|copy| copy.timestamp / 960)
        .collect();
    assert_eq!(copies, [2, 3, 4, 5, 6]);
    lane.copy_after(0);
    assert_eq!(lane.send(frame(10), 0).unwrap().1, None);
}

#[test]
fn what_was_called_back_leaves_no_more_and_what_comes_after_it_does() {
    let (permits, mut lane) = (Permits::default(), Lane::new(0));
    let send = |lane: &mut Lane, n: u32, permit: Permit| lane.send(AudioFrame { permit, ..frame(n) }, 0);
    lane.copy_after(1);
    let waits = permits.give();
    for n in 0..3 {
        assert!(send(&mut lane, n, permits.give()).is_some());
    }
    permits.call_back();
    assert_eq!(lane.again(&[0, 1, 2], 1_000_000), [], "at once, before any other frame");
    assert_eq!(send(&mut lane, 3, waits), None, "it waited in a queue meanwhile");
    let (packet, copy) = send(&mut lane, 4, permits.give()).unwrap();
    assert_eq!((packet.sequence, copy), (3, None));
    assert_eq!(numbers(&lane.again(&[0, 1, 2, 3], 2_000_000)), [4]);
    drop(permits);
    assert_eq!(lane.again(&[3], 3_000_000), [], "nor once nobody gives permits any more");
}
