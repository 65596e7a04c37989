//! Kinds 3, 4, 5, 6, 8 and 10.

use ahoy_crypto::Check;

use super::is_media;
use crate::inbound::signal::{Sender, Signal};
use crate::inbound::state::{Done, State};
use crate::wire::bodies::{Cancel, ContactChange, ContactRequest, Elsewhere, Missed, Receipt};
use crate::wire::card::Card;

/// Event of an elsewhere that brings the keys of a live call.
const HAND_OFF: u8 = 4;
/// Latest time of a change, Unix ms: later than any clock, and far enough from the end of u64 that the next one has room.
const CHANGED_MAX_MS: u64 = 1 << 48;

pub(super) fn request(body: ContactRequest, sender: Sender, state: &dyn State) -> Result<Signal, Check> {
    Check::NOT_ALLOWED.refuse_if(state.is_blocked(sender.account))?;
    let card = Check::ENCLOSED.require(Card::from_bytes(&body.card).ok())?;
    Check::ENCLOSED.refuse_if(card.account != sender.account || !card.devices.contains(&sender.device))?;
    Check::KNOWN.refuse_if(state.is_done(Done::Request(sender.account)))?;
    Ok(Signal::Request { body: Box::new(body), card: Box::new(card) })
}

pub(super) fn elsewhere(body: Elsewhere, sender: Sender, state: &dyn State) -> Result<Signal, Check> {
    let hand_off = body.event == HAND_OFF;
    let all = body.epoch.is_some() && body.secret.is_some() && body.roster.is_some() && body.view.is_some();
    let any = body.epoch.is_some() || body.secret.is_some() || body.roster.is_some() || body.view.is_some();
    let later_epoch = hand_off && body.epoch.is_some_and(|epoch| epoch > 0);
    let fits = if hand_off { all } else { !any };
    Check::CONTENT.refuse_if(!fits || body.epoch_secret.is_some() != later_epoch)?;
    Check::NOT_OWN_ACCOUNT.refuse_if(!sender.own)?;
    Check::KNOWN.refuse_if(state.is_done(Done::Elsewhere(body.call, body.event)))?;
    Ok(Signal::Elsewhere(Box::new(body)))
}

pub(super) fn cancel(body: Cancel, sender: Sender, state: &dyn State) -> Result<Signal, Check> {
    let offered_by = state.offered_by(body.call);
    let foreign = offered_by.is_some_and(|account| account != sender.account);
    let stranger = state.is_blocked(sender.account) || !state.is_contact(sender.account);
    Check::NOT_ALLOWED.refuse_if(stranger || foreign)?;
    Check::KNOWN.refuse_if(state.is_done(Done::Cancel(sender.account, body.call)))?;
    Ok(Signal::Cancel { body, offered: offered_by.is_some() })
}

pub(super) fn receipt(body: Receipt, sender: Sender, state: &dyn State) -> Result<Signal, Check> {
    let length = match body.kind {
        2 | 3 | 7 | 10 => Some(32),
        4 | 5 | 8 => Some(16),
        0 | 1 | 6 | 9 | 11.. => None,
    };
    Check::CONTENT.refuse_if(length != Some(body.id.len()))?;
    Check::NOT_ALLOWED.refuse_if(!(sender.own || state.is_contact(sender.account)))?;
    Ok(Signal::Receipt(body))
}

pub(super) fn missed(body: Missed, sender: Sender, state: &dyn State) -> Result<Signal, Check> {
    Check::CONTENT.refuse_if(!is_media(body.media.0))?;
    let stranger = state.is_blocked(sender.account) || !state.is_contact(sender.account);
    Check::NOT_ALLOWED.refuse_if(stranger)?;
    Check::KNOWN.refuse_if(state.is_done(Done::Missed(body.call)))?;
    Ok(Signal::Missed(body))
}

pub(super) fn contact(body: ContactChange, sender: Sender) -> Result<Signal, Check> {
    let parts = [body.card.is_some(), body.name.is_some(), body.policy.is_some()];
    let rest = body.contact_token.is_some() || body.device_set.is_some();
    let gone = parts == [false; 3] && !rest;
    Check::CONTENT.refuse_if((!gone && parts != [true; 3]) || body.changed_ms > CHANGED_MAX_MS)?;
    Check::NOT_OWN_ACCOUNT.refuse_if(!sender.own)?;
    if let Some(card) = &body.card {
        let card = Check::ENCLOSED.require(Card::from_bytes(card).ok())?;
        Check::ENCLOSED.refuse_if(card.account != body.account)?;
    }
    Ok(Signal::Contact(Box::new(body)))
}
