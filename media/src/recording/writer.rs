//! The thread that writes: pieces come in as they were heard, all files grow together, 400 ms behind.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, TryRecvError},
    },
    time::Duration,
};

use super::{
    Answer, Ending, FRAME, Order, Progress, Spec, Tell, TrackId, folder,
    index::{Index, IndexTrack, ms},
    tap::Piece,
    timeline::Timeline,
    track_file::{TrackError, TrackFile},
};
use crate::{
    host_media::{Clock, opus::RATE, us_to_samples},
    limits::{RECORDING_ANSWERS, RECORDING_BYTES, RECORDING_PIECES, RECORDING_SAMPLES, RECORDING_TRACKS},
    processing::Limiter,
};

/// Time between two looks at what is due.
const TICK: Duration = Duration::from_millis(100);

/// Samples by which the files stay behind: 400 ms. What comes later than that is missing.
const BEHIND: i64 = 19_200;

/// Samples between two index files if nothing else changes: 5 s.
const INDEX_EVERY: i64 = 240_000;

/// The file of all voices.
const MIXED: &str = "mixed.opus";

/// A voice.
struct Track {
    id: TrackId,
    /// None once it has ended.
    writing: Option<(Timeline, TrackFile)>,
    shown: IndexTrack,
}

/// Why it ends.
type Over = (Ending, String);

/// See the module.
pub(super) struct Writer {
    spec: Spec,
    clock: Clock,
    begun_us: u64,
    missed: Arc<AtomicU64>,
    overrun: Arc<AtomicBool>,
    tracks: Vec<Track>,
    asked: Vec<Answer>,
    mixed: Option<TrackFile>,
    limiter: Limiter,
    /// Everything before is in the files, samples since the beginning.
    done: i64,
    /// Bytes of files that are finished.
    finished_bytes: u64,
    index_due: i64,
    over: Option<Over>,
}

impl Writer {
    pub(super) fn new(spec: Spec, clock: Clock, (missed, overrun): (Arc<AtomicU64>, Arc<AtomicBool>)) -> Self {
        Self {
            spec,
            clock,
            begun_us: clock.now_us(),
            missed,
            overrun,
            tracks: Vec::new(),
            asked: Vec::new(),
            mixed: None,
            limiter: Limiter::new(),
            done: 0,
            finished_bytes: 0,
            index_due: 0,
            over: None,
        }
    }

    /// Writes until it is over, and tells.
    pub(super) fn run(mut self, orders: &Receiver<Order>, pieces: &Receiver<Piece>, mut tell: Tell) {
        let over = catch_unwind(AssertUnwindSafe(|| self.work(orders, pieces, &mut tell)));
        let (ending, detail) = over.unwrap_or_else(|_| {
            tracing::error!("a defect has ended a recording");
            (Ending::Defect, "a defect of the daemon; what was written is there".to_owned())
        });
        tell(Progress::Ended { ending, detail });
    }

    fn work(&mut self, orders: &Receiver<Order>, pieces: &Receiver<Piece>, tell: &mut Tell) -> Over {
        if let Err(error) = self.begin() {
            return (Ending::NotBegun, format!("{}: {error}", self.spec.folder.display()));
        }
        tell(Progress::Begun { folder: self.spec.folder.clone() });
        loop {
            let first = pieces.recv_timeout(TICK);
            if let Err(error) = self.turn(first.as_ref().ok(), orders, pieces) {
                self.over = Some(over(&error, &self.spec));
            }
            if let Some(over) = self.over.take() {
                return self.finish(over);
            }
        }
    }

    fn begin(&mut self) -> Result<(), TrackError> {
        if let Some(above) = self.spec.folder.parent().filter(|_| self.spec.make_above) {
            folder::make_above(above)?;
        }
        self.spec.folder = folder::make(&self.spec.folder, self.spec.make_above)?;
        self.mixed = Some(TrackFile::create(&self.spec.folder.join(MIXED))?);
        Ok(self.index(None).write(&self.spec.folder)?)
    }

