//! Two channels through a whole call of two who are near: from a file of two channels into a file of two.

use std::{collections::VecDeque, path::PathBuf};

use super::{super::*, bend};
use crate::host_media::{
    api::{DeviceSpec, Stage as Switch},
    test_dir::TestDir,
};

/// Time from one to the other, microseconds.
const WAY_US: u64 = 300;

/// A call of one who plays music and one who listens.
struct Call {
    dir: TestDir,
    sides: [Stage; 2],
    /// What is under way: when it comes, to whom.
    flying: VecDeque<(u64, usize, Leaving)>,
    now_us: u64,
    /// Packets of two channels that left the first side, and all of sound.
    wide: usize,
    all: usize,
    /// Every such packet of sound is lost.
    loses: Option<usize>,
}

/// What is played, for so many seconds: left and right.
type Played<'a> = &'a dyn Fn(usize) -> [f32; 2];

fn tone(hz: f32, n: usize) -> f32 {
    (n as f32 * hz * std::f32::consts::TAU / 48_000.0).sin() * 0.4
}

/// On the left alone.
fn left(n: usize) -> [f32; 2] {
    [tone(440.0, n), 0.0]
}

impl Call {
    /// `channels` of what is played, and whether two are written of what is heard.
    fn new(played: Played<'_>, channels: u16, stereo: bool) -> Self {
        let dir = TestDir::new();
        let sample_format = hound::SampleFormat::Int;
        let spec = hound::WavSpec { channels, sample_rate: 48_000, bits_per_sample: 16, sample_format };
        let mut writer = hound::WavWriter::create(dir.path().join("played.wav"), spec).unwrap();
        for n in 0..48_000 * 12 {
            let pair = played(n);
            for sample in &pair[..usize::from(channels)] {
                writer.write_sample((sample * 32_767.0) as i16).unwrap();
            }
        }
        writer.finalize().unwrap();
        let file = |name: &str| DeviceSpec::File { path: dir.path().join(name), looped: false, stereo };
        let stage =
            |input, output| Stage::new(&AudioConfig { input, output, bitrate_bps: 40_000, frame_ms: 20 }).unwrap();
        let sides = [stage(file("played.wav"), DeviceSpec::None), stage(DeviceSpec::None, file("heard.wav"))];
        Self { sides, dir, flying: VecDeque::new(), now_us: 0, wide: 0, all: 0, loses: None }
    }

    fn music(&mut self, on: bool) {
        let music = if on { Switch::On } else { Switch::Off };
        self.sides.iter_mut().for_each(|side| side.process(Processing { music, ..Processing::default() }));
    }

    fn launch(&mut self, from: usize, packets: Vec<Leaving>) {
        for packet in packets {
            if let Leaving::Media { payload, .. } = &packet
                && from == 0
            {
                self.all += 1;
                self.wide += usize::from(crate::host_media::opus::is_stereo(payload));
                if self.loses.is_some_and(|every| self.all.is_multiple_of(every)) {
                    continue;
                }
            }
            self.flying.push_back((self.now_us + WAY_US, 1 - from, packet));
        }
    }

    /// So many ms pass.
    fn run(&mut self, ms: u64) {
        let end_us = self.now_us + ms * 1_000;
        loop {
            let arrival = self.flying.front().map(|(at_us, ..)| *at_us);
            let due = self.sides.iter().filter_map(Stage::due_us).chain(arrival).min();
            let Some(now_us) = due.filter(|us| *us < end_us) else { break };
            self.now_us = self.now_us.max(now_us);
            while let Some((_, to, packet)) = self.flying.pop_front_if(|(at_us, ..)| *at_us <= self.now_us) {
                let answers = self.sides[to].arrive(packet, self.now_us);
                self.launch(to, answers);
            }
            for from in 0..2 {
                self.sides[from].round_trip(Duration::from_micros(2 * WAY_US));
                let packets = self.sides[from].step(self.now_us);
                self.launch(from, packets);
            }
        }
        self.now_us = end_us;
    }

    /// What was heard: each channel of the file.
    fn heard(&mut self) -> Vec<Vec<f32>> {
        self.sides[1].close();
        let path: PathBuf = self.dir.path().join("heard.wav");
        let mut reader = hound::WavReader::open(path).unwrap();
        let channels = usize::from(reader.spec().channels);
        let samples: Vec<f32> = reader.samples::<i16>().map(|s| f32::from(s.unwrap()) / 32_768.0).collect();
        (0..channels).map(|of| samples.iter().skip(of).step_by(channels).copied().collect()).collect()
    }
}

