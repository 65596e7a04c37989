//! Random walks. Each prints its seed when it fails: the same seed walks the same way. The environment
//! variable `AHOY_WALKS` sets how many there are.

use rand_core::Rng;

use super::desk::*;
use super::world::{Rules, World};
use crate::call::signal::{CallInput, ContactPolicy, LinkEnd, LinkEvent, Sender};
use crate::control::{CallCommand, CallState, InCall, QualityCause};
use crate::ids::{CallId, LinkId, Ticket};
use crate::testing::{SeededRng, rng};
use crate::wire::bodies::{
    CallBody, Candidate, Candidates, CtlBody, Elsewhere, Flags, LinkGeneration, Media, Missed, PairBody, Reason,
    SdpKind, Status, Verdict,
};

/// Says which seed a test was at when it failed.
struct Seed(String);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // A failing test is read by a person: the one place where a test may write.
            eprintln_seed(&self.0);
        }
    }
}

#[expect(clippy::print_stderr, reason = "a failed walk must name its seed")]
fn eprintln_seed(seed: &str) {
    eprintln!("walk failed with seed {seed:?}");
}

/// How many walks of each kind.
fn walks() -> u32 {
    std::env::var("AHOY_WALKS").ok().and_then(|n| n.parse().ok()).unwrap_or(100)
}

/// Draws everything that can be said to a core, sense or nonsense.
struct Walker {
    rng: SeededRng,
    /// Ids that were ever named, ours among them.
    calls: Vec<CallId>,
}

const REASONS: [Reason; 14] = [
    Reason::HungUp,
    Reason::Declined,
    Reason::Busy,
    Reason::Cancelled,
    Reason::NoAnswer,
    Reason::AnsweredElsewhere,
    Reason::DeclinedElsewhere,
    Reason::Unreachable,
    Reason::Lost,
    Reason::Refused,
    Reason::ProtocolError,
    Reason::MediaFailed,
    Reason::MaxDuration,
    Reason::DaemonStopped,
];

