//! Voices of the others, before they are mixed: who talks, and all at one loudness.

use std::collections::BTreeMap;

use crate::{
    planes::Planes,
    processing::{Gain, PARTICIPANT, PIECE, Talk, VoiceDetector},
    simple_webrtc::engine::LinkId,
};

/// Samples at 48 kHz in which a voice comes and goes: 10 ms, long enough for no click, short enough for no syllable.
const FADE: usize = 480;

/// Everybody who is heard. One for each link that plays, so as many as there are links.
#[derive(Default)]
pub(crate) struct Voices {
    voices: BTreeMap<LinkId, Voice>,
    /// Where the voices that are gone were cut off, together (middle and side), and samples of it that were played.
    rest: [f32; 2],
    rested: usize,
}

struct Voice {
    piece: [f32; PIECE],
    filled: usize,
    detector: VoiceDetector,
    gain: Gain,
    talk: Talk,
    told: bool,
    /// Samples since it was first heard, up to [`FADE`].
    risen: usize,
    /// Its last sample, as it was played: middle and side.
    last: [f32; 2],
}

impl Voice {
    fn new() -> Self {
        Self {
            piece: [0.0; PIECE],
            filled: 0,
            detector: VoiceDetector::new(),
            gain: Gain::new(PARTICIPANT),
            talk: Talk::default(),
            told: false,
            risen: 0,
            last: [0.0; 2],
        }
    }

    fn hear(&mut self, sound: &[f32], even: bool) {
        for sample in sound {
            if let Some(place) = self.piece.get_mut(self.filled) {
                *place = *sample;
            }
            self.filled += 1;
            if self.filled == PIECE {
                self.filled = 0;
                if even {
                    let voiced = self.detector.hear(&self.piece);
                    self.talk.hear(voiced);
                    self.gain.hear(&self.piece, voiced);
                } else {
                    self.talk.glance(&mut self.detector, &self.piece);
                    self.gain.release();
                }
            }
        }
    }
}

impl Voice {
    /// Comes softly: a decoder may begin in the middle of a vowel.
    fn rise(&mut self, sound: &mut Planes) {
        let silent = |plane: &[f32]| plane.iter().take_while(|sample| **sample == 0.0).count();
        let from = match (self.risen, sound.is_wide()) {
            (0, false) => silent(&sound.mid),
            (0, true) => silent(&sound.mid).min(silent(&sound.side)),
            (1.., _) => 0,
        };
        let (risen, rises) = (self.risen, sound.len().saturating_sub(from).min(FADE - self.risen));
        for plane in sound.each() {
            for (n, sample) in plane.iter_mut().skip(from).take(rises).enumerate() {
                *sample *= (risen + n) as f32 / FADE as f32;
            }
        }
        self.risen += rises;
        if let Some(mid) = sound.mid.last() {
            self.last = [*mid, sound.side.last().copied().unwrap_or(0.0)];
        }
    }
}

impl Voices {
    /// Hears sound of a link, of any length, and brings it to the loudness of the others if they are to be `even`.
    pub(crate) fn hear(&mut self, link: LinkId, sound: &mut Planes, even: bool) {
        let voice = self.voices.entry(link).or_insert_with(Voice::new);
        voice.hear(&sound.mid, even);
        // The same gain for both.
        let mut gain = voice.gain;
        gain.apply(&mut sound.side);
        voice.gain.apply(&mut sound.mid);
        voice.rise(sound);
    }

    /// Gives what takes the edge off the voices that are gone, if any went lately: up to `samples` of it.
    pub(crate) fn fade_out(&mut self, add: impl FnOnce(&Planes), samples: usize) {
        if self.rest == [0.0; 2] {
            return;
        }
        let count = samples.min(FADE - self.rested);
        let rested = self.rested;
        let slope = |rest: f32| (1..=count).map(|n| rest * falling(rested + n)).collect::<Vec<f32>>();
        let [mid, side] = self.rest;
        add(&Planes { mid: slope(mid), side: if side == 0.0 { Vec::new() } else { slope(side) } });
        self.rested += count;
        if self.rested == FADE {
            (self.rest, self.rested) = ([0.0; 2], 0);
        }
    }

    /// What is left to be played of the voices that went before.
    fn left(&self) -> [f32; 2] {
        self.rest.map(|rest| rest * falling(self.rested))
    }

    /// Forgets all but these. Returns who was talking as far as was told.
    pub(crate) fn keep(&mut self, plays: impl Fn(LinkId) -> bool) -> Vec<LinkId> {
        let gone: Vec<LinkId> = self.voices.keys().copied().filter(|link| !plays(*link)).collect();
        let mut talked = Vec::new();
        for link in gone {
            let Some(voice) = self.voices.remove(&link) else { continue };
            let ([mid, side], [last_mid, last_side]) = (self.left(), voice.last);
            (self.rest, self.rested) = ([mid + last_mid, side + last_side], 0);
            if voice.told {
                talked.push(link);
            }
        }
        talked
    }

    /// Who began to talk, or stopped, since the last call.
    pub(crate) fn changes(&mut self) -> impl Iterator<Item = (LinkId, bool)> {
        self.voices.iter_mut().filter_map(|(link, voice)| {
            let on = voice.talk.on();
            (std::mem::replace(&mut voice.told, on) != on).then_some((*link, on))
        })
    }
}

/// What is left of a voice that is gone after so many samples: half a turn of a cosine, which begins and ends flat.
fn falling(samples: usize) -> f32 {
    let share = samples as f32 / FADE as f32;
    0.5 * (1.0 + (std::f32::consts::PI * share).cos())
}

#[cfg(test)]
mod tests;
