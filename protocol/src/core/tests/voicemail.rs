//! Messages left after calls that nobody answered: brought when both meet, whole, once, to contacts only.

use super::calls::{accept, active, hang_up, offer};
use super::contacts::{acquainted, introduce};
use super::world::World;
use crate::control::{ContactCommand, EventKind, Reply};
use crate::core::effect::{Effect, NetCommand, Table};
use crate::core::input::{Command, Input, NetEvent, NetTicket, VoicemailCommand};
use crate::ids::DeviceId;
use crate::limits::{
    VOICEMAIL_FETCHES_A_DEVICE, VOICEMAIL_MS, VOICEMAIL_WINDOW_MS, VOICEMAILS_GOT_A_CONTACT, VOICEMAILS_OWED_A_DEVICE,
};
use crate::wire::voicemail::{Announce, Message, Request};

const DAY_MS: u64 = 24 * 3_600_000;

impl World {
    /// What a node's tape has after a recording: ten seconds.
    fn packets() -> Vec<Vec<u8>> {
        (0..500_u32).map(|n| n.to_be_bytes().to_vec()).collect()
    }

    /// A stream to a connected node.
    pub(crate) fn ask_voicemail(&mut self, n: usize, device: DeviceId, request: Vec<u8>) {
        let fetched = matches!(Request::read(&request), Ok(Request::Fetch(_)));
        let ticket = NetTicket(u64::try_from(2 * n + usize::from(fetched)).unwrap());
        let own = self.device(n);
        match (0..self.nodes.len()).find(|other| self.device(*other) == device && self.gossip(n, *other)) {
            Some(other) => {
                let event = NetEvent::VoicemailRequest { device: own, request, ticket };
                self.inbox.push_back((other, Input::Net(event)));
            }
            None => {
                let event = NetEvent::Voicemail { device, fetched, answer: None };
                self.inbox.push_back((n, Input::Net(event)));
            }
        }
    }

    pub(crate) fn answer_voicemail(&mut self, n: usize, ticket: NetTicket, answer: Option<Vec<u8>>) {
        let (to, fetched) = (usize::try_from(ticket.0 / 2).unwrap(), ticket.0 % 2 == 1);
        let answer = answer.filter(|_| !self.cut);
        self.inbox.push_back((to, Input::Net(NetEvent::Voicemail { device: self.device(n), fetched, answer })));
    }

    pub(crate) fn sound(&self, n: usize, key: Vec<u8>) -> Option<Vec<u8>> {
        self.nodes[n].rows.get(&(Table::Sounds, key)).cloned()
    }

    pub(crate) fn record(&mut self, n: usize, on: bool) {
        if !on {
            self.inbox.push_back((n, Input::Recorded { frame_ms: 20, packets: Self::packets() }));
        }
    }
}

fn voicemail(world: &mut World, n: usize, command: VoicemailCommand) -> bool {
    world.ask(n, Command::Voicemail(command)).is_ok()
}

/// Calls that a node has messages of, with their lengths.
fn left(world: &mut World, n: usize) -> Vec<(String, u32)> {
    let Ok(Reply::Voicemails(reply)) = world.ask(n, Command::Voicemail(VoicemailCommand::List)) else { panic!() };
    reply.voicemails.into_iter().map(|info| (info.call, info.duration_ms)).collect()
}

fn leave_message(world: &mut World) -> String {
    let call = offer(world, 0, "Ben");
    world.pass(90_000);
    assert!(voicemail(world, 0, VoicemailCommand::Record { call: None }));
    world.pass(10_000);
    assert!(voicemail(world, 0, VoicemailCommand::Send));
    call
}

fn told(world: &World, n: usize) -> usize {
    world.nodes[n].events.iter().filter(|event| matches!(event, EventKind::Voicemail { .. })).count()
}

/// Ada has left a message for Ben, who was away.
fn left_while_away() -> (World, String) {
    let mut world = acquainted(&["Ada", "Ben"]);
    world.kill(1);
    world.pass(5_000);
    let call = leave_message(&mut world);
    (world, call)
}

fn rows(world: &World, n: usize) -> usize {
    let of_messages = |table: &Table| matches!(table, Table::Voicemail | Table::Sounds);
    world.nodes[n].rows.keys().filter(|(table, _)| of_messages(table)).count()
}

