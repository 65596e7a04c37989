//! A contact, or somebody who holds a card, who turned malicious: it can't take other people's places, make grow what is
//! kept of it, pass for somebody else, or go on after it was blocked or revoked.

use ahoy_crypto::hash::sha256;

use super::super::calls::{accept, active, offer};
use super::super::contacts::acquainted;
use super::super::linking::{enter, letters, revoke, show_code};
use super::mallory::{Mallory, contact_inbox};
use super::{BEN, throw};
use crate::account::Attempt;
use crate::control::{
    AcceptContactParams, CallState, ContactCommand, DeviceCommand, ErrorKind, EventKind, LinkingState, Reply,
    RequestContactParams,
};
use crate::core::effect::{Effect, NetCommand};
use crate::core::input::{Command, Input, NetEvent, NetTicket};
use crate::ids::{AccountId, CallId, Ticket};
use crate::limits::{
    ATTEMPTS_TOLD_A_WINDOW, DEVICES_MAX, PRESENCES_OF_ONE_A_WINDOW, RINGING_OF_ONE_MAX, STRANGERS_MAX,
};
use crate::sim::world::World;
use crate::wire::bodies::{ContactRequest, InboxBody, Presence, Receipt};
use crate::wire::card::Card;
use crate::wire::codec::AnyKind;
use crate::wire::voicemail::{Announce, Request};

const ADA: usize = 0;
/// Kind and flags of a presence that asks for ours.
const ASKS: (u8, u8) = (2, 2);

fn requests(world: &mut World, mallory: &mut Mallory, card: &Card) {
    let body = InboxBody::Request(ContactRequest { card: card.to_bytes().unwrap(), greeting: None });
    let (topic, data) = mallory.letter(world, &body);
    throw(world, topic, data);
}

fn ben(world: &mut World, command: ContactCommand) -> Result<Reply, crate::control::ControlError> {
    world.ask(BEN, Command::Contact(command))
}

/// What Ben does about an input; none of it is carried out.
fn handle(world: &mut World, input: Input) -> Vec<Effect> {
    let (now, node) = (world.now(), &mut world.nodes[BEN]);
    node.core.handle(input, now, &mut node.random)
}

fn published_by_ben(world: &World) -> usize {
    world.published.iter().filter(|(by, ..)| *by == BEN).count()
}

#[test]
fn card_after_card_brings_no_more_devices_than_an_account_has() {
    let mut world = acquainted(&["Ada", "Ben"]);
    let mut mallory = Mallory::new("Mallory");
    ben(&mut world, ContactCommand::Add { card: mallory.card().to_text().unwrap(), name: None }).unwrap();
    // She never tells her device set, so any card of hers counts.
    for _ in 0..20 {
        let mut card = mallory.card();
        card.devices.extend((1..DEVICES_MAX).map(|_| ahoy_crypto::DeviceId(*mallory.fresh().expose())));
        requests(&mut world, &mut mallory, &card);
        world.pass(10_000);
    }
    let contact = world.nodes[BEN].core.contacts.get(&mallory.account_id()).unwrap();
    assert_eq!(contact.devices.len(), DEVICES_MAX);
}

#[test]
fn an_account_id_as_a_name_does_not_get_a_request_accepted_in_its_place() {
    let mut world = World::new(&["Ada", "Ben"]);
    let mut mallory = Mallory::new("Mallory");
    let ada = world.nodes[ADA].core.account();
    let card = Card { name: ada.text(), ..mallory.card() };
    requests(&mut world, &mut mallory, &card);
    let accept = AcceptContactParams { account: ada.text(), name: Some("Ada".into()) };
    let refused = ben(&mut world, ContactCommand::Accept(accept.clone())).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::NoSuchContact);
    let card = super::super::contacts::card(&mut world, BEN);
    let asks = RequestContactParams { card, name: None, greeting: None };
    world.ask(ADA, Command::Contact(ContactCommand::Request(asks))).unwrap();
    let Reply::Contact(reply) = ben(&mut world, ContactCommand::Accept(accept)).unwrap() else { panic!() };
    assert_eq!(reply.contact.account, ada.text());
}

