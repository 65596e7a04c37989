//! Frontends' questions: the right answer to the right one, states with their number, figures.

use ahoy_protocol::control::{
    AccountCommand, CallCommand, CallInfo, CallState, CallsReply, Direction, LinkState, ParticipantInfo,
};
use ahoy_protocol::core::input::Source;
use ahoy_protocol::ids::{CallId, DeviceId, LinkId as CoreLink};

use super::*;

const ALICE: DeviceId = DeviceId([1; 32]);
const BOB: DeviceId = DeviceId([2; 32]);

fn participant(device: DeviceId) -> ParticipantInfo {
    ParticipantInfo {
        account: "ahoy1somebody".into(),
        device: device.text(),
        name: None,
        state: LinkState::Connected,
        muted: false,
        held: false,
        recording: false,
        recording_asked: false,
        recorded: false,
    }
}

fn call(number: u8, state: CallState) -> CallInfo {
    CallInfo {
        call: format!("{number:02x}").repeat(16),
        state,
        direction: Direction::Out,
        roster: Vec::new(),
        participants: vec![participant(ALICE), participant(BOB)],
        muted: false,
        recording: false,
        started_at_ms: 0,
        ended_at_ms: None,
        reason: None,
        cause: None,
        continues_as: None,
        context: None,
    }
}

/// A core that knows these calls.
fn with_calls(calls: Vec<CallInfo>) -> impl FnMut(&Input, Now) -> Vec<Effect> + Send + 'static {
    move |input, _| {
        let Input::Command { ticket, command: Command::Call(CallCommand::List), .. } = input else {
            return state(input);
        };
        let result = Box::new(Ok(Reply::Calls(CallsReply { calls: calls.clone() })));
        vec![Effect::Reply { ticket: *ticket, result }]
    }
}

#[tokio::test]
async fn every_question_gets_its_own_answer() {
    // The core answers the first question after the second.
    let mut held = None;
    let world = World::new(move |input, _| {
        let Input::Command { ticket, client, .. } = input else { return Vec::new() };
        assert_eq!(client, "tester");
        let reply = |ticket, name: &str| Effect::Reply {
            ticket,
            result: Box::new(Ok(Reply::Done(DoneReply { call: Some(name.to_owned()) }))),
        };
        match held.take() {
            None => {
                held = Some(*ticket);
                Vec::new()
            }
            Some(first) => vec![reply(*ticket, "second"), reply(first, "first")],
        }
    });
    let ask = || Ask::Core(Command::Account(AccountCommand::Show));
    let (first, second) = tokio::join!(world.ask(ask()), world.ask(ask()));
    assert_eq!(first.unwrap(), Reply::Done(DoneReply { call: Some("first".into()) }));
    assert_eq!(second.unwrap(), Reply::Done(DoneReply { call: Some("second".into()) }));
}

#[tokio::test]
async fn a_frontend_that_left_and_an_answer_nobody_asked_for_do_no_harm() {
    let world = World::new(|input, _| {
        let Input::Command { ticket, command: Command::Account(_), .. } = input else { return state(input) };
        let done = || Box::new(Ok(Reply::Done(DoneReply::default())));
        vec![
            Effect::Reply { ticket: *ticket, result: done() },
            Effect::Reply { ticket: *ticket, result: done() },
            Effect::Reply { ticket: ahoy_protocol::ids::Ticket(999), result: done() },
        ]
    });
    let (answer, wait) = oneshot::channel();
    drop(wait);
    let ask = Ask::Core(Command::Account(AccountCommand::Show));
    world.questions.send(Question { client: "tester".into(), ask, answer }).await.unwrap();
    world.settle().await;
}

#[tokio::test]
async fn too_many_unanswered_questions_are_refused() {
    let world = World::new(|_, _| Vec::new());
    let mut waits = Vec::new();
    for _ in 0..limits::TICKETS {
        let (answer, wait) = oneshot::channel();
        let ask = Ask::Core(Command::Account(AccountCommand::Show));
        world.questions.send(Question { client: String::new(), ask, answer }).await.unwrap();
        waits.push(wait);
    }
    let error = world.ask(Ask::Core(Command::Account(AccountCommand::Show))).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::LimitReached);
}

