//! Questions to a sound server leave nothing behind.

use super::{plug::held, *};
use crate::host_media::device::{Which, hosts, list};

#[test]
fn devices_that_are_listed_and_looked_for_over_and_over_leave_nothing_behind() {
    apart(Kind::PulseAudio, "asked::over_and_over");
}

/// Twenty lists, and forty looks for a device that is not there.
fn ask() {
    let gone = Which::Id("pulseaudio:gone".into());
    for _ in 0..20 {
        assert!(list::list().iter().any(|device| device.id == "pulseaudio:ahoy"));
        assert!([true, false].into_iter().all(|input| hosts::find(&gone, input).is_err()));
    }
}

#[test]
#[ignore = "the inner run of the test above"]
fn over_and_over() {
    let (_dir, _server) = begin();
    ask();
    let before = held();
    ask();
    // A thread that has answered takes a moment to end.
    let deadline = Instant::now() + PATIENCE;
    while held().0 > before.0 || held().1 > before.1 {
        assert!(Instant::now() < deadline, "files and threads: {before:?} before, {:?} after", held());
        std::thread::yield_now();
    }
    println!("files and threads {before:?}, after 60 questions {:?}", held());
}
