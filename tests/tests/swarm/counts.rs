//! What `status` counts: it rises with a call and is back when the call is over, however that ended.

use ahoy_client::control::{Counts, InCall};
use ahoy_tests::node::{Node, Setup};
use ahoy_tests::swarm::{both_end, hang_up, pair, ringing, settles, talking};

async fn counts(node: &mut Node) -> Counts {
    node.frontend.ask.status().await.expect("the status").counts
}

#[tokio::test]
async fn what_a_call_holds_is_given_back_however_it_ends() {
    let (mut a, mut b) = pair(Setup::tone("Ada", 440), Setup::tone("Ben", 880)).await;
    let first = talking(&mut a, &mut b).await;
    hang_up(&mut a, &mut b, &first).await;
    let idle = [settles(&mut a, None).await, settles(&mut b, None).await];
    for ending in ["hung_up", "declined", "cancelled"] {
        let call = ringing(&mut a, &mut b).await;
        let now = counts(&mut a).await;
        let rings = now.sessions == 1 && now.pairs == 1 && now.topics == idle[0].topics + 2 && now.timers > 0;
        assert!(rings, "{now:?} before {ending}");
        match ending {
            "hung_up" => {
                b.frontend.ask.accept(Some(&call), InCall::Hold).await.unwrap();
                a.frontend.joined(&call).await;
                let now = counts(&mut a).await;
                assert!(now.links == 1 && now.tasks.links.alive > 1, "{now:?}");
                a.frontend.ask.hang_up(Some(&call)).await.unwrap();
            }
            "declined" => b.frontend.ask.decline(Some(&call)).await.map(drop).unwrap(),
            _cancelled => a.frontend.ask.hang_up(Some(&call)).await.map(drop).unwrap(),
        }
        both_end(&mut a, &mut b, &call, ending).await;
        settles(&mut a, Some(&idle[0])).await;
        settles(&mut b, Some(&idle[1])).await;
    }
}
