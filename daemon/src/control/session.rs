//! One client: its hello, its requests one after the other, and its place in the stream of events.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use ahoy_protocol::control::{
    API_VERSION, CallCommand, ConfigReply, ControlError, ErrorKind, Event, EventKind, HelloParams, HelloReply, Reply,
    Request, Scope, SubscribedReply,
};
use ahoy_protocol::core::input::Command;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::Desk;
use super::hub::{Taken, event_line};
use super::line::{Line, Lines};
use super::methods::{METHODS, Need, Own, name, need};
use super::parse::{answer_line, error_line, request};
use super::question::{Ask, Question};
use super::seats::Seat;
use crate::limits;

const ALL: [Scope; 4] = [Scope::Observe, Scope::Call, Scope::Media, Scope::Admin];

/// Who the client is, once it said hello.
struct Client {
    name: String,
    scopes: Vec<Scope>,
}

/// A subscription: the next event wanted, and up to where a replay is owed.
#[derive(Clone, Copy)]
struct Place {
    next: u64,
    owed: u64,
}

/// A connected client.
pub(super) struct Session<R, W> {
    pub(super) desk: Arc<Desk>,
    seat: Seat,
    hello_by: Instant,
    lines: Lines<R>,
    write: W,
    news: watch::Receiver<u64>,
    client: Option<Client>,
    place: Option<Place>,
    /// A key of this client's is down, and it wants the microphone muted if it goes.
    key_down: bool,
}

/// What woke a session.
enum Woken {
    Line(io::Result<Option<Line>>),
    Events,
    Stop,
    Leave(ControlError),
}

