//! What a trial tells of microphones and speakers of every kind, in virtual time.

use super::*;
use crate::planes::Planes;
use crate::{
    host_media::sink,
    processing::test_sounds::{noise, speech_for, tone as sine},
};

/// Gives this sound at the pace of the clock, then nothing; or is lost at the end.
struct Given {
    sound: Vec<f32>,
    next: usize,
    began_us: u64,
    lost_at_end: bool,
}

impl Source for Given {
    fn capture(&mut self, now_us: u64, out: &mut Planes) -> Result<(), Lost> {
        let due = samples(u32::try_from((now_us - self.began_us) / 1_000).unwrap()).min(self.sound.len());
        if self.lost_at_end && due == self.sound.len() {
            return Err(Lost("unplugged".into()));
        }
        out.append_planes(&self.sound[self.next..due], &[]);
        self.next = due;
        Ok(())
    }

    fn started_us(&self) -> Option<u64> {
        Some(self.began_us)
    }

    fn due_us(&self, now_us: u64, _samples: usize) -> u64 {
        now_us + 10_000
    }
}

/// A speaker that takes what it is given in time, is lost after so many samples, or never wants any.
struct Taken {
    paced: sink::paced::Paced,
    lost_after: Option<usize>,
    deaf: bool,
    missing: u64,
    paused: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

impl Sink for Taken {
    fn start(&mut self, now_us: u64) {
        self.paced.start(now_us);
    }

    fn started_us(&self) -> Option<u64> {
        self.paced.started_us()
    }

    fn want(&mut self, now_us: u64) -> Option<sink::Want> {
        self.paced.want(now_us).filter(|_| !self.deaf)
    }

    fn play(&mut self, sound: &Planes) -> Result<(), Lost> {
        if let Some(left) = &mut self.lost_after {
            *left = left.checked_sub(sound.len()).ok_or_else(|| Lost("unplugged".into()))?;
        }
        self.paced.play(sound)
    }

    fn due_us(&self, now_us: u64) -> u64 {
        self.paced.due_us(now_us)
    }

    fn pause(&mut self) -> Result<(), Lost> {
        self.paused.store(true, std::sync::atomic::Ordering::Release);
        Ok(())
    }

    fn take_missing(&mut self) -> u64 {
        self.missing
    }
}

/// A trial and what it tells.
struct Trial {
    run: Run,
    now_us: u64,
    began_us: u64,
    events: mpsc::Receiver<AudioEvent>,
    levels: Vec<(bool, i16, u32)>,
    findings: Vec<Finding>,
}

impl Trial {
    fn new(record_ms: u32, play: Played) -> Self {
        let clock = Clock::new();
        let now_us = clock.now_us();
        let (input, output) = (DeviceSpec::Tone(440), DeviceSpec::None);
        // As small as a busy daemon's: what it has no room for waits.
        let (sender, events) = mpsc::channel(2);
        let run = Run::new(SoundCheck { input, output, record_ms, play }, clock, now_us, sender);
        Self { run, now_us, began_us: now_us, events, levels: Vec::new(), findings: Vec::new() }
    }

    /// With this microphone.
    fn hearing(sound: Vec<f32>, lost_at_end: bool) -> Self {
        let mut trial = Self::new(3_000, Played::Nothing);
        let source = Box::new(Given { sound, next: 0, began_us: trial.now_us, lost_at_end });
        trial.run.phase = Phase::Recording { source, meter: Box::new(Meter::new()), told: 0 };
        trial
    }

    /// With this speaker, which is to play one second.
    fn playing(taken: Taken) -> Self {
        let mut trial = Self::new(0, Played::Nothing);
        let mut sink = Box::new(taken);
        sink.start(trial.now_us);
        (trial.run.findings, trial.run.until_us) = (Vec::new(), trial.now_us + PATIENCE_US);
        while trial.events.try_recv().is_ok() {}
        let (sender, events) = mpsc::channel(2);
        (trial.run.outbox, trial.events) = (Outbox::new(sender), events);
        trial.run.phase = Phase::Playing { sink, sound: sine(440.0, 0.5, 48_000), next: 0, told: 0 };
        trial
    }

    /// Steps it to its end, or for so long.
    fn go(&mut self, most_ms: u64, stop: bool) -> bool {
        let end_us = self.now_us + most_ms * 1_000;
        while self.now_us < end_us {
            let due_us = self.run.step(self.now_us, stop);
            while let Ok(AudioEvent::Check(event)) = self.events.try_recv() {
                match event {
                    CheckEvent::Level { recording, level_dbfs, left_ms, .. } => {
                        self.levels.push((recording, level_dbfs, left_ms));
                    }
                    CheckEvent::Over(findings) => self.findings = findings,
                }
            }
            match due_us {
                Some(due_us) => self.now_us = self.now_us.max(due_us),
                None => return true,
            }
        }
        false
    }

