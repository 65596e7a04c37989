//! How long a link takes to be set up, in virtual time: the same on every machine, so the bounds are tight. What goes
//! when: `cargo test -p ahoy-media --lib timeline -- --ignored --nocapture`.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::lane::{Lane, LaneRuntime, Sent, What};
use super::*;
use crate::limits::ICE_CHECK_INTERVAL;

const MS: Duration = Duration::from_millis(1);
/// The library handles what is overdue at most once a millisecond.
const SLACK: Duration = MS;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Offerer,
    Answerer,
}
use Who::{Answerer, Offerer};

/// What a set-up came to; times since it began.
struct SetUp {
    began: Instant,
    sent: Vec<(Who, Sent)>,
    connected: [Duration; 2],
    open: [Duration; 2],
}

impl SetUp {
    /// When a side sent the first of these.
    fn first(&self, who: Who, what: What) -> Duration {
        let first = self.sent.iter().find(|(from, sent)| *from == who && sent.what == what);
        first.unwrap_or_else(|| panic!("{who:?} never sent {what:?}: {:?}", self.sent)).1.at - self.began
    }
}

/// Hands a signal of the other side to this one.
fn deliver(to: &WebrtcEngine, event: LinkEvent) {
    if let LinkEvent::Description { kind, generation, sdp } = event {
        to.apply(LINK, kind, generation, sdp).unwrap();
    } else if let LinkEvent::Candidate { generation, candidate } = event {
        to.add_candidate(LINK, generation, candidate).unwrap();
    }
}

/// Sets up one link over media that take `delay` each way and are `closed` at first, and signalling that takes
/// `signalling` each way.
async fn set_up(delay: Duration, signalling: Duration, closed: Duration) -> SetUp {
    let lane = Lane::new(delay, closed);
    let began = Instant::now();
    let make = || {
        let (sender, events) = mpsc::channel(64);
        (WebrtcEngine::over(Arc::new(LaneRuntime(lane.clone())), sender, Handle::current()), events)
    };
    let ((a, mut from_a), (b, mut from_b)) = (make(), make());
    b.open(spec(Role::Answerer, IcePolicy::All, vec![HOME])).unwrap();
    a.open(spec(Role::Offerer, IcePolicy::All, vec![HOME])).unwrap();
    let mut under_way: VecDeque<(Instant, Who, LinkEvent)> = VecDeque::new();
    let (mut connected, mut open, mut ports) = ([None; 2], [None; 2], [0; 2]);
    while open.contains(&None) {
        let due = under_way.front().map(|(due, _, _)| *due);
        let (who, event) = tokio::select! {
            event = from_a.recv() => (Offerer, event.unwrap().1),
            event = from_b.recv() => (Answerer, event.unwrap().1),
            () = sleep_until(due.unwrap_or(began)), if due.is_some() => {
                let (_, who, event) = under_way.pop_front().unwrap();
                let to: &WebrtcEngine = if who == Offerer { &b } else { &a };
                deliver(to, event);
                continue;
            }
        };
        if let LinkEvent::Candidate { candidate, .. } = &event {
            ports[who as usize] = candidate.port;
        } else if event == LinkEvent::Connected {
            connected[who as usize] = Some(began.elapsed());
        } else if event == LinkEvent::CtlOpen {
            open[who as usize] = Some(began.elapsed());
        }
        assert!(!matches!(event, LinkEvent::Closed(_)), "{who:?}: {event:?}");
        under_way.push_back((Instant::now() + signalling, who, event));
    }
    let of = |sent: Sent| if sent.from.port() == ports[0] { (Offerer, sent) } else { (Answerer, sent) };
    let sent = lane.sent().into_iter().map(of).collect();
    SetUp { began, sent, connected: connected.map(Option::unwrap), open: open.map(Option::unwrap) }
}

/// One way between the two in most tests here.
const WAY: Duration = Duration::from_millis(50);

#[tokio::test(start_paused = true)]
async fn dtls_begins_the_moment_a_pair_is_chosen() {
    let link = set_up(WAY, Duration::ZERO, Duration::ZERO).await;
    let nominated = link.first(Offerer, What::Nomination) + WAY;
    let hello = link.first(Answerer, What::ClientHello);
    assert!(hello >= nominated && hello <= nominated + SLACK, "nominated at {nominated:?}, hello at {hello:?}");
}

#[tokio::test(start_paused = true)]
async fn sctp_begins_the_moment_dtls_is_through() {
    let link = set_up(WAY, Duration::ZERO, Duration::ZERO).await;
    let (through, data) = (link.connected[Answerer as usize], link.first(Answerer, What::Data));
    assert!(data >= through && data <= through + SLACK, "through at {through:?}, SCTP at {data:?}");
}

#[tokio::test(start_paused = true)]
async fn a_valid_pair_is_nominated_on_the_next_beat() {
    let link = set_up(WAY, Duration::ZERO, Duration::ZERO).await;
    let valid = link.first(Answerer, What::Success) + WAY;
    let nominated = link.first(Offerer, What::Nomination);
    assert!(nominated <= valid + ICE_CHECK_INTERVAL + SLACK, "valid at {valid:?}, nominated at {nominated:?}");
}

/// The trips that ICE, DTLS 1.2 and SCTP take in the library (docs/quality.md), and nothing else.
#[tokio::test(start_paused = true)]
async fn set_up_waits_for_nothing_but_the_path() {
    for way in [Duration::ZERO, 20 * MS, WAY, 150 * MS] {
        let link = set_up(way, Duration::ZERO, Duration::ZERO).await;
        let waits = ICE_CHECK_INTERVAL + 8 * SLACK;
        let [offerer, answerer] = link.connected;
        assert!(offerer <= 8 * way + waits && answerer <= 9 * way + waits, "{way:?} a way: {:?}", link.connected);
        let [offerer, answerer] = link.open;
        assert!(offerer <= 12 * way + waits && answerer <= 13 * way + waits, "{way:?} a way: {:?}", link.open);
    }
}

/// With the library's own count of 7 checks it would have given up in 40 ms.
#[tokio::test(start_paused = true)]
async fn checks_go_on_until_the_path_opens() {
    let closed = 4 * Duration::from_secs(1);
    let link = set_up(WAY, Duration::ZERO, closed).await;
    // A silent address is asked every 100 ms.
    let limit = closed + Duration::from_millis(100) + 9 * WAY + 4 * ICE_CHECK_INTERVAL;
    assert!(link.connected[Answerer as usize] <= limit, "{:?}", link.connected);
}

#[tokio::test(start_paused = true)]
#[ignore = "a measurement"]
#[expect(clippy::print_stdout, reason = "a measurement is run to be read")]
async fn timeline() {
    for (way, signalling) in [(0, 0), (50, 0), (50, 50)] {
        let link = set_up(way * MS, signalling * MS, Duration::ZERO).await;
        println!("media {way} ms, signalling {signalling} ms each way");
        let mut seen: Vec<(Who, What)> = Vec::new();
        for (who, sent) in &link.sent {
            let stun = matches!(sent.what, What::Check | What::Nomination | What::Success);
            if !stun || !seen.contains(&(*who, sent.what)) {
                println!("{:>10.1} ms  {who:?} sends {:?}", (sent.at - link.began).as_secs_f64() * 1e3, sent.what);
            }
            seen.push((*who, sent.what));
        }
        println!("connected {:?}, ctl open {:?}", link.connected, link.open);
    }
}
