//! call, answer, decline, hangup: do it, and stay with the call as long as asked.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use ahoy_client::Client;
use ahoy_client::control::{CallState, EndCause, EventKind, InCall, Snapshot};

use crate::args::{OneCall, WaitArgs, WaitState};
use crate::failure::Failure;
use crate::out::Out;
use crate::say::{self, Names, state_word};
use crate::verbs::meant::meant;
use crate::verbs::watch::Clock;

/// Ends that are what `call --wait ended` waits for.
const GOOD_ENDS: &[&str] = &["hung_up", "max_duration"];

/// Calls, and follows the call.
pub(crate) async fn call(client: &mut Client, names: &[String], wait: WaitArgs, out: &Out) -> Result<(), Failure> {
    let mut followed = Followed::subscribe(client, wait, GOOD_ENDS, out).await?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let offered = client.offer_of(&names).await?;
    if let Some(holds) = &offered.holds {
        followed.holds(&offered.call, holds)?;
    }
    followed.is(offered.call, Some(CallState::Dialing));
    followed.until_wanted(client).await
}

/// Accepts, and follows the call.
pub(crate) async fn answer(client: &mut Client, one: &OneCall, in_call: InCall, out: &Out) -> Result<(), Failure> {
    let mut followed = Followed::subscribe(client, one.wait, GOOD_ENDS, out).await?;
    let call = meant(client, one.call.as_deref()).await?;
    let done = client.accept(call.as_deref(), in_call).await?;
    followed.is_one_of(done.call.or(call))?;
    followed.until_wanted(client).await
}

/// Declines, and follows the call.
pub(crate) async fn decline(client: &mut Client, one: &OneCall, out: &Out) -> Result<(), Failure> {
    let mut followed = Followed::subscribe(client, one.wait, &["hung_up", "max_duration", "declined"], out).await?;
    let call = meant(client, one.call.as_deref()).await?;
    let done = client.decline(call.as_deref()).await?;
    followed.is_one_of(done.call.or(call))?;
    followed.until_wanted(client).await
}

/// Hangs up or cancels, and follows the call.
pub(crate) async fn hang_up(client: &mut Client, one: &OneCall, out: &Out) -> Result<(), Failure> {
    let mut followed = Followed::subscribe(client, one.wait, &["hung_up", "max_duration", "cancelled"], out).await?;
    let call = meant(client, one.call.as_deref()).await?;
    let done = client.hang_up(call.as_deref()).await?;
    followed.is_one_of(done.call.or(call))?;
    followed.until_wanted(client).await
}

/// Holds, and follows the call.
pub(crate) async fn hold(client: &mut Client, one: &OneCall, out: &Out) -> Result<(), Failure> {
    let mut followed = Followed::subscribe(client, one.wait, GOOD_ENDS, out).await?;
    let call = meant(client, one.call.as_deref()).await?;
    let done = client.hold(call.as_deref()).await?;
    followed.is_one_of(done.call.or(call))?;
    followed.until_wanted(client).await
}

/// Resumes, and follows the call.
pub(crate) async fn resume(client: &mut Client, one: &OneCall, out: &Out) -> Result<(), Failure> {
    let mut followed = Followed::subscribe(client, one.wait, GOOD_ENDS, out).await?;
    let call = meant(client, one.call.as_deref()).await?;
    let done = client.resume(call.as_deref()).await?;
    followed.is_one_of(done.call.or(call))?;
    followed.until_wanted(client).await
}

/// A call we stay with.
struct Followed<'a> {
    call: String,
    state: Option<CallState>,
    wanted: Option<WaitState>,
    deadline: Option<(Instant, f64)>,
    /// Reasons of an end that is the one waited for.
    good_ends: &'static [&'static str],
    snapshot: Option<Box<Snapshot>>,
    names: Names,
    clock: Clock,
    out: &'a Out,
}

