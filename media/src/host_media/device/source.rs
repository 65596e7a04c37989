//! A microphone.

use std::sync::atomic::Ordering;

use rtrb::Consumer;

use super::{
    Pair, Which,
    follow::Next,
    line::{Line, Opened},
    open,
};
use crate::{
    host_media::{
        clock::{Clock, us_to_samples},
        opus::RATE,
        resample::WideResampler,
        source::{Lost, Source},
    },
    planes::Planes,
};

/// How often the ring is emptied, microseconds.
const POLL_US: u64 = 10_000;

/// Silence of the card, beyond what it delivers after it, that is a gap and no unevenness, microseconds. A stream that
/// PulseAudio moved to another device had a gap of a second.
const GAP_US: u64 = 200_000;

/// The end of an open microphone's ring.
struct Running {
    ring: Consumer<Pair>,
    resampler: WideResampler,
    /// It has two channels.
    wide: bool,
}

/// A microphone, open or being opened.
pub(crate) struct Microphone {
    which: Which,
    clock: Clock,
    line: Line<Consumer<Pair>>,
    /// On the device that is the default by now.
    next: Option<Next<Consumer<Pair>>>,
    changed: Option<String>,
    open: Option<Running>,
    rate_hz: u32,
    fresh: Planes,
    /// Both channels of one that has two.
    wide: bool,
    polled_us: u64,
    /// When the card last gave something.
    heard_us: Option<u64>,
    overrun: u64,
    /// Samples at 48 kHz that were lost and not told yet.
    skipped: u64,
}

impl Microphone {
    /// Begins to open a microphone.
    pub(crate) fn new(which: &Which, clock: Clock) -> Self {
        Self::on(open::microphone(which, clock), (which.clone(), clock), clock.now_us())
    }

    /// Samples that the ring had no room for since the last look, which count on the timeline.
    fn overrun(&mut self) -> u64 {
        let overrun = self.line.status.overrun.load(Ordering::Acquire);
        let fresh = overrun - std::mem::replace(&mut self.overrun, overrun);
        self.skipped += fresh * u64::from(RATE) / u64::from(self.rate_hz.max(1));
        fresh
    }

    fn on(line: Line<Consumer<Pair>>, (which, clock): (Which, Clock), now_us: u64) -> Self {
        Self {
            which,
            clock,
            line,
            next: None,
            changed: None,
            open: None,
            rate_hz: RATE,
            fresh: Planes::default(),
            wide: false,
            polled_us: now_us,
            heard_us: None,
            overrun: 0,
            skipped: 0,
        }
    }
}

impl Microphone {
    fn begin(&mut self, opened: Opened<Consumer<Pair>>) -> Result<(), Lost> {
        let Opened { rate_hz, channels, end: ring } = opened;
        let resampler = WideResampler::new(rate_hz, RATE).map_err(|error| Lost(error.to_string()))?;
        (self.rate_hz, self.open) = (rate_hz, Some(Running { ring, resampler, wide: channels == 2 }));
        Ok(())
    }

    /// Goes on with the device that is the default now.
    fn follow(&mut self, now_us: u64) -> Result<(), Lost> {
        let clock = self.clock;
        Next::follow(&mut self.next, &self.line, &self.which, |which| open::microphone(which, clock));
        if let Some((line, opened)) = Next::ready(&mut self.next, &self.line, now_us) {
            self.overrun();
            self.begin(opened)?;
            (self.line, self.overrun) = (line, 0);
            self.changed = Some("the default microphone is another one now".into());
        }
        Ok(())
    }
}

impl Source for Microphone {
    fn capture(&mut self, now_us: u64, out: &mut Planes) -> Result<(), Lost> {
        self.polled_us = now_us;
        if let Some(opened) = self.line.opened(now_us)? {
            self.begin(opened)?;
        }
        self.follow(now_us)?;
        self.line.watch(now_us)?;
        let Some(Running { ring, wide, .. }) = &mut self.open else { return Ok(()) };
        let wide = self.wide && *wide;
        self.fresh.clear();
        while let Ok([mid, side]) = ring.pop() {
            self.fresh.mid.push(mid);
            if wide {
                self.fresh.side.push(side);
            }
        }
        if !self.fresh.is_empty() {
            // What the ring had no room for is a gap, too.
            let given = self.fresh.len() as u64 + self.overrun();
            let given_us = given.saturating_mul(1_000_000) / u64::from(self.rate_hz.max(1));
            let silent_us = now_us.saturating_sub(self.heard_us.replace(now_us).unwrap_or(now_us));
            if silent_us > given_us + GAP_US {
                self.skipped += us_to_samples(silent_us - given_us);
            }
        }
        let Some(Running { resampler, .. }) = &mut self.open else { return Ok(()) };
        resampler.push(&self.fresh, out).map_err(|error| Lost(error.to_string()))
    }