#[test]
fn a_message_left_while_away_is_brought_on_return_also_after_a_restart_of_the_caller() {
    for restarts in [false, true] {
        let (mut world, call) = left_while_away();
        world.pass(2 * DAY_MS);
        if restarts {
            world.restart(0, "Ada");
        }
        world.restart(1, "Ben");
        world.pass(400_000);
        assert_eq!(left(&mut world, 1), [(call.clone(), 10_000)]);
        assert_eq!((told(&world, 1), world.missed(1), world.nodes[1].history), (1, 1, 1));
        let sound = world.nodes[1].rows.iter().find(|((table, _), _)| *table == Table::Sounds).unwrap().1;
        assert_eq!(Message::read(sound).unwrap().packets, World::packets());
        assert_eq!(rows(&world, 0), 0, "what was brought is not kept");
        world.restart(1, "Ben");
        world.pass(400_000);
        assert_eq!((left(&mut world, 1).len(), told(&world, 1)), (1, 1));
    }
}

#[test]
fn a_message_for_a_device_that_rang_in_vain_is_brought_at_once() {
    let mut world = acquainted(&["Ada", "Ben"]);
    let call = leave_message(&mut world);
    assert_eq!(left(&mut world, 1), [(call, 10_000)]);
    assert_eq!((world.missed(1), world.nodes[1].history), (1, 1));
}

#[test]
fn a_message_that_breaks_off_is_not_there_and_comes_whole_later() {
    let mut world = acquainted(&["Ada", "Ben"]);
    world.cut = true;
    let call = leave_message(&mut world);
    world.pass(10_000);
    assert_eq!((left(&mut world, 1).len(), rows(&world, 1)), (0, 0));
    world.cut = false;
    world.pass(1_200_000);
    assert_eq!(left(&mut world, 1), [(call, 10_000)]);
}

#[test]
fn no_message_is_kept_after_seven_days_or_for_who_is_no_contact_any_more() {
    let (mut world, _) = left_while_away();
    assert_eq!(rows(&world, 0), 2);
    world.pass(8 * DAY_MS);
    assert_eq!(rows(&world, 0), 0);
    let (mut world, _) = left_while_away();
    let contact = world.nodes[1].core.account().text();
    world.ask(0, Command::Contact(ContactCommand::Remove { contact })).unwrap();
    assert_eq!(rows(&world, 0), 0);
}

#[test]
fn a_message_can_be_left_only_for_a_call_that_nobody_answered() {
    let mut world = acquainted(&["Ada", "Ben"]);
    assert!(!voicemail(&mut world, 0, VoicemailCommand::Record { call: None }));
    active(&mut world);
    assert!(!voicemail(&mut world, 0, VoicemailCommand::Record { call: None }), "the microphone is in use");
    hang_up(&mut world, 0);
    world.pass(10_000);
    assert!(!voicemail(&mut world, 0, VoicemailCommand::Record { call: None }));
    assert!(!voicemail(&mut world, 0, VoicemailCommand::Send));
}

#[test]
fn whoever_gave_up_while_it_rang_may_leave_a_message_and_who_declined_an_own_call_may_not() {
    let mut world = acquainted(&["Ada", "Ben"]);
    let call = offer(&mut world, 0, "Ben");
    world.pass(5_000);
    hang_up(&mut world, 0);
    world.pass(10_000);
    assert_eq!(world.reason(0).as_deref(), Some("cancelled"));
    assert!(voicemail(&mut world, 0, VoicemailCommand::Record { call: None }));
    world.pass(10_000);
    assert!(voicemail(&mut world, 0, VoicemailCommand::Send));
    assert_eq!(left(&mut world, 1), [(call, 10_000)]);
    assert_eq!((world.missed(1), world.nodes[1].history), (1, 1), "of a call that was missed, once");
    offer(&mut world, 1, "Ada");
    super::calls::command(&mut world, 0, crate::control::CallCommand::Decline { call: None });
    world.pass(10_000);
    assert!(!voicemail(&mut world, 0, VoicemailCommand::Record { call: None }));
    assert!(!voicemail(&mut world, 1, VoicemailCommand::Record { call: None }), "declined");
}

