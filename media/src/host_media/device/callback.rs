//! The real-time side: no lock, no allocation, no log. What happens is counted in [`Status`].

use std::sync::{Arc, atomic::Ordering};

use cpal::{ErrorKind, FromSample};
use rtrb::{Consumer, Producer};

use super::{Pair, line::Status};
use crate::host_media::{api::Priority, clock::Clock};

/// Takes what a microphone gives into the ring: of two channels their middle and their side, of others their mean.
pub(super) struct Capture {
    pub(super) ring: Producer<Pair>,
    pub(super) status: Arc<Status>,
    pub(super) clock: Clock,
    pub(super) channels: usize,
    pub(super) rate_hz: u32,
    /// What to ask for the thread that calls back.
    pub(super) thread: fn() -> Priority,
}

impl Capture {
    /// One buffer of interleaved samples.
    pub(super) fn take<T: Copy>(&mut self, data: &[T])
    where
        f32: FromSample<T>,
    {
        let frames = data.len() / self.channels.max(1);
        self.status.frames.fetch_add(frames as u64, Ordering::AcqRel);
        if self.status.callbacks.fetch_add(1, Ordering::AcqRel) == 0 {
            (self.thread)();
            // The first sample was captured as long ago as the buffer is.
            let ago_us = frames as u64 * 1_000_000 / u64::from(self.rate_hz.max(1));
            self.status.first_us.store(self.clock.now_us().saturating_sub(ago_us).max(1), Ordering::Release);
        }
        let scale = 1.0 / self.channels.max(1) as f32;
        let value = |sample: &T| <f32 as FromSample<T>>::from_sample_(*sample);
        let mut lost = 0;
        for frame in data.chunks_exact(self.channels.max(1)) {
            let sum: f32 = frame.iter().map(value).sum();
            let side = if let [left, right] = frame { (value(left) - value(right)) * 0.5 } else { 0.0 };
            lost += u64::from(self.ring.push([sum * scale, side]).is_err());
        }
        if lost > 0 {
            self.status.overrun.fetch_add(lost, Ordering::AcqRel);
        }
    }
}

/// Gives a speaker what the ring holds, silence where it is empty. The first channel is the left one, the second the right one;
/// others, and the only one of those that have one, get the middle.
pub(super) struct Playback {
    pub(super) ring: Consumer<Pair>,
    pub(super) status: Arc<Status>,
    pub(super) clock: Clock,
    pub(super) channels: usize,
    pub(super) rate_hz: u32,
    /// Time of the last callback, monotonic microseconds.
    pub(super) last_us: u64,
    /// What to ask for the thread that calls back.
    pub(super) thread: fn() -> Priority,
}

/// Sound that the card or its server holds after a callback, microseconds: cpal asks for two buffers.
const HELD_US: u64 = 2 * super::open::BUFFER_MS as u64 * 1_000;

impl Playback {
    /// One buffer of interleaved samples to fill.
    pub(super) fn give<T: Copy + FromSample<f32>>(&mut self, data: &mut [T]) {
        let frames = data.len() / self.channels.max(1);
        self.status.frames.fetch_add(frames as u64, Ordering::AcqRel);
        let now_us = self.clock.now_us().max(1);
        // A callback that comes too late finds the card dry: it has played silence that nobody gave it.
        let mut missing = 0;
        if self.status.callbacks.fetch_add(1, Ordering::AcqRel) == 0 {
            (self.thread)();
            self.status.first_us.store(now_us, Ordering::Release);
        } else {
            let dry_us = now_us.saturating_sub(self.last_us).saturating_sub(HELD_US);
            missing = dry_us * u64::from(self.rate_hz) / 1_000_000;
        }
        self.last_us = now_us;
        for frame in data.chunks_mut(self.channels.max(1)) {
            let [mid, side] = self.ring.pop().unwrap_or_else(|_| {
                missing += 1;
                [0.0; 2]
            });
            frame.fill(T::from_sample_(mid));
            if let [left, right, ..] = frame {
                (*left, *right) = (T::from_sample_(mid + side), T::from_sample_(mid - side));
            }
        }
        if missing > 0 {
            self.status.underrun.fetch_add(missing, Ordering::AcqRel);
        }
    }
}

