//! The actor around a scripted core, with a real store and recorded media.

mod links;
mod muting;
mod order;
mod questions;
mod stopping;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ahoy_media::host_media::api::{AudioEvent, Limit, ReceiveStats};
use ahoy_media::simple_webrtc::engine::{Candidate, DescriptionKind, EngineError, LinkEvent, LinkId, TransportStats};
use ahoy_protocol::core::effect::{Effect, NetCommand};
use ahoy_protocol::core::input::{Input, LinkOf};
use ahoy_protocol::ids::Now;
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::*;
use crate::control::{Board, Hub};
use crate::recorder::Recorder;
use crate::store::Store;

/// What a script sees and answers with.
type Script = Box<dyn FnMut(&Input, Now) -> Vec<Effect> + Send>;

/// A core that follows a script.
struct Scripted {
    script: Script,
    state: Arc<Mutex<State>>,
}

/// What tests set and read while the actor runs.
#[derive(Default)]
struct State {
    next_timer_ms: Option<u64>,
    links: Vec<LinkOf>,
    calls: usize,
    busy: bool,
}

impl Machine for Scripted {
    fn handle(&mut self, input: Input, now: Now, _rng: &mut dyn rand_core::CryptoRng) -> Vec<Effect> {
        (self.script)(&input, now)
    }

    fn next_timer_ms(&self) -> Option<u64> {
        self.state.lock().unwrap().next_timer_ms
    }

    fn links(&self) -> Vec<LinkOf> {
        self.state.lock().unwrap().links.clone()
    }

    fn calls(&self) -> usize {
        self.state.lock().unwrap().calls
    }

    fn who(&self) -> Option<ahoy_protocol::core::Who> {
        None
    }

    fn counted(&self) -> ahoy_protocol::core::Counted {
        let calls = self.state.lock().unwrap().calls;
        ahoy_protocol::core::Counted { calls, ..Default::default() }
    }

    fn refused(&self) -> Vec<(u16, u64)> {
        vec![(17, 3)]
    }

    fn drained(&self) -> bool {
        !self.state.lock().unwrap().busy
    }
}

/// A running actor and everything around it.
struct World {
    network: mpsc::Sender<Input>,
    questions: mpsc::Sender<Question>,
    links: mpsc::Sender<(LinkId, LinkEvent)>,
    audio: mpsc::Sender<AudioEvent>,
    stop: watch::Sender<bool>,
    commands: mpsc::Receiver<NetCommand>,
    media: Arc<Recorder>,
    state: Arc<Mutex<State>>,
    hub: Hub,
    board: Arc<Board>,
    actor: JoinHandle<()>,
    dir: tempfile::TempDir,
}

impl World {
    fn new(script: impl FnMut(&Input, Now) -> Vec<Effect> + Send + 'static) -> Self {
        Self::with(Vec::new(), 64, Recorder::default(), script)
    }

    fn with(
        first: Vec<Effect>,
        room: usize,
        media: Recorder,
        script: impl FnMut(&Input, Now) -> Vec<Effect> + Send + 'static,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (done, committed) = mpsc::channel(limits::WAITING_GROUPS);
        let (file, key) = (dir.path().join("store.redb"), dir.path().join("store.key"));
        let store = Arc::new(Store::open(&file, &key, done).unwrap().0);
        let (network, network_in) = mpsc::channel(64);
        let (questions, questions_in) = mpsc::channel(64);
        let (links, links_in) = mpsc::channel(64);
        let (audio, audio_in) = mpsc::channel(64);
        let (stop, stop_in) = watch::channel(false);
        let (commands_out, commands) = mpsc::channel(room);
        let inboxes = Inboxes {
            network: network_in,
            questions: questions_in,
            links: links_in,
            audio: audio_in,
            recordings: mpsc::channel(1).1,
            committed,
            stop: stop_in,
        };
        let media = Arc::new(media);
        let hub = Hub::new(0);
        let board = Arc::new(Board::new("account".into(), "device".into(), crate::control::Sources::default()));
        let ports = Ports {
            network: commands_out,
            player: crate::player::Player::new(
                &(media.clone() as Arc<dyn ahoy_media::host_media::api::Sound>),
                Arc::new(|_| {}),
            ),
            media: Media::new(media.clone(), media.clone(), Vec::new(), false),
            pipes: crate::pipes::Pipes::nowhere(dir.path().join("pipeline.json"), hub.clone()),
            store,
            hub: hub.clone(),
            board: board.clone(),
        };
        let state = Arc::new(Mutex::new(State::default()));
        let core = Scripted { script: Box::new(script), state: state.clone() };
        let (tell, _) = watch::channel(Vec::new());
        let actor = tokio::spawn(Actor::new(core, first, ports, Clock::start(), tell).run(inboxes));
        Self { network, questions, links, audio, stop, commands, media, state, hub, board, actor, dir }
    }

