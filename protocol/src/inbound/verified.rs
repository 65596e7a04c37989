//! Third stage of envelopes: whose it is, what it says, and that they may say it.

use ahoy_crypto::limits::CERTIFICATE_BYTES;
use ahoy_crypto::{Certificate, Check, DeviceSet, Responder};

use super::envelope::Opened;
use super::kinds;
use super::signal::{Sender, Signal};
use super::state::{Rate, State};
use crate::account::Attempt;
use crate::ids::{AccountId, CallId, DeviceId};
use crate::limits::{RINGING_MAX, RINGING_OF_ONE_MAX};
use crate::topic::Topic;
use crate::wire::bodies::{InboxBody, Purpose};
use crate::wire::envelope::{FLAG_ASK, FLAG_RECEIPT, Type, unpad};

/// An envelope that passed every check.
#[derive(Debug)]
pub struct Verified {
    /// Whose device sent it, proven by its certificate.
    pub account: AccountId,
    /// Which device, proven by the handshake.
    pub device: DeviceId,
    /// It is our own account.
    pub own: bool,
    /// The sender wants a receipt.
    pub wants_receipt: bool,
    /// The sender wants our presence.
    pub asks_presence: bool,
    /// When it was sealed, Unix ms, by the sender's clock: only dates what people see.
    pub sent_ms: u64,
    /// H(envelope): what a receipt of kinds 2, 3 and 7 names.
    pub hash: [u8; 32],
    /// Where it came.
    pub topic: Topic,
    /// What it says.
    pub signal: Signal,
    /// The handshake, to answer an offer with.
    pub responder: Responder,
}

/// What stands between certificate and body.
struct Head {
    kind: u8,
    flags: u8,
    sent_ms: u64,
}

impl Head {
    fn read(inner: &[u8]) -> Option<Head> {
        let [kind, flags, sent_ms @ ..] = inner.get(CERTIFICATE_BYTES..)?.first_chunk::<10>()?;
        Some(Head { kind: *kind, flags: *flags, sent_ms: u64::from_be_bytes(*sent_ms) })
    }
}

impl Opened {
    /// The account that its certificate names, if that is good: for what a refusal may lead to.
    #[must_use]
    pub fn claimed_account(&self) -> Option<AccountId> {
        let certificate = self.responder.payload().first_chunk::<CERTIFICATE_BYTES>()?;
        Certificate::check(certificate, 0).ok().map(|certificate| certificate.account())
    }

    /// Judges an envelope. Tokens are taken after the last check.
    ///
    /// # Errors
    /// 011..019, 079, then those of the kind (docs/wire.md section 6), 025, 026.
    pub fn verify(self, state: &mut dyn State, now_s: u64) -> Result<Verified, Check> {
        let (sender, head, body) = self.read(state, now_s)?;
        let signal = match body {
            InboxBody::Presence(body) => kinds::presence(body, head.sent_ms, sender, state, now_s)?,
            InboxBody::Devices(body) => kinds::devices(&body, sender, state, now_s)?,
            InboxBody::Offer(_)
            | InboxBody::Request(_)
            | InboxBody::Elsewhere(_)
            | InboxBody::Cancel(_)
            | InboxBody::Receipt(_)
            | InboxBody::Missed(_)
            | InboxBody::Contact(_) => {
                DeviceSet::admit(state.device_set(sender.account), sender.device, now_s)?;
                let attempt = attempt_of(&body);
                let judged = kinds::other(body, sender, self.on_mailbox, state);
                if let (Some((what, call)), Err(Check::NOT_ALLOWED)) = (attempt, &judged) {
                    state.turned_away(sender.account, sender.device, what, call);
                }
                judged?
            }
        };
        self.limit(&signal, sender, state)?;
        Ok(Verified {
            account: sender.account,
            device: sender.device,
            own: sender.own,
            wants_receipt: head.flags & FLAG_RECEIPT != 0,
            asks_presence: head.flags & FLAG_ASK != 0,
            sent_ms: head.sent_ms,
            hash: self.hash,
            topic: self.topic,
            signal,
            responder: self.responder,
        })
    }