#[test]
fn strangers_without_number_cost_few_writes_once_the_list_is_full() {
    let mut world = acquainted(&["Ada", "Ben"]);
    for n in 0..STRANGERS_MAX {
        let n = u8::try_from(n).unwrap();
        let (account, device) = (AccountId([n; 32]), ahoy_crypto::DeviceId([n; 32]));
        world.nodes[BEN].core.strangers.attempted(account, device, Attempt::Call, 1).unwrap();
    }
    let writes: usize = (0..40)
        .map(|n| {
            let mut stranger = Mallory::new(&format!("stranger {n}"));
            let offer = InboxBody::Offer(stranger.offer(&world.nodes[BEN].core));
            let (topic, data) = stranger.letter(&world, &offer);
            throw(&mut world, topic, data).iter().filter(|effect| matches!(effect, Effect::Store(_))).count()
        })
        .sum();
    assert_eq!(writes, 2 * ATTEMPTS_TOLD_A_WINDOW);
}

#[test]
fn many_calls_of_somebody_in_a_call_do_not_keep_others_from_ringing() {
    let mut world = acquainted(&["Ada", "Ben"]);
    let mut mallory = Mallory::new("Mallory");
    mallory.befriend(&mut world);
    mallory.ring(&mut world);
    accept(&mut world, BEN);
    for _ in 0..50 {
        mallory.ring(&mut world);
    }
    world.pass(1_500);
    let calls = world.nodes[BEN].core.session.held_now().calls;
    assert!(calls <= 1 + RINGING_OF_ONE_MAX, "{calls} calls of hers take places");
    offer(&mut world, ADA, "Ben");
    let rang = |event: &&EventKind| matches!(event, EventKind::IncomingCall { from, .. } if from.name.as_deref() == Some("Ada"));
    assert_eq!(world.nodes[BEN].events.iter().filter(rang).count(), 1);
}

#[test]
fn who_asks_for_presence_all_the_time_leaves_some_to_others() {
    let mut world = acquainted(&["Ada", "Ben"]);
    let mut mallory = Mallory::new("Mallory");
    mallory.befriend(&mut world);
    let inbox = mallory.inbox(world.now().unix_s());
    mallory.subscribe(&mut world, inbox.topic);
    world.pass(60_000);
    for _ in 0..25 {
        let presence = InboxBody::Presence(Presence {
            state: 1,
            record: mallory.record.bytes().to_vec(),
            device_set: mallory.set.bytes().to_vec(),
            addresses: Vec::new(),
            contact_token: None,
            name: None,
        });
        let at = contact_inbox(&world.nodes[BEN].core, world.now().unix_s());
        let payload = mallory.payload(ASKS, world.now().unix_ms, &presence.encode().unwrap());
        let (_, data) = mallory.seal(&world.nodes[BEN].core, &at, &payload);
        world.deliver(BEN, BEN, at.topic, data);
        world.run();
        let last = world.published.iter().rev().find(|(by, topic, _)| *by == BEN && *topic == inbox.topic);
        let Some((_, _, told)) = last else { panic!("Ben tells her nothing") };
        let receipt = InboxBody::Receipt(Receipt { kind: 2, id: sha256(&[told]).to_vec() });
        let (topic, data) = mallory.letter(&world, &receipt);
        throw(&mut world, topic, data);
        world.pass(1_000);
    }
    let told = &world.nodes[BEN].core.told_at_ms;
    let to_her = told.iter().filter(|(_, to)| *to == mallory.account_id()).count();
    assert_eq!(to_her, PRESENCES_OF_ONE_A_WINDOW);
}

