//! Voices of the others, before they are mixed: who talks, and all at one loudness.

use std::collections::BTreeMap;

use crate::{
    processing::{Gain, PARTICIPANT, PIECE, Talk, VoiceDetector},
    simple_webrtc::engine::LinkId,
};

/// Samples at 48 kHz in which a voice comes and goes: 10 ms, long enough for no click, short enough for no syllable.
const FADE: usize = 480;

/// Everybody who is heard. One for each link that plays, so as many as there are links.
#[derive(Default)]
pub(crate) struct Voices {
    voices: BTreeMap<LinkId, Voice>,
    /// Where the voices that are gone were cut off, together, and samples of it that were played.
    rest: f32,
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
    /// Its last sample, as it was played.
    last: f32,
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
            last: 0.0,
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
    fn rise(&mut self, sound: &mut [f32]) {
        let silent = if self.risen == 0 { sound.iter().take_while(|sample| **sample == 0.0).count() } else { 0 };
        for sample in sound.iter_mut().skip(silent).take(FADE - self.risen) {
            *sample *= self.risen as f32 / FADE as f32;
            self.risen += 1;
        }
        self.last = sound.last().copied().unwrap_or(self.last);
    }
}

impl Voices {
    /// Hears sound of a link, of any length, and brings it to the loudness of the others if they are to be `even`.
    pub(crate) fn hear(&mut self, link: LinkId, sound: &mut [f32], even: bool) {
        let voice = self.voices.entry(link).or_insert_with(Voice::new);
        voice.hear(sound, even);
        voice.gain.apply(sound);
        voice.rise(sound);
    }

    /// Gives what takes the edge off the voices that are gone, if any went lately: up to `samples` of it.
    pub(crate) fn fade_out(&mut self, add: impl FnOnce(&[f32]), samples: usize) {
        if self.rest == 0.0 {
            return;
        }
        let mut slope = [0.0; FADE];
        let count = samples.min(FADE - self.rested);
        for (n, sample) in slope.iter_mut().take(count).enumerate() {
            // Half a turn of a cosine: it begins and ends flat.
            let share = (self.rested + n + 1) as f32 / FADE as f32;
            *sample = self.rest * 0.5 * (1.0 + (std::f32::consts::PI * share).cos());
        }
        add(slope.get(..count).unwrap_or_default());
        self.rested += count;
        if self.rested == FADE {
            (self.rest, self.rested) = (0.0, 0);
        }
    }

    /// What is left to be played of the voices that went before.
    fn left(&self) -> f32 {
        let share = self.rested as f32 / FADE as f32;
        self.rest * 0.5 * (1.0 + (std::f32::consts::PI * share).cos())
    }

    /// Forgets all but these. Returns who was talking as far as was told.
    pub(crate) fn keep(&mut self, plays: impl Fn(LinkId) -> bool) -> Vec<LinkId> {
        let gone: Vec<LinkId> = self.voices.keys().copied().filter(|link| !plays(*link)).collect();
        let mut talked = Vec::new();
        for link in gone {
            let Some(voice) = self.voices.remove(&link) else { continue };
            (self.rest, self.rested) = (self.left() + voice.last, 0);
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

#[cfg(test)]
mod tests;
