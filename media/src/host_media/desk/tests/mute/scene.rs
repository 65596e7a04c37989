//! A microphone at which somebody may speak, its switch, the links that hear it down to their packets, and what may happen
//! to all of them.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{super::*, dice::Dice, ear::ears, pipes::Pipes};
use crate::{
    host_media::{api, opus::EncoderConfig, specs},
    recording::{Tapped, bare_tap},
    simple_webrtc::lane::{Lane, Outgoing},
};

/// Steps of one.
const STEPS: usize = 60;

/// What may happen to the microphone, its switch, and the links that hear it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Happening {
    Mute,
    Unmute,
    /// The key that talks goes down.
    Press,
    /// And up again.
    Release,
    Unplug,
    Plug,
    /// The microphone is another one from now on.
    OtherDevice,
    /// Another one is chosen, and the old one goes on until it runs.
    Choose,
    Hold,
    Resume,
    /// A link takes the place of the one that is.
    Reconnect,
    /// The call goes on at another device.
    HandOff,
    /// And comes back.
    HandBack,
    /// The microphone is closed and opened before the audio thread looks.
    Blink,
    /// Another pipeline, or none.
    Pipe,
    /// Music begins or ends, of two channels: everybody is near.
    Music,
    /// The audio thread stands still.
    Stall,
}

const ALL: [Happening; 17] = [
    Happening::Mute,
    Happening::Unmute,
    Happening::Press,
    Happening::Release,
    Happening::Unplug,
    Happening::Plug,
    Happening::OtherDevice,
    Happening::Choose,
    Happening::Hold,
    Happening::Resume,
    Happening::Reconnect,
    Happening::HandOff,
    Happening::HandBack,
    Happening::Blink,
    Happening::Pipe,
    Happening::Music,
    Happening::Stall,
];

/// When whoever sits at the microphone makes a sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaks {
    Always,
    /// Only while `muted` is shown.
    Muted,
    /// From this moment on, monotonic microseconds.
    From(u64),
}

/// What the world around the desk is like.
pub(super) struct Around {
    pub(super) speaks: Speaks,
    /// When `muted` was shown, or no longer.
    pub(super) flips: Vec<(u64, bool)>,
    pub(super) plugged: bool,
    /// The device's number.
    pub(super) device: u32,
    link: Option<LinkId>,
    next_link: u64,
    /// Happens while sound is captured, in the middle of a step.
    pub(super) during: Vec<Happening>,
}

/// Everything that the test, the microphone and the way out share.
pub(super) struct Scene {
    shared: Arc<Shared>,
    pub(super) around: Mutex<Around>,
    shown: AtomicBool,
    pipes: Pipes,
    wire: Mutex<Wire>,
    /// Whether `muted` was shown, of each frame that left.
    frames: Mutex<Vec<bool>>,
}

impl Scene {
    fn new(speaks: Speaks) -> Arc<Self> {
        let (flips, during) = (Vec::new(), Vec::new());
        let around = Around { speaks, flips, plugged: true, device: 0, link: None, next_link: 1, during };
        let (shown, wire, frames) = (AtomicBool::new(false), Mutex::default(), Mutex::default());
        let pipes = Pipes::new();
        Arc::new(Self { shared: Arc::default(), around: Mutex::new(around), shown, pipes, wire, frames })
    }

    fn show(&self, around: &mut Around, muted: bool, now_us: u64) {
        let mut wishes = self.shared.lock();
        wishes.mute(muted);
        // Under the lock: no frame leaves in between.
        let before = self.shown.swap(muted, Ordering::SeqCst);
        self.wire.lock().unwrap().mutings += u64::from(muted && !before);
        around.flips.push((now_us, muted));
    }

    fn talk(&self, around: &mut Around, on: bool) {
        let mut wishes = self.shared.lock();
        wishes.microphone(on);
        around.link.into_iter().for_each(|link| wishes.send(link, on));
    }

    fn join(&self, around: &mut Around) {
        let link = LinkId(around.next_link);
        around.next_link += 1;
        let old = around.link.replace(link);
        let mut wishes = self.shared.lock();
        drop(wishes.add_link(link, link.0));
        let open = wishes.open;
        wishes.send(link, open);
        if let Some(old) = old {
            wishes.links.remove(&old);
        }
    }

