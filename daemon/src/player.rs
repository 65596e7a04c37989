//! Messages that somebody left, played through the speaker or written into a WAV file.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use ahoy_media::host_media::api::Sound;
use ahoy_media::host_media::opus::{Decoder, RATE};
use ahoy_media::simple_webrtc::engine::{AudioPacket, LinkId};
use ahoy_protocol::control::{CallState, ControlError, DoneReply, ErrorKind, EventKind, PlaybackEnd, Reply};
use ahoy_protocol::ids::CallId;
use ahoy_protocol::wire::voicemail::Message;
use data_encoding::HEXLOWER;

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
    /// Set, the message that is being played is cut short; none while nothing is played.
    playing: Arc<Mutex<Option<Arc<AtomicBool>>>>,
    tell: Tell,
}

/// Tells frontends.
pub type Tell = Arc<dyn Fn(EventKind) + Send + Sync>;

impl Player {
    /// Through this sound; it ends when that does.
    #[must_use]
    pub fn new(sound: &Arc<dyn Sound>, tell: Tell) -> Self {
        Self { sound: Arc::downgrade(sound), playing: Arc::default(), tell }
    }

    fn playing(&self) -> MutexGuard<'_, Option<Arc<AtomicBool>>> {
        self.playing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What frontends are told: where a call begins, the speaker is the call's.
    pub fn see(&self, kind: &EventKind) {
        let EventKind::CallState { state, .. } = kind else { return };
        let begins = match state {
            CallState::Dialing | CallState::Incoming | CallState::Connecting | CallState::Active => true,
            CallState::Ringing | CallState::Held | CallState::Reconnecting | CallState::Ending | CallState::Ended => {
                false
            }
        };
        if let Some(cut) = self.playing().as_ref().filter(|_| begins) {
            cut.store(true, Ordering::SeqCst);
        }
    }

    /// Plays what the store read of a message, or writes it `to` a file, on a thread of its own. The answer comes when the
    /// file is whole, or when playback begins.
    pub fn play(&self, call: CallId, read: Result<Option<Vec<u8>>, StoreError>, to: Option<PathBuf>, answer: Answer) {
        let player = self.clone();
        let work = move || match found(read) {
            Err(error) => tell(answer, Err(error)),
            Ok(message) => match to {
                Some(path) => tell(answer, write(&message, &path)),
                None => player.aloud(call, &message, answer),
            },
        };
        if let Err(error) = std::thread::Builder::new().name("ahoy-play".into()).spawn(work) {
            tracing::error!(%error, "no thread to play a message");
        }
    }

    fn aloud(&self, call: CallId, message: &Message, answer: Answer) {
        let cut = Arc::new(AtomicBool::new(false));
        let busy = {
            let mut playing = self.playing();
            let busy = playing.is_some();
            playing.get_or_insert(cut.clone());
            busy
        };
        if busy {
            let error = ControlError::new(ErrorKind::InCall, "a message is being played", "wait for its end");
            return tell(answer, Err(error));
        }
        tell(answer, Ok(Reply::Done(DoneReply::default())));
        let played = self.pour(message, &cut);
        *self.playing() = None;
        if let Some(packets) = played {
            let whole = packets == message.packets.len();
            let reason = if whole { PlaybackEnd::Done } else { PlaybackEnd::Call };
            let played_ms = u32::try_from(packets).unwrap_or(u32::MAX).saturating_mul(message.frame_ms.into());
            (self.tell)(EventKind::PlaybackEnded { call: HEXLOWER.encode(&call.0), reason, played_ms });
        }
    }

    /// Hands the packets over as a link would get them, until there is none or it is cut short: how many. None if the
    /// daemon stops: nobody listens any more.
    fn pour(&self, message: &Message, cut: &AtomicBool) -> Option<usize> {
        let sound = self.sound.upgrade()?;
        let mut sink = sound.add_link(PLAYER);
        sound.play(PLAYER, true);
        drop(sound);
        let frame = Duration::from_millis(message.frame_ms.into());
        let step = u32::from(message.frame_ms) * (RATE / 1000);
        let began = Instant::now();
        let (mut sequence, mut timestamp, mut packets) = (0_u16, 0_u32, 0);
        for (n, payload) in (0_u32..).zip(&message.packets) {
            wait_until(began + frame * n);
            if self.sound.strong_count() == 0 {
                return None;
            }
            if cut.load(Ordering::SeqCst) {
                break;
            }
            let (arrived, payload) = (Instant::now(), payload.clone().into());
            sink.packet(AudioPacket { sequence, timestamp, marker: n == 0, payload, arrived });
            (sequence, timestamp, packets) = (sequence.wrapping_add(1), timestamp.wrapping_add(step), packets + 1);
        }
        if packets == message.packets.len() {
            wait_until(Instant::now() + Duration::from_millis(limits::PLAYED_OUT_MS));
        }
        if let Some(sound) = self.sound.upgrade() {
            sound.remove_link(PLAYER);
        }
        Some(packets)
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
