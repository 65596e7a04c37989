//! Descriptions and candidates of somebody who means harm, given to the engine as they are: whatever door stands before
//! it, the engine bears them. A link answers or ends in words, another one is untouched.

use std::net::Ipv4Addr;
use std::time::Duration;

use ahoy_media::limits::CANDIDATES_A_GENERATION;
use ahoy_media::simple_webrtc::engine::{
    Candidate, CandidateKind, CloseReason, DescriptionKind, EngineError, LinkEvent, Role,
};
use tokio::time::Instant;

use crate::pair::{Pair, real};

/// Any one of these is decided within this time, on a slow machine in a debug build.
const DECIDED_WITHIN: Duration = Duration::from_secs(5);

/// An offer of the engine itself.
async fn offer(pair: &mut Pair, n: u64) -> String {
    pair.a.open(n, Role::Offerer);
    let described = pair.a.until(n, |event| matches!(event, LinkEvent::Description { .. })).await;
    let LinkEvent::Description { sdp, .. } = described else { panic!("a description") };
    sdp
}

/// What becomes of a link that is given this offer: its answer, or why there is none.
async fn given(pair: &mut Pair, n: u64, sdp: &str) -> Result<String, String> {
    let began = Instant::now();
    pair.b.open(n, Role::Answerer);
    pair.b.engine.apply(pair.b.link(n), DescriptionKind::Offer, 0, sdp.to_owned()).expect("room");
    let decided = pair.b.until(n, |event| matches!(event, LinkEvent::Description { .. } | LinkEvent::Closed(_))).await;
    assert!(began.elapsed() < DECIDED_WITHIN, "{:?} for {}", began.elapsed(), &sdp[..sdp.len().min(60)]);
    if let LinkEvent::Closed(CloseReason::Failed(why)) = decided {
        return Err(why);
    }
    let LinkEvent::Description { sdp, .. } = decided else { panic!("{decided:?}") };
    pair.b.engine.close(pair.b.link(n));
    pair.b.closed(n).await;
    Ok(sdp)
}

/// `sdp` with this done to it in every way that a text can be broken.
fn hostile(sdp: &str) -> Vec<String> {
    let media = &sdp[sdp.find("m=audio").expect("audio")..sdp.find("m=application").expect("data")];
    let mut all = vec![
        String::new(),
        "\0".repeat(1_000),
        "v=0".to_owned(),
        "v=0\r\n".repeat(200),
        media.to_owned(),
        "\u{1f4de}".repeat(1_000),
        sdp.replace("\r\n", "\r"),
        sdp.replace("\r\n", "\0"),
        format!("{sdp}{}", "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n".repeat(4_000)),
        format!("{sdp}{}", media.repeat(14)),
        format!("{sdp}a={}\r\n", "x".repeat(64 * 1024)),
        format!("{sdp}{}", "a=x\r\n".repeat(20_000)),
        sdp.replace("111", "0"),
        sdp.replace("111", "999999999999999999999"),
        sdp.replace("opus/48000/2", "PCMU/8000"),
        sdp.replace("opus/48000/2", "opus/0/0"),
        sdp.replace("opus/48000/2", "opus"),
        sdp.replace("m=audio", "m=video"),
        sdp.replace("m=audio", "m="),
        sdp.replace("m=audio 9", "m=audio 0"),
        sdp.replace("m=application", "m=audio"),
        sdp.replace("t=0 0", "t=99999999999999999999 -1"),
        format!("a=ice-lite\r\n{sdp}"),
        sdp.replace("t=0 0\r\n", "t=0 0\r\na=ice-lite\r\n"),
        sdp.replace("a=ice-ufrag:", "a=ice-ufrag:\u{e9}"),
        sdp.replace("a=ice-pwd:", "a=x-pwd:"),
        sdp.replace("sha-256", "md5"),
        sdp.replace("a=fingerprint:", "a=fingerprint:sha-256 00\r\na=fingerprint:"),
        sdp.replace("a=mid:0", "a=mid:1"),
        sdp.replace("a=mid:", "a=mid:\u{7f}"),
        sdp.replace("BUNDLE 0 1", "BUNDLE 1 0"),
        sdp.replace("BUNDLE 0 1", "BUNDLE 0 0 0 0 7"),
        sdp.replace("BUNDLE 0 1", ""),
        sdp.replace("a=rtcp-mux\r\n", ""),
        sdp.replace("a=sctp-port:5000", "a=sctp-port:4294967296"),
        sdp.replace("a=max-message-size:", "a=max-message-size:9999999999999999"),
        sdp.replace("a=ssrc:", "a=ssrc:99999999999"),
        format!("{sdp}{}", "a=ssrc-group:FID 1 2 3 4 5 6\r\na=rid:\r\na=simulcast:send ;;;;\r\n".repeat(20)),
        format!("{sdp}a=extmap:15 x\r\na=extmap:-1 y\r\na=extmap:256 z\r\na=fmtp:111 \r\na=rtcp-fb:* \r\n"),
        sdp.replace("c=IN IP4 0.0.0.0", "c=IN IP4 attacker.example.org"),
    ];
    for setup in ["active", "passive", "holdconn", "actpass\r\na=setup:active", ""] {
        all.push(sdp.replace("a=setup:actpass", &format!("a=setup:{setup}")));
    }
    for direction in ["sendonly", "recvonly", "inactive", "nonsense"] {
        all.push(sdp.replace("a=sendrecv", &format!("a={direction}")));
    }
    all
}

