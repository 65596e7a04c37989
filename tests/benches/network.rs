//! Measures of the network: `cargo bench -p ahoy-tests --bench network -- WHAT`, with `ahoy` and `ahoyd` built in
//! release beside it. Prints one figure a line; judges nothing.
//!
//! | WHAT | what is measured | how long |
//! |---|---|---|
//! | `idle` | CPU, wake-ups and bytes of an `ahoyd` with 20 connected contacts; bytes only in a network namespace of its own (`unshare -rn sh -c 'ip link set lo up; ...'`), where all that crosses loopback is theirs | `AHOY_SECONDS` (1000: a pulse of each contact falls into it) |
//! | `junk` | added audio loss and memory of an `ahoyd` in a call while a contact pours 20,000 malformed inbox messages a second | `AHOY_SECONDS` (60) |
//! | `offers` | offer -> ringing of a contact while another contact and a stranger who has the card pour 1,000 flawless offers a second each | `AHOY_CALLS` (40) |
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a measure that cannot be taken ends")]

use std::fs;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use ahoy_client::control::CallState;
use ahoy_tests::hostile::{Hostile, Knowledge, Pour};
use ahoy_tests::node::{Node, Setup};
use ahoy_tests::process;
use ahoy_tests::rpc;
use ahoy_tests::swarm::{introduce, pair};
use libp2p::Multiaddr;
use serde_json::Value;

/// Contacts of the idle daemon.
const CONTACTS: usize = 20;
/// Quiet for so long before it counts as idle: who meets is told of others for a minute, and gossip of the last minute
/// makes the pulse quick.
const SETTLE: Duration = Duration::from_secs(240);

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    match std::env::args().nth(1).as_deref() {
        Some("idle") => runtime.block_on(idle()),
        Some("junk") => runtime.block_on(junk()),
        Some("offers") => runtime.block_on(offers()),
        // `cargo bench` and `cargo test` of everything start it without a word, or with one of theirs.
        Some(_) | None => println!("network: say idle, junk or offers"),
    }
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn ahoy() -> String {
    let own = std::env::current_exe().expect("our own path");
    let beside = own.parent().and_then(|deps| deps.parent()).expect("target").join("ahoy");
    beside.to_str().expect("a path of text").to_owned()
}

/// What a process has used up so far.
struct Used {
    cpu_s: f64,
    wakeups: u64,
    loopback_bytes: u64,
    at: Instant,
}

