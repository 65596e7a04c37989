//! A microphone.

use std::sync::atomic::Ordering;

use rtrb::Consumer;

use super::{Which, line::Line, open};
use crate::host_media::{
    clock::Clock,
    opus::RATE,
    resample::Resampler,
    source::{Lost, Source},
};

/// How often the ring is emptied, microseconds.
const POLL_US: u64 = 10_000;

/// A microphone, open or being opened.
pub(crate) struct Microphone {
    line: Line<Consumer<f32>>,
    open: Option<(Consumer<f32>, Resampler)>,
    fresh: Vec<f32>,
    polled_us: u64,
    overrun: u64,
}

impl Microphone {
    /// Begins to open a microphone.
    pub(crate) fn new(which: &Which, clock: Clock) -> Self {
        Self::on(open::microphone(which, clock), clock.now_us())
    }

    fn on(line: Line<Consumer<f32>>, now_us: u64) -> Self {
        Self { line, open: None, fresh: Vec::new(), polled_us: now_us, overrun: 0 }
    }
}

impl Source for Microphone {
    fn capture(&mut self, now_us: u64, out: &mut Vec<f32>) -> Result<(), Lost> {
        self.polled_us = now_us;
        if let Some(opened) = self.line.opened(now_us)? {
            let resampler = Resampler::new(opened.rate_hz, RATE).map_err(|error| Lost(error.to_string()))?;
            self.open = Some((opened.end, resampler));
        }
        self.line.watch(now_us)?;
        let Some((ring, resampler)) = &mut self.open else { return Ok(()) };
        self.fresh.clear();
        while let Ok(sample) = ring.pop() {
            self.fresh.push(sample);
        }
        resampler.push(&self.fresh, out).map_err(|error| Lost(error.to_string()))
    }

    fn started_us(&self) -> Option<u64> {
        Some(self.line.status.first_us.load(Ordering::Acquire)).filter(|first_us| *first_us > 0)
    }

    fn due_us(&self, _now_us: u64, _samples: usize) -> u64 {
        self.polled_us + POLL_US
    }

    fn skipped(&mut self) -> u64 {
        let overrun = self.line.status.overrun.load(Ordering::Acquire);
        overrun - std::mem::replace(&mut self.overrun, overrun)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc::sync_channel};

    use rtrb::RingBuffer;

    use super::*;
    use crate::host_media::device::line::{Opened, Status, WATCHDOG_US};

    type Answer = Result<Opened<Consumer<f32>>, Lost>;

    fn microphone() -> (Microphone, Arc<Status>, std::sync::mpsc::SyncSender<Answer>) {
        let status = Arc::new(Status::default());
        let (tell, opening) = sync_channel(1);
        (Microphone::on(Line::new(Arc::clone(&status), opening, 0), 0), status, tell)
    }

    fn take(microphone: &mut Microphone, now_us: u64) -> Result<Vec<f32>, Lost> {
        let mut out = Vec::new();
        microphone.capture(now_us, &mut out).map(|()| out)
    }

    #[test]
    fn sound_comes_once_the_device_is_open() {
        let (mut microphone, status, tell) = microphone();
        assert_eq!(take(&mut microphone, 10_000_000).unwrap(), Vec::<f32>::new(), "opening may take long");
        let (mut ring, end) = RingBuffer::new(2_880);
        tell.send(Ok(Opened { rate_hz: 48_000, end })).unwrap();
        ring.push(0.5).unwrap();
        assert_eq!(microphone.started_us(), None);
        status.first_us.store(77, Ordering::Release);
        assert_eq!(take(&mut microphone, 10_010_000).unwrap(), [0.5]);
        assert_eq!(microphone.started_us(), Some(77));
        assert_eq!(microphone.due_us(0, 960), 10_020_000);
    }

    #[test]
    fn a_device_at_another_rate_is_resampled() {
        let (mut microphone, _status, tell) = microphone();
        let (mut ring, end) = RingBuffer::new(10_000);
        tell.send(Ok(Opened { rate_hz: 16_000, end })).unwrap();
        for _ in 0..8_000 {
            ring.push(0.5).unwrap();
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
        tell.send(Ok(Opened { rate_hz: 48_000, end: RingBuffer::new(8).1 })).unwrap();
        take(&mut silent, 0).unwrap();
        status.callbacks.store(5, Ordering::Release);
        take(&mut silent, WATCHDOG_US).unwrap();
        take(&mut silent, 2 * WATCHDOG_US).unwrap();
        assert!(take(&mut silent, 2 * WATCHDOG_US + 1).is_err());

        let (mut storming, status, tell) = microphone();
        tell.send(Ok(Opened { rate_hz: 48_000, end: RingBuffer::new(8).1 })).unwrap();
        take(&mut storming, 0).unwrap();
        status.errors.store(100, Ordering::Release);
        take(&mut storming, 1).unwrap();
        status.errors.store(100_000, Ordering::Release);
        assert!(take(&mut storming, 2).is_err());
    }

    #[test]
    fn dropping_the_microphone_closes_the_stream() {
        let (microphone, status, _tell) = microphone();
        drop(microphone);
        assert!(status.closed.load(Ordering::Acquire));
    }
}
