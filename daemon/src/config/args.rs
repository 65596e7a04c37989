//! The command line of `ahoyd`.

use std::path::PathBuf;

use super::draft::find;
use super::keys::Key;

/// Ahoy: a serverless calling daemon. Messengers and the `ahoy` command control it over a local socket.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Parser)]
#[command(name = "ahoyd", version)]
pub struct Args {
    /// Directory of config.toml, data, logs and the control socket (default: the XDG directories; also AHOY_HOME).
    #[arg(long, value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// Read this file instead of the home's config.toml.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Listen here, such as /ip4/127.0.0.1/tcp/4001; may be given several times (default: all interfaces).
    #[arg(long, value_name = "MULTIADDR")]
    pub listen: Vec<String>,
    /// Neither look for devices on the LAN nor be found there.
    #[arg(long)]
    pub no_mdns: bool,
    /// Microphone: default, none, tone:HZ, file:PATH.wav (?loop repeats), or a device id.
    #[arg(long, value_name = "SPEC")]
    pub audio_in: Option<String>,
    /// Speaker: default, none, file:PATH.wav, or a device id.
    #[arg(long, value_name = "SPEC")]
    pub audio_out: Option<String>,
    /// Log filter: off, error, warn, info, debug, trace, or directives such as info,ahoyd=debug.
    #[arg(long, value_name = "FILTER")]
    pub log: Option<String>,
    /// Speak the control protocol on standard input and output too, and stop when the input ends.
    #[arg(long)]
    pub stdio: bool,
    /// Read and check the settings, tell every problem there is, and start nothing.
    #[arg(long)]
    pub check_config: bool,
    /// Print the man page or the completions of a shell, and start nothing.
    #[arg(long, value_name = "WHAT")]
    pub print: Option<Printed>,
}

/// What `--print` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Printed {
    /// The man page, as roff.
    Man,
    /// Completions for bash.
    Bash,
    /// Completions for zsh.
    Zsh,
    /// Completions for fish.
    Fish,
}

impl Args {
    /// The settings given here: each key with the option it was given by, and its values as text.
    pub(super) fn given(&self) -> Vec<(&'static Key, &'static str, Vec<String>)> {
        let one = |value: &Option<String>| value.clone().map(|value| vec![value]);
        let all = [
            ("listen", "--listen", (!self.listen.is_empty()).then(|| self.listen.clone())),
            ("mdns", "--no-mdns", self.no_mdns.then(|| vec!["false".to_owned()])),
            ("audio_in", "--audio-in", one(&self.audio_in)),
            ("audio_out", "--audio-out", one(&self.audio_out)),
            ("log", "--log", one(&self.log)),
        ];
        all.into_iter().filter_map(|(name, option, given)| Some((find(name)?, option, given?))).collect()
    }
}
