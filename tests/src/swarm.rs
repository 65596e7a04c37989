//! Several nodes that know each other, and the calls between them.

use std::time::Duration;

use ahoy_client::control::{CallState, Contact, Counts, EventKind, InCall};

use crate::node::{Node, Setup};

/// Within which nothing of a call is held any more: 5 s for its last words, and room for a busy machine.
const SETTLING: Duration = Duration::from_secs(20);

/// Starts two nodes and makes them contacts.
pub async fn pair(a: Setup, b: Setup) -> (Node, Node) {
    let (mut a, mut b) = (Node::start(a).await, Node::start(b).await);
    introduce(&mut a, &mut b).await;
    (a, b)
}

/// Exchanges cards, and waits until both know the other's inbox.
pub async fn introduce(a: &mut Node, b: &mut Node) {
    a.adds(b).await;
    b.adds(a).await;
    meets(a, b.name()).await;
    meets(b, a.name()).await;
}

/// Waits until this contact is connected and has told its inbox.
///
/// # Panics
/// If the node does not answer.
pub async fn meets(node: &mut Node, name: &str) {
    finds(node, name, |contact| contact.online && contact.acquainted).await;
}

/// Waits until the only contact is connected and has told its inbox.
///
/// # Panics
/// If there is none, or the node does not answer.
pub async fn acquainted(node: &mut Node) {
    let contacts = node.frontend.ask.contacts().await.expect("the contacts");
    let name = contacts.first().expect("a contact").name.clone();
    meets(node, &name).await;
}

/// Waits until this contact is no longer connected.
///
/// # Panics
/// If the node does not answer.
pub async fn parts(node: &mut Node, name: &str) {
    finds(node, name, |contact| !contact.online).await;
}

async fn finds(node: &mut Node, name: &str, as_is: impl Fn(&Contact) -> bool) {
    loop {
        let contacts = node.frontend.ask.contacts().await.expect("the contacts");
        if contacts.iter().any(|contact| contact.name == name && as_is(contact)) {
            return;
        }
        while !matches!(node.frontend.next("the contact").await, EventKind::ContactChanged { .. }) {}
    }
}

/// `a` calls `b`; returns the call once it rings on both sides.
///
/// # Panics
/// If the offer is refused.
pub async fn ringing(a: &mut Node, b: &mut Node) -> String {
    let call = a.frontend.ask.offer(&[b.name()]).await.expect("an offer");
    a.frontend.state(&call, CallState::Ringing).await;
    b.frontend.rings(&call).await;
    call
}

/// `a` calls `b`, who accepts; returns the call once media flow both ways.
///
/// # Panics
/// If the call is refused.
pub async fn talking(a: &mut Node, b: &mut Node) -> String {
    let call = ringing(a, b).await;
    b.frontend.ask.accept(Some(&call), InCall::Hold).await.expect("accepted");
    for node in [a, b] {
        node.frontend.state(&call, CallState::Active).await;
        node.frontend.joined(&call).await;
    }
    call
}

/// Waits until the call has ended on both sides, and checks why.
///
/// # Panics
/// If it was for another reason.
pub async fn both_end(a: &mut Node, b: &mut Node, call: &str, reason: &str) {
    for node in [a, b] {
        let end = node.frontend.ended(call).await;
        assert_eq!(end.reason, reason, "at {}: {end:?}", node.name());
    }
}

/// `a` hangs up, and both say so.
///
/// # Panics
/// If they don't.
pub async fn hang_up(a: &mut Node, b: &mut Node, call: &str) {
    a.frontend.ask.hang_up(Some(call)).await.expect("hung up");
    both_end(a, b, call, "hung_up").await;
}

/// Waits until a node holds nothing of a call, or just what it held before, and says what it holds.
/// Counts that only rise, and events kept, are left out.
///
/// # Panics
/// If it holds on to something.
pub async fn settles(node: &mut Node, before: Option<&Counts>) -> Counts {
    let name = node.name();
    let mut now = Counts::default();
    let settled = async {
        loop {
            now = node.frontend.ask.status().await.expect("the status").counts;
            let same = before.is_none_or(|before| levels(before) == levels(&now));
            if same && now.links + now.sessions + now.pairs + now.timers + now.tasks.links.alive == 0 {
                return;
            }
            // Nothing tells that the last thing was let go of: it is looked at again.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    if tokio::time::timeout(SETTLING, settled).await.is_err() {
        panic!("{name} holds {now:#?}, and before {before:#?}");
    }
    now
}

/// What goes up and down with calls.
fn levels(counts: &Counts) -> [u64; 10] {
    let Counts { tasks, links, sessions, pairs, topics, timers, queued, .. } = counts;
    [
        tasks.actor.alive,
        tasks.network.alive,
        tasks.connections.alive,
        tasks.links.alive,
        *links,
        *sessions,
        *pairs,
        *topics,
        *timers,
        *queued,
    ]
}
