//! A driver that ends is noticed, however it ends; a signal that finds no room too.

use std::sync::atomic::Ordering;

use super::*;
use crate::limits::SIGNALS_A_LINK;

async fn how_it_ended(driver: impl Future<Output = ()> + Send + 'static) -> Option<Signal> {
    let (signals, mut received, _overflow) = Signals::new();
    WatchedRuntime::new(signals, Default::default(), Tasks::default()).spawn(Box::pin(driver)).detach();
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
    let driver =
        WatchedRuntime::new(signals, Default::default(), Tasks::default()).spawn(Box::pin(std::future::pending()));
    assert!(received.try_recv().is_err());
    driver.abort();
    let next = tokio::time::timeout(Duration::from_secs(10), received.recv());
    assert!(matches!(next.await.unwrap(), Some(Signal::DriverGone)));
}

#[test]
fn a_signal_too_many_is_remembered() {
    let (signals, _received, overflow) = Signals::new();
    for _ in 0..SIGNALS_A_LINK {
        signals.push(Signal::Ice(false));
    }
    assert!(!overflow.load(Ordering::Acquire));
    signals.push(Signal::Ice(false));
    assert!(overflow.load(Ordering::Acquire));
}
