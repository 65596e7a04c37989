//! Opens a stream on a thread of its own, which keeps it until it is to be closed: cpal may block in both.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use cpal::{
    BufferSize, FromSample, SampleFormat, SizedSample, Stream, StreamConfig, SupportedBufferSize,
    SupportedStreamConfig,
    traits::{DeviceTrait, StreamTrait},
};
use rtrb::{Consumer, Producer, RingBuffer};

use super::{
    Pair, Which, callback,
    callback::{Capture, Playback},
    hosts::{self, Found, Still},
    line::{Line, Opened, Status},
};
use crate::{
    host_media::{api::Priority, clock::Clock, source::Lost},
    limits::{CHANNELS, DEVICE_RING_MS, DEVICES_OPENING, SAMPLE_RATES},
    platform,
};

/// Length of a callback's buffer that is asked for, ms: shorter ones made ALSA over PulseAudio report errors in storms,
/// and the default of some systems is two seconds.
pub(super) const BUFFER_MS: u32 = 20;

/// Time cpal may take to open a stream where it keeps to that.
const OPEN: Duration = Duration::from_secs(5);

/// Time between two looks whether the device is still there and still the default.
const LOOK: Duration = Duration::from_millis(250);

/// Opens a microphone.
pub(super) fn microphone(which: &Which, clock: Clock) -> Line<Consumer<Pair>> {
    let which = which.clone();
    spawn(clock, move |status| {
        let found = hosts::find(&which, true)?;
        let config = supported(&found.device, true)?;
        let (producer, consumer) = RingBuffer::new(ring_samples(config.sample_rate()));
        let capture = Capture {
            ring: producer,
            status: Arc::clone(status),
            clock,
            channels: usize::from(config.channels()),
            rate_hz: config.sample_rate(),
            thread: asks(&found),
        };
        let stream = input(&found.device, &config, capture, Arc::clone(status))?;
        Ok((stream, found, Opened { rate_hz: config.sample_rate(), channels: config.channels(), end: consumer }))
    })
}

/// Opens a speaker.
pub(super) fn speaker(which: &Which, clock: Clock) -> Line<Producer<Pair>> {
    let which = which.clone();
    spawn(clock, move |status| {
        let found = hosts::find(&which, false)?;
        let config = supported(&found.device, false)?;
        let (producer, consumer) = RingBuffer::new(ring_samples(config.sample_rate()));
        let channels = usize::from(config.channels());
        let rate_hz = config.sample_rate();
        let (status_too, thread) = (Arc::clone(status), asks(&found));
        let playback = Playback { ring: consumer, status: status_too, clock, channels, rate_hz, last_us: 0, thread };
        let stream = output(&found.device, &config, playback, Arc::clone(status))?;
        Ok((stream, found, Opened { rate_hz, channels: config.channels(), end: producer }))
    })
}

/// What the thread asks for that calls back. The one of PulseAudio's client is its whole connection: it clears a megabyte
/// for each packet, of which a microphone brings 2,000 a second. In real time it took the processor from the server it waits for.
fn asks(found: &Found) -> fn() -> Priority {
    if found.is_served() { platform::raised_thread } else { platform::urgent_thread }
}

fn spawn<End: Send + 'static>(
    clock: Clock,
    open: impl FnOnce(&Arc<Status>) -> Result<(Stream, Found, Opened<End>), Lost> + Send + 'static,
) -> Line<End> {
    let status = Arc::new(Status::default());
    let (tell, opening) = sync_channel(1);
    let line = Line::new(Arc::clone(&status), opening, clock.now_us());
    let failed = tell.clone();
    let Some(opening) = Opening::begin(&OPENING) else {
        let why =
            "too many sound devices are being opened: the sound system hangs; start it again, or choose another device";
        tell_once(&failed, Err(Lost(why.into())));
        return line;
    };
    let spawned = thread::Builder::new().name("ahoy-device".into()).spawn(move || keep(&status, opening, open, &tell));
    match spawned {
        Ok(thread) => line.status.opener(thread.thread().clone()),
        Err(error) => tell_once(&failed, Err(Lost(format!("no thread for a sound device: {error}")))),
    }
    line
}

/// Devices that are being opened.
static OPENING: AtomicUsize = AtomicUsize::new(0);

