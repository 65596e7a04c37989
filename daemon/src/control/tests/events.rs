//! Subscriptions: order, replay, and clients that are too slow.

use serde_json::json;

use super::*;

#[tokio::test]
async fn a_subscription_begins_with_the_state_and_goes_on_with_events() {
    let daemon = Daemon::new();
    daemon.warn(1);
    let mut client = daemon.greeted().await;
    let reply = client.ask("subscribe", json!({})).await["result"].clone();
    assert_eq!(reply["seq"], 1);
    assert_eq!(reply["snapshot"]["status"]["account"], "ahoy1account");
    daemon.warn(2);
    daemon.warn(3);
    assert_eq!(client.warning().await, (2, 2));
    assert_eq!(client.warning().await, (3, 3));
}

#[tokio::test]
async fn without_a_subscription_no_event_comes() {
    let daemon = Daemon::new();
    let mut client = daemon.greeted().await;
    daemon.warn(1);
    assert!(client.ask("status", json!({})).await["result"].is_object());
}

#[tokio::test]
async fn two_clients_see_the_same() {
    let daemon = Daemon::new();
    let (mut one, mut two) = (daemon.greeted().await, daemon.greeted().await);
    one.ask("subscribe", json!({})).await;
    two.ask("subscribe", json!({})).await;
    for about in 0..200 {
        daemon.warn(about);
        assert_eq!(one.warning().await, two.warning().await);
    }
}

#[tokio::test]
async fn what_came_after_a_number_is_replayed() {
    let daemon = Daemon::new();
    (1..=600).for_each(|about| daemon.warn(about));
    let mut client = daemon.greeted().await;
    let reply = client.ask("subscribe", json!({"after": 10})).await["result"].clone();
    assert_eq!(reply, json!({"seq": 600}), "no state: the events tell it");
    for about in 11..=600 {
        assert_eq!(client.warning().await, (about, about));
    }
    daemon.warn(601);
    assert_eq!(client.warning().await, (601, 601));
}

#[tokio::test]
async fn numbers_that_cannot_be_replayed_bring_a_snapshot() {
    let daemon = Daemon::with_hub(Hub::new(1_000_000));
    (0..5).for_each(|about| daemon.warn(about));
    // Of an earlier run, and of a future that has not been.
    for after in [3, 999_999, 1_000_006, u64::MAX] {
        let mut client = daemon.greeted().await;
        let reply = client.ask("subscribe", json!({"after": after})).await["result"].clone();
        assert!(reply["snapshot"].is_object(), "{after}");
        assert_eq!(reply["seq"], 1_000_005);
    }
    for after in [1_000_000, 1_000_005] {
        let mut client = daemon.greeted().await;
        let reply = client.ask("subscribe", json!({"after": after})).await["result"].clone();
        assert!(reply["snapshot"].is_null(), "{after}");
    }
}

#[tokio::test]
async fn a_slow_client_is_told_what_it_missed_and_gets_the_state() {
    let daemon = Daemon::new();
    let mut slow = daemon.greeted().await;
    let mut quick = daemon.greeted().await;
    slow.ask("subscribe", json!({})).await;
    quick.ask("subscribe", json!({})).await;
    let total: u64 = 20_000;
    for about in 1..=total {
        daemon.warn(about);
        assert_eq!(quick.warning().await, (about, about), "another client is not held up");
    }
    // The slow one reads now: what fitted into its pipe, then that it lagged, then the state.
    let mut seen = 0;
    let lagged = loop {
        let event = slow.next().await;
        if event["params"]["kind"] == "lagged" {
            break event;
        }
        seen += 1;
        assert_eq!(event["params"]["seq"], seen, "in order and without a gap");
    };
    assert_eq!(lagged["params"]["missed"].as_u64().unwrap(), total - seen);
    let snapshot = slow.next().await;
    assert_eq!(snapshot["params"]["kind"], "snapshot");
    assert_eq!(snapshot["params"]["seq"], total);
    assert_eq!(snapshot["params"]["status"]["account"], "ahoy1account");
    daemon.warn(7);
    assert_eq!(slow.warning().await, (total + 1, 7));
}

#[tokio::test]
async fn a_client_that_is_behind_is_still_answered() {
    let daemon = Daemon::new();
    let mut client = daemon.greeted().await;
    client.ask("subscribe", json!({})).await;
    (1..=100).for_each(|about| daemon.warn(about));
    client.send(br#"{"jsonrpc":"2.0","id":7,"method":"status"}"#).await;
    let (mut events, mut answers) = (0, 0);
    while events < 100 || answers < 1 {
        let line = client.next().await;
        if line["method"] == "event" {
            events += 1;
            assert_eq!(line["params"]["seq"], events);
        } else {
            answers += 1;
        }
    }
}

#[tokio::test]
async fn the_last_events_are_written_before_a_stopping_daemon_closes() {
    let daemon = Daemon::new();
    let mut client = daemon.greeted().await;
    client.ask("subscribe", json!({})).await;
    (1..=50).for_each(|about| daemon.warn(about));
    daemon.control.stop().await;
    for about in 1..=50 {
        assert_eq!(client.warning().await, (about, about));
    }
    assert_eq!(client.read().await, None);
}

#[tokio::test]
async fn a_client_that_never_reads_does_not_hold_up_a_stop() {
    let daemon = Daemon::new();
    let mut client = daemon.greeted().await;
    client.ask("subscribe", json!({})).await;
    (1..=5_000).for_each(|about| daemon.warn(about));
    let limit = std::time::Duration::from_millis(3 * limits::STOP_CLIENTS_MS);
    tokio::time::timeout(limit, daemon.control.stop()).await.unwrap();
}
