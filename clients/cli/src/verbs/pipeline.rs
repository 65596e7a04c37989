//! pipeline: manifests checked, set, shown and run.

use std::path::Path;

use ahoy_client::Client;
use ahoy_client::control::{
    CheckPipelineParams, EventKind, PipelineLevel, PipelineParams, PipelineReply, PipelineRun, PipelineRunState,
    PipelineScope, RunPipelineParams, SetPipelineParams,
};
use serde_json::{Value, json};

use crate::args::{PipedArgs, PipelineVerb};
use crate::failure::Failure;
use crate::out::Out;
use crate::verbs::meant::meant;

/// Bytes of a manifest: what fits into a line of the socket.
const MANIFEST_BYTES: usize = 60 * 1024;

/// Checks, sets, shows or runs a pipeline.
pub(crate) async fn pipeline(client: &mut Client, verb: &PipelineVerb, out: &Out) -> Result<(), Failure> {
    match verb {
        PipelineVerb::Show(of) => {
            let (scope, call, participant) = whose(client, of).await?;
            let set = client.pipeline(PipelineParams { scope, call, participant }).await?;
            out.show(&set, || drawn(&set))
        }
        PipelineVerb::Set { file, of } => set(client, read(file)?, of, out).await,
        PipelineVerb::Clear(of) => set(client, Value::Null, of, out).await,
        PipelineVerb::Check { file } => check(client, file, out).await,
        PipelineVerb::Run { file, input, output } => {
            let manifest = read(file)?;
            let (input, output) = (absolute(input)?, absolute(output)?);
            run(client, RunPipelineParams { manifest, input, output }, out).await
        }
    }
}

async fn whose(
    client: &mut Client,
    of: &PipedArgs,
) -> Result<(PipelineScope, Option<String>, Option<String>), Failure> {
    let scope = if of.of.is_some() { PipelineScope::Participant } else { PipelineScope::Capture };
    Ok((scope, meant(client, of.call.as_deref()).await?, of.of.clone()))
}

async fn set(client: &mut Client, manifest: Value, of: &PipedArgs, out: &Out) -> Result<(), Failure> {
    let (scope, call, participant) = whose(client, of).await?;
    let set = client.set_pipeline(SetPipelineParams { manifest, scope, call, participant }).await?;
    out.show(&set, || match (set.manifest.is_null(), scope, set.kept) {
        (true, ..) => "Sound passes as it is from now on.".to_owned(),
        (false, PipelineScope::Capture, true) => "What you say goes through it from now on.".to_owned(),
        (false, PipelineScope::Capture, false) => {
            "What you say goes through it until the daemon stops: it writes down what you say.".to_owned()
        }
        (false, PipelineScope::Participant, _) => {
            "You hear this participant through it until the call ends.".to_owned()
        }
    })
}

async fn check(client: &mut Client, file: &Path, out: &Out) -> Result<(), Failure> {
    let params = CheckPipelineParams { manifest: read(file)?, scope: PipelineScope::Capture };
    let checked = client.check_pipeline(params).await?;
    out.object(&checked)?;
    match checked.problem {
        None if out.is_json() => Ok(()),
        None => out.show(&json!({}), || "It can be used.".to_owned()),
        Some(problem) => {
            let node = problem.node.map(|node| format!(" at {node:?}")).unwrap_or_default();
            Err(Failure::Failed(format!("{}{node}: {}", problem.error, problem.message)))
        }
    }
}

async fn run(client: &mut Client, params: RunPipelineParams, out: &Out) -> Result<(), Failure> {
    client.subscribe(None).await?;
    let output = params.output.clone();
    let begun = client.run_pipeline(params).await?;
    loop {
        let notice = client.event().await?;
        let Some(EventKind::PipelineRun(told)) = notice.known.map(|event| event.kind) else { continue };
        if told.run != begun.run {
            continue;
        }
        let PipelineRun { state, done_ms, total_ms, detail, .. } = told;
        match state {
            PipelineRunState::Running => {
                out.object(&notice.raw)?;
                out.live(Some(&format!("{} of {} s", done_ms / 1_000, total_ms / 1_000)));
            }
            PipelineRunState::Done => {
                out.live(None);
                let made = json!({ "output": output, "duration_ms": total_ms });
                return out.show(&made, || format!("Made: {output} ({:.1} s)", seconds(total_ms)));
            }
            PipelineRunState::Failed => return Err(Failure::Failed(detail.unwrap_or_default())),
        }
    }
}

