//! Sound in the place of what is late or lost.

use super::{Adaptive, FrameDecoder, GRAIN, Pulled, State};

/// Sound made up at a time while nothing comes, samples: 10 ms.
const PIECE: usize = 480;

/// Sound made up at most while nothing comes, samples: 120 ms. Longer sounds like a machine.
const MADE_UP_MAX: usize = 5_760;

impl<D: FrameDecoder> Adaptive<D> {
    /// Packets are lost: the last of them may be in the next packet, the others are made up. `left` samples are missing
    /// from `next` on.
    pub(super) fn fill_gap(&mut self, next: i64, left: i64) -> Pulled {
        let Some(first) = self.order.first() else { return Pulled::Silence };
        let (frame, end) = (first.samples, first.timestamp);
        let wanted = usize::try_from(left).unwrap_or(0).min(frame);
        if left < frame as i64 + GRAIN
            && self.decoder.has_fec(&first.payload)
            && self.decoder.recover(&first.payload, frame, &mut self.scratch)
        {
            self.scratch.forget(frame - wanted);
            self.comfort.back(&mut self.scratch.mid);
            self.sound.append(&self.scratch);
            self.counts.repaired += 1;
            self.pass_over();
            self.state = State::Playing { next: end, owed: 0 };
            return Pulled::Sound;
        }
        let piece = left.min(PIECE as i64) / GRAIN * GRAIN;
        self.make_up(usize::try_from(piece).unwrap_or(0), false);
        self.state = State::Playing { next: next + piece, owed: 0 };
        Pulled::MadeUp
    }

    /// Nothing is there: makes sound up, for a while.
    pub(super) fn starve(&mut self, next: i64, owed: usize) -> Pulled {
        if owed >= MADE_UP_MAX {
            self.state = State::Waiting;
            return Pulled::Silence;
        }
        let owed = owed + PIECE;
        self.make_up(PIECE, owed >= MADE_UP_MAX);
        self.state = State::Playing { next, owed };
        Pulled::MadeUp
    }

    /// Adds made-up sound, with the room under it; the `last` of it must not end with a click.
    pub(super) fn make_up(&mut self, samples: usize, last: bool) {
        self.decoder.conceal(samples, &mut self.scratch);
        if last {
            self.scratch.scale(|n| 1.0 - n as f32 / samples as f32);
        }
        self.comfort.cover(&mut self.scratch.mid);
        self.sound.append(&self.scratch);
        self.counts.concealed += samples;
    }
}
