//! What is heard while it rings, and that it is over at once.

use super::*;
use crate::host_media::{
    signals::{read, tone_share},
    test_dir::TestDir,
};

const SECOND: usize = 48_000;

fn sound(ringing: Ringing, seconds: usize) -> Vec<f32> {
    (0..(seconds * SECOND) as u64).map(|n| melody::sample(ringing, n)).collect()
}

fn peak(sound: &[f32]) -> f32 {
    sound.iter().fold(0.0, |peak, sample| peak.max(sample.abs()))
}

#[test]
fn the_ringtone_begins_softly_never_clips_or_clicks_and_pauses() {
    let sound = sound(Ringing::Here, 13);
    let turns: Vec<f32> = sound.chunks_exact(153_600).map(peak).collect();
    assert!(turns[0] < turns[1] && turns[1] < turns[2] && (turns[2] - turns[3]).abs() < 1e-6, "{turns:?}");
    assert!((0.2..0.7).contains(&turns[3]), "{turns:?}");
    let jump = sound.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
    assert!(jump < 0.15, "{jump} between two samples is a click");
    assert!(peak(&sound[140_000..153_600]) < 0.002, "a pause between two turns");
}

#[test]
fn the_tone_of_a_line_sounds_one_second_of_five() {
    let sound = sound(Ringing::There, 10);
    for turn in sound.chunks_exact(5 * SECOND) {
        assert!(tone_share(&turn[..SECOND], 425.0) > 0.95);
        assert!((0.09..0.11).contains(&peak(&turn[..SECOND])));
        assert!(turn[SECOND..].iter().all(|sample| *sample == 0.0));
    }
}

/// A player into a file, and its time.
struct Rung {
    player: Player,
    now_us: u64,
    path: std::path::PathBuf,
    told: mpsc::Receiver<AudioEvent>,
}

impl Rung {
    fn new(dir: &TestDir) -> Self {
        let path = dir.path().join("ring.wav");
        let (spec, clock) = (DeviceSpec::File { path: path.clone(), looped: false, stereo: false }, Clock::new());
        let sink = specs::sink(&spec, clock).unwrap();
        let (events, told) = mpsc::channel(8);
        Self { told, player: Player::new(sink, &spec, (clock, Outbox::new(events))), now_us: clock.now_us(), path }
    }

    fn run_us(&mut self, wanted: Option<Ringing>, us: u64) {
        let end_us = self.now_us + us;
        while let Some(due_us) = self.player.step(wanted, self.now_us).filter(|due| *due < end_us) {
            self.now_us = self.now_us.max(due_us);
        }
        self.now_us = end_us;
    }
}

#[test]
fn it_rings_from_its_beginning_each_time_and_is_over_at_once() {
    let dir = TestDir::new();
    let mut rung = Rung::new(&dir);
    for (ringing, us) in [(Ringing::Here, 700_000), (Ringing::There, 2_000_000)] {
        rung.run_us(Some(ringing), us);
        rung.run_us(None, 1_000_000);
    }
    rung.run_us(Some(Ringing::Here), 100_000);
    rung.run_us(None, 1);
    let heard = read(&rung.path);
    let alike = |from: usize, ringing: Ringing, samples: usize| {
        let wanted = (0_u64..).map(|n| melody::sample(ringing, n));
        heard[from..from + samples].iter().zip(wanted).all(|(one, other)| (one - other).abs() < 1e-3)
    };
    let ms = |ms: usize| ms * 48;
    assert!(alike(0, Ringing::Here, ms(680)));
    assert!(heard[ms(721)..ms(1_700)].iter().all(|sample| *sample == 0.0), "at most a block of 20 ms more");
    assert!(alike(ms(1_700), Ringing::There, ms(1_980)));
    assert!(alike(ms(4_700), Ringing::Here, ms(80)), "and from its soft beginning again");
    assert!(heard.len() <= ms(4_821), "{}", heard.len());
}

#[test]
fn a_thread_rings_as_long_as_it_is_wanted_and_there_is_none_after() {
    let dir = TestDir::new();
    let path = dir.path().join("ring.wav");
    let ringer = Ringer::new(
        DeviceSpec::File { path: path.clone(), looped: false, stereo: false },
        Clock::new(),
        mpsc::channel(8).0.downgrade(),
    )
    .unwrap();
    for turn in 1..=3 {
        ringer.ring(Some(Ringing::There));
        let thread = ringer.bell.lock().thread.as_ref().map(Thread::id);
        assert!(thread.is_some(), "it rings");
        ringer.ring(Some(Ringing::Here));
        while peak(&read(&path)) < 0.02 * turn as f32 {
            thread::yield_now();
        }
        ringer.ring(None);
        while ringer.bell.lock().thread.is_some() {
            thread::yield_now();
        }
        let length = read(&path).len();
        assert!(ringer.bell.lock().sink.is_some());
        assert_eq!(read(&path).len(), length, "nothing plays on");
    }
}

#[test]
fn an_output_that_is_none_never_rings_and_an_input_is_refused() {
    let ringer = Ringer::new(DeviceSpec::None, Clock::new(), mpsc::channel(8).0.downgrade()).unwrap();
    ringer.ring(Some(Ringing::Here));
    assert!(ringer.bell.lock().thread.is_none());
    assert!(Ringer::new(DeviceSpec::Tone(440), Clock::new(), mpsc::channel(8).0.downgrade()).is_err());
}

#[test]
fn an_output_that_goes_while_it_rings_is_told_and_told_again_when_it_is_back() {
    let dir = TestDir::new();
    let mut rung = Rung::new(&dir);
    rung.run_us(Some(Ringing::Here), 100_000);
    // As a card: it can come back, and is there at once.
    rung.player.lose(Lost("unplugged".into()), rung.now_us);
    rung.player.recovery.lost(rung.now_us);
    rung.run_us(Some(Ringing::Here), 2_000_000);
    let told = std::iter::from_fn(|| rung.told.try_recv().ok()).collect::<Vec<_>>();
    let wanted =
        |n: usize| matches!((n, &told[n]), (0, AudioEvent::RingtoneLost { .. }) | (1, AudioEvent::RingtoneBack { .. }));
    assert!(told.len() == 2 && wanted(0) && wanted(1), "{told:?}");
}
