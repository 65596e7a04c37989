//! The engine over webrtc 0.21.1: each link is a task of its own that owns a peer connection.

mod clear;
mod flight;
mod gate;
mod names;
mod peer;
mod relayed;
mod reports;
mod runtime;
mod session;
mod settings;
mod signals;
mod sources;
mod stats;
#[cfg(test)]
mod tests;
mod thread;

use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use ::webrtc::runtime::{Runtime, TokioRuntime};
use futures::FutureExt;
use tokio::runtime::Handle;

use self::names::Names;
use self::peer::Peer;
use self::session::Session;
use self::thread::LinkThread;
use super::engine::{CloseReason, Events, IcePolicy, IceServer, LinkSpec};
use super::links::{HasLinks, LinkDriver, Links};
use super::port::Port;
use crate::tasks::Tasks;

/// Targets of the library's own logs. They name addresses, and payloads of packets that could not be written, at
/// levels up to error: a daemon leaves them out of its logs.
pub const LOG_TARGETS: [&str; 17] = [
    "webrtc",
    "rtc",
    "rtc_crypto",
    "rtc_datachannel",
    "rtc_dtls",
    "rtc_ice",
    "rtc_interceptor",
    "rtc_mdns",
    "rtc_media",
    "rtc_rtcp",
    "rtc_rtp",
    "rtc_sctp",
    "rtc_sdp",
    "rtc_shared",
    "rtc_srtp",
    "rtc_stun",
    "rtc_turn",
];

/// Real WebRTC. Dropped, it closes its links; who wants to wait for that closes them and reads until each has said so.
pub struct WebrtcEngine {
    links: Links<WebrtcDriver>,
    /// Where the tasks run, if not on the caller's runtime.
    _thread: Option<LinkThread>,
}

impl WebrtcEngine {
    /// An engine whose events go to `events` and whose tasks run on `runtime`.
    pub fn new(events: Events, runtime: Handle) -> Self {
        Self::over(Arc::new(TokioRuntime), events, runtime)
    }

    /// An engine whose tasks run on a thread of their own.
    ///
    /// # Errors
    /// The system gives no thread, or no descriptor for its events.
    pub fn on_its_own_thread(events: Events) -> io::Result<Self> {
        let thread = LinkThread::start()?;
        let engine = Self::new(events, thread.handle());
        Ok(Self { _thread: Some(thread), ..engine })
    }

    /// An engine whose clock and network are `network`'s.
    fn over(network: Arc<dyn Runtime>, events: Events, runtime: Handle) -> Self {
        let tasks = Tasks::default();
        let driver = WebrtcDriver { network, names: Names::of_the_system(tasks.clone()), tasks: tasks.clone() };
        Self { links: Links::new(driver, events, runtime, tasks), _thread: None }
    }
}

impl HasLinks for WebrtcEngine {
    type Driver = WebrtcDriver;

    fn links(&self) -> &Links<WebrtcDriver> {
        &self.links
    }
}

fn has_relay(server: &IceServer) -> bool {
    server.urls.iter().any(|url| url.starts_with("turn"))
}

/// Drives one link with one peer connection.
pub(crate) struct WebrtcDriver {
    network: Arc<dyn Runtime>,
    /// Counts the tasks of the library beside those of the links.
    tasks: Tasks,
    /// Finds servers.
    names: Names,
}

impl LinkDriver for WebrtcDriver {
    async fn drive(&self, spec: LinkSpec, port: &mut Port) -> CloseReason {
        let LinkSpec { policy, servers, bind, audio, .. } = spec;
        if policy == IcePolicy::Relay && !servers.iter().any(has_relay) {
            return CloseReason::Failed("only relayed media is allowed, and no TURN server is set".to_owned());
        }
        let servers = self.names.addresses(servers).await;
        // The library's error may hold addresses.
        let building = Peer::build(self.network.clone(), &bind, &servers, policy, self.tasks.clone());
        let Ok((peer, signals)) = building.await else {
            let why = "none of the local addresses could be bound, or the url of a server is wrong";
            return CloseReason::Failed(why.to_owned());
        };
        let mut session = Session {
            peer,
            port,
            signals,
            audio,
            policy,
            remote: None,
            local: Vec::new(),
            way: None,
            fresh: false,
            heard: None,
            silence: None,
            refused: 0,
            foreign: 0,
            began: Instant::now(),
        };
        let over = AssertUnwindSafe(session.run()).catch_unwind().await;
        session.port.machine().close();
        session.peer.close().await;
        over.unwrap_or_else(|_panic| CloseReason::Failed("internal error of the media link".to_owned()))
    }
}
