//! A live call moves from one device of Ben to the other and back, over real libp2p and real media; Ada keeps talking.

use ahoy_client::ClientError;
use ahoy_client::control::{CallState, ErrorKind, EventKind, HandOffState, InCall};
use ahoy_tests::devices::{knows_devices, link};
use ahoy_tests::node::{Node, Setup};
use ahoy_tests::sound::Heard;
use ahoy_tests::swarm::{both_end, pair, talking};

const FIRST_HZ: u32 = 880;
const SECOND_HZ: u32 = 1_320;

/// Packets of 20 ms that each device of Ben says to Ada.
const TALK: u64 = 60;

/// Ada, and both devices of Ben.
async fn three() -> (Node, Node, Node) {
    let (mut a, mut b) = pair(Setup::tone("Ada", 440), Setup::tone("Ben", FIRST_HZ)).await;
    let mut second = Node::start(Setup::tone("Second", SECOND_HZ)).await;
    link(&mut b, &mut second).await;
    knows_devices(&mut a, "Ben", 2).await;
    (a, b, second)
}

/// The call that another device offers here.
async fn offered(node: &mut Node, from: &str) -> String {
    let of = |event: &EventKind| {
        let EventKind::IncomingCall { call, handed_off_from: Some(device), .. } = event else { return None };
        (device == from).then(|| call.clone())
    };
    node.frontend.until("a call that another device offers", of).await
}

async fn handing(node: &mut Node, wanted: HandOffState) -> Option<String> {
    let of = |event: &EventKind| {
        let EventKind::HandOff { state, reason, .. } = event else { return None };
        (*state == wanted).then(|| reason.clone())
    };
    node.frontend.until("how the hand-off goes", of).await
}

/// What a call goes on as.
async fn goes_on(node: &mut Node, call: &str) -> String {
    let of = |event: &EventKind| {
        let EventKind::CallState { call: of, continues_as: Some(next), reason, .. } = event else { return None };
        (of == call).then(|| (next.clone(), reason.clone()))
    };
    let (next, reason) = node.frontend.until("the call in its place", of).await;
    assert_eq!(reason.as_deref(), Some("answered_elsewhere"));
    next
}

/// Ben moves `call`; it is named anew at both ends. `with`: as Ada names it.
async fn moves(a: &mut Node, from: &mut Node, to: &mut Node, call: &str, with: &str) -> (String, String) {
    let device = from.device().text();
    let asked = from.frontend.ask.hand_off(Some(call), None).await.unwrap();
    assert_eq!((asked.call.as_str(), asked.device), (call, to.device().text()));
    let taken = offered(to, &device).await;
    handing(from, HandOffState::Ringing).await;
    let before = to.ear.packets();
    assert_eq!(to.frontend.ask.calls().await.unwrap()[0].state, CallState::Incoming);
    to.frontend.ask.accept(Some(&taken), InCall::Hold).await.unwrap();
    to.frontend.state(&taken, CallState::Active).await;
    assert_eq!(from.frontend.ended(call).await.reason, "answered_elsewhere");
    handing(from, HandOffState::Done).await;
    let next = goes_on(a, with).await;
    a.frontend.state(&next, CallState::Active).await;
    to.ear.hears(TALK).await;
    a.ear.hears(TALK).await;
    assert!(to.ear.packets() > before);
    (taken, next)
}

#[tokio::test]
async fn a_call_moves_to_the_second_device_and_back_and_ada_hears_each_in_its_turn() {
    let (mut a, mut b, mut second) = three().await;
    let call = a.frontend.ask.offer(&["Ben"]).await.unwrap();
    b.frontend.rings(&call).await;
    second.frontend.rings(&call).await;
    b.frontend.ask.accept(Some(&call), InCall::Hold).await.unwrap();
    a.frontend.state(&call, CallState::Active).await;
    b.frontend.state(&call, CallState::Active).await;
    assert_eq!(second.frontend.ended(&call).await.reason, "answered_elsewhere");
    a.ear.hears(TALK).await;
    let (there, with) = moves(&mut a, &mut b, &mut second, &call, &call).await;
    let (back, with) = moves(&mut a, &mut second, &mut b, &there, &with).await;
    a.frontend.ask.hang_up(Some(&with)).await.unwrap();
    assert_eq!(b.frontend.ended(&back).await.reason, "hung_up");
    for node in [&mut a, &mut b, &mut second] {
        node.frontend.catch_up().await;
        assert!(node.frontend.missed().is_empty(), "{} missed something", node.name());
    }
    assert!(a.frontend.rang().is_empty(), "Ada is never rung");
    let heard = Heard::read(&a.stop().await.heard());
    for hz in [FIRST_HZ, SECOND_HZ] {
        let seconds = heard.seconds_of(f64::from(hz));
        assert!(seconds >= 0.8, "Ada heard {hz} Hz for {seconds} s of {}", heard.seconds());
    }
    let heard = Heard::read(&second.stop().await.heard());
    assert!(heard.seconds_of(440.0) >= 0.8, "the second device heard Ada for {} s", heard.seconds_of(440.0));
    assert!(heard.seconds_of(f64::from(FIRST_HZ)) < 0.1, "and never its own account's first device");
}

#[tokio::test]
async fn who_declines_leaves_the_call_where_it_is() {
    let (mut a, mut b, mut second) = three().await;
    let call = talking(&mut a, &mut b).await;
    b.frontend.ask.hand_off(None, None).await.unwrap();
    let taken = offered(&mut second, &b.device().text()).await;
    second.frontend.ask.decline(Some(&taken)).await.unwrap();
    assert_eq!(handing(&mut b, HandOffState::Failed).await.as_deref(), Some("declined"));
    assert_eq!(second.frontend.ended(&taken).await.reason, "declined");
    a.ear.hears(TALK).await;
    b.ear.hears(TALK).await;
    a.frontend.ask.hang_up(Some(&call)).await.unwrap();
    both_end(&mut a, &mut b, &call, "hung_up").await;
    second.frontend.catch_up().await;
    assert!(second.frontend.missed().is_empty());
}

#[tokio::test]
async fn without_another_device_it_is_refused_in_words() {
    let (mut a, mut b) = pair(Setup::tone("Ada", 440), Setup::tone("Ben", FIRST_HZ)).await;
    talking(&mut a, &mut b).await;
    let Err(ClientError::Refused(refused)) = b.frontend.ask.hand_off(None, None).await else { panic!("handed over") };
    assert_eq!(refused.kind, ErrorKind::NoSuchDevice);
    assert!(refused.hint.contains("ahoy device link"), "{refused:?}");
}
