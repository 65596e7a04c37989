//! Media commands of the core become calls of the engine and the sound; what links say becomes inputs.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use ahoy_media::host_media::api::{FrameOut, Processing, Selection, Sound, SoundError};
use ahoy_media::host_media::check::SoundCheck;
use ahoy_media::simple_webrtc::engine::{
    AudioFrame, CandidateKind, Engine, EngineError, IceServer, LinkEvent, LinkId, LinkSpec, Role,
};
use ahoy_protocol::call::signal::{self, LinkEnd};
use ahoy_protocol::control::EventKind;
use ahoy_protocol::core::effect::MediaCommand;
use ahoy_protocol::core::input::Input;

use ahoy_protocol::ids::LinkId as ProtocolLink;

use super::convert::{self, Told};
use super::recordings::Recordings;
use super::ringing::Ringings;
use super::stats::Rates;
use super::tape::{TAPE, Tape};
use crate::limits;

/// Encoded frames on their way from the audio thread to the links.
pub struct EngineOut {
    engine: Arc<dyn Engine>,
    tape: Tape,
}

impl EngineOut {
    /// To the links of this engine, and to the tape.
    #[must_use]
    pub fn new(engine: Arc<dyn Engine>, tape: Tape) -> Self {
        Self { engine, tape }
    }
}

impl FrameOut for EngineOut {
    fn frame(&mut self, link: LinkId, frame: AudioFrame) {
        if link == TAPE {
            return self.tape.take(&frame.payload);
        }
        // A link that is not connected yet, or no longer, hears nothing: that is no fault.
        if let Err(error) = self.engine.send_audio(link, frame) {
            tracing::trace!(%error, "a frame was not sent");
        }
    }
}

/// Links and sound of one daemon.
pub struct Media {
    engine: Arc<dyn Engine>,
    sound: Arc<dyn Sound>,
    servers: Vec<IceServer>,
    tape: Tape,
    recordings: Option<Recordings>,
    ringings: Ringings,
    /// Sound in a packet, ms.
    frame_ms: u8,
    /// The core wants the microphone.
    wanted: bool,
    /// Loopback is used for media because somebody listens there on purpose.
    loopback: bool,
    /// Every address the network listens on.
    all: Vec<IpAddr>,
    /// Those that media uses with devices on other machines.
    outside: Vec<IpAddr>,
    /// Links that have not said `Closed`.
    open: HashSet<LinkId>,
    /// Why we closed a link that the core did not close.
    failed: HashMap<LinkId, String>,
}

impl Media {
    /// With these servers; `loopback` if we listen on a loopback address on purpose.
    #[must_use]
    pub fn new(engine: Arc<dyn Engine>, sound: Arc<dyn Sound>, servers: Vec<IceServer>, loopback: bool) -> Self {
        let (open, failed) = (HashSet::new(), HashMap::new());
        let (tape, ringings, frame_ms, wanted) = (Tape::default(), Ringings::default(), 20, false);
        Self {
            engine,
            sound,
            servers,
            tape,
            recordings: None,
            ringings,
            frame_ms,
            wanted,
            loopback,
            all: Vec::new(),
            outside: Vec::new(),
            open,
            failed,
        }
    }

    /// Messages are recorded on this tape, in packets of so many ms.
    #[must_use]
    pub fn recording(self, tape: Tape, frame_ms: u32) -> Self {
        Self { tape, frame_ms: u8::try_from(frame_ms).unwrap_or(u8::MAX), ..self }
    }

    /// Calls are recorded by these.
    #[must_use]
    pub fn recordings(self, recordings: Recordings) -> Self {
        Self { recordings: Some(recordings), ..self }
    }

    /// Frontends are told this: it may have to ring, or no longer.
    pub(super) fn ring(&mut self, kind: &EventKind) {
        if let Some(ringing) = self.ringings.see(kind) {
            self.sound.ring(ringing);
        }
    }

    /// What is done to sound from now on.
    pub(super) fn process(&self, processing: Processing) {
        self.sound.process(processing);
    }

    /// A message is being recorded.
    pub(super) fn records(&self) -> bool {
        self.tape.runs()
    }

    /// Another device from now on.
    ///
    /// # Errors
    /// As [`Sound::select`].
    pub(super) fn select(&self, selection: Selection) -> Result<(), SoundError> {
        self.sound.select(selection)
    }