    pub(super) fn happen(&self, what: Happening, now_us: u64) {
        let around = &mut *self.around.lock().unwrap();
        match what {
            Happening::Mute | Happening::Release => self.show(around, true, now_us),
            Happening::Unmute | Happening::Press => self.show(around, false, now_us),
            Happening::Unplug => around.plugged = false,
            Happening::Plug => around.plugged = true,
            Happening::OtherDevice => around.device += 1,
            Happening::Hold => self.talk(around, false),
            Happening::Resume => self.talk(around, true),
            Happening::Reconnect => self.join(around),
            Happening::HandOff => {
                if let Some(link) = around.link.take() {
                    self.shared.lock().links.remove(&link);
                }
                self.talk(around, false);
            }
            Happening::HandBack => {
                self.join(around);
                self.talk(around, true);
            }
            Happening::Blink => [false, true].into_iter().for_each(|on| self.talk(around, on)),
            Happening::Pipe => self.pipes.change(&self.shared),
            // By the stage: the desk is told, and looks at it before anything else.
            Happening::Choose | Happening::Music | Happening::Stall => {}
        }
        // Whatever happens, the latest packets were lost.
        self.wire.lock().unwrap().ask(self.shown.load(Ordering::SeqCst));
    }
}

/// A packet that left, and whether `muted` was shown then.
#[derive(Clone)]
pub(super) struct Left {
    pub(super) link: LinkId,
    pub(super) muted: bool,
    pub(super) packet: Outgoing,
    /// How many times it had become muted when the packet was made, and when it left.
    pub(super) mutings: (u64, u64),
    /// It had left before.
    pub(super) again: bool,
}

/// The lanes of all links, and what left on them.
#[derive(Default)]
struct Wire {
    lanes: BTreeMap<LinkId, Lane>,
    /// Everything is sent twice, and once more to whoever asks.
    repeats: bool,
    /// Grows by a frame with each.
    now_us: u64,
    mutings: u64,
    made: BTreeMap<(LinkId, u16), u64>,
    left: Vec<Left>,
}

impl Wire {
    fn leave(&mut self, link: LinkId, muted: bool, packet: Outgoing) {
        let made = self.made.get(&(link, packet.sequence)).copied();
        let mutings = (*self.made.entry((link, packet.sequence)).or_insert(self.mutings), self.mutings);
        self.left.push(Left { link, muted, packet, mutings, again: made.is_some() });
    }

    fn send(&mut self, link: LinkId, muted: bool, frame: AudioFrame) {
        self.now_us += 20_000;
        let lane = self.lanes.entry(link).or_insert_with(|| Lane::new(0));
        lane.copy_after(if self.repeats { 3 } else { 0 });
        if let Some((packet, copy)) = lane.send(frame, self.now_us) {
            std::iter::once(packet).chain(copy).for_each(|packet| self.leave(link, muted, packet));
        }
    }

    fn ask(&mut self, muted: bool) {
        if !self.repeats {
            return;
        }
        let links: Vec<LinkId> = self.lanes.keys().copied().collect();
        for link in links {
            let made = self.made.range((link, 0)..=(link, u16::MAX));
            let latest: Vec<u16> = made.rev().take(5).map(|((_, sequence), _)| *sequence).collect();
            let packets = self.lanes.get_mut(&link).map(|lane| lane.again(&latest, self.now_us));
            packets.into_iter().flatten().for_each(|packet| self.leave(link, muted, packet));
        }
    }
}

/// What leaves, with what was shown.
struct Way(Arc<Scene>);

impl FrameOut for Way {
    fn frame(&mut self, link: LinkId, frame: AudioFrame) {
        let muted = self.0.shown.load(Ordering::SeqCst);
        self.0.frames.lock().unwrap().push(muted);
        self.0.wire.lock().unwrap().send(link, muted, frame);
    }
}

/// A desk in a scene.
pub(super) struct Stage {
    pub(super) scene: Arc<Scene>,
    desk: Desk,
    pub(super) now_us: u64,
    due_us: Option<u64>,
    /// Music may begin: in one order of four, as it has four times as many frames.
    plays: bool,
    taped: Box<dyn Fn() -> Vec<(u64, Vec<f32>)>>,
    _events: mpsc::Receiver<AudioEvent>,
}

