//! Cards (null sinks of a real server) that are unplugged and plugged in, and a default that becomes another one.

use super::{
    server::{pactl, plug_in, unplug},
    *,
};
use crate::host_media::{
    api::{Selection, SoundError},
    check::{CheckEvent, Played, SoundCheck, Verdict},
};

fn id(name: &str) -> DeviceSpec {
    DeviceSpec::Id(format!("pulseaudio:{name}"))
}

fn lost(event: &AudioEvent) -> bool {
    matches!(event, AudioEvent::DeviceLost { .. })
}

fn back(event: &AudioEvent) -> bool {
    matches!(event, AudioEvent::DeviceBack { .. })
}

/// Somebody who plays a tone on the card, and somebody who records what it plays into a file.
fn both(dir: &Path, card: &str) -> (Party, Party, PathBuf) {
    let heard = dir.join("heard.wav");
    let mut speaker = Party::new(DeviceSpec::Tone(440), id(card));
    let file = DeviceSpec::File { path: heard.clone(), looped: false, stereo: false };
    let mut microphone = Party::new(id(&format!("{card}.monitor")), file);
    speaker.until(|event| matches!(event, AudioEvent::SinkStarted { .. }));
    microphone.until(|event| matches!(event, AudioEvent::SourceStarted { .. }));
    (speaker, microphone, heard)
}

#[test]
fn a_card_that_is_unplugged_is_told_and_used_again_once_it_is_plugged_in() {
    apart(Kind::PulseAudio, "plug::unplugged");
}

#[test]
#[ignore = "the inner run of the test above"]
fn unplugged() {
    let (dir, _server) = begin();
    for shape in ["rate=44100 channels=1 format=s16le", "rate=96000 channels=6 format=float32le"] {
        let module = plug_in("card", shape);
        let (mut speaker, mut microphone, heard) = both(&dir, "card");
        let from = hears(&microphone, &heard, 0);
        unplug(&module);
        // The server moves both streams to another card without a word; who sits here is told nevertheless.
        microphone.until(lost);
        speaker.until(lost);
        let module = plug_in("card", shape);
        let plugged = Instant::now();
        let again = [speaker.until(back), microphone.until(back)];
        println!("{shape}: both are back {} ms after the return", plugged.elapsed().as_millis());
        assert_eq!(again.iter().map(|events| losses(events)).sum::<usize>(), 0, "a loss is told once: {again:?}");
        hears(&microphone, &heard, from + 24_000);
        drop((speaker, microphone));
        unplug(&module);
    }
}

#[test]
fn the_default_is_followed_to_another_card_without_a_loss() {
    apart(Kind::PulseAudio, "plug::default_moves");
}

#[test]
#[ignore = "the inner run of the test above"]
fn default_moves() {
    let (dir, _server) = begin();
    plug_in("other", "rate=48000 channels=2");
    pactl(&["set-default-sink", "ahoy"]);
    pactl(&["set-default-source", "ahoy.monitor"]);
    let heard = dir.join("heard.wav");
    let mut speaker = Party::new(DeviceSpec::Tone(440), DeviceSpec::Default);
    let file = DeviceSpec::File { path: heard.clone(), looped: false, stereo: false };
    let mut microphone = Party::new(DeviceSpec::Default, file);
    speaker.until(|event| matches!(event, AudioEvent::SinkStarted { .. }));
    microphone.until(|event| matches!(event, AudioEvent::SourceStarted { .. }));
    let began = Instant::now();
    let before = hears(&microphone, &heard, 0);
    println!("heard after {} ms, {before} samples", began.elapsed().as_millis());
    pactl(&["set-default-sink", "other"]);
    let moved = Instant::now();
    let mut told = speaker.until(back);
    println!("the speaker has moved after {} ms", moved.elapsed().as_millis());
    pactl(&["set-default-source", "other.monitor"]);
    told.extend(microphone.until(back));
    println!("both have moved after {} ms", moved.elapsed().as_millis());
    assert_eq!(losses(&told), 0, "nothing was lost: {told:?}");
    let played = pactl(&["list", "short", "sink-inputs"]);
    assert_eq!(played.lines().count(), 1, "the old stream is closed: {played}");
    let after = hears(&microphone, &heard, before + 48_000);
    println!("heard again {} ms after the move, {after} samples", moved.elapsed().as_millis());
}

/// Open files and threads of this process.
pub(super) fn held() -> (usize, usize) {
    let count = |of: &str| std::fs::read_dir(format!("/proc/self/{of}")).unwrap().count();
    (count("fd"), count("task"))
}

#[test]
fn a_card_that_goes_and_comes_again_and_again_leaves_nothing_behind() {
    apart(Kind::PulseAudio, "plug::again_and_again");
}

