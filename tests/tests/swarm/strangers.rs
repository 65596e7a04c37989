//! Contact requests, former contacts and blocked ones, over real gossip.

use ahoy_client::control::{EventKind, RequestEnd, TokenName};
use ahoy_protocol::core::Times;
use ahoy_tests::node::{Node, Setup};
use ahoy_tests::swarm::{hang_up, introduce, meets, pair, parts, ringing, talking};

fn short() -> Times {
    Times { reach_ms: 2_000, ..Times::default() }
}

/// What a call of `a` to `b` ends with, when `b` is to notice nothing.
async fn in_vain(a: &mut Node, b: &mut Node) -> String {
    let call = a.frontend.ask.offer(&[b.name()]).await.unwrap();
    let end = a.frontend.ended(&call).await;
    b.frontend.catch_up().await;
    assert!(!b.frontend.rang().contains(&call) && !b.frontend.missed().contains(&call), "{call}");
    end.reason
}

#[tokio::test]
async fn who_asks_is_accepted_and_both_can_call() {
    let (mut a, mut b) = (Node::start(Setup::tone("Ada", 440)).await, Node::start(Setup::tone("Ben", 550)).await);
    let card = b.frontend.ask.card(false).await.unwrap();
    let contact = a.frontend.ask.request_contact(&card, None, Some("it is me")).await.unwrap();
    assert!(contact.requested && !contact.acquainted);
    let asks = |event: &EventKind| {
        let EventKind::ContactRequest { account, name, greeting } = event else { return None };
        Some((account.clone(), name.clone(), greeting.clone()))
    };
    let (account, name, greeting) = b.frontend.until("the request", asks).await;
    assert_eq!((account.clone(), name.as_str(), greeting.as_deref()), (a.account(), "Ada", Some("it is me")));
    b.frontend.ask.accept_contact("Ada", None).await.unwrap();
    let accepted = |event: &EventKind| {
        let EventKind::RequestClosed { outcome: RequestEnd::Accepted, client, .. } = event else { return None };
        client.clone()
    };
    assert_eq!(b.frontend.until("the end of the request", accepted).await, "swarm");
    meets(&mut a, "Ben").await;
    meets(&mut b, "Ada").await;
    assert!(!a.frontend.ask.contacts().await.unwrap()[0].requested);
    let call = talking(&mut b, &mut a).await;
    hang_up(&mut a, &mut b, &call).await;
}

#[tokio::test]
async fn whoever_is_refused_finds_nobody_there() {
    let (mut a, mut b) =
        (Node::start(Setup::named("Ada").times(short())).await, Node::start(Setup::named("Ben")).await);
    let card = b.frontend.ask.card(false).await.unwrap();
    a.frontend.ask.request_contact(&card, None, None).await.unwrap();
    let asks = |event: &EventKind| matches!(event, EventKind::ContactRequest { .. }).then_some(());
    b.frontend.until("the request", asks).await;
    b.frontend.ask.refuse_contact("Ada").await.unwrap();
    parts(&mut a, "Ben").await;
    assert_eq!(in_vain(&mut a, &mut b).await, "unreachable");
    assert!(b.frontend.ask.contact_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_former_contact_is_locked_out_by_new_tokens_and_the_others_are_not() {
    let (mut a, mut b) = pair(Setup::named("Ada"), Setup::named("Ben")).await;
    let mut e = Node::start(Setup::named("Eve").times(short())).await;
    introduce(&mut a, &mut e).await;
    a.frontend.ask.remove_contact("Eve").await.unwrap();
    for token in [TokenName::Contact, TokenName::Card] {
        a.frontend.ask.rotate(token).await.unwrap();
    }
    parts(&mut e, "Ada").await;
    assert_eq!(in_vain(&mut e, &mut a).await, "unreachable");
    ringing(&mut b, &mut a).await;
}

#[tokio::test]
async fn a_blocked_contact_finds_nobody_there_and_is_found_again_when_it_is_blocked_no_longer() {
    let (mut a, mut b) = pair(Setup::named("Ada").times(short()), Setup::named("Ben")).await;
    b.frontend.ask.block("Ada").await.unwrap();
    parts(&mut a, "Ben").await;
    assert_eq!(in_vain(&mut a, &mut b).await, "unreachable");
    b.frontend.ask.unblock("Ada").await.unwrap();
    meets(&mut a, "Ben").await;
    ringing(&mut a, &mut b).await;
}
