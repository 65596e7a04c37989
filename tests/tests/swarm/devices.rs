//! Two devices of one account, and a friend who calls.

use std::io::Write;
use std::time::{Duration, Instant};

use ahoy_client::ClientError;
use ahoy_client::control::{CallState, ErrorKind, InCall};
use ahoy_tests::devices::{knows_devices, link};
use ahoy_tests::node::{Node, Setup};
use ahoy_tests::swarm::{both_end, pair};

/// Ada, and both devices of Ben.
async fn three() -> (Node, Node, Node) {
    let (mut a, mut b) = pair(Setup::tone("Ada", 440), Setup::tone("Ben", 880)).await;
    let mut second = Node::start(Setup::tone("Second", 1_320)).await;
    link(&mut b, &mut second).await;
    assert_eq!(second.account(), b.account());
    knows_devices(&mut a, "Ben", 2).await;
    (a, b, second)
}

/// Ada calls, and it rings at both.
async fn ringing_at_both(a: &mut Node, b: &mut Node, second: &mut Node) -> String {
    let call = a.frontend.ask.offer(&["Ben"]).await.unwrap();
    b.frontend.rings(&call).await;
    second.frontend.rings(&call).await;
    call
}

#[tokio::test]
async fn both_devices_of_an_account_ring_and_the_first_accept_wins() {
    let (mut a, mut b, mut second) = three().await;
    let call = ringing_at_both(&mut a, &mut b, &mut second).await;
    second.frontend.ask.accept(Some(&call), InCall::Hold).await.unwrap();
    assert_eq!(b.frontend.ended(&call).await.reason, "answered_elsewhere");
    a.frontend.state(&call, CallState::Active).await;
    second.frontend.state(&call, CallState::Active).await;
    a.ear.hears(25).await;
    second.ear.hears(25).await;
    assert_eq!(b.ear.packets(), 0, "nothing was said to the device that stopped");
    a.frontend.ask.hang_up(Some(&call)).await.unwrap();
    both_end(&mut a, &mut second, &call, "hung_up").await;
    b.frontend.catch_up().await;
    assert!(b.frontend.missed().is_empty());
}

/// How many calls show how fast the other device stops.
const STOPS: usize = 8;

#[tokio::test]
async fn the_other_device_stops_ringing_within_a_second() {
    let (mut a, mut b, mut second) = three().await;
    let mut took = Vec::new();
    for round in 0..STOPS {
        let call = ringing_at_both(&mut a, &mut b, &mut second).await;
        let (first, other) = if round % 2 == 0 { (&mut b, &mut second) } else { (&mut second, &mut b) };
        let accepted = Instant::now();
        first.frontend.ask.accept(Some(&call), InCall::Hold).await.unwrap();
        assert_eq!(other.frontend.ended(&call).await.reason, "answered_elsewhere");
        took.push(accepted.elapsed());
        a.frontend.state(&call, CallState::Active).await;
        a.frontend.ask.hang_up(Some(&call)).await.unwrap();
        both_end(&mut a, first, &call, "hung_up").await;
    }
    took.sort();
    let (median, longest) = (took[took.len() / 2], took[took.len() - 1]);
    writeln!(
        std::io::stderr(),
        "accept to silence at the other device, {STOPS} calls: median {median:?}, longest {longest:?}"
    )
    .unwrap();
    assert!(longest < Duration::from_secs(1), "{took:?}");
}

#[tokio::test]
async fn a_decline_on_one_device_stops_the_other_too() {
    let (mut a, mut b, mut second) = three().await;
    let call = ringing_at_both(&mut a, &mut b, &mut second).await;
    b.frontend.ask.decline(Some(&call)).await.unwrap();
    both_end(&mut a, &mut b, &call, "declined").await;
    assert_eq!(second.frontend.ended(&call).await.reason, "declined_elsewhere");
}

#[tokio::test]
async fn a_revoked_device_is_not_rung_any_more() {
    let (mut a, mut b, mut second) = three().await;
    let gone = second.frontend.ask.devices().await.unwrap().into_iter().find(|device| device.this).unwrap();
    let Err(ClientError::Refused(refused)) = second.frontend.ask.revoke_device(&gone.device).await else {
        panic!("it revoked itself")
    };
    assert_eq!(refused.kind, ErrorKind::BadParams);
    assert_eq!(b.frontend.ask.revoke_device(&gone.device).await.unwrap().len(), 1);
    knows_devices(&mut a, "Ben", 1).await;
    let call = a.frontend.ask.offer(&["Ben"]).await.unwrap();
    b.frontend.rings(&call).await;
    a.frontend.state(&call, CallState::Ringing).await;
    b.frontend.ask.decline(Some(&call)).await.unwrap();
    both_end(&mut a, &mut b, &call, "declined").await;
    second.frontend.catch_up().await;
    assert!(second.frontend.rang().is_empty());
}
