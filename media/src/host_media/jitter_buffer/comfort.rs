//! The far end's room in the place of dead silence: what is heard of it between words goes on, a little quieter, where made-up
//! sound has faded and nothing comes. Not for long: a way that is cut must not sound alive.

mod background;
mod noise;

use background::Background;
use noise::Noise;

/// Made-up sound after which the room comes in under it, samples: 40 ms, before libopus has faded.
const FROM: u32 = 1_920;

/// Until then the room is heard, samples: 2 s, when the link counts as interrupted ([`crate::limits::ICE_DISCONNECTED`]).
const UNTIL: u32 = 96_000;

/// Samples in which it comes (80 ms: it is whole when made-up sound ends), goes because sound is back (20 ms), and goes because
/// nothing came (1 s).
const RISE: f32 = 3_840.0;
const LEAVE: f32 = 960.0;
const FADE: f32 = 48_000.0;

/// Learns the room, and plays it. Bounded memory, and nothing is allocated.
#[derive(Debug)]
pub(super) struct Comfort {
    background: Background,
    noise: Noise,
    /// What is heard of it: 0 nothing, 1 all.
    share: f32,
    /// Samples since the sender's sound ended.
    gap: u32,
}

impl Comfort {
    /// Knows no room yet. `seed` decides the noise: the rooms of two links must not add up to one that is twice as loud.
    pub(super) fn new(seed: u64) -> Self {
        Self { background: Background::default(), noise: Noise::new(seed), share: 0.0, gap: 0 }
    }

    /// Another sender, or the same one begun anew.
    pub(super) fn reset(&mut self) {
        self.background = Background::default();
    }

    /// The sender's sound: the room is learned from it, and goes on under its first 20 ms if it was heard.
    pub(super) fn sound(&mut self, sound: &mut [f32]) {
        self.background.hear(sound);
        self.back(sound);
    }

    /// Sound is back of which nothing is learned: a coarse copy of what the sender said.
    pub(super) fn back(&mut self, sound: &mut [f32]) {
        self.gap = 0;
        for sample in sound {
            if self.share == 0.0 {
                return;
            }
            self.share = (self.share - 1.0 / LEAVE).max(0.0);
            *sample += self.share * self.noise.sample();
        }
    }

    /// Made-up sound, or silence, in the place of what doesn't come: the room is put under it.
    pub(super) fn cover(&mut self, sound: &mut [f32]) {
        if self.gap == 0 {
            self.noise.shape(self.background.known());
        }
        for sample in sound {
            self.share = match self.gap {
                0..FROM => self.share,
                FROM..UNTIL if self.noise.is_heard() => (self.share + 1.0 / RISE).min(1.0),
                _ => (self.share - 1.0 / FADE).max(0.0),
            };
            self.gap = self.gap.saturating_add(1);
            if self.share > 0.0 {
                *sample += self.share * self.noise.sample();
            }
        }
    }
}

#[cfg(test)]
mod tests;
