//! The ends of links.

use ahoy_media::simple_webrtc::engine::{
    AudioPacket, CloseReason, DescriptionKind, EngineError, LinkEvent, PacketSink, Role,
};
use bytes::Bytes;
use tokio::sync::mpsc;

use crate::pair::{Ear, Pair, Who, frame, within};
use crate::signals::nowhere;

pub(crate) async fn a_remote_close_is_noticed(mut pair: Pair) {
    pair.connect(1).await;
    pair.a.engine.close(pair.a.link(1));
    assert_eq!(pair.b.closed(1).await, LinkEvent::Closed(CloseReason::Remote));
    assert_eq!(pair.b.engine.open_links(), 0);
    assert_eq!(pair.b.engine.send_audio(pair.b.link(1), frame(0)), Err(EngineError::NoSuchLink));
}

pub(crate) async fn a_local_close_releases_everything(mut pair: Pair) {
    pair.connect(1).await;
    pair.a.engine.close(pair.a.link(1));
    pair.a.engine.close(pair.a.link(1));
    assert_eq!(pair.a.engine.open_links(), 1, "it is not released before it says so");
    assert_eq!(pair.a.closed(1).await, LinkEvent::Closed(CloseReason::Local));
    assert_eq!(pair.a.engine.open_links(), 0);
    pair.a.engine.close(pair.a.link(1));
    assert_eq!(pair.a.engine.stats(pair.a.link(1)), Err(EngineError::NoSuchLink));
    // Nothing comes after it: the next event is of another link.
    pair.a.open(2, Role::Offerer);
    assert_eq!(pair.a.event().await.0, pair.a.link(2));
}

pub(crate) async fn closing_is_possible_at_every_stage(mut pair: Pair) {
    // Before anything; with the offer out; with the answer out; with candidates under way.
    for (n, stage) in (1..).zip(0..5) {
        pair.open(n);
        let mut steps = 0;
        while steps < stage {
            let (who, link, event) = pair.next().await;
            pair.other(who).take(link, &event);
            steps += 1;
        }
        pair.a.engine.close(pair.a.link(n));
        pair.b.engine.close(pair.b.link(n));
        for side in [&mut pair.a, &mut pair.b] {
            assert_eq!(side.closed(n).await, LinkEvent::Closed(CloseReason::Local), "after {stage} signals");
            assert_eq!(side.engine.open_links(), 0);
        }
    }
}

pub(crate) async fn a_closing_link_takes_no_more(mut pair: Pair) {
    pair.connect(1).await;
    let (engine, link) = (&pair.a.engine, pair.a.link(1));
    engine.close(link);
    let ending = |result: Result<(), EngineError>| {
        assert!(matches!(result, Err(EngineError::WrongState { state: "ending", .. })), "{result:?}");
    };
    ending(engine.send_audio(link, frame(0)));
    ending(engine.send_ctl(link, Bytes::from_static(b"12345678")));
    ending(engine.restart(link, 1));
    ending(engine.apply(link, DescriptionKind::Answer, 0, String::new()));
    // Late signals are no fault of the caller's.
    assert_eq!(engine.add_candidate(link, 0, nowhere(9)), Ok(()));
    assert_eq!(engine.end_of_candidates(link, 0), Ok(()));
    pair.a.closed(1).await;
}

pub(crate) async fn fifty_immediate_reconnects(mut pair: Pair) {
    for n in 1..=50 {
        pair.connect(n).await;
        pair.talk(n, 960).await;
        // The next link begins while this one is still going.
        pair.a.engine.close(pair.a.link(n));
    }
    while pair.a.engine.open_links() + pair.b.engine.open_links() > 0 {
        pair.next().await;
    }
}

/// A sink with a defect.
struct Defect;

impl PacketSink for Defect {
    fn packet(&mut self, _packet: AudioPacket) {
        panic!("a defect of the sink, made by this test");
    }
}

pub(crate) async fn a_panic_in_a_sink_ends_that_link_only(mut pair: Pair) {
    pair.connect(1).await;
    pair.a.open(2, Role::Offerer);
    pair.b.engine.open(pair.b.spec(2, Role::Answerer, Box::new(Defect))).expect("a new link");
    pair.until_open(2).await;
    pair.a.engine.send_audio(pair.a.link(2), frame(0)).expect("connected");
    let LinkEvent::Closed(CloseReason::Failed(why)) = pair.b.closed(2).await else { panic!("it must fail") };
    assert!(why.contains("internal error"), "{why}");
    assert_eq!(pair.a.closed(2).await, LinkEvent::Closed(CloseReason::Remote));
    pair.talk(1, 960).await;
}

pub(crate) async fn all_links_may_close_at_once(mut pair: Pair) {
    for n in 1..=3 {
        pair.connect(n).await;
    }
    for n in 1..=3 {
        pair.a.engine.close(pair.a.link(n));
    }
    let mut ends = Vec::new();
    pair.carry(|who, n, event| {
        if let LinkEvent::Closed(reason) = event {
            ends.push((who, n, reason.clone()));
        }
        ends.len() == 6
    })
    .await;
    for (who, _, reason) in ends {
        assert_eq!(reason, if who == Who::A { CloseReason::Local } else { CloseReason::Remote });
    }
}

pub(crate) async fn a_dropped_engine_closes_its_links(mut pair: Pair) {
    for n in 1..=3 {
        pair.connect(n).await;
    }
    drop(pair.a);
    for _ in 1..=3 {
        let remote = |event: &LinkEvent| *event == LinkEvent::Closed(CloseReason::Remote);
        let closed = async { while !pair.b.events.recv().await.is_some_and(|(_, event)| remote(&event)) {} };
        within("a remote close", closed).await;
    }
    let (ear, _heard) = mpsc::channel(1);
    pair.b.engine.open(pair.b.spec(9, Role::Answerer, Box::new(Ear(ear)))).expect("this engine lives");
}
