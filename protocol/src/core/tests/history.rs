//! What history is told of calls: each once, also by a daemon that was killed in one; and missed calls told on return.

use std::collections::{BTreeMap, BTreeSet};

use super::calls::{accept, active, hang_up, offer};
use super::contacts::acquainted;
use crate::control::{ContactCommand, EventKind};
use crate::core::effect::{Effect, StoreCommand, Table};
use crate::core::input::Command;
use crate::ids::CallId;
use crate::limits::{JOURNAL_EVERY_MS, NOTES_A_CONTACT};
use crate::sim::world::{START_UNIX_MS, World};
use crate::wire::bodies::Reason;

/// A row of a store.
type Row = (Table, Vec<u8>, Vec<u8>);

const DAY_MS: u64 = 24 * 3_600_000;

/// Rows of a table.
fn rows(world: &World, n: usize, table: Table) -> usize {
    world.nodes[n].rows.keys().filter(|(of, _)| *of == table).count()
}

/// Ada has called Ben, who was not there; when it was offered, Unix ms.
fn missed_while_away() -> (World, u64) {
    let mut world = acquainted(&["Ada", "Ben"]);
    world.kill(1);
    world.pass(5_000);
    let offered_ms = START_UNIX_MS + world.now_ms;
    offer(&mut world, 0, "Ben");
    world.pass(60_000);
    assert_eq!(world.reason(0).as_deref(), Some("unreachable"));
    (world, offered_ms)
}

/// When the missed calls that a node's frontends were told of were offered.
fn told(world: &World, n: usize) -> Vec<u64> {
    let started_ms = |event: &EventKind| {
        let EventKind::MissedCall { started_at_ms, .. } = event else { return None };
        Some(*started_at_ms)
    };
    world.nodes[n].events.iter().filter_map(started_ms).collect()
}

#[test]
fn a_call_missed_while_away_is_told_once_on_return_with_its_time() {
    let (mut world, offered_ms) = missed_while_away();
    world.pass(3 * DAY_MS);
    world.restart(1, "Ben");
    world.pass(400_000);
    assert_eq!(told(&world, 1), [offered_ms]);
    let [line] = &world.nodes[1].lines[..] else { panic!("{:?}", world.nodes[1].lines) };
    assert!(line.missed && line.incoming && line.accepted_ms.is_none());
    assert_eq!((line.started_ms, line.ended_ms, line.reason), (offered_ms, None, Reason::NoAnswer));
    assert_eq!(rows(&world, 0, Table::Notes), 0, "what was told is not kept");
    // Nor again, whoever starts anew.
    world.restart(0, "Ada");
    world.pass(400_000);
    world.restart(1, "Ben");
    world.pass(400_000);
    assert_eq!((told(&world, 1).len(), world.nodes[1].history), (1, 1));
}

#[test]
fn the_note_of_a_missed_call_outlives_a_restart_of_the_caller() {
    let (mut world, offered_ms) = missed_while_away();
    world.restart(0, "Ada");
    world.pass(DAY_MS);
    world.restart(0, "Ada");
    world.restart(1, "Ben");
    world.pass(400_000);
    assert_eq!(told(&world, 1), [offered_ms]);
}

#[test]
fn a_missed_call_is_not_told_after_seven_days() {
    for restarts in [false, true] {
        let (mut world, _) = missed_while_away();
        world.pass(8 * DAY_MS);
        if restarts {
            world.restart(0, "Ada");
        }
        world.restart(1, "Ben");
        world.pass(400_000);
        assert_eq!(told(&world, 1).len(), 0);
        assert_eq!(rows(&world, 0, Table::Notes), 0);
    }
}

#[test]
fn a_contact_that_is_removed_is_told_of_no_missed_call() {
    let (mut world, _) = missed_while_away();
    assert_eq!(rows(&world, 0, Table::Notes), 1);
    let account = world.nodes[1].core.account().text();
    world.ask(0, Command::Contact(ContactCommand::Remove { contact: account })).unwrap();
    assert_eq!(rows(&world, 0, Table::Notes), 0);
    assert_eq!(world.nodes[0].core.session.held_now().letters, 0);
}

