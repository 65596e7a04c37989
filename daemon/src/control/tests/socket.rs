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

/// A daemon with its socket.
fn on_socket() -> (Daemon, tempfile::TempDir, std::path::PathBuf) {
    let tmp = tempfile::tempdir().unwrap();
    let path = tmp.path().join("s");
    let daemon = Daemon::new();
    let listener = crate::platform::bind_socket(&path).unwrap();
    daemon.control.listen(UnixListener::from_std(listener).unwrap());
    (daemon, tmp, path)
}

async fn says_hello(stream: &mut BufReader<UnixStream>) -> Value {
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "hello", "params": {"client": "c", "api": "1.0"}});
    stream.get_mut().write_all(format!("{hello}\n").as_bytes()).await.unwrap();
    last_words(stream).await
}

async fn last_words(stream: &mut BufReader<UnixStream>) -> Value {
    let mut line = String::new();
    tokio::time::timeout(Duration::from_secs(30), stream.read_line(&mut line)).await.unwrap().unwrap();
    serde_json::from_str(&line).unwrap()
}

#[tokio::test]
async fn silent_clients_give_way_to_others_oldest_first_and_those_who_said_hello_stay() {
    let (_daemon, _tmp, path) = on_socket();
    let connect = || async { BufReader::new(UnixStream::connect(&path).await.unwrap()) };
    let mut early = connect().await;
    assert!(says_hello(&mut early).await["result"].is_object());
    let mut silent = Vec::new();
    for _ in 0..limits::CLIENTS - 1 {
        silent.push(connect().await);
    }
    let mut late = Vec::new();
    for evicted in &mut silent[..3] {
        let mut another = connect().await;
        assert!(
            says_hello(&mut another).await["result"].is_object(),
            "a full house of silent clients locks nobody out"
        );
        late.push(another);
        assert_eq!(kind(&last_words(evicted).await), "hello_first");
        let mut rest = Vec::new();
        evicted.read_to_end(&mut rest).await.unwrap();
        assert!(rest.is_empty());
    }
    assert!(says_hello(&mut silent[3]).await["result"].is_object(), "a younger one was not its turn yet");
    let status = json!({"jsonrpc": "2.0", "id": 2, "method": "status"});
    early.get_mut().write_all(format!("{status}\n").as_bytes()).await.unwrap();
    assert!(last_words(&mut early).await["result"].is_object());
}

#[tokio::test]
async fn a_client_of_the_socket_that_never_says_hello_is_sent_away() {
    let (daemon, _tmp, path) = on_socket();
    let mut ours = daemon.client();
    let mut silent = BufReader::new(UnixStream::connect(&path).await.unwrap());
    // Neither half a line nor refused requests count as a hello.
    silent.get_mut().write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}\n{\"half").await.unwrap();
    assert_eq!(kind(&last_words(&mut silent).await), "hello_first");
    tokio::time::pause();
    tokio::time::advance(Duration::from_millis(limits::HELLO_MS)).await;
    tokio::time::resume();
    let words = last_words(&mut silent).await;
    assert_eq!(kind(&words), "hello_first");
    assert!(words["error"]["message"].as_str().unwrap().contains("closed"), "{words}");
    assert!(ours.hello().await.is_object(), "a client of this process may take its time");
}
