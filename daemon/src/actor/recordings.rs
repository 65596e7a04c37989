//! The recording of a call: the core's word becomes files and taps, and what becomes of the files goes back to it.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use ahoy_media::host_media::api::Sound;
use ahoy_media::recording::{Answer, Ending, Party, Progress, Recording, Spec, Tapped, TrackId};
use ahoy_protocol::call::recording::{RecordingEvent, Voice};
use ahoy_protocol::core::effect::{self, RecordingCommand};
use ahoy_protocol::core::input::Input;
use ahoy_protocol::ids::{CallId, DeviceId};
use tokio::sync::mpsc;

use super::convert;
use crate::clock;

/// What recordings tell, with their numbers.
pub type Told = (u32, Progress);

/// Records one call at a time.
pub struct Recordings {
    /// Where folders are made that nobody named.
    folder: PathBuf,
    events: mpsc::Sender<Told>,
    running: Option<Running>,
    /// The one that was stopped last: perhaps its files are still being ended.
    last: Option<Recording>,
}

struct Running {
    recording: Recording,
    own: TrackId,
    tracks: HashMap<DeviceId, TrackId>,
    open: HashSet<Tapped>,
}

impl Recordings {
    /// Under this folder, unless a person names another one; what becomes of them goes to `events`.
    #[must_use]
    pub fn new(folder: PathBuf, events: mpsc::Sender<Told>) -> Self {
        Self { folder, events, running: None, last: None }
    }

    /// Carries out a command; what fails at once is told to the core.
    pub(super) fn command(&mut self, command: RecordingCommand, sound: &dyn Sound) -> Option<Input> {
        if let RecordingCommand::Start { number, call, to, own, at_ms } = command {
            self.stop(Ending::Stopped, sound);
            return self.start(number, (call, to), own, at_ms);
        }
        if let RecordingCommand::Stop { reason } = command {
            self.stop(if reason == "stopped" { Ending::Stopped } else { Ending::CallEnded }, sound);
            return None;
        }
        if let Some(running) = &mut self.running {
            running.command(command, sound);
        }
        None
    }

    fn start(
        &mut self,
        number: u32,
        (call, to): (CallId, Option<String>),
        own: effect::Party,
        at_ms: u64,
    ) -> Option<Input> {
        let (folder, make_above) = match to {
            Some(to) => (PathBuf::from(to), false),
            None => (self.folder.join(format!("{}-{}", clock::stamp(at_ms), convert::call(call).split_at(8).0)), true),
        };
        let spec = Spec { folder: folder.clone(), make_above, call: convert::call(call), started_at_ms: at_ms };
        let events = self.events.clone();
        let tell = move |progress| {
            if events.blocking_send((number, progress)).is_err() {
                tracing::debug!("a recording ends after the daemon");
            }
        };
        match Recording::start(spec, Box::new(tell)) {
            Ok(mut recording) => {
                let own = recording.begin_track(party(own), true, None);
                let (tracks, open) = (HashMap::new(), HashSet::new());
                self.running = Some(Running { recording, own, tracks, open });
                None
            }
            Err(error) => {
                let detail = format!("{}: {error}", folder.display());
                let event = RecordingEvent::Ended { reason: Ending::NotBegun.text().to_owned(), detail };
                Some(Input::Recording { number, event })
            }
        }
    }

    fn stop(&mut self, ending: Ending, sound: &dyn Sound) {
        let Some(running) = self.running.take() else { return };
        for tapped in running.open {
            sound.tap(tapped, None);
        }
        running.recording.stop(ending);
        self.last = Some(running.recording);
    }

    /// The daemon stops: waits a second at most until everything is written.
    pub(super) fn close(&mut self, sound: &dyn Sound) {
        self.stop(Ending::DaemonStopped, sound);
        if let Some(last) = self.last.take() {
            last.close(Ending::DaemonStopped);
        }
    }
}

impl Running {
    fn command(&mut self, command: RecordingCommand, sound: &dyn Sound) {
        match command {
            RecordingCommand::Track { party: whose, at_ms } => {
                let device = whose.device;
                // A device that agreed again, in a call that goes on, has its track still.
                if !self.tracks.contains_key(&device) {
                    let track = self.recording.begin_track(party(whose), false, Some(at_ms));
                    self.tracks.insert(device, track);
                }
            }
            RecordingCommand::EndTrack { device, at_ms } => {
                if let Some(track) = self.tracks.remove(&device) {
                    self.recording.end_track(track, at_ms);
                }
            }
            RecordingCommand::Answer { party: whose, answer, at_ms } => {
                self.recording.answered(Answer { party: party(whose), answer: answer.to_owned(), at_ms });
            }
            RecordingCommand::Write { voice, on } => self.write(voice, on, sound),
            RecordingCommand::Start { .. } | RecordingCommand::Stop { .. } => {}
        }
    }

    fn write(&mut self, voice: Voice, on: bool, sound: &dyn Sound) {
        let (tapped, track) = match voice {
            Voice::Own => (Tapped::Own, Some(self.own)),
            Voice::Of(device, link) => (Tapped::Link(convert::media_link(link)), self.tracks.get(&device).copied()),
        };
        match track.filter(|_| on) {
            Some(track) => {
                self.open.insert(tapped);
                sound.tap(tapped, Some(self.recording.tap(track)));
            }
            None => {
                self.open.remove(&tapped);
                sound.tap(tapped, None);
            }
        }
    }
}

fn party(party: effect::Party) -> Party {
    Party { account: party.account.text(), device: party.device.text(), name: party.name }
}

/// As the core is told.
pub(super) fn input((number, progress): Told) -> Input {
    let event = match progress {
        Progress::Begun { folder } => RecordingEvent::Begun { folder: folder.display().to_string() },
        Progress::Ended { ending, detail } => {
            tracing::info!(ending = ending.text(), "a recording has ended");
            RecordingEvent::Ended { reason: ending.text().to_owned(), detail }
        }
    };
    Input::Recording { number, event }
}

#[cfg(test)]
mod tests;
