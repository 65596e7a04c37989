//! Carrying out effects: in order, group by group, each group after its own store commands are on the disk.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use ahoy_protocol::control::{ControlError, ErrorKind, EventKind, Reply, SubscribedReply};
use ahoy_protocol::core::effect::{Effect, MediaCommand, NetCommand, StoreCommand, Table};
use ahoy_protocol::core::input::Input;
use ahoy_protocol::ids::{CallId, Ticket};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::machine::Machine;
use super::media::Media;
use super::notes;
use super::reply;
use super::stats::{self, Rates};
use crate::control::{Answer, Board, Hub};
use crate::limits;
use crate::pipes::Pipes;
use crate::player::Player;
use crate::store::{Committed, Store, StoreError};

/// Where effects go. All of them return at once.
pub struct Ports {
    /// To the network.
    pub network: mpsc::Sender<NetCommand>,
    /// To links and sound.
    pub media: Media,
    /// Plays messages that somebody left.
    pub player: Player,
    /// Pipelines over what is said and heard.
    pub pipes: Pipes,
    /// To the store.
    pub store: Arc<Store>,
    /// To all frontends.
    pub hub: Hub,
    /// What `status` shows.
    pub board: Arc<Board>,
}

/// Who waits for an answer of the core.
pub(super) enum Waiting {
    /// A frontend, for just this answer.
    Frontend(Answer),
    /// A frontend, for the state and the number of its event.
    Snapshot(Answer),
    /// A frontend, for figures; the core answers with its calls.
    Stats {
        /// Which call; none: the only one.
        call: Option<CallId>,
        /// Where the answer goes.
        answer: Answer,
    },
}

impl Waiting {
    fn into_answer(self) -> Answer {
        match self {
            Self::Frontend(answer) | Self::Snapshot(answer) | Self::Stats { answer, .. } => answer,
        }
    }
}

/// The effects of one input.
struct Group {
    effects: Vec<Effect>,
    /// Number of its store group while that is not on the disk.
    waits_for: Option<u64>,
    /// Why its rows could not be written: nothing may be acknowledged.
    unwritten: Option<StoreError>,
    /// It has rows that must be durable before anything is acknowledged (history alone is not).
    binding: bool,
}

/// Groups of effects in the order of their inputs.
pub(super) struct Groups {
    pub(super) ports: Ports,
    queue: VecDeque<Group>,
    submitted: u64,
    next_ticket: u64,
    waiting: HashMap<Ticket, Waiting>,
    dropped: u64,
    /// Where we listen, as text: the pure core has only the bytes.
    pub(super) listening: Vec<String>,
}

impl Groups {
    pub(super) fn new(ports: Ports) -> Self {
        let (queue, waiting) = (VecDeque::new(), HashMap::new());
        Self { ports, queue, submitted: 0, next_ticket: 1, waiting, dropped: 0, listening: Vec::new() }
    }

    /// There is room for the effects of another input.
    pub(super) fn room(&self) -> bool {
        self.queue.len() < limits::WAITING_GROUPS / 2
    }

    /// Groups that wait for the disk, and questions that wait for the core.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len() + self.waiting.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Gives out a ticket for an answer; none (and the frontend is told) if too many wait.
    pub(super) fn wait(&mut self, waiting: Waiting) -> Option<Ticket> {
        if self.waiting.len() >= limits::TICKETS {
            let hint = "wait for earlier answers";
            let error = ControlError::new(ErrorKind::LimitReached, "too many questions wait for an answer", hint);
            reply(waiting.into_answer(), Err(error));
            return None;
        }
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.waiting.insert(ticket, waiting);
        Some(ticket)
    }

    /// Takes the effects of an input; its store commands are on their way from now on.
    pub(super) fn add(&mut self, all: Vec<Effect>) {
        if all.is_empty() {
            return;
        }
        let mut effects = Vec::with_capacity(all.len());
        let mut rows = Vec::new();
        for effect in all {
            match effect {
                Effect::Store(command) => rows.push(command),
                Effect::Net(_) | Effect::Media(_) | Effect::Reply { .. } | Effect::Event(_) => effects.push(effect),
            }
        }
        let binding = rows.iter().any(|row| match row {
            StoreCommand::Put { table, .. } | StoreCommand::Delete { table, .. } => table.binds(),
            StoreCommand::ForgetHistory => true,
            StoreCommand::History(_) => false,
        });
        let waits =
            binding || rows.iter().any(|row| matches!(row, StoreCommand::History(_))) || is_sworn(&rows, &effects);
        let mut group = Group { effects, waits_for: None, unwritten: None, binding };
        if !rows.is_empty() {
            self.submitted += 1;
            match self.ports.store.submit(self.submitted, rows) {
                Ok(()) => group.waits_for = waits.then_some(self.submitted),
                Err(error) => {
                    tracing::error!(%error, "rows are lost");
                    group.unwritten = Some(StoreError::Busy);
                }
            }
        }
        self.queue.push_back(group);
    }

    /// The store has done every group up to a number.
    pub(super) fn committed(&mut self, committed: &Committed, at_ms: u64) {
        for group in &mut self.queue {
            if group.waits_for.is_some_and(|number| number <= committed.up_to) {
                group.waits_for = None;
                group.unwritten.clone_from(&committed.failed);
            }
        }
        if let Some(error) = &committed.failed {
            let hint = format!("{error} (until then what needs a record is refused)");
            self.ports.hub.publish(at_ms, EventKind::Warning { about: "store_failed".into(), hint });
        }
    }