#[test]
fn notes_for_one_contact_are_bounded_and_the_newest_stay() {
    let (mut world, first_ms) = missed_while_away();
    for _ in 0..NOTES_A_CONTACT {
        offer(&mut world, 0, "Ben");
        world.pass(60_000);
    }
    assert_eq!(rows(&world, 0, Table::Notes), NOTES_A_CONTACT);
    world.restart(1, "Ben");
    world.pass(400_000);
    let told = told(&world, 1);
    assert_eq!(told.len(), NOTES_A_CONTACT);
    assert!(!told.contains(&first_ms));
}

#[test]
fn a_daemon_killed_while_it_rings_tells_of_the_missed_call_once_after_its_restart() {
    let mut world = acquainted(&["Ada", "Ben"]);
    offer(&mut world, 0, "Ben");
    assert_eq!((rows(&world, 0, Table::UnderWay), rows(&world, 1, Table::UnderWay)), (1, 1));
    world.restart(1, "Ben");
    world.pass(60_000);
    assert_eq!(told(&world, 1).len(), 1);
    let [line] = &world.nodes[1].lines[..] else { panic!("{:?}", world.nodes[1].lines) };
    assert!(line.missed);
    assert_eq!((line.reason, line.ended_ms), (Reason::Lost, None), "when the caller gave up is not known");
    assert_eq!(line.cause.as_ref().map(|cause| &*cause.what), Some("daemon_killed"));
    world.restart(1, "Ben");
    world.pass(60_000);
    assert_eq!((world.nodes[0].history, world.nodes[1].history), (1, 1));
    assert_eq!((rows(&world, 0, Table::UnderWay), rows(&world, 1, Table::UnderWay)), (0, 0));
}

#[test]
fn a_daemon_killed_in_a_call_tells_of_it_once_with_the_time_of_its_accept() {
    let mut world = acquainted(&["Ada", "Ben"]);
    let offered_ms = START_UNIX_MS + world.now_ms;
    offer(&mut world, 0, "Ben");
    world.pass(3_000);
    let accepted_ms = START_UNIX_MS + world.now_ms;
    accept(&mut world, 1);
    world.pass(12_000);
    let killed_ms = START_UNIX_MS + world.now_ms;
    world.kill(0);
    world.pass(70_000);
    world.restart(0, "Ada");
    let [line] = &world.nodes[0].lines[..] else { panic!("{:?}", world.nodes[0].lines) };
    assert!(!line.missed && !line.incoming);
    assert_eq!((line.started_ms, line.accepted_ms), (offered_ms, Some(accepted_ms)));
    assert_eq!(line.reason, Reason::Lost);
    assert_eq!(line.cause.as_ref().map(|cause| &*cause.what), Some("daemon_killed"));
    let on_ms = line.ended_ms.expect("the last moment at which it is known to have been on");
    assert!((killed_ms - JOURNAL_EVERY_MS..=killed_ms).contains(&on_ms), "{on_ms} {killed_ms}");
    world.restart(0, "Ada");
    world.pass(100_000);
    assert_eq!((world.nodes[0].history, world.missed(0)), (1, 0));
}

#[test]
fn a_call_that_ended_leaves_nothing_to_tell_after_a_restart() {
    let mut world = acquainted(&["Ada", "Ben"]);
    active(&mut world);
    hang_up(&mut world, 1);
    world.pass(10_000);
    for (n, name) in [(0, "Ada"), (1, "Ben")] {
        world.restart(n, name);
        assert_eq!((world.nodes[n].history, rows(&world, n, Table::UnderWay)), (1, 0));
    }
}

