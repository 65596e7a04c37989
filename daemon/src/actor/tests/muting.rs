//! Mute is heard at once and answered once it is on the disk: a daemon that is killed then comes back as muted.

use std::collections::VecDeque;

use ahoy_protocol::control::{CallCommand, DoneReply};
use ahoy_protocol::core::effect::{MediaCommand, StoreCommand, Table};
use ahoy_protocol::core::input::Command;

use super::order::rows_on_disk;
use super::*;
use crate::actor::effects::{Groups, Waiting};

/// What a core wants done when somebody mutes.
fn muted(ticket: ahoy_protocol::ids::Ticket, value: Vec<u8>) -> Vec<Effect> {
    vec![
        Effect::Media(MediaCommand::Mute { muted: true }),
        Effect::Reply { ticket, result: Box::new(Ok(Reply::Done(DoneReply::default()))) },
        Effect::Store(StoreCommand::Put { table: Table::Joined, key: b"call".to_vec(), value }),
    ]
}

fn mutes(value: Vec<u8>) -> World {
    World::new(move |input, _| {
        let Input::Command { ticket, command: Command::Call(_), .. } = input else { return state(input) };
        muted(*ticket, value.clone())
    })
}

const MUTE: Ask = Ask::Core(Command::Call(CallCommand::Mute { call: None }));

#[tokio::test]
async fn whoever_was_told_of_a_mute_has_it_on_the_disk() {
    let world = mutes(b"muted".to_vec());
    world.ask(MUTE).await.unwrap();
    assert_eq!(rows_on_disk(&world), 1);
    assert_eq!(world.media.take(), ["mute true"]);
}

#[tokio::test]
async fn a_disk_that_takes_nothing_keeps_nobody_from_muting() {
    let world = mutes(vec![0; limits::STORE_VALUE_BYTES + 1]);
    world.ask(MUTE).await.unwrap();
    assert_eq!(world.media.take(), ["mute true"]);
}

/// The store never says that it is done: so it is with a disk that hangs.
#[tokio::test]
async fn the_mute_itself_does_not_wait_for_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let (done, _never_read) = mpsc::channel(limits::WAITING_GROUPS);
    let store = Arc::new(Store::open(&dir.path().join("store.redb"), &dir.path().join("store.key"), done).unwrap().0);
    let (network, _commands) = mpsc::channel(4);
    let media = Arc::new(Recorder::default());
    let mut groups = Groups::new(Ports {
        network,
        player: crate::player::Player::new(
            &(media.clone() as Arc<dyn ahoy_media::host_media::api::Sound>),
            Arc::new(|_| {}),
        ),
        media: Media::new(media.clone(), media.clone(), Vec::new(), false),
        pipes: crate::pipes::Pipes::nowhere(dir.path().join("pipeline.json"), Hub::new(0)),
        store,
        hub: Hub::new(0),
        board: Arc::new(Board::new("account".into(), "device".into(), crate::control::Sources::default())),
    });
    let (answer, mut wait) = oneshot::channel();
    let ticket = groups.wait(Waiting::Frontend(answer)).unwrap();
    groups.add(muted(ticket, b"muted".to_vec()));
    groups.add(vec![Effect::Media(MediaCommand::Mute { muted: false })]);
    let core = Scripted { script: Box::new(|_, _| Vec::new()), state: Arc::default() };
    let mut echoes = VecDeque::new();
    groups.carry_out(&core, 0, &mut Rates::default(), &mut echoes);
    assert_eq!(media.take(), ["mute true", "mute false"], "in the order in which they were wanted");
    assert!(wait.try_recv().is_err() && echoes.is_empty(), "the answer waits");
}