    async fn ask(&self, ask: Ask) -> Result<Reply, ControlError> {
        let (answer, wait) = oneshot::channel();
        self.questions.send(Question { client: "tester".into(), ask, answer }).await.unwrap();
        wait.await.expect("the actor dropped a question")
    }

    /// Returns once the actor has taken everything that was sent before; the script must answer questions.
    async fn settle(&self) {
        // A state answer passes through the core and the groups. Other inboxes are read in no fixed order, so
        // they have to be empty first.
        let until = Instant::now() + Duration::from_secs(5);
        while self.network.capacity() < 64 || self.links.capacity() < 64 || self.audio.capacity() < 64 {
            assert!(Instant::now() < until, "the actor does not read");
            tokio::task::yield_now().await;
        }
        self.ask(Ask::Snapshot).await.unwrap();
    }

    /// Every event so far.
    fn events(&self) -> Vec<serde_json::Value> {
        let mut all = Vec::new();
        let mut next = 1;
        while let crate::control::Taken::Lines(lines, then) = self.hub.take(next, u64::MAX) {
            if lines.is_empty() {
                break;
            }
            let read = |line: &Arc<str>| serde_json::from_str::<serde_json::Value>(line).unwrap()["params"].clone();
            all.extend(lines.iter().map(read));
            next = then;
        }
        all
    }
}

/// Answers what a real core would: the state.
fn snapshot_reply(input: &Input) -> Option<Effect> {
    use ahoy_protocol::control::{Counts, Snapshot, Status, SubscribedReply};
    let Input::Command { ticket, command: Command::Snapshot, .. } = input else { return None };
    let status = Status {
        version: String::new(),
        api: String::new(),
        account: String::new(),
        device: String::new(),
        revoked: false,
        presence: None,
        do_not_disturb: false,
        muted: false,
        recording: false,
        recorded: false,
        peers: 0,
        calls: 0,
        uptime_ms: 0,
        counts: Counts::default(),
    };
    let snapshot = Snapshot {
        status,
        calls: Vec::new(),
        contacts: Vec::new(),
        requests: Vec::new(),
        presence: None,
        muted: false,
    };
    let reply = Reply::Subscribed(SubscribedReply { seq: 0, snapshot: Some(Box::new(snapshot)) });
    Some(Effect::Reply { ticket: *ticket, result: Box::new(Ok(reply)) })
}

/// As above, for a script's end.
fn state(input: &Input) -> Vec<Effect> {
    snapshot_reply(input).into_iter().collect()
}

/// Effects that a `Ctl` input with this number stands for; everything else gets the state or nothing.
fn on(cases: impl Fn(u64) -> Vec<Effect> + Send + 'static) -> impl FnMut(&Input, Now) -> Vec<Effect> + Send + 'static {
    move |input, _| {
        if let Input::Ctl { link, .. } = input { cases(link.0) } else { state(input) }
    }
}

/// An input that the scripts of [`on`] know by its number.
fn number(number: u64) -> Input {
    Input::Ctl { link: ahoy_protocol::ids::LinkId(number), message: Vec::new() }
}

fn warning(about: &str) -> Effect {
    Effect::Event(Box::new(EventKind::Warning { about: about.into(), hint: String::new() }))
}

fn topic(letter: u8) -> ahoy_protocol::core::input::Topic {
    ahoy_protocol::core::input::Topic([letter; 32])
}