    /// 011..019 and 079: whose it is, and a body of its kind.
    fn read(&self, state: &dyn State, now_s: u64) -> Result<(Sender, Head, InboxBody), Check> {
        let payload = self.responder.payload();
        let certificate = Check::BODY_LENGTH.require(payload.first_chunk::<CERTIFICATE_BYTES>())?;
        Check::STATIC_KEY.refuse_if(Certificate::claimed_dk(certificate) != *self.responder.remote_static())?;
        let certificate = Certificate::check(certificate, now_s)?;
        let (account, device) = (certificate.account(), certificate.device());
        Check::OWN_DEVICE.refuse_if(device == state.device())?;
        let head = Check::BODY_LENGTH.require(Head::read(payload))?;
        let known = InboxBody::is_kind(head.kind);
        Check::KIND.refuse_if(!known || (self.on_mailbox && head.kind != 1))?;
        let inner = unpad(Type::Inbox, payload)?;
        Check::FLAGS.refuse_if(head.flags & !flags_of(head.kind) != 0)?;
        let body = InboxBody::decode(head.kind, inner.body)?;
        Ok((Sender { account, device, own: account == state.account() }, head, body))
    }

    /// 025 and 026, for all but our own account.
    fn limit(&self, signal: &Signal, sender: Sender, state: &mut dyn State) -> Result<(), Check> {
        if sender.own {
            return Ok(());
        }
        let (ring, rate) = match signal {
            Signal::Offer(offer) if offer.purpose == Purpose::Ring => {
                // Further attempts of a known call are bounded by their number.
                let known = state.offered_by(offer.call) == Some(sender.account);
                (true, (!known).then_some(Rate::Ring(sender.account)))
            }
            Signal::Missed(_) => (false, Some(Rate::Missed(sender.account))),
            Signal::Request { .. } => (false, Some(Rate::Request(self.topic))),
            Signal::Receipt(_) | Signal::Devices(_) => (false, Some(Rate::News(sender.device))),
            Signal::Offer(_)
            | Signal::Presence { .. }
            | Signal::Elsewhere(_)
            | Signal::Cancel { .. }
            | Signal::Contact(_) => (false, Some(Rate::Other(sender.account))),
        };
        Check::RATE.refuse_if(rate.is_some_and(|rate| !state.has_rate(rate)))?;
        let full = state.ringing() >= RINGING_MAX || state.ringing_of(sender.account) >= RINGING_OF_ONE_MAX;
        Check::RINGING.refuse_if(ring && full)?;
        if let Some(rate) = rate {
            state.take_rate(rate);
        }
        Ok(())
    }
}

/// What a person may want to know of, if it is turned away, and which call it is.
fn attempt_of(body: &InboxBody) -> Option<(Attempt, Option<CallId>)> {
    match body {
        InboxBody::Offer(offer) if offer.purpose == Purpose::Ring => Some((Attempt::Call, Some(offer.call))),
        InboxBody::Request(_) => Some((Attempt::Request, None)),
        InboxBody::Offer(_)
        | InboxBody::Presence(_)
        | InboxBody::Elsewhere(_)
        | InboxBody::Cancel(_)
        | InboxBody::Receipt(_)
        | InboxBody::Devices(_)
        | InboxBody::Missed(_)
        | InboxBody::Contact(_) => None,
    }
}

/// 079: the flags that a kind has.
pub(crate) fn flags_of(kind: u8) -> u8 {
    match kind {
        2 => FLAG_RECEIPT | FLAG_ASK,
        3..=5 | 7 | 8 | 10 => FLAG_RECEIPT,
        0 | 1 | 6 | 9 | 11.. => 0,
    }
}