#[tokio::test]
async fn no_description_harms_more_than_its_own_link() {
    let mut pair = real();
    pair.connect(1).await;
    let sdp = offer(&mut pair, 2).await;
    let (mut answered, mut refused) = (0, 0);
    for (n, bad) in (10..).zip(hostile(&sdp)) {
        match given(&mut pair, n, &bad).await {
            Ok(answer) => {
                assert!(!answer.contains("PCMU") && !answer.contains("candidate"), "{answer}");
                answered += 1;
            }
            Err(why) => {
                assert!(!why.contains("example") && why.len() < 200, "{why}");
                refused += 1;
            }
        }
    }
    println!("{answered} answered, {refused} refused");
    assert!(refused > 5);
    pair.talk(1, 960).await;
    assert_eq!(pair.b.engine.open_links(), 1);
}

#[tokio::test]
async fn two_channels_are_offered_and_answered_also_to_those_who_want_one_or_say_nothing_of_it() {
    let mut pair = real();
    let sdp = offer(&mut pair, 1).await;
    let told = |sdp: &str| {
        sdp.lines().any(|line| line.starts_with("a=fmtp:111 ") && line.ends_with(";stereo=1;sprop-stereo=1"))
    };
    assert!(told(&sdp), "{sdp}");
    // The second is what daemons of before stereo offer.
    for (n, other) in (2..).zip(["stereo=1;sprop-stereo=1", "", "stereo=0"]) {
        let offered = sdp.replace(";stereo=1;sprop-stereo=1", &format!(";{other}")).replace("=1;\r", "=1\r");
        let answer = given(&mut pair, n, &offered).await.expect("an answer");
        // The library answers with what was offered.
        assert!(answer.contains("a=rtpmap:111 opus/48000/2"), "{answer}");
        assert_eq!(told(&answer), n == 2, "{answer}");
    }
}

#[tokio::test]
async fn lines_cut_doubled_and_exchanged_harm_nobody() {
    let seed = std::env::var("AHOY_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_121_u64);
    println!("AHOY_SEED={seed}");
    let mut state = seed | 1;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 16) as usize % below.max(1)
    };
    let mut pair = real();
    let sdp = offer(&mut pair, 2).await;
    let lines: Vec<&str> = sdp.split_inclusive("\r\n").collect();
    let mut answered = 0;
    for n in 10..70 {
        let mut text = lines.clone();
        for _ in 0..=random(4) {
            let (one, other) = (random(text.len()), random(text.len()));
            match random(3) {
                0 => drop(text.remove(one)),
                1 => text.insert(other, text[one]),
                _ => text.swap(one, other),
            }
        }
        let mut bytes = text.concat().into_bytes();
        if random(2) == 0 {
            let at = random(bytes.len());
            bytes[at] = random(256) as u8;
        }
        answered += u32::from(given(&mut pair, n, &String::from_utf8_lossy(&bytes)).await.is_ok());
    }
    println!("{answered} of 60 answered");
    assert!(answered > 0 && pair.b.engine.open_links() == 0);
}

#[tokio::test]
async fn thousands_of_candidates_are_bounded() {
    let mut pair = real();
    pair.b.open(1, Role::Answerer);
    let link = pair.b.link(1);
    let candidate = |n: u32| {
        let (ip, port) = (Ipv4Addr::LOCALHOST.into(), 1 + (n % 60_000) as u16);
        Candidate { kind: CandidateKind::Host, tcp: n.is_multiple_of(2), ip, port, priority: n }
    };
    let taken = (0..10_000).filter(|n| pair.b.engine.add_candidate(link, 0, candidate(*n)).is_ok()).count();
    assert_eq!(taken, CANDIDATES_A_GENERATION);
    let refused = pair.b.engine.add_candidate(link, 0, candidate(20_000));
    assert_eq!(refused, Err(EngineError::Limit("20 candidates a generation")));
    let sdp = offer(&mut pair, 2).await;
    pair.b.engine.apply(link, DescriptionKind::Offer, 0, sdp).expect("room");
    pair.b.until(1, |event| matches!(event, LinkEvent::Description { .. })).await;
    for generation in 1..10_000 {
        // Of generations that never come: one is kept, and no more of it than of any.
        pair.b.engine.add_candidate(link, generation, candidate(generation)).expect("kept or passed over");
    }
}
