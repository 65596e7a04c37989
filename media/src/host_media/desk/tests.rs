//! Desks and a wire between them, in virtual time.

mod hearing;
mod sending;
mod wire;

use super::*;
use crate::host_media::test_dir::TestDir;

/// A file in the test's folder as a device.
fn file(dir: &TestDir, name: &str) -> DeviceSpec {
    DeviceSpec::File { path: dir.path().join(name), looped: false }
}
