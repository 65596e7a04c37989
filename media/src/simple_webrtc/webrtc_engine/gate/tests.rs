//! How often a silent address is asked, and who is heard.

use std::time::Duration;

use super::*;
use crate::simple_webrtc::feedback::WayReport;

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], port))
}

fn message(kind: u16) -> Vec<u8> {
    let mut message = vec![0; 20];
    message[..2].copy_from_slice(&kind.to_be_bytes());
    message[4..8].copy_from_slice(&[0x21, 0x12, 0xa4, 0x42]);
    message
}

const CHECK: u16 = 0x0001;
const SUCCESS: u16 = 0x0101;
const ERROR: u16 = 0x0111;
const INDICATION: u16 = 0x0011;
const ALLOCATE: u16 = 0x0003;

/// A DTLS alert in the clear.
const ALERT: [u8; 15] = [21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40];

/// Whether a check may go to this address now.
fn check(gate: &mut Gate, port: u16, now: Instant) -> bool {
    gate.lets_out(&message(CHECK), address(port), now)
}

/// Asks every 5 ms for so long; how many checks went out.
fn ask(gate: &mut Gate, from: Instant, long: Duration) -> usize {
    let beats = u32::try_from(long.as_millis() / 5).unwrap();
    (0..beats).filter(|beat| check(gate, 1, from + Duration::from_millis(5) * *beat)).count()
}

#[test]
fn a_silent_address_is_asked_ever_more_seldom() {
    let (mut gate, now) = (Gate::default(), Instant::now());
    let first = ask(&mut gate, now, Duration::from_millis(100));
    assert!((8..=12).contains(&first), "{first} in the first 100 ms, at first on every beat");
    let second = ask(&mut gate, now + Duration::from_millis(100), Duration::from_millis(900));
    assert!((8..=12).contains(&second), "{second} more in the first second");
    let later = ask(&mut gate, now + Duration::from_secs(1), Duration::from_secs(10));
    assert!((38..=41).contains(&later), "{later} in ten seconds");
}

#[test]
fn whoever_is_heard_is_asked_at_once_and_an_answer_that_took_long_is_given_time() {
    let (mut gate, now) = (Gate::default(), Instant::now());
    let at = |ms| now + Duration::from_millis(ms);
    ask(&mut gate, now, Duration::from_millis(400));
    assert!(!check(&mut gate, 1, at(400)));
    gate.lets_in(&message(SUCCESS), address(2), at(400));
    assert!(!check(&mut gate, 1, at(400)), "somebody else's answer");
    gate.lets_in(&message(SUCCESS), address(1), at(400));
    assert!(check(&mut gate, 1, at(400)), "the one that nominates");
    let again = ask(&mut gate, at(405), Duration::from_millis(400));
    assert!((5..=8).contains(&again), "{again} until its answer is here, after as long again");
}

#[test]
fn a_near_one_that_answers_is_asked_on_every_beat() {
    let (mut gate, now) = (Gate::default(), Instant::now());
    assert!(check(&mut gate, 1, now));
    for beat in 1..100 {
        let now = now + Duration::from_millis(5) * beat;
        gate.lets_in(&message(SUCCESS), address(1), now);
        assert!(check(&mut gate, 1, now));
    }
}

#[test]
fn whoever_asks_us_is_asked_back_each_time_and_not_more_often_for_it() {
    let (mut gate, now) = (Gate::default(), Instant::now());
    let mut went = 0;
    for beat in 0..400 {
        let now = now + Duration::from_millis(5) * beat;
        if beat % 20 == 0 {
            gate.lets_in(&message(CHECK), address(1), now);
        }
        went += usize::from(check(&mut gate, 1, now));
    }
    assert!((20..=45).contains(&went), "{went} for 20 of theirs in 2 s");
}

#[test]
fn addresses_are_paced_one_by_one_and_their_number_is_bounded() {
    let (mut gate, now) = (Gate::default(), Instant::now());
    ask(&mut gate, now, Duration::from_secs(1));
    for port in 2..500 {
        assert!(check(&mut gate, port, now + Duration::from_secs(1)), "a new address is asked at once");
        assert!(gate.known.len() <= KNOWN_ADDRESSES);
    }
}

#[test]
fn strangers_are_heard_in_stun_only() {
    let mut gate = Gate::default();
    for kind in [CHECK, SUCCESS, ERROR, INDICATION] {
        assert!(gate.lets_in(&message(kind), address(1), Instant::now()), "ICE judges {kind:#06x} itself");
    }
    for packet in [&ALERT[..], &[], &[0x80, 111, 0, 1], &message(CHECK)[..19]] {
        assert!(!gate.lets_in(packet, address(1), Instant::now()), "{packet:?}");
    }
    assert!(gate.known.is_empty(), "who speaks is not known for it");
}

