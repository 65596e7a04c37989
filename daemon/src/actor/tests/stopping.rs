//! Stopping: the core is told once, everybody hears of it, nothing new begins, and it ends in time.

use ahoy_protocol::core::effect::MediaCommand;

use super::*;

fn counting(tell: mpsc::Sender<()>) -> impl FnMut(&Input, Now) -> Vec<Effect> + Send + 'static {
    move |input, _| {
        if matches!(input, Input::Shutdown) {
            tell.try_send(()).unwrap();
            return vec![Effect::Net(NetCommand::Publish { topic: topic(b'b'), data: b"bye".to_vec() })];
        }
        let Input::Ctl { link, .. } = input else { return state(input) };
        vec![Effect::Media(MediaCommand::Open { link: *link, offerer: true, ice_policy: 0, loopback: false })]
    }
}

#[tokio::test]
async fn a_frontend_can_stop_the_daemon_and_the_others_are_told() {
    let (tell, mut told) = mpsc::channel(4);
    let mut world = World::new(counting(tell));
    world.network.send(number(5)).await.unwrap();
    world.settle().await;
    assert_eq!(world.ask(Ask::Shutdown).await.unwrap(), Reply::Done(DoneReply::default()));
    world.actor.await.unwrap();
    assert!(told.try_recv().is_ok());
    assert!(told.try_recv().is_err(), "once");
    assert!(matches!(world.commands.recv().await, Some(NetCommand::Publish { .. })));
    assert!(world.board.stopping());
    let done = world.media.take();
    assert!(done.ends_with(&["microphone false".into(), "forget 5".into(), "close 5".into()]), "{done:?}");
}

#[tokio::test]
async fn it_waits_until_the_others_have_acknowledged_and_begins_nothing_new() {
    let (tell, mut told) = mpsc::channel(4);
    let world = World::new(counting(tell));
    world.state.lock().unwrap().busy = true;
    world.stop.send_replace(true);
    told.recv().await.unwrap();
    let ask = Ask::Core(Command::Account(ahoy_protocol::control::AccountCommand::Show));
    assert_eq!(world.ask(ask).await.unwrap_err().kind, ErrorKind::Stopping);
    assert_eq!(world.ask(Ask::Shutdown).await.unwrap_err().kind, ErrorKind::Stopping);
    world.ask(Ask::Snapshot).await.unwrap();
    assert!(!world.actor.is_finished());
    world.state.lock().unwrap().busy = false;
    world.network.send(Input::Timer).await.unwrap();
    world.actor.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn others_that_never_acknowledge_do_not_hold_it_up() {
    let (tell, _told) = mpsc::channel(4);
    let world = World::new(counting(tell));
    world.state.lock().unwrap().busy = true;
    let start = tokio::time::Instant::now();
    world.stop.send_replace(true);
    world.actor.await.unwrap();
    let took = start.elapsed();
    let limit = Duration::from_millis(limits::STOP_SIGNALS_MS);
    assert!(took >= limit && took < limit + Duration::from_millis(50), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn links_that_are_not_released_do_not_hold_it_up() {
    let media = Recorder::default();
    *media.open.lock().unwrap() = 1;
    let (tell, _told) = mpsc::channel(4);
    let world = World::with(Vec::new(), 64, media, counting(tell));
    let start = tokio::time::Instant::now();
    world.stop.send_replace(true);
    world.actor.await.unwrap();
    assert!(start.elapsed() <= Duration::from_millis(limits::STOP_LINKS_MS + 50));
}

#[tokio::test]
async fn when_nobody_is_left_to_be_served_it_stops() {
    let (tell, _told) = mpsc::channel(4);
    let World { stop, actor, .. } = World::new(counting(tell));
    drop(stop);
    actor.await.unwrap();
}
