//! One task owns the core. It waits for nothing but its inboxes, its timers and the store's reports, and it
//! carries out effects in the order they came.
//!
//! ```text
//!   network ─┐                                 ┌─> store (groups, reported when durable)
//!   frontend ┼─> Core::handle ─> effects ─────>┼─> network, media, frontends: in order, and never
//!   links    ┤      (pure)       in groups     │   before the store commands of their own group
//!   sound    ┘                                 └─> control hub
//! ```

mod audio;
mod convert;
mod effects;
mod machine;
mod media;
mod notes;
mod piping;
mod recordings;
mod ringing;
mod stats;
mod tape;
#[cfg(test)]
mod tests;

use std::collections::{HashSet, VecDeque};
use std::future::Future;
use std::time::Duration;

use ahoy_media::host_media::api::AudioEvent;
use ahoy_media::simple_webrtc::engine::{LinkEvent, LinkId};
use ahoy_protocol::call::signal;
use ahoy_protocol::control::{ControlError, DoneReply, ErrorKind, EventKind, Reply};
use ahoy_protocol::core::effect::Effect;
use ahoy_protocol::core::input::{Command, Input, NetEvent};
use ahoy_protocol::ids::DeviceId;
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

pub use effects::Ports;
pub use machine::Machine;
pub use media::{EngineOut, Media};
pub use recordings::{Recordings, Told};
pub use tape::Tape;

use crate::clock::Clock;
use crate::control::{Answer, Ask, Holding, INBOXES, Question};
use crate::limits;
use crate::store::Committed;
use effects::Groups;
use stats::Rates;

/// Everything that the actor is told, each in a queue of its own, so that a flood in one can't push out another.
pub struct Inboxes<N> {
    /// Of the network.
    pub network: mpsc::Receiver<N>,
    /// Of frontends.
    pub questions: mpsc::Receiver<Question>,
    /// Of media links.
    pub links: mpsc::Receiver<(LinkId, LinkEvent)>,
    /// Of the sound.
    pub audio: mpsc::Receiver<AudioEvent>,
    /// Of recordings.
    pub recordings: mpsc::Receiver<Told>,
    /// Of the store.
    pub committed: mpsc::Receiver<Committed>,
    /// The process is asked to stop.
    pub stop: watch::Receiver<bool>,
}

impl<N> Inboxes<N> {
    /// Messages that wait.
    fn waiting(&self) -> [usize; INBOXES.len()] {
        let Self { network, questions, links, audio, recordings, committed, stop: _ } = self;
        [network.len(), questions.len(), links.len(), audio.len(), recordings.len(), committed.len()]
    }
}

/// The actor.
pub struct Actor<M> {
    core: M,
    clock: Clock,
    groups: Groups,
    peers: HashSet<DeviceId>,
    rates: Rates,
    listening: watch::Sender<Vec<Vec<u8>>>,
    stop_at: Option<Instant>,
    /// A timer of the core is not asked for again at once: a core that never moves on must not spin us.
    timer_not_before: Instant,
}

/// What woke the actor.
enum Woken {
    Network(Input),
    Question(Question),
    Link(LinkId, LinkEvent),
    Audio(AudioEvent),
    Recording(Told),
    Committed(Committed),
    Timer,
    Stop,
    /// A driver is gone; the others go on.
    Nothing,
}

impl<M: Machine> Actor<M> {
    /// Around a core, whose first effects are carried out first. The addresses we listen on are told on `listening`.
    #[must_use]
    pub fn new(
        core: M,
        first: Vec<Effect>,
        ports: Ports,
        clock: Clock,
        listening: watch::Sender<Vec<Vec<u8>>>,
    ) -> Self {
        let now = Instant::now();
        let mut groups = Groups::new(ports);
        groups.add(first);
        Self {
            core,
            clock,
            groups,
            peers: HashSet::new(),
            rates: Rates::default(),
            listening,
            stop_at: None,
            timer_not_before: now,
        }
    }

    /// Runs until the daemon was asked to stop and everybody has been told.
    pub async fn run<N: Into<Input>>(mut self, mut inboxes: Inboxes<N>) {
        self.carry_out();
        while !self.finished() {
            let woken = self.woken(&mut inboxes).await;
            self.take(woken);
            self.carry_out();
            piping::follow(&self.groups.ports.pipes, &self.core);
            self.tell_holding(&inboxes);
        }
        self.release(&mut inboxes).await;
    }

    fn finished(&self) -> bool {
        let Some(stop_at) = self.stop_at else { return false };
        (self.core.drained() && self.groups.is_empty()) || Instant::now() >= stop_at
    }

