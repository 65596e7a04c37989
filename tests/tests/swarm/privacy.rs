//! The log of a node that goes through everything: at INFO and above it says what happens, and not who, where or
//! with what. Read as it would be written to the file, with everybody's DEBUG let in.

use ahoy_client::control::{CallState, EventKind, InCall};
use ahoy_media::host_media::api::DeviceSpec;
use ahoy_protocol::core::Times;
use ahoy_protocol::core::input::{NetEvent, Topic};
use ahoy_protocol::ids::AccountId;
use ahoy_tests::node::{Home, Node, Setup};
use ahoy_tests::outsider::{Outsider, Told};
use ahoy_tests::privacy::{Leak, Watch};
use ahoy_tests::swarm::{both_end, hang_up, introduce, meets, parts, ringing, talking};
use ahoyd::gossip::NetOutput;
use ahoyd::gossip::device::device_of;
use ahoyd::logging;
use tracing_subscriber::util::SubscriberInitExt as _;

/// As loud as the filter allows.
const LOUD: &str = "debug,libp2p_swarm=debug,libp2p_gossipsub=debug,libp2p_tcp=debug,libp2p_noise=debug,\
    multistream_select=debug,yamux=debug,webrtc=debug,rtc=debug,rtc_ice=debug,rtc_dtls=debug,rtc_sctp=debug";

/// Names that stand in no message by chance.
const ADA: &str = "Adalinde Ohnesorg";
const BEN: &str = "Benedikta Tausendschön";
const CLEO: &str = "Clothilde Hagedorn";

/// Nothing of this node may be told.
async fn hide(watch: &Watch, node: &mut Node) {
    watch.hide(Leak::Name, node.name());
    watch.hide(Leak::Key, &node.account());
    watch.hide(Leak::Key, &node.peer().to_string());
    watch.hide_bytes(&AccountId::parse(&node.account()).unwrap().0);
    watch.hide_bytes(&node.device().0);
    watch.hide_bytes(node.tap.key().expose());
    watch.hide(Leak::Address, node.address().to_string().split("/p2p/").next().unwrap());
    watch.hide(Leak::Card, &node.frontend.ask.card(false).await.unwrap()["ahoy:".len()..]);
}

/// Nor the topics it saw, nor the calls it had.
fn hide_traffic(watch: &Watch, node: &Node) {
    for told in node.tap.told() {
        if let NetOutput::Event(NetEvent::Subscribed { topic, .. }) | NetOutput::Sealed { topic, .. } = told {
            watch.hide_bytes(&topic.0);
            watch.hide(Leak::Key, topic.as_str());
        }
    }
    for event in node.frontend.seen() {
        if let EventKind::CallState { call, .. } = event {
            watch.hide(Leak::Key, call);
        }
    }
}

/// Every way a call can end while both are there.
async fn calls(a: &mut Node, b: &mut Node) {
    let call = talking(a, b).await;
    hang_up(a, b, &call).await;
    let call = ringing(a, b).await;
    b.frontend.ask.decline(Some(&call)).await.unwrap();
    both_end(a, b, &call, "declined").await;
    let call = ringing(b, a).await;
    b.frontend.ask.hang_up(Some(&call)).await.unwrap();
    both_end(b, a, &call, "cancelled").await;
    let call = ringing(a, b).await;
    both_end(a, b, &call, "no_answer").await;
}

/// Somebody who is no contact says everything there is to say (in memory: it speaks no TCP).
async fn hostile(watch: &Watch) {
    let mut b = Node::start(Setup::named(CLEO)).await;
    hide(watch, &mut b).await;
    let key = [0x5a; 32];
    watch.hide_bytes(&key);
    let mut mallory = Outsider::new(key);
    watch.hide(Leak::Key, &mallory.peer().to_string());
    mallory.dial(b.peer(), b.address()).await;
    mallory.ask_prekey(b.peer(), vec![1; 33]);
    let answered = |told: &Told| matches!(told, Told::Prekey(_));
    mallory.until(1, "silence", answered).await;
    for topic in [Topic([b'q'; 32]), Topic([b'r'; 32])] {
        mallory.subscribe(topic);
        mallory.publish(topic, [&[1, 0x11][..], &vec![7; 1022]].concat());
    }
    let device = device_of(&mallory.peer()).unwrap();
    b.tap.connected(device).await;
    mallory.beside(b.stop()).await;
}

/// Ben's device does not exist, his store breaks, he comes and goes; at last both stop.
async fn story(watch: &Watch) -> (Node, Node) {
    let times = Times { ring_callee_ms: 700, reach_ms: 700, caller_lost_ms: 700, ..Times::default() };
    let lost = DeviceSpec::Id(format!("alsa:microphone of {BEN}"));
    let ben = Setup { audio_in: lost, ..Setup::named(BEN).tcp().times(times.clone()) };
    let mut a = Node::start(Setup::tone(ADA, 440).tcp().times(times)).await;
    let mut b = Node::start(ben).await;
    introduce(&mut a, &mut b).await;
    for node in [&mut a, &mut b] {
        hide(watch, node).await;
    }
    calls(&mut a, &mut b).await;
    hostile(watch).await;
    assert!(a.frontend.ask.add_contact("ahoy:AAAA", None).await.is_err(), "no card");

    let call = ringing(&mut a, &mut b).await;
    hide_traffic(watch, &b);
    let home = b.kill().await;
    assert_eq!(a.frontend.ended(&call).await.reason, "lost");
    parts(&mut a, BEN).await;
    let call = a.frontend.ask.offer(&[BEN]).await.unwrap();
    assert_eq!(a.frontend.ended(&call).await.reason, "unreachable");
    let mut b = home.start().await;
    meets(&mut b, ADA).await;
    meets(&mut a, BEN).await;
    let call = ringing(&mut a, &mut b).await;
    b.frontend.ask.accept(Some(&call), InCall::Hold).await.unwrap();
    a.frontend.state(&call, CallState::Active).await;
    hang_up(&mut a, &mut b, &call).await;
    let call_b = ringing(&mut a, &mut b).await;
    b.frontend.ask.decline(Some(&call_b)).await.unwrap();
    (a, b)
}

