//! Messages that somebody left, played through the speaker or written into a WAV file.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use ahoy_media::host_media::api::Sound;
use ahoy_media::host_media::opus::{Decoder, RATE};
use ahoy_media::simple_webrtc::engine::{AudioPacket, LinkId};
use ahoy_protocol::control::{ControlError, DoneReply, ErrorKind, Reply};
use ahoy_protocol::wire::voicemail::Message;

use crate::store::{Answer, StoreError};
use crate::{limits, platform};

/// The link that stands for the player: names of real ones count up from 1.
const PLAYER: LinkId = LinkId(u64::MAX - 1);
/// Decoder effort: nothing is lost of a message, so nothing needs to be made up.
const COMPLEXITY: u32 = 0;
/// Of what is written.
const SAMPLES_PER_MS: usize = RATE as usize / 1000;

/// Plays one message at a time. Cheap to share.
#[derive(Clone)]
pub struct Player {
    sound: Weak<dyn Sound>,
    busy: Arc<AtomicBool>,
}

impl Player {
    /// Through this sound; it ends when that does.
    #[must_use]
    pub fn new(sound: &Arc<dyn Sound>) -> Self {
        Self { sound: Arc::downgrade(sound), busy: Arc::default() }
    }

    /// Plays what the store read of a message, or writes it `to` a file, on a thread of its own. The answer comes when the
    /// file is whole, or when playback begins.
    pub fn play(&self, read: Result<Option<Vec<u8>>, StoreError>, to: Option<PathBuf>, answer: Answer) {
        let player = self.clone();
        let work = move || match found(read) {
            Err(error) => tell(answer, Err(error)),
            Ok(message) => match to {
                Some(path) => tell(answer, write(&message, &path)),
                None => player.aloud(&message, answer),
            },
        };
        if let Err(error) = std::thread::Builder::new().name("ahoy-play".into()).spawn(work) {
            tracing::error!(%error, "no thread to play a message");
        }
    }

    fn aloud(&self, message: &Message, answer: Answer) {
        if self.busy.swap(true, Ordering::SeqCst) {
            let error = ControlError::new(ErrorKind::InCall, "a message is being played", "wait for its end");
            return tell(answer, Err(error));
        }
        tell(answer, Ok(Reply::Done(DoneReply::default())));
        self.pour(message);
        self.busy.store(false, Ordering::SeqCst);
    }

    /// Hands the packets over as a link would get them.
    fn pour(&self, message: &Message) {
        let Some(sound) = self.sound.upgrade() else { return };
        let mut sink = sound.add_link(PLAYER);
        sound.play(PLAYER, true);
        drop(sound);
        let frame = Duration::from_millis(message.frame_ms.into());
        let step = u32::from(message.frame_ms) * (RATE / 1000);
        let began = Instant::now();
        let (mut sequence, mut timestamp) = (0_u16, 0_u32);
        for (n, payload) in (0_u32..).zip(&message.packets) {
            wait_until(began + frame * n);
            // The daemon stops: nobody listens any more.
            if self.sound.strong_count() == 0 {
                return;
            }
            let (arrived, payload) = (Instant::now(), payload.clone().into());
            sink.packet(AudioPacket { sequence, timestamp, marker: n == 0, payload, arrived });
            (sequence, timestamp) = (sequence.wrapping_add(1), timestamp.wrapping_add(step));
        }
        wait_until(Instant::now() + Duration::from_millis(limits::PLAYED_OUT_MS));
        if let Some(sound) = self.sound.upgrade() {
            sound.remove_link(PLAYER);
        }
    }
}

/// Packets are due by the clock: there is nothing else to wait for.
fn wait_until(due: Instant) {
    loop {
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        std::thread::park_timeout(left);
    }
}

/// The message that the store read.
fn found(read: Result<Option<Vec<u8>>, StoreError>) -> Result<Message, ControlError> {
    let bytes = read.map_err(|error| ControlError::new(ErrorKind::NoResources, error.to_string(), error.hint()))?;
    bytes.and_then(|bytes| Message::read(&bytes)).ok_or_else(|| {
        let hint = "`ahoy history` shows after which calls there is one";
        ControlError::new(ErrorKind::NoSuchCall, "there is no message of this call", hint)
    })
}

/// Writes a message as 48 kHz, mono, 16 bit, into a file of this user's that isn't there yet: nothing is overwritten, no
/// link is followed, no pipe is waited for.
fn write(message: &Message, path: &Path) -> Result<Reply, ControlError> {
    let file = platform::create_private(path).map_err(|error| {
        let there = error.kind() == std::io::ErrorKind::AlreadyExists;
        if there { there_already(path) } else { failed(path, error) }
    })?;
    let written = pour_into(message, std::io::BufWriter::new(file), path);
    if written.is_err() {
        // A part of a message is worth nothing, and its name is wanted for the next try.
        std::fs::remove_file(path).unwrap_or_default();
    }
    written.map(|()| Reply::Done(DoneReply::default()))
}

fn pour_into(message: &Message, file: std::io::BufWriter<std::fs::File>, path: &Path) -> Result<(), ControlError> {
    let failed = |error: hound::Error| failed(path, error);
    let spec =
        hound::WavSpec { channels: 1, sample_rate: RATE, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut file = hound::WavWriter::new(file, spec).map_err(failed)?;
    let mut decoder = Decoder::new(COMPLEXITY).map_err(|error| self::failed(path, error))?;
    let mut sound = vec![0.0_f32; ahoy_media::limits::OPUS_PACKET_SAMPLES];
    // A packet that holds more than it is said to would make half an hour of two minutes.
    let most = usize::from(message.frame_ms) * SAMPLES_PER_MS;
    for packet in &message.packets {
        // A packet that is none is silence: the rest of the message is worth hearing.
        let samples = decoder.decode(packet, &mut sound).unwrap_or(0).min(most);
        for sample in sound.get(..samples).unwrap_or_default() {
            #[expect(clippy::cast_possible_truncation, reason = "clamped to the range of 16 bits")]
            let value = (sample.clamp(-1.0, 1.0) * 32_767.0).round() as i16;
            file.write_sample(value).map_err(failed)?;
        }
    }
    file.finalize().map_err(failed)
}

fn failed(path: &Path, why: impl std::fmt::Display) -> ControlError {
    let message = format!("the message cannot be written to {}: {why}", path.display());
    ControlError::new(ErrorKind::NoResources, message, "name a file in a directory that is there and has room")
}

fn there_already(path: &Path) -> ControlError {
    let message = format!("{} is there already, and nothing is overwritten", path.display());
    ControlError::new(ErrorKind::BadParams, message, "name a file that isn't there yet, or move that one away")
}

fn tell(answer: Answer, result: Result<Reply, ControlError>) {
    if answer.send(result).is_err() {
        tracing::debug!("a frontend left before its answer");
    }
}

#[cfg(test)]
mod tests;