    /// Takes what has come, and writes what is due.
    fn turn(
        &mut self,
        first: Option<&Piece>,
        orders: &Receiver<Order>,
        pieces: &Receiver<Piece>,
    ) -> Result<(), TrackError> {
        let mut stop_at = None;
        // Orders first: a track is made before sound of it comes, and ended before more of it is written.
        while self.over.is_none() {
            match orders.try_recv() {
                Ok(order) => stop_at = self.obey(order)?,
                Err(TryRecvError::Empty) => break,
                // Whoever recorded is gone without a word.
                Err(TryRecvError::Disconnected) => self.over = Some((Ending::DaemonStopped, String::new())),
            }
        }
        if let Some(piece) = first {
            self.take(piece);
        }
        for piece in pieces.try_iter().take(RECORDING_PIECES) {
            self.take(&piece);
        }
        let due = stop_at.unwrap_or_else(|| self.place(self.clock.now_us()) - BEHIND);
        self.write_until(due)?;
        if self.overrun.load(Ordering::Acquire) && self.over.is_none() {
            self.over = Some((Ending::TooSlow, "this machine or its disk is too slow to record".to_owned()));
        }
        Ok(())
    }

    fn obey(&mut self, order: Order) -> Result<Option<i64>, TrackError> {
        match order {
            Order::Begin { track, party, own, at_us, consented_at_ms } => {
                if self.tracks.len() >= RECORDING_TRACKS {
                    let detail = format!("a recording has at most {RECORDING_TRACKS} tracks; begin another one");
                    self.over = Some((Ending::LimitReached, detail));
                    return Ok(None);
                }
                let at = self.place(at_us).max(self.done);
                // All files have their frames at the same places.
                let offset = at + (-at).rem_euclid(FRAME as i64);
                let file = format!("track-{}.opus", self.tracks.len() + 1);
                let writing = (Timeline::new(offset, own), TrackFile::create(&self.spec.folder.join(&file))?);
                let shown = IndexTrack {
                    file,
                    party,
                    own,
                    offset_ms: ms(offset),
                    offset_samples: offset,
                    started_at_ms: self.spec.started_at_ms + ms(offset) as u64,
                    consented_at_ms,
                    withdrawn_at_ms: None,
                    gaps: Vec::new(),
                };
                self.tracks.push(Track { id: track, writing: Some(writing), shown });
            }
            Order::End { track, at_ms } => {
                if let Some(track) = self.tracks.iter_mut().find(|known| known.id == track) {
                    track.shown.withdrawn_at_ms = Some(at_ms);
                    self.finished_bytes += close_track(track)?;
                }
            }
            Order::Answer(answer) if self.asked.len() < RECORDING_ANSWERS => self.asked.push(answer),
            Order::Answer(_) => {}
            Order::Stop { ending, at_us } => {
                self.over = Some((ending, String::new()));
                return Ok(Some(self.place(at_us)));
            }
        }
        self.index_due = self.done;
        Ok(None)
    }

    fn take(&mut self, piece: &Piece) {
        let (at, taken) = (self.place(piece.at_us), self.place(piece.taken_us));
        let track = self.tracks.iter_mut().find(|track| track.id == piece.track);
        if let Some((timeline, _)) = track.and_then(|track| track.writing.as_mut()) {
            timeline.put(at, taken, &piece.sound);
        }
    }

    /// Samples since the recording began.
    fn place(&self, at_us: u64) -> i64 {
        let after = us_to_samples(at_us.saturating_sub(self.begun_us));
        let before = us_to_samples(self.begun_us.saturating_sub(at_us));
        i64::try_from(after).unwrap_or(i64::MAX) - i64::try_from(before).unwrap_or(i64::MAX)
    }