    fn widen(&mut self, on: bool) {
        self.wide = on;
    }

    fn started_us(&self) -> Option<u64> {
        Some(self.line.status.first_us.load(Ordering::Acquire)).filter(|first_us| *first_us > 0)
    }

    fn due_us(&self, _now_us: u64, _samples: usize) -> u64 {
        self.polled_us + POLL_US
    }

    fn skipped(&mut self) -> u64 {
        self.overrun();
        std::mem::take(&mut self.skipped)
    }

    fn changed(&mut self) -> Option<String> {
        self.changed.take()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc::sync_channel};

    use rtrb::RingBuffer;

    use super::*;
    use crate::{
        host_media::device::line::{FIRST_CALLBACK_US, Opened, Status, WATCHDOG_US},
        limits::DEVICE_OPENS_US,
    };

    type Answer = Result<Opened<Consumer<Pair>>, Lost>;

    fn microphone() -> (Microphone, Arc<Status>, std::sync::mpsc::SyncSender<Answer>) {
        let status = Arc::new(Status::default());
        let (tell, opening) = sync_channel(1);
        let line = Line::new(Arc::clone(&status), opening, 0);
        (Microphone::on(line, (Which::Default, Clock::new()), 0), status, tell)
    }

    fn take(microphone: &mut Microphone, now_us: u64) -> Result<Vec<f32>, Lost> {
        let mut out = Planes::default();
        microphone.capture(now_us, &mut out).map(|()| out.mid)
    }

    #[test]
    fn sound_comes_once_the_device_is_open() {
        let (mut microphone, status, tell) = microphone();
        assert_eq!(take(&mut microphone, 10_000_000).unwrap(), Vec::<f32>::new(), "opening may take long");
        let (mut ring, end) = RingBuffer::new(2_880);
        tell.send(Ok(Opened { rate_hz: 48_000, channels: 1, end })).unwrap();
        ring.push([0.5, 0.0]).unwrap();
        assert_eq!(microphone.started_us(), None);
        status.first_us.store(77, Ordering::Release);
        assert_eq!(take(&mut microphone, 10_010_000).unwrap(), [0.5]);
        assert_eq!(microphone.started_us(), Some(77));
        assert_eq!(microphone.due_us(0, 960), 10_020_000);
    }

    #[test]
    fn a_device_that_is_not_open_in_time_is_lost_and_the_sound_system_is_named_as_the_cause() {
        let (mut microphone, _status, _tell) = microphone();
        let begun_us = 7_000_000;
        for us in [0, DEVICE_OPENS_US / 2, DEVICE_OPENS_US - 1] {
            assert_eq!(take(&mut microphone, begun_us + us).unwrap(), Vec::<f32>::new());
        }
        let Err(Lost(why)) = take(&mut microphone, begun_us + DEVICE_OPENS_US) else { panic!("it waits without end") };
        assert!(why.contains("sound system") && why.contains("10 s") && why.contains("choose another"), "{why}");
    }

    #[test]
    fn a_device_at_another_rate_is_resampled() {
        let (mut microphone, _status, tell) = microphone();
        let (mut ring, end) = RingBuffer::new(10_000);
        tell.send(Ok(Opened { rate_hz: 16_000, channels: 1, end })).unwrap();
        for _ in 0..8_000 {
            ring.push([0.5, 0.0]).unwrap();
        }
        let out = take(&mut microphone, 0).unwrap();
        assert!((23_000..=24_000).contains(&out.len()), "{}", out.len());
        assert!((out[12_000] - 0.5).abs() < 0.01);
    }

    #[test]
    fn what_the_ring_had_no_room_for_counts_on_the_timeline_once() {
        let (mut microphone, status, _tell) = microphone();
        status.overrun.store(100, Ordering::Release);
        assert_eq!((microphone.skipped(), microphone.skipped()), (100, 0));
    }

