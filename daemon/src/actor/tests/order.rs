//! What happens before what: rows before acknowledgements, groups in the order of their inputs.

use ahoy_protocol::core::effect::{StoreCommand, Table};

use super::*;

fn put(value: Vec<u8>) -> Effect {
    Effect::Store(StoreCommand::Put { table: Table::SeenCalls, key: b"call".to_vec(), value })
}

fn publish(letter: u8) -> Effect {
    Effect::Net(NetCommand::Publish { topic: topic(letter), data: vec![letter] })
}

fn too_long() -> Vec<u8> {
    vec![0; limits::STORE_VALUE_BYTES + 1]
}

/// Rows in a copy of the store as it stands on the disk now.
pub(super) fn rows_on_disk(world: &World) -> usize {
    let copy = tempfile::tempdir().unwrap();
    for name in ["store.redb", "store.key"] {
        std::fs::copy(world.dir.path().join(name), copy.path().join(name)).unwrap();
    }
    let (done, _) = mpsc::channel(1);
    Store::open(&copy.path().join("store.redb"), &copy.path().join("store.key"), done).unwrap().1.rows.len()
}

#[tokio::test]
async fn a_message_leaves_only_after_the_rows_of_its_input_are_on_the_disk() {
    // The message stands before the row: the order in the list doesn't matter.
    let mut world = World::new(on(|_| vec![publish(b'a'), put(b"seen".to_vec())]));
    world.network.send(number(1)).await.unwrap();
    assert!(matches!(world.commands.recv().await, Some(NetCommand::Publish { .. })));
    assert_eq!(rows_on_disk(&world), 1);
}

#[tokio::test]
async fn inputs_keep_their_order_although_some_wait_for_the_disk() {
    let mut world = World::new(on(|number| {
        let letter = u8::try_from(number).unwrap();
        let mut effects = vec![publish(letter), warning(&number.to_string())];
        if number % 3 == 0 {
            effects.push(put(vec![letter]));
        }
        effects
    }));
    for count in 1..=60 {
        world.network.send(number(count)).await.unwrap();
    }
    for expected in 1..=60 {
        let Some(NetCommand::Publish { data, .. }) = world.commands.recv().await else { panic!("a message") };
        assert_eq!(data, [expected]);
    }
    world.settle().await;
    let abouts: Vec<_> = world.events().iter().map(|event| event["about"].as_str().unwrap().to_owned()).collect();
    assert_eq!(abouts, (1..=60).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_effects_of_the_start_come_first() {
    let first = vec![put(b"account".to_vec()), Effect::Net(NetCommand::Subscribe(topic(b's')))];
    let mut world = World::with(first, 64, Recorder::default(), on(|_| vec![publish(b'a')]));
    world.network.send(number(1)).await.unwrap();
    assert_eq!(world.commands.recv().await, Some(NetCommand::Subscribe(topic(b's'))));
    assert_eq!(rows_on_disk(&world), 1);
    assert!(matches!(world.commands.recv().await, Some(NetCommand::Publish { .. })));
}

#[tokio::test]
async fn what_could_not_be_written_down_is_not_acknowledged() {
    let script = |input: &Input, _| {
        let Input::Command { ticket, command: Command::Account(_), .. } = input else { return state(input) };
        let done = Box::new(Ok(Reply::Done(DoneReply::default())));
        let prekey = NetCommand::AnswerPrekey { ticket: ahoy_protocol::core::input::NetTicket(1), answer: None };
        vec![
            put(too_long()),
            publish(b'a'),
            Effect::Net(prekey),
            Effect::Net(NetCommand::Unsubscribe(topic(b'u'))),
            Effect::Reply { ticket: *ticket, result: done },
            warning("still told"),
        ]
    };
    let mut world = World::new(script);
    let ask = Ask::Core(Command::Account(ahoy_protocol::control::AccountCommand::Show));
    let error = world.ask(ask).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NoResources);
    assert_eq!(world.commands.recv().await, Some(NetCommand::Unsubscribe(topic(b'u'))));
    assert!(world.commands.try_recv().is_err(), "neither message nor answer left");
    world.settle().await;
    let abouts: Vec<_> = world.events().iter().map(|event| event["about"].clone()).collect();
    assert_eq!(abouts, ["store_failed", "still told"]);
}

#[tokio::test]
async fn the_core_is_told_whose_question_could_not_be_written_before_it_hears_the_next_one() {
    let (tell, mut told) = mpsc::channel(8);
    let mut world = World::new(move |input, _| match input {
        Input::Unwritten { ticket } => {
            tell.try_send(*ticket).unwrap();
            vec![publish(b'u')]
        }
        Input::Command { ticket, command: Command::Account(_), .. } => {
            let done = Box::new(Ok(Reply::Done(DoneReply::default())));
            vec![put(too_long()), Effect::Reply { ticket: *ticket, result: done }]
        }
        Input::Sealed { .. }
        | Input::Command { .. }
        | Input::Net(_)
        | Input::Link { .. }
        | Input::Ctl { .. }
        | Input::Sound { .. }
        | Input::Recording { .. }
        | Input::Timer
        | Input::Recorded { .. }
        | Input::Shutdown => state(input),
    });
    let ask = Ask::Core(Command::Account(ahoy_protocol::control::AccountCommand::Show));
    let error = world.ask(ask).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NoResources);
    assert!(error.message.contains("too long") && !error.hint.contains("room"), "{error:?}");
    assert_eq!(told.recv().await.unwrap(), ahoy_protocol::ids::Ticket(1));
    assert!(
        matches!(world.commands.recv().await, Some(NetCommand::Publish { .. })),
        "what the core makes of it is done"
    );
    world.settle().await;
    assert!(told.try_recv().is_err(), "told once");
}

#[tokio::test]
async fn the_next_input_after_a_failed_write_is_served() {
    let mut world = World::new(on(|number| match number {
        1 => vec![put(too_long()), publish(b'a')],
        _ => vec![put(b"fits".to_vec()), publish(b'b')],
    }));
    world.network.send(number(1)).await.unwrap();
    world.settle().await;
    world.network.send(number(2)).await.unwrap();
    assert_eq!(world.commands.recv().await, Some(NetCommand::Publish { topic: topic(b'b'), data: vec![b'b'] }));
}

#[tokio::test]
async fn a_full_network_queue_loses_commands_and_holds_up_nobody() {
    let many = |_| (0..100).map(|_| publish(b'a')).collect();
    let mut world = World::with(Vec::new(), 4, Recorder::default(), on(many));
    world.network.send(number(1)).await.unwrap();
    world.settle().await;
    let mut left = 0;
    while world.commands.try_recv().is_ok() {
        left += 1;
    }
    assert_eq!(left, 4);
}

#[tokio::test]
async fn a_timer_of_the_core_comes_when_it_is_due_and_never_spins() {
    let (tell, mut told) = mpsc::channel(1000);
    let world = World::new(move |input, now| {
        if matches!(input, Input::Timer) {
            tell.try_send(now.mono_ms).unwrap();
        }
        state(input)
    });
    world.state.lock().unwrap().next_timer_ms = Some(30);
    world.settle().await;
    assert!(told.recv().await.unwrap() >= 30);
    // The script leaves the timer where it is: it is asked again and again, but not more than once a millisecond.
    let start = Instant::now();
    for _ in 0..20 {
        told.recv().await.unwrap();
    }
    assert!(start.elapsed() >= Duration::from_millis(15), "{:?}", start.elapsed());
}