#[tokio::test]
async fn a_state_carries_the_number_of_the_last_event_it_includes() {
    let world = World::new(on(|_| vec![warning("one"), warning("two")]));
    world.network.send(number(1)).await.unwrap();
    world.settle().await;
    let Ok(Reply::Subscribed(reply)) = world.ask(Ask::Snapshot).await else { panic!("a state") };
    assert_eq!(reply.seq, 2);
    assert_eq!(reply.snapshot.unwrap().status.account, "account", "the daemon's own part is filled in");
}

#[tokio::test]
async fn status_counts_peers_and_calls() {
    let world = World::new(|input, _| state(input));
    world.state.lock().unwrap().calls = 3;
    for device in [ALICE, BOB, BOB] {
        let event = NetEvent::Connected { device, loopback: true, private: true, source: Source(1) };
        world.network.send(Input::Net(event)).await.unwrap();
    }
    world.network.send(Input::Net(NetEvent::Disconnected { device: ALICE })).await.unwrap();
    world.settle().await;
    let status = world.board.status();
    assert_eq!((status.peers, status.calls), (1, 3));
}

#[tokio::test]
async fn figures_of_a_call_come_from_engine_and_sound() {
    let world = World::new(with_calls(vec![call(0xab, CallState::Active), call(1, CallState::Ended)]));
    let link = LinkId(5);
    world.state.lock().unwrap().links = vec![LinkOf { call: CallId([0xab; 16]), device: ALICE, link: CoreLink(5) }];
    let pair = ("10.0.0.1:1".parse().unwrap(), "10.0.0.2:2".parse().unwrap());
    let stats = TransportStats {
        rtt_ms: Some(30.0),
        packets_sent: 100,
        packets_received: 90,
        bytes_sent: 8_000,
        bytes_received: 4_000,
        pair: Some((pair.0, pair.1, ahoy_media::simple_webrtc::engine::CandidateKind::ServerReflexive)),
        ..Default::default()
    };
    world.media.stats.lock().unwrap().insert(link, stats);
    let heard = ReceiveStats {
        packets_received: 90,
        packets_lost: 10,
        jitter_ms: 1.5,
        jitter_buffer_ms: 20.0,
        playout_delay_ms: 25.0,
        behind_ms: Some(60.0),
        concealed_ms: 60.0,
        fec_recovered: 2,
        retransmitted: 7,
        copies_used: 3,
        limited_by: Limit::MyUplink,
        ..Default::default()
    };
    world.media.heard.lock().unwrap().insert(link, heard);
    world.links.send((link, LinkEvent::Connected)).await.unwrap();
    world.settle().await;

    let Ok(Reply::Stats(reply)) = world.ask(Ask::Stats(None)).await else { panic!("figures") };
    let [alice, bob] = reply.participants.as_slice() else { panic!("two participants") };
    assert_eq!(alice.device, ALICE.text());
    assert!(alice.connected_at_ms.is_some());
    assert_eq!((alice.packets_sent, alice.packets_received, alice.packets_lost), (Some(100), Some(90), Some(10)));
    assert_eq!(alice.loss_rate, Some(0.1));
    assert_eq!(alice.mouth_to_ear_ms, Some(60.0 + 6.5));
    assert_eq!(alice.target_bitrate_bps, Some(32_000.0));
    assert_eq!(alice.candidate_pair.as_ref().unwrap().kind, "srflx");
    assert_eq!(alice.codec.as_deref(), Some("opus/48000"));
    assert_eq!((alice.limited_by, bob.limited_by), (Some(ahoy_protocol::control::QualityCause::MyUplink), None));
    assert_eq!((alice.retransmitted, alice.copies_used), (Some(7), Some(3)));
    assert_eq!(alice.bitrate_bps_out, None, "not measurable");
    assert_eq!((bob.packets_sent, bob.loss_rate, bob.connected_at_ms), (None, None, None), "no link yet");
}

