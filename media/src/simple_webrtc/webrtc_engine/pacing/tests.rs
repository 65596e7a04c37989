//! How often a silent address is asked.

use std::time::Duration;

use super::*;

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], port))
}

/// Asks every 5 ms for so long; how many checks went out.
fn ask(pace: &mut Pace, from: Instant, long: Duration) -> usize {
    let beats = u32::try_from(long.as_millis() / 5).unwrap();
    (0..beats).filter(|beat| pace.allows(address(1), from + Duration::from_millis(5) * *beat)).count()
}

#[test]
fn a_silent_address_is_asked_ever_more_seldom() {
    let (mut pace, now) = (Pace::default(), Instant::now());
    assert_eq!(ask(&mut pace, now, Duration::from_millis(100)), 20, "at first on every beat");
    let second = ask(&mut pace, now + Duration::from_millis(100), Duration::from_millis(900));
    assert!((40..=50).contains(&second), "{second} more in the first second");
    let later = ask(&mut pace, now + Duration::from_secs(1), Duration::from_secs(10));
    assert!((95..=101).contains(&later), "{later} in ten seconds");
}

#[test]
fn an_address_that_answers_is_asked_as_often_as_the_library_likes() {
    let (mut pace, now) = (Pace::default(), Instant::now());
    for beat in 0..1_000 {
        let now = now + Duration::from_millis(5) * beat;
        assert!(pace.allows(address(1), now));
        if beat % 10 == 0 {
            pace.heard(address(1));
        }
    }
}

#[test]
fn an_answer_after_a_long_silence_brings_the_full_pace_back() {
    let (mut pace, now) = (Pace::default(), Instant::now());
    ask(&mut pace, now, Duration::from_secs(5));
    pace.heard(address(2));
    assert!(!pace.allows(address(1), now + Duration::from_millis(4_999)), "somebody else's answer");
    pace.heard(address(1));
    assert_eq!(ask(&mut pace, now + Duration::from_secs(5), Duration::from_millis(100)), 20);
}

#[test]
fn addresses_are_paced_one_by_one_and_their_number_is_bounded() {
    let (mut pace, now) = (Pace::default(), Instant::now());
    ask(&mut pace, now, Duration::from_secs(1));
    for port in 2..500 {
        assert!(pace.allows(address(port), now + Duration::from_secs(1)), "a new address is asked at once");
        assert!(pace.asked.len() <= CHECKED_ADDRESSES);
    }
}

#[test]
fn only_binding_requests_are_checks() {
    let mut request = [0_u8; 20];
    request[1] = 1;
    request[4..8].copy_from_slice(&[0x21, 0x12, 0xa4, 0x42]);
    assert!(is_check(&request));
    assert!(!is_check(&request[..19]), "cut short");
    for (at, byte) in [(0, 0x01), (1, 0x11), (4, 0x20), (0, 0x16), (0, 0x80)] {
        let mut other = request;
        other[at] = byte;
        assert!(!is_check(&other), "a response, an indication, DTLS or RTP");
    }
}
