//! The callee says no.

use ahoy_tests::node::Setup;
use ahoy_tests::swarm::{both_end, pair, ringing};

#[tokio::test]
async fn a_decline_is_told_on_both_sides_and_is_no_missed_call() {
    let (mut a, mut b) = pair(Setup::named("Ada"), Setup::named("Ben")).await;
    let call = ringing(&mut a, &mut b).await;
    b.frontend.ask.decline(None).await.unwrap();
    both_end(&mut a, &mut b, &call, "declined").await;
    b.frontend.catch_up().await;
    assert!(b.frontend.missed().is_empty());
    assert_eq!((a.ear.packets(), b.ear.packets()), (0, 0), "nobody spoke");
}
