//! Figures of recordings that other programs made, by the measure of the virtual calls: what `scripts/lab` heard.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints its findings")]

use std::{
    io::BufRead,
    path::{Path, PathBuf},
    process::ExitCode,
};

use ahoy_quality::{
    measure::{Figures, Lag, Pair, RATE, figures},
    profile::{self, QUEUE_MS},
    speech,
};
use clap::{Parser, Subcommand};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Silence before the speech, seconds: two more than in virtual time, where a link needs no handshake.
const LEAD_S: f64 = 3.0;

/// Figures of recordings.
#[derive(Parser)]
struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Prints the roads as JSON.
    Roads,
    /// Writes speech as both sides are to say it: 48 kHz, with silence before and after.
    Prepare {
        /// WAV, 16 bit.
        speech: PathBuf,
        /// Where it goes.
        spoken: PathBuf,
    },
    /// Reads a line of JSON for each recording and prints it with its figures.
    Measure {
        /// What [`What::Prepare`] wrote.
        spoken: PathBuf,
    },
}

/// One recording; what else stands in the line is handed through.
#[derive(Deserialize, Serialize)]
struct Line {
    heard: PathBuf,
    /// Seconds by which its first sample is behind the first one that was said.
    start_s: f64,
    /// Seconds into what was said between which the road was cut or far longer.
    gap_s: Option<(f64, f64)>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// The same with its figures, as `score.py` reads it.
#[derive(Serialize)]
struct Measured {
    #[serde(flatten)]
    line: Line,
    lead_s: f64,
    #[serde(flatten)]
    figures: Figures,
    lags: Vec<Lag>,
}

fn main() -> ExitCode {
    let done = match Options::parse().what {
        What::Roads => {
            println!("{}", roads());
            Ok(())
        }
        What::Prepare { speech, spoken } => prepare(&speech, &spoken),
        What::Measure { spoken } => measure(&spoken),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// Every road: what befalls packets, and from which second of speech on.
fn roads() -> Value {
    let all = profile::all().into_iter().map(|profile| {
        let weather: Vec<Value> = profile.weather.iter().map(|(from_s, weather)| json!([from_s, weather])).collect();
        (profile.name.to_owned(), Value::from(weather))
    });
    json!({ "lead_s": LEAD_S, "queue_ms": QUEUE_MS, "roads": Map::from_iter(all) })
}

fn prepare(from: &Path, to: &Path) -> Result<(), String> {
    let told = |error: hound::Error| format!("{}: {error}", from.display());
    let (rate, said) = speech::read(from).map_err(told)?;
    speech::write(to, 48_000, &speech::framed(&said, rate, LEAD_S))
        .map_err(|error| format!("{}: {error}", to.display()))
}

/// A recording at the rate of the measure.
fn read(path: &Path) -> Result<Vec<f32>, String> {
    let (rate, sound) = speech::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(speech::resampled(&sound, rate, RATE))
}

fn measure(spoken: &Path) -> Result<(), String> {
    let spoken = read(spoken)?;
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| error.to_string())?;
        let line: Line = serde_json::from_str(&line).map_err(|error| error.to_string())?;
        let heard = read(&line.heard)?;
        let pair = Pair { spoken: &spoken, heard: &heard, start_s: line.start_s };
        let (figures, lags) = figures(&pair, line.gap_s);
        let measured = Measured { line, lead_s: LEAD_S, figures, lags };
        println!("{}", serde_json::to_string(&measured).map_err(|error| error.to_string())?);
    }
    Ok(())
}
