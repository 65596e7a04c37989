//! A chain of filters for a voice: tried on a recording, then used in every call.
//! `cargo run -p ahoy-examples --bin pipeline -- HOME examples/pipeline.json IN.wav OUT.wav`

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

use ahoy_client::Client;
use ahoy_client::control::{
    CheckPipelineParams, EventKind, PipelineRunState, PipelineScope, RunPipelineParams, SetPipelineParams,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [home, manifest, input, output] = arguments.as_slice() else {
        return Err("usage: pipeline HOME MANIFEST.json IN.wav OUT.wav".into());
    };
    let manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(manifest)?)?;
    let mut ahoy = Client::connect(Some(home), "pipeline example").await?;

    let scope = PipelineScope::Capture;
    let checked = ahoy.check_pipeline(CheckPipelineParams { manifest: manifest.clone(), scope }).await?;
    if let Some(problem) = checked.problem {
        return Err(format!("{}: {}", problem.error, problem.message).into());
    }

    // Once over a file: the daemon tells how it goes.
    ahoy.subscribe(None).await?;
    let absolute = |path: &PathBuf| std::path::absolute(path).map(|path| path.display().to_string());
    let (input, output) = (absolute(input)?, absolute(output)?);
    let run = ahoy.run_pipeline(RunPipelineParams { manifest: manifest.clone(), input, output }).await?;
    say(&format!("{} ms of sound", run.total_ms))?;
    loop {
        let Some(EventKind::PipelineRun(told)) = ahoy.event().await?.known.map(|event| event.kind) else { continue };
        match told.state {
            PipelineRunState::Running => say(&format!("{} ms are done", told.done_ms))?,
            PipelineRunState::Done => break,
            PipelineRunState::Failed => return Err(told.detail.unwrap_or_default().into()),
        }
    }
    say("the file is made")?;

    // And over the microphone, from now on.
    let set = ahoy.set_pipeline(SetPipelineParams { manifest, scope, call: None, participant: None }).await?;
    say(&format!("set: {} ms later, kept: {}", set.delay_ms, set.kept))?;
    for level in set.levels {
        say(&format!("{} shows {} dB", level.node, level.level_dbfs))?;
    }
    Ok(())
}

fn say(text: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{text}")
}
