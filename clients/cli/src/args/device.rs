//! `ahoy device`.

use clap::Subcommand;

/// `ahoy device`.
#[derive(Debug, Subcommand)]
pub(crate) enum DeviceVerb {
    /// Link a device: at the new one without CODE, which shows a code; at one of the account with that code.
    Link {
        /// What the new device shows.
        code: Option<String>,
        /// Give the new device the account's key as well, so that it can link and revoke devices.
        #[arg(long, requires = "code")]
        account_key: bool,
        /// At the new device: forget the account it has now, with its contacts.
        #[arg(long, conflicts_with = "code")]
        forget: bool,
        /// Return at once, without waiting for the other device; `ahoy watch` shows how it goes on.
        #[arg(long)]
        no_wait: bool,
    },
    /// Say what the other device shows, where `ahoy device link` can't ask for it.
    Confirm {
        /// Six letters and digits.
        letters: String,
    },
    /// All devices of the account.
    List,
    /// Take a device out of the account: from now on it neither rings nor is it heard.
    Revoke {
        /// Device id, or the beginning of one.
        device: String,
    },
}