    /// Carries out every group up to the first that waits for the disk.
    pub(super) fn carry_out<M: Machine>(
        &mut self,
        core: &M,
        at_ms: u64,
        rates: &mut Rates,
        echoes: &mut VecDeque<Input>,
    ) {
        while let Some(group) = self.queue.pop_front() {
            if group.waits_for.is_some() {
                self.queue.push_front(group);
                self.sound_at_once(rates, echoes);
                break;
            }
            let refused = group.unwritten.filter(|_| group.binding);
            for effect in group.effects {
                self.one(effect, refused.as_ref(), core, at_ms, rates, echoes);
            }
        }
    }

    /// Sound doesn't wait for what is only told: a mute is heard before it is on the disk, and answered after.
    fn sound_at_once(&mut self, rates: &mut Rates, echoes: &mut VecDeque<Input>) {
        let Self { queue, ports, .. } = self;
        for group in queue.iter_mut().take_while(|group| !group.binding || group.waits_for.is_none()) {
            for effect in std::mem::take(&mut group.effects) {
                match effect {
                    Effect::Media(command) => echoes.extend(ports.media.command(command, rates)),
                    Effect::Net(_) | Effect::Reply { .. } | Effect::Event(_) | Effect::Store(_) => {
                        group.effects.push(effect);
                    }
                }
            }
        }
    }

    fn one<M: Machine>(
        &mut self,
        effect: Effect,
        refused: Option<&StoreError>,
        core: &M,
        at_ms: u64,
        rates: &mut Rates,
        echoes: &mut VecDeque<Input>,
    ) {
        match effect {
            Effect::Net(command) => self.network(command, refused.is_some()),
            Effect::Media(command) => echoes.extend(self.ports.media.command(command, rates)),
            Effect::Reply { ticket, result } => {
                let mut result = *result;
                if let (Ok(_), Some(error)) = (&result, refused) {
                    result = Err(unwritten(error));
                    echoes.push_back(Input::Unwritten { ticket });
                }
                self.answer(ticket, result, core, rates);
            }
            Effect::Event(kind) => {
                notes::tell(&kind);
                self.ports.media.ring(&kind);
                self.ports.player.see(&kind);
                self.ports.pipes.see(&kind);
                self.ports.hub.publish(at_ms, *kind);
            }
            // Sorted out when the group was taken.
            Effect::Store(_) => tracing::error!("a store command came too late"),
        }
    }

    /// What acknowledges something may leave only if it is written down; the rest always may.
    fn network(&mut self, command: NetCommand, refused: bool) {
        let acknowledges = match command {
            NetCommand::Publish { .. } | NetCommand::AnswerPrekey { .. } | NetCommand::AnswerVoicemail { .. } => true,
            NetCommand::Subscribe(_)
            | NetCommand::Unsubscribe(_)
            | NetCommand::Verdict { .. }
            | NetCommand::Connect { .. }
            | NetCommand::Redial { .. }
            | NetCommand::Probe
            | NetCommand::Gossip { .. }
            | NetCommand::AskVoicemail { .. }
            | NetCommand::RequestPrekey { .. } => false,
        };
        if refused && acknowledges {
            return;
        }
        if let NetCommand::AnswerVoicemail { ticket, sound: Some(sound), .. } = command {
            let network = self.ports.network.clone();
            let send = move |read: Result<Option<Vec<u8>>, StoreError>| {
                let answer = NetCommand::AnswerVoicemail { ticket, answer: read.ok().flatten(), sound: None };
                if network.try_send(answer).is_err() {
                    tracing::warn!("a message is not sent now: the network takes nothing more");
                }
            };
            return self.ports.store.read_sound(sound, Box::new(send));
        }
        match self.ports.network.try_send(command) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                self.dropped += 1;
                tracing::warn!(dropped = self.dropped, "the network's queue is full: a command is lost");
            }
            Err(TrySendError::Closed(_)) => tracing::debug!("the network is gone: a command is lost"),
        }
    }

    fn answer<M: Machine>(&mut self, ticket: Ticket, result: Result<Reply, ControlError>, core: &M, rates: &Rates) {
        match self.waiting.remove(&ticket) {
            None => tracing::error!("the core answered a question twice, or one that nobody asked"),
            Some(Waiting::Frontend(answer)) => {
                reply(answer, result.map(|found| stats::account(found, &self.listening)))
            }
            Some(Waiting::Snapshot(answer)) => {
                // As of the events that are out: groups are carried out in order, and so was this one.
                let result = result.and_then(|found| stats::snapshot(found, &self.ports.board));
                let seq = self.ports.hub.newest();
                let subscribed = |snapshot| Reply::Subscribed(SubscribedReply { seq, snapshot: Some(snapshot) });
                reply(answer, result.map(subscribed));
            }
            Some(Waiting::Stats { call, answer }) => {
                let links = core.links();
                let found = result.and_then(|calls| stats::stats(calls, call, &links, &self.ports.media, rates));
                reply(answer, found);
            }
        }
    }
}

/// Somebody is told that the microphone is muted, or no longer: after a kill a joined call must be as was said.
fn is_sworn(rows: &[StoreCommand], effects: &[Effect]) -> bool {
    let joined = |row: &StoreCommand| match row {
        StoreCommand::Put { table, .. } | StoreCommand::Delete { table, .. } => *table == Table::Joined,
        StoreCommand::History(_) | StoreCommand::ForgetHistory => false,
    };
    rows.iter().any(joined) && effects.iter().any(|effect| matches!(effect, Effect::Media(MediaCommand::Mute { .. })))
}

fn unwritten(error: &StoreError) -> ControlError {
    ControlError::new(ErrorKind::NoResources, format!("it could not be written down: {error}"), error.hint())
}
