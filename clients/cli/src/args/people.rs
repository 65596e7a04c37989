//! What the verbs about people can do: contacts, our account, presence.

use clap::{Args as ClapArgs, Subcommand, ValueEnum};

/// `ahoy contact`.
#[derive(Debug, Subcommand)]
pub(crate) enum ContactVerb {
    /// Add a contact by its card.
    Add {
        /// `ahoy:...`, as `ahoy card` prints it at theirs.
        card: String,
        /// Our name for it (default: the one in the card).
        #[arg(long)]
        name: Option<String>,
    },
    /// All contacts.
    List,
    /// Remove a contact.
    Remove {
        /// Name or account id.
        name: String,
    },
    /// Send somebody our card, and make theirs a contact.
    Request {
        /// `ahoy:...`, as `ahoy card` prints it at theirs.
        card: String,
        /// Our name for it (default: the one in the card).
        #[arg(long)]
        name: Option<String>,
        /// A sentence for them, at most 140 bytes.
        #[arg(long)]
        greeting: Option<String>,
    },
    /// Those who ask to be contacts.
    Requests,
    /// Make somebody who asks a contact.
    Accept {
        /// Account id, or the name in the request.
        who: String,
        /// Our name for it (default: their own).
        #[arg(long)]
        name: Option<String>,
    },
    /// Turn somebody who asks away; they learn nothing of it.
    Refuse {
        /// Account id, or the name in the request.
        who: String,
    },
    /// Take nothing of somebody any more; they learn nothing of it.
    Block {
        /// Name or account id.
        who: String,
    },
    /// Take messages again.
    Unblock {
        /// Name or account id.
        who: String,
    },
    /// What was turned away of strangers and blocked contacts.
    Attempts,
    /// Give a contact another name.
    Rename {
        /// Name or account id.
        name: String,
        /// The new one.
        new: String,
    },
    /// What a contact may do; without options, show it.
    Policy(PolicyArgs),
    /// The safety number, to be compared with the one on the other side.
    Verify {
        /// Name or account id.
        name: String,
        /// Both are equal.
        #[arg(long, conflicts_with = "no")]
        yes: bool,
        /// They are not, or no longer.
        #[arg(long)]
        no: bool,
    },
}

/// `ahoy contact policy`.
#[derive(Debug, ClapArgs)]
pub(crate) struct PolicyArgs {
    /// Name or account id.
    pub(crate) name: String,
    /// Connect while it rings, so that an accepted call talks at once.
    #[arg(long, value_name = "ON")]
    pub(crate) early_connection: Option<Switch>,
    /// Take its addresses in private networks.
    #[arg(long, value_name = "ON")]
    pub(crate) private_addresses: Option<Switch>,
    /// Media through a relay alone.
    #[arg(long, value_name = "ON")]
    pub(crate) relay_only: Option<Switch>,
    /// Its calls don't ring; it hears busy.
    #[arg(long, value_name = "ON")]
    pub(crate) do_not_disturb: Option<Switch>,
    /// Accept its calls at once: for bots of our own.
    #[arg(long, value_name = "ON")]
    pub(crate) auto_answer: Option<Switch>,
    /// Tell it what we are doing.
    #[arg(long, value_name = "ON")]
    pub(crate) presence: Option<Switch>,
    /// Know what it is doing all the time; at most 20 contacts.
    #[arg(long, value_name = "ON")]
    pub(crate) favourite: Option<Switch>,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    /// On.
    #[value(alias = "true")]
    On,
    /// Off.
    #[value(alias = "false")]
    Off,
}

/// `ahoy account`.
#[derive(Debug, Subcommand)]
pub(crate) enum AccountVerb {
    /// Make one of our inboxes anew, so that whoever knows only the old one is locked out.
    Rotate {
        /// `card`: cards given out so far; `contact`: former contacts.
        token: Token,
    },
}

/// One of our inboxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Token {
    /// The one in our cards.
    Card,
    /// The one that contacts know.
    Contact,
}

/// What we are doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Presence {
    /// There.
    Available,
    /// Not at the keyboard.
    Away,
    /// Calls don't ring.
    DoNotDisturb,
}

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Key {
    /// It was pressed.
    Down,
    /// It was released.
    Up,
}