impl Stage {
    /// In the middle of a call, not muted; copies of frames are sent against loss, as they are where there is any.
    pub(super) fn new(speaks: Speaks) -> Self {
        let (scene, clock) = (Scene::new(speaks), Clock::new());
        let (now_us, (sender, events)) = (clock.now_us() + 1_000_000, mpsc::channel(64));
        let (input, output) = (DeviceSpec::Default, DeviceSpec::None);
        let config = AudioConfig { input, output, bitrate_bps: 32_000, frame_ms: 20 };
        let parts = Parts {
            clock,
            shared: Arc::clone(&scene.shared),
            out: Box::new(Way(Arc::clone(&scene))),
            events: sender,
            voice: Voice::new(EncoderConfig { loss_percent: 20, ..EncoderConfig::default() }).unwrap(),
            sink: specs::nowhere(),
        };
        // Every stage that holds sound back, but none that would take this steady voice for noise.
        let (echo_cancellation, noise_suppression) = (api::Stage::On, api::Stage::Off);
        scene.shared.lock().processing = api::Processing {
            echo_cancellation,
            noise_suppression,
            music: api::Stage::On,
            ..api::Processing::default()
        };
        let mut desk = Desk::new(parts, &config, now_us);
        let plug = Arc::clone(&scene);
        desk.talking.open = ears(&plug);
        scene.happen(Happening::HandBack, now_us);
        let (tap, taped) = bare_tap(0);
        scene.shared.lock().tap(Tapped::Own, Some(tap));
        Self { scene, desk, now_us, due_us: Some(now_us), plays: false, taped: Box::new(taped), _events: events }
    }

    pub(super) fn happen(&mut self, what: Happening) {
        self.scene.happen(what, self.now_us);
        if matches!(what, Happening::Choose) {
            self.desk.talking.select(ears(&self.scene), true, "another");
        }
        if matches!(what, Happening::Music) && self.plays {
            self.desk.music.near = !self.desk.music.near;
        }
        // Each wish wakes the audio thread.
        self.due_us = Some(self.now_us);
    }

    pub(super) fn run_us(&mut self, us: u64) {
        let end_us = self.now_us + us;
        while let Some(due_us) = self.due_us.filter(|due| *due < end_us) {
            self.now_us = self.now_us.max(due_us);
            self.due_us = self.desk.step(self.now_us);
        }
        self.now_us = end_us;
    }

    pub(super) fn left(&self) -> Vec<Left> {
        std::mem::take(&mut self.scene.wire.lock().unwrap().left)
    }

    /// What a recording got of each frame that left, and whether `muted` was shown then.
    pub(super) fn taped(&self) -> Vec<(bool, Vec<f32>)> {
        let (frames, taped) = (std::mem::take(&mut *self.scene.frames.lock().unwrap()), (self.taped)());
        assert_eq!(frames.len(), taped.len(), "what leaves is recorded, and nothing else");
        frames.into_iter().zip(taped).map(|(muted, (_, sound))| (muted, sound)).collect()
    }

    /// What happens in one order; returns it, for who must look into it.
    pub(super) fn play(&mut self, dice: &mut Dice) -> Vec<(u64, bool, Happening)> {
        let mut order = Vec::new();
        self.plays = dice.below(4) == 0;
        self.scene.wire.lock().unwrap().repeats = true;
        self.happen(if self.plays { Happening::Music } else { Happening::Pipe });
        for _ in 0..STEPS {
            let what = ALL[dice.below(ALL.len() as u64) as usize];
            let during = dice.below(3) == 0 && !matches!(what, Happening::Choose | Happening::Music);
            order.push((self.now_us, during, what));
            if during {
                self.scene.around.lock().unwrap().during.push(what);
            } else {
                self.happen(what);
            }
            if matches!(what, Happening::Stall) {
                self.now_us += dice.below(400_000);
            }
            // Shorter than a frame, or some, or long enough for a lost device to come back.
            let most_us = [15_000, 90_000, 900_000][(dice.below(10) / 4) as usize];
            self.run_us(dice.below(most_us));
        }
        order
    }
}
