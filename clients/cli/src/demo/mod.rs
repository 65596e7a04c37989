//! `ahoy demo`: a call between two daemons of our own, measured.

use crate::args::DemoArgs;
use crate::failure::Failure;
use crate::out::Out;

/// Not written yet.
pub(crate) async fn run(_args: &DemoArgs, _out: Out) -> Result<(), Failure> {
    Err(Failure::Failed("not written yet".to_owned()))
}
