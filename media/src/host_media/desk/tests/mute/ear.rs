//! A microphone of two channels at which somebody may speak.

use super::{
    super::*,
    scene::{Around, Scene, Speaks},
};
use crate::{
    host_media::{
        clock::{samples_to_us, us_to_samples},
        recovery::Open,
        source::{Lost, Source},
    },
    planes::Planes,
};

/// A microphone that hears a tone whenever there is anything to hear.
struct Ear {
    scene: Arc<Scene>,
    device: u32,
    started_us: u64,
    given: u64,
    /// Two channels are wanted, and it has them: it is louder on the left.
    wide: bool,
}

impl Ear {
    fn sound(&self, around: &Around, n: u64) -> f32 {
        // A sample is there when it is over.
        let at_us = self.started_us + samples_to_us(n + 1);
        let speaks = match around.speaks {
            Speaks::Always => true,
            Speaks::Muted => around.flips.iter().rev().find(|(flip_us, _)| *flip_us < at_us).is_some_and(|flip| flip.1),
            Speaks::From(from_us) => at_us > from_us,
        };
        let hz = [440.0, 660.0, 1_000.0][self.device as usize % 3];
        if speaks { (n as f32 / 48_000.0 * hz * std::f32::consts::TAU).sin() * 0.5 } else { 0.0 }
    }
}

impl Source for Ear {
    fn capture(&mut self, now_us: u64, out: &mut Planes) -> Result<(), Lost> {
        let during = {
            let mut around = self.scene.around.lock().unwrap();
            if !around.plugged || around.device != self.device {
                return Err(Lost("unplugged".into()));
            }
            let end = us_to_samples(now_us - self.started_us);
            let mid: Vec<f32> = (self.given..end).map(|n| self.sound(&around, n)).collect();
            let side: Vec<f32> = mid.iter().map(|sample| if self.wide { sample * 0.9 } else { 0.0 }).collect();
            out.append_planes(&mid, if self.wide { &side } else { &[] });
            self.given = end;
            std::mem::take(&mut around.during)
        };
        during.into_iter().for_each(|what| self.scene.happen(what, now_us));
        Ok(())
    }
    fn widen(&mut self, on: bool) {
        self.wide = on;
    }
    fn started_us(&self) -> Option<u64> {
        // It takes 15 ms to begin.
        (self.given >= 720).then_some(self.started_us)
    }
    fn due_us(&self, _now_us: u64, samples: usize) -> u64 {
        self.started_us + samples_to_us(self.given + samples as u64)
    }
}

/// Opens the microphone that there is.
pub(super) fn ears(scene: &Arc<Scene>) -> Open<dyn Source> {
    let scene = Arc::clone(scene);
    Box::new(move |now_us| {
        let around = scene.around.lock().unwrap();
        let ear = Ear { scene: Arc::clone(&scene), device: around.device, started_us: now_us, given: 0, wide: false };
        if around.plugged { Ok(Box::new(ear)) } else { Err(Lost("not there".into())) }
    })
}
