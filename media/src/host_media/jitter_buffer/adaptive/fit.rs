//! Sound made shorter or longer, so that the delay comes to the wanted one.

use super::{Adaptive, FrameDecoder, Held, LOSS_WEIGHT, State};
use crate::host_media::{
    clock::us_to_samples,
    jitter_buffer::stretch::{self, Care},
};
use crate::planes::Planes;

/// Delay beyond the wanted one that is left alone, microseconds.
const SLACK_US: i64 = 8_000;

/// What shortening leaves of the delay beyond the wanted one, microseconds: where many links play, sound is pulled in
/// blocks of 5 ms, and a frame that is shorter makes the next one be needed up to a block sooner.
const LEFT_US: i64 = 5_000;

/// Both for frames below 10 ms (samples), of people who are near: they are there for the shortest delay.
const NEAR_SLACK_US: i64 = 4_000;
const NEAR_LEFT_US: i64 = 1_500;
const NEAR_FRAME: usize = 480;

/// What is left alone in frames of at least this many samples where they are heard, microseconds: they come on narrow ways, where
/// the wanted delay changes with every keep-alive, and a syllable that is made shorter costs more than delay.
const LONG_FRAME: usize = 1_920;
const LONG_SLACK_US: i64 = 40_000;

/// Delay beyond the wanted one from which every frame is shortened, heard or not, microseconds.
const FORCED_US: i64 = 60_000;

/// Delay short of the wanted one from which frames are lengthened, microseconds.
const SHORT_US: i64 = 2_000;

impl<D: FrameDecoder> Adaptive<D> {
    /// `sound`, of a packet of `samples` that came `excess_us` sooner than needed, is spliced where that is too much or too
    /// little.
    pub(super) fn fit(&mut self, sound: &mut Planes, excess_us: i64, samples: usize) {
        let (slack_us, left_us) = match samples {
            0..NEAR_FRAME => (NEAR_SLACK_US, NEAR_LEFT_US),
            LONG_FRAME.. if !stretch::quiet(sound) => (LONG_SLACK_US, LEFT_US),
            _ => (SLACK_US, LEFT_US),
        };
        if excess_us > slack_us {
            let care = if excess_us > FORCED_US { Care::Forced } else { Care::Unheard };
            let most = us_to_samples((excess_us - left_us).unsigned_abs());
            self.gather(sound);
            stretch::shorten(sound, care, usize::try_from(most).unwrap_or(usize::MAX));
        } else if excess_us < -SHORT_US {
            stretch::lengthen(sound, Care::Unheard);
        }
    }

    /// Decodes packets that follow, where `sound` is too short to be spliced: what waits too long has others behind it.
    fn gather(&mut self, sound: &mut Planes) {
        while sound.len() < stretch::NEEDED
            && let State::Playing { next, owed: 0 } = self.state
            && self.order.first().is_some_and(|first| first.timestamp == next)
            && let Some(Held { samples, payload, .. }) = self.order.take()
        {
            self.state = State::Playing { next: next + samples as i64, owed: 0 };
            self.loss -= self.loss * LOSS_WEIGHT;
            if self.decoder.decode(&payload, &mut self.scratch) {
                self.comfort.sound(&mut self.scratch.mid);
                sound.append(&self.scratch);
            } else {
                let heard = self.sound.len();
                self.make_up(samples, false);
                self.sound.move_end_into(heard, sound);
            }
        }
    }
}
