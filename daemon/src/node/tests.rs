//! A whole node over real TCP on loopback, with recorded media.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ahoy_protocol::control::HomePaths;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use super::*;
use crate::gossip::Transport;
use crate::recorder::Recorder;

fn parts() -> Parts {
    let media = Arc::new(Recorder::default());
    let sound = media.clone();
    Parts {
        engine: Box::new(move |_| media),
        sound: Box::new(move |_| Ok(sound)),
        network: Parts::network(Transport::Ip),
    }
}

fn config(listen: &[&str]) -> Config {
    let listen = listen.iter().map(|text| text.parse().unwrap()).collect();
    Config { listen, mdns: false, ..Config::default() }
}

const LOOPBACK: &str = "/ip4/127.0.0.1/tcp/0";

async fn start(at: &Path, listen: &[&str]) -> Result<Node, StartError> {
    let home = Home::open(HomePaths::under(at)).unwrap();
    Node::start(home, config(listen), parts()).await
}

/// Says hello and asks one question over the socket.
async fn ask(home: &Path, method: &str) -> Value {
    let mut stream = UnixStream::connect(home.join("ahoyd.sock")).await.unwrap();
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "hello", "params": {"client": "test", "api": "1.0"}});
    let question = json!({"jsonrpc": "2.0", "id": 2, "method": method});
    stream.write_all(format!("{hello}\n{question}\n").as_bytes()).await.unwrap();
    let mut lines = BufReader::new(stream).lines();
    lines.next_line().await.unwrap().unwrap();
    serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_answers_once_it_has_started_and_leaves_nothing_behind() {
    let home = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let node = start(home.path(), &[LOOPBACK]).await.unwrap();
    let started = began.elapsed();
    let status = ask(home.path(), "status").await["result"].clone();
    assert_eq!(status["device"], node.device());
    assert_eq!(status["account"], node.account());
    assert_eq!(node.listening().len(), 1);
    assert!(node.listening()[0].to_string().starts_with("/ip4/127.0.0.1/tcp/"));
    node.shutdown().await;
    assert!(!home.path().join("ahoyd.sock").exists());
    assert!(started < Duration::from_secs(5), "{started:?}");
    // Lock, port and store are free again.
    start(home.path(), &[LOOPBACK]).await.unwrap().shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frontend_can_stop_it() {
    let home = tempfile::tempdir().unwrap();
    let mut node = start(home.path(), &[LOOPBACK]).await.unwrap();
    assert_eq!(ask(home.path(), "shutdown").await["result"], json!({}));
    assert!(node.ended().await);
    let began = Instant::now();
    node.shutdown().await;
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_in_one_process_do_not_disturb_each_other() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = start(one.path(), &[LOOPBACK]).await.unwrap();
    let second = start(two.path(), &[LOOPBACK]).await.unwrap();
    first.shutdown().await;
    assert!(ask(two.path(), "status").await["result"].is_object());
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_listen_addresses_the_drawn_port_is_kept() {
    let port = |node: &Node| {
        let address = node.listening().into_iter().find(|address| address.to_string().starts_with("/ip4")).unwrap();
        address.to_string().rsplit('/').next().unwrap().to_owned()
    };
    let home = tempfile::tempdir().unwrap();
    let node = start(home.path(), &[]).await.unwrap();
    let drawn = port(&node);
    for (at, way) in [("/ip4/127.0.0.1", format!("/tcp/{drawn}")), ("/ip4/127.0.0.1", format!("/udp/{drawn}/quic-v1"))]
    {
        let address = format!("{at}{way}");
        assert!(node.listening().iter().any(|listening| listening.to_string() == address), "{address}");
    }
    node.shutdown().await;
    let node = start(home.path(), &[]).await.unwrap();
    assert_eq!(port(&node), drawn);
    node.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_families_can_be_listened_on_at_one_port_in_any_order() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (four, six) = (format!("/ip4/0.0.0.0/tcp/{port}"), format!("/ip6/::/tcp/{port}"));
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        return;
    }
    for listen in [[four.as_str(), six.as_str()], [six.as_str(), four.as_str()]] {
        let home = tempfile::tempdir().unwrap();
        start(home.path(), &listen).await.unwrap().shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_cannot_be_listened_on_is_explained_and_nothing_stays() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("/ip4/127.0.0.1/tcp/{}", taken.local_addr().unwrap().port());
    let home = tempfile::tempdir().unwrap();
    let Err(error) = start(home.path(), &[&address]).await else { panic!("the node started") };
    assert!(matches!(error, StartError::Network(_)));
    assert!(error.to_string().contains(&address), "{error}");
    start(home.path(), &[LOOPBACK]).await.unwrap().shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_cannot_be_read_stops_the_start() {
    let home = tempfile::tempdir().unwrap();
    start(home.path(), &[LOOPBACK]).await.unwrap().shutdown().await;
    std::fs::write(home.path().join("data/store.redb"), "broken").unwrap();
    let Err(error) = start(home.path(), &[LOOPBACK]).await else { panic!("the node started") };
    assert!(matches!(error, StartError::Store(StoreError::Unreadable { .. })), "{error}");
    assert!(error.to_string().contains("store.redb"));
    assert!(!home.path().join("ahoyd.sock").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sound_device_that_cannot_be_used_stops_the_start() {
    let tmp = tempfile::tempdir().unwrap();
    let home = Home::open(HomePaths::under(tmp.path())).unwrap();
    let parts = Parts { sound: Box::new(|_| Err("no such file: x.wav".into())), ..parts() };
    let Err(error) = Node::start(home, config(&[LOOPBACK]), parts).await else { panic!("the node started") };
    assert_eq!(error.to_string(), "no such file: x.wav");
}
