//! Nobody picks up.

use ahoy_protocol::core::Times;
use ahoy_tests::node::Setup;
use ahoy_tests::swarm::{both_end, pair, ringing};

async fn unanswered(a: Times, b: Times) {
    let (mut a, mut b) = pair(Setup::named("Ada").times(a), Setup::named("Ben").times(b)).await;
    let call = ringing(&mut a, &mut b).await;
    both_end(&mut a, &mut b, &call, "no_answer").await;
    b.frontend.catch_up().await;
    assert_eq!(b.frontend.missed(), [call]);
}

#[tokio::test]
async fn the_limit_of_the_callee_ends_it_on_both_sides() {
    unanswered(Times::default(), Times { ring_callee_ms: 800, ..Times::default() }).await;
}
