//! A frontend in this process: asks, and remembers every event since the node started.

use std::time::Duration;

use ahoy_client::Client;
use ahoy_client::control::{CallState, EndCause, Event, EventKind};
use ahoyd::control::Control;

/// How long a test waits for anything. Far more than is needed: it only ends tests that would hang.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// Awaits with patience.
///
/// # Panics
/// If it is in vain.
pub async fn patiently<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Why.
    pub reason: String,
    /// What lies behind it.
    pub cause: Option<EndCause>,
}

/// A frontend of one node.
pub struct Frontend {
    control: Control,
    /// For questions.
    pub ask: Client,
    /// Sequence number of the newest event seen.
    newest: u64,
    seen: Vec<Event>,
}

async fn connect(control: &Control) -> Client {
    Client::over(Box::new(control.connect()), "swarm", None).await.expect("the node answers")
}

impl Frontend {
    /// Subscribes.
    ///
    /// # Panics
    /// If the node refuses.
    pub async fn of(control: &Control) -> Self {
        let mut ask = connect(control).await;
        let newest = ask.subscribe(None).await.expect("a subscription").seq;
        Self { control: control.clone(), ask, newest, seen: Vec::new() }
    }

    /// Another frontend of the same node.
    ///
    /// # Panics
    /// If the node refuses.
    pub async fn another(&self, name: &str) -> Client {
        Client::over(Box::new(self.control.connect()), name, None).await.expect("the node answers")
    }

    /// Every event so far that was waited for or passed on the way.
    pub fn seen(&self) -> impl Iterator<Item = &EventKind> {
        self.seen.iter().map(|event| &event.kind)
    }

    /// The next event that was not seen yet.
    ///
    /// # Panics
    /// If none comes.
    pub async fn next(&mut self, what: &str) -> &EventKind {
        let Ok(event) = tokio::time::timeout(PATIENCE, self.ask.event()).await else {
            panic!("waited in vain for {what}; seen: {:#?}", self.seen)
        };
        let notice = event.expect("the node lives");
        let event = notice.known.expect("an event that this library knows");
        self.newest = event.seq;
        self.seen.push(event);
        &self.seen.last().expect("pushed just now").kind
    }

    /// The first event, past or future, that `pick` wants.
    pub async fn until<T>(&mut self, what: &str, pick: impl Fn(&EventKind) -> Option<T>) -> T {
        if let Some(picked) = self.seen().find_map(&pick) {
            return picked;
        }
        loop {
            if let Some(picked) = pick(self.next(what).await) {
                return picked;
            }
        }
    }

    /// Reads on until everything that has happened up to now is seen.
    ///
    /// # Panics
    /// If the node does not answer.
    pub async fn catch_up(&mut self) {
        let seq = connect(&self.control).await.subscribe(None).await.expect("a snapshot").seq;
        while self.newest < seq {
            self.next("the events up to now").await;
        }
    }

    /// Waits until a call is, or was, in this state.
    pub async fn state(&mut self, call: &str, state: CallState) {
        let is = |event: &EventKind| {
            matches!(event, EventKind::CallState { call: of, state: now, .. } if of == call && *now == state)
                .then_some(())
        };
        self.until(&format!("{state:?}"), is).await;
    }

    /// Waits for the end of a call.
    pub async fn ended(&mut self, call: &str) -> End {
        self.until("the end", |event| {
            let EventKind::CallState { call: of, state: CallState::Ended, reason, cause, .. } = event else {
                return None;
            };
            (of == call).then(|| End { reason: reason.clone().unwrap_or_default(), cause: cause.clone() })
        })
        .await
    }

    /// Waits until it rings for this call.
    pub async fn rings(&mut self, call: &str) {
        let is =
            |event: &EventKind| matches!(event, EventKind::IncomingCall { call: of, .. } if of == call).then_some(());
        self.until("ringing", is).await;
    }

    /// Waits until media flows.
    pub async fn joined(&mut self, call: &str) {
        let is = |event: &EventKind| {
            matches!(event, EventKind::ParticipantJoined { call: of, .. } if of == call).then_some(())
        };
        self.until("the participant", is).await;
    }

    /// Calls that rang here, in order.
    #[must_use]
    pub fn rang(&self) -> Vec<String> {
        let call = |event: &EventKind| {
            let EventKind::IncomingCall { call, .. } = event else { return None };
            Some(call.clone())
        };
        self.seen().filter_map(call).collect()
    }

    /// Calls that were missed here, in order.
    #[must_use]
    pub fn missed(&self) -> Vec<String> {
        let call = |event: &EventKind| {
            let EventKind::MissedCall { call, .. } = event else { return None };
            Some(call.clone())
        };
        self.seen().filter_map(call).collect()
    }

    /// The states of a call, in order.
    #[must_use]
    pub fn states(&self, call: &str) -> Vec<CallState> {
        let state = |event: &EventKind| {
            let EventKind::CallState { call: of, state, .. } = event else { return None };
            (of == call).then_some(*state)
        };
        self.seen().filter_map(state).collect()
    }
}