#[test]
fn who_was_asked_or_has_shown_the_password_is_heard() {
    for kind in [CHECK, ALLOCATE, SUCCESS] {
        let mut gate = Gate::default();
        assert!(gate.lets_out(&message(kind), address(1), Instant::now()));
        assert!(gate.lets_in(&ALERT, address(1), Instant::now()), "after {kind:#06x}");
        assert!(!gate.lets_in(&ALERT, address(2), Instant::now()));
    }
}

#[test]
fn an_error_response_an_indication_or_media_makes_nobody_known() {
    let mut gate = Gate::default();
    for packet in [&message(ERROR)[..], &message(INDICATION), &ALERT] {
        assert!(gate.lets_out(packet, address(1), Instant::now()));
        assert!(!gate.lets_in(&ALERT, address(1), Instant::now()));
    }
}

#[test]
fn the_chosen_address_outlasts_a_crowd() {
    let (mut gate, now) = (Gate::default(), Instant::now());
    for port in 1..2_000_u16 {
        let now = now + Duration::from_millis(10) * u32::from(port);
        if port % 50 == 0 {
            assert!(check(&mut gate, 1, now), "a keep-alive");
            assert!(gate.lets_in(&message(SUCCESS), address(1), now));
        }
        assert!(gate.lets_out(&message(SUCCESS), address(port), now));
    }
    assert!(gate.lets_in(&ALERT, address(1), Instant::now()));
}

#[test]
fn only_what_is_stun_passes_for_it() {
    assert_eq!(stun(&message(CHECK)), Some(Stun::Check));
    assert_eq!(stun(&message(ALLOCATE)), Some(Stun::Business));
    assert_eq!(stun(&message(SUCCESS)), Some(Stun::Business));
    assert_eq!((stun(&message(ERROR)), stun(&message(INDICATION))), (Some(Stun::Other), Some(Stun::Other)));
    assert_eq!(stun(&message(CHECK)[..19]), None, "cut short");
    for (at, byte) in [(4, 0x20), (0, 0x40), (0, 0x80), (0, 0xc0)] {
        let mut other = message(CHECK);
        other[at] = byte;
        assert_eq!(stun(&other), None, "another cookie, or not STUN by its first two bits");
    }
}

#[tokio::test]
async fn of_datagrams_that_came_together_each_is_judged() {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let socket = ::webrtc::runtime::Runtime::wrap_udp_socket(&::webrtc::runtime::TokioRuntime, socket).unwrap();
    let gated = GatedSocket::new(socket, Path::default(), Clear::default());
    let (check, alert) = (message(CHECK), [&ALERT[..], &[0; 5]].concat());
    let sift = |parts: &[&[u8]], from: u16| {
        let mut buffer = parts.concat();
        let mut about = RecvMeta::default();
        (about.addr, about.len, about.stride) = (address(from), buffer.len(), 20);
        let passes = gated.sift(&mut buffer, &mut about);
        buffer.truncate(about.len);
        (passes, buffer, about.stride)
    };
    let two = [&check[..], &check].concat();
    assert_eq!(sift(&[&check, &alert, &check, &alert, &ALERT], 1), (true, two.clone(), 20), "a stranger's STUN only");
    assert!(!sift(&[&alert, &alert[..3]], 1).0);
    lock(&gated.gate).lets_out(&check, address(1), Instant::now());
    assert_eq!(sift(&[&check, &alert, &check, &[0x80, 0]], 1), (true, two, 20), "nor an alert of the other side");
    assert!(!sift(&[&alert, &check[..2]], 1).0, "what is left over is no STUN");
    assert!(!sift(&[], 1).0);
    assert_eq!(gated.clear.refused(), 9);
}

#[test]
fn a_narrow_way_lets_every_fourth_keep_alive_out_and_every_check_that_is_none() {
    let (mut gate, now) = (Gate::default(), Instant::now());
    let beat = |n: u32| now + ICE_KEEPALIVE * n;
    let out = |gate: &mut Gate, beats: std::ops::Range<u32>| {
        beats
            .filter(|n| {
                gate.lets_in(&ALERT, address(1), beat(*n));
                check(gate, 1, beat(*n))
            })
            .count()
    };
    assert_eq!(out(&mut gate, 0..8), 8);
    let narrow = WayReport { rate_bps: 24_000, ..WayReport::default() };
    let told = |gate: &Gate, n| gate.alive.told(narrow, beat(n));
    let mut left = 0;
    for n in 8..24 {
        told(&gate, n);
        left += out(&mut gate, n..n + 1);
    }
    assert_eq!(left, 4);
    told(&gate, 24);
    let restart = ask(&mut gate, beat(24) + Duration::from_millis(5), Duration::from_millis(50));
    assert!(restart >= 5, "{restart} of 10 checks of a restart went out");
    // Nothing came since: whether the way is there has to be known.
    assert!(check(&mut gate, 1, beat(26)));
    assert_eq!(out(&mut gate, 30..38), 8, "no reports, no sound");
}
