//! How long it takes from a person's word to the other's ear and back. Each measurement prints one line of JSON a
//! figure: `cargo test --release -p ahoy-tests --test swarm speed -- --ignored --nocapture --test-threads=1`;
//! `AHOY_SPEED_RUNS` sets how many calls each takes.

use std::time::{Duration, Instant};

use ahoy_client::control::{CallState, InCall};
use ahoy_media::simple_webrtc::engine::AudioPacket;
use ahoy_tests::node::{Node, Setup};
use ahoy_tests::road::{End, Road};
use ahoy_tests::sound::Heard;
use ahoy_tests::swarm::{hang_up, introduce, ringing};

const ADA_HZ: u32 = 440;
const BEN_HZ: u32 = 880;

/// Time before somebody answers: links that are made while it rings are there by then.
const RINGS: Duration = Duration::from_secs(1);

fn runs() -> usize {
    std::env::var("AHOY_SPEED_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(20)
}

/// Prints the figures of one row.
#[expect(clippy::print_stdout, reason = "a measurement is run to be read")]
fn report(what: &str, way: Duration, mut ms: Vec<f64>) {
    ms.sort_by(f64::total_cmp);
    let at = |part: f64| ms[((ms.len() - 1) as f64 * part).round() as usize];
    let row = serde_json::json!({
        "what": what, "way_ms": way.as_millis(), "runs": ms.len(),
        "median_ms": at(0.5), "p95_ms": at(0.95), "min_ms": at(0.0), "max_ms": at(1.0),
    });
    println!("{row}");
}

/// Milliseconds until the first of these packets was there. It must be audible, and with those that follow it without a
/// gap it must be the tone that the other says: alone it is too short to tell, as a coder needs a frame to settle.
fn heard_after(since: Instant, packets: &[AudioPacket], hz: u32) -> f64 {
    let mut decoder = opus::Decoder::new(48_000, opus::Channels::Mono).expect("a decoder");
    let decoded = packets.iter().map(|packet| {
        let mut sound = vec![0.0; 960];
        let samples = decoder.decode_float(&packet.payload, &mut sound, false).expect("an Opus packet");
        assert_eq!(samples, sound.len());
        sound
    });
    let decoded: Vec<Vec<f32>> = decoded.collect();
    assert!(Heard::of(48_000, &decoded[0]).level() > 0.01, "the first packet is silence");
    assert!(packets.windows(2).all(|two| two[1].timestamp.wrapping_sub(two[0].timestamp) == 960), "a gap");
    let part = Heard::of(48_000, &decoded[1..].concat()).part_at(f64::from(hz));
    assert!(part > 0.8, "{part} of what was said is at {hz} Hz");
    packets[0].arrived.duration_since(since).as_secs_f64() * 1_000.0
}

/// From accept to the first packet at the other side that holds what is said now, each direction.
async fn accept_to_first_packet(way: Duration) {
    let road = Road::new(way);
    let (mut a, mut b) = (Setup::tone("Ada", ADA_HZ).tcp(), Setup::tone("Ben", BEN_HZ).tcp());
    if !way.is_zero() {
        (a, b) = (a.far(way, &road, End::Near), b.far(way, &road, End::Far));
    }
    let (mut a, mut b) = (Node::start(a).await, Node::start(b).await);
    introduce(&mut a, &mut b).await;
    let (mut at_caller, mut at_callee) = (Vec::new(), Vec::new());
    for _ in 0..runs() {
        let call = ringing(&mut a, &mut b).await;
        tokio::time::sleep(RINGS).await;
        for node in [&a, &b] {
            node.ear.forget();
        }
        let accepted = Instant::now();
        b.frontend.ask.accept(Some(&call), InCall::Hold).await.unwrap();
        at_caller.push(heard_after(accepted, &a.ear.first().await, BEN_HZ));
        at_callee.push(heard_after(accepted, &b.ear.first().await, ADA_HZ));
        for node in [&mut a, &mut b] {
            node.frontend.state(&call, CallState::Active).await;
        }
        hang_up(&mut a, &mut b, &call).await;
    }
    report("accept -> first packet of the callee at the caller", way, at_caller);
    report("accept -> first packet of the caller at the callee", way, at_callee);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn accept_to_first_packet_near() {
    accept_to_first_packet(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn accept_to_first_packet_over_50_ms_each_way() {
    accept_to_first_packet(Duration::from_millis(50)).await;
}

/// From dial to ringing where each knows the other by its card alone, and nobody is connected to anybody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn cold_dial_to_ringing() {
    let mut cold = Vec::new();
    for _ in 0..runs() {
        // Ben knows Ada by a card of before, and Ada is not there when he looks for her.
        let mut a = Node::start(Setup::tone("Ada", ADA_HZ).tcp()).await;
        let ada = a.frontend.ask.card(false).await.unwrap();
        let home = a.stop().await;
        let mut b = Node::start(Setup::tone("Ben", BEN_HZ).tcp()).await;
        b.frontend.ask.add_contact(&ada, None).await.unwrap();
        let card = b.frontend.ask.card(false).await.unwrap();
        let mut a = home.start().await;
        let dialled = Instant::now();
        a.frontend.ask.add_contact(&card, None).await.unwrap();
        let call = a.frontend.ask.offer(&[b.name()]).await.unwrap();
        b.frontend.rings(&call).await;
        cold.push(dialled.elapsed().as_secs_f64() * 1_000.0);
    }
    report("cold: card added and dialled -> ringing", Duration::ZERO, cold);
}

/// From dial to ringing where both are connected.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn dial_to_ringing_connected() {
    let (mut a, mut b) =
        (Node::start(Setup::tone("Ada", ADA_HZ).tcp()).await, Node::start(Setup::tone("Ben", BEN_HZ).tcp()).await);
    introduce(&mut a, &mut b).await;
    let mut took = Vec::new();
    for _ in 0..runs() {
        let dialled = Instant::now();
        let call = a.frontend.ask.offer(&[b.name()]).await.unwrap();
        b.frontend.rings(&call).await;
        took.push(dialled.elapsed().as_secs_f64() * 1_000.0);
        a.frontend.state(&call, CallState::Ringing).await;
        a.frontend.ask.hang_up(Some(&call)).await.unwrap();
        for node in [&mut a, &mut b] {
            node.frontend.ended(&call).await;
        }
    }
    report("connected: dialled -> ringing", Duration::ZERO, took);
}
