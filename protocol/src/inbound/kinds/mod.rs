//! The checks of each inbox kind (docs/wire.md section 6, "Then by kind").

mod offer;
mod presence;
mod small;

pub use offer::check_offer;
pub(super) use presence::{devices, presence};

use ahoy_crypto::Check;

use super::signal::{Sender, Signal};
use super::state::State;
use crate::wire::bodies::InboxBody;

/// All kinds but those that bring a device set.
pub(super) fn other(body: InboxBody, sender: Sender, on_mailbox: bool, state: &dyn State) -> Result<Signal, Check> {
    match body {
        InboxBody::Offer(offer) => offer::offer(offer, sender, on_mailbox, state),
        InboxBody::Request(body) => small::request(body, sender, state),
        InboxBody::Elsewhere(body) => small::elsewhere(body, sender, state),
        InboxBody::Cancel(body) => small::cancel(body, sender, state),
        InboxBody::Receipt(body) => small::receipt(body, sender, state),
        InboxBody::Missed(body) => small::missed(body, sender, state),
        InboxBody::Contact(body) => small::contact(body, sender),
        InboxBody::Presence(_) | InboxBody::Devices(_) => Err(Check::KIND),
    }
}

/// 023: the media bits that exist.
fn is_media(bits: u8) -> bool {
    (1..=7).contains(&bits)
}