#[test]
fn a_message_is_fetched_a_few_times_an_hour_and_no_more() {
    let (mut world, call) = left_while_away();
    let call = crate::ids::CallId(data_encoding::HEXLOWER.decode(call.as_bytes()).unwrap().try_into().unwrap());
    let device = world.device(1);
    let fetched = |world: &mut World| {
        let (now, node) = (world.now(), &mut world.nodes[0]);
        let request = Request::Fetch(call).bytes();
        let event = NetEvent::VoicemailRequest { device, request, ticket: NetTicket(7) };
        !is_silent(&node.core.handle(Input::Net(event), now, &mut node.random))
    };
    let given = (0..1_000).filter(|_| fetched(&mut world)).count();
    assert_eq!(given, VOICEMAIL_FETCHES_A_DEVICE);
    world.pass(VOICEMAIL_WINDOW_MS);
    assert!(fetched(&mut world));
}

#[test]
fn a_recording_ends_after_two_minutes_and_when_a_call_gets_the_microphone_and_a_cancelled_one_goes_nowhere() {
    let mut world = acquainted(&["Ada", "Ben"]);
    let record = |world: &mut World| {
        offer(world, 0, "Ben");
        world.pass(90_000);
        assert!(voicemail(world, 0, VoicemailCommand::Record { call: None }));
    };
    record(&mut world);
    world.pass(u64::from(VOICEMAIL_MS) - 1_000);
    assert_eq!(left(&mut world, 1).len(), 0);
    world.pass(2_000);
    assert_eq!(left(&mut world, 1).len(), 1);
    record(&mut world);
    offer(&mut world, 1, "Ada");
    accept(&mut world, 0);
    assert_eq!(left(&mut world, 1).len(), 2);
    assert!(world.nodes[0].microphone);
    hang_up(&mut world, 0);
    world.pass(10_000);
    record(&mut world);
    assert!(voicemail(&mut world, 0, VoicemailCommand::Cancel));
    world.pass(1_200_000);
    assert_eq!(left(&mut world, 1).len(), 2);
}

#[test]
fn messages_are_bounded_on_both_sides_and_the_newest_stay() {
    let (mut world, first) = left_while_away();
    for _ in 0..VOICEMAILS_OWED_A_DEVICE {
        leave_message(&mut world);
    }
    assert_eq!(rows(&world, 0), 2 * VOICEMAILS_OWED_A_DEVICE);
    world.restart(1, "Ben");
    world.pass(400_000);
    let calls = left(&mut world, 1);
    assert_eq!(calls.len(), VOICEMAILS_OWED_A_DEVICE);
    assert!(!calls.iter().any(|(call, _)| *call == first));
    for _ in 0..VOICEMAILS_GOT_A_CONTACT {
        leave_message(&mut world);
        world.pass(VOICEMAIL_WINDOW_MS);
    }
    assert_eq!((left(&mut world, 1).len(), rows(&world, 1)), (VOICEMAILS_GOT_A_CONTACT, 2 * VOICEMAILS_GOT_A_CONTACT));
    // Within an hour no more come than are kept: the rest waits at the caller.
    let before = left(&mut world, 1);
    for _ in 0..VOICEMAILS_GOT_A_CONTACT + 2 {
        leave_message(&mut world);
    }
    assert_eq!(rows(&world, 0), 2 * 2);
    assert!(left(&mut world, 1).iter().all(|message| !before.contains(message)));
    assert!(voicemail(&mut world, 1, VoicemailCommand::Forget));
    assert_eq!((left(&mut world, 1).len(), rows(&world, 1)), (0, 0));
}

/// What Ben does when a device asks this on a stream.
fn asked(world: &mut World, device: DeviceId, request: Vec<u8>) -> Vec<Effect> {
    let (now, node) = (world.now(), &mut world.nodes[1]);
    let event = NetEvent::VoicemailRequest { device, request, ticket: NetTicket(7) };
    node.core.handle(Input::Net(event), now, &mut node.random)
}

fn is_silent(effects: &[Effect]) -> bool {
    matches!(effects, [Effect::Net(NetCommand::AnswerVoicemail { answer: None, sound: None, .. })])
}

