//! A speaker whose card is played by the test.

use std::sync::{
    Arc,
    mpsc::{SyncSender, sync_channel},
};

use rtrb::{Consumer, RingBuffer};

use super::*;
use crate::host_media::device::line::{FIRST_CALLBACK_US, Opened, Status};

type Answer = Result<Opened<Producer<Pair>>, Lost>;

fn speaker() -> (Speaker, Arc<Status>, SyncSender<Answer>) {
    let status = Arc::new(Status::default());
    let (tell, opening) = sync_channel(1);
    let line = Line::new(Arc::clone(&status), opening, 0);
    let mut speaker = Speaker::new(Which::Default, Clock::new());
    speaker.state = State::Opening(line, 0);
    (speaker, status, tell)
}

fn open(rate_hz: u32) -> (Speaker, Arc<Status>, Consumer<Pair>) {
    let (mut speaker, status, tell) = speaker();
    let (end, card) = RingBuffer::new(samples(rate_hz, 60));
    tell.send(Ok(Opened { rate_hz, channels: 2, end })).unwrap();
    speaker.opening(0).unwrap();
    (speaker, status, card)
}

/// Time between two looks, microseconds.
const TICK_US: u64 = 5_000;

/// Samples played at a time.
const TICK: usize = 240;

/// Plays what is wanted at `now_us` in blocks of 5 ms; returns how many.
fn play(speaker: &mut Speaker, now_us: u64) -> usize {
    let mut blocks = 0;
    while speaker.want(now_us).is_some() {
        speaker.play(&Planes::mono(vec![0.5; TICK])).unwrap();
        blocks += 1;
    }
    blocks
}

fn consume(card: &mut Consumer<Pair>, status: &Status, samples: usize) -> Vec<f32> {
    status.callbacks.fetch_add(1, Ordering::AcqRel);
    (0..samples).map(|_| card.pop().map_or(9.0, |[mid, _]| mid)).collect()
}

#[test]
fn nothing_is_played_until_the_device_is_open() {
    let (mut speaker, _status, tell) = speaker();
    assert_eq!(play(&mut speaker, 5_000_000), 0);
    assert_eq!(speaker.due_us(5_000_000), 5_000_000 + STEP_US);
    let (end, _card) = RingBuffer::new(2_880);
    tell.send(Ok(Opened { rate_hz: 48_000, channels: 2, end })).unwrap();
    assert_eq!(play(&mut speaker, 5_000_000 + STEP_US), 1);
}

#[test]
fn a_card_that_keeps_time_never_runs_dry_and_hears_every_sample() {
    let (mut speaker, status, mut card) = open(48_000);
    let mut heard = Vec::new();
    for tick in 0..1_000_u64 {
        assert_eq!(play(&mut speaker, tick * TICK_US), 1);
        if tick % 4 == 3 {
            heard.extend(consume(&mut card, &status, 960));
        }
    }
    assert!(heard[..1_440].iter().all(|s| *s == 0.0), "30 ms of silence go ahead");
    assert!(heard[1_440..].iter().all(|s| *s == 0.5));
}

#[test]
fn a_ring_that_runs_dry_is_kept_fuller_and_after_calm_as_before() {
    let mut cushion = Cushion::new(0);
    let marks = |cushion: &Cushion| (cushion.low_ms, cushion.high_ms());
    assert_eq!(marks(&cushion), (20, 45));
    for n in 0..10 {
        cushion.look(true, n);
        cushion.look(false, n);
    }
    assert_eq!(marks(&cushion), (40, 50), "bounded: the ring holds 60 ms, and a block is 10");
    cushion.look(false, CALM_US);
    assert_eq!(marks(&cushion), (40, 50));
    for n in 1..5 {
        cushion.look(false, 9 + n * (CALM_US + 1));
    }
    assert_eq!(marks(&cushion), (20, 45));
}