impl Walker {
    fn below(&mut self, n: u32) -> u32 {
        self.rng.next_u32() % n
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    fn any<T: Copy>(&mut self, list: &[T]) -> T {
        let at = self.below(u32::try_from(list.len()).unwrap());
        list[usize::try_from(at).unwrap()]
    }

    fn call(&mut self) -> CallId {
        if self.below(8) == 0 {
            let id = call(u8::try_from(self.below(250)).unwrap());
            self.calls.push(id);
        }
        // The newest ones: else a walk spends its time with calls that are long over.
        let newest = self.calls.len().saturating_sub(5);
        let calls = self.calls.split_off(newest);
        let id = self.any(&calls);
        self.calls = calls;
        id
    }

    fn device(&mut self) -> u8 {
        self.any(&[1, 1, 3, 3, 4, 9])
    }

    fn sender(&mut self, desk: &Desk) -> Sender {
        let of = self.any(&[1, 1, 3, 3, 2]);
        let on = if self.below(5) == 0 { 9 } else { of };
        let mut sender = desk.sender(of, on);
        sender.policy = ContactPolicy { early_connection: self.below(4) > 0, ..sender.policy };
        sender
    }

    fn command(&mut self) -> CallCommand {
        let id = if self.below(4) == 0 { None } else { Some(self.call()) };
        match self.below(8) {
            0 => {
                let to = self.any(&[1, 3]);
                CallCommand::Offer {
                    to: vec![(account(to), vec![device(to), device(4)])],
                    context: None,
                    unproven: None,
                }
            }
            1..=3 => CallCommand::Accept { call: id, in_call: self.any(&[InCall::Hold, InCall::End, InCall::Refuse]) },
            4 => CallCommand::Decline { call: id },
            5 => CallCommand::HangUp { call: id },
            6 => CallCommand::Mute { call: id },
            7.. => CallCommand::Unmute { call: id },
        }
    }

    fn pair(&mut self) -> PairBody {
        let which = LinkGeneration { link: self.below(4), generation: self.below(3) };
        let status = Status { state_seq: self.below(20), flags: Flags(u16::try_from(self.below(8)).unwrap()) };
        let ip = std::net::IpAddr::from([10, 0, 0, 1]);
        let candidate = Candidate { kind: 0, protocol: 0, ip, port: 9, priority: 9 };
        match self.below(12) {
            0 => PairBody::HangUp(self.any(&REASONS)),
            1 | 2 => PairBody::Verdict(Verdict::Accept),
            3 => PairBody::Verdict(self.any(&[Verdict::Ringing, Verdict::Ringing, Verdict::Decline, Verdict::Busy])),
            4..=6 => description(which.link, which.generation, self.any(&[SdpKind::Offer, SdpKind::Answer])),
            7 => {
                let (link, generation) = (which.link, which.generation);
                PairBody::Candidates(Candidates { link, generation, list: vec![candidate; 3] })
            }
            8 => PairBody::EndOfCandidates(which),
            9 => PairBody::Restart(which),
            10.. => PairBody::Status(status),
        }
    }

    fn link(&mut self, desk: &Desk) -> CallInput {
        let known: Vec<LinkId> = desk.core.links().into_iter().map(|(_, _, link)| link).collect();
        let link =
            if known.is_empty() || self.below(6) == 0 { LinkId(u64::from(self.below(60))) } else { self.any(&known) };
        let generation = self.below(3);
        let event = match self.below(12) {
            0 => LinkEvent::Closed(self.closed()),
            1 if self.coin() => LinkEvent::AddressGone,
            1 => LinkEvent::Interrupted,
            2 => LinkEvent::Resumed,
            3 | 4 => LinkEvent::Connected,
            5 | 6 => LinkEvent::CtlOpen,
            7 | 8 => LinkEvent::FirstAudio,
            9 if self.coin() => LinkEvent::Speaking(self.coin()),
            9 if self.coin() => LinkEvent::Limited(QualityCause::Path),
            9 => LinkEvent::EndOfCandidates { generation },
            10 => LinkEvent::Description { kind: SdpKind::Offer, generation, sdp: "v=0\r\n".to_owned() },
            11.. => return CallInput::Ctl { link, body: CtlBody::HangUp(self.any(&REASONS)) },
        };
        CallInput::Link { link, event }
    }

    fn closed(&mut self) -> LinkEnd {
        match self.below(3) {
            0 => LinkEnd::Local,
            1 => LinkEnd::Remote,
            2.. => LinkEnd::Failed("walked off".to_owned()),
        }
    }

    fn input(&mut self, desk: &Desk) -> CallInput {
        let (id, on) = (self.call(), self.device());
        match self.below(24) {
            0..=3 => CallInput::Command { ticket: Ticket(7), command: self.command() },
            4 | 5 => {
                let from = self.sender(desk);
                let mut offer = ring_offer(id, from.account, account(2));
                offer.ttl_s = self.any(&[1, 30, 60]);
                CallInput::Offer { from, offer }
            }
            6 | 7 => CallInput::Confirmed { call: id, device: device(on) },
            8 => CallInput::Unconfirmed { call: id, device: device(on) },
            9 | 10 => CallInput::Reached { call: id, device: device(on) },
            11 if self.coin() => CallInput::Unreached { call: id, device: device(on), tried: "x".to_owned() },
            11 => CallInput::OfferExpired { call: id, device: device(on) },
            12..=15 => CallInput::Pair { call: id, device: device(on), body: self.pair() },
            16..=19 => self.link(desk),
            20 => {
                let body = if self.coin() {
                    CallBody::Leave { state_seq: 1, reason: self.any(&REASONS) }
                } else {
                    let (state_seq, flags) = (self.below(20), Flags(u16::try_from(self.below(8)).unwrap()));
                    CallBody::Announce { state_seq, flags, view: [0; 32], record: None }
                };
                CallInput::Frame { call: id, device: device(on), body }
            }
            21 if self.coin() => CallInput::Disconnected { device: device(on) },
            21 => CallInput::Listens { call: id, device: device(on), listens: self.coin() },
            22 => self.one_way(desk, id),
            23 if self.coin() => CallInput::Timer,
            23 if self.coin() => CallInput::Moved,
            23.. => CallInput::Woke,
        }
    }

    fn one_way(&mut self, desk: &Desk, id: CallId) -> CallInput {
        let from = self.sender(desk);
        match self.below(3) {
            0 => CallInput::Cancel { from, call: id, reason: self.any(&REASONS) },
            1 => {
                let event = u8::try_from(self.below(6)).unwrap();
                CallInput::Elsewhere { from, body: Elsewhere { call: id, ..elsewhere(event, 9) } }
            }
            2.. => CallInput::Missed { from, body: Missed { call: id, started_ms: 0, media: Media::AUDIO } },
        }
    }
}

#[test]
fn whatever_is_said_to_a_core_the_invariants_hold() {
    let mut reached = std::collections::BTreeSet::new();
    for n in 0..walks() {
        let seed = Seed(format!("walk {n}"));
        let mut desk = Desk::new(2);
        let mut walker = Walker { rng: rng(&seed.0), calls: vec![call(1), call(2)] };
        for _ in 0..400 {
            let input = walker.input(&desk);
            let before = desk.log.len();
            desk.input(input);
            for event in events(&desk.log[before..]) {
                if let crate::control::EventKind::CallState { call, state, .. } = event {
                    walker.calls.push(parse_call(call));
                    reached.insert(format!("{state:?}"));
                }
            }
            if walker.below(3) == 0 {
                let ms = walker.any(&[1, 10, 200, 1_000, 5_000, 20_000, 60_000]);
                desk.wait(ms);
            }
            assert!(desk.core.ringing() <= 16);
            assert!(desk.core.next_timer_ms().is_none_or(|at| at + 100_000 > desk.now.mono_ms));
        }
        desk.input(CallInput::Shutdown);
        desk.wait(1_000);
        assert!(desk.core.drained(), "something is left");
        assert_eq!(desk.core.live_calls(), 0);
        assert!(!desk.microphone());
        assert_eq!(desk.core.next_timer_ms(), None);
    }
    // A walk that never gets anywhere shows nothing.
    if walks() < 100 {
        return;
    }
    let all = ["Active", "Connecting", "Dialing", "Ended", "Held", "Incoming", "Reconnecting", "Ringing"];
    assert_eq!(reached.into_iter().collect::<Vec<_>>(), all);
}

/// What a person, or the network, does next.
fn happen(world: &mut World, calls: &mut Vec<CallId>) {
    let node = usize::try_from(world.below(2)).unwrap();
    let call = (!calls.is_empty()).then(|| {
        let at = world.below(u32::try_from(calls.len()).unwrap());
        calls[usize::try_from(at).unwrap()]
    });
    let in_call = if world.below(2) == 0 { InCall::Hold } else { InCall::End };
    match (world.below(16), call) {
        (0..=3, _) if calls.len() < 12 => {
            let to = world.nodes[1 - node].account;
            calls.extend(world.tries_to_dial(node, to));
        }
        (4..=8, Some(call)) => world.command(node, CallCommand::Accept { call: Some(call), in_call }),
        (9, Some(call)) => world.decline(node, call),
        (10 | 11, Some(call)) => world.hang_up(node, call),
        (12, _) => world.command(node, CallCommand::Mute { call: None }),
        (13, _) => {
            let pass = world.below(3) > 0;
            world.set_media(pass);
        }
        (14, _) => {
            let pass = world.below(3) > 0;
            world.set_signals(pass);
        }
        (_, Some(_) | None) => {}
    }
}

/// Both sides tell the same story: who was told how it ended says what the other one said.
fn agree(world: &World, calls: &[CallId]) {
    for call in calls {
        for (node, other) in [(0, 1), (1, 0)] {
            let entry = world.nodes[node].desk.history().into_iter().rfind(|h| h.call == *call);
            let Some(entry) = entry.filter(|h| h.by == Some(device(world.nodes[other].device))) else { continue };
            // It may have gone on as other ones: the last of them has ended so.
            let said = world.nodes[other].desk.reason(world.nodes[node].desk.last_of(*call));
            // One that crossed a call in which the two were by then: the other side has never shown it.
            let unseen = ["answered_elsewhere", "declined"].contains(&entry.reason.text());
            if unseen && world.nodes[other].desk.info(*call).is_none() {
                continue;
            }
            assert_eq!(said.as_deref(), Some(entry.reason.text()), "{call:?} at node {node}");
        }
    }
}

#[test]
fn whatever_two_people_and_the_network_do_both_sides_agree_and_nothing_hangs() {
    let (mut talked, mut ended) = (0, 0);
    for n in 0..walks() {
        let seed = Seed(format!("world {n}"));
        let order = if n % 2 == 0 { [(1, 1), (2, 2)] } else { [(2, 2), (1, 1)] };
        let mut world = World::new(&order, &seed.0);
        world.rules = Rules { latency_ms: 20, jitter_ms: 300, resend_one_in: 4, ..Rules::default() };
        let mut calls = Vec::new();
        for _ in 0..60 {
            happen(&mut world, &mut calls);
            let ms = [5, 50, 500, 3_000, 12_000][usize::try_from(world.below(5)).unwrap()];
            world.run(ms);
        }
        // The network is whole again: every call comes to rest, one way or the other, by itself.
        world.set_media(true);
        world.set_signals(true);
        world.run(120_000);
        for call in &calls {
            for node in [0, 1] {
                let state = world.state(node, *call);
                let rest = matches!(state, None | Some(CallState::Active | CallState::Held | CallState::Ended));
                assert!(rest, "{call:?} hangs in {state:?} at node {node}");
            }
            let live = [0, 1].map(|node| world.state(node, *call).is_some_and(|s| s != CallState::Ended));
            assert_eq!(live[0], live[1], "{call:?} lives on one side only");
            talked += usize::from(live[0]);
        }
        // Both hang up whatever is left.
        for call in &calls {
            world.hang_up(0, *call);
        }
        world.run(70_000);
        for node in &world.nodes {
            assert_eq!(node.desk.core.live_calls(), 0);
            assert!(node.desk.core.drained());
            assert!(!node.desk.microphone());
            ended += node.desk.history().len();
        }
        assert!(world.links.is_empty(), "links are left open");
        agree(&world, &calls);
    }
    assert!(walks() < 100 || talked > 20 && ended > 500, "the walks got somewhere: {talked} {ended}");
}
