//! The ring of events: its bounds.

use ahoy_protocol::control::{CallState, EventKind};

use super::super::{Hub, Taken};
use crate::limits;

fn publish(hub: &Hub, count: usize, hint: &str) {
    for _ in 0..count {
        hub.publish(0, EventKind::Warning { about: "x".into(), hint: hint.into() });
    }
}

#[test]
fn ten_thousand_events_are_kept_and_no_more() {
    let hub = Hub::new(0);
    publish(&hub, limits::EVENTS_KEPT + 100, "");
    assert!(hub.holds_after(100));
    assert!(!hub.holds_after(99));
    assert_eq!(hub.newest(), 10_100);
}

#[test]
fn long_events_are_bounded_by_their_bytes() {
    let hub = Hub::new(0);
    let count = 2 * limits::EVENTS_KEPT_BYTES / 10_000;
    publish(&hub, count, &"x".repeat(10_000));
    let kept = (0..=count as u64).filter(|after| hub.holds_after(*after)).count() - 1;
    assert!(kept * 10_000 <= limits::EVENTS_KEPT_BYTES && kept > 300, "{kept}");
}

#[test]
fn being_256_behind_is_allowed_and_257_is_not() {
    let hub = Hub::new(0);
    publish(&hub, 256, "");
    assert!(matches!(hub.take(1, 0), Taken::Lines(lines, 33) if lines.len() == 32));
    publish(&hub, 1, "");
    assert_eq!(hub.take(1, 0), Taken::Missed(257));
    assert!(matches!(hub.take(2, 0), Taken::Lines(..)));
    // A replay is owed, however long it is.
    assert!(matches!(hub.take(1, 257), Taken::Lines(..)));
}

#[test]
fn whoever_has_everything_gets_nothing() {
    let hub = Hub::new(5);
    assert_eq!(hub.take(6, 5), Taken::Lines(vec![], 6));
    publish(&hub, 1, "");
    let Taken::Lines(lines, next) = hub.take(6, 5) else { panic!("a line") };
    assert_eq!((lines.len(), next), (1, 7));
    assert!(lines[0].ends_with("}\n"));
}

#[test]
fn ended_calls_are_counted_by_reason() {
    let hub = Hub::new(0);
    let state = |state, reason: Option<&str>| EventKind::CallState {
        call: "c".into(),
        state,
        direction: ahoy_protocol::control::Direction::Out,
        reason: reason.map(Into::into),
        cause: None,
        client: None,
        continues_as: None,
        device: None,
    };
    for (now, reason) in [
        (CallState::Dialing, None),
        (CallState::Ended, Some("busy")),
        (CallState::Ended, Some("hung_up")),
        (CallState::Ended, Some("busy")),
        (CallState::Ended, Some("of_the_future")),
    ] {
        hub.publish(1, state(now, reason));
    }
    let counted: Vec<_> = hub.ended().into_iter().filter(|(_, count)| *count > 0).collect();
    assert_eq!(counted, [("hung_up", 1), ("busy", 2)]);
}
