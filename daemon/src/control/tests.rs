//! Behaviour of the control interface, with a scripted actor behind it.

mod audio;
mod events;
mod hub;
mod keys;
mod pipeline;
mod requests;
mod socket;

use std::sync::Arc;

use ahoy_protocol::control::{AudioDevicesReply, DoneReply, EventKind};
use ahoy_protocol::control::{Reply, Snapshot, SubscribedReply, VoicemailInfo, VoicemailsReply};
use ahoy_protocol::core::input::{Command, VoicemailCommand};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf};
use tokio::sync::mpsc;

use super::{Ask, Board, Control, Hub, Question};
use crate::config::{Config, Settings};
use crate::limits;

/// A control interface whose actor answers subscriptions and says `done` to everything else.
struct Daemon {
    control: Control,
    hub: Hub,
    asked: mpsc::Receiver<(String, Ask)>,
}

impl Daemon {
    fn new() -> Self {
        Self::with_hub(Hub::new(0))
    }

    fn with_hub(hub: Hub) -> Self {
        Self::at(hub, "/nowhere/config.toml".into())
    }

    /// With settings that are written into this file.
    fn at(hub: Hub, file: std::path::PathBuf) -> Self {
        let (questions, inbox) = mpsc::channel(limits::QUESTIONS);
        let (tell, asked) = mpsc::channel(1024);
        let board =
            Arc::new(Board::new("ahoy1account".into(), "12D3device".into(), crate::control::Sources::default()));
        tokio::spawn(answer(inbox, hub.clone(), board.clone(), tell));
        let config = Config { bitrate_bps: 32_000, ..Config::default() };
        let settings = Arc::new(Settings::new(config, file.clone()));
        let pipes = crate::pipes::Pipes::nowhere(file.with_file_name("capture-pipeline.json"), hub.clone());
        let control = Control::new(
            questions,
            hub.clone(),
            board,
            settings,
            (Arc::new(AudioDevicesReply::default), pipes),
            ahoy_media::tasks::Tasks::default(),
        );
        Self { control, hub, asked }
    }

    fn client(&self) -> Client {
        Client::new(self.control.connect())
    }

    async fn greeted(&self) -> Client {
        let mut client = self.client();
        client.hello().await;
        client
    }

    fn warn(&self, about: u64) {
        self.hub.publish(about, EventKind::Warning { about: about.to_string(), hint: String::new() });
    }
}

async fn answer(mut inbox: mpsc::Receiver<Question>, hub: Hub, board: Arc<Board>, tell: mpsc::Sender<(String, Ask)>) {
    while let Some(Question { client, ask, answer }) = inbox.recv().await {
        let reply = match ask {
            Ask::Snapshot => {
                let status = board.status();
                let snapshot = Snapshot {
                    status,
                    calls: Vec::new(),
                    contacts: Vec::new(),
                    requests: Vec::new(),
                    presence: None,
                    muted: false,
                };
                Reply::Subscribed(SubscribedReply { seq: hub.newest(), snapshot: Some(Box::new(snapshot)) })
            }
            Ask::Core(Command::Voicemail(VoicemailCommand::List)) => {
                let left = VoicemailInfo { call: "07".repeat(16), account: "ahoy1ada".into(), duration_ms: 9_000 };
                Reply::Voicemails(VoicemailsReply { voicemails: vec![left] })
            }
            Ask::History(_) => Reply::History(Default::default()),
            Ask::Core(_)
            | Ask::Stats(_)
            | Ask::Process(_)
            | Ask::CheckSound(_)
            | Ask::SelectSound(_)
            | Ask::Sound { .. }
            | Ask::ClearHistory
            | Ask::Play { .. }
            | Ask::Shutdown
            | Ask::Alive => Reply::Done(DoneReply::default()),
        };
        answer.send(Ok(reply)).unwrap();
        if tell.try_send((client, ask)).is_err() {
            return;
        }
    }
}

/// A client that speaks lines.
struct Client {
    read: BufReader<ReadHalf<DuplexStream>>,
    write: WriteHalf<DuplexStream>,
}

impl Client {
    fn new(stream: DuplexStream) -> Self {
        let (read, write) = tokio::io::split(stream);
        Self { read: BufReader::new(read), write }
    }

    async fn send(&mut self, line: &[u8]) {
        self.write.write_all(line).await.unwrap();
        self.write.write_all(b"\n").await.unwrap();
    }

    async fn read(&mut self) -> Option<Value> {
        let mut line = String::new();
        match self.read.read_line(&mut line).await.unwrap() {
            0 => None,
            _ => Some(serde_json::from_str(&line).unwrap()),
        }
    }

    /// The next line; there must be one.
    async fn next(&mut self) -> Value {
        self.read().await.expect("the daemon closed the connection")
    }

    async fn say(&mut self, line: impl AsRef<[u8]>) -> Value {
        self.send(line.as_ref()).await;
        self.next().await
    }

    async fn ask(&mut self, method: &str, params: Value) -> Value {
        let line = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
        let answer = self.say(line.to_string()).await;
        assert_eq!((&answer["jsonrpc"], &answer["id"]), (&json!("2.0"), &json!(7)), "{answer}");
        answer
    }

    async fn hello(&mut self) -> Value {
        self.ask("hello", json!({"client": "test", "api": "1.0"})).await["result"].clone()
    }

    /// Number and `about` of the next warning.
    async fn warning(&mut self) -> (u64, u64) {
        let event = self.next().await;
        assert_eq!(event["method"], "event", "{event}");
        assert_eq!(event["params"]["kind"], "warning", "{event}");
        let about = event["params"]["about"].as_str().unwrap().parse().unwrap();
        (event["params"]["seq"].as_u64().unwrap(), about)
    }
}

/// Kind of an error answer.
fn kind(answer: &Value) -> &str {
    answer["error"]["data"]["kind"].as_str().unwrap_or("no error")
}
