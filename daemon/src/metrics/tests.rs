//! Scrapes, whole and hostile, and the form of what they get.

mod form;
mod http;

use std::sync::Arc;
use std::time::Duration;

use ahoy_protocol::control::{CallState, Direction, EventKind, Reply};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::mpsc;

use super::*;
use crate::config::MetricsAt;
use crate::control::{Ask, Hub, Question, Sources};
use crate::limits;
use crate::recorder::Recorder;

/// A daemon's figures whose actor is played by us.
struct Scene {
    figures: Figures,
    hub: Hub,
    asked: Option<mpsc::Receiver<Question>>,
}

impl Scene {
    /// The actor does not answer yet.
    fn silent() -> Self {
        let (questions, asked) = mpsc::channel(64);
        let hub = Hub::new(0);
        let sources = Sources { hub: Some(hub.clone()), ..Sources::default() };
        let (account, device) = ("ahoy1secretaccount".into(), "12D3KooSecretDevice".into());
        let board = Arc::new(Board::new(account, device, sources));
        let config = Arc::new(crate::config::Settings::new(crate::config::Config::default(), "/nowhere".into()));
        let audio = Arc::new(ahoy_protocol::control::AudioDevicesReply::default);
        let pipes = crate::pipes::Pipes::nowhere("/nowhere/pipeline.json".into(), hub.clone());
        let control = Control::new(questions, hub.clone(), board.clone(), config, (audio, pipes), Default::default());
        let figures = Figures { board, control, sound: Arc::new(Recorder::default()), tasks: Default::default() };
        Self { figures, hub, asked: Some(asked) }
    }

    /// The actor answers everything.
    fn new() -> Self {
        let mut scene = Self::silent();
        let mut asked = scene.asked.take().unwrap();
        let board = scene.figures.board.clone();
        tokio::spawn(async move {
            while let Some(Question { ask, answer, .. }) = asked.recv().await {
                assert_eq!(ask, Ask::Alive);
                board.refuse(vec![(1, 0), (17, 3)]);
                drop(answer.send(Ok(Reply::Done(Default::default()))));
            }
        });
        scene
    }

    async fn server(&self) -> Server {
        Server::start(&MetricsAt::parse("127.0.0.1:0").unwrap().unwrap(), self.figures.clone()).await.unwrap()
    }
}

/// Sends bytes and reads to the end; none if the connection is cut without an answer.
async fn exchange(server: &Server, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.local().unwrap()).await.unwrap();
    // The server may answer and close before it has read everything.
    drop(stream.write_all(bytes).await);
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer).await);
    String::from_utf8(answer).unwrap()
}

fn get(path: &str, host: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes()
}

fn ended(reason: &str) -> EventKind {
    EventKind::CallState {
        call: "c".into(),
        state: CallState::Ended,
        direction: Direction::Out,
        reason: Some(reason.into()),
        cause: None,
        client: None,
        continues_as: None,
        device: None,
    }
}
