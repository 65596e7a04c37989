//! `index.json`: who is in a recording, when each agreed, and where the files begin.

use std::path::Path;

use serde::Serialize;

use super::{Answer, Party, folder, timeline::Gap};
use crate::host_media::opus::RATE;

/// Times are Unix ms, places are ms since the recording began.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Index {
    /// Of this form.
    pub(super) version: u32,
    /// Call id; the first, where the call went on with another one.
    pub(super) call: String,
    /// When the recording began.
    pub(super) started_at_ms: u64,
    /// When it ended; none: it goes on, or was cut off by a kill.
    pub(super) ended_at_ms: Option<u64>,
    /// Why it ended.
    pub(super) reason: Option<&'static str>,
    /// Sound of all files up to here is on the disk, ms.
    pub(super) written_ms: u64,
    /// Of every file.
    pub(super) codec: &'static str,
    /// Of every file.
    pub(super) sample_rate_hz: u32,
    /// The file of all voices together.
    pub(super) mixed: &'static str,
    /// A file each.
    pub(super) tracks: Vec<IndexTrack>,
    /// Those who were asked, with what they said.
    pub(super) asked: Vec<Answer>,
    /// Sound of all tracks that is missing because the disk or this machine was too slow, ms.
    pub(super) missed_ms: u64,
}

/// One voice.
#[derive(Clone, Debug, Serialize)]
pub(super) struct IndexTrack {
    /// In the same folder.
    pub(super) file: String,
    #[serde(flatten)]
    pub(super) party: Party,
    /// It is the voice of whoever records.
    pub(super) own: bool,
    /// Where its first sample lies in the recording, ms.
    pub(super) offset_ms: f64,
    /// The same in samples.
    pub(super) offset_samples: i64,
    /// When its first sample was heard.
    pub(super) started_at_ms: u64,
    /// When the participant agreed; none for our own voice.
    pub(super) consented_at_ms: Option<u64>,
    /// When it took that back.
    pub(super) withdrawn_at_ms: Option<u64>,
    /// Nothing came from it there: silence in the file.
    pub(super) gaps: Vec<IndexGap>,
}

/// Silence because nothing came.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct IndexGap {
    from_ms: f64,
    to_ms: f64,
}

/// Milliseconds of samples.
pub(super) fn ms(samples: i64) -> f64 {
    samples as f64 * 1_000.0 / f64::from(RATE)
}

impl From<Gap> for IndexGap {
    fn from(gap: Gap) -> Self {
        Self { from_ms: ms(gap.from), to_ms: ms(gap.to) }
    }
}

impl Index {
    /// Writes it in the place of the one that is there.
    pub(super) fn write(&self, folder: &Path) -> std::io::Result<()> {
        let text = serde_json::to_vec_pretty(self)?;
        folder::replace(&folder.join("index.json"), &text)
    }
}