#[test]
fn strangers_and_who_asks_for_what_is_not_theirs_get_silence() {
    let mut world = World::new(&["Ada", "Ben", "Mallory"]);
    for (n, other) in [(0, 1), (1, 0)] {
        introduce(&mut world, n, other);
    }
    world.pass(1_000);
    let call = crate::ids::CallId([5; 16]);
    let announce = Announce { call, started_ms: 1, duration_ms: 20, bytes: 5, hash: [0; 32] };
    let stranger = world.device(2);
    for request in [Request::Announce(announce).bytes(), Request::Fetch(call).bytes(), vec![1; 65], Vec::new()] {
        assert!(is_silent(&asked(&mut world, stranger, request)));
    }
    let ada = world.device(0);
    assert!(is_silent(&asked(&mut world, ada, Request::Fetch(call).bytes())));
    // A contact's announcement is followed by a fetch; what comes then is another message: nothing is kept.
    let fetches = asked(&mut world, ada, Request::Announce(announce).bytes());
    assert!(matches!(&fetches[..], [Effect::Net(NetCommand::AskVoicemail { .. })]), "{fetches:?}");
    let answer = Some(Message { frame_ms: 20, packets: vec![vec![1]] }.bytes());
    let (now, node) = (world.now(), &mut world.nodes[1]);
    let event = NetEvent::Voicemail { device: ada, fetched: true, answer };
    assert!(is_silent(&node.core.handle(Input::Net(event), now, &mut node.random)));
    assert_eq!((rows(&world, 1), left(&mut world, 1).len()), (0, 0));
}

#[test]
fn a_daemon_that_stops_while_it_records_keeps_what_was_said() {
    let mut world = acquainted(&["Ada", "Ben"]);
    world.kill(1);
    offer(&mut world, 0, "Ben");
    world.pass(90_000);
    assert!(voicemail(&mut world, 0, VoicemailCommand::Record { call: None }));
    world.input(0, Input::Shutdown);
    assert_eq!(rows(&world, 0), 2);
}

/// A device says that it has a message after this call, and gives it when it is asked. Whether it was taken.
fn brings(world: &mut World, to: usize, device: DeviceId, call: crate::ids::CallId) -> bool {
    let message = Message { frame_ms: 20, packets: vec![vec![9]] }.bytes();
    let hash = ahoy_crypto::hash::sha256(&[&message]);
    let bytes = u32::try_from(message.len()).unwrap();
    let announce = Request::Announce(Announce { call, started_ms: 1, duration_ms: 20, bytes, hash }).bytes();
    let (now, node) = (world.now(), &mut world.nodes[to]);
    let event = NetEvent::VoicemailRequest { device, request: announce, ticket: NetTicket(2) };
    let effects = node.core.handle(Input::Net(event), now, &mut node.random);
    if is_silent(&effects) {
        return false;
    }
    world.input(to, Input::Net(NetEvent::Voicemail { device, fetched: true, answer: Some(message) }));
    true
}

fn id(call: &str) -> crate::ids::CallId {
    crate::ids::CallId(data_encoding::HEXLOWER.decode(call.as_bytes()).unwrap().try_into().unwrap())
}

#[test]
fn a_message_under_the_id_of_a_call_of_ours_takes_nothing_from_the_one_we_left() {
    let mut world = acquainted(&["Ada", "Ben"]);
    let call = offer(&mut world, 0, "Ben");
    world.pass(90_000);
    let ben = world.device(1);
    assert!(brings(&mut world, 0, ben, id(&call)));
    assert!(voicemail(&mut world, 0, VoicemailCommand::Record { call: None }));
    world.pass(10_000);
    assert!(voicemail(&mut world, 0, VoicemailCommand::Send));
    assert_eq!(left(&mut world, 1), [(call.clone(), 10_000)], "ours was brought as it is");
    assert_eq!(left(&mut world, 0), [(call.clone(), 20)]);
    let kept = world.sound(0, id(&call).0.to_vec()).expect("his is still there");
    assert_eq!(Message::read(&kept).unwrap().packets, [vec![9]]);
}

#[test]
fn a_message_under_the_id_of_another_contact_s_call_is_not_taken() {
    let mut world = acquainted(&["Ada", "Ben", "Eve"]);
    let call = offer(&mut world, 0, "Ben");
    world.pass(90_000);
    let eve = world.device(2);
    assert!(!brings(&mut world, 1, eve, id(&call)));
    assert!(voicemail(&mut world, 0, VoicemailCommand::Record { call: None }));
    world.pass(10_000);
    assert!(voicemail(&mut world, 0, VoicemailCommand::Send));
    assert_eq!(left(&mut world, 1), [(call, 10_000)]);
}