impl<'a> Followed<'a> {
    /// Hears events from before the command on, so that none of the call's can be missed.
    async fn subscribe(
        client: &mut Client,
        wait: WaitArgs,
        good_ends: &'static [&'static str],
        out: &'a Out,
    ) -> Result<Self, Failure> {
        let deadline = match wait.timeout {
            None => None,
            Some(seconds) => {
                let limit = Duration::try_from_secs_f64(seconds)
                    .map_err(|error| Failure::Usage(format!("--timeout {seconds}: {error}")))?;
                Some((Instant::now() + limit, seconds))
            }
        };
        let subscribed = client.subscribe(None).await?;
        let mut names = Names::us(&client.hello().account);
        if let Some(snapshot) = &subscribed.snapshot {
            names.learn(&snapshot.contacts);
        }
        Ok(Self {
            call: String::new(),
            state: None,
            wanted: wait.wait,
            deadline,
            good_ends,
            snapshot: subscribed.snapshot,
            names,
            clock: Clock::default(),
            out,
        })
    }

    fn is(&mut self, call: String, state: Option<CallState>) {
        self.call = call;
        self.state = state;
    }

    /// Another call was active, and waits from now on.
    fn holds(&self, call: &str, holds: &str) -> Result<(), Failure> {
        let line = json!({ "kind": "holds", "call": call, "holds": holds });
        self.out.show(&line, || format!("call {} is held meanwhile (ahoy resume {holds})", say::short(holds)))
    }

    /// The call the daemon did it to, with the state the snapshot knew.
    fn is_one_of(&mut self, call: Option<String>) -> Result<(), Failure> {
        let call = call.ok_or_else(|| Failure::Failed("the daemon did not say which call it was".to_owned()))?;
        let known = self.snapshot.as_ref().and_then(|snapshot| snapshot.calls.iter().find(|info| info.call == call));
        let state = known.map(|info| info.state);
        self.is(call, state);
        Ok(())
    }

    /// Shows the call's events until it is where we want it, has ended, or time is up.
    async fn until_wanted(mut self, client: &mut Client) -> Result<(), Failure> {
        let Some(wanted) = self.wanted else {
            let reason = self.look(client).await?;
            return self.last("reached", reason.as_deref());
        };
        while !self.state.is_some_and(|state| wanted.reached_by(state)) {
            let notice = match self.deadline {
                None => client.event().await?,
                Some((deadline, seconds)) => match tokio::time::timeout_at(deadline, client.event()).await {
                    Ok(notice) => notice?,
                    Err(_elapsed) => {
                        self.last("timeout", None)?;
                        return Err(Failure::TimedOut(seconds));
                    }
                },
            };
            if notice.raw["call"].as_str() != Some(&self.call) {
                continue;
            }
            self.show(&notice.raw, notice.known.as_ref())?;
            let Some(EventKind::CallState { state, reason, cause, continues_as, .. }) =
                notice.known.map(|event| event.kind)
            else {
                continue;
            };
            self.state = Some(state);
            if let Some(next) = continues_as.filter(|_| state == CallState::Ended) {
                // Both had called each other, or a lost participant has called again: it is the same conversation.
                self.call = next;
                self.state = None;
            } else if state == CallState::Ended {
                return self.ended(reason.unwrap_or_default(), cause);
            }
        }
        self.last("reached", None)
    }

    /// The state the call is in now; the reason, if it has ended.
    async fn look(&mut self, client: &mut Client) -> Result<Option<String>, Failure> {
        let calls = client.calls().await?;
        let Some(info) = calls.into_iter().find(|info| info.call == self.call) else { return Ok(None) };
        self.state = Some(info.state);
        Ok(info.reason)
    }

    fn ended(self, reason: String, cause: Option<EndCause>) -> Result<(), Failure> {
        let good = self.wanted == Some(WaitState::Ended) && self.good_ends.contains(&reason.as_str());
        self.last(if good { "reached" } else { "ended" }, Some(&reason))?;
        if good { Ok(()) } else { Err(Failure::Ended { reason, cause }) }
    }

    fn show(&mut self, raw: &Value, known: Option<&ahoy_client::control::Event>) -> Result<(), Failure> {
        let clock = &mut self.clock;
        let names = &self.names;
        self.out.show(raw, || {
            let text = known.and_then(|event| say::line(event, names));
            format!("{} {}", clock.since_first(raw["at_ms"].as_u64()), text.unwrap_or_default())
        })
    }

    /// The line that tells scripts how it came out; people have seen it already, or get the id of the call.
    fn last(&self, kind: &str, reason: Option<&str>) -> Result<(), Failure> {
        let mut line = json!({ "kind": kind, "call": self.call, "state": self.state });
        if let (Some(reason), Some(line)) = (reason, line.as_object_mut()) {
            line.insert("reason".to_owned(), json!(reason));
        }
        if self.wanted.is_some() {
            return self.out.object(&line);
        }
        let state = self.state.map_or("", state_word);
        self.out.show(&line, || format!("call {} {state}", self.call))
    }
}
