//! One side of the demo: a daemon of its own, what it says over its socket, and what we saw of it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use ahoy_client::control::{CallState, Event, EventKind, HomePaths, ParticipantStats};
use ahoy_client::{Client, ClientError, Notice};

use crate::args::StartArgs;
use crate::failure::Failure;
use crate::launch::{daemon_command, wait_ready};
use crate::platform;

/// The daemon promises 2 s.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// An event, the side it came from, and when we read it.
pub(crate) struct Heard {
    pub(crate) side: &'static str,
    pub(crate) at: Instant,
    pub(crate) notice: Result<Notice, ClientError>,
}

/// What we saw of the call from one side.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// First time of each state.
    states: Vec<(CallState, Instant)>,
    /// End reason.
    pub(crate) reason: Option<String>,
    /// Monotonic us of the first sample said.
    pub(crate) source_us: Option<u64>,
    /// Monotonic us of the first sample heard.
    pub(crate) sink_us: Option<u64>,
    /// When the other side was first decoded here.
    pub(crate) joined: Option<Instant>,
    /// The call.
    pub(crate) call: Option<String>,
}

impl Seen {
    /// When the call first was in this state.
    pub(crate) fn since(&self, state: CallState) -> Option<Instant> {
        self.states.iter().find(|(seen, _)| *seen == state).map(|(_, at)| *at)
    }

    pub(crate) fn learn(&mut self, event: &Event, at: Instant) {
        match &event.kind {
            EventKind::CallState { call, state, reason, .. } => {
                if self.since(*state).is_none() {
                    self.states.push((*state, at));
                }
                self.call = Some(call.clone());
                self.reason = self.reason.take().or_else(|| reason.clone());
            }
            EventKind::IncomingCall { call, .. } => {
                self.call = Some(call.clone());
                if self.since(CallState::Incoming).is_none() {
                    self.states.push((CallState::Incoming, at));
                }
            }
            EventKind::ParticipantJoined { .. } => self.joined = self.joined.or(Some(at)),
            EventKind::SourceStarted { at_us } => self.source_us = self.source_us.or(Some(*at_us)),
            EventKind::SinkStarted { at_us } => self.sink_us = self.sink_us.or(Some(*at_us)),
            EventKind::Snapshot(_)
            | EventKind::ParticipantLeft { .. }
            | EventKind::ParticipantState { .. }
            | EventKind::RecordingRequested(_)
            | EventKind::RecordingAnswered(_)
            | EventKind::RecordingStarted(_)
            | EventKind::RecordingStopped(_)
            | EventKind::DeviceAdded(_)
            | EventKind::DeviceRemoved(_)
            | EventKind::DeviceLost { .. }
            | EventKind::DeviceChanged { .. }
            | EventKind::MutedTalking { .. }
            | EventKind::Speaking { .. }
            | EventKind::SoundTest(_)
            | EventKind::PipelineChanged(_)
            | EventKind::PipelineRun(_)
            | EventKind::Quality { .. }
            | EventKind::HistoryCleared { .. }
            | EventKind::Voicemail { .. }
            | EventKind::VoicemailDelivered { .. }
            | EventKind::PlaybackEnded { .. }
            | EventKind::MissedCall { .. }
            | EventKind::HandOff { .. }
            | EventKind::EndAmended { .. }
            | EventKind::ContactChanged { .. }
            | EventKind::ContactRequest { .. }
            | EventKind::RequestClosed { .. }
            | EventKind::BlockedAttempt { .. }
            | EventKind::Presence { .. }
            | EventKind::DevicesChanged { .. }
            | EventKind::ConfigChanged { .. }
            | EventKind::Linking { .. }
            | EventKind::Lagged { .. }
            | EventKind::Warning { .. } => {}
        }
    }
}

/// Figures of one second.
#[derive(Clone, Debug)]
pub(crate) struct Second {
    /// Unix ms.
    pub(crate) at_ms: f64,
    /// What the daemon said about its only participant.
    pub(crate) stats: ParticipantStats,
}

/// A daemon of the demo.
pub(crate) struct Side {
    pub(crate) name: &'static str,
    pub(crate) client: Client,
    pub(crate) seen: Seen,
    pub(crate) seconds: Vec<Second>,
    child: Child,
}

/// How a daemon of the demo is started.
pub(crate) struct Start<'a> {
    pub(crate) name: &'static str,
    pub(crate) home: PathBuf,
    pub(crate) audio_in: String,
    pub(crate) heard: &'a Path,
    pub(crate) config: Option<&'a Path>,
}

impl Side {
    /// Starts a daemon and connects to it; its events go to `events`.
    pub(crate) async fn start(start: &Start<'_>, events: mpsc::Sender<Heard>) -> Result<Self, Failure> {
        platform::private_dir(&start.home)?;
        let args = StartArgs {
            listen: vec!["/ip4/127.0.0.1/tcp/0".to_owned()],
            no_mdns: true,
            config: start.config.map(Path::to_path_buf),
            audio_in: Some(start.audio_in.clone()),
            audio_out: Some(format!("file:{}", start.heard.display())),
            ..StartArgs::default()
        };
        let mut command = Command::from(daemon_command(Some(&start.home), &args)?);
        let said = start.home.join("said.log");
        // If we are killed, nobody else would stop it.
        command.stderr(Stdio::from(platform::private_file(&said)?)).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| Failure::Failed(format!("can't start ahoyd: {error}")))?;
        let socket = HomePaths::under(&start.home).socket;
        let client = wait_ready(&mut child, &socket, &said, &format!("daemon {}", start.name)).await?;
        let mut listener = Client::connect_to(&socket, "ahoy demo").await?;
        listener.subscribe(None).await?;
        let name = start.name;
        tokio::spawn(async move {
            loop {
                let notice = listener.event().await;
                let over = notice.is_err();
                let sent = events.send(Heard { side: name, at: Instant::now(), notice }).await;
                if over || sent.is_err() {
                    return;
                }
            }
        });
        Ok(Self { name, client, seen: Seen::default(), seconds: Vec::new(), child })
    }

    /// CPU seconds and peak memory in bytes so far.
    pub(crate) fn usage(&self) -> Option<(f64, u64)> {
        platform::usage(self.child.id()?)
    }

    /// Asks it to stop, and waits until the process is gone.
    pub(crate) async fn stop(&mut self) -> Result<(), Failure> {
        self.client.shutdown().await?;
        match tokio::time::timeout(STOP_LIMIT, self.child.wait()).await {
            Ok(status) if status.as_ref().is_ok_and(std::process::ExitStatus::success) => Ok(()),
            Ok(status) => Err(Failure::Failed(format!("daemon {} ended with {status:?}", self.name))),
            Err(_elapsed) => Err(Failure::Failed(format!("daemon {} does not stop", self.name))),
        }
    }
}
