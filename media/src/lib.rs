//! Media of one daemon: links (WebRTC) and sound. Knows no call, no topic and no gossip.

pub mod fake;
pub mod host_media;
pub mod limits;
pub mod pipeline;
mod planes;
mod platform;
pub mod processing;
pub mod recording;
mod resample;
pub mod simple_webrtc;
pub mod tasks;
#[cfg(test)]
mod test_alloc;