#[tokio::test]
async fn no_line_at_info_or_above_gives_anybody_away() {
    let watch = Watch::default();
    let place = watch.clone();
    let filter = logging::filter(LOUD).unwrap();
    logging::subscriber(filter, move || place.clone()).try_init().expect("the only log of this process");
    let (a, b) = story(&watch).await;
    hide_traffic(&watch, &a);
    hide_traffic(&watch, &b);
    let home: Home = b.stop().await;
    home.damage_store();
    home.fails().await;
    a.stop().await;

    let lines = watch.lines();
    assert_eq!(watch.leaks(), []);
    assert!(lines.len() >= 20, "only {} lines: {lines:#?}", lines.len());
    for told in ["ready", "\"declined\"", "\"unreachable\"", "\"lost\"", "sound device", "missed", "stopped"] {
        assert!(lines.iter().any(|line| line.contains(told)), "nothing of {told} in {lines:#?}");
    }
    assert!(watch.written() > lines.len(), "DEBUG was let in");
}

/// Everything that may not be told, in each of its forms; our crates and others, messages and fields.
#[test]
fn planted_leaks_are_caught() {
    type Plant = fn();
    let key = [0xa7; 32];
    let plants: [(Leak, Plant); 22] = [
        (Leak::Address, || tracing::info!("dialling 192.0.2.7")),
        (Leak::Address, || tracing::info!("dialling [2001:db8::7]:4001 now")),
        (Leak::Address, || tracing::warn!(at = %std::net::Ipv6Addr::LOCALHOST, "bound")),
        (Leak::Address, || tracing::error!(at = ?std::net::SocketAddr::from(([192, 0, 2, 7], 5)), "lost")),
        (Leak::Address, || tracing::info!(target: "libp2p_tcp", "listening on /ip4/0.0.0.0/tcp/4001")),
        (Leak::Address, || tracing::info!("at /memory/7")),
        (Leak::Key, || tracing::info!(key = data_encoding::HEXLOWER.encode(&[0xa7; 32]), "new")),
        (Leak::Key, || tracing::info!("key {}", data_encoding::HEXUPPER.encode(&[0xa7; 32]))),
        (Leak::Key, || tracing::info!("key {}", data_encoding::BASE32_NOPAD.encode(&[0xa7; 32]))),
        (Leak::Key, || tracing::info!("key {}", bs58::encode([0xa7; 32]).into_string())),
        (Leak::Key, || tracing::info!("key {}", data_encoding::BASE64_NOPAD.encode(&[0xa7; 32]))),
        (Leak::Key, || tracing::info!("topic {}", data_encoding::BASE64URL_NOPAD.encode(&[0x31, 7, 200, 4].repeat(8)))),
        (Leak::Key, || tracing::info!(target: "libp2p_swarm", local_peer_id = "12D3KooWGw", "Local peer id")),
        (Leak::Key, || tracing::warn!("no answer of ahoy1qqqq")),
        (Leak::Sdp, || tracing::info!("v=0")),
        (Leak::Sdp, || tracing::warn!(sdp = "m=audio 9 UDP/TLS/RTP/SAVPF 111", "refused")),
        (Leak::Sdp, || tracing::error!("bad line a=ice-pwd:x")),
        (Leak::Candidate, || tracing::info!("candidate:1 1 udp 2130706431 192.0.2.7 5000 typ host")),
        (Leak::Candidate, || tracing::info!(kind = "x typ srflx", "pair")),
        (Leak::Card, || tracing::info!("card ahoy:AQEBAQEBAQEBAQEBAQEBAQEB")),
        (Leak::Name, || tracing::info!("Adalinde Ohnesorg calls")),
        (Leak::Name, || tracing::error!(name = "adalinde ohnesorg", "removed")),
    ];
    for (number, (what, plant)) in plants.into_iter().enumerate() {
        let watch = Watch::default();
        watch.hide(Leak::Name, ADA);
        watch.hide_bytes(&key);
        let place = watch.clone();
        // As a careless daemon would: everything at its own level, in the usual form.
        let careless = tracing_subscriber::fmt().with_ansi(false).with_writer(move || place.clone()).finish();
        tracing::subscriber::with_default(careless, || {
            plant();
            tracing::info!(call = "3fa2b1c0", state = ?CallState::Ended, reason = Some("hung_up"), "call");
            tracing::info!("ahoyd::gossip has 3 topics, 12:30, 0.21.1, in 15 ms");
            tracing::debug!("dialling 192.0.2.7");
        });
        let leaks: Vec<Leak> = watch.leaks().into_iter().map(|(leak, _)| leak).collect();
        assert_eq!(leaks, [what], "plant {number}: {:?}", watch.lines());
    }
}

/// What other crates say is at DEBUG in our log, whatever they think of it.
#[test]
fn the_log_of_a_daemon_bears_nothing_of_other_crates_above_debug() {
    let watch = Watch::default();
    let place = watch.clone();
    let subscriber = logging::subscriber(logging::filter(LOUD).unwrap(), move || place.clone());
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!(target: "libp2p_swarm", local_peer_id = "12D3KooWGw", "Local peer id");
        tracing::error!(target: "rtc_ice", "no pair for 192.0.2.7");
        tracing::info!(target: "ahoyd", "ready");
    });
    assert_eq!((watch.written(), watch.lines().len(), watch.leaks()), (3, 1, Vec::new()));
}