fn field(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn used(pid: u64) -> Used {
    let (mut cpu_ns, mut wakeups) = (0, 0);
    for task in fs::read_dir(format!("/proc/{pid}/task")).expect("the daemon runs").flatten() {
        let read = |name: &str| fs::read_to_string(task.path().join(name)).unwrap_or_default();
        cpu_ns += field(&read("schedstat"), "");
        wakeups += field(&read("status"), "voluntary_ctxt_switches:");
    }
    let devices = fs::read_to_string("/proc/self/net/dev").expect("network devices");
    let loopback_bytes = devices.lines().find_map(|line| line.trim().strip_prefix("lo:")).map_or(0, |lo| field(lo, ""));
    Used { cpu_s: Duration::from_nanos(cpu_ns).as_secs_f64(), wakeups, loopback_bytes, at: Instant::now() }
}

/// Resident memory now and at most, MiB.
fn memory_mib(pid: u64) -> (f64, f64) {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the daemon runs");
    let mib = |name: &str| Duration::from_millis(field(&status, name)).as_secs_f64() * 1000.0 / 1024.0;
    (mib("VmRSS:"), mib("VmHWM:"))
}

fn has_own_network() -> bool {
    let network = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/net")).ok();
    network("self") != network("1") && fs::read_to_string("/proc/self/net/route").is_ok_and(|r| r.lines().count() < 2)
}

async fn add_each_other(home: &process::Home, node: &mut Node) {
    node.frontend.ask.add_contact(&home.card(), None).await.expect("a contact");
    let card = node.frontend.ask.card(false).await.expect("a card");
    let added = home.says(&["contact", "add", &card, "--name", node.name()]).ok();
    assert_eq!(added.last()["name"], node.name());
}

async fn until_online(home: &process::Home, count: usize) {
    loop {
        let listed = home.says(&["contact", "list"]).ok();
        if listed.lines.iter().filter(|contact| contact["online"] == Value::Bool(true)).count() == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn idle() {
    let home = process::Home::started(&ahoy(), process::Setup::default());
    let pid = home.pid();
    let mut nodes = Vec::new();
    for n in 0..CONTACTS {
        let name: &'static str = Box::leak(format!("Contact {n}").into_boxed_str());
        let mut node = Node::start(Setup::named(name).tcp()).await;
        add_each_other(&home, &mut node).await;
        nodes.push(node);
    }
    until_online(&home, CONTACTS).await;
    tokio::time::sleep(SETTLE).await;
    let before = used(pid);
    tokio::time::sleep(Duration::from_secs(number("AHOY_SECONDS", 1_000))).await;
    let after = used(pid);
    until_online(&home, CONTACTS).await;
    let seconds = (after.at - before.at).as_secs_f64();
    println!("idle seconds {seconds:.0}");
    println!("idle cpu_s_a_minute {:.4}", (after.cpu_s - before.cpu_s) * 60.0 / seconds);
    println!("idle wakeups_a_minute {:.1}", real(after.wakeups - before.wakeups) * 60.0 / seconds);
    if has_own_network() {
        let bytes = real(after.loopback_bytes - before.loopback_bytes);
        println!("idle bytes_a_day {:.0}", bytes * 86_400.0 / seconds);
    } else {
        println!("idle bytes_a_day not measured: this network is shared");
    }
    println!("idle rss_mib {:.1}", memory_mib(pid).0);
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn real(count: u64) -> f64 {
    count as f64
}

/// The hostile contact of a daemon: introduced, killed, and its key in our hands.
async fn hostile_contact(home: &process::Home) -> (Knowledge, Hostile) {
    let mut mallory = Node::start(Setup::named("Mallory").tcp()).await;
    add_each_other(home, &mut mallory).await;
    ahoy_tests::swarm::acquainted(&mut mallory).await;
    let known = mallory.kill().await.knowledge();
    let address: Multiaddr = home.says(&["id"]).ok().last()["listen"][0]
        .as_str()
        .and_then(|address| address.split("/p2p/").next())
        .and_then(|address| address.parse().ok())
        .expect("an address");
    let hostile = Hostile::connect(known.key(), known.victim(), address).await;
    (known, hostile)
}

/// Packets received and lost, by the daemon's own statistics.
fn heard(home: &process::Home) -> (u64, u64) {
    let said = home.says(&["stats"]).ok();
    let of = |name: &str| said.last()[name].as_u64().unwrap_or(0);
    (of("packets_received"), of("packets_lost"))
}

async fn junk() {
    let tone = || process::Setup { audio_in: "tone:440".to_owned(), ..process::Setup::default() };
    let (ada, ben) = (process::Home::started(&ahoy(), tone()), process::Home::started(&ahoy(), tone()));
    ada.adds(&ben, "Ben");
    ben.adds(&ada, "Ada");
    let (known, mut hostile) = hostile_contact(&ben).await;
    let seconds = number("AHOY_SECONDS", 60);
    until_online(&ben, 2).await;
    let mut watch = ben.begins(&["watch"]);
    let mut calling = ada.begins(&["call", "Ben", "--wait", "active", "--timeout", "60"]);
    watch.event("incoming_call");
    drop(ben.says(&["answer"]).ok());
    calling.state("active");
    let topic = known.inbox();
    let quiet = measured(&ben, seconds, async { tokio::time::sleep(Duration::from_secs(seconds)).await }).await;
    // 400 packets of 50 messages a second.
    let pour = Pour::paced(400, seconds, move |n| {
        let message = |m: u64| {
            let mut data = vec![7; 300];
            data[..8].copy_from_slice(&(n * 50 + m).to_be_bytes());
            rpc::publish(topic.as_str(), &data)
        };
        rpc::packet(&(0..50).map(message).collect::<Vec<_>>())
    });
    hostile.gossip(pour.clone());
    let flood = async { hostile.beside(tokio::time::sleep(Duration::from_secs(seconds))).await };
    let loud = measured(&ben, seconds, flood).await;
    println!("junk seconds {seconds}");
    println!("junk messages_offered_a_second 20000");
    println!("junk messages_taken_a_second {}", pour.taken.load(Ordering::Relaxed) * 50 / seconds.max(1));
    for (name, (loss, rss_mib, cpu_s)) in [("before", quiet), ("during", loud)] {
        println!("junk loss_{name} {loss:.5}");
        println!("junk rss_mib_{name} {rss_mib:.1}");
        println!("junk cpu_s_a_minute_{name} {cpu_s:.2}");
    }
    drop(ada.says(&["hangup"]).ok());
}

/// Loss (share of packets), memory (MiB) and CPU (s a minute) of a daemon while something else happens.
async fn measured(home: &process::Home, seconds: u64, what: impl Future<Output = ()>) -> (f64, f64, f64) {
    let (received, lost) = heard(home);
    let before = used(home.pid());
    what.await;
    let after = used(home.pid());
    let (received, lost) = {
        let (r, l) = heard(home);
        (r - received, l.saturating_sub(lost))
    };
    let loss = real(lost) / real((received + lost).max(1));
    (loss, memory_mib(home.pid()).0, (after.cpu_s - before.cpu_s) * 60.0 / real(seconds.max(1)))
}

async fn offers() {
    let busy = |name| Setup { calls_a_minute: 6_000, ..Setup::named(name).tcp() };
    let (mut ada, mut ben) = pair(busy("Ada"), busy("Ben")).await;
    let mut mallory = Node::start(Setup::named("Mallory").tcp()).await;
    introduce(&mut mallory, &mut ben).await;
    let known = mallory.kill().await.knowledge();
    let stranger = known.stranger(&ben.frontend.ask.card(false).await.expect("a card"));
    let calls = number("AHOY_CALLS", 40);
    println!("offers calls {calls}");
    print_times("quiet", rings(&mut ada, &mut ben, calls).await);
    let mut poured = Vec::new();
    for hostile in [known, stranger] {
        let mut peer = Hostile::connect(hostile.key(), ben.peer(), ben.address()).await;
        peer.ask_prekey(hostile.prekey_request());
        let (topic, hostile) = (hostile.inbox(), Arc::new(hostile));
        let pour = Pour::paced(1_000, 3_600, move |_| rpc::packet(&[rpc::publish(topic.as_str(), &hostile.offer())]));
        peer.gossip(pour.clone());
        poured.push(pour);
        tokio::spawn(peer.run());
    }
    let start = Instant::now();
    print_times("flooded", rings(&mut ada, &mut ben, calls).await);
    let seconds = start.elapsed().as_secs_f64();
    for (who, pour) in ["contact", "stranger"].into_iter().zip(poured) {
        println!("offers of_{who}_taken_a_second {:.0}", real(pour.taken.load(Ordering::Relaxed)) / seconds);
    }
    ben.frontend.catch_up().await;
    assert_eq!(ben.frontend.rang().len() as u64, 2 * calls, "something else rang");
    for counted in ben.counters().snapshot().iter().filter(|counted| counted.value > 0) {
        println!("offers count {} {}", counted.name, counted.value);
    }
}

/// Offer -> ringing of so many calls, in the order of their length, ms.
async fn rings(ada: &mut Node, ben: &mut Node, calls: u64) -> Vec<f64> {
    let mut times = Vec::new();
    for _ in 0..calls {
        let start = Instant::now();
        let call = ada.frontend.ask.offer(&["Ben"]).await.expect("an offer");
        ada.frontend.state(&call, CallState::Ringing).await;
        times.push(start.elapsed().as_secs_f64() * 1000.0);
        ben.frontend.rings(&call).await;
        ada.frontend.ask.hang_up(Some(&call)).await.expect("hung up");
        ben.frontend.ended(&call).await;
        ada.frontend.ended(&call).await;
    }
    times.sort_by(f64::total_cmp);
    times
}

fn print_times(name: &str, times: Vec<f64>) {
    for (part, percent) in [("median", 50), ("p95", 95), ("max", 100)] {
        let at = (times.len() * percent).div_ceil(100).max(1) - 1;
        println!("offers {name}_ringing_{part}_ms {:.1}", times.get(at).copied().unwrap_or(f64::NAN));
    }
}