/// What a store holds after each of its writes, the first of them included.
fn stores(written: &[Vec<StoreCommand>]) -> Vec<(Vec<Row>, Vec<CallId>)> {
    let (mut rows, mut history) = (BTreeMap::new(), Vec::new());
    let mut all = Vec::new();
    for group in written {
        for command in group.clone() {
            match command {
                StoreCommand::Put { table, key, value } => drop(rows.insert((table, key), value)),
                StoreCommand::Delete { table, key } => drop(rows.remove(&(table, key))),
                StoreCommand::ForgetHistory => history.clear(),
                StoreCommand::History(entry) => history.push(entry.call),
            }
        }
        let rows = rows.iter().map(|((table, key), value)| (*table, key.clone(), value.clone())).collect();
        all.push((rows, history.clone()));
    }
    all
}

#[test]
fn a_kill_after_any_write_of_the_store_leaves_a_start_that_works_and_rings_nothing() {
    let mut world = acquainted(&["Ada", "Ben"]);
    // One that is talked in, one that rings in vain, and one that nobody is there for.
    active(&mut world);
    world.pass(5_000);
    hang_up(&mut world, 1);
    world.pass(5_000);
    offer(&mut world, 0, "Ben");
    world.pass(90_000);
    world.kill(1);
    world.pass(5_000);
    offer(&mut world, 0, "Ben");
    world.pass(60_000);
    world.restart(1, "Ben");
    world.pass(400_000);
    assert_eq!((world.nodes[0].history, world.nodes[1].history), (3, 3));
    for (n, name) in [(0, "Ada"), (1, "Ben")] {
        let written = world.nodes[n].written.clone();
        assert!(written.len() > 10, "{} writes", written.len());
        for (at, (rows, mut history)) in stores(&written).into_iter().enumerate() {
            let (_, first) = world.starts(name, rows);
            for effect in &first {
                match effect {
                    Effect::Store(StoreCommand::History(entry)) => history.push(entry.call),
                    Effect::Event(event) => {
                        assert!(matches!(**event, EventKind::MissedCall { .. }), "write {at}: {event:?}");
                    }
                    Effect::Net(_) | Effect::Media(_) | Effect::Reply { .. } | Effect::Store(_) => {}
                }
                assert!(!matches!(effect, Effect::Media(_)), "write {at}: {effect:?}");
            }
            let calls: BTreeSet<CallId> = history.iter().copied().collect();
            assert_eq!(calls.len(), history.len(), "write {at}: a call is told twice");
        }
    }
}

/// Ada tells Ben of these calls, as a daemon that was changed might.
fn tell_missed(world: &mut World, started_ms: u64, calls: std::ops::Range<u8>) {
    use crate::wire::bodies::{InboxBody, Media, Missed};
    let (now, to) = (world.now(), world.device(1));
    let node = &mut world.nodes[0];
    let mut step = crate::core::step::Step::new(now, &mut node.random);
    for n in calls {
        let body = InboxBody::Missed(Missed { call: CallId([n; 16]), started_ms, media: Media::AUDIO });
        let delivery = crate::session::Delivery { receipt: true, asks_presence: false };
        node.core.send_letter(to, body, delivery, &mut step);
    }
    drop(step);
}

#[test]
fn nobody_dates_a_missed_call_into_the_far_past_or_the_future() {
    let mut world = acquainted(&["Ada", "Ben"]);
    tell_missed(&mut world, 1_000, 1..2);
    tell_missed(&mut world, u64::MAX, 2..3);
    world.pass(1_000);
    let now_ms = world.now().unix_ms;
    let told = told(&world, 1);
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|at_ms| (now_ms - 7 * DAY_MS - 5_000..=now_ms).contains(at_ms)), "{told:?}");
}

#[test]
fn a_contact_tells_of_as_many_missed_calls_as_it_may_keep_and_of_few_more_a_minute() {
    let mut world = acquainted(&["Ada", "Ben"]);
    let now_ms = world.now().unix_ms;
    tell_missed(&mut world, now_ms, 0..200);
    world.pass(1_000);
    assert_eq!(told(&world, 1).len(), NOTES_A_CONTACT);
    world.pass(60_000);
    assert!((NOTES_A_CONTACT + 4..=NOTES_A_CONTACT + 7).contains(&told(&world, 1).len()), "{}", told(&world, 1).len());
}
