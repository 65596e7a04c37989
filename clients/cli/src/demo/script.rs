//! The demo's call, step by step.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use ahoy_client::control::{CallState, InCall};

use super::Places;
use super::side::{Heard, Second, Seen, Side, Start};
use super::timeline::{Timeline, now_ms};
use crate::args::DemoArgs;
use crate::failure::{Failure, end_text};
use crate::say::{self, Names};

/// Until contacts have met, in a debug build on a busy machine.
const MEET_LIMIT: Duration = Duration::from_secs(20);

/// Until it rings, and until media flows: what the daemon itself allows, and a little more.
const CALL_LIMIT: Duration = Duration::from_secs(40);

/// It rings this long before B answers, so that links can be made meanwhile, as in life.
const RING_FOR: Duration = Duration::from_millis(1_500);

/// Events on their way from the daemons; they come a few at a time.
const EVENTS_ON_THE_WAY: usize = 1_024;

/// A call that was held.
pub(crate) struct Held {
    pub(crate) a: SideRecord,
    pub(crate) b: SideRecord,
    /// Offer out at A -> A knows that it rings.
    pub(crate) offer_to_ringing: Duration,
    /// When B said accept.
    pub(crate) accepted: Instant,
    /// Unix ms of the beginning and end of talk.
    pub(crate) talk_ms: (f64, f64),
}

/// What is left of a side when its daemon is gone.
pub(crate) struct SideRecord {
    pub(crate) seen: Seen,
    pub(crate) seconds: Vec<Second>,
    /// CPU seconds used while they talked, and peak memory in bytes.
    pub(crate) usage: Option<(f64, u64)>,
}

struct Stage<'a> {
    a: Side,
    b: Side,
    events: mpsc::Receiver<Heard>,
    names: Names,
    /// From now on an end of the call is what we want.
    ending: bool,
    timeline: &'a mut Timeline,
}

/// Starts both daemons, holds the call, stops them.
pub(crate) async fn hold_call(args: &DemoArgs, places: &Places, timeline: &mut Timeline) -> Result<Held, Failure> {
    timeline.step("start", "starting two daemons, each with a home of its own")?;
    let (sender, events) = mpsc::channel(EVENTS_ON_THE_WAY);
    let says = |path: &std::path::Path| format!("file:{}", path.display());
    let (heard_a, heard_b) = (places.heard("a"), places.heard("b"));
    let far = args.far.clone().unwrap_or_else(|| says(&places.speech_b));
    let home = |name: &str| places.scratch.path().join(name);
    let a = Start {
        name: "a",
        home: home("a"),
        audio_in: says(&places.speech_a),
        heard: &heard_a,
        config: args.config.as_deref(),
    };
    let b = Start { name: "b", home: home("b"), audio_in: far, heard: &heard_b, config: args.config.as_deref() };
    let (a, b) = tokio::try_join!(Side::start(&a, sender.clone()), Side::start(&b, sender))?;
    let mut stage = Stage { a, b, events, names: Names::default(), ending: false, timeline };

    stage.meet().await?;
    let offer_to_ringing = stage.ring().await?;
    let accepted = stage.accept().await?;
    let (talk_ms, usage) = stage.talk(Duration::from_secs_f64(args.talk)).await?;
    stage.hang_up().await?;
    stage.a.stop().await?;
    stage.b.stop().await?;
    stage.timeline.step("stopped", "both daemons have stopped")?;
    let record = |side: Side, usage| SideRecord { seen: side.seen, seconds: side.seconds, usage };
    Ok(Held { a: record(stage.a, usage.0), b: record(stage.b, usage.1), offer_to_ringing, accepted, talk_ms })
}

type Usage = Option<(f64, u64)>;

