//! Holds calls over every road and writes down what came of them: recordings, and a line of JSON for each direction.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints its findings")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ahoy_quality::{
    call::{self, Direction, LEAD_S, Plan},
    measure::{Figures, Lag, Pair, RATE, figures, quantile},
    profile::{self, Profile},
    speech,
};
use clap::Parser;
use serde::Serialize;

/// Bytes of head and tag that the figures of peers count a packet with.
const COUNTED_HEAD_BYTES: u64 = 50;

/// Calls over bad roads, in virtual time.
#[derive(Parser)]
struct Options {
    /// Speech to be said by both sides: WAV, 16 bit.
    #[arg(long)]
    speech: PathBuf,
    /// Where recordings and figures go.
    #[arg(long)]
    out: PathBuf,
    /// How many seeds, from 1 on.
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    /// Only these profiles.
    #[arg(long, value_delimiter = ',')]
    profiles: Vec<String>,
    /// Encoder bitrate, bits a second.
    #[arg(long, default_value_t = 40_000)]
    bitrate_bps: u32,
    /// Sound in a packet, ms.
    #[arg(long, default_value_t = 20)]
    frame_ms: u32,
    /// Nothing is asked for again.
    #[arg(long)]
    no_questions: bool,
    /// Music mode, where the road allows it.
    #[arg(long)]
    music: bool,
}

/// One direction of one call.
#[derive(Serialize)]
struct Line<'a> {
    profile: &'a str,
    seed: u64,
    way: usize,
    heard: &'a Path,
    start_s: f64,
    lead_s: f64,
    kbps: f64,
    lost_percent: f64,
    concealed_ms: f64,
    fec_recovered: u64,
    wait_max_ms: f64,
    #[serde(flatten)]
    figures: Figures,
    lags: Vec<Lag>,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// What both say at 48 kHz, with the silence before and after; written where the stages read it.
fn prepare(options: &Options) -> Result<(PathBuf, Vec<f32>), String> {
    let told = |error: hound::Error| format!("{}: {error}", options.speech.display());
    let (rate, said) = speech::read(&options.speech).map_err(told)?;
    let whole = speech::framed(&said, rate, LEAD_S);
    let path = options.out.join("spoken.wav");
    speech::write(&path, 48_000, &whole).map_err(told)?;
    Ok((path, speech::resampled(&whole, 48_000, RATE)))
}

fn run(options: &Options) -> Result<(), String> {
    std::fs::create_dir_all(&options.out).map_err(|error| format!("{}: {error}", options.out.display()))?;
    let (path, spoken) = prepare(options)?;
    let known = profile::all();
    if let Some(name) = options.profiles.iter().find(|name| profile::named(name).is_none()) {
        let names: Vec<&str> = known.iter().map(|profile| profile.name).collect();
        return Err(format!("no profile is called `{name}`; there are {}", names.join(", ")));
    }
    let wanted =
        |profile: &&Profile| options.profiles.is_empty() || options.profiles.iter().any(|name| name == profile.name);
    let mut lines = Vec::new();
    for profile in known.iter().filter(wanted) {
        for seed in 1..=options.seeds {
            lines.extend(one(options, profile, seed, &path, &spoken)?);
        }
    }
    let table = options.out.join("calls.jsonl");
    std::fs::write(&table, lines.join("\n") + "\n").map_err(|error| format!("{}: {error}", table.display()))
}

/// One call; its two lines.
fn one(options: &Options, profile: &Profile, seed: u64, path: &Path, spoken: &[f32]) -> Result<Vec<String>, String> {
    let heard = [0, 1].map(|way| options.out.join(format!("{}-{seed}-{way}.wav", profile.name)));
    let length_us = spoken.len() as u64 * 1_000_000 / u64::from(RATE);
    let plan = Plan {
        profile,
        back: None,
        seed,
        spoken: path,
        // The first direction is what the second side hears.
        heard: [heard[1].clone(), heard[0].clone()],
        length_us,
        drift_ppm: 0.0,
        bitrate_bps: options.bitrate_bps,
        frame_ms: options.frame_ms,
        no_questions: options.no_questions,
        music: options.music,
    };
    let directions = call::hold(&plan).map_err(|error| error.to_string())?;
    let mut lines = Vec::new();
    for (way, direction) in directions.iter().enumerate() {
        let line = line(profile, (seed, way), direction, &heard[way], spoken)?;
        let text = serde_json::to_string(&line).map_err(|error| error.to_string())?;
        print(&line);
        lines.push(text);
    }
    Ok(lines)
}

fn line<'a>(
    profile: &'a Profile,
    (seed, way): (u64, usize),
    direction: &Direction,
    heard: &'a Path,
    spoken: &[f32],
) -> Result<Line<'a>, String> {
    let told = |error: hound::Error| format!("{}: {error}", heard.display());
    let (rate, sound) = speech::read(heard).map_err(told)?;
    let sound = speech::resampled(&sound, rate, RATE);
    let pair = Pair { spoken, heard: &sound, start_s: direction.start_s };
    let gap_s = profile.gap_s().map(|(from, to)| (from + LEAD_S, to + LEAD_S));
    let (figures, lags) = figures(&pair, gap_s);
    let traffic = direction.traffic;
    let heads = traffic.packets * (call::HEAD_BYTES as u64 - COUNTED_HEAD_BYTES);
    let seconds = spoken.len() as f64 / f64::from(RATE);
    Ok(Line {
        profile: profile.name,
        seed,
        way,
        heard,
        start_s: direction.start_s,
        lead_s: LEAD_S,
        kbps: traffic.bytes.saturating_sub(heads) as f64 * 8.0 / 1_000.0 / seconds,
        lost_percent: 100.0 * (traffic.lost + traffic.dropped) as f64 / traffic.packets.max(1) as f64,
        concealed_ms: direction.stats.concealed_ms,
        fec_recovered: direction.stats.fec_recovered,
        wait_max_ms: quantile(direction.waits_ms.clone(), 1.0),
        figures,
        lags,
    })
}

fn print(line: &Line<'_>) {
    let Line { profile, seed, way, figures: f, .. } = line;
    println!(
        "{profile:10} {seed}.{way} m2e {:5.1} p99 {:5.1} max {:5.1} drift {:+6.1} silence {:4} ms  distance {:5.2} dB  found {:3.0} %  \
         {:5.1} kbit/s  lost {:4.1} %  concealed {:5.0} ms  fec {:3}  recover {:?} after {:?}",
        f.m2e_ms,
        f.m2e_p99_ms,
        f.m2e_max_ms,
        f.drift_ms,
        f.silence_ms,
        f.distance_db,
        f.found_percent,
        line.kbps,
        line.lost_percent,
        line.concealed_ms,
        line.fec_recovered,
        f.recover_ms.map(f64::round),
        f.after_gap_ms.map(f64::round),
    );
}
