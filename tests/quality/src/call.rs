//! A call of two sides over a road, in virtual time.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use ahoy_media::host_media::{
    api::{AudioConfig, DeviceSpec, Processing, ReceiveStats, SoundError, Stage as Switch},
    stage::{Leaving, Stage},
};

use crate::{
    profile::Profile,
    road::{Road, Traffic},
};

/// Silence before the speech, seconds: whoever picks up breathes before speaking. The profile's clock begins with the
/// speech.
pub const LEAD_S: f64 = 1.0;

/// Bytes that go with each packet of media: IP 20, UDP 8, RTP 12, seal 16 (AES-GCM).
pub const HEAD_BYTES: usize = 56;

/// Bytes that go with each packet of feedback: IP 20, UDP 8, seal 16, SRTCP index 4.
const FEEDBACK_HEAD_BYTES: usize = 48;

/// ICE's keep-alives, by which the round trip is measured: how often the library has one (microseconds), and the bytes of
/// question and answer.
const ALIVE_US: u64 = 500_000;
/// See [`ALIVE_US`].
const ALIVE_BYTES: [usize; 2] = [124, 92];

/// The library's sender and receiver reports, one after the other: how often one leaves (microseconds), and its bytes.
const RTCP_US: u64 = 2_500_000;
/// See [`RTCP_US`].
const RTCP_BYTES: usize = 80;

/// A new measure of the round trip reaches the sound this often, microseconds.
const TRIP_US: u64 = 1_000_000;

/// A call that is to be held.
pub struct Plan<'a> {
    /// The road.
    pub profile: &'a Profile,
    /// Another one from the second side back to the first.
    pub back: Option<&'a Profile>,
    /// Decides the fate of packets.
    pub seed: u64,
    /// What both say, 48 kHz, [`LEAD_S`] of silence at its beginning.
    pub spoken: &'a Path,
    /// What each of them hears goes here.
    pub heard: [PathBuf; 2],
    /// Length, microseconds.
    pub length_us: u64,
    /// Parts per million by which the second side's clock is faster.
    pub drift_ppm: f64,
    /// Encoder bitrate, bits a second.
    pub bitrate_bps: u32,
    /// Sound in a packet, ms.
    pub frame_ms: u32,
    /// The sides never learn of the round trip, so nothing is asked for again: to see what that is worth.
    pub no_questions: bool,
    /// Both sides want music mode.
    pub music: bool,
}

/// What became of one direction.
#[derive(Clone, Debug)]
pub struct Direction {
    /// Seconds by which the start of the recording is behind the start of what was said.
    pub start_s: f64,
    /// Figures of the listener at the end.
    pub stats: ReceiveStats,
    /// What was sent towards the listener.
    pub traffic: Traffic,
    /// Milliseconds that sound waited in the listener's buffer, every 200 ms.
    pub waits_ms: Vec<f64>,
    /// What the listener would be shown as the time from mouth to ear: seconds of the call, and ms, every 200 ms.
    pub shown_ms: Vec<(f64, f64)>,
}

/// A packet under way.
struct Flying {
    at_us: u64,
    number: u64,
    to: usize,
    what: What,
}

enum What {
    Packet(Leaving),
    /// A keep-alive that left at this time.
    Alive(u64),
    /// Its answer.
    Echo(u64),
    /// A sender or receiver report, which nobody acts on.
    Reports,
}

/// One end.
struct Side {
    stage: Stage,
    road: Road,
    /// Seconds of its clock for a second of ours.
    pace: f64,
    waits_ms: Vec<f64>,
    shown_ms: Vec<(f64, f64)>,
    trip_us: Option<u64>,
    /// When the last keep-alive left.
    alive_us: Option<u64>,
}

impl Side {
    /// Its own time.
    fn local(&self, us: u64) -> u64 {
        (us as f64 * self.pace) as u64
    }

    /// Notes what its listener would be shown now.
    fn look(&mut self, now_us: u64) {
        let stats = self.stage.stats();
        self.waits_ms.push(stats.playout_delay_ms);
        self.shown_ms.extend(self.stage.mouth_to_ear_ms().map(|ms| (now_us as f64 / 1e6, ms)));
    }

    /// When it wants to be stepped, in our time.
    fn due_us(&self) -> Option<u64> {
        self.stage.due_us().map(|us| (us as f64 / self.pace).ceil() as u64)
    }
}

/// Two sides, and what flies between them.
struct World {
    sides: [Side; 2],
    flying: Vec<Flying>,
    number: u64,
    questions: bool,
}

impl World {
    fn new(plan: &Plan<'_>) -> Result<Self, SoundError> {
        let side = |n: usize| -> Result<Side, SoundError> {
            let input = DeviceSpec::File { path: plan.spoken.to_owned(), looped: plan.drift_ppm != 0.0, stereo: false };
            let output = match plan.heard.get(n) {
                Some(path) if path.as_os_str().is_empty() => DeviceSpec::None,
                Some(path) => DeviceSpec::File { path: path.clone(), looped: false, stereo: false },
                None => DeviceSpec::None,
            };
            let config = AudioConfig { input, output, bitrate_bps: plan.bitrate_bps, frame_ms: plan.frame_ms };
            let begins_us = (LEAD_S * 1e6) as u64;
            let profile = plan.back.filter(|_| n == 1).unwrap_or(plan.profile);
            let road = Road::new(profile, begins_us, plan.seed, [11, 23][n % 2]);
            let pace = if n == 0 { 1.0 } else { 1.0 + plan.drift_ppm / 1e6 };
            let mut stage = Stage::new(&config)?;
            stage.process(Processing {
                music: if plan.music { Switch::On } else { Switch::Off },
                ..Processing::default()
            });
            Ok(Side { stage, road, pace, waits_ms: Vec::new(), shown_ms: Vec::new(), trip_us: None, alive_us: None })
        };
        Ok(Self { sides: [side(0)?, side(1)?], flying: Vec::new(), number: 0, questions: !plan.no_questions })
    }