    /// All files grow up to a place, frame by frame.
    fn write_until(&mut self, place: i64) -> Result<(), TrackError> {
        while self.done + FRAME as i64 <= place {
            let mut mix = [0.0; FRAME];
            for track in &mut self.tracks {
                let Some((timeline, file)) =
                    track.writing.as_mut().filter(|(timeline, _)| timeline.next() <= self.done)
                else {
                    continue;
                };
                let sound = timeline.take().map(|sample| sample.clamp(-1.0, 1.0));
                file.frame(&sound)?;
                mix.iter_mut().zip(sound).for_each(|(sum, sample)| *sum += sample);
            }
            self.limiter.process(&mut mix);
            if let Some(mixed) = &mut self.mixed {
                mixed.frame(&mix)?;
            }
            self.done += FRAME as i64;
        }
        self.watch_limits();
        if self.done >= self.index_due {
            self.index_due = self.done + INDEX_EVERY;
            self.index(None).write(&self.spec.folder)?;
        }
        Ok(())
    }

    fn watch_limits(&mut self) {
        let open = self.tracks.iter().filter_map(|track| track.writing.as_ref().map(|(_, file)| file));
        let bytes: u64 = open.chain(&self.mixed).map(TrackFile::bytes).sum();
        if self.over.is_none() && (self.done >= RECORDING_SAMPLES || self.finished_bytes + bytes >= RECORDING_BYTES) {
            let (hours, megabytes) = (RECORDING_SAMPLES / (3_600 * i64::from(RATE)), RECORDING_BYTES >> 20);
            let detail = format!("a recording has at most {hours} hours and {megabytes} MB; begin another one");
            self.over = Some((Ending::LimitReached, detail));
        }
    }

    fn index(&self, over: Option<Ending>) -> Index {
        let late: u64 = self.tracks.iter().filter_map(|track| track.writing.as_ref().map(|(it, _)| it.late())).sum();
        let missed = i64::try_from(self.missed.load(Ordering::Relaxed) + late).unwrap_or(i64::MAX);
        let tracks = self.tracks.iter().map(|track| {
            let gaps = track.writing.as_ref().map(|(timeline, _)| timeline.gaps().map(Into::into).collect());
            IndexTrack { gaps: gaps.unwrap_or_else(|| track.shown.gaps.clone()), ..track.shown.clone() }
        });
        let written_ms = ms(self.done) as u64;
        Index {
            version: 1,
            call: self.spec.call.clone(),
            started_at_ms: self.spec.started_at_ms,
            ended_at_ms: over.map(|_| self.spec.started_at_ms + written_ms),
            reason: over.map(Ending::text),
            written_ms,
            codec: "opus",
            sample_rate_hz: RATE,
            mixed: MIXED,
            tracks: tracks.collect(),
            asked: self.asked.clone(),
            missed_ms: ms(missed) as u64,
        }
    }

    /// Ends every file, as far as the disk lets us.
    fn finish(&mut self, (ending, detail): Over) -> Over {
        let mut closed = Ok(());
        for track in &mut self.tracks {
            closed = closed.and(close_track(track).map(drop));
        }
        if let Some(mixed) = self.mixed.take() {
            closed = closed.and(mixed.finish().map(drop));
        }
        let closed = closed.and(self.index(Some(ending)).write(&self.spec.folder).map_err(TrackError::Disk));
        match (closed, ending) {
            (Err(error), Ending::Stopped | Ending::CallEnded | Ending::DaemonStopped) => over(&error, &self.spec),
            (Err(_) | Ok(()), _) => (ending, detail),
        }
    }
}

/// Ends the file of a voice; its bytes.
fn close_track(track: &mut Track) -> Result<u64, TrackError> {
    let Some((timeline, file)) = track.writing.take() else { return Ok(0) };
    track.shown.gaps = timeline.gaps().map(Into::into).collect();
    file.finish()
}

/// What an error means for the recording.
fn over(error: &TrackError, spec: &Spec) -> Over {
    let folder = spec.folder.display();
    match error {
        TrackError::Disk(error)
            if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) =>
        {
            (Ending::DiskFull, format!("{folder}: the disk is full; what was written can be played. Free some space"))
        }
        TrackError::Disk(error) => (Ending::DiskFailed, format!("{folder}: {error}; what was written can be played")),
        TrackError::Opus(error) => (Ending::Defect, format!("{error}; what was written can be played")),
    }
}

#[cfg(test)]
mod tests;
