//! The whole of a device as one pure state machine: account, contacts, sessions and calls.
//!
//! ```text
//!  Sealed ──> inbound (checks) ──> letters ──┐
//!  Net ─────> network, acquaint ─────────────┤
//!  Command ─> commands ──────────────────────┼──> CallCore ──> carry out ──> Effects
//!  Link ────> links (doors) ─────────────────┤        ^             │
//!  Timer ───> timers ────────────────────────┘        └── sessions <┘
//! ```

mod acquaint;
mod asking;
mod attempts;
mod beyond;
mod carry_out;
mod commands;
mod contact_commands;
mod counts;
mod devices;
mod dialing;
pub mod effect;
mod guests;
mod hand_off;
mod inboxes;
pub mod input;
mod journal;
mod knowledge;
mod ledger;
mod letters;
mod linking;
mod links;
mod names;
mod network;
mod notes;
mod peers;
mod presence;
mod questions;
mod reconnect;
mod recording;
mod requests;
mod revocation;
mod rotation;
mod settings;
mod signals;
mod sound;
mod step;
mod strangers;
mod sync;
mod timers;
mod under_way;
mod undo;
pub(crate) mod voicemail;

use std::collections::{BTreeMap, VecDeque};

use rand_core::CryptoRng;

pub use crate::call::Times;
pub use counts::Counted;
pub use ledger::ContactRate;
pub use names::Who;

use crate::account::{Contacts, Own, Strangers};
use crate::call::CallCore;
use crate::call::effect::HistoryEntry;
use crate::call::signal::CallInput;
use crate::ids::{AccountId, CallId, DeviceId, Now};
use crate::inbound::Refusals;
use crate::session::{Session, SessionTimes};
use effect::{Effect, StoreCommand, Table};
use input::{Input, LinkOf};
use step::Step;

/// What the core starts with.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Rows of all tables as they were put, in any order.
    pub rows: Vec<(Table, Vec<u8>, Vec<u8>)>,
    /// Our name, 1..64 bytes; none: as stored, at first `ahoy-` and six letters.
    pub name: Option<String>,
    /// Time limits.
    pub times: Times,
    /// A second call hears `busy` while we are in one; otherwise it rings.
    pub busy_in_call: bool,
    /// What becomes of the question whether somebody may record us.
    pub recording: crate::control::RecordPolicy,
    /// How much is taken of each contact.
    pub contact_rate: ContactRate,
    /// We listen on loopback, so loopback addresses of contacts may be dialled and used.
    pub loopback: bool,
    /// Calls don't ring here until a frontend says otherwise.
    pub do_not_disturb: bool,
}

/// Stored rows that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// A row that this version cannot read.
    #[error("the store's {0} cannot be read: it is damaged, or of a newer version")]
    Row(&'static str),
}

/// The core of a device.
pub struct Core {
    own: Own,
    contacts: Contacts,
    strangers: Strangers,
    /// What was turned away lately.
    attempts: attempts::Attempts,
    presences: presence::Presences,
    /// Contacts as frontends were told of them last.
    shown: BTreeMap<AccountId, crate::control::Contact>,
    /// Where we listen, binary multiaddrs.
    addresses: Vec<Vec<u8>>,
    loopback: bool,
    reach_ms: u64,
    peers: peers::Peers,
    dialing: dialing::Dialing,
    asking: asking::Asking,
    guests: guests::Guests,
    inboxes: inboxes::Inboxes,
    ledger: ledger::Ledger,
    links: links::Links,
    /// What presences on their way to devices say.
    tellings: BTreeMap<DeviceId, [u8; 32]>,
    /// When presences went out in the last minute, monotonic ms, and whose devices they went to.
    told_at_ms: Vec<(u64, AccountId)>,
    /// When those who still lack ours are told, monotonic ms.
    tell_again_ms: Option<u64>,
    /// Stored rows of call ids, oldest first.
    seen_rows: VecDeque<(u64, CallId)>,
    undo: undo::Undo,
    /// Calls that the store knows as not ended.
    under_way: under_way::UnderWay,
    /// Joined calls as the store has them.
    journal: journal::Journal,
    /// Missed calls that others are still to be told of.
    notes: notes::Notes,
    /// Messages left after calls that nobody answered.
    voicemail: voicemail::Voicemail,
    linking: linking::Linking,
    changes: sync::Changes,
    sets_asked: devices::SetsAsked,
    revocation: revocation::Revocation,
    session: Session,
    calls: CallCore,
    refusals: Refusals,
    /// When Unix times are looked at next, monotonic ms.
    look_at_ms: u64,
    /// When the last input came.
    now: Now,
    stopping: bool,
}

