//! ICE restarts.

use ahoy_media::simple_webrtc::engine::{DescriptionKind, EngineError, LinkEvent};

use crate::pair::{Pair, Who};
use crate::signals::nowhere;

/// Restarts link 1 and carries the signals until A says it is up again.
async fn restart(pair: &mut Pair, generation: u32) {
    pair.a.engine.restart(pair.a.link(1), generation).expect("connected");
    let (mut resumed, mut described) = (0, Vec::new());
    pair.carry(|_, _, event| {
        if let LinkEvent::Description { kind, generation: said, .. } = event {
            assert_eq!(*said, generation);
            described.push(*kind);
        }
        if let LinkEvent::Candidate { generation: said, .. } = event {
            assert_eq!(*said, generation);
        }
        resumed += u32::from(*event == LinkEvent::Resumed);
        resumed == 2
    })
    .await;
    assert_eq!(described, [DescriptionKind::Offer, DescriptionKind::Answer]);
}

pub(crate) async fn a_restart_brings_a_new_generation_and_traffic_goes_on(mut pair: Pair) {
    pair.connect(1).await;
    pair.talk(1, 960).await;
    for generation in [1, 2, 7] {
        restart(&mut pair, generation).await;
        pair.talk(1, 960 * generation).await;
        let bytes = bytes::Bytes::from_static(b"12345678");
        pair.b.engine.send_ctl(pair.b.link(1), bytes.clone()).expect("open");
        pair.a.until(1, |event| *event == LinkEvent::Ctl(bytes.clone())).await;
    }
}

pub(crate) async fn a_restart_before_the_answer_replaces_the_offer(mut pair: Pair) {
    pair.open(1);
    // Everything of generation 0 is lost.
    pair.a.until(1, |event| matches!(event, LinkEvent::EndOfCandidates { .. })).await;
    pair.a.engine.restart(pair.a.link(1), 1).expect("waiting for the answer");
    pair.until_open(1).await;
    pair.talk(1, 960).await;
}

pub(crate) async fn only_the_offerer_restarts_and_only_forward(mut pair: Pair) {
    pair.connect(1).await;
    let wrong = |result: Result<(), EngineError>| assert!(matches!(result, Err(EngineError::WrongState { .. })));
    wrong(pair.b.engine.restart(pair.b.link(1), 1));
    wrong(pair.a.engine.restart(pair.a.link(1), 0));
    restart(&mut pair, 3).await;
    wrong(pair.a.engine.restart(pair.a.link(1), 2));
    // Asking for what is there already changes nothing.
    assert_eq!(pair.a.engine.restart(pair.a.link(1), 3), Ok(()));
    pair.talk(1, 960).await;
}

pub(crate) async fn candidates_of_an_old_generation_are_ignored(mut pair: Pair) {
    pair.connect(1).await;
    restart(&mut pair, 1).await;
    // More than a generation may have, and all of them pass for nothing.
    for port in 1..100 {
        assert_eq!(pair.b.engine.add_candidate(pair.b.link(1), 0, nowhere(port)), Ok(()));
        assert_eq!(pair.a.engine.add_candidate(pair.a.link(1), 0, nowhere(port)), Ok(()));
    }
    pair.talk(1, 960).await;
}

pub(crate) async fn candidates_of_the_next_generation_wait_for_it(mut pair: Pair) {
    pair.connect(1).await;
    pair.a.engine.restart(pair.a.link(1), 1).expect("connected");
    let mut said = Vec::new();
    while !matches!(said.last(), Some(LinkEvent::EndOfCandidates { .. })) {
        said.push(pair.a.until(1, |_| true).await);
    }
    for event in said.iter().rev() {
        pair.b.take(1, event);
    }
    let mut resumed = 0;
    pair.carry(|_, _, event| {
        resumed += u32::from(*event == LinkEvent::Resumed);
        resumed == 2
    })
    .await;
    pair.talk(1, 960).await;
}

pub(crate) async fn an_old_description_after_a_restart_changes_nothing(mut pair: Pair) {
    pair.open(1);
    let (mut old, mut open) = (Vec::new(), 0);
    pair.carry(|who, _, event| {
        if matches!(event, LinkEvent::Description { .. }) {
            old.push((who, event.clone()));
        }
        open += u32::from(*event == LinkEvent::CtlOpen);
        open == 2
    })
    .await;
    restart(&mut pair, 1).await;
    assert_eq!(old.iter().map(|(who, _)| *who).collect::<Vec<_>>(), [Who::A, Who::B]);
    for (who, event) in &old {
        pair.other(*who).take(1, event);
    }
    pair.talk(1, 960).await;
    restart(&mut pair, 2).await;
    pair.talk(1, 1920).await;
}
