//! The few lines of HTTP that a scrape needs. Whoever connects may be hostile: a web page in a browser of this
//! machine, or another user of it. So everything is bounded, and a name in `Host` must be this machine's own.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{AbortHandle, Abortable};
use futures::stream::{FuturesUnordered, StreamExt};
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HOST};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::task::JoinHandle;

use super::{Figures, render};
use crate::config::MetricsAt;
use crate::limits;
use crate::platform::{self, AtSocketPath};

/// What OpenMetrics 1.0 asks for.
const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers scrapes until it is dropped.
pub struct Server {
    task: JoinHandle<()>,
    local: Option<SocketAddr>,
    socket: Option<PathBuf>,
}

enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

enum Scraper {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Listener {
    async fn accept(&self) -> io::Result<Scraper> {
        match self {
            Self::Tcp(listener) => listener.accept().await.map(|(stream, _)| Scraper::Tcp(stream)),
            Self::Unix(listener) => listener.accept().await.map(|(stream, _)| Scraper::Unix(stream)),
        }
    }
}

impl Server {
    /// Binds and begins to answer. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// The address is in use or cannot be bound; what stands at the path is no socket, or one that is in use.
    pub async fn start(at: &MetricsAt, figures: Figures) -> io::Result<Self> {
        let (listener, local, socket) = match at {
            MetricsAt::Loopback(address) => {
                let listener = TcpListener::bind(address).await?;
                let local = listener.local_addr()?;
                (Listener::Tcp(listener), Some(local), None)
            }
            MetricsAt::Unix(path) => (Listener::Unix(bind(path).await?), None, Some(path.clone())),
        };
        let task = figures.tasks.clone().spawn(accept(listener, Arc::new(figures)));
        Ok(Self { task, local, socket })
    }

    /// The port that was bound, with port 0 the one that the system chose.
    #[must_use]
    pub fn local(&self) -> Option<SocketAddr> {
        self.local
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
        if let Some(path) = &self.socket
            && let Err(error) = std::fs::remove_file(path)
        {
            tracing::debug!(%error, "the metrics' socket was gone already");
        }
    }
}

/// Binds the socket; one that a killed daemon left behind gives way.
async fn bind(path: &Path) -> io::Result<UnixListener> {
    match platform::at_socket_path(path)? {
        AtSocketPath::Nothing => {}
        AtSocketPath::Socket => match UnixStream::connect(path).await {
            Ok(_) => return Err(io::Error::new(io::ErrorKind::AddrInUse, "somebody answers there already")),
            Err(_) => std::fs::remove_file(path)?,
        },
        AtSocketPath::Other => {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "what stands there is no socket"));
        }
    }
    UnixListener::from_std(platform::bind_socket(path)?)
}

async fn accept(listener: Listener, figures: Arc<Figures>) {
    // Answered inside of this task: they end with it.
    let mut clients = FuturesUnordered::new();
    let (mut seats, mut last) = (VecDeque::new(), 0_u64);
    let mut foreign = platform::Foreign::default();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(left) = clients.next() => {
                seats.retain(|(seat, _)| *seat != left);
                continue;
            }
        };
        let answered = match accepted {
            Ok(Scraper::Tcp(stream)) => answer(stream, figures.clone(), true).boxed(),
            Ok(Scraper::Unix(stream)) if platform::peer_is_us(&stream) => {
                answer(stream, figures.clone(), false).boxed()
            }
            Ok(Scraper::Unix(_)) => {
                foreign.turned_away("metrics");
                continue;
            }
            Err(error) => {
                // Out of descriptors: without a pause this would spin.
                tracing::warn!(%error, "no scrape can be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        // Whoever says nothing gives way to whoever came later.
        if seats.len() >= limits::METRICS_CLIENTS
            && let Some((_, oldest)) = seats.pop_front()
        {
            AbortHandle::abort(&oldest);
        }
        last += 1;
        let (oldest, registration) = AbortHandle::new_pair();
        seats.push_back((last, oldest));
        let seat = last;
        clients.push(Abortable::new(answered, registration).map(move |_| seat));
    }
}

/// One request, within one time limit for everything.
async fn answer<S>(stream: S, figures: Arc<Figures>, named: bool)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limit = Duration::from_millis(limits::METRICS_MS);
    let service = service_fn(move |request| {
        let figures = figures.clone();
        async move { Ok::<_, Infallible>(respond(&request, &figures, named).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limit)
        .keep_alive(false)
        .max_buf_size(limits::METRICS_REQUEST_BYTES)
        .max_headers(limits::METRICS_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    match tokio::time::timeout(limit, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a scrape came to nothing"),
        Err(_) => tracing::debug!("a scrape took too long"),
    }
}

async fn respond(request: &Request<Incoming>, figures: &Figures, named: bool) -> Response<String> {
    if named && !is_this_machine(request) {
        return said(StatusCode::MISDIRECTED_REQUEST, "name this machine: 127.0.0.1, [::1] or localhost\n");
    }
    if request.uri().path() != "/metrics" {
        return said(StatusCode::NOT_FOUND, "there is nothing but /metrics\n");
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let mut response = said(StatusCode::METHOD_NOT_ALLOWED, "GET only\n");
        response.headers_mut().insert(ALLOW, hyper::header::HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    match render(figures).await {
        Ok(text) => {
            let mut response = Response::new(text);
            response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(TYPE));
            response
        }
        Err(_) => said(StatusCode::INTERNAL_SERVER_ERROR, "the figures could not be written\n"),
    }
}

/// A page of a web site whose name was pointed at 127.0.0.1 says that name here.
fn is_this_machine(request: &Request<Incoming>) -> bool {
    let Some(host) = request.headers().get(HOST).and_then(|value| value.to_str().ok()) else { return false };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

fn said(status: StatusCode, text: &str) -> Response<String> {
    let mut response = Response::new(text.to_owned());
    *response.status_mut() = status;
    response
}
