//! Desks and a wire between them, in virtual time.

mod choosing;
mod hearing;
mod mute;
mod piping;
mod recovering;
mod sending;
mod talking;
mod taping;
mod wire;

use super::*;
use crate::{
    host_media::{api::DeviceSpec, test_dir::TestDir},
    simple_webrtc::engine::{AudioFrame, LinkId},
};

/// A file in the test's folder as a device.
fn file(dir: &TestDir, name: &str) -> DeviceSpec {
    DeviceSpec::File { path: dir.path().join(name), looped: false, stereo: false }
}
