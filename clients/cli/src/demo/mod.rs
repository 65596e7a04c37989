//! `ahoy demo`: a call between two daemons of our own on this machine, measured.
//!
//! Each daemon has a home of its own and speaks a recording of its own. What each heard is written to a WAV file by the
//! daemon itself, and judged afterwards: the other's speech must be there, one's own must not.

use std::path::{Path, PathBuf};

use crate::args::DemoArgs;
use crate::failure::Failure;
use crate::out::Out;
use crate::platform;

mod chart;
mod figures;
mod report;
mod script;
mod side;
mod timeline;

#[cfg(test)]
mod tests;

use figures::Figures;
use timeline::Timeline;

/// What A says unless told otherwise.
const SPEECH_A: &[u8] = include_bytes!("../../../../tests/speech/ada.wav");

/// What B says unless told otherwise.
const SPEECH_B: &[u8] = include_bytes!("../../../../tests/speech/ben.wav");

/// Where things of one demo lie.
struct Places {
    /// Homes of the daemons and the recordings; gone after the demo.
    scratch: tempfile::TempDir,
    /// Heard recordings, report and logs; stays.
    kept: PathBuf,
    speech_a: PathBuf,
    speech_b: PathBuf,
}

/// Holds the call and judges it. Fails unless each side heard the other and not itself.
pub(crate) async fn run(args: &DemoArgs, out: &Out) -> Result<(), Failure> {
    if !(5.0..=600.0).contains(&args.talk) {
        return Err(Failure::Usage(format!("--talk {}: 5 to 600 seconds make sense", args.talk)));
    }
    let places = Places::prepare(args)?;
    let mut timeline = Timeline::new(out);
    let held = script::hold_call(args, &places, &mut timeline).await;
    keep_logs(&places);
    let held = held?;
    timeline.step("judge", "comparing what was said with what was heard")?;
    let figures = Figures::of(&held, &places, args.talk)?;
    let report = places.kept.join("report.html");
    std::fs::write(&report, report::html(&figures, &timeline, &held))
        .map_err(|error| Failure::Failed(format!("can't write {}: {error}", report.display())))?;
    out.show(&figures.result(&report), || figures.text(&report))?;
    figures.verdict()
}

impl Places {
    fn prepare(args: &DemoArgs) -> Result<Self, Failure> {
        let cannot = |what: &Path, error| Failure::Failed(format!("can't use {}: {error}", what.display()));
        let scratch = tempfile::Builder::new().prefix("ahoy-demo-").tempdir()?;
        let kept = match &args.keep {
            Some(dir) => std::path::absolute(dir).map_err(|error| cannot(dir, error))?,
            None => tempfile::Builder::new().prefix("ahoy-heard-").tempdir()?.keep(),
        };
        platform::private_dir(&kept).map_err(|error| cannot(&kept, error))?;
        // What an earlier demo left here would be taken for this one's.
        for name in ["heard_a.wav", "heard_b.wav", "report.html"] {
            match std::fs::remove_file(kept.join(name)) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(cannot(&kept, error)),
            }
        }
        let speech = |given: &Option<PathBuf>, name: &str, ours: &[u8]| match given {
            Some(path) => std::fs::canonicalize(path).map_err(|error| cannot(path, error)),
            None => {
                let path = scratch.path().join(name);
                std::fs::write(&path, ours).map_err(|error| cannot(&path, error)).map(|()| path)
            }
        };
        let speech_a = speech(&args.speech_a, "a.wav", SPEECH_A)?;
        let speech_b = speech(&args.speech_b, "b.wav", SPEECH_B)?;
        Ok(Self { scratch, kept, speech_a, speech_b })
    }

    fn heard(&self, side: &str) -> PathBuf {
        self.kept.join(format!("heard_{side}.wav"))
    }
}

/// Copies the daemons' logs out of the homes that are about to vanish.
fn keep_logs(places: &Places) {
    for side in ["a", "b"] {
        let log = places.scratch.path().join(side).join("logs").join("ahoyd.log");
        // No log is no reason to fail: the daemon may not have come that far.
        std::fs::copy(log, places.kept.join(format!("ahoyd_{side}.log"))).ok();
    }
}