    fn woken<'a, N: Into<Input>>(&self, inboxes: &'a mut Inboxes<N>) -> impl Future<Output = Woken> + use<'a, M, N> {
        let wake = self.wake_at();
        let room = self.groups.room();
        let stopping = self.stop_at.is_some();
        async move {
            tokio::select! {
                Some(input) = inboxes.network.recv(), if room => Woken::Network(input.into()),
                Some(question) = inboxes.questions.recv(), if room => Woken::Question(question),
                Some((link, event)) = inboxes.links.recv(), if room => Woken::Link(link, event),
                Some(event) = inboxes.audio.recv(), if room => Woken::Audio(event),
                Some(told) = inboxes.recordings.recv(), if room => Woken::Recording(told),
                Some(committed) = inboxes.committed.recv() => Woken::Committed(committed),
                changed = inboxes.stop.changed(), if !stopping => match changed {
                    // Whoever held the other end is gone: nobody is left to be served.
                    Ok(()) | Err(_) => Woken::Stop,
                },
                () = sleep_until(wake), if wake.is_some() => Woken::Timer,
                else => Woken::Nothing,
            }
        }
    }

    fn wake_at(&self) -> Option<Instant> {
        let core = self.core.next_timer_ms().map(|at| self.clock.at(at).max(self.timer_not_before));
        let wakes = [core, self.stop_at, self.rates.next_sample()];
        wakes.into_iter().flatten().min()
    }

    fn take(&mut self, woken: Woken) {
        match woken {
            Woken::Network(input) => self.network(input),
            Woken::Question(question) => self.question(question),
            Woken::Link(link, event) => {
                let input = self.groups.ports.media.link_event(link, event, &mut self.rates, self.clock.now().unix_ms);
                self.feed(input);
            }
            Woken::Audio(event) => self.audio(event),
            Woken::Recording(told) => self.feed(recordings::input(told)),
            Woken::Committed(committed) => self.groups.committed(&committed, self.clock.now().unix_ms),
            Woken::Timer => self.timer(),
            Woken::Stop => self.stop(),
            Woken::Nothing => {}
        }
        self.groups.ports.board.count(self.peers.len(), self.core.calls());
        if let Some(who) = self.core.who() {
            self.groups.ports.board.tell(who);
        }
    }

    /// What is held once a step is done: whoever reads it later sees the state that lasts.
    fn tell_holding<N>(&self, inboxes: &Inboxes<N>) {
        let Groups { ports, .. } = &self.groups;
        let inboxes = inboxes.waiting();
        ports.board.hold(Holding {
            core: self.core.counted(),
            links: ports.media.open_links(),
            queued: inboxes.iter().sum::<usize>() + self.groups.waiting(),
            inboxes,
        });
    }

    fn network(&mut self, input: Input) {
        if let Input::Net(event) = &input {
            self.note(event);
        }
        self.feed(input);
    }

    /// What `status` and the media layer need to know of the network.
    fn note(&mut self, event: &NetEvent) {
        match event {
            NetEvent::Listening(addresses) => {
                for link in self.groups.ports.media.listen_on(addresses) {
                    self.feed(Input::Link { link, event: signal::LinkEvent::AddressGone });
                }
                self.groups.listening = addresses.iter().filter_map(|bytes| convert::address_text(bytes)).collect();
                self.listening.send_replace(addresses.clone());
            }
            NetEvent::Connected { device, .. } => {
                if self.peers.len() < limits::PEERS {
                    self.peers.insert(*device);
                }
            }
            NetEvent::Disconnected { device } => {
                self.peers.remove(device);
            }
            NetEvent::DialFailed { .. }
            | NetEvent::Discovered { .. }
            | NetEvent::Subscribed { .. }
            | NetEvent::Unsubscribed { .. }
            | NetEvent::Voicemail { .. }
            | NetEvent::VoicemailRequest { .. }
            | NetEvent::Prekey { .. }
            | NetEvent::PrekeyRequest { .. } => {}
        }
    }

    fn question(&mut self, question: Question) {
        let Question { client, ask, answer } = question;
        if self.stop_at.is_some() && ask != Ask::Snapshot {
            let error = ControlError::new(ErrorKind::Stopping, "the daemon stops", "start it again: ahoy start");
            return reply(answer, Err(error));
        }
        match ask {
            Ask::Core(command) => self.ask_core(effects::Waiting::Frontend(answer), client, command),
            Ask::Snapshot => self.ask_core(effects::Waiting::Snapshot(answer), client, Command::Snapshot),
            Ask::Stats(call) => {
                let waiting = effects::Waiting::Stats { call, answer };
                self.ask_core(waiting, client, Command::Call(ahoy_protocol::control::CallCommand::List));
            }
            Ask::Play { call, to } => {
                let player = self.groups.ports.player.clone();
                let play = move |read| player.play(call, read, to, answer);
                self.groups.ports.store.read_sound(call.0.to_vec(), Box::new(play));
            }
            Ask::History(page) => self.groups.ports.store.list_history(page, answer),
            Ask::ClearHistory => self.groups.ports.store.clear_history(answer),
            Ask::Alive => {
                self.groups.ports.board.refuse(self.core.refused());
                reply(answer, Ok(Reply::Done(DoneReply::default())));
            }
            Ask::Sound { present, added, removed } => {
                let told = added.into_iter().map(EventKind::DeviceAdded);
                let told = told.chain(removed.into_iter().map(EventKind::DeviceRemoved));
                self.groups.add(told.map(|kind| Effect::Event(Box::new(kind))).collect());
                self.feed(Input::Sound { present });
                reply(answer, Ok(Reply::Done(DoneReply::default())));
            }
            Ask::Process(processing) => {
                self.groups.ports.media.process(processing);
                reply(answer, Ok(Reply::Done(DoneReply::default())));
            }
            Ask::SelectSound(selection) => {
                let selected = audio::select(&self.groups.ports.media, selection);
                reply(answer, selected);
            }
            Ask::CheckSound(check) => {
                let begun = audio::begin_check(&self.groups.ports.media, self.core.calls(), check);
                reply(answer, begun);
            }
            Ask::Shutdown => {
                reply(answer, Ok(Reply::Done(DoneReply::default())));
                self.stop();
            }
        }
    }

    fn ask_core(&mut self, waiting: effects::Waiting, client: String, command: Command) {
        if let Some(ticket) = self.groups.wait(waiting) {
            self.feed(Input::Command { ticket, client, command });
        }
    }

    fn audio(&mut self, event: AudioEvent) {
        let kind = match event {
            AudioEvent::FirstAudio { link } => {
                let link = convert::link(link);
                return self.feed(Input::Link { link, event: signal::LinkEvent::FirstAudio });
            }
            AudioEvent::Speaking { link: Some(link), on } => {
                let link = convert::link(link);
                return self.feed(Input::Link { link, event: signal::LinkEvent::Speaking(on) });
            }
            AudioEvent::Limited { link, limit } => {
                let (link, cause) = (convert::link(link), convert::cause(limit));
                return self.feed(Input::Link { link, event: signal::LinkEvent::Limited(cause) });
            }
            AudioEvent::Speaking { link: None, on } => {
                EventKind::Speaking { call: None, account: None, device: None, speaking: on }
            }
            AudioEvent::MutedTalking { on } => EventKind::MutedTalking { talking: on },
            AudioEvent::SourceStarted { at_us } => EventKind::SourceStarted { at_us },
            AudioEvent::SinkStarted { at_us } => EventKind::SinkStarted { at_us },
            AudioEvent::DeviceLost { input, detail } => {
                EventKind::DeviceLost { direction: if input { "input" } else { "output" }.into(), detail }
            }
            AudioEvent::DeviceBack { input, detail } => {
                EventKind::DeviceChanged { direction: if input { "input" } else { "output" }.into(), detail }
            }
            AudioEvent::RingtoneLost { detail } => EventKind::DeviceLost { direction: "ringtone".into(), detail },
            AudioEvent::RingtoneBack { detail } => EventKind::DeviceChanged { direction: "ringtone".into(), detail },
            AudioEvent::Check(event) => EventKind::SoundTest(audio::sound_test(event)),
        };
        self.groups.add(vec![Effect::Event(Box::new(kind))]);
    }

    fn timer(&mut self) {
        self.rates.sample_if_due(&self.groups.ports.media);
        let now = self.clock.now();
        if self.core.next_timer_ms().is_some_and(|at| at <= now.mono_ms) {
            self.timer_not_before = Instant::now() + Duration::from_millis(1);
            self.feed(Input::Timer);
        }
    }

    fn stop(&mut self) {
        if self.stop_at.is_none() {
            tracing::info!("stopping");
            self.stop_at = Some(Instant::now() + Duration::from_millis(limits::STOP_SIGNALS_MS));
            self.groups.ports.board.stop();
            self.feed(Input::Shutdown);
        }
    }

    fn feed(&mut self, input: Input) {
        let effects = self.core.handle(input, self.clock.now(), &mut UnwrapErr(SysRng));
        self.groups.add(effects);
    }

    /// Carries out what is not waiting for the disk; what fails at once goes back to the core.
    fn carry_out(&mut self) {
        let mut echoes = VecDeque::new();
        loop {
            let now = self.clock.now();
            self.groups.carry_out(&self.core, now.unix_ms, &mut self.rates, &mut echoes);
            match echoes.pop_front() {
                Some(input) => self.feed(input),
                None => break,
            }
        }
    }

    /// Closes what is still open; every link holds sockets and a task until it says `Closed`.
    async fn release<N>(mut self, inboxes: &mut Inboxes<N>) {
        self.groups.ports.media.close_all();
        let until = Instant::now() + Duration::from_millis(limits::STOP_LINKS_MS);
        while self.groups.ports.media.open_links() > 0 {
            match tokio::time::timeout_at(until, inboxes.links.recv()).await {
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => break,
            }
        }
    }
}

async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// A frontend that left meanwhile needs no answer.
fn reply(answer: Answer, result: Result<Reply, ControlError>) {
    if answer.send(result).is_err() {
        tracing::debug!("a frontend left before its answer");
    }
}
