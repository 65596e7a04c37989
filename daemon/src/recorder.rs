//! An engine and a sound for tests: they do nothing and write down what they were asked.

use std::collections::HashMap;
use std::sync::Mutex;

use ahoy_media::host_media::api::{
    DeviceInfo, Piped, Processing, ReceiveStats, Selection, Sound, SoundError, SourceStats,
};
use ahoy_media::host_media::check::SoundCheck;
use ahoy_media::pipeline::Pipeline;
use ahoy_media::recording::{Tap, Tapped};
use ahoy_media::simple_webrtc::engine::{
    AudioFrame, AudioPacket, Candidate, DescriptionKind, Engine, EngineError, LinkId, LinkSpec, PacketSink,
    TransportStats,
};
use ahoy_media::tasks::Tasks;
use bytes::Bytes;

/// Writes down what the actor does with links and sound.
#[derive(Default)]
pub(crate) struct Recorder {
    done: Mutex<Vec<String>>,
    pub(crate) refuse: Mutex<HashMap<&'static str, EngineError>>,
    pub(crate) stats: Mutex<HashMap<LinkId, TransportStats>>,
    pub(crate) heard: Mutex<HashMap<LinkId, ReceiveStats>>,
    pub(crate) open: Mutex<usize>,
}

impl Recorder {
    fn note(&self, what: String) {
        self.done.lock().unwrap().push(what);
    }

    fn engine(&self, what: &'static str, note: String) -> Result<(), EngineError> {
        self.note(note);
        self.refuse.lock().unwrap().get(what).cloned().map_or(Ok(()), Err)
    }

    /// What was done since the last time.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.done.lock().unwrap())
    }
}

impl Engine for Recorder {
    fn open(&self, spec: LinkSpec) -> Result<(), EngineError> {
        let LinkSpec { link, role, policy, bind, .. } = spec;
        self.engine("open", format!("open {} {role:?} {policy:?} {bind:?}", link.0))
    }
    fn apply(&self, link: LinkId, kind: DescriptionKind, generation: u32, sdp: String) -> Result<(), EngineError> {
        self.engine("apply", format!("apply {} {kind:?} {generation} {sdp}", link.0))
    }
    fn add_candidate(&self, link: LinkId, generation: u32, candidate: Candidate) -> Result<(), EngineError> {
        self.engine("candidate", format!("candidate {} {generation} {:?} {}", link.0, candidate.kind, candidate.ip))
    }
    fn end_of_candidates(&self, link: LinkId, generation: u32) -> Result<(), EngineError> {
        self.engine("end", format!("end {} {generation}", link.0))
    }
    fn restart(&self, link: LinkId, generation: u32) -> Result<(), EngineError> {
        self.engine("restart", format!("restart {} {generation}", link.0))
    }
    fn send_audio(&self, _link: LinkId, _frame: AudioFrame) -> Result<(), EngineError> {
        Ok(())
    }
    fn send_ctl(&self, link: LinkId, message: Bytes) -> Result<(), EngineError> {
        self.engine("ctl", format!("ctl {} {message:?}", link.0))
    }
    fn stats(&self, link: LinkId) -> Result<TransportStats, EngineError> {
        self.stats.lock().unwrap().get(&link).cloned().ok_or(EngineError::NoSuchLink)
    }
    fn close(&self, link: LinkId) {
        self.note(format!("close {}", link.0));
    }
    fn open_links(&self) -> usize {
        *self.open.lock().unwrap()
    }

    fn tasks(&self) -> Tasks {
        Tasks::default()
    }
}

struct Nowhere;

impl PacketSink for Nowhere {
    fn packet(&mut self, _packet: AudioPacket) {}
}

impl Sound for Recorder {
    fn microphone(&self, open: bool) {
        self.note(format!("microphone {open}"));
    }
    fn mute(&self, muted: bool) {
        self.note(format!("mute {muted}"));
    }
    fn process(&self, processing: Processing) {
        self.note(format!("process {processing:?}"));
    }
    fn pipe(&self, what: Piped, pipeline: Option<Pipeline>) -> Result<(), SoundError> {
        self.note(format!("pipe {what:?} {}", pipeline.is_some()));
        Ok(())
    }
    fn select(&self, selection: Selection) -> Result<(), SoundError> {
        self.note(format!("select {selection:?}"));
        Ok(())
    }
    fn check(&self, check: SoundCheck) -> Result<(), SoundError> {
        self.note(format!("check {check:?}"));
        Ok(())
    }
    fn add_link(&self, link: LinkId) -> Box<dyn PacketSink> {
        self.note(format!("hear {}", link.0));
        Box::new(Nowhere)
    }
    fn send(&self, link: LinkId, on: bool) {
        self.note(format!("send {} {on}", link.0));
    }
    fn play(&self, link: LinkId, on: bool) {
        self.note(format!("play {} {on}", link.0));
    }
    fn remove_link(&self, link: LinkId) {
        self.note(format!("forget {}", link.0));
    }
    fn tap(&self, what: Tapped, tap: Option<Tap>) {
        self.note(format!("tap {what:?} {}", tap.is_some()));
    }
    fn receive_stats(&self, link: LinkId) -> Option<ReceiveStats> {
        self.heard.lock().unwrap().get(&link).cloned()
    }
    fn missing_samples(&self) -> u64 {
        480
    }

    fn source_stats(&self) -> SourceStats {
        SourceStats { target_bitrate_bps: 32_000, held_ms: 6.5 }
    }
    fn devices(&self) -> Vec<DeviceInfo> {
        Vec::new()
    }
}