fn power_db(sound: &[f32]) -> f32 {
    10.0 * (sound.iter().map(|s| s * s).sum::<f32>() / sound.len() as f32 + 1e-12).log10()
}

fn peak(sound: &[f32]) -> f32 {
    sound.iter().map(|sample| sample.abs()).fold(0.0, f32::max)
}

#[test]
fn what_is_played_on_the_left_is_heard_on_the_left_through_a_whole_call() {
    let mut call = Call::new(&left, 2, true);
    call.music(true);
    call.run(5_000);
    assert!(call.wide > 700 && call.wide < call.all, "{} of {} packets", call.wide, call.all);
    let heard = call.heard();
    let [left, right] = [&heard[0][120_000..230_000], &heard[1][120_000..230_000]];
    let separation_db = power_db(left) - power_db(right);
    println!("left stands {separation_db:.1} dB above right");
    assert!(separation_db >= 30.0, "{separation_db} dB");
    assert!((power_db(left) - 20.0 * (0.4_f32 / 2.0_f32.sqrt()).log10()).abs() < 1.0, "{} dB", power_db(left));
}

#[test]
fn a_talk_has_one_channel_whatever_the_microphone_has() {
    let mut call = Call::new(&left, 2, true);
    call.run(3_000);
    assert_eq!(call.wide, 0);
    let heard = call.heard();
    assert_eq!(heard[0], heard[1], "in the middle");
    assert!(peak(&heard[0][96_000..]) > 0.1);
    // And it leaves packet for packet as what has one channel.
    let [one, two] = [1, 2].map(|channels| {
        let half = |n: usize| if channels == 1 { [tone(440.0, n) * 0.5; 2] } else { left(n) };
        let mut call = Call::new(&half, channels, false);
        let mut sent = Vec::new();
        while call.now_us < 1_000_000 {
            call.now_us = call.sides[0].due_us().unwrap();
            sent.extend(call.sides[0].step(call.now_us));
        }
        sent.len()
    });
    assert_eq!(one, two);
}

#[test]
fn on_one_channel_both_are_heard_and_music_of_one_channel_stays_one() {
    let both = |n: usize| [tone(440.0, n), tone(660.0, n)];
    let mut call = Call::new(&both, 2, false);
    call.music(true);
    call.run(4_000);
    assert!(call.wide > 400);
    let heard = call.heard();
    assert_eq!(heard.len(), 1);
    for hz in [440.0, 660.0] {
        let share = crate::host_media::signals::tone_share(&heard[0][120_000..180_000], hz);
        assert!((0.4..0.6).contains(&share), "{share} of {hz} Hz");
    }
    let mut call = Call::new(&both, 1, true);
    call.music(true);
    call.run(4_000);
    assert!(call.wide == 0 && call.all > 500, "packets of 5 ms, of one channel");
    let heard = call.heard();
    assert_eq!(heard[0], heard[1]);
}

#[test]
fn music_that_begins_and_ends_in_a_call_makes_no_click_on_either_side() {
    let low = |n: usize| [tone(220.0, n), tone(220.0, n) * 0.5];
    let heard = |switches: bool| {
        let mut call = Call::new(&low, 2, true);
        for (music, ms) in [(false, 2_000), (true, 1_513), (false, 1_500)] {
            call.music(switches && music);
            call.run(ms);
        }
        assert_eq!(call.wide > 50, switches, "{} of {}", call.wide, call.all);
        call.heard()
    };
    let (steady, switched) = (heard(false), heard(true));
    for (of, (steady, switched)) in steady.iter().zip(&switched).enumerate() {
        let (own, there) = (bend(&steady[48_000..]), bend(&switched[48_000..]));
        let at = switched[48_000..].windows(3).position(|w| bend(w) == there).unwrap() + 48_000;
        println!("channel {of}: {there:.5} at {} ms, {own:.5} in the sound itself", at / 48);
        // What is left is the noise of an encoder's first frame. One that knew nothing of what was said before left a hole: 0.12.
        assert!(there < 0.02, "channel {of}: {there} at {} ms, {own} in the sound itself", at / 48);
    }
}

#[test]
fn lost_packets_are_made_up_on_the_side_they_were_on() {
    let mut call = Call::new(&left, 2, true);
    call.music(true);
    call.run(2_500);
    call.loses = Some(67);
    call.run(2_500);
    let stats = call.sides[1].stats();
    assert!(stats.packets_lost + stats.retransmitted > 3, "{stats:?}");
    let heard = call.heard();
    let separation_db = power_db(&heard[0][120_000..230_000]) - power_db(&heard[1][120_000..230_000]);
    println!("left stands {separation_db:.1} dB above right, with losses");
    assert!(separation_db >= 30.0, "{separation_db} dB");
}
