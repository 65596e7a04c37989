//! Each call once, the newest of them, page by page.

use ahoy_protocol::control::{Direction, HistoryReply, Reply};
use ahoy_protocol::ids::CallId;
use tokio::sync::oneshot;

use super::*;
use crate::store::Page;

/// A page of what a store holds.
pub(super) fn page(store: &Store, before: Option<CallId>, limit: usize) -> HistoryReply {
    let (answer, mut wait) = oneshot::channel();
    store.list_history(Page { before, limit }, answer);
    answered(&mut wait)
}

fn answered(wait: &mut oneshot::Receiver<Result<Reply, ahoy_protocol::control::ControlError>>) -> HistoryReply {
    loop {
        match wait.try_recv() {
            Ok(Ok(Reply::History(reply))) => return reply,
            Ok(other) => panic!("{other:?}"),
            Err(oneshot::error::TryRecvError::Empty) => std::thread::yield_now(),
            Err(oneshot::error::TryRecvError::Closed) => panic!("no answer came"),
        }
    }
}

fn started(page: &HistoryReply) -> Vec<u64> {
    page.calls.iter().map(|call| call.started_at_ms).collect()
}

#[test]
fn the_history_is_bounded_and_the_oldest_go() {
    let place = Place::new();
    let (store, _, mut committed) = place.open().unwrap();
    let total = limits::HISTORY_ENTRIES + 5;
    store.submit(1, (0..total).map(history).collect()).unwrap();
    wait(&mut committed, 1);
    let kept = page(&store, None, usize::MAX);
    assert_eq!((kept.calls.len() as u64, kept.more), (limits::HISTORY_ENTRIES, false));
    assert_eq!((kept.calls[0].started_at_ms, kept.calls.last().unwrap().started_at_ms), (total - 1, 5));
    store.close();
}

#[test]
fn pages_follow_each_other_newest_first_by_the_time_of_the_offer() {
    let place = Place::new();
    let (store, ..) = place.open().unwrap();
    // The third was told last, and is older than all others.
    store.submit(1, [10, 30, 20, 5].into_iter().map(history).collect()).unwrap();
    let first = page(&store, None, 2);
    assert_eq!((started(&first), first.more), (vec![30, 20], true));
    let last = data_encoding::HEXLOWER.decode(first.calls[1].call.as_bytes()).unwrap();
    let before = Some(CallId(last.try_into().unwrap()));
    // What comes meanwhile moves nothing.
    store.submit(2, vec![history(40)]).unwrap();
    let second = page(&store, before, 2);
    assert_eq!((started(&second), second.more), (vec![10, 5], false));
    assert_eq!(started(&page(&store, Some(CallId([9; 16])), 2)), Vec::<u64>::new());
    let call = &first.calls[0];
    assert_eq!((call.direction, call.missed, call.reason.as_str()), (Direction::In, true, "no_answer"));
    assert!(call.roster[0].account.starts_with("ahoy1"), "{call:?}");
    assert_eq!((call.accepted_at_ms, call.ended_at_ms), (None, Some(31)));
    store.close();
}

#[test]
fn a_call_is_in_the_history_once_whatever_is_told_of_it() {
    let place = Place::new();
    let (store, ..) = place.open().unwrap();
    let told = [line([1; 16], 7, true), history(8), line([1; 16], 7, false), line([1; 16], 7, true)];
    store.submit(1, told.to_vec()).unwrap();
    let all = page(&store, None, 10);
    assert_eq!(started(&all), [8, 7]);
    assert!(!all.calls[1].missed, "a call that was not missed stays so");
    store.close();
}

#[test]
fn who_calls_all_the_time_does_not_push_others_out_of_the_history() {
    let place = Place::new();
    let (store, _, mut committed) = place.open().unwrap();
    let of = |caller: u8, n: u64| {
        let StoreCommand::History(mut entry) = history(n) else { panic!("a line") };
        entry.roster = vec![ahoy_protocol::ids::AccountId([caller; 32])];
        StoreCommand::History(entry)
    };
    let others = limits::HISTORY_ENTRIES - limits::HISTORY_MISSED_OF_ONE as u64;
    let mut told: Vec<_> = (0..others).map(|n| of(1 + u8::try_from(n % 50).unwrap(), n)).collect();
    let hers = limits::HISTORY_MISSED_OF_ONE as u64 + 20;
    told.extend((0..hers).map(|n| of(99, others + n)));
    store.submit(1, told).unwrap();
    wait(&mut committed, 1);
    let kept = page(&store, None, usize::MAX);
    assert_eq!(kept.calls.len() as u64, limits::HISTORY_ENTRIES);
    assert_eq!(kept.calls.iter().filter(|call| call.started_at_ms < others).count() as u64, others);
    assert_eq!(kept.calls[0].started_at_ms, others + hers - 1, "her newest are there");
    store.close();
}

#[test]
fn a_caller_that_names_its_call_like_another_one_changes_nothing_of_that() {
    let place = Place::new();
    let (store, ..) = place.open().unwrap();
    let StoreCommand::History(mut ours) = line([1; 16], 7, false) else { panic!("a line") };
    ours.incoming = false;
    store.submit(1, vec![StoreCommand::History(ours), line([1; 16], 9, false)]).unwrap();
    assert_eq!(started(&page(&store, None, 10)), [9, 7]);
    store.close();
}

#[test]
fn a_cleared_history_is_empty_also_after_a_restart_and_takes_calls_again() {
    let place = Place::new();
    let (store, ..) = place.open().unwrap();
    store.submit(1, vec![history(1), history(2)]).unwrap();
    let (answer, mut cleared) = oneshot::channel();
    store.clear_history(answer);
    assert_eq!(page(&store, None, 10).calls.len(), 0);
    assert!(cleared.try_recv().unwrap().is_ok());
    store.close();
    let (store, ..) = place.open().unwrap();
    store.submit(1, vec![history(1)]).unwrap();
    assert_eq!(started(&page(&store, None, 10)), [1]);
    store.close();
}
