//! Claims against what the kernel says of the thread.
#![expect(clippy::print_stdout, reason = "a skip is said aloud")]

use std::{
    thread,
    time::{Duration, Instant},
};

use super::*;

/// Nice value and scheduling policy of the calling thread: fields 19 and 41 of its line (proc(5)).
fn kernel() -> (i32, i32) {
    let line = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
    let fields: Vec<&str> = line.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[16].parse().unwrap(), fields[38].parse().unwrap())
}

/// What the kernel's figures mean.
fn meant() -> Priority {
    match kernel() {
        (_, libc::SCHED_RR) => Priority::RealTime,
        (nice, libc::SCHED_OTHER) if nice < 0 => Priority::Raised,
        (_, _) => Priority::Usual,
    }
}

fn on_a_thread<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
    watch_urgent_threads();
    thread::spawn(act).join().unwrap()
}

#[test]
fn what_is_claimed_is_what_the_kernel_does() {
    let told = on_a_thread(|| (urgent_thread(), meant(), priority()));
    println!("this machine grants {:?}", told.0);
    assert_eq!((told.1, told.2), (told.0, told.0));
    let (raised, meant) = on_a_thread(|| (raised_thread(), meant()));
    assert_eq!(raised, meant);
    assert_ne!(raised, Priority::RealTime);
}

#[test]
fn what_an_urgent_thread_starts_is_ordinary() {
    let begun = on_a_thread(|| (urgent_thread() == Priority::RealTime).then(|| thread::spawn(kernel).join().unwrap()));
    match begun {
        Some(kernel) => assert_eq!(kernel, (0, libc::SCHED_OTHER)),
        None => println!("SKIPPED: this machine grants no real time (root, or a limit `rtprio` of at least 1)"),
    }
}

#[test]
fn asking_for_priority_allocates_nothing() {
    let allocated = on_a_thread(|| {
        crate::test_alloc::allocations(|| {
            urgent_thread();
        })
    });
    assert_eq!(allocated, 0);
}

#[test]
fn a_thread_that_never_waits_is_ordinary_soon_and_the_process_lives() {
    let lasted = on_a_thread(|| {
        if urgent_thread() != Priority::RealTime {
            return None;
        }
        let begun = Instant::now();
        while is_real_time() && begun.elapsed() < Duration::from_secs(8) {
            std::hint::spin_loop();
        }
        Some((begun.elapsed(), meant()))
    });
    let Some((lasted, meant)) = lasted else {
        println!("SKIPPED: this machine grants no real time (root, or a limit `rtprio` of at least 1)");
        return;
    };
    println!("ordinary after {} ms", lasted.as_millis());
    assert_eq!(meant, Priority::Usual);
    // Processor time, so real-time threads of other tests may make it longer, but nothing makes it shorter.
    assert!(lasted >= Duration::from_micros(UNPAUSED_US / 2), "{lasted:?}");
}