#[test]
#[ignore = "the inner run of the test above; AHOY_UNPLUGS=100 for as often as docs/quality.md has it"]
fn again_and_again() {
    let times = std::env::var("AHOY_UNPLUGS").map_or(3, |text| text.parse().expect("AHOY_UNPLUGS is a number"));
    let (dir, _server) = begin();
    let mut module = plug_in("card", "rate=48000 channels=2");
    let (mut speaker, mut microphone, _heard) = both(&dir, "card");
    let (mut before, mut longest_ms) = ((0, 0), 0);
    for time in 0..=times {
        unplug(&module);
        microphone.until(lost);
        speaker.until(lost);
        module = plug_in("card", "rate=48000 channels=2");
        let plugged = Instant::now();
        microphone.until(back);
        speaker.until(back);
        longest_ms = longest_ms.max(plugged.elapsed().as_millis());
        // The first time makes what stays.
        if time == 0 {
            before = held();
        }
    }
    let deadline = Instant::now() + PATIENCE;
    while held().0 > before.0 || held().1 > before.1 {
        assert!(Instant::now() < deadline, "files and threads: {before:?} before, {:?} after {times} times", held());
        microphone.frame();
    }
    println!("{times} times gone and back, after {longest_ms} ms at most; files and threads {before:?}, {:?}", held());
}

/// Stretches of silence of 2 ms or more in a tone that should have none, and how long they are together, ms.
fn gaps(sound: &[f32]) -> (usize, usize) {
    let runs = sound.chunk_by(|one, next| (*one == 0.0) == (*next == 0.0));
    let silent: Vec<usize> = runs.filter(|run| run[0] == 0.0 && run.len() >= 96).map(<[f32]>::len).collect();
    (silent.len(), silent.iter().sum::<usize>() / 48)
}

#[test]
#[ignore = "a measurement: what a card plays on a machine that is as busy as it is"]
fn playback_gaps() {
    apart(Kind::PulseAudio, "plug::played");
}

#[test]
#[ignore = "the inner run of the measurement above"]
fn played() {
    let (dir, _server) = begin();
    let mut speaker = Party::new(DeviceSpec::Tone(440), id("ahoy"));
    speaker.until(|event| matches!(event, AudioEvent::SinkStarted { .. }));
    speaker.frames(25);
    let raw = std::fs::File::create(dir.join("played.raw")).unwrap();
    let what = ["--device=ahoy.monitor", "--raw", "--format=float32le", "--rate=48000", "--channels=1"];
    let mut recorder = Command::new("parec").args(what).stdout(raw).spawn().unwrap();
    let before = speaker.sound.missing_samples();
    speaker.frames(500);
    let missing = speaker.sound.missing_samples() - before;
    recorder.kill().unwrap();
    recorder.wait().unwrap();
    let bytes = std::fs::read(dir.join("played.raw")).unwrap();
    let sound: Vec<f32> = bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
    let begin = sound.iter().position(|sample| *sample != 0.0).unwrap_or(0);
    let (number, ms) = gaps(&sound[begin..]);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap();
    println!(
        "{} s played at load {}: {number} gaps, {ms} ms together; {} ms counted as missing",
        (sound.len() - begin) / 48_000,
        load.split(' ').next().unwrap_or_default(),
        missing / 48,
    );
}

#[test]
fn another_card_is_chosen_in_a_call_and_microphone_and_speaker_are_tried_before_it() {
    apart(Kind::PulseAudio, "plug::chosen");
}

#[test]
#[ignore = "the inner run of the test above"]
fn chosen() {
    let (dir, _server) = begin();
    plug_in("other", "rate=44100 channels=1");
    let (mut speaker, mut microphone, heard) = both(&dir, "ahoy");
    let before = hears(&microphone, &heard, 0);
    let chosen = Instant::now();
    speaker.sound.select(Selection::Output(id("other"))).unwrap();
    let mut told = speaker.until(back);
    microphone.sound.select(Selection::Input(id("other.monitor"))).unwrap();
    told.extend(microphone.until(back));
    println!("both play and record on another card after {} ms", chosen.elapsed().as_millis());
    assert_eq!(losses(&told), 0, "nothing was lost: {told:?}");
    let played = pactl(&["list", "short", "sink-inputs"]);
    assert_eq!(played.lines().count(), 1, "the old stream is closed: {played}");
    hears(&microphone, &heard, before + 48_000);
    drop((speaker, microphone));
    let (input, output) = (id("other.monitor"), id("other"));
    let mut idle = Party::new(DeviceSpec::Tone(440), DeviceSpec::None);
    idle.sound.microphone(false);
    let check = SoundCheck { input, output, record_ms: 1_000, play: Played::Tone };
    idle.sound.check(check.clone()).unwrap();
    assert_eq!(idle.sound.check(check), Err(SoundError::Busy));
    let told = idle.checked();
    let AudioEvent::Check(CheckEvent::Over(findings)) = &told[told.len() - 1] else { panic!("{told:?}") };
    let verdicts: Vec<Verdict> = findings.iter().map(|finding| finding.verdict).collect();
    // Nothing plays on it, so its monitor is silent; on a busy machine the tone may crackle.
    assert_eq!(verdicts[0], Verdict::NoSignal, "{findings:?}");
    assert!(matches!(verdicts[1], Verdict::Good | Verdict::Crackling), "{findings:?}");
}
