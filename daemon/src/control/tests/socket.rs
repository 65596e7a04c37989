//! The Unix socket: many clients, and a bound.

use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::{UnixListener, UnixStream};

use super::*;

#[tokio::test]
async fn clients_of_our_user_are_served_over_the_socket() {
    let tmp = tempfile::tempdir().unwrap();
    let path = tmp.path().join("s");
    let daemon = Daemon::new();
    let listener = crate::platform::bind_socket(&path).unwrap();
    daemon.control.listen(UnixListener::from_std(listener).unwrap());
    let mut stream = UnixStream::connect(&path).await.unwrap();
    let hello = json!({"jsonrpc": "2.0", "id": "a", "method": "hello", "params": {"client": "c", "api": "1.0"}});
    stream.write_all(format!("{hello}\n").as_bytes()).await.unwrap();
    let mut line = String::new();
    BufReader::new(&mut stream).read_line(&mut line).await.unwrap();
    let answer: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(answer["id"], "a");
    assert_eq!(answer["result"]["account"], "ahoy1account");
    daemon.control.stop().await;
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty());
    assert!(UnixStream::connect(&path).await.is_err(), "a stopped daemon takes nobody in");
}

#[tokio::test]
async fn one_client_too_many_is_told_so_and_a_free_seat_is_given_again() {
    let daemon = Daemon::new();
    let mut all = Vec::new();
    for _ in 0..limits::CLIENTS {
        all.push(daemon.greeted().await);
    }
    let mut extra = daemon.client();
    let answer = extra.next().await;
    assert_eq!(kind(&answer), "limit_reached");
    assert!(answer["error"]["data"]["hint"].as_str().unwrap().contains("64"));
    assert_eq!(extra.read().await, None);
    assert!(all[0].ask("status", json!({})).await["result"].is_object());

    drop(all.pop());
    // The seat is free once the session has seen the end of its input.
    let seated = async {
        loop {
            let mut client = daemon.client();
            client.send(br#"{"jsonrpc":"2.0","id":7,"method":"hello","params":{"client":"c","api":"1.0"}}"#).await;
            if client.next().await["result"].is_object() {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), seated).await.unwrap();
}

#[tokio::test]
async fn a_client_that_dies_in_the_middle_of_a_line_harms_nobody() {
    let daemon = Daemon::new();
    let mut other = daemon.greeted().await;
    let mut dying = daemon.greeted().await;
    dying.write.write_all(br#"{"jsonrpc":"2.0","id":7,"method":"shutd"#).await.unwrap();
    drop(dying);
    assert!(other.ask("status", json!({})).await["result"].is_object());
}
