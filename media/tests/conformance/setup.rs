//! Making links.

use ahoy_media::simple_webrtc::engine::{
    CloseReason, DescriptionKind, EngineError, IcePolicy, LinkEvent, LinkSpec, Role,
};
use tokio::sync::mpsc;

use crate::pair::{Ear, Pair, Who};

pub(crate) async fn links_connect_whoever_offers(mut pair: Pair) {
    pair.connect(1).await;
    pair.a.open(2, Role::Answerer);
    pair.b.open(2, Role::Offerer);
    pair.until_open(2).await;
    pair.talk(1, 960).await;
    pair.talk(2, 1920).await;
    assert_eq!((pair.a.engine.open_links(), pair.b.engine.open_links()), (2, 2));
}

pub(crate) async fn a_description_comes_before_its_candidates_and_holds_none(mut pair: Pair) {
    pair.open(1);
    let (mut described, mut ended) = (Vec::new(), 0);
    pair.carry(|who, _, event| {
        match event {
            LinkEvent::Description { kind, generation, sdp } => {
                assert_eq!(*generation, 0);
                assert_eq!(*kind, if who == Who::A { DescriptionKind::Offer } else { DescriptionKind::Answer });
                assert!(!sdp.contains("candidate"), "{sdp}");
                assert!(sdp.ends_with("\r\n") && sdp.contains("a=fingerprint:sha-256 "), "{sdp}");
                described.push(who);
            }
            LinkEvent::Candidate { generation, candidate } => {
                assert!(described.contains(&who), "a candidate before its description");
                assert_eq!(*generation, 0);
                assert!(candidate.ip.is_loopback() && candidate.port != 0 && !candidate.tcp && candidate.priority > 0);
            }
            LinkEvent::EndOfCandidates { generation } => {
                assert_eq!(*generation, 0);
                ended += 1;
            }
            LinkEvent::Connected
            | LinkEvent::Interrupted
            | LinkEvent::Resumed
            | LinkEvent::CtlOpen
            | LinkEvent::Ctl(_)
            | LinkEvent::Closed(_) => {}
        }
        ended == 2
    })
    .await;
    assert_eq!(described, [Who::A, Who::B]);
}

pub(crate) async fn connected_comes_before_ctl_is_open(mut pair: Pair) {
    pair.open(1);
    let mut seen = Vec::new();
    pair.carry(|who, _, event| {
        if matches!(event, LinkEvent::Connected | LinkEvent::CtlOpen) {
            seen.push((who, event.clone()));
        }
        seen.len() == 4
    })
    .await;
    for side in [Who::A, Who::B] {
        let mine: Vec<_> = seen.iter().filter(|(who, _)| *who == side).map(|(_, event)| event.clone()).collect();
        assert_eq!(mine, [LinkEvent::Connected, LinkEvent::CtlOpen]);
    }
}

pub(crate) async fn several_links_of_one_pair_are_independent(mut pair: Pair) {
    for n in 1..=4 {
        pair.connect(n).await;
    }
    pair.a.engine.close(pair.a.link(2));
    assert_eq!(pair.a.closed(2).await, LinkEvent::Closed(CloseReason::Local));
    assert_eq!(pair.b.closed(2).await, LinkEvent::Closed(CloseReason::Remote));
    for n in [1, 3, 4] {
        pair.talk(n, 960).await;
    }
}

pub(crate) async fn a_name_is_used_once(mut pair: Pair) {
    pair.connect(1).await;
    let again = |pair: &Pair| {
        let (ear, _) = mpsc::channel(1);
        pair.a.engine.open(pair.a.spec(1, Role::Offerer, Box::new(Ear(ear))))
    };
    assert_eq!(again(&pair), Err(EngineError::LinkExists));
    pair.a.engine.close(pair.a.link(1));
    pair.a.closed(1).await;
    assert_eq!(again(&pair), Err(EngineError::LinkExists));
    assert_eq!(pair.a.engine.open_links(), 0);
}

pub(crate) async fn the_number_of_links_is_bounded(mut pair: Pair) {
    let bound = ahoy_media::limits::LINKS_AN_ENGINE as u64;
    for n in 1..=bound {
        pair.a.open(n, Role::Answerer);
    }
    let one_more = |pair: &Pair, n| {
        let (ear, _) = mpsc::channel(1);
        pair.a.engine.open(pair.a.spec(n, Role::Answerer, Box::new(Ear(ear))))
    };
    assert_eq!(one_more(&pair, bound + 1), Err(EngineError::Limit("64 links")));
    pair.a.engine.close(pair.a.link(7));
    pair.a.closed(7).await;
    assert_eq!(one_more(&pair, bound + 1), Ok(()));
}

pub(crate) async fn a_link_without_an_address_to_bind_fails_in_words(mut pair: Pair) {
    let (ear, _heard) = mpsc::channel(1);
    let nowhere =
        LinkSpec { bind: Vec::new(), policy: IcePolicy::All, ..pair.a.spec(1, Role::Offerer, Box::new(Ear(ear))) };
    pair.a.engine.open(nowhere).expect("a new link");
    let LinkEvent::Closed(CloseReason::Failed(why)) = pair.a.closed(1).await else { panic!("it must fail") };
    assert!(why.contains("could be bound"), "{why}");
    assert_eq!(pair.a.engine.open_links(), 0);
}