/// An hour at most.
fn seconds(ms: u64) -> f64 {
    f64::from(u32::try_from(ms).unwrap_or(u32::MAX)) / 1_000.0
}

fn read(file: &Path) -> Result<Value, Failure> {
    use std::io::Read as _;
    let mut text = String::new();
    let most = u64::try_from(MANIFEST_BYTES).unwrap_or(u64::MAX) + 1;
    let told = |error: &dyn std::fmt::Display| Failure::Usage(format!("{}: {error}", file.display()));
    let input: Box<dyn std::io::Read> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file).map_err(|error| told(&error))?)
    };
    input.take(most).read_to_string(&mut text).map_err(|error| told(&error))?;
    if text.len() > MANIFEST_BYTES {
        return Err(told(&format_args!("longer than {MANIFEST_BYTES} bytes: no manifest")));
    }
    serde_json::from_str(&text).map_err(|error| told(&error))
}

/// The daemon has a working directory of its own.
fn absolute(path: &Path) -> Result<String, Failure> {
    Ok(std::path::absolute(path)?.display().to_string())
}

/// A line a node, in the order of the manifest, with where its sound comes from and what a meter shows.
fn drawn(set: &PipelineReply) -> String {
    let Some(nodes) = set.manifest["nodes"].as_array() else {
        return "No pipeline is set: sound passes as it is.".to_owned();
    };
    let mut lines: Vec<String> = nodes.iter().map(|node| node_line(node, set)).collect();
    lines.push(format!("{:<16} <- {}", "output", sources(&set.manifest, "output")));
    let kept = if set.kept { "kept over restarts" } else { "until the daemon stops, or the call ends" };
    lines.push(format!("{:.1} ms later, {kept}", set.delay_ms));
    lines.join("\n")
}

fn node_line(node: &Value, set: &PipelineReply) -> String {
    let text = |field: &str| node[field].as_str().unwrap_or_default().to_owned();
    let (id, kind) = (text("id"), text("type"));
    let params = node["params"].as_object().into_iter().flatten();
    let params: Vec<String> = params.map(|(name, value)| format!("{name}={value}")).collect();
    let level = set.levels.iter().find(|level| level.node == id).map(|level| format!("  {}", shown(level)));
    let what = [kind, params.join(" ")].join(" ");
    format!("{id:<16} <- {:<16} {}{}", sources(&set.manifest, &id), what.trim_end(), level.unwrap_or_default())
}

fn sources(manifest: &Value, to: &str) -> String {
    let edges = manifest["edges"].as_array().into_iter().flatten();
    let from: Vec<&str> = edges.filter(|edge| edge["to"] == to).filter_map(|edge| edge["from"].as_str()).collect();
    from.join(" + ")
}

fn shown(level: &PipelineLevel) -> String {
    let bar = super::sound::bar(whole(level.level_dbfs), whole(level.peak_dbfs));
    format!("[{bar}] {:.0} dB, peak {:.0}", level.level_dbfs, level.peak_dbfs)
}

/// In range: -120 to 60.
fn whole(dbfs: f64) -> i16 {
    dbfs.clamp(-200.0, 200.0).round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_is_drawn_with_its_ways_and_levels() {
        let manifest = json!({
            "nodes": [{"id": "late", "type": "delay", "params": {"delay_ms": 20}}, {"id": "sum", "type": "mix"},
                {"id": "meter", "type": "level_meter"}],
            "edges": [{"from": "input", "to": "late"}, {"from": "input", "to": "sum"}, {"from": "late", "to": "sum"},
                {"from": "sum", "to": "meter"}, {"from": "sum", "to": "output"}],
        });
        let levels = vec![PipelineLevel { node: "meter".into(), level_dbfs: -30.0, peak_dbfs: -12.4 }];
        let (call, account, device) = (None, None, None);
        let set = PipelineReply { manifest, delay_ms: 0.0, kept: true, levels, call, account, device };
        let text = drawn(&set);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "late             <- input            delay delay_ms=20");
        assert_eq!(lines[1], "sum              <- input + late     mix");
        assert!(lines[2].starts_with("meter            <- sum              level_meter  [###############"), "{text}");
        assert!(lines[2].ends_with("-30 dB, peak -12"), "{text}");
        assert_eq!(lines[3], "output           <- sum");
        assert_eq!(lines[4], "0.0 ms later, kept over restarts");
        let none = PipelineReply { manifest: Value::Null, ..set };
        assert_eq!(drawn(&none), "No pipeline is set: sound passes as it is.");
    }
}
