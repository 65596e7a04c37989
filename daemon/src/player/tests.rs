//! What is written of a message, and what is never written over.

use super::*;

/// Opus: fullband CELT, frames of 20 ms, a count of frames follows (RFC 6716, 3.1 and 3.2.5).
const FRAMES_OF_20_MS: u8 = 0b1111_1011;

#[test]
fn a_message_is_as_long_as_it_says_whatever_its_packets_hold() {
    let dir = tempfile::tempdir().unwrap();
    // Six frames of 20 ms in each packet of a message whose packets have 10 ms.
    let packet = [&[FRAMES_OF_20_MS, 6][..], &[0; 12]].concat();
    let message = Message { frame_ms: 10, packets: vec![packet; 50] };
    assert_eq!(message.duration_ms(), 500);
    let path = dir.path().join("message.wav");
    write(&message, &path).unwrap();
    assert_eq!(hound::WavReader::open(&path).unwrap().duration(), RATE / 2);
}

#[test]
fn no_file_is_written_over_and_no_link_is_followed() {
    let dir = tempfile::tempdir().unwrap();
    let message = Message { frame_ms: 20, packets: vec![vec![FRAMES_OF_20_MS, 1, 0, 0]] };
    let file = dir.path().join("letters.txt");
    std::fs::write(&file, "dear Ada").unwrap();
    let (link, aim) = (dir.path().join("link.wav"), dir.path().join("aim.wav"));
    std::os::unix::fs::symlink(&aim, &link).unwrap();
    for path in [&file, &link] {
        let error = write(&message, path).unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadParams, "{error:?}");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "dear Ada");
    assert!(!aim.exists());
    let fresh = dir.path().join("fresh.wav");
    write(&message, &fresh).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&fresh).unwrap().permissions());
    assert_eq!(mode & 0o077, 0, "what somebody said is for this user only");
}

/// Plays so many packets; what is told is heard.
fn player() -> (Player, Arc<dyn Sound>, std::sync::mpsc::Receiver<EventKind>) {
    let sound: Arc<dyn Sound> = Arc::new(crate::recorder::Recorder::default());
    let (tell, told) = std::sync::mpsc::sync_channel(8);
    let player = Player::new(&sound, Arc::new(move |kind| tell.send(kind).unwrap()));
    (player, sound, told)
}

fn begins(player: &Player, packets: usize) -> Result<Reply, ControlError> {
    let message = Message { frame_ms: 20, packets: vec![vec![FRAMES_OF_20_MS, 1, 0, 0]; packets] };
    let (answer, answered) = tokio::sync::oneshot::channel();
    player.play(CallId([7; 16]), Ok(Some(message.bytes())), None, answer);
    answered.blocking_recv().unwrap()
}

fn call(state: CallState) -> EventKind {
    EventKind::CallState {
        call: "07".repeat(16),
        state,
        direction: ahoy_protocol::control::Direction::In,
        reason: None,
        cause: None,
        device: None,
        client: None,
        continues_as: None,
    }
}

#[test]
fn a_call_cuts_a_message_short_and_everybody_is_told() {
    for state in [CallState::Incoming, CallState::Dialing, CallState::Connecting] {
        let (player, _sound, told) = player();
        begins(&player, 3_000).unwrap();
        assert_eq!(begins(&player, 1).unwrap_err().kind, ErrorKind::InCall, "one at a time");
        player.see(&call(CallState::Ended));
        player.see(&call(state));
        let EventKind::PlaybackEnded { call, reason, played_ms } = told.recv().unwrap() else { panic!() };
        assert_eq!((call, reason), ("07".repeat(16), PlaybackEnd::Call));
        assert!(played_ms < 60_000, "{played_ms} ms");
        begins(&player, 2).unwrap();
        let whole = EventKind::PlaybackEnded { call: "07".repeat(16), reason: PlaybackEnd::Done, played_ms: 40 };
        assert_eq!(told.recv().unwrap(), whole, "and the next one is played");
    }
}
