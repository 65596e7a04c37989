//! The control interface: JSON-RPC 2.0, one JSON object a line, over a Unix socket, standard input and output,
//! or in memory. Questions that need the core go to the actor and wait for its answer; the rest is answered here.

mod audio;
mod board;
mod history;
mod hub;
mod line;
mod methods;
mod parse;
mod pipeline;
mod question;
mod seats;
mod session;
mod settings;
mod strict;
#[cfg(test)]
mod tests;
mod voicemail;

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use ahoy_media::tasks::Tasks;
use ahoy_protocol::control::{AudioDevicesReply, ControlError, ErrorKind};

pub use board::{Board, Holding, INBOXES, Sources};
pub use hub::{Hub, Taken};
pub use methods::METHODS;
pub use question::{Answer, Ask, Question};

use crate::config::Settings;
use crate::pipes::Pipes;
use crate::{limits, platform};
use seats::{Seat, Seats};
use session::Session;

/// Reads a client's line as a session does: the request, or the whole line that is answered. For tests of the interface.
///
/// # Errors
/// The answer, with its line end.
pub fn read_line(line: &[u8]) -> Result<ahoy_protocol::control::Request, String> {
    let asked = parse::request(line).map_err(|refused| parse::error_line(&refused.id, &refused.error))?;
    let request = asked.request.clone();
    match methods::need(asked.request) {
        Ok(_) => Ok(request),
        Err(error) => Err(parse::error_line(&asked.id, &error)),
    }
}

/// Lists this machine's sound devices, and says what sound is granted; called on a thread that may wait.
pub type ListAudio = Arc<dyn Fn() -> AudioDevicesReply + Send + Sync>;

/// What every session needs.
pub(crate) struct Desk {
    pub(crate) questions: mpsc::Sender<Question>,
    pub(crate) hub: Hub,
    pub(crate) board: Arc<Board>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) audio: ListAudio,
    pub(crate) pipes: Pipes,
    pub(crate) stop: CancellationToken,
}

/// The control interface of one daemon. Cheap to share.
#[derive(Clone)]
pub struct Control {
    desk: Arc<Desk>,
    seats: Arc<Seats>,
    tasks: TaskTracker,
    counted: Tasks,
}

impl Control {
    /// Answers out of `board`, `settings`, `audio` and `pipes`, and asks `questions` for the rest; events come from `hub`,
    /// and `counted` counts the tasks.
    #[must_use]
    pub fn new(
        questions: mpsc::Sender<Question>,
        hub: Hub,
        board: Arc<Board>,
        settings: Arc<Settings>,
        (audio, pipes): (ListAudio, Pipes),
        counted: Tasks,
    ) -> Self {
        let desk = Desk { questions, hub, board, settings, audio, pipes, stop: CancellationToken::new() };
        Self { desk: Arc::new(desk), seats: Arc::default(), tasks: TaskTracker::new(), counted }
    }

    /// A client in this process, speaking the same lines.
    #[must_use]
    pub fn connect(&self) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(limits::MEMORY_PIPE_BYTES);
        let (read, write) = tokio::io::split(ours);
        self.serve(read, write);
        theirs
    }

    /// Serves a client of this process, or of its standard input and output, until it leaves or the daemon stops: it
    /// may say its hello when it likes. With [`limits::CLIENTS`] there already it is told so.
    pub fn serve<R, W>(&self, read: R, write: W) -> tokio::task::JoinHandle<()>
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        self.seat(self.seats.take_own(), read, write)
    }

    /// Serves a client of the socket: it has [`limits::HELLO_MS`] for its hello, and while it is silent it gives way to
    /// others when there is no room.
    fn serve_stranger<R, W>(&self, read: R, write: W) -> tokio::task::JoinHandle<()>
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        self.seat(self.seats.take(), read, write)
    }

    fn seat<R, W>(&self, seat: Option<Seat>, read: R, mut write: W) -> tokio::task::JoinHandle<()>
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        let (desk, seats) = (self.desk.clone(), self.seats.count());
        self.tasks.spawn(self.counted.counted(async move {
            let Some(seat) = seat else {
                let hint = format!("close another frontend: at most {seats} at a time");
                let error = ControlError::new(ErrorKind::LimitReached, "too many frontends are connected", hint);
                return turn_away(&mut write, &error).await;
            };
            match Box::pin(Session::new(desk, seat, read, write).run()).await {
                Ok(None) => {}
                Ok(Some((error, mut write))) => turn_away(&mut write, &error).await,
                Err(error) => tracing::debug!(%error, "a frontend's connection broke"),
            }
        }))
    }

    /// Takes clients from the socket until the daemon stops. Only processes of our own user are answered.
    pub fn listen(&self, listener: tokio::net::UnixListener) {
        let this = self.clone();
        let stop = self.desk.stop.clone();
        self.tasks.spawn(self.counted.counted(async move {
            let mut foreign = platform::Foreign::default();
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    () = stop.cancelled() => return,
                };
                match accepted {
                    Ok((stream, _)) if platform::peer_is_us(&stream) => {
                        let (read, write) = stream.into_split();
                        this.serve_stranger(read, write);
                    }
                    Ok(_) => foreign.turned_away("control socket"),
                    Err(error) => {
                        // Out of descriptors: without a pause this would spin.
                        tracing::warn!(%error, "no frontend can be taken");
                        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                    }
                }
            }
        }));
    }

    /// Waits until the actor has answered; false if it is gone. What the board has of the core is up to date then.
    pub async fn alive(&self) -> bool {
        let (answer, wait) = oneshot::channel();
        let question = Question { client: String::new(), ask: Ask::Alive, answer };
        // Whatever it says: it has taken the question out of its inbox and has come to the end of it.
        self.desk.questions.send(question).await.is_ok() && wait.await.is_ok()
    }

    /// Ends every session once it has taken the events that are out, at most [`limits::STOP_CLIENTS_MS`] later.
    pub async fn stop(&self) {
        self.desk.stop.cancel();
        self.tasks.close();
        let limit = std::time::Duration::from_millis(2 * limits::STOP_CLIENTS_MS);
        if tokio::time::timeout(limit, self.tasks.wait()).await.is_err() {
            tracing::debug!("a frontend did not take its last events");
        }
    }
}

/// The last words to a client that cannot stay; one that doesn't read them holds nobody up.
async fn turn_away(write: &mut (impl AsyncWrite + Unpin), error: &ControlError) {
    let line = parse::error_line(&serde_json::Value::Null, error);
    let words = async {
        write.write_all(line.as_bytes()).await?;
        write.shutdown().await
    };
    match tokio::time::timeout(std::time::Duration::from_millis(limits::STOP_CLIENTS_MS), words).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a frontend left before it was turned away"),
        Err(_) => tracing::debug!("a frontend was turned away and did not read why"),
    }
}
