//! Two desks and a wire between them, in virtual time.

mod wire;

use super::*;
use crate::host_media::{
    signals::{find, noise_wav, read, tone_share},
    test_dir::TestDir,
};
use wire::{Wire, World};

fn file(dir: &TestDir, name: &str) -> DeviceSpec {
    DeviceSpec::File { path: dir.path().join(name), looped: false }
}

#[test]
fn a_file_is_heard_on_the_other_side_within_45_ms() {
    let dir = TestDir::new();
    let spoken = noise_wav(&dir.path().join("spoken.wav"), 3);
    for phase_us in [0, 2_500, 5_000, 7_500] {
        let mut world = World::new(&file(&dir, "spoken.wav"), &file(&dir, "heard.wav"));
        world.play(true);
        world.run_us(50_000 + phase_us, &mut Wire::even(300));
        world.talk(true);
        world.run_us(3_000_000, &mut Wire::even(300));
        let (source_us, sink_us) = world.started();
        world.listener.desk.close();
        let (alike, lag) = find(&spoken, 48_000, &read(&dir.path().join("heard.wav")));
        assert!(alike > 0.6, "{alike}");
        let delay_ms = lag as f64 / 48.0 + (sink_us as f64 - source_us as f64) / 1_000.0;
        assert!((20.0..=45.0).contains(&delay_ms), "{delay_ms} ms at phase {phase_us}");
        assert_eq!((world.stats().packets_lost, world.stats().concealed_ms), (0, 0.0));
    }
}

#[test]
fn a_tone_arrives_as_that_tone() {
    let dir = TestDir::new();
    let mut world = World::new(&DeviceSpec::Tone(440), &file(&dir, "heard.wav"));
    world.play(true);
    world.talk(true);
    world.run_us(2_000_000, &mut Wire::even(20_000));
    world.play(false);
    world.run_us(100_000, &mut Wire::even(0));
    let heard = read(&dir.path().join("heard.wav"));
    assert!(tone_share(&heard[24_000..72_000], 440.0) > 0.95);
    assert!(tone_share(&heard[24_000..72_000], 880.0) < 0.01);
}
