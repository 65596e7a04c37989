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

#[test]
fn where_a_sound_server_answers_no_other_system_is_asked_unless_a_device_of_it_is_chosen() {
    apart(Kind::PulseAudio, "asked::server_first");
}

#[test]
#[ignore = "the inner run of the test above"]
fn server_first() {
    let loaded = || std::fs::read_to_string("/proc/self/maps").unwrap().contains("libpulse");
    let (_dir, server) = begin();
    for chosen in [DeviceSpec::Default, DeviceSpec::Id("pulseaudio:ahoy".into())] {
        let listed = list::whole_list(&[&chosen, &DeviceSpec::None]).unwrap();
        assert!(listed.iter().any(|device| device.id == "pulseaudio:ahoy"));
        assert!(listed.iter().all(|device| device.id.starts_with("pulseaudio:")), "{listed:?}");
    }
    assert!(!loaded(), "ALSA was asked");
    let both = list::whole_list(&[&DeviceSpec::Id("alsa:null".into()), &DeviceSpec::Default]).unwrap();
    assert_eq!(both, list::list(), "everything is asked");
    drop(server);
    assert!(!list::whole_list(&[&DeviceSpec::Default]).unwrap().iter().any(|it| it.id.starts_with("pulseaudio:")));
}