/// How a session is over.
enum Left {
    /// The client went.
    Gone,
    /// The daemon stops.
    Stop,
    /// The client cannot stay.
    Sent(ControlError),
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Session<R, W> {
    /// A client that has said nothing yet.
    pub(super) fn new(desk: Arc<Desk>, seat: Seat, read: R, write: W) -> Self {
        let news = desk.hub.news();
        let hello_by = Instant::now() + Duration::from_millis(limits::HELLO_MS);
        Self { desk, seat, hello_by, lines: Lines::new(read), write, news, client: None, place: None, key_down: false }
    }

    /// Serves it until it leaves or the daemon stops. One that cannot stay comes back with the reason.
    pub(super) async fn run(mut self) -> io::Result<Option<(ControlError, W)>> {
        let left = self.serve().await;
        if self.key_down {
            let muted = self.ask(Ask::Core(Command::Call(CallCommand::Mute { call: None }))).await;
            muted.map_or_else(|error| tracing::debug!(error.message, "a key that was down changed nothing"), |_| ());
        }
        match left? {
            Left::Gone => Ok(None),
            Left::Stop => self.farewell().await.map(|()| None),
            Left::Sent(why) => Ok(Some((why, self.write))),
        }
    }

    async fn serve(&mut self) -> io::Result<Left> {
        loop {
            match self.woken().await {
                Woken::Line(line) => match line? {
                    None => return Ok(Left::Gone),
                    Some(line) => self.line(line).await?,
                },
                Woken::Events => self.events().await?,
                Woken::Stop => return Ok(Left::Stop),
                Woken::Leave(why) => return Ok(Left::Sent(why)),
            }
        }
    }

    async fn woken(&mut self) -> Woken {
        let subscribed = self.place.is_some();
        let behind = self.behind();
        tokio::select! {
            line = self.lines.next() => Woken::Line(line),
            () = std::future::ready(()), if behind => Woken::Events,
            // The hub outlives every session, so an error here cannot come before the stop.
            _ = self.news.changed(), if subscribed && !behind => Woken::Events,
            () = self.desk.stop.cancelled() => Woken::Stop,
            () = self.seat.lost() => Woken::Leave(silent("others wait for its seat")),
            () = tokio::time::sleep_until(self.hello_by), if self.seat.hurries() => {
                Woken::Leave(silent("the time for it is over"))
            }
        }
    }

    fn behind(&self) -> bool {
        self.place.is_some_and(|place| place.next <= self.desk.hub.newest())
    }

    /// The daemon stops: whoever listens learns how its calls ended.
    async fn farewell(mut self) -> io::Result<()> {
        let rest = async {
            while self.behind() {
                self.events().await?;
            }
            self.write.shutdown().await
        };
        match tokio::time::timeout(Duration::from_millis(limits::STOP_CLIENTS_MS), rest).await {
            Ok(done) => done,
            Err(_) => Ok(()),
        }
    }

    async fn line(&mut self, line: Line) -> io::Result<()> {
        let text = match line {
            Line::TooLong => {
                let hint = format!("send at most {} bytes a line", limits::LINE_BYTES);
                error_line(&Value::Null, &ControlError::new(ErrorKind::BadLine, "the line is too long", hint))
            }
            Line::Whole(line) if line.iter().all(u8::is_ascii_whitespace) => return Ok(()),
            Line::Whole(line) => match request(&line) {
                Err(refused) => error_line(&refused.id, &refused.error),
                Ok(asked) => {
                    let answer = self.answer(asked.request).await;
                    answer_line(&asked.id, &answer)
                }
            },
        };
        self.write.write_all(text.as_bytes()).await
    }

    async fn answer(&mut self, request: Request) -> Result<Reply, ControlError> {
        if let Request::Hello(params) = request {
            return self.hello(params);
        }
        let Some(client) = &self.client else {
            let hint = "send hello {client, api} first";
            return Err(ControlError::new(ErrorKind::HelloFirst, "the client has not said hello", hint));
        };
        let method = name(&request);
        let scope = METHODS.iter().find(|(name, _)| *name == method).map_or(Scope::Admin, |(_, scope)| *scope);
        if !client.scopes.contains(&scope) {
            let message = format!("{method} is not covered by this client's scopes");
            let hint = format!("ask for the scope {} in hello", scope_name(scope));
            return Err(ControlError::new(ErrorKind::NotAllowed, message, hint));
        }
        if let Request::CallPushToTalk(params) = &request {
            self.key_down = params.pressed && params.while_connected && !params.mute;
        }
        match need(request)? {
            Need::Hello(params) => self.hello(params),
            Need::Here(own) => self.here(own).await,
            Need::Actor(ask) => self.ask(ask).await,
        }
    }

    fn hello(&mut self, params: HelloParams) -> Result<Reply, ControlError> {
        if self.client.is_some() {
            let hint = "open another connection to be another client";
            return Err(ControlError::new(ErrorKind::BadRequest, "hello was said already", hint));
        }
        if version(&params.api).is_none_or(|(major, _)| Some(major) != version(API_VERSION).map(|(ours, _)| ours)) {
            let message = format!("this daemon speaks {API_VERSION}");
            let hint = "use a client of the same major version; `api` is MAJOR.MINOR, such as 1.0";
            return Err(ControlError::new(ErrorKind::WrongApi, message, hint));
        }
        let name = params.client;
        if name.is_empty() || name.len() > limits::CLIENT_NAME_BYTES || name.chars().any(char::is_control) {
            let hint = format!("give 1 to {} bytes without control characters", limits::CLIENT_NAME_BYTES);
            return Err(ControlError::new(ErrorKind::BadParams, "hello: client is no usable name", hint));
        }
        let scopes = params.scopes.unwrap_or_else(|| ALL.to_vec());
        self.client = Some(Client { name, scopes });
        self.seat.greeted();
        let board = &self.desk.board;
        Ok(Reply::Hello(Box::new(HelloReply {
            api: API_VERSION.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            features: vec!["audio".into()],
            account: board.account(),
            device: board.device.clone(),
            max_line_bytes: limits::LINE_BYTES,
            event_queue: usize::try_from(limits::CLIENT_BEHIND_EVENTS).unwrap_or(usize::MAX),
        })))
    }

    async fn here(&mut self, own: Own) -> Result<Reply, ControlError> {
        match own {
            Own::Status => Ok(Reply::Status(Box::new(self.desk.board.status()))),
            Own::Discover => discovered(),
            Own::ConfigGet => Ok(Reply::Config(ConfigReply { config: self.desk.settings.shown() })),
            Own::ConfigSet(params) => self.set_config(params).await,
            Own::AudioList => self.list_audio().await,
            Own::AudioSelect(params) => self.select_audio(params).await,
            Own::AudioTest(params) => self.test_audio(params).await,
            Own::Pipeline(request) => self.pipeline(request).await,
            Own::HistoryList(params) => self.history(params).await,
            Own::HistoryPlay(params) => self.play(params).await,
            Own::HistoryClear => self.clear_history().await,
            Own::Subscribe(params) => self.subscribe(params.after).await,
        }
    }

    async fn subscribe(&mut self, after: Option<u64>) -> Result<Reply, ControlError> {
        if let Some(after) = after.filter(|after| self.desk.hub.holds_after(*after)) {
            let seq = self.desk.hub.newest();
            self.place = Some(Place { next: after + 1, owed: seq });
            return Ok(Reply::Subscribed(SubscribedReply { seq, snapshot: None }));
        }
        let reply = self.snapshot().await?;
        self.place = Some(Place { next: reply.seq + 1, owed: reply.seq });
        Ok(Reply::Subscribed(reply))
    }

    async fn snapshot(&mut self) -> Result<SubscribedReply, ControlError> {
        let Reply::Subscribed(reply) = self.ask(Ask::Snapshot).await? else {
            return Err(internal("the state was answered with something else"));
        };
        Ok(reply)
    }

    /// The `client` of its hello.
    pub(super) fn name(&self) -> String {
        self.client.as_ref().map(|client| client.name.clone()).unwrap_or_default()
    }

    pub(super) async fn ask(&mut self, ask: Ask) -> Result<Reply, ControlError> {
        let client = self.name();
        let (answer, wait) = oneshot::channel();
        let stopping = || ControlError::new(ErrorKind::Stopping, "the daemon stops", "start it again: ahoy start");
        let limit = Duration::from_millis(limits::ANSWER_MS);
        let asked = async {
            self.desk.questions.send(Question { client, ask, answer }).await.map_err(|_| stopping())?;
            wait.await.map_err(|_| if self.desk.board.stopping() { stopping() } else { internal("no answer came") })?
        };
        match tokio::time::timeout(limit, asked).await {
            Ok(answer) => answer,
            Err(_) => Err(internal("no answer came in time")),
        }
    }

    /// Writes the next events; a client that lost its place is told so and gets the state as it is now.
    async fn events(&mut self) -> io::Result<()> {
        self.news.mark_unchanged();
        let Some(place) = self.place else { return Ok(()) };
        match self.desk.hub.take(place.next, place.owed) {
            Taken::Lines(lines, next) => {
                for line in lines {
                    self.write.write_all(line.as_bytes()).await?;
                }
                self.place = Some(Place { next, ..place });
                Ok(())
            }
            Taken::Missed(missed) => self.lagged(missed).await,
        }
    }

    async fn lagged(&mut self, missed: u64) -> io::Result<()> {
        let reply = match self.snapshot().await {
            Ok(reply) => reply,
            Err(error) => return Err(io::Error::other(error.message)),
        };
        let Some(snapshot) = reply.snapshot else { return Err(io::Error::other("no state came")) };
        let at_ms = crate::clock::unix_ms();
        for kind in [EventKind::Lagged { missed }, EventKind::Snapshot(snapshot)] {
            let line = event_line(&Event { seq: reply.seq, at_ms, kind }).map_err(io::Error::other)?;
            self.write.write_all(line.as_bytes()).await?;
        }
        self.place = Some(Place { next: reply.seq + 1, owed: reply.seq });
        Ok(())
    }
}

/// The interface as a document. A test makes it anew of the types and compares; made here, it costs a megabyte of code.
const OPENRPC: &str = include_str!("../../../docs/openrpc.json");

fn discovered() -> Result<Reply, ControlError> {
    let document = serde_json::from_str(OPENRPC).map_err(|_| internal("the document is no OpenRPC"))?;
    Ok(Reply::Discovered(document))
}

/// Major and minor number of `1.0`; none for anything that is written otherwise.
fn version(text: &str) -> Option<(u32, u32)> {
    let number = |part: &str| {
        let plain = part.bytes().all(|byte| byte.is_ascii_digit()) && (part == "0" || !part.starts_with('0'));
        part.parse().ok().filter(|_| plain)
    };
    let (major, minor) = text.split_once('.')?;
    Some((number(major)?, number(minor)?))
}

fn silent(why: &str) -> ControlError {
    let message = format!("the connection is closed before its hello: {why}");
    ControlError::new(ErrorKind::HelloFirst, message, "connect again and send hello {client, api} at once")
}

fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Observe => "observe",
        Scope::Call => "call",
        Scope::Media => "media",
        Scope::Admin => "admin",
    }
}

pub(super) fn internal(what: &str) -> ControlError {
    ControlError::new(ErrorKind::Internal, what, "report this defect; the log has more")
}