/// Of a machine whose audio thread comes 35 ms late every 200 ms: samples that the card missed in each second.
fn late(speaker: &mut Speaker, status: &Status, card: &mut Consumer<Pair>, seconds: u64) -> Vec<u64> {
    let mut missed = Vec::new();
    for second in 0..seconds {
        let mut dry = 0;
        for tick in second * 200..(second + 1) * 200 {
            if tick % 40 >= 7 {
                play(speaker, tick * TICK_US);
            }
            if tick % 4 == 3 {
                let missing = consume(card, status, 960).iter().filter(|s| **s > 1.0).count() as u64;
                status.underrun.fetch_add(missing, Ordering::AcqRel);
                dry += missing;
            }
        }
        missed.push(dry);
    }
    missed
}

#[test]
fn a_machine_that_is_late_now_and_then_is_heard_to_be_so_once() {
    let (mut speaker, status, mut card) = open(48_000);
    let missed = late(&mut speaker, &status, &mut card, 20);
    assert!(missed.iter().skip(2).all(|samples| *samples == 0), "{missed:?}");
    assert_eq!(speaker.take_missing(), missed.iter().sum::<u64>(), "and all of it counts");
}

#[test]
fn a_card_that_is_fast_or_slow_is_followed() {
    for (consumed, drift) in [(965, "fast"), (955, "slow")] {
        let (mut speaker, status, mut card) = open(48_000);
        let (mut dry, mut ticks) = (0, 0);
        for tick in 0..12_000_u64 {
            ticks += play(&mut speaker, tick * TICK_US);
            if tick % 4 == 3 {
                dry += consume(&mut card, &status, consumed).iter().filter(|s| **s > 1.0).count();
            }
        }
        assert_eq!(dry, 0, "{drift}");
        let wanted = 3_000 * consumed / TICK;
        assert!(ticks.abs_diff(wanted) < 6, "{drift}: {ticks} ticks, {wanted} consumed");
    }
}

#[test]
fn a_card_at_another_rate_gets_its_rate() {
    let (mut speaker, status, mut card) = open(44_100);
    let mut heard = Vec::new();
    for tick in 0..400_u64 {
        play(&mut speaker, tick * TICK_US);
        if tick % 4 == 3 {
            heard.extend(consume(&mut card, &status, 882));
        }
    }
    assert_eq!(heard.iter().filter(|s| **s > 1.0).count(), 0, "never dry");
    assert!(heard[8_000..].iter().all(|s| (s - 0.5).abs() < 0.01));
}

#[test]
fn a_lost_device_is_told_by_the_next_block() {
    let (mut speaker, status, _card) = open(48_000);
    play(&mut speaker, 0);
    status.failed.store(true, Ordering::Release);
    assert!(speaker.want(TICK_US).is_some());
    assert!(speaker.play(&Planes::silence(TICK)).is_err());

    let (mut stopped, _status, _card) = open(48_000);
    play(&mut stopped, 0);
    assert!(stopped.want(FIRST_CALLBACK_US + 1).is_some());
    assert!(stopped.play(&Planes::silence(TICK)).is_err());
}

#[test]
fn a_device_that_cannot_be_opened_is_lost() {
    let (mut speaker, _status, tell) = speaker();
    tell.send(Err(Lost("busy".into()))).unwrap();
    assert!(speaker.want(0).is_some());
    assert_eq!(speaker.play(&Planes::silence(TICK)), Err(Lost("busy".into())));
}

#[test]
fn a_pause_closes_the_device() {
    let (mut speaker, status, _card) = open(48_000);
    speaker.pause().unwrap();
    assert!(status.closed.load(Ordering::Acquire));
    assert_eq!(speaker.want(0), None);
}

#[test]
fn samples_that_the_card_found_missing_are_told_once() {
    let (mut speaker, status, mut card) = open(48_000);
    play(&mut speaker, 0);
    assert_eq!(speaker.take_missing(), 0);
    consume(&mut card, &status, 10);
    status.underrun.fetch_add(7, Ordering::AcqRel);
    assert_eq!((speaker.take_missing(), speaker.take_missing()), (7, 0));
    speaker.pause().unwrap();
    assert_eq!(speaker.take_missing(), 0);
}
