//! A hostile contact: bodies damaged inside of valid encryption, in all states of a device, and what refused them.

use std::collections::BTreeMap;

use ahoy_crypto::{Check, prekey};

use super::super::calls::{active, hang_up};
use super::super::contacts::acquainted;
use super::mallory::{Mallory, Talk, card_inbox, contact_inbox};
use super::{BEN, bodies, directed, refused, shapes, throw};
use crate::call::signal::LinkEvent;
use crate::control::{CallCommand, ContactCommand, InCall};
use crate::core::input::{Command, Input, NetEvent, NetTicket};
use crate::ids::CallId;
use crate::inbound::Refusals;
use crate::sim::dice::{Dice, size};
use crate::sim::world::World;
use crate::topic::Topic;
use crate::wire::bodies::InboxBody;
use crate::wire::card::Card;
use crate::wire::codec::AnyKind;

/// Damaged bodies, unless `AHOY_HOSTILE_BODIES` says otherwise (a release run: 10^6).
const BODIES: usize = 100_000;
/// Bodies after which the call is in the next state.
const STATE_BODIES: usize = 1_000;
/// Checks that nothing a peer sends can reach now. docs/validation.md says why.
const OUT_OF_REACH: [Check; 4] = [Check::ACCOUNT_TEXT, Check::EPOCH_ORDER, Check::EPOCH_CONTENT, Check::EPOCH_ROSTER];

/// How often each check has refused something.
#[derive(Default)]
pub(super) struct Tally(BTreeMap<Check, u64>);

impl Tally {
    pub(super) fn add(&mut self, check: Check) {
        *self.0.entry(check).or_default() += 1;
    }

    pub(super) fn of(&mut self, refusals: &Refusals) {
        for (check, count) in refusals.iter().filter(|(_, count)| *count > 0) {
            *self.0.entry(check).or_default() += count;
        }
    }
}

/// How Mallory stands to Ben.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No call; she goes on with the last one.
    Idle,
    /// Her offer is answered, her confirm is missing.
    Reached,
    /// Her call rings.
    Ringing,
    /// Ben has answered it; Ada is on hold.
    InCall,
}

/// Mallory at work. Ben has a call with Ada all the time.
struct Attack {
    world: World,
    mallory: Mallory,
    talk: Option<Talk>,
    dice: Dice,
    tally: Tally,
    sent: BTreeMap<&'static str, usize>,
}

impl Attack {
    fn new(dice: Dice) -> Attack {
        let mut world = acquainted(&["Ada", "Ben"]);
        active(&mut world);
        let mallory = Mallory::new("Mallory");
        mallory.befriend(&mut world);
        Attack { world, mallory, talk: None, dice, tally: Tally::default(), sent: BTreeMap::new() }
    }