#[test]
fn a_device_that_is_being_linked_leaves_no_messages() {
    let mut world = acquainted(&["Ada", "Ben"]);
    world.join("fresh");
    let code = show_code(&mut world, 2, false).unwrap();
    enter(&mut world, BEN, &code, false).unwrap();
    let announce = Announce { call: CallId([7; 16]), started_ms: 1, duration_ms: 20, bytes: 5, hash: [9; 32] };
    let (device, ticket) = (world.device(2), NetTicket(77));
    let request = Request::Announce(announce).bytes();
    let effects = handle(&mut world, Input::Net(NetEvent::VoicemailRequest { device, request, ticket }));
    let fetches = |effect: &Effect| matches!(effect, Effect::Net(NetCommand::AskVoicemail { .. }));
    assert!(!effects.iter().any(fetches), "{effects:?}");
}

#[test]
fn a_device_that_is_revoked_while_it_is_linked_gets_nothing_more() {
    let mut world = acquainted(&["Ada", "Ben"]);
    world.join("fresh");
    let code = show_code(&mut world, 2, false).unwrap();
    enter(&mut world, BEN, &code, false).unwrap();
    let same = letters(&world, 2).unwrap();
    // Everything that Ben gives at first is lost on its way.
    let confirm = Command::Device(DeviceCommand::Confirm { letters: same.clone() });
    handle(&mut world, Input::Command { ticket: Ticket(1), client: "test".into(), command: confirm });
    revoke(&mut world, BEN, 2).unwrap();
    world.pass(30_000);
    let failed = |event: &&EventKind| matches!(event, EventKind::Linking { state: LinkingState::Failed, .. });
    assert_eq!(world.nodes[BEN].events.iter().filter(failed).count(), 1);
    world.ask(2, Command::Device(DeviceCommand::Confirm { letters: same })).unwrap_or(Reply::Done(Default::default()));
    world.pass(2_000);
    assert_ne!(world.nodes[2].core.account(), world.nodes[BEN].core.account());
}

#[test]
fn blocking_whoever_rings_stops_it_without_a_word() {
    let mut world = acquainted(&["Ada", "Ben"]);
    offer(&mut world, ADA, "Ben");
    let before = published_by_ben(&world);
    ben(&mut world, ContactCommand::Block { contact: "Ada".into() }).unwrap();
    assert_eq!(world.states(BEN).last(), Some(&CallState::Ended));
    world.pass(20_000);
    assert_eq!(published_by_ben(&world), before);
    assert_eq!(world.states(ADA).last(), Some(&CallState::Ended), "to her Ben is gone");
    assert_eq!(world.reason(ADA).as_deref(), Some("lost"));
}

#[test]
fn blocking_whoever_we_talk_with_ends_the_call() {
    let mut world = acquainted(&["Ada", "Ben"]);
    active(&mut world);
    ben(&mut world, ContactCommand::Block { contact: "Ada".into() }).unwrap();
    assert_eq!(world.states(BEN).last(), Some(&CallState::Ended));
    assert!(!world.nodes[BEN].microphone && world.nodes[BEN].sending.is_empty());
}

#[test]
fn a_second_message_for_a_call_is_not_fetched_while_one_comes() {
    let mut world = acquainted(&["Ada", "Ben"]);
    let mallory = Mallory::new("Mallory");
    mallory.befriend(&mut world);
    let (hers, adas) = (mallory.device_id(), world.device(ADA));
    let announce = Announce { call: CallId([7; 16]), started_ms: 1, duration_ms: 20, bytes: 5, hash: [9; 32] };
    let fetches = [hers, adas].map(|device| {
        let (request, ticket) = (Request::Announce(announce).bytes(), NetTicket(77));
        let effects = handle(&mut world, Input::Net(NetEvent::VoicemailRequest { device, request, ticket }));
        effects.iter().any(|effect| matches!(effect, Effect::Net(NetCommand::AskVoicemail { .. })))
    });
    assert_eq!(fetches, [true, false]);
}