#[tokio::test(start_paused = true)]
async fn bit_rates_are_those_of_the_last_second() {
    use ahoy_protocol::core::effect::MediaCommand;
    let mut calls = with_calls(vec![call(0xab, CallState::Active)]);
    let world = World::new(move |input, now| {
        let Input::Ctl { link, .. } = input else { return calls(input, now) };
        vec![Effect::Media(MediaCommand::Open { link: *link, offerer: true, ice_policy: 0, loopback: false })]
    });
    let link = LinkId(5);
    world.state.lock().unwrap().links = vec![LinkOf { call: CallId([0xab; 16]), device: ALICE, link: CoreLink(5) }];
    world.media.stats.lock().unwrap().insert(link, TransportStats::default());
    world.network.send(number(5)).await.unwrap();
    world.settle().await;
    // Bytes are counted at full seconds, and change between them.
    tokio::time::sleep(Duration::from_millis(500)).await;
    for second in 1..=3_u64 {
        let stats = TransportStats { bytes_sent: second * 4_000, bytes_received: second * 2_000, ..Default::default() };
        world.media.stats.lock().unwrap().insert(link, stats);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let Ok(Reply::Stats(reply)) = world.ask(Ask::Stats(None)).await else { panic!("figures") };
    let (out, inward) = (reply.participants[0].bitrate_bps_out.unwrap(), reply.participants[0].bitrate_bps_in.unwrap());
    assert!((out - 32_000.0).abs() < 500.0, "{out}");
    assert!((inward - 16_000.0).abs() < 500.0, "{inward}");
}

#[tokio::test]
async fn figures_need_exactly_one_call_that_can_be_meant() {
    let world = World::new(with_calls(vec![call(1, CallState::Ended)]));
    assert_eq!(world.ask(Ask::Stats(None)).await.unwrap_err().kind, ErrorKind::NoSuchCall);
    assert_eq!(world.ask(Ask::Stats(Some(CallId([9; 16])))).await.unwrap_err().kind, ErrorKind::NoSuchCall);
    assert!(world.ask(Ask::Stats(Some(CallId([1; 16])))).await.is_ok(), "an ended call can be named");

    let world = World::new(with_calls(vec![call(1, CallState::Active), call(2, CallState::Incoming)]));
    let error = world.ask(Ask::Stats(None)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AmbiguousCall);
    assert_eq!(error.candidates, ["01".repeat(16), "02".repeat(16)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stuck_actor_says_no_more_that_it_is_alive_and_a_free_one_does() {
    let (release, held) = std::sync::mpsc::sync_channel::<()>(0);
    let world = World::new(move |input, _| {
        if matches!(input, Input::Net(_)) {
            // A defect that keeps the actor's thread: it ends when the test lets it.
            held.recv().ok();
        }
        Vec::new()
    });
    world.ask(Ask::Alive).await.unwrap();
    assert_eq!(world.board.refused(), [(17, 3)], "what the core refused is on the board then");
    world.network.send(Input::Net(NetEvent::Listening(Vec::new()))).await.unwrap();
    while world.network.capacity() < 64 {
        tokio::task::yield_now().await;
    }
    let (answer, mut wait) = oneshot::channel();
    world.questions.send(Question { client: String::new(), ask: Ask::Alive, answer }).await.unwrap();
    let limit = Duration::from_millis(300);
    assert!(tokio::time::timeout(limit, &mut wait).await.is_err(), "it is stuck");
    drop(release);
    wait.await.unwrap().unwrap();
}

#[tokio::test]
async fn microphone_and_speaker_are_tried_while_there_is_no_call_and_frontends_are_told() {
    use ahoy_media::host_media::api::DeviceSpec;
    use ahoy_media::host_media::check::{CheckEvent, Played, SoundCheck};
    let world = World::new(|input, _| state(input));
    let (input, output) = (DeviceSpec::Default, DeviceSpec::Default);
    let ask = || {
        Ask::CheckSound(SoundCheck { input: input.clone(), output: output.clone(), record_ms: 1, play: Played::Tone })
    };
    world.state.lock().unwrap().calls = 1;
    let refused = world.ask(ask()).await.unwrap_err();
    assert_eq!((refused.kind, world.media.take()), (ErrorKind::InCall, Vec::new()), "the call goes on untouched");
    world.state.lock().unwrap().calls = 0;
    world.ask(ask()).await.unwrap();
    assert!(world.media.take()[0].starts_with("check SoundCheck"));
    let level = CheckEvent::Level { recording: true, level_dbfs: -20, peak_dbfs: -9, left_ms: 100 };
    world.audio.send(AudioEvent::Check(level)).await.unwrap();
    world.settle().await;
    let told = world.events();
    assert_eq!((&told[0]["kind"], &told[0]["level_dbfs"]), (&"sound_test".into(), &(-20).into()), "{told:?}");
}
