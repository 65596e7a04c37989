//! What other people's programs make of our files: opus-tools (Debian: `apt-get install opus-tools`), for tests. Where they are
//! missing, that is said and nothing is tested.

use std::{
    path::Path,
    process::{Command, Output},
};

/// Runs one of them; none if it isn't installed.
#[expect(clippy::print_stdout, reason = "a test that is left out is to be seen")]
fn run(program: &str, words: &[&Path]) -> Option<Output> {
    match Command::new(program).args(words).output() {
        Ok(output) => Some(output),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("SKIPPED: no {program} on this machine (Debian: apt-get install opus-tools)");
            None
        }
        Err(error) => panic!("{program}: {error}"),
    }
}

/// What `opusinfo` says: it looks at checksums, positions, sequence numbers and the ends of streams.
pub(crate) fn info(file: &Path) -> Option<String> {
    let output = run("opusinfo", &[file])?;
    Some(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

/// What `opusdec` plays, full scale 1.
///
/// # Panics
/// If it refuses the file.
pub(crate) fn play(file: &Path) -> Option<Vec<f32>> {
    let out = file.with_extension("wav");
    let output = run("opusdec", &[Path::new("--quiet"), Path::new("--no-dither"), file, &out])?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let samples = hound::WavReader::open(out).unwrap().into_samples::<i16>();
    Some(samples.map(|sample| f32::from(sample.unwrap()) / 32_768.0).collect())
}