/// An error of a stream. Those that pass by themselves are counted; cpal repeats some of them hundreds of times.
pub(super) fn error(status: &Status, kind: ErrorKind) {
    let passes = matches!(
        kind,
        ErrorKind::Xrun | ErrorKind::RealtimeDenied | ErrorKind::DeviceChanged | ErrorKind::BackendError
    );
    if passes {
        status.errors.fetch_add(1, Ordering::Relaxed);
    } else {
        status.failed.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use rtrb::RingBuffer;

    use super::*;
    use crate::platform;

    #[test]
    fn callbacks_allocate_nothing_from_the_first_on_whether_the_ring_has_room_or_not() {
        let (ring, mut heard) = RingBuffer::new(2_880);
        let (status, clock) = (Arc::new(Status::default()), Clock::new());
        platform::watch_urgent_threads();
        let mut capture = Capture {
            ring,
            status: Arc::clone(&status),
            clock,
            channels: 2,
            rate_hz: 48_000,
            thread: platform::urgent_thread,
        };
        let (mut play, ring) = RingBuffer::new(2_880);
        let mut playback =
            Playback { ring, status, clock, channels: 2, rate_hz: 48_000, last_us: 0, thread: platform::urgent_thread };
        let (given, mut taken) = ([1_i16; 1_920], [0.0_f32; 1_920]);
        let allocated = crate::test_alloc::allocations(|| {
            for n in 0..100 {
                capture.take(&given);
                playback.give(&mut taken);
                error(&playback.status, ErrorKind::Xrun);
                // The audio thread's side, now and then.
                while n % 7 == 0 && heard.pop().is_ok() {}
                while n % 5 == 0 && play.push([0.5, 0.25]).is_ok() {}
            }
        });
        assert_eq!(allocated, 0);
    }

    #[test]
    fn a_microphone_of_two_channels_becomes_their_middle_and_side_and_one_of_many_their_mean() {
        let (ring, mut heard) = RingBuffer::new(8);
        let status = Arc::new(Status::default());
        let mut capture = Capture {
            ring,
            status: Arc::clone(&status),
            clock: Clock::new(),
            channels: 2,
            rate_hz: 48_000,
            thread: platform::urgent_thread,
        };
        capture.take(&[16_384_i16, 0, -32_768, -32_768]);
        assert_eq!((heard.pop(), heard.pop(), heard.slots()), (Ok([0.25, 0.25]), Ok([-1.0, 0.0]), 0));
        assert!(status.first_us.load(Ordering::Relaxed) > 0);
        capture.take(&[0.5_f32; 20]);
        assert_eq!((heard.slots(), status.overrun.load(Ordering::Relaxed)), (8, 2), "what has no room is counted");
        while heard.pop().is_ok() {}
        capture.channels = 4;
        capture.take(&[1.0_f32, 0.0, 0.5, 0.5]);
        assert_eq!(heard.pop(), Ok([0.5, 0.0]));
    }

    #[test]
    fn a_speaker_gets_left_and_right_on_its_first_two_channels_the_middle_on_others_and_silence_without_any() {
        let (mut play, ring) = RingBuffer::new(8);
        let status = Arc::new(Status::default());
        let clock = Clock::new();
        let mut playback = Playback {
            ring,
            status: Arc::clone(&status),
            clock,
            channels: 2,
            rate_hz: 48_000,
            last_us: 0,
            thread: platform::urgent_thread,
        };
        play.push([0.5, 0.0]).unwrap();
        let mut data = [7_i16; 6];
        playback.give(&mut data);
        assert_eq!(data, [16_384, 16_384, 0, 0, 0, 0]);
        assert_eq!(status.underrun.load(Ordering::Relaxed), 2);
        let mut wide = |channels: usize| {
            playback.channels = channels;
            play.push([0.25, 0.125]).unwrap();
            let mut data = vec![7_i16; channels];
            playback.give(&mut data);
            data
        };
        assert_eq!(wide(1), [8_192]);
        assert_eq!(wide(2), [12_288, 4_096]);
        assert_eq!(wide(4), [12_288, 4_096, 8_192, 8_192]);
        playback.channels = 2;
        let mut unsigned = [7_u8; 2];
        playback.give(&mut unsigned);
        assert_eq!(unsigned, [128, 128], "silence lies in the middle of unsigned samples");
    }

    #[test]
    fn silence_that_a_card_played_because_it_was_asked_too_late_counts_as_missing() {
        let (mut play, ring) = RingBuffer::new(8);
        let (status, clock) = (Arc::new(Status::default()), Clock::new());
        let mut playback = Playback {
            ring,
            status: Arc::clone(&status),
            clock,
            channels: 1,
            rate_hz: 48_000,
            last_us: 0,
            thread: platform::urgent_thread,
        };
        for late_us in [0, 10_000, HELD_US, HELD_US + 1_000_000] {
            play.push([0.5, 0.0]).unwrap();
            playback.last_us = clock.now_us() - late_us;
            playback.give(&mut [0.0_f32; 1]);
        }
        let missing = status.underrun.load(Ordering::Relaxed);
        // As much as it was late beyond what the card holds; and the time that this test takes.
        assert!((48_000..96_000).contains(&missing), "{missing}");
    }

    #[test]
    fn storms_of_passing_errors_do_not_end_a_stream_but_a_vanished_device_does() {
        let status = Status::default();
        for _ in 0..1_000 {
            error(&status, ErrorKind::Xrun);
            error(&status, ErrorKind::BackendError);
        }
        assert!(!status.failed.load(Ordering::Relaxed));
        error(&status, ErrorKind::DeviceNotAvailable);
        assert!(status.failed.load(Ordering::Relaxed));
    }
}
