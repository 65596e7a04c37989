//! Roads that calls are tried on, both directions alike.

use serde::Serialize;

/// What befalls packets from a moment on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Weather {
    /// Time that each packet takes, ms.
    pub delay_ms: f64,
    /// Evenly drawn around that, ms; packets keep their order, as behind a queue.
    pub jitter_ms: f64,
    /// Packets lost at random, per cent.
    pub loss_percent: f64,
    /// Gilbert's channel: per cent of packets at which a burst of losses begins, and at which it ends.
    pub burst_percent: Option<(f64, f64)>,
    /// Rate of the narrowest place, kbit/s with all heads.
    pub rate_kbps: Option<f64>,
    /// Nothing passes.
    pub cut: bool,
}

/// Packets that would wait longer than this at the narrowest place are dropped there, ms.
pub const QUEUE_MS: f64 = 200.0;

/// A road with a name.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Its name.
    pub name: &'static str,
    /// From the second of speech on at which each begins.
    pub weather: Vec<(f64, Weather)>,
}

impl Profile {
    /// Seconds of speech between which the road is cut or far longer; none if it is the same all the time.
    #[must_use]
    pub fn gap_s(&self) -> Option<(f64, f64)> {
        match self.weather.as_slice() {
            [_, (from, _), (to, _)] => Some((*from, *to)),
            _ => None,
        }
    }
}

/// Fair weather with this delay.
fn fair(delay_ms: f64) -> Weather {
    Weather { delay_ms, jitter_ms: 0.0, loss_percent: 0.0, burst_percent: None, rate_kbps: None, cut: false }
}

/// Every profile that has a bar.
#[must_use]
pub fn all() -> Vec<Profile> {
    let always = |name, weather| Profile { name, weather: vec![(0.0, weather)] };
    let loss = |percent| Weather { loss_percent: percent, ..fair(25.0) };
    let bursts = |begin, end| Weather { burst_percent: Some((begin, end)), ..fair(25.0) };
    let rate = |kbps| Weather { rate_kbps: Some(kbps), ..fair(25.0) };
    let between =
        |name, to, weather| Profile { name, weather: vec![(0.0, fair(25.0)), (13.0, weather), (to, fair(25.0))] };
    let cut = Weather { cut: true, ..fair(25.0) };
    vec![
        always("clean", fair(0.0)),
        always("loss5", loss(5.0)),
        always("mix5", Weather { jitter_ms: 10.0, ..loss(5.0) }),
        always("loss10", loss(10.0)),
        always("loss20", loss(20.0)),
        always("loss30", loss(30.0)),
        always("burst3-25", bursts(3.0, 25.0)),
        always("burst1-10", bursts(1.0, 10.0)),
        always("jitter", Weather { jitter_ms: 45.0, ..fair(50.0) }),
        always("rate64", rate(64.0)),
        always("rate40", rate(40.0)),
        always("rate24", rate(24.0)),
        between("blackout2", 15.0, cut),
        between("blackout5", 18.0, cut),
        between("spike", 16.0, fair(300.0)),
    ]
}

/// The profile of this name.
#[must_use]
pub fn named(name: &str) -> Option<Profile> {
    all().into_iter().find(|profile| profile.name == name)
}
