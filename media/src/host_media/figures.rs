//! Figures of sound.

/// What limits the sound between us and a participant, as far as it can be told apart from here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Limit {
    /// Nothing.
    #[default]
    None,
    /// What we send arrives badly, or we send less so that it arrives, at everybody: our way out (between two, perhaps their
    /// way in).
    MyUplink,
    /// What this one sends arrives badly, and others don't (between two, perhaps our way in).
    TheirUplink,
    /// Both directions, or something between us and this one alone, or (with several) our way in.
    Path,
    /// This machine is too busy: the audio thread comes too late.
    Cpu,
}

/// Figures of what is heard from a link.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReceiveStats {
    /// Packets that came (doubles not counted).
    pub packets_received: u64,
    /// Packets that never came, or too late.
    pub packets_lost: u64,
    /// Interarrival jitter (RFC 3550 section 6.4.1), ms.
    pub jitter_ms: f64,
    /// Sound waiting now, ms.
    pub jitter_buffer_ms: f64,
    /// From arrival to playback, ms.
    pub playout_delay_ms: f64,
    /// From the first sample of a frame there to its sound here, ms, the way and all waiting included, without what is held back
    /// before a frame there (look-ahead, processing). None before a round trip is known and sound was heard.
    pub behind_ms: Option<f64>,
    /// Sound that had to be made up, ms.
    pub concealed_ms: f64,
    /// Frames repaired by in-band FEC.
    pub fec_recovered: u64,
    /// Packets that were lost, and came in time when they were asked for.
    pub retransmitted: u64,
    /// Packets that were lost, and whose copy came in time.
    pub copies_used: u64,
    /// Packets that were no Opus packets.
    pub packets_refused: u64,
    /// What limits sound to and from there.
    pub limited_by: Limit,
}

impl ReceiveStats {
    /// From the microphone there to the speaker here, ms. What they hold back before a frame is taken to be what we do (the same
    /// software with the same stages); the two ways of a round trip are taken to be alike.
    #[must_use]
    pub fn mouth_to_ear_ms(&self, ours: &SourceStats) -> Option<f64> {
        self.behind_ms.map(|ms| ms + ours.held_ms)
    }
}

/// Figures of what is sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceStats {
    /// Bits a second the encoder aims at.
    pub target_bitrate_bps: u32,
    /// From the microphone to the encoded frame, beside the frame itself, ms: the encoder's look-ahead, processing, pipelines.
    pub held_ms: f64,
}
