//! Devices that come back, and those that do not stay.

use std::sync::{
    Arc,
    atomic::{AtomicU32, AtomicU64, Ordering},
};

use super::*;
use crate::planes::Planes;

/// Can be opened from `there_us` on, and runs 100 ms later.
struct Plugged {
    opened_us: u64,
    runs_us: u64,
}

impl Source for Plugged {
    fn capture(&mut self, now_us: u64, _out: &mut Planes) -> Result<(), Lost> {
        self.runs_us = now_us;
        Ok(())
    }
    fn started_us(&self) -> Option<u64> {
        (self.runs_us >= self.opened_us + 100_000).then_some(self.opened_us)
    }
    fn due_us(&self, now_us: u64, _samples: usize) -> u64 {
        now_us
    }
}

/// Opens from a time on; counts the tries.
fn socket(there_us: &Arc<AtomicU64>, tries: &Arc<AtomicU32>) -> Open<dyn Source> {
    let (there_us, tries) = (Arc::clone(there_us), Arc::clone(tries));
    Box::new(move |now_us| {
        tries.fetch_add(1, Ordering::Relaxed);
        if now_us < there_us.load(Ordering::Relaxed) {
            return Err(Lost("nothing is plugged in".into()));
        }
        Ok(Box::new(Plugged { opened_us: now_us, runs_us: 0 }))
    })
}

/// Steps as it asks to be stepped, until the device is back or `until_us`; when it was back.
fn run(recovery: &mut Recovery<dyn Source>, open: &mut Open<dyn Source>, until_us: u64) -> Option<(u64, String)> {
    while let Some(due_us) = recovery.due_us().filter(|due_us| *due_us <= until_us) {
        if let Some((_, told)) = recovery.step(due_us, open) {
            return Some((due_us, told));
        }
    }
    None
}

#[test]
fn a_device_is_back_within_a_second_of_its_return_and_tried_twice_a_second() {
    let (there_us, tries) = (Arc::new(AtomicU64::new(7_300_000)), Arc::new(AtomicU32::new(0)));
    let mut open = socket(&there_us, &tries);
    let mut recovery = Recovery::new();
    assert_eq!(recovery.due_us(), None, "nothing is to be done while it is there");
    recovery.lost(1_000_000);
    let (back_us, told) = run(&mut recovery, &mut open, u64::MAX).unwrap();
    assert!((7_300_000..8_300_000).contains(&back_us), "{back_us}");
    assert_eq!(tries.load(Ordering::Relaxed), 13);
    assert_eq!(told, "back after 6.6 s (13 tries)");
    assert_eq!(recovery.due_us(), None);
}

#[test]
fn a_device_that_comes_and_goes_is_tried_less_and_less_often() {
    let (there_us, tries) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU32::new(0)));
    let mut open = socket(&there_us, &tries);
    let mut recovery = Recovery::new();
    let mut now_us = 0;
    for _ in 0..100 {
        recovery.lost(now_us);
        now_us = run(&mut recovery, &mut open, u64::MAX).unwrap().0;
    }
    assert!(now_us > 90 * RETRY_MOST_US, "a hundred losses take {now_us} us");
    recovery.lost(now_us + STEADY_US);
    assert_eq!(recovery.due_us(), Some(now_us + STEADY_US + RETRY_US), "one that stayed is trusted again");
}

#[test]
fn a_rest_closes_what_is_being_opened_and_haste_tries_at_once() {
    let (there_us, tries) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU32::new(0)));
    let mut open = socket(&there_us, &tries);
    let mut recovery = Recovery::new();
    recovery.lost(0);
    assert!(recovery.step(RETRY_US, &mut open).is_none(), "it is being opened");
    recovery.rest();
    recovery.hurry(RETRY_US);
    assert!(recovery.step(RETRY_US, &mut open).is_none());
    assert_eq!(tries.load(Ordering::Relaxed), 2, "opened anew");
    recovery.forget();
    assert_eq!(recovery.due_us(), None);
}
