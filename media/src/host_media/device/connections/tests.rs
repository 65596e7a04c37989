//! The store, with connections that count themselves.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;

/// A server that counts who is connected to it.
#[derive(Default)]
struct Server {
    made: AtomicUsize,
    open: AtomicUsize,
    gone: AtomicBool,
}

struct Client<'a> {
    server: &'a Server,
    served: bool,
}

impl Server {
    fn client(&self, served: bool) -> Option<Client<'_>> {
        self.made.fetch_add(1, Ordering::Relaxed);
        self.open.fetch_add(1, Ordering::Relaxed);
        Some(Client { server: self, served })
    }

    /// Connections ever made, and open now.
    fn counts(&self) -> (usize, usize) {
        (self.made.load(Ordering::Relaxed), self.open.load(Ordering::Relaxed))
    }
}

impl Connection for Client<'_> {
    fn is_served(&self) -> bool {
        self.served
    }

    fn answers(&self) -> bool {
        !self.server.gone.load(Ordering::Relaxed)
    }
}

impl Drop for Client<'_> {
    fn drop(&mut self) {
        self.server.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[test]
fn questions_and_streams_one_after_the_other_use_one_connection() {
    let (server, store) = (Server::default(), Store::new());
    let new = || server.client(true);
    for _ in 0..10 {
        assert_eq!(store.ask("a", new, |_| 7), Ok(7));
        let stream = store.connect("a", new).unwrap();
        store.keep("a", stream);
    }
    assert_eq!(server.counts(), (1, 1));
    let streams = [store.connect("a", new), store.connect("a", new)];
    assert_eq!(store.ask("a", new, |_| ()), Ok(()));
    assert_eq!(server.counts(), (3, 3), "streams that run have theirs for themselves");
    streams.into_iter().flatten().for_each(|stream| store.keep("a", stream));
    assert_eq!(store.ask("b", || server.client(true), |_| ()), Ok(()));
    assert_eq!(server.counts(), (4, 4), "another system has others");
}

#[test]
fn no_more_are_kept_than_are_used_at_a_time() {
    let (server, store) = (Server::default(), Store::new());
    let many: Vec<_> = (0..KEPT_CONNECTIONS + 5).filter_map(|_| store.connect("a", || server.client(true))).collect();
    many.into_iter().for_each(|stream| store.keep("a", stream));
    assert_eq!(server.counts().1, KEPT_CONNECTIONS);
}

#[test]
fn what_has_no_server_is_not_kept() {
    let (server, store) = (Server::default(), Store::new());
    assert_eq!(store.ask("a", || server.client(false), |_| ()), Ok(()));
    store.keep("a", server.client(false).unwrap());
    assert_eq!(server.counts(), (2, 0));
}

#[test]
fn connections_of_a_server_that_has_ended_are_left_and_new_ones_made() {
    let (server, other, store) = (Server::default(), Server::default(), Store::new());
    let streams: Vec<_> = (0..3).filter_map(|_| store.connect("a", || server.client(true))).collect();
    streams.into_iter().for_each(|stream| store.keep("a", stream));
    server.gone.store(true, Ordering::Relaxed);
    assert_eq!(store.ask("a", || other.client(true), |client| std::ptr::eq(client.server, &other)), Ok(true));
    assert_eq!((server.counts().1, other.counts().1), (0, 1));
    assert_eq!(store.ask("c", || None::<Client<'_>>, |_| ()), Err(Silent::Absent));
}

#[test]
fn while_a_question_is_not_answered_the_next_is_told_so_and_a_stream_is_not_held_up() {
    let (server, store) = (Server::default(), Store::new());
    let new = || server.client(true);
    let told = store.ask("a", new, |_| {
        let stream = store.connect("a", new).unwrap();
        store.keep("a", stream);
        (store.ask("a", new, |_| ()), store.ask("b", new, |_| ()))
    });
    assert_eq!(told, Ok((Err(Silent::Busy), Ok(()))));
    assert_eq!(store.ask("a", new, |_| ()), Ok(()), "answered by now");
}

#[test]
fn a_question_that_panics_gives_the_turn_back() {
    let (server, store) = (Server::default(), Store::new());
    let ask = std::panic::AssertUnwindSafe(|| store.ask("a", || server.client(true), |_| panic!("a defect")));
    assert!(std::panic::catch_unwind(ask).is_err());
    assert_eq!(store.ask("a", || server.client(true), |_| ()), Ok(()));
}
