//! Signals and commands in every wrong order.

use std::net::{IpAddr, Ipv4Addr};

use ahoy_media::limits::{CANDIDATES_A_GENERATION, ORDERS_A_LINK};
use ahoy_media::simple_webrtc::engine::{
    Candidate, CandidateKind, CloseReason, DescriptionKind, EngineError, LinkEvent, LinkId, Role,
};
use bytes::Bytes;

use crate::pair::{Pair, Who, frame};

/// A candidate that leads nowhere: nobody listens there, and nothing leaves loopback.
pub(crate) fn nowhere(port: u16) -> Candidate {
    let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
    Candidate { kind: CandidateKind::Host, tcp: false, ip, port, priority: 1 }
}

fn wrong<T>(result: Result<T, EngineError>) -> &'static str {
    let Err(EngineError::WrongState { state, .. }) = result else { panic!("not a wrong state") };
    state
}

pub(crate) async fn nothing_is_known_of_a_link_that_was_never_opened(pair: Pair) {
    let (engine, link) = (&pair.a.engine, LinkId(99));
    let unknown = Err(EngineError::NoSuchLink);
    assert_eq!(engine.apply(link, DescriptionKind::Offer, 0, String::new()), unknown);
    assert_eq!(engine.add_candidate(link, 0, nowhere(9)), unknown);
    assert_eq!(engine.end_of_candidates(link, 0), unknown);
    assert_eq!(engine.restart(link, 1), unknown);
    assert_eq!(engine.send_audio(link, frame(0)), unknown);
    assert_eq!(engine.send_ctl(link, Bytes::new()), unknown);
    assert_eq!(engine.stats(link), Err(EngineError::NoSuchLink));
    engine.close(link);
    assert_eq!(engine.open_links(), 0);
}

pub(crate) async fn sending_before_the_connection_is_a_wrong_state(mut pair: Pair) {
    pair.open(1);
    let (offerer, answerer) = (pair.a.link(1), pair.b.link(1));
    assert_eq!(wrong(pair.a.engine.send_audio(offerer, frame(0))), "creating offer");
    assert_eq!(wrong(pair.b.engine.send_audio(answerer, frame(0))), "idle");
    assert_eq!(wrong(pair.a.engine.send_ctl(offerer, Bytes::from_static(b"x"))), "creating offer");
    pair.carry(|who, _, event| who == Who::A && matches!(event, LinkEvent::Description { .. })).await;
    assert_eq!(wrong(pair.a.engine.send_audio(offerer, frame(0))), "waiting for the answer");
    assert_eq!(wrong(pair.b.engine.send_ctl(answerer, Bytes::from_static(b"x"))), "answering an offer");
    pair.until_open(1).await;
    pair.talk(1, 960).await;
}

pub(crate) async fn a_description_that_does_not_fit_the_role_is_a_wrong_state(mut pair: Pair) {
    pair.connect(1).await;
    let sdp = || "v=0\r\n".to_owned();
    assert_eq!(wrong(pair.a.engine.apply(pair.a.link(1), DescriptionKind::Offer, 1, sdp())), "connected");
    assert_eq!(wrong(pair.b.engine.apply(pair.b.link(1), DescriptionKind::Answer, 1, sdp())), "connected");
    pair.talk(1, 960).await;
}

pub(crate) async fn an_answer_to_an_offer_never_made_is_a_wrong_state(mut pair: Pair) {
    pair.a.open(1, Role::Offerer);
    let answer = |generation| pair.a.engine.apply(pair.a.link(1), DescriptionKind::Answer, generation, String::new());
    assert_eq!(wrong(answer(0)), "creating offer");
    assert_eq!(wrong(answer(1)), "creating offer");
    pair.a.until(1, |event| matches!(event, LinkEvent::Description { .. })).await;
    let answer = |generation| pair.a.engine.apply(pair.a.link(1), DescriptionKind::Answer, generation, String::new());
    assert_eq!(wrong(answer(1)), "waiting for the answer");
}

pub(crate) async fn candidates_may_come_before_the_description(mut pair: Pair) {
    pair.open(1);
    // All of A's signals first, backwards; then all of B's, backwards.
    for who in [Who::A, Who::B] {
        let mut said = Vec::new();
        loop {
            let (from, _, event) = pair.next().await;
            assert_eq!(from, who, "the other side cannot know anything yet");
            let last = matches!(event, LinkEvent::EndOfCandidates { .. });
            said.push(event);
            if last {
                break;
            }
        }
        assert!(said.len() >= 3);
        for event in said.iter().rev() {
            pair.other(who).take(1, event);
        }
    }
    pair.until_open(1).await;
    pair.talk(1, 960).await;
}

pub(crate) async fn repeated_and_reordered_signals_change_nothing(mut pair: Pair) {
    pair.open(1);
    let mut said = Vec::new();
    let mut open = 0;
    while open < 2 {
        let (who, n, event) = pair.next().await;
        // Each signal comes three times, and everything said before it comes again after it.
        for _ in 0..3 {
            pair.other(who).take(n, &event);
        }
        open += u32::from(event == LinkEvent::CtlOpen);
        said.push((who, event));
        for (who, event) in &said {
            pair.other(*who).take(n, event);
        }
    }
    for (who, event) in said.iter().rev() {
        pair.other(*who).take(1, event);
    }
    pair.talk(1, 960).await;
    // Not one description or candidate more than at first was caused by all that.
    let descriptions = said.iter().filter(|(_, event)| matches!(event, LinkEvent::Description { .. })).count();
    assert_eq!(descriptions, 2);
}

pub(crate) async fn the_twenty_first_candidate_is_refused(mut pair: Pair) {
    pair.b.open(1, Role::Answerer);
    let add = |n: usize| pair.b.engine.add_candidate(pair.b.link(1), 0, nowhere(10_000 + n as u16));
    for n in 0..CANDIDATES_A_GENERATION {
        assert_eq!(add(n), Ok(()));
    }
    assert_eq!(add(CANDIDATES_A_GENERATION), Err(EngineError::Limit("20 candidates a generation")));
    assert_eq!(add(3), Ok(()), "one that is known already is no twenty-first");
    // The next generation starts from nothing.
    assert_eq!(pair.b.engine.add_candidate(pair.b.link(1), 1, nowhere(9)), Ok(()));
}

pub(crate) async fn a_full_order_queue_is_told(mut pair: Pair) {
    pair.connect(1).await;
    let send = || pair.a.engine.send_ctl(pair.a.link(1), Bytes::from_static(b"12345678"));
    // The engine shares this thread and gets no turn between these.
    for _ in 0..ORDERS_A_LINK {
        assert_eq!(send(), Ok(()));
    }
    assert_eq!(send(), Err(EngineError::QueueFull));
    assert_eq!(pair.a.engine.restart(pair.a.link(1), 1), Err(EngineError::QueueFull));
    pair.b.until(1, |event| matches!(event, LinkEvent::Ctl(_))).await;
    // The refused restart has left no trace.
    assert_eq!(pair.a.engine.restart(pair.a.link(1), 1), Ok(()));
}

pub(crate) async fn a_description_that_is_none_ends_the_link(mut pair: Pair) {
    pair.b.open(1, Role::Answerer);
    pair.b.engine.apply(pair.b.link(1), DescriptionKind::Offer, 0, "v=0\r\ns=-\r\n".to_owned()).expect("an open link");
    let LinkEvent::Closed(CloseReason::Failed(why)) = pair.b.closed(1).await else { panic!("it must fail") };
    assert!(why.contains("description"), "{why}");
    assert_eq!(pair.b.engine.open_links(), 0);
}