    #[test]
    fn a_device_that_fails_stops_or_never_opens_is_lost() {
        let (mut failed, status, _tell) = microphone();
        status.failed.store(true, Ordering::Release);
        assert!(take(&mut failed, 0).is_err());

        let (mut refused, _status, tell) = microphone();
        tell.send(Err(Lost("busy".into()))).unwrap();
        assert_eq!(take(&mut refused, 0), Err(Lost("busy".into())));

        let (mut silent, status, tell) = microphone();
        tell.send(Ok(Opened { rate_hz: 48_000, channels: 1, end: RingBuffer::new(8).1 })).unwrap();
        take(&mut silent, 0).unwrap();
        take(&mut silent, FIRST_CALLBACK_US).unwrap();
        status.callbacks.store(5, Ordering::Release);
        take(&mut silent, FIRST_CALLBACK_US + 1).unwrap();
        take(&mut silent, FIRST_CALLBACK_US + 1 + WATCHDOG_US).unwrap();
        assert!(take(&mut silent, FIRST_CALLBACK_US + 2 + WATCHDOG_US).is_err());

        let (mut dead, _status, tell) = microphone();
        tell.send(Ok(Opened { rate_hz: 48_000, channels: 1, end: RingBuffer::new(8).1 })).unwrap();
        take(&mut dead, 0).unwrap();
        assert!(take(&mut dead, FIRST_CALLBACK_US + 1).is_err(), "it never began");

        let (mut storming, status, tell) = microphone();
        tell.send(Ok(Opened { rate_hz: 48_000, channels: 1, end: RingBuffer::new(8).1 })).unwrap();
        take(&mut storming, 0).unwrap();
        status.errors.store(100, Ordering::Release);
        take(&mut storming, 1).unwrap();
        status.errors.store(100_000, Ordering::Release);
        assert!(take(&mut storming, 2).is_err());
    }

    #[test]
    fn a_pause_of_the_card_is_a_gap_on_the_timeline_and_unevenness_is_none() {
        let (mut microphone, _status, tell) = microphone();
        let (mut ring, end) = RingBuffer::new(2_880);
        tell.send(Ok(Opened { rate_hz: 48_000, channels: 1, end })).unwrap();
        let mut skipped = Vec::new();
        for at_us in [0, 20_000, 140_000, 160_000, 1_160_000, 1_180_000] {
            for _ in 0..960 {
                ring.push([0.5, 0.0]).unwrap();
            }
            take(&mut microphone, at_us).unwrap();
            skipped.push(microphone.skipped());
        }
        assert_eq!(skipped, [0, 0, 0, 0, 980 * 48, 0]);
    }

    #[test]
    fn a_card_that_does_not_keep_time_has_run_away_and_one_that_delivers_late_has_not() {
        let (mut microphone, status, tell) = microphone();
        tell.send(Ok(Opened { rate_hz: 48_000, channels: 1, end: RingBuffer::new(8).1 })).unwrap();
        take(&mut microphone, 0).unwrap();
        status.first_us.store(1_000_000, Ordering::Release);
        for second in 1..60 {
            status.callbacks.fetch_add(1, Ordering::AcqRel);
            status.frames.store(second * 48_500 + 40_000, Ordering::Release);
            take(&mut microphone, 1_000_000 + second * 1_000_000).unwrap();
        }
        status.frames.store(70_000_000, Ordering::Release);
        assert!(take(&mut microphone, 60_010_000).err().unwrap().0.contains("run away"));
    }

    #[test]
    fn a_default_that_moves_is_followed_once_the_new_one_runs_and_the_old_one_sounds_until_then() {
        let (mut microphone, status, tell) = microphone();
        let (mut old, end) = RingBuffer::new(2_880);
        tell.send(Ok(Opened { rate_hz: 48_000, channels: 1, end })).unwrap();
        take(&mut microphone, 0).unwrap();
        let fresh = Arc::new(Status::default());
        let (tell_next, opening) = sync_channel(1);
        let line = Line::new(Arc::clone(&fresh), opening, 0);
        status.moved.store(true, Ordering::Release);
        Next::follow(&mut microphone.next, &microphone.line, &microphone.which, |_| line);
        let (mut new, end) = RingBuffer::new(2_880);
        tell_next.send(Ok(Opened { rate_hz: 48_000, channels: 1, end })).unwrap();
        old.push([0.25, 0.0]).unwrap();
        assert_eq!(take(&mut microphone, 10_000).unwrap(), [0.25], "opened, but it does not run yet");
        assert_eq!(microphone.changed(), None);
        new.push([0.5, 0.0]).unwrap();
        fresh.callbacks.store(1, Ordering::Release);
        assert_eq!(take(&mut microphone, 20_000).unwrap(), [0.5]);
        assert!(microphone.changed().is_some() && microphone.changed().is_none(), "told once");
        assert!(status.closed.load(Ordering::Acquire) && !fresh.closed.load(Ordering::Acquire));
        assert_eq!(microphone.skipped(), 0);
    }

    #[test]
    fn dropping_the_microphone_closes_the_stream() {
        let (microphone, status, _tell) = microphone();
        drop(microphone);
        assert!(status.closed.load(Ordering::Acquire));
    }
}
