//! Two homes that know each other, and what they hear.

use std::path::Path;

use ahoy_tests::process::{Home, PATIENCE, Setup};
use ahoy_tests::sound::Heard;

pub(crate) const AHOY: &str = env!("CARGO_BIN_EXE_ahoy");

/// Two daemons that have each other as contacts, under the names `a` and `b`.
pub(crate) fn two(a: Setup, b: Setup) -> (Home, Home) {
    let a = Home::started(AHOY, a);
    let b = Home::started(AHOY, b);
    a.adds(&b, "b");
    b.adds(&a, "a");
    acquainted(&a);
    acquainted(&b);
    (a, b)
}

/// Waits until the home's only contact is connected and has told its inbox.
pub(crate) fn acquainted(home: &Home) {
    let mut watch = home.begins(&["watch"]);
    let known = || {
        let said = home.says(&["contact", "list"]).ok();
        said.last()["online"] == true && said.last()["acquainted"] == true
    };
    watch.until("a snapshot", |line| line["kind"] == "snapshot");
    while !known() {
        watch.event("contact_changed");
    }
}

pub(crate) fn tone(hz: u32) -> Setup {
    Setup { audio_in: format!("tone:{hz}"), config: String::new() }
}

pub(crate) fn times(lines: &str) -> Setup {
    Setup { audio_in: "none".to_owned(), config: format!("[times]\n{lines}\n") }
}

/// Part of the power of the last `seconds` of a recording that lies at `hz`: 1 for a pure tone, next to 0 without it.
pub(crate) fn part_at(wav: &Path, seconds: f64, hz: f64) -> f64 {
    Heard::read(wav).end(seconds).part_at(hz)
}

/// Waits until `home` has heard a second that is mostly this tone.
pub(crate) fn hears(home: &Home, hz: f64) {
    let deadline = std::time::Instant::now() + PATIENCE;
    let mut stats = home.begins(&["stats", "--follow"]);
    loop {
        // Comes once a second: there is nothing else to wait on while a file grows.
        stats.until("figures", |line| line["state"] == "connected");
        let part = part_at(&home.heard(), 1.0, hz);
        if part > 0.9 {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "only {part} of what is heard is at {hz} Hz");
    }
}
