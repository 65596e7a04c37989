//! Three friends: two calls wait at one of them, and one is held while it takes the other.

use ahoy_client::ClientError;
use ahoy_client::control::{CallState, ErrorKind, InCall};
use ahoy_tests::node::{Node, Setup};
use ahoy_tests::swarm::{both_end, introduce, pair, ringing, talking};

async fn three() -> (Node, Node, Node) {
    let (a, mut b) = pair(Setup::tone("Ada", 440), Setup::tone("Ben", 880)).await;
    let mut c = Node::start(Setup::tone("Cleo", 1_320)).await;
    introduce(&mut c, &mut b).await;
    (a, b, c)
}

#[tokio::test]
async fn two_calls_wait_and_have_to_be_told_apart() {
    let (mut a, mut b, mut c) = three().await;
    let first = ringing(&mut a, &mut b).await;
    let second = ringing(&mut c, &mut b).await;
    let Err(ClientError::Refused(error)) = b.frontend.ask.accept(None, InCall::Hold).await else {
        panic!("one of two calls was picked")
    };
    let both = [first.clone(), second.clone()];
    assert_eq!(error.kind, ErrorKind::AmbiguousCall);
    assert!(error.candidates.len() == 2 && both.iter().all(|call| error.candidates.contains(call)), "{error:?}");
    b.frontend.ask.decline(Some(&second)).await.unwrap();
    both_end(&mut c, &mut b, &second, "declined").await;
    b.frontend.ask.accept(None, InCall::Hold).await.unwrap();
    a.frontend.state(&first, CallState::Active).await;
    assert_eq!(b.frontend.ended(&second).await.reason, "declined");
}

#[tokio::test]
async fn a_call_is_held_while_another_is_taken_and_taken_up_again() {
    let (mut a, mut b, mut c) = three().await;
    let first = talking(&mut a, &mut b).await;
    let second = talking(&mut c, &mut b).await;
    b.frontend.state(&first, CallState::Held).await;
    let calls = a.frontend.ask.calls().await.unwrap();
    assert_ne!(calls[0].state, CallState::Ended, "the held call goes on");
    c.frontend.ask.hang_up(None).await.unwrap();
    both_end(&mut c, &mut b, &second, "hung_up").await;
    b.frontend.ask.accept(Some(&first), InCall::Hold).await.unwrap();
    a.ear.hears(25).await;
    b.ear.hears(25).await;
    b.frontend.catch_up().await;
    assert_eq!(b.frontend.states(&first).last(), Some(&CallState::Active));
    b.frontend.ask.hang_up(Some(&first)).await.unwrap();
    both_end(&mut a, &mut b, &first, "hung_up").await;
}
