//! The command line of `ahoyd`.

use std::path::PathBuf;

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
    /// Log filter: error, warn, info, debug, trace, or directives such as ahoyd=debug,libp2p_swarm=info.
    #[arg(long, value_name = "FILTER")]
    pub log: Option<String>,
    /// Speak the control protocol on standard input and output too, and stop when the input ends.
    #[arg(long)]
    pub stdio: bool,
}