    fn run(&mut self, end_us: u64) {
        let (mut look_us, mut alive_us, mut trip_us, mut rtcp_us) = (0, 0, TRIP_US, RTCP_US);
        loop {
            let arrival = self.flying.iter().map(|flying| flying.at_us).min();
            let due = self.sides.iter().filter_map(Side::due_us).chain(arrival).chain([alive_us]);
            let Some(now_us) = due.min().filter(|us| *us < end_us) else { return };
            while let Some(place) = self.next_arrival(now_us) {
                let flying = self.flying.swap_remove(place);
                self.arrive(flying);
            }
            for from in 0..2 {
                self.step(from, now_us);
            }
            if alive_us <= now_us {
                alive_us += ALIVE_US;
                for from in 0..2 {
                    if self.keeps_alive(from, now_us) {
                        self.launch(from, now_us, What::Alive(now_us));
                    }
                }
            }
            if rtcp_us <= now_us {
                rtcp_us += RTCP_US;
                (0..2).for_each(|from| self.launch(from, now_us, What::Reports));
            }
            if trip_us <= now_us && self.questions {
                trip_us += TRIP_US;
                for side in &mut self.sides {
                    side.trip_us.into_iter().for_each(|us| side.stage.round_trip(Duration::from_micros(us)));
                }
            }
            while look_us <= now_us {
                look_us += 200_000;
                self.sides.iter_mut().for_each(|side| side.look(now_us));
            }
        }
    }

    /// Whether a keep-alive is due that the library has ready.
    fn keeps_alive(&mut self, from: usize, now_us: u64) -> bool {
        let Some(side) = self.sides.get_mut(from) else { return false };
        let gap_us = side.stage.keep_alive(side.local(now_us)).as_micros();
        let due = side.alive_us.is_none_or(|us| u128::from(now_us - us) >= gap_us);
        if due {
            side.alive_us = Some(now_us);
        }
        due
    }

    /// Where the next packet is that has come by now.
    fn next_arrival(&self, now_us: u64) -> Option<usize> {
        let come = self.flying.iter().enumerate().filter(|(_, flying)| flying.at_us <= now_us);
        come.min_by_key(|(_, flying)| (flying.at_us, flying.number)).map(|(place, _)| place)
    }

    fn arrive(&mut self, flying: Flying) {
        let Flying { at_us, to, what, .. } = flying;
        let Some(side) = self.sides.get_mut(to) else { return };
        match what {
            What::Packet(packet) => {
                let local_us = side.local(at_us);
                for answer in side.stage.arrive(packet, local_us) {
                    self.launch(to, at_us, What::Packet(answer));
                }
            }
            What::Alive(left_us) => self.launch(to, at_us, What::Echo(left_us)),
            What::Echo(left_us) => side.trip_us = Some(at_us - left_us),
            What::Reports => {}
        }
    }

    fn step(&mut self, from: usize, now_us: u64) {
        let Some(side) = self.sides.get_mut(from) else { return };
        if side.due_us().is_some_and(|due_us| due_us <= now_us) {
            let local_us = side.local(now_us);
            for packet in side.stage.step(local_us) {
                self.launch(from, now_us, What::Packet(packet));
            }
        }
    }

    fn launch(&mut self, from: usize, now_us: u64, what: What) {
        let bytes = match &what {
            What::Packet(Leaving::Media { payload, .. }) => payload.len() + HEAD_BYTES,
            What::Packet(Leaving::Feedback(rtcp)) => rtcp.len() + FEEDBACK_HEAD_BYTES,
            What::Alive(_) => ALIVE_BYTES[0],
            What::Echo(_) => ALIVE_BYTES[1],
            What::Reports => RTCP_BYTES,
        };
        let Some(side) = self.sides.get_mut(from) else { return };
        self.number += 1;
        if let Some(at_us) = side.road.send(now_us, bytes) {
            self.flying.push(Flying { at_us, number: self.number, to: 1 - from, what });
        }
    }
}

/// Holds a call. The first direction is what the second side hears, the second what the first hears.
///
/// # Errors
/// [`SoundError`] if a file can't be used.
pub fn hold(plan: &Plan<'_>) -> Result<[Direction; 2], SoundError> {
    let mut world = World::new(plan)?;
    world.run(plan.length_us);
    for side in &mut world.sides {
        side.stage.close();
    }
    let direction = |from: usize| {
        let (talker, listener) = (&world.sides[from], &world.sides[1 - from]);
        let source_us = talker.stage.started_us().0.unwrap_or(0) as f64 / talker.pace;
        let sink_us = listener.stage.started_us().1.unwrap_or(0) as f64 / listener.pace;
        Direction {
            start_s: (sink_us - source_us) / 1e6,
            stats: listener.stage.stats(),
            traffic: talker.road.traffic(),
            waits_ms: listener.waits_ms.clone(),
            shown_ms: listener.shown_ms.clone(),
        }
    };
    Ok([direction(0), direction(1)])
}