impl Core {
    /// Makes the core out of what the store kept; without an account row it makes an account and
    /// a device. The effects must be carried out before anything else.
    ///
    /// # Errors
    /// [`SetupError`] if a stored row cannot be used.
    pub fn new(setup: Setup, now: Now, rng: &mut dyn CryptoRng) -> Result<(Core, Vec<Effect>), SetupError> {
        let rows = |table: Table| setup.rows.iter().filter(move |(of, ..)| *of == table);
        let stored = rows(Table::Account).next();
        let mut own = match stored {
            Some((_, _, row)) => Own::from_row(row),
            None => Own::make(setup.name.clone(), now.unix_s(), rng),
        }
        .map_err(|_| SetupError::Row("account"))?;
        // A store of an earlier version has a record that doesn't say what this one can do.
        let changed = own.say_features() | setup.name.as_deref().is_some_and(|name| own.rename(name));
        let mut contacts = Contacts::from_rows(rows(Table::Contacts).map(|(_, _, row)| row.as_slice()))
            .map_err(|_| SetupError::Row("list of contacts"))?;
        contacts.hide(own.account());
        let mut calls = CallCore::new(own.account(), own.device(), setup.times.clone());
        calls.set_quiet(setup.do_not_disturb);
        calls.set_rules(setup.busy_in_call, setup.recording);
        let mut seen_rows = Vec::new();
        for (_, key, value) in rows(Table::SeenCalls) {
            let (call, account, unix_ms) = read_seen(key, value).ok_or(SetupError::Row("list of past calls"))?;
            calls.remember(call, account, unix_ms);
            seen_rows.push((unix_ms, call));
        }
        seen_rows.sort_unstable();
        let LeftOver { cut_off, joined, notes, voicemail, changes, strangers } = LeftOver::read(&setup.rows)?;
        let core = Core {
            inboxes: inboxes::Inboxes::new(own.inboxes()),
            session: Session::new(SessionTimes { reach_ms: setup.times.reach_ms, confirm_ms: setup.times.confirm_ms }),
            reach_ms: setup.times.reach_ms,
            loopback: setup.loopback,
            own,
            contacts,
            strangers,
            attempts: attempts::Attempts::default(),
            presences: presence::Presences::new(setup.do_not_disturb),
            calls,
            shown: BTreeMap::new(),
            addresses: Vec::new(),
            peers: peers::Peers::default(),
            dialing: dialing::Dialing::default(),
            asking: asking::Asking::default(),
            guests: guests::Guests::default(),
            ledger: ledger::Ledger::new(setup.contact_rate),
            links: links::Links::default(),
            tellings: BTreeMap::new(),
            seen_rows: seen_rows.into(),
            undo: undo::Undo::default(),
            under_way: under_way::UnderWay::default(),
            journal: journal::Journal::default(),
            notes,
            voicemail,
            linking: linking::Linking::default(),
            changes,
            sets_asked: devices::SetsAsked::default(),
            revocation: revocation::Revocation::default(),
            told_at_ms: Vec::new(),
            tell_again_ms: None,
            refusals: Refusals::default(),
            look_at_ms: 0,
            now,
            stopping: false,
        };
        Ok(core.begun(stored.is_none() || changed, (cut_off, joined), now, rng))
    }

    /// The first effects: what is new is stored, topics are held, contacts are looked for.
    fn begun(
        mut self,
        store: bool,
        (cut_off, joined): (Vec<HistoryEntry>, Vec<journal::Row>),
        now: Now,
        rng: &mut dyn CryptoRng,
    ) -> (Core, Vec<Effect>) {
        let mut step = Step::new(now, rng);
        if store {
            step.store(StoreCommand::Put { table: Table::Account, key: Vec::new(), value: self.own.row() });
        }
        let joined = self.tell_cut_off(cut_off, joined, &mut step);
        self.daily(&mut step);
        self.take_up_notes(&mut step);
        self.changes.bring_back(now.unix_ms);
        let devices: Vec<_> = self.contacts.iter().flat_map(|contact| contact.devices.keys().copied()).collect();
        let policies: Vec<_> = self.contacts.iter().map(|contact| (contact.account, contact.policy)).collect();
        for (account, policy) in policies {
            self.calls.set_policy(account, network::policy_of(policy));
        }
        let own_devices = self.devices_of(&self.own.account());
        for device in devices.into_iter().chain(own_devices) {
            self.welcome(device, &mut step);
        }
        self.rejoin(joined, &mut step);
        self.spread_set(&mut step);
        let out = step.out;
        (self, out)
    }