/// One of them, until it is dropped.
struct Opening(&'static AtomicUsize);

impl Opening {
    /// None if there are too many already.
    fn begin(count: &'static AtomicUsize) -> Option<Self> {
        let more = |count: usize| (count < DEVICES_OPENING).then_some(count + 1);
        count.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).ok().map(|_| Self(count))
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The opener's thread: opens, tells, and keeps the stream until it is to be closed. Meanwhile it looks after the device.
fn keep<End>(
    status: &Arc<Status>,
    opening: Opening,
    open: impl FnOnce(&Arc<Status>) -> Result<(Stream, Found, Opened<End>), Lost>,
    tell: &SyncSender<Result<Opened<End>, Lost>>,
) {
    platform::watch_urgent_threads();
    platform::raised_thread();
    let opened = open(status);
    drop(opening);
    match opened {
        Ok((stream, found, opened)) => {
            tell_once(tell, Ok(opened));
            let mut look = Instant::now() + LOOK;
            while !status.closed.load(Ordering::Acquire) {
                thread::park_timeout(look.saturating_duration_since(Instant::now()));
                if Instant::now() >= look {
                    look = Instant::now() + LOOK;
                    match found.still() {
                        Still::There => {}
                        Still::Moved => status.moved.store(true, Ordering::Release),
                        Still::Gone => status.failed.store(true, Ordering::Release),
                    }
                }
            }
            drop(stream);
        }
        Err(lost) => tell_once(tell, Err(lost)),
    }
}

fn tell_once<End>(tell: &SyncSender<Result<Opened<End>, Lost>>, result: Result<Opened<End>, Lost>) {
    if tell.try_send(result).is_err() {
        tracing::debug!("a sound device was opened for nobody");
    }
}

fn lost(what: &str) -> impl Fn(cpal::Error) -> Lost {
    move |error| Lost(format!("{what}: {error}"))
}

fn supported(device: &cpal::Device, input: bool) -> Result<SupportedStreamConfig, Lost> {
    let config = if input { device.default_input_config() } else { device.default_output_config() };
    let config = config.map_err(lost("the sound device cannot be used"))?;
    if config.channels() == 0 || config.channels() > CHANNELS || !SAMPLE_RATES.contains(&config.sample_rate()) {
        return Err(Lost(format!("a device with {} channels at {} Hz", config.channels(), config.sample_rate())));
    }
    Ok(config)
}

fn ring_samples(rate_hz: u32) -> usize {
    usize::try_from(rate_hz / 1_000 * DEVICE_RING_MS).unwrap_or(0).max(1)
}

/// The stream's configuration with buffers of [`BUFFER_MS`], as near as the device allows.
fn sized(config: &SupportedStreamConfig) -> StreamConfig {
    let wanted = config.sample_rate() / 1_000 * BUFFER_MS;
    let frames = match *config.buffer_size() {
        SupportedBufferSize::Range { min, max } if min <= max => wanted.clamp(min, max),
        SupportedBufferSize::Range { .. } | SupportedBufferSize::Unknown => wanted,
    };
    StreamConfig { buffer_size: BufferSize::Fixed(frames), ..config.config() }
}

fn input(
    device: &cpal::Device,
    config: &SupportedStreamConfig,
    capture: Capture,
    status: Arc<Status>,
) -> Result<Stream, Lost> {
    let format = config.sample_format();
    let config = sized(config);
    let stream = if format == SampleFormat::F32 {
        input_of::<f32>(device, config, capture, status)
    } else if format == SampleFormat::I16 {
        input_of::<i16>(device, config, capture, status)
    } else if format == SampleFormat::I32 {
        input_of::<i32>(device, config, capture, status)
    } else if format == SampleFormat::U8 {
        input_of::<u8>(device, config, capture, status)
    } else {
        return Err(Lost(format!("a sound device with samples of {format}")));
    };
    let stream = stream.map_err(lost("the microphone cannot be opened"))?;
    stream.play().map_err(lost("the microphone does not start"))?;
    Ok(stream)
}

fn input_of<T: SizedSample + Send + 'static>(
    device: &cpal::Device,
    config: StreamConfig,
    mut capture: Capture,
    status: Arc<Status>,
) -> Result<Stream, cpal::Error>
where
    f32: FromSample<T>,
{
    let failed = move |error: cpal::Error| callback::error(&status, error.kind());
    device.build_input_stream::<T, _, _>(config, move |data, _| capture.take(data), failed, Some(OPEN))
}

fn output(
    device: &cpal::Device,
    config: &SupportedStreamConfig,
    playback: Playback,
    status: Arc<Status>,
) -> Result<Stream, Lost> {
    let format = config.sample_format();
    let config = sized(config);
    let stream = if format == SampleFormat::F32 {
        output_of::<f32>(device, config, playback, status)
    } else if format == SampleFormat::I16 {
        output_of::<i16>(device, config, playback, status)
    } else if format == SampleFormat::I32 {
        output_of::<i32>(device, config, playback, status)
    } else if format == SampleFormat::U8 {
        output_of::<u8>(device, config, playback, status)
    } else {
        return Err(Lost(format!("a sound device with samples of {format}")));
    };
    let stream = stream.map_err(lost("the speaker cannot be opened"))?;
    stream.play().map_err(lost("the speaker does not start"))?;
    Ok(stream)
}

fn output_of<T: SizedSample + FromSample<f32> + Send + 'static>(
    device: &cpal::Device,
    config: StreamConfig,
    mut playback: Playback,
    status: Arc<Status>,
) -> Result<Stream, cpal::Error> {
    let failed = move |error: cpal::Error| callback::error(&status, error.kind());
    device.build_output_stream::<T, _, _>(config, move |data, _| playback.give(data), failed, Some(OPEN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openers_that_hang_do_not_become_more_and_more() {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let hang: Vec<Opening> = std::iter::from_fn(|| Opening::begin(&COUNT)).take(DEVICES_OPENING + 1).collect();
        assert_eq!(hang.len(), DEVICES_OPENING);
        drop(hang);
        assert!(Opening::begin(&COUNT).is_some(), "they came to an end");
    }
}
