//! A driver that ends is noticed, however it ends; a signal that finds no room too.

use std::sync::atomic::Ordering;

use ::webrtc::runtime::TokioRuntime;

use super::*;
use crate::limits::SIGNALS_A_LINK;

fn watched(signals: Signals) -> WatchedRuntime {
    WatchedRuntime::new(Arc::new(TokioRuntime), signals, Default::default(), Tasks::default())
}

async fn how_it_ended(driver: impl Future<Output = ()> + Send + 'static) -> Option<Signal> {
    let (signals, mut received, _overflow) = Signals::new();
    watched(signals).spawn(Box::pin(driver)).detach();
    let next = tokio::time::timeout(Duration::from_secs(10), received.recv());
    next.await.unwrap()
}

#[tokio::test]
async fn a_driver_that_returns_is_noticed() {
    assert!(matches!(how_it_ended(async {}).await, Some(Signal::DriverGone)));
}

#[tokio::test]
async fn a_driver_that_panics_is_noticed() {
    let broken = async { panic!("a defect of the driver, made by this test") };
    assert!(matches!(how_it_ended(broken).await, Some(Signal::DriverGone)));
}

#[tokio::test]
async fn a_driver_that_is_aborted_is_noticed() {
    let (signals, mut received, _overflow) = Signals::new();
    let driver = watched(signals).spawn(Box::pin(std::future::pending()));
    assert!(received.try_recv().is_err());
    driver.abort();
    let next = tokio::time::timeout(Duration::from_secs(10), received.recv());
    assert!(matches!(next.await.unwrap(), Some(Signal::DriverGone)));
}

#[test]
fn a_signal_too_many_is_remembered() {
    let (signals, _received, overflow) = Signals::new();
    for _ in 0..SIGNALS_A_LINK {
        signals.push(Signal::Gathered);
    }
    assert!(!overflow.load(Ordering::Acquire));
    signals.push(Signal::Gathered);
    assert!(overflow.load(Ordering::Acquire));
}

const LONG: Duration = Duration::from_secs(3_600);

/// How long a sleep takes, in the library's task or in one of ours, with the alarm rung before it begins.
async fn sleeps_for(in_the_library: bool) -> Duration {
    let (signals, mut received, _overflow) = Signals::new();
    let alarm = signals.alarm();
    let runtime = Arc::new(watched(signals));
    let began = tokio::time::Instant::now();
    alarm.ring();
    if in_the_library {
        let driver = runtime.clone();
        runtime.spawn(Box::pin(async move { driver.sleep(LONG).await })).detach();
        assert!(matches!(received.recv().await, Some(Signal::DriverGone)));
    } else {
        runtime.sleep(LONG).await;
    }
    began.elapsed()
}

#[tokio::test(start_paused = true)]
async fn the_alarm_cuts_sleeps_of_the_library_short_also_when_it_rang_before() {
    assert_eq!(sleeps_for(true).await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn sleeps_of_our_own_tasks_hear_no_alarm() {
    assert!(sleeps_for(false).await >= LONG);
}

#[tokio::test]
async fn the_library_can_look_up_no_name() {
    let (signals, _received, _overflow) = Signals::new();
    let runtime = watched(signals);
    for name in
        ["localhost:3478", "0f8fad5b-d9cb-469f-a165-70867728950e.local:9", "stun.example.org:1", "127.0.0.1", ""]
    {
        assert!(runtime.resolve_host(name).await.is_err(), "{name}");
    }
    for (text, parsed) in [("127.0.0.1:9", "127.0.0.1:9"), ("[::1]:9", "[::1]:9"), ("::1:9", "[::1]:9")] {
        assert_eq!(runtime.resolve_host(text).await.unwrap(), [parsed.parse::<SocketAddr>().unwrap()]);
    }
}
