//! Measurements on loopback: `cargo test --release -p ahoy-media --test conformance speed -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use ahoy_media::simple_webrtc::engine::{LinkEvent, Role};

use crate::pair::{Pair, Who, frame, real, within};
use crate::road::Road;

const RUNS: u64 = 20;

/// Milliseconds of one set-up.
#[derive(Clone, Copy)]
struct SetUp {
    described: f64,
    connected: f64,
    open: f64,
    first_packet: f64,
    remote_close: f64,
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}

async fn set_up(pair: &mut Pair, n: u64) -> SetUp {
    let began = Instant::now();
    pair.open(n);
    let (mut described, mut connected, mut open) = (0.0, Vec::new(), Vec::new());
    pair.carry(|who, link, event| {
        if link == n && who == Who::A && matches!(event, LinkEvent::Description { .. }) {
            described = ms(began);
        }
        if link == n && *event == LinkEvent::Connected {
            connected.push(ms(began));
        }
        if link == n && *event == LinkEvent::CtlOpen {
            open.push(ms(began));
        }
        connected.len() == 2 && open.len() == 2
    })
    .await;
    pair.talk(n, 960).await;
    let first_packet = ms(began);
    let closing = Instant::now();
    pair.a.engine.close(pair.a.link(n));
    pair.b.closed(n).await;
    let remote_close = ms(closing);
    pair.a.closed(n).await;
    SetUp { described, connected: connected[1], open: open[1], first_packet, remote_close }
}

#[expect(clippy::print_stdout, reason = "a measurement is run to be read")]
fn report(what: &str, mut values: Vec<f64>) {
    values.sort_by(f64::total_cmp);
    let at = |part: f64| values[((values.len() - 1) as f64 * part).round() as usize];
    println!("{what:<52} median {:7.2} ms   p95 {:7.2} ms   max {:7.2} ms", at(0.5), at(0.95), at(1.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn set_up_of_links() {
    let mut pair = real();
    set_up(&mut pair, 999).await;
    let mut runs = Vec::new();
    for n in 1..=RUNS {
        runs.push(set_up(&mut pair, n).await);
    }
    let each = |value: fn(&SetUp) -> f64| runs.iter().map(value).collect::<Vec<f64>>();
    report("open -> our offer", each(|run| run.described));
    report("open -> Connected on both sides", each(|run| run.connected));
    report("open -> CtlOpen on both sides", each(|run| run.open));
    report("open -> a packet heard on both sides", each(|run| run.first_packet));
    report("our offer -> a packet heard on both sides", each(|run| run.first_packet - run.described));
    report("close -> Closed(Remote) there", each(|run| run.remote_close));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn set_up_over_50_ms_each_way() {
    let mut pair = real();
    let mut opened = Vec::new();
    for n in 1..=5 {
        let road = Road::new(Duration::from_millis(50));
        let began = Instant::now();
        road.connect(&mut pair, n).await;
        opened.push(ms(began));
    }
    report("open -> CtlOpen on both sides, media 50 ms each way", opened);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn one_way() {
    let mut pair = real();
    pair.connect(1).await;
    let mut took = Vec::new();
    for i in 0..500 {
        let began = Instant::now();
        pair.a.engine.send_audio(pair.a.link(1), frame(i)).expect("connected");
        let packet = pair.b.heard(1).await;
        took.push(packet.arrived.duration_since(began).as_secs_f64() * 1_000.0);
    }
    report("send_audio -> PacketSink", took);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn opening_alone() {
    let mut pair = real();
    let mut took = Vec::new();
    for n in 1..=RUNS {
        let began = Instant::now();
        pair.a.open(n, Role::Offerer);
        within("an offer", pair.a.until(n, |event| matches!(event, LinkEvent::Description { .. }))).await;
        took.push(ms(began));
    }
    report("open -> offer, certificate and sockets included", took);
}