    /// Tries microphone and speaker.
    ///
    /// # Errors
    /// As [`Sound::check`].
    pub(super) fn check(&self, check: SoundCheck) -> Result<(), SoundError> {
        self.sound.check(check)
    }

    /// Begins to record a message, or ends that.
    fn record(&mut self, on: bool) -> Option<Input> {
        if on {
            self.tape.begin();
            // What it would receive leads nowhere.
            drop(self.sound.add_link(TAPE));
            self.sound.send(TAPE, true);
            self.sound.microphone(true);
            return None;
        }
        self.sound.remove_link(TAPE);
        self.sound.microphone(self.wanted);
        Some(Input::Recorded { frame_ms: self.frame_ms, packets: self.tape.end() })
    }

    /// Media uses the addresses that the network listens on: loopback only if it was asked for, nothing else is
    /// there, or the other device is on this machine; and no link-local IPv6 (it needs a scope that candidates do not carry).
    /// Returns the links whose own address is gone.
    pub(super) fn listen_on(&mut self, addresses: &[Vec<u8>]) -> Vec<ProtocolLink> {
        let mut all: Vec<IpAddr> = addresses.iter().filter_map(|address| convert::ip(address)).collect();
        all.sort_unstable();
        all.dedup();
        all.retain(|ip| match ip {
            IpAddr::V4(ip) => !ip.is_unspecified(),
            IpAddr::V6(ip) => !ip.is_unspecified() && !ip.is_unicast_link_local(),
        });
        let outside: Vec<IpAddr> = all.iter().copied().filter(|ip| !ip.is_loopback()).collect();
        self.outside = if self.loopback || outside.is_empty() { all.clone() } else { outside };
        self.all = all;
        self.open.iter().copied().filter(|link| self.is_stranded(*link)).map(convert::link).collect()
    }

    /// The address of an interface that a link uses is none of ours any more.
    fn is_stranded(&self, link: LinkId) -> bool {
        let pair = self.engine.stats(link).ok().and_then(|stats| stats.pair);
        pair.is_some_and(|(local, _, kind)| kind == CandidateKind::Host && !self.all.contains(&local.ip()))
    }

    /// Carries out a command; what fails at once is told to the core as the link's end.
    pub(super) fn command(&mut self, command: MediaCommand, rates: &mut Rates) -> Option<Input> {
        let done = match command {
            MediaCommand::Open { link, offerer, ice_policy, loopback } => {
                return self.open(convert::media_link(link), (offerer, ice_policy, loopback), rates);
            }
            MediaCommand::Apply { link, kind, generation, sdp } => {
                let link = convert::media_link(link);
                (link, self.engine.apply(link, convert::description_kind(kind), generation, sdp))
            }
            MediaCommand::Candidate { link, generation, candidate } => {
                let link = convert::media_link(link);
                match convert::media_candidate(candidate) {
                    Some(candidate) => (link, self.engine.add_candidate(link, generation, candidate)),
                    None => return None,
                }
            }
            MediaCommand::EndOfCandidates { link, generation } => {
                let link = convert::media_link(link);
                (link, self.engine.end_of_candidates(link, generation))
            }
            MediaCommand::Restart { link, generation } => {
                let link = convert::media_link(link);
                (link, self.engine.restart(link, generation))
            }
            MediaCommand::Ctl { link, message } => {
                let link = convert::media_link(link);
                (link, self.engine.send_ctl(link, message.into()))
            }
            MediaCommand::Close { link } => {
                self.close(convert::media_link(link));
                return None;
            }
            MediaCommand::Record { on } => return self.record(on),
            MediaCommand::Recording(command) => {
                let recordings = self.recordings.as_mut();
                return recordings.and_then(|recordings| recordings.command(command, &*self.sound));
            }
            MediaCommand::Microphone { open } => {
                self.wanted = open;
                self.sound.microphone(open);
                return None;
            }
            MediaCommand::Send { .. } | MediaCommand::Play { .. } | MediaCommand::Mute { .. } => {
                self.hear(&command);
                return None;
            }
        };
        if let (link, Err(error)) = done {
            self.refused(link, &error);
        }
        None
    }