    fn enter(&mut self, state: State) {
        // Whatever is left of the last call runs out first.
        if let Some(talk) = &self.talk {
            let over = CallCommand::HangUp { call: Some(talk.call) };
            self.world.input(
                BEN,
                Input::Command { ticket: crate::ids::Ticket(0), client: String::new(), command: Command::Call(over) },
            );
        }
        self.world.pass(6_000);
        self.world.published.clear();
        match state {
            State::Idle => {}
            State::Reached => self.talk = Some(self.mallory.reach(&mut self.world)),
            State::Ringing => self.talk = Some(self.mallory.ring(&mut self.world)),
            State::InCall => {
                let mut talk = self.mallory.ring(&mut self.world);
                let accept = CallCommand::Accept { call: Some(talk.call), in_call: InCall::Hold };
                self.world.ask(BEN, Command::Call(accept)).unwrap();
                connect(&mut self.world, &self.mallory, &mut talk);
                self.talk = Some(talk);
            }
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.sent.entry(what).or_default() += 1;
    }

    fn pair(&mut self) {
        let Some(talk) = &mut self.talk else { return self.letter() };
        let good = shapes::pair(&self.mallory, &self.world.nodes[BEN].core, &mut self.dice);
        let plain = shapes::plain(talk.msg, &good, &mut self.dice);
        let next = plain.get(1..5) == Some(&talk.msg.to_be_bytes()[..]);
        let frame = talk.seal(&plain);
        let before = refused(&self.world);
        let topic = talk.mailbox.topic;
        self.world.deliver(BEN, BEN, topic, frame);
        self.world.run();
        if next && plain.first() != Some(&0) && refused(&self.world) == before {
            talk.msg += 1;
        }
        self.count("pair frames");
    }

    fn call(&mut self) {
        let Some(talk) = &mut self.talk else { return self.letter() };
        let all = bodies::call_bodies(&self.mallory, talk, &self.world.nodes[BEN].core);
        // A leave ends it; the others are enough.
        let body = &all[self.dice.below(all.len() - 1)];
        let mut cbor = body.encode().unwrap().to_vec();
        shapes::damage(&mut cbor, &mut self.dice);
        let kind = if self.dice.once_in(20) { self.dice.below(7) as u8 } else { body.kind() };
        let frame = self.mallory.call_frame(talk, kind, &cbor);
        let topic = Topic(talk.keys.call_topic());
        self.world.deliver(BEN, BEN, topic, frame);
        self.world.run();
        self.count("call frames");
    }

    fn letter(&mut self) {
        let (now, dice) = (self.world.now(), &mut self.dice);
        let ben = &self.world.nodes[BEN].core;
        let call = CallId([dice.below(4) as u8; 16]);
        let mut all = bodies::letters(&self.mallory, ben, call);
        all.push(InboxBody::Offer(shapes::offer(self.mallory.offer(ben), dice)));
        let body = &all[dice.below(all.len())];
        let mut cbor = body.encode().map_or_else(|_| vec![0xa0], |cbor| cbor.to_vec());
        if !dice.once_in(4) {
            shapes::damage(&mut cbor, dice);
        }
        let flags = if dice.once_in(20) { dice.below(4) as u8 } else { 0 };
        let mut payload = self.mallory.payload((body.kind(), flags), now.unix_ms, &cbor);
        if dice.once_in(4) {
            shapes::damage_head(&mut payload, dice);
        }
        let at = if dice.once_in(5) { card_inbox(ben, now.unix_s()) } else { contact_inbox(ben, now.unix_s()) };
        let (_, data) = self.mallory.seal(ben, &at, &payload);
        throw_and_run(&mut self.world, at.topic, data);
        self.count("envelopes");
    }

    fn control(&mut self) {
        let links = self.world.nodes[BEN].core.links();
        let device = self.mallory.device_id();
        let Some(link) = links.iter().find(|link| link.device == device) else { return self.pair() };
        let (link, message) = (link.link, shapes::control(&mut self.dice));
        self.world.input(BEN, Input::Ctl { link, message });
        self.count("ctl messages");
    }

    fn prekeys(&mut self) {
        let mut answer = prekey::answer(&self.mallory.record, &self.mallory.set);
        shapes::damage(&mut answer, &mut self.dice);
        self.mallory.answer_prekey(&mut self.world, answer);
        let mut request = vec![0; 33];
        self.dice.fill(&mut request);
        let event = NetEvent::PrekeyRequest { device: self.mallory.device_id(), request, ticket: NetTicket(0) };
        self.world.input(BEN, Input::Net(event));
        let mut request = vec![0; 17 + 48 * self.dice.below(2)];
        self.dice.fill(&mut request);
        let event = NetEvent::VoicemailRequest { device: self.mallory.device_id(), request, ticket: NetTicket(0) };
        self.world.input(BEN, Input::Net(event));
        self.count("prekey answers and requests");
    }

    fn card(&mut self) {
        let mut text = self.mallory.card().to_text().unwrap().into_bytes();
        shapes::damage(&mut text, &mut self.dice);
        let card = String::from_utf8_lossy(&text).into_owned();
        // What is pasted may have blanks around it.
        let parsed = Card::parse(card.trim());
        if let Err(check) = &parsed {
            self.tally.add(*check);
        }
        let add = Command::Contact(ContactCommand::Add { card, name: None });
        let refused = self.world.ask(BEN, add).is_err();
        assert!(refused || parsed.is_ok());
        self.count("cards");
    }

    fn round(&mut self) {
        match self.dice.below(100) {
            0..82 => self.pair(),
            82..87 => self.call(),
            87..93 => self.control(),
            93..96 => self.letter(),
            96..98 => self.prekeys(),
            _ => self.card(),
        }
    }
}

/// Hands over a message and lets the world come to rest.
fn throw_and_run(world: &mut World, topic: Topic, data: Vec<u8>) {
    world.deliver(BEN, BEN, topic, data);
    world.run();
}

/// Ben's media engine says that the link with Mallory is up.
pub(super) fn connect(world: &mut World, mallory: &Mallory, talk: &mut Talk) {
    let description = bodies::pair_bodies(mallory, &world.nodes[BEN].core).remove(0);
    let frame = talk.pair(&description);
    talk.msg += 1;
    throw_and_run(world, talk.mailbox.topic, frame);
    let links = world.nodes[BEN].core.links();
    let link = links.iter().find(|link| link.device == mallory.device_id()).expect("Ben has a link with her").link;
    for event in [LinkEvent::Connected, LinkEvent::CtlOpen, LinkEvent::FirstAudio] {
        world.input(BEN, Input::Link { link, event });
    }
}

#[test]
fn bodies_damaged_inside_of_valid_encryption_are_refused_and_every_check_within_reach_is_hit() {
    let dice = Dice::from_environment();
    let bodies = size("AHOY_HOSTILE_BODIES", BODIES);
    let mut attack = Attack::new(dice);
    let states = [State::Reached, State::InCall, State::Idle, State::Ringing, State::InCall];
    let mut largest = 0;
    for round in 0..bodies {
        if round % STATE_BODIES == 0 {
            attack.enter(states[round / STATE_BODIES % states.len()]);
        }
        if round % 100 == 0 {
            // The budgets of a second come back; Ben's messages to her are acknowledged.
            attack.world.pass(1_000);
            if let Some(talk) = &mut attack.talk {
                let mut plain = Talk::plain(0, 0, &[]);
                plain[5..9].copy_from_slice(&(1 + (round / 100 % 60) as u32).to_be_bytes());
                let frame = talk.seal(&plain);
                throw(&mut attack.world, talk.mailbox.topic, frame);
            }
            largest = largest.max(attack.world.nodes[BEN].core.entries());
        }
        attack.round();
    }
    attack.sent.iter().for_each(|(what, count)| println!("{what}: {count}"));
    println!("all: {bodies}; entries kept at most: {largest}");
    assert!(largest < 10_000, "{largest} entries in the core's own maps");
    attack.enter(State::Idle);
    hang_up(&mut attack.world, 0);
    assert_eq!(attack.world.reason(BEN).as_deref(), Some("hung_up"), "Ada's call lived");
    let Attack { world, mut tally, .. } = attack;
    tally.of(world.nodes[BEN].core.refusals());
    println!("by damage alone, {} of {} checks", tally.0.len(), Check::ALL.len());
    directed::every_check(&mut tally);
    for check in Check::ALL {
        println!("{check}: {}", tally.0.get(check).copied().unwrap_or(0));
    }
    for check in Check::ALL {
        let hit = tally.0.contains_key(check);
        assert_eq!(hit, !OUT_OF_REACH.contains(check), "{check}");
    }
}
