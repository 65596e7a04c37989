//! Kind 1: offers.

use ahoy_crypto::Check;

use super::is_media;
use crate::ids::AccountId;
use crate::inbound::signal::{Sender, Signal};
use crate::inbound::state::State;
use crate::limits::{OFFER_ATTEMPT_MAX, OFFER_TTL_MAX_S, ROSTER_MAX, ROSTER_MIN};
use crate::wire::bodies::{Format, Media, Offer, Purpose};
use crate::wire::codec::is_ascending;

/// Bit of [`Media`] that wants a format.
const AUDIO: u8 = Media::AUDIO.0;

pub(super) fn offer(offer: Offer, sender: Sender, on_mailbox: bool, state: &dyn State) -> Result<Signal, Check> {
    check_offer(&offer, sender.account, state.account(), on_mailbox)?;
    let allowed = match offer.purpose {
        Purpose::Ring => state.is_contact(sender.account),
        Purpose::Pair => state.call_roster(offer.call).is_some_and(|roster| roster.contains(&sender.account)),
        Purpose::Link => state.is_linking(),
        Purpose::HandOff => {
            Check::NOT_OWN_ACCOUNT.refuse_if(!sender.own)?;
            true
        }
    };
    Check::NOT_ALLOWED.refuse_if(state.is_blocked(sender.account) || !allowed)?;
    Check::CANCELLED.refuse_if(state.is_cancelled(sender.account, offer.call))?;
    Ok(Signal::Offer(Box::new(offer)))
}

/// What an offer's fields say of each other.
///
/// # Errors
/// 021, 022, 023.
pub fn check_offer(offer: &Offer, sender: AccountId, own: AccountId, on_mailbox: bool) -> Result<(), Check> {
    Check::TTL.refuse_if(!(1..=OFFER_TTL_MAX_S).contains(&offer.ttl_s))?;
    Check::ROSTER.refuse_if(!is_roster(offer, sender, own))?;
    let pair = match offer.purpose {
        Purpose::Pair => true,
        Purpose::Ring | Purpose::Link | Purpose::HandOff => false,
    };
    let fits = is_media(offer.media.0)
        && offer.format.is_some() == (offer.media.0 & AUDIO != 0)
        && offer.format.is_none_or(is_format)
        && offer.attempt <= OFFER_ATTEMPT_MAX
        && offer.epoch_secret.is_some() == (offer.epoch > 0)
        && (offer.epoch == 0 || offer.view.is_some())
        && offer.offerer.is_none_or(|offerer| offer.roster.contains(&offerer))
        && offer.continues.is_none_or(|old| offer.purpose == Purpose::Ring && old != offer.call)
        && pair == on_mailbox;
    Check::CONTENT.refuse_if(!fits)
}

/// 022. Nobody rings or links with the own account; pairs and hand-offs between own devices are fine.
fn is_roster(offer: &Offer, sender: AccountId, own: AccountId) -> bool {
    let roster = &offer.roster;
    let self_call = match offer.purpose {
        Purpose::Ring | Purpose::Link => sender == own,
        Purpose::Pair | Purpose::HandOff => false,
    };
    (ROSTER_MIN..=ROSTER_MAX).contains(&roster.len())
        && is_ascending(roster)
        && roster.contains(&sender)
        && roster.contains(&own)
        && !self_call
}

/// The formats that may be preferred; a sender may use others at any time.
fn is_format(format: Format) -> bool {
    matches!(format.rate, 8_000 | 12_000 | 16_000 | 24_000 | 48_000)
        && matches!(format.channels, 1 | 2)
        && matches!(format.frame_ms, 10 | 20 | 40 | 60)
}
