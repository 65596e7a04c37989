//! The command line.

mod config;
mod device;
mod history;
mod people;
mod pipeline;
mod record;
mod sound;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

pub(crate) use config::ConfigVerb;
pub(crate) use device::DeviceVerb;
pub(crate) use history::HistoryVerb;
pub(crate) use people::{AccountVerb, ContactVerb, Key, PolicyArgs, Presence, Switch, Token};
pub(crate) use pipeline::{PipedArgs, PipelineVerb};
pub(crate) use record::RecordVerb;
pub(crate) use sound::{SoundTestArgs, SoundVerb, UseArgs};

use ahoy_client::control::{CallState, InCall};

/// Calls without a server in between: talks to the daemon `ahoyd`.
#[derive(Debug, Parser)]
#[command(
    name = "ahoy",
    version,
    after_help = "Exit codes: 0 done, 1 failed, 2 usage, 3 no daemon, \
                  4 no such (or no single) call, contact or device, 5 no answer or timed out, 6 declined, busy or refused"
)]
pub(crate) struct Args {
    /// Home of the daemon: its configuration, data, logs and socket. Default: AHOY_HOME, else the XDG directories.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
    /// One JSON object a line on stdout and nothing else there; messages for people go to stderr.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Start the daemon in the background and wait until it is ready.
    Start(StartArgs),
    /// Stop the daemon; calls end, and the other side is told.
    Stop,
    /// How the daemon is.
    Status,
    /// Look at everything a call needs, and say what to do where something is wrong.
    Doctor {
        /// Try microphone and speaker, too, while there is no call: speak for three seconds, and hear yourself.
        #[arg(long)]
        sound: bool,
    },
    /// Who we are: account, device, card, addresses.
    Id,
    /// The contact card, to be given to others.
    Card {
        /// Leave the addresses out: found by mDNS in the same network only.
        #[arg(long)]
        no_addresses: bool,
    },
    /// Devices of our account: all of them ring.
    #[command(subcommand)]
    Device(DeviceVerb),
    /// Contacts: those who can call us, and whom we can call.
    #[command(subcommand)]
    Contact(ContactVerb),
    /// Our account.
    #[command(subcommand)]
    Account(AccountVerb),
    /// Say what we are doing, or ask what a contact is; alone, show what we are shown as.
    Presence {
        /// What we are doing; a call is shown by itself.
        state: Option<Presence>,
        /// Ask for a contact's, by name or account id.
        #[arg(long, value_name = "NAME", conflicts_with = "state")]
        of: Option<String>,
    },
    /// Talk while a key is down: for tools that watch the keyboard.
    Ptt {
        /// What the key did.
        key: Key,
        /// The key mutes while it is down.
        #[arg(long)]
        mute: bool,
    },
    /// Call somebody; a call that is active is held meanwhile. With whom there is a call already, there is no second one.
    Call {
        /// Contacts, by name or account id.
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
        /// Return when the call is in this state (or past it).
        #[command(flatten)]
        wait: WaitArgs,
    },
    /// Accept a call that rings.
    Answer {
        /// Which.
        #[command(flatten)]
        one: OneCall,
        /// What becomes of the call that is active: hold, end or refuse (to answer).
        #[arg(long, value_name = "WHAT", default_value = "hold")]
        in_call: InCallArg,
    },
    /// Decline a call that rings.
    Decline(OneCall),
    /// Hang up, or cancel a call that was not answered yet.
    Hangup(OneCall),
    /// Hold the active call: neither side hears the other.
    Hold(OneCall),
    /// Take up a held call; the active one is held.
    Resume(OneCall),
    /// Ask another device of yours to take a call over; it goes on here until it works there.
    Handoff(HandOffArgs),
    /// Calls, with those that ended in the last ten minutes.
    Calls,
    /// Calls of the past, newest first; each call once.
    History {
        /// At most so many.
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: usize,
        /// What to do instead of showing them.
        #[command(subcommand)]
        verb: Option<HistoryVerb>,
    },
    /// Leave a message, of two minutes at most, for a call that nobody answered: Ctrl-C ends and sends it.
    Voicemail {
        /// Call id, or the beginning of one; without it the newest call that nobody answered.
        call: Option<String>,
        /// End it after this many seconds.
        #[arg(long, value_name = "S", default_value_t = 120.0)]
        seconds: f64,
    },
    /// Record a call, or say whether others may record us.
    #[command(subcommand)]
    Record(RecordVerb),
    /// Pipelines: what is said, or what is heard of a participant, goes through filters, gates, gains and more of your choice.
    #[command(subcommand)]
    Pipeline(PipelineVerb),
    /// Mute the microphone.
    Mute,
    /// Unmute the microphone.
    Unmute,
    /// Figures of the call: delay, loss, bit rates.
    Stats {
        /// Call id, or the beginning of one; without it there must be exactly one call.
        call: Option<String>,
        /// Again each second, until the call ends.
        #[arg(long)]
        follow: bool,
    },
    /// Microphones and speakers; the ones in use have a star.
    Devices {
        /// Also what ALSA offers that is no card, such as its converters.
        #[arg(long)]
        all: bool,
        /// What to do instead of showing them.
        #[command(subcommand)]
        verb: Option<SoundVerb>,
    },
    /// Settings of the daemon, looked at and changed while it runs.
    #[command(subcommand)]
    Config(ConfigVerb),
    /// Show what happens, as it happens.
    Watch,
    /// A call between two daemons on this machine, with figures and a report at the end.
    Demo(DemoArgs),
    /// Print the man page, as roff.
    #[command(hide = true)]
    Man,
    /// Print the completions for a shell.
    #[command(hide = true)]
    Completions {
        /// Which.
        shell: clap_complete::Shell,
    },
}