    fn verdicts(&mut self) -> Vec<Verdict> {
        assert!(self.go(60_000, false), "it ends");
        self.findings.iter().map(|finding| finding.verdict).collect()
    }
}

fn speaker() -> Taken {
    let paced = sink::paced::Paced::new(None);
    Taken { paced, lost_after: None, deaf: false, missing: 0, paused: std::sync::Arc::default() }
}

#[test]
fn what_is_wrong_with_a_microphone_is_said_with_what_to_do() {
    let voice = speech_for("ada", 3);
    let scaled = |by: f32| voice.iter().map(|s| (s * by).clamp(-1.0, 1.0)).collect::<Vec<f32>>();
    let cases = [
        (voice.clone(), Verdict::Good),
        (scaled(30.0), Verdict::Clipping),
        (scaled(0.002), Verdict::VeryQuiet),
        (vec![0.0; 144_000], Verdict::NoSignal),
        // Off zero as a whole, which is no sound.
        (vec![0.25; 144_000], Verdict::NoSignal),
        (noise(1, 0.05, 144_000), Verdict::NoVoice),
    ];
    for (sound, wanted) in cases {
        let mut trial = Trial::hearing(sound, false);
        assert_eq!(trial.verdicts(), [wanted]);
        let finding = &trial.findings[0];
        assert!(finding.input && finding.hint.is_some() == (wanted != Verdict::Good), "{finding:?}");
        assert_eq!(trial.levels.len(), 30, "ten levels a second");
        assert!(trial.levels.iter().all(|(recording, ..)| *recording));
        assert_eq!((trial.levels[0].2, trial.levels[29].2), (2_900, 0), "with the time that is left");
    }
}

#[test]
fn a_microphone_that_goes_or_gives_too_little_is_not_available() {
    let mut gone = Trial::hearing(speech_for("ada", 1), true);
    assert_eq!(gone.verdicts(), [Verdict::NotAvailable]);
    assert!(gone.findings[0].detail.contains("unplugged"), "{:?}", gone.findings);
    let mut stuck = Trial::hearing(vec![0.1; 48_000], false);
    assert_eq!(stuck.verdicts(), [Verdict::NotAvailable]);
    assert!(stuck.now_us - stuck.began_us < 10_000_000, "it is given up in time");
}

#[test]
fn a_speaker_plays_it_all_or_is_said_not_to() {
    let mut well = Trial::playing(speaker());
    assert_eq!(well.verdicts(), [Verdict::Good]);
    assert_eq!(well.levels.len(), 10);
    assert!(well.levels.iter().all(|(recording, level, _)| !recording && *level == -9), "{:?}", well.levels);
    let gone = Taken { lost_after: Some(9_600), ..speaker() };
    assert_eq!(Trial::playing(gone).verdicts(), [Verdict::NotAvailable]);
    assert_eq!(Trial::playing(Taken { deaf: true, ..speaker() }).verdicts(), [Verdict::NotAvailable]);
    assert_eq!(Trial::playing(Taken { missing: 2_000, ..speaker() }).verdicts(), [Verdict::Crackling]);
}

#[test]
fn a_call_ends_a_trial_at_once() {
    let mut hearing = Trial::hearing(speech_for("ada", 3), false);
    assert!(!hearing.go(500, false));
    assert!(hearing.go(100, true));
    assert_eq!(hearing.findings[0].verdict, Verdict::Interrupted);
    let mut playing = Trial::playing(speaker());
    assert!(!playing.go(500, false));
    assert!(playing.go(100, true));
    assert_eq!((playing.findings[0].verdict, playing.findings[0].input), (Verdict::Interrupted, false));
}

#[test]
fn what_is_no_card_is_not_tried_and_a_tone_stands_for_a_microphone() {
    let mut trial = Trial::new(1_000, Played::Recorded);
    assert_eq!(trial.verdicts(), [Verdict::NoVoice, Verdict::NotTried], "a tone is no voice, and no speaker is set");
    assert!(trial.levels.iter().all(|(_, level, _)| *level == -9), "{:?}", trial.levels);
    let mut nothing = Trial::new(0, Played::Nothing);
    assert_eq!(nothing.verdicts(), []);
}

#[test]
fn a_file_that_is_set_as_speaker_is_left_as_it_is() {
    let dir = crate::host_media::test_dir::TestDir::new();
    let path = dir.path().join("heard.wav");
    std::fs::write(&path, b"what was heard").unwrap();
    let (clock, (sender, mut events)) = (Clock::new(), mpsc::channel(8));
    let output = DeviceSpec::File { path: path.clone(), looped: false, stereo: false };
    let check = SoundCheck { input: DeviceSpec::None, output, record_ms: 100, play: Played::Tone };
    let mut run = Run::new(check, clock, clock.now_us(), sender);
    assert_eq!(run.step(clock.now_us(), false), None);
    let Ok(AudioEvent::Check(CheckEvent::Over(findings))) = events.try_recv() else { panic!("it is over") };
    assert!(findings.iter().all(|finding| finding.verdict == Verdict::NotTried), "{findings:?}");
    assert_eq!(std::fs::read(&path).unwrap(), b"what was heard");
}