    /// Takes an input and says what shall be done, in order.
    pub fn handle(&mut self, input: Input, now: Now, rng: &mut dyn CryptoRng) -> Vec<Effect> {
        let mut step = Step::new(now, rng);
        let slept = self.slept(now);
        self.now = now;
        if slept {
            self.wake(&mut step);
        }
        self.ledger.at(now.mono_ms);
        match input {
            Input::Sealed { topic, data, message } => self.sealed(topic, &data, message, &mut step),
            Input::Command { ticket, client, command } => {
                step.client = Some(client);
                self.command(ticket, command, &mut step);
            }
            Input::Net(event) => self.net_event(event, &mut step),
            Input::Link { link, event } => self.link_event(link, event, &mut step),
            Input::Ctl { link, message } => self.ctl_message(link, &message, &mut step),
            Input::Recorded { frame_ms, packets } => self.recorded(frame_ms, packets, &mut step),
            Input::Recording { number, event } => step.calls.push_back(CallInput::Recording { number, event }),
            Input::Sound { present } => self.sound_changed(present, &mut step),
            Input::Timer => self.timers(&mut step),
            Input::Unwritten { ticket } => self.take_back(ticket, &mut step),
            Input::Shutdown => {
                self.end_of_recording(&mut step);
                self.stopping = true;
                step.calls.push_back(CallInput::Shutdown);
            }
        }
        self.run_calls(&mut step);
        self.keep_under_way(&mut step);
        self.keep_journal(&mut step);
        self.look_at_ourselves(&mut step);
        self.go_on_linking(&mut step);
        self.reconnect(&mut step);
        if !self.stopping {
            self.reach_out(&mut step);
        }
        step.out
    }

    /// Feeds the call core, and sends what it wants sent, until neither has more to say.
    fn run_calls(&mut self, step: &mut Step<'_>) {
        let mut effects = Vec::new();
        loop {
            while let Some(input) = step.calls.pop_front() {
                // What follows from the question alone was done by whoever asked.
                step.by_client = matches!(input, CallInput::Command { .. });
                self.calls.handle(input, step.now, step.rng, &mut effects);
                for effect in effects.drain(..) {
                    self.carry_out(effect, step);
                }
            }
            self.session(step, |session, cx| session.flush(cx));
            if step.calls.is_empty() {
                break;
            }
        }
    }

    /// Our device's private Ed25519 key: libp2p's identity.
    #[must_use]
    pub fn device_key(&self) -> ahoy_crypto::Secret {
        self.own.device_seed()
    }

    /// Our account.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.own.account()
    }

    /// Our device.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.own.device()
    }

    /// Every open link, for stats and metrics.
    #[must_use]
    pub fn links(&self) -> Vec<LinkOf> {
        self.links.iter().map(|(link, call, device)| LinkOf { call, device, link }).collect()
    }

    /// Number of calls that are not ended.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.live_calls()
    }

    /// How often each check has refused something.
    #[must_use]
    pub fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// Nothing is left to be told to anybody: a stopping daemon may go.
    #[must_use]
    pub fn drained(&self) -> bool {
        self.calls.drained() && self.session.is_settled()
    }
}

/// What a daemon before us left to be done.
struct LeftOver {
    cut_off: Vec<HistoryEntry>,
    joined: Vec<journal::Row>,
    notes: notes::Notes,
    voicemail: voicemail::Voicemail,
    changes: sync::Changes,
    strangers: Strangers,
}

impl LeftOver {
    fn read(stored: &[(Table, Vec<u8>, Vec<u8>)]) -> Result<Self, SetupError> {
        let rows =
            |table: Table| stored.iter().filter(move |(of, ..)| *of == table).map(|(_, key, row)| (&**key, &**row));
        let damaged = |what| move |_| SetupError::Row(what);
        let cut_off: Result<Vec<_>, _> = rows(Table::UnderWay).map(|(key, row)| under_way::read(key, row)).collect();
        let joined: Result<Vec<_>, _> = rows(Table::Joined).map(|(key, row)| journal::read(key, row)).collect();
        Ok(Self {
            cut_off: cut_off.map_err(damaged("list of calls under way"))?,
            joined: joined.map_err(damaged("list of calls joined"))?,
            notes: notes::Notes::from_rows(rows(Table::Notes)).map_err(damaged("list of missed calls to be told"))?,
            voicemail: voicemail::Voicemail::from_rows(rows(Table::Voicemail))
                .map_err(damaged("list of messages left after calls"))?,
            changes: sync::Changes::from_rows(rows(Table::Changes)).map_err(damaged("list of changed contacts"))?,
            strangers: Strangers::from_rows(rows(Table::Strangers).map(|(_, row)| row))
                .map_err(damaged("list of strangers"))?,
        })
    }
}

/// A row of `SeenCalls`: when it was heard of, and whose it is.
fn read_seen(key: &[u8], value: &[u8]) -> Option<(CallId, AccountId, u64)> {
    let call = CallId(key.try_into().ok()?);
    let (at_ms, account) = value.split_first_chunk::<8>()?;
    Some((call, AccountId(account.try_into().ok()?), u64::from_be_bytes(*at_ms)))
}

#[cfg(test)]
pub(crate) mod tests;