/// `ahoy start`: what is handed on to `ahoyd`.
#[derive(Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct StartArgs {
    /// Configuration file (default: config.toml in the home).
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Address to listen on, such as /ip4/127.0.0.1/tcp/0; may be repeated.
    #[arg(long, value_name = "MULTIADDR")]
    pub(crate) listen: Vec<String>,
    /// Neither look for others in the local network nor be seen there.
    #[arg(long)]
    pub(crate) no_mdns: bool,
    /// Microphone: default, none, tone:HZ, file:PATH.wav or a device id.
    #[arg(long, value_name = "SPEC")]
    pub(crate) audio_in: Option<String>,
    /// Speaker: default, none, file:PATH.wav (?stereo: of two channels) or a device id.
    #[arg(long, value_name = "SPEC")]
    pub(crate) audio_out: Option<String>,
    /// What to log, such as info or ahoyd=debug.
    #[arg(long, value_name = "FILTER")]
    pub(crate) log: Option<String>,
}

/// A verb about one call.
#[derive(Debug, ClapArgs)]
pub(crate) struct OneCall {
    /// Call id, or the beginning of one; without it there must be exactly one call that can be meant.
    pub(crate) call: Option<String>,
    /// How long to stay.
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}

/// What becomes of the active call when another one is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum InCallArg {
    /// It is held.
    Hold,
    /// It ends as soon as the new one works.
    End,
    /// The new one is not answered.
    Refuse,
}

impl From<InCallArg> for InCall {
    fn from(arg: InCallArg) -> Self {
        match arg {
            InCallArg::Hold => Self::Hold,
            InCallArg::End => Self::End,
            InCallArg::Refuse => Self::Refuse,
        }
    }
}

/// `ahoy handoff`.
#[derive(Debug, ClapArgs)]
pub(crate) struct HandOffArgs {
    /// Call id, or the beginning of one; without it there must be exactly one accepted call.
    pub(crate) call: Option<String>,
    /// The device that shall take it over, or the beginning of its id; without it exactly one other must be online.
    #[arg(long, value_name = "DEVICE")]
    pub(crate) to: Option<String>,
    /// Return when the hand-off is so far (or further).
    #[arg(long, value_name = "STATE")]
    pub(crate) wait: Option<HandOffWait>,
    /// Give up waiting after this many seconds; the hand-off goes on.
    #[arg(long, value_name = "S", requires = "wait")]
    pub(crate) timeout: Option<f64>,
}

/// How far a hand-off is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum HandOffWait {
    /// It rings at the other device.
    Ringing,
    /// Somebody has accepted there.
    Moving,
    /// The call goes on there, and has ended here.
    #[value(alias = "ended")]
    Done,
}

/// How long to stay with a call.
#[derive(Clone, Copy, Debug, ClapArgs)]
pub(crate) struct WaitArgs {
    /// Return when the call is in this state (or past it).
    #[arg(long, value_name = "STATE")]
    pub(crate) wait: Option<WaitState>,
    /// Give up waiting after this many seconds; the call goes on.
    #[arg(long, value_name = "S", requires = "wait")]
    pub(crate) timeout: Option<f64>,
}

/// States one can wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WaitState {
    /// Reaching the callee.
    Dialing,
    /// It rings there.
    Ringing,
    /// Accepted; media is being set up.
    Connecting,
    /// Accepted, and sound was heard.
    Active,
    /// On hold.
    Held,
    /// Interrupted.
    Reconnecting,
    /// Over.
    Ended,
}

impl WaitState {
    /// Is a call in `state` where we want it? A call that went past dialing, ringing or connecting was there.
    pub(crate) fn reached_by(self, state: CallState) -> bool {
        let passed: &[CallState] = match self {
            Self::Dialing => &[CallState::Dialing, CallState::Ringing, CallState::Connecting, CallState::Active],
            Self::Ringing => &[CallState::Ringing, CallState::Connecting, CallState::Active],
            Self::Connecting => &[CallState::Connecting, CallState::Active],
            Self::Active => &[CallState::Active],
            Self::Held => &[CallState::Held],
            Self::Reconnecting => &[CallState::Reconnecting],
            Self::Ended => &[CallState::Ended],
        };
        passed.contains(&state)
    }
}

/// `ahoy demo`.
#[derive(Debug, ClapArgs)]
pub(crate) struct DemoArgs {
    /// What A says: a WAV file (default: a recording that comes with the program).
    #[arg(long, value_name = "FILE")]
    pub(crate) speech_a: Option<PathBuf>,
    /// What B says.
    #[arg(long, value_name = "FILE")]
    pub(crate) speech_b: Option<PathBuf>,
    /// Put what was heard, the report and both logs into this directory (default: a new one, named at the end).
    #[arg(long, value_name = "DIR", overrides_with = "keep")]
    pub(crate) keep: Option<PathBuf>,
    /// Seconds of talk.
    #[arg(long, value_name = "S", default_value_t = 15.0)]
    pub(crate) talk: f64,
    /// Configuration file for both daemons.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// What B's microphone is, instead of its recording; with `none` the demo must fail.
    #[arg(long, value_name = "SPEC", hide = true)]
    pub(crate) far: Option<String>,
}
