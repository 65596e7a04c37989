//! What a recording gets of somebody who is heard.

use super::{
    wire::{LINK, Wire, World},
    *,
};
use crate::{
    host_media::signals::{find, noise_wav, tone_share},
    recording::{Tapped, bare_tap},
};

/// 10 or 60 ms, so that sound waits in the jitter buffer.
fn uneven() -> Wire {
    Wire::new(|n| Some(if n % 2 == 0 { 60_000 } else { 10_000 }))
}

fn joined(pieces: &[(u64, Vec<f32>)]) -> Vec<f32> {
    pieces.iter().flat_map(|(_, sound)| sound.clone()).collect()
}

#[test]
fn what_came_before_the_tap_was_opened_is_not_taken_though_it_is_heard_after() {
    let dir = TestDir::new();
    let spoken = noise_wav(&dir.path().join("spoken.wav"), 4);
    let mut world = World::new(&file(&dir, "spoken.wav"), &DeviceSpec::None);
    let mut wire = uneven();
    world.play(true);
    world.talk(true);
    world.run_us(1_500_000, &mut wire);
    let since_us = world.now_us;
    let (tap, pieces) = bare_tap(since_us);
    world.listener.shared.lock().tap(Tapped::Link(LINK), Some(tap));
    world.run_us(1_500_000, &mut wire);
    let pieces = pieces();
    let taped = joined(&pieces);
    // Where its first half second was spoken.
    let (alike, lag) = find(&taped, 0, &spoken);
    assert!(alike > 0.4, "{alike}");
    let spoken_us = world.started().0 + u64::try_from(lag).unwrap() * 1_000_000 / 48_000;
    // A packet is on its way for 10 ms at least, after 20 ms of speaking.
    assert!(spoken_us + 35_000 >= since_us, "{} ms too early", (since_us - spoken_us) / 1_000);
    let kept_out_us = pieces[0].0 - since_us;
    assert!(kept_out_us > 20_000, "sound waited in the buffer, or this shows nothing: {kept_out_us}");
}

#[test]
fn pieces_say_when_they_were_heard_and_follow_each_other() {
    let dir = TestDir::new();
    noise_wav(&dir.path().join("spoken.wav"), 3);
    let mut world = World::new(&file(&dir, "spoken.wav"), &DeviceSpec::None);
    world.play(true);
    world.talk(true);
    let (tap, pieces) = bare_tap(0);
    world.listener.shared.lock().tap(Tapped::Link(LINK), Some(tap));
    world.run_us(2_000_000, &mut uneven());
    let pieces = pieces();
    assert!(joined(&pieces).len() > 48_000);
    for pair in pieces.windows(2) {
        let end_us = pair[0].0 + pair[0].1.len() as u64 * 1_000_000 / 48_000;
        assert!(pair[1].0.abs_diff(end_us) < 2_000, "{} after {end_us}", pair[1].0);
    }
}

#[test]
fn a_closed_tap_a_removed_link_and_one_that_is_not_played_give_nothing() {
    let mut world = World::new(&DeviceSpec::Tone(440), &DeviceSpec::None);
    let mut wire = Wire::even(5_000);
    world.play(true);
    world.talk(true);
    let open = |world: &mut World| {
        let (tap, pieces) = bare_tap(0);
        world.listener.shared.lock().tap(Tapped::Link(LINK), Some(tap));
        pieces
    };
    let first = open(&mut world);
    world.run_us(500_000, &mut wire);
    assert!(tone_share(&joined(&first())[9_600..], 440.0) > 0.95);
    world.listener.shared.lock().tap(Tapped::Link(LINK), None);
    world.run_us(500_000, &mut wire);
    assert!(first().is_empty(), "closed");
    let second = open(&mut world);
    world.play(false);
    world.run_us(500_000, &mut wire);
    assert!(second().is_empty(), "nobody hears it");
    world.play(true);
    let third = open(&mut world);
    world.listener.shared.lock().remove_link(LINK);
    world.run_us(500_000, &mut wire);
    assert!(third().is_empty() && second().is_empty(), "the link is gone, and the tap of before was replaced");
    let (tap, fourth) = bare_tap(0);
    world.listener.shared.lock().tap(Tapped::Link(LinkId(99)), Some(tap.clone()));
    tap.write(0, 0, &[0.5; 10]);
    assert!(fourth().is_empty(), "a tap on nobody is closed at once");
}