impl Stage<'_> {
    /// Both exchange cards; then the daemons find each other and become acquainted.
    async fn meet(&mut self) -> Result<(), Failure> {
        self.timeline.step("cards", "A and B give each other their cards")?;
        let card_a = self.a.client.card(false).await?;
        let card_b = self.b.client.card(false).await?;
        let b_at_a = self.a.client.add_contact(&card_b, Some("B")).await?;
        let a_at_b = self.b.client.add_contact(&card_a, Some("A")).await?;
        self.names.learn(&[a_at_b, b_at_a]);
        let deadline = Instant::now() + MEET_LIMIT;
        let mut look = tokio::time::interval(Duration::from_millis(20));
        loop {
            look.tick().await;
            let here = self.a.client.contacts().await?;
            let there = self.b.client.contacts().await?;
            if here.iter().chain(&there).all(|contact| contact.online && contact.acquainted) {
                return self.timeline.step("met", "they are connected and know each other");
            }
            if Instant::now() > deadline {
                return Err(Failure::Failed(format!("the daemons did not meet within {MEET_LIMIT:?}")));
            }
        }
    }

    /// A calls, until A knows that it rings at B.
    async fn ring(&mut self) -> Result<Duration, Failure> {
        self.timeline.step("call", "A calls B")?;
        let offered = Instant::now();
        self.a.client.offer(&["B"]).await?;
        self.until("it rings", CALL_LIMIT, |a, b| {
            a.since(CallState::Ringing).is_some() && b.since(CallState::Incoming).is_some()
        })
        .await?;
        let ringing = self.a.seen.since(CallState::Ringing).unwrap_or(offered);
        let answer_at = tokio::time::Instant::now() + RING_FOR;
        self.listen_until(answer_at).await?;
        Ok(ringing.saturating_duration_since(offered))
    }

    /// B answers, until both sides are active.
    async fn accept(&mut self) -> Result<Instant, Failure> {
        self.timeline.step("answer", "B answers")?;
        let accepted = Instant::now();
        self.b.client.accept(None, InCall::default()).await?;
        self.until("both hear something", CALL_LIMIT, |a, b| {
            a.since(CallState::Active).is_some() && b.since(CallState::Active).is_some()
        })
        .await?;
        Ok(accepted)
    }

    /// Both talk; figures are taken each second.
    async fn talk(&mut self, length: Duration) -> Result<((f64, f64), (Usage, Usage)), Failure> {
        self.timeline.step("talk", &format!("both talk for {:.0} s", length.as_secs_f64()))?;
        let before = (self.a.usage(), self.b.usage());
        let began_ms = now_ms();
        let end = tokio::time::Instant::now() + length;
        loop {
            let second = tokio::time::Instant::now() + Duration::from_secs(1);
            self.listen_until(second.min(end)).await?;
            for side in [&mut self.a, &mut self.b] {
                let stats = side.client.stats(None).await?;
                side.seconds.extend(stats.into_iter().map(|stats| Second { at_ms: now_ms(), stats }));
            }
            if second >= end {
                break;
            }
        }
        let spent =
            |before: Usage, after: Usage| before.zip(after).map(|((before, _), (after, peak))| (after - before, peak));
        let usage = (spent(before.0, self.a.usage()), spent(before.1, self.b.usage()));
        Ok(((began_ms, now_ms()), usage))
    }

    async fn hang_up(&mut self) -> Result<(), Failure> {
        self.timeline.step("hang_up", "A hangs up")?;
        self.ending = true;
        self.a.client.hang_up(None).await?;
        self.until("the call ends", CALL_LIMIT, |a, b| {
            a.since(CallState::Ended).is_some() && b.since(CallState::Ended).is_some()
        })
        .await?;
        for side in [&self.a, &self.b] {
            let reason = side.seen.reason.clone().unwrap_or_default();
            if reason != "hung_up" {
                let name = side.name.to_uppercase();
                return Err(Failure::Failed(format!("at {name} the call ended `{reason}`, not `hung_up`")));
            }
        }
        Ok(())
    }

    /// Hears events until `done`; fails if the call ends before, or when time is up.
    async fn until(&mut self, what: &str, limit: Duration, done: impl Fn(&Seen, &Seen) -> bool) -> Result<(), Failure> {
        let deadline = tokio::time::Instant::now() + limit;
        while !done(&self.a.seen, &self.b.seen) {
            self.fail_if_ended(what)?;
            match tokio::time::timeout_at(deadline, self.events.recv()).await {
                Ok(Some(heard)) => self.take(heard)?,
                Ok(None) => return Err(Failure::Failed("both daemons went away".to_owned())),
                Err(_elapsed) => return Err(Failure::Failed(format!("waited {limit:?} in vain until {what}"))),
            }
        }
        Ok(())
    }

    /// Hears events until a moment.
    async fn listen_until(&mut self, moment: tokio::time::Instant) -> Result<(), Failure> {
        loop {
            match tokio::time::timeout_at(moment, self.events.recv()).await {
                Ok(Some(heard)) => self.take(heard)?,
                Ok(None) => return Err(Failure::Failed("both daemons went away".to_owned())),
                Err(_elapsed) => return Ok(()),
            }
            self.fail_if_ended("its time")?;
        }
    }

    fn fail_if_ended(&self, what: &str) -> Result<(), Failure> {
        let ended = |side: &Side| side.seen.since(CallState::Ended).is_some();
        if self.ending || !ended(&self.a) && !ended(&self.b) {
            return Ok(());
        }
        let reason = self.a.seen.reason.as_ref().or(self.b.seen.reason.as_ref());
        let reason = end_text(reason.map_or("no reason given", String::as_str), None);
        Err(Failure::Failed(format!("the call ended before {what}: {reason}")))
    }

    fn take(&mut self, heard: Heard) -> Result<(), Failure> {
        let side = if heard.side == self.a.name { &mut self.a } else { &mut self.b };
        let notice = match heard.notice {
            Ok(notice) => notice,
            Err(error) => {
                let name = heard.side.to_uppercase();
                return Err(Failure::Failed(format!("daemon {name}: {error}")));
            }
        };
        if let Some(event) = &notice.known {
            side.seen.learn(event, heard.at);
        }
        let text = notice.known.as_ref().and_then(|event| say::line(event, &self.names));
        let text = text.unwrap_or_else(|| notice.raw["kind"].as_str().unwrap_or("event").to_owned());
        self.timeline.event(heard.side, &notice.raw, &text)
    }
}