    fn hear(&self, command: &MediaCommand) {
        match command {
            MediaCommand::Send { link, on } => self.sound.send(convert::media_link(*link), *on),
            MediaCommand::Play { link, on } => self.sound.play(convert::media_link(*link), *on),
            MediaCommand::Mute { muted } => self.sound.mute(*muted),
            MediaCommand::Open { .. }
            | MediaCommand::Apply { .. }
            | MediaCommand::Candidate { .. }
            | MediaCommand::EndOfCandidates { .. }
            | MediaCommand::Restart { .. }
            | MediaCommand::Ctl { .. }
            | MediaCommand::Microphone { .. }
            | MediaCommand::Record { .. }
            | MediaCommand::Recording(_)
            | MediaCommand::Close { .. } => {}
        }
    }

    fn open(
        &mut self,
        link: LinkId,
        (offerer, ice_policy, loopback): (bool, u8, bool),
        rates: &mut Rates,
    ) -> Option<Input> {
        let failed = |what: String| {
            let event = signal::LinkEvent::Closed(LinkEnd::Failed(what));
            Some(Input::Link { link: convert::link(link), event })
        };
        if self.open.len() >= limits::LINKS {
            return failed(format!("{} media links are open already", limits::LINKS));
        }
        let role = if offerer { Role::Offerer } else { Role::Answerer };
        let audio = self.sound.add_link(link);
        let bind = if loopback { self.all.clone() } else { self.outside.clone() };
        let servers = self.servers.clone();
        let spec = LinkSpec { link, role, policy: convert::policy(ice_policy), servers, bind, audio };
        match self.engine.open(spec) {
            Ok(()) => {
                self.open.insert(link);
                rates.begin();
                None
            }
            Err(error) => {
                self.sound.remove_link(link);
                failed(error.to_string())
            }
        }
    }

    /// A command that a link could not take: fatal where the link can't go on without it.
    fn refused(&mut self, link: LinkId, error: &EngineError) {
        match error {
            // It ended meanwhile, and said so.
            EngineError::NoSuchLink => tracing::debug!(link = link.0, "a command for a link that is gone"),
            // A repeated or late signal: harmless by the rules of the link machine.
            EngineError::WrongState { .. } => tracing::debug!(link = link.0, %error, "a command came at a wrong time"),
            EngineError::QueueFull | EngineError::Limit(_) | EngineError::LinkExists => {
                tracing::warn!(link = link.0, %error, "a link is given up");
                if self.open.contains(&link) {
                    self.failed.insert(link, error.to_string());
                }
                self.close(link);
            }
        }
    }

    fn close(&self, link: LinkId) {
        self.sound.remove_link(link);
        self.engine.close(link);
    }

    /// What a link says, as the core is told.
    pub(super) fn link_event(&mut self, link: LinkId, event: LinkEvent, rates: &mut Rates, unix_ms: u64) -> Input {
        let id = convert::link(link);
        match convert::told(event) {
            Told::Ctl(message) => Input::Ctl { link: id, message },
            Told::Event(mut event) => {
                if event == signal::LinkEvent::Connected {
                    rates.connected(link, unix_ms);
                }
                if let signal::LinkEvent::Closed(end) = &mut event {
                    self.open.remove(&link);
                    self.sound.remove_link(link);
                    rates.forget(link);
                    if let Some(what) = self.failed.remove(&link) {
                        *end = LinkEnd::Failed(what);
                    }
                }
                Input::Link { link: id, event }
            }
        }
    }

    /// Closes every link.
    pub(super) fn close_all(&mut self) {
        if let Some(recordings) = &mut self.recordings {
            recordings.close(&*self.sound);
        }
        self.sound.microphone(false);
        for link in &self.open {
            self.close(*link);
        }
    }

    /// Links that are not fully released.
    pub(super) fn open_links(&self) -> usize {
        self.engine.open_links()
    }

    /// The links that have not said `Closed`.
    pub(super) fn links(&self) -> impl Iterator<Item = LinkId> {
        self.open.iter().copied()
    }

    /// For figures.
    pub(super) fn engine(&self) -> &dyn Engine {
        &*self.engine
    }

    /// For figures.
    pub(super) fn sound(&self) -> &dyn Sound {
        &*self.sound
    }
}
