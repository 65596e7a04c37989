//! Signs of life: given while the actor answers, and missing as soon as it does not.

use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::*;
use crate::control::{Ask, Board, Hub, Question, Sources};

/// A control interface whose questions we answer by hand.
fn control() -> (Control, mpsc::Receiver<Question>) {
    let (questions, asked) = mpsc::channel(4);
    let hub = Hub::new(0);
    let board = Arc::new(Board::new("account".into(), "device".into(), Sources::default()));
    let audio = Arc::new(ahoy_protocol::control::AudioDevicesReply::default);
    let settings = Arc::new(crate::config::Settings::new(crate::config::Config::default(), "/nowhere".into()));
    let pipes = crate::pipes::Pipes::nowhere("/nowhere/pipeline.json".into(), hub.clone());
    (Control::new(questions, hub, board, settings, (audio, pipes), Default::default()), asked)
}

fn answer(question: Question) {
    assert_eq!(question.ask, Ask::Alive);
    question.answer.send(Ok(ahoy_protocol::control::Reply::Done(Default::default()))).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_sign_of_life_follows_each_answer_of_the_actor_at_half_the_interval() {
    let (control, mut asked) = control();
    let (ours, manager) = UnixDatagram::pair().unwrap();
    manager.set_nonblocking(true).unwrap();
    let tell = move |state: NotifyState<'_>| ours.send(state.to_string().as_bytes()).map(drop);
    let began = tokio::time::Instant::now();
    let beats = tokio::spawn(async move { keep_alive(&control, Duration::from_secs(30), tell).await });
    let mut bytes = [0; 64];
    for beat in 0..4 {
        let question = asked.recv().await.unwrap();
        assert_eq!(began.elapsed(), Duration::from_secs(15 * beat));
        assert_eq!(manager.recv(&mut bytes).is_ok(), beat > 0, "one sign of life for each answer before");
        assert!(manager.recv(&mut bytes).is_err());
        answer(question);
    }
    // From now on the actor is stuck: time passes, and nothing is told.
    let stuck = asked.recv().await.unwrap();
    let told = manager.recv(&mut bytes).unwrap();
    assert_eq!(&bytes[..told], b"WATCHDOG=1");
    tokio::time::advance(Duration::from_secs(600)).await;
    assert!(manager.recv(&mut bytes).is_err(), "a stuck actor gives no sign of life");
    assert!(asked.try_recv().is_err(), "nor are questions heaped up for it");
    answer(stuck);
    asked.recv().await.unwrap();
    let told = manager.recv(&mut bytes).unwrap();
    assert_eq!(&bytes[..told], b"WATCHDOG=1", "it lives again");
    beats.abort();
}

#[tokio::test(start_paused = true)]
async fn an_actor_that_is_gone_gives_no_sign_of_life() {
    let (control, asked) = control();
    drop(asked);
    let beats = keep_alive(&control, Duration::from_secs(1), |_| panic!("it told something"));
    assert!(tokio::time::timeout(Duration::from_secs(60), beats).await.is_err());
}
