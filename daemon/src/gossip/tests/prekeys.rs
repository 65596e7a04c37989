//! The prekey protocol between two drivers: answered, met with silence, bounded.

use ahoy_protocol::core::effect::NetCommand;
use ahoy_protocol::core::input::{NetEvent, NetTicket};
use ahoy_protocol::ids::DeviceId;

use super::node::{Node, connected_pair};
use crate::limits::network as limits;

async fn asked(node: &mut Node) -> (DeviceId, Vec<u8>, NetTicket) {
    node.event("PrekeyRequest", |event| {
        let NetEvent::PrekeyRequest { device, request, ticket } = event else { return None };
        Some((*device, request.clone(), *ticket))
    })
    .await
}

async fn answer(node: &mut Node) -> (DeviceId, Option<Vec<u8>>) {
    node.event("Prekey", |event| {
        let NetEvent::Prekey { device, answer } = event else { return None };
        Some((*device, answer.clone()))
    })
    .await
}

fn ask(node: &Node, device: DeviceId) {
    node.tell(NetCommand::RequestPrekey { device, request: (0..33).collect() });
}

#[tokio::test]
async fn a_stranger_s_prekey_request_is_answered_without_gossip() {
    let (mut a, mut b) = connected_pair().await;
    ask(&a, b.device);
    let (device, request, ticket) = asked(&mut b).await;
    assert_eq!((device, request), (a.device, (0..33).collect()));
    b.tell(NetCommand::AnswerPrekey { ticket, answer: Some(vec![7; 658]) });
    assert_eq!(answer(&mut a).await, (b.device, Some(vec![7; 658])));
}

#[tokio::test]
async fn silence_is_no_answer() {
    let (mut a, mut b) = connected_pair().await;
    ask(&a, b.device);
    let (_, _, ticket) = asked(&mut b).await;
    b.tell(NetCommand::AnswerPrekey { ticket, answer: None });
    assert_eq!(answer(&mut a).await, (b.device, None));
}

#[tokio::test]
async fn an_answer_over_1024_bytes_is_silence() {
    let (mut a, mut b) = connected_pair().await;
    ask(&a, b.device);
    let (_, _, ticket) = asked(&mut b).await;
    b.tell(NetCommand::AnswerPrekey { ticket, answer: Some(vec![7; 1025]) });
    assert_eq!(answer(&mut a).await, (b.device, None));
}

#[tokio::test]
async fn a_core_that_never_answers_is_silence_too() {
    let (mut a, mut b) = connected_pair().await;
    ask(&a, b.device);
    let (_, _, ticket) = asked(&mut b).await;
    assert_eq!(answer(&mut a).await, (b.device, None));
    // The ticket is void now, and an answer to it harms nothing.
    b.tell(NetCommand::AnswerPrekey { ticket, answer: Some(vec![7; 658]) });
    ask(&a, b.device);
    let (_, _, next) = asked(&mut b).await;
    assert_ne!(ticket, next);
}

#[tokio::test]
async fn a_device_that_is_not_connected_or_asked_already_has_no_answer() {
    let (mut a, mut b) = connected_pair().await;
    let nobody = DeviceId([9; 32]);
    ask(&a, nobody);
    assert_eq!(answer(&mut a).await, (nobody, None));
    a.tell(NetCommand::RequestPrekey { device: b.device, request: vec![1; 32] });
    assert_eq!(answer(&mut a).await, (b.device, None));
    ask(&a, b.device);
    ask(&a, b.device);
    assert_eq!(answer(&mut a).await, (b.device, None));
    let (_, _, ticket) = asked(&mut b).await;
    b.tell(NetCommand::AnswerPrekey { ticket, answer: Some(vec![1]) });
    assert_eq!(answer(&mut a).await, (b.device, Some(vec![1])));
}

#[tokio::test]
async fn who_asks_too_often_meets_silence() {
    let (mut a, mut b) = connected_pair().await;
    let burst = limits::PREKEY_PEER_BURST;
    let (mut answered, mut silent) = (0, 0);
    for _ in 0..burst + 3 {
        ask(&a, b.device);
        // Either our core is asked, or the asker has its silence at once.
        tokio::select! {
            (_, _, ticket) = asked(&mut b) => {
                b.tell(NetCommand::AnswerPrekey { ticket, answer: Some(vec![1]) });
                answer(&mut a).await;
                answered += 1;
            }
            (_, nothing) = answer(&mut a) => {
                assert_eq!(nothing, None);
                silent += 1;
            }
        }
    }
    assert!(silent >= 2, "{answered} answered, {silent} met with silence");
    assert_eq!(b.network.counters.prekey_over_rate.get(), silent);
}
