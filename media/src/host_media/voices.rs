//! Voices of the others, before they are mixed: who talks, and all at one loudness.

use std::collections::BTreeMap;

use crate::{
    processing::{Gain, PARTICIPANT, PIECE, Talk, VoiceDetector},
    simple_webrtc::engine::LinkId,
};

/// Everybody who is heard. One for each link that plays, so as many as there are links.
#[derive(Default)]
pub(crate) struct Voices(BTreeMap<LinkId, Voice>);

struct Voice {
    piece: [f32; PIECE],
    filled: usize,
    detector: VoiceDetector,
    gain: Gain,
    talk: Talk,
    told: bool,
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
                let voiced = if even { self.detector.hear(&self.piece) } else { self.detector.glance(&self.piece) };
                self.talk.hear(voiced);
                if even {
                    self.gain.hear(&self.piece, voiced);
                } else {
                    self.gain.release();
                }
            }
        }
    }
}

impl Voices {
    /// Hears sound of a link, of any length, and brings it to the loudness of the others if they are to be `even`.
    pub(crate) fn hear(&mut self, link: LinkId, sound: &mut [f32], even: bool) {
        let voice = self.0.entry(link).or_insert_with(Voice::new);
        voice.hear(sound, even);
        voice.gain.apply(sound);
    }

    /// Forgets all but these. Returns who was talking as far as was told.
    pub(crate) fn keep(&mut self, plays: impl Fn(LinkId) -> bool) -> Vec<LinkId> {
        let gone: Vec<LinkId> = self.0.keys().copied().filter(|link| !plays(*link)).collect();
        gone.into_iter().filter(|link| self.0.remove(link).is_some_and(|voice| voice.told)).collect()
    }

    /// Who began to talk, or stopped, since the last call.
    pub(crate) fn changes(&mut self) -> impl Iterator<Item = (LinkId, bool)> {
        self.0.iter_mut().filter_map(|(link, voice)| {
            let on = voice.talk.on();
            (std::mem::replace(&mut voice.told, on) != on).then_some((*link, on))
        })
    }
}
