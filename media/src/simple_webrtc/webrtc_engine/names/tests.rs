//! Names are looked up once, beside everything else, and not for longer than the limit.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

const V4: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
const V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 7));

/// Knows `good`; never answers for `slow`.
fn names() -> (Names, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let lookup: Lookup = Arc::new(move |name| {
        count.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            match name.as_str() {
                "good" => vec![V6, V4, V4],
                "slow" => std::future::pending().await,
                _ => Vec::new(),
            }
        })
    });
    (Names::new(lookup, Tasks::default()), asked)
}

fn server(urls: &[&str]) -> IceServer {
    let urls = urls.iter().map(|url| (*url).to_owned()).collect();
    IceServer { urls, username: "u".to_owned(), credential: "c".to_owned() }
}

#[tokio::test(start_paused = true)]
async fn names_become_addresses_and_addresses_stay() {
    let (names, _) = names();
    let urls = ["stun:good", "turn:good:3479?transport=udp", "stun:192.0.2.1:1", "turn:[2001:db8::1]:2", "stun:bad"];
    let known = names.addresses(vec![server(&urls), server(&["stun:bad"])]).await;
    let expected = [
        "stun:192.0.2.7",
        "stun:[2001:db8::7]",
        "turn:192.0.2.7:3479?transport=udp",
        "turn:[2001:db8::7]:3479?transport=udp",
        "stun:192.0.2.1:1",
        "turn:[2001:db8::1]:2",
    ];
    assert_eq!(known, [server(&expected)], "a server without an address is left out");
}

#[tokio::test(start_paused = true)]
async fn a_name_that_nobody_answers_for_costs_the_limit_and_not_once_for_each() {
    let (names, asked) = names();
    let began = Instant::now();
    let urls = ["stun:slow", "turn:slow:1", "stun:good"];
    let known = names.addresses(vec![server(&urls), server(&["stun:slow:9"])]).await;
    assert_eq!(known, [server(&["stun:192.0.2.7", "stun:[2001:db8::7]"])]);
    assert!(began.elapsed() <= NAME_LOOKUP + std::time::Duration::from_millis(1), "{:?}", began.elapsed());
    assert_eq!(asked.load(Ordering::Relaxed), 2, "one question a name, however many wait for it");
    names.addresses(vec![server(&["stun:slow"])]).await;
    assert_eq!(asked.load(Ordering::Relaxed), 2, "a question without an answer is not asked again");
}

#[tokio::test(start_paused = true)]
async fn answers_are_kept_for_a_while_and_their_number_is_bounded() {
    let (names, asked) = names();
    let questions = async |name: &str| {
        names.addresses(vec![server(&[&format!("stun:{name}")])]).await;
        asked.load(Ordering::Relaxed)
    };
    assert_eq!((questions("good").await, questions("good").await), (1, 1));
    tokio::time::advance(NAME_KEPT).await;
    assert_eq!(questions("good").await, 2);
    for n in 0..10 * ICE_NAMES {
        questions(&format!("name{n}")).await;
    }
    assert_eq!(lock(&names.asked).len(), ICE_NAMES);
}

#[test]
fn urls_come_apart() {
    assert_eq!(parts("stun:a.example"), Some(("stun", "a.example", "")));
    assert_eq!(parts("turn:a:1?transport=udp"), Some(("turn", "a", ":1?transport=udp")));
    assert_eq!(parts("turn:a?transport=udp"), Some(("turn", "a", "?transport=udp")));
    assert_eq!(parts("stun:[::1]:9"), Some(("stun", "::1", ":9")));
    for nonsense in ["", "stun", "stun:[::1", "\u{1f4de}"] {
        assert_eq!(parts(nonsense), None);
    }
}
