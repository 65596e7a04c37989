//! What a node knows survives a stop and a kill.

use ahoy_tests::node::Setup;
use ahoy_tests::swarm::{hang_up, meets, pair, talking};

#[tokio::test]
async fn contacts_and_identity_survive_a_stop_and_a_kill() {
    let (mut a, mut b) = pair(Setup::tone("Ada", 440), Setup::tone("Ben", 880)).await;
    let (account, device) = (b.account(), b.device());
    for round in 0..2 {
        let home = if round == 0 { b.stop().await } else { b.kill().await };
        b = home.start().await;
        assert_eq!((b.account(), b.device()), (account.clone(), device));
        let contacts = b.frontend.ask.contacts().await.unwrap();
        let known: Vec<_> = contacts.iter().map(|contact| (contact.name.as_str(), contact.acquainted)).collect();
        assert_eq!(known, [("Ada", true)]);
        meets(&mut b, "Ada").await;
        meets(&mut a, "Ben").await;
        let call = talking(&mut b, &mut a).await;
        hang_up(&mut a, &mut b, &call).await;
    }
}
