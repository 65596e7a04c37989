//! What is heard of the far end's room: how loud it is between words, and how it sounds.

/// Coefficients of the room's sound: enough for its tilt and where its band ends, too few for a voice.
pub(super) const ORDER: usize = 12;

/// Correlation of a sound with itself, up to [`ORDER`] samples later; the first is its mean square.
pub(super) type Correlation = [f32; ORDER + 1];

/// Samples looked at together: 10 ms.
const PIECE: usize = 480;

/// The quietest piece of the last 4 s is the measure: people breathe more often than that. Kept in parts of half a second.
const PARTS: usize = 8;
const PART: usize = 24_000;

/// Mean square over the quietest from which on a piece is no room but a voice: 6 dB. Noise alone varies by less.
const VOICE: f32 = 4.0;

/// Mean square over which nothing is a room, -35 dB of full scale: music, a tone, somebody who never pauses.
const LOUDEST: f32 = 3.2e-4;

/// Mean square below which it is digital silence, -90 dB: a muted microphone, a gate. No room is there then.
const SILENT: f32 = 1e-9;

/// Pieces from which on the room is known (0.2 s), and that its sound goes back.
const KNOWN: u16 = 20;
const MEMORY: u16 = 64;

/// Learns the room from decoded sound.
#[derive(Debug)]
pub(super) struct Background {
    /// The least mean square of each part, the latest last.
    least: [f32; PARTS],
    /// Samples of the latest part.
    heard: usize,
    correlation: Correlation,
    /// Pieces that it was learned from, up to [`MEMORY`].
    pieces: u16,
}

impl Default for Background {
    fn default() -> Self {
        Self { least: [f32::MAX; PARTS], heard: 0, correlation: [0.0; ORDER + 1], pieces: 0 }
    }
}

impl Background {
    /// Hears decoded sound.
    pub(super) fn hear(&mut self, sound: &[f32]) {
        for piece in sound.chunks(PIECE) {
            self.piece(piece);
        }
    }

    fn piece(&mut self, piece: &[f32]) {
        let power = correlation(piece, 0);
        let floor = self.floor(power, piece.len());
        if floor <= SILENT || power > LOUDEST || power > floor * VOICE {
            return;
        }
        // The room has become far quieter: what was learned of it before says nothing any more.
        if self.power() > floor * VOICE * VOICE {
            self.pieces = 0;
        }
        self.pieces = (self.pieces + 1).min(MEMORY);
        let weight = 1.0 / f32::from(self.pieces);
        for (lag, known) in self.correlation.iter_mut().enumerate() {
            *known += (correlation(piece, lag) - *known) * weight;
        }
    }

    /// Mean square of the quietest piece of the last 4 s, of which the latest has this one.
    fn floor(&mut self, power: f32, samples: usize) -> f32 {
        if self.heard >= PART {
            self.least.rotate_left(1);
            self.heard = 0;
            if let Some(latest) = self.least.last_mut() {
                *latest = f32::MAX;
            }
        }
        self.heard += samples;
        if let Some(latest) = self.least.last_mut() {
            *latest = latest.min(power);
        }
        self.quietest()
    }

    fn quietest(&self) -> f32 {
        self.least.iter().copied().fold(f32::MAX, f32::min)
    }

    fn power(&self) -> f32 {
        self.correlation.first().copied().unwrap_or(0.0)
    }

    /// How the room sounds; none if it is not known, or if there was digital silence in the last 4 s.
    pub(super) fn known(&self) -> Option<&Correlation> {
        let silent = self.quietest() <= SILENT;
        (self.pieces >= KNOWN && !silent).then_some(&self.correlation)
    }
}

/// Mean product of a sound with itself `lag` samples later.
fn correlation(sound: &[f32], lag: usize) -> f32 {
    let later = sound.get(lag..).unwrap_or_default();
    sound.iter().zip(later).map(|(a, b)| a * b).sum::<f32>() / sound.len().max(1) as f32
}
