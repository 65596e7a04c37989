//! Contacts and strangers as frontends ask about them and see them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contact {
    /// Account id.
    pub account: String,
    /// Our name for it.
    pub name: String,
    /// Its devices, as far as known.
    pub devices: Vec<String>,
    /// A device of it is there for us now: connected, and it shares its inbox with us, which it does with contacts alone.
    pub online: bool,
    /// Its contact token is known: calls use its contact inbox.
    pub acquainted: bool,
    /// We sent it our card, and it hasn't shown yet that it accepted.
    #[serde(default)]
    pub requested: bool,
    /// A person found both safety numbers equal.
    #[serde(default)]
    pub verified: bool,
    /// Nothing of it is taken.
    #[serde(default)]
    pub blocked: bool,
    /// What it may do.
    #[serde(default)]
    pub policy: PolicyInfo,
    /// What it is doing, as far as it was asked and told us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence: Option<PresenceState>,
    /// When it said so, Unix ms. What was said 15 minutes ago is not known any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence_at_ms: Option<u64>,
}

/// `contact.request`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestContactParams {
    /// Their card, `ahoy:...`: they become a contact here at once, and are sent our card.
    pub card: String,
    /// Our name for them, 1..64 bytes (default: the card's).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A sentence for them, 1..140 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub greeting: Option<String>,
}

/// `contact.accept`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptContactParams {
    /// Account id, or the name in the request if only one has it.
    pub account: String,
    /// Our name for them, 1..64 bytes (default: their own).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// `contact.refuse`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StrangerParams {
    /// Account id, or the name in the request if only one has it.
    pub account: String,
}

/// `contact.rename`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RenameContactParams {
    /// Account id or name.
    pub contact: String,
    /// Our new name for it, 1..64 bytes.
    pub name: String,
}

/// `contact.verify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyContactParams {
    /// Account id or name.
    pub contact: String,
    /// Whether a person found both numbers equal; absent: only show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
}

/// `contact.policy`: what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyParams {
    /// Account id or name.
    pub contact: String,
    /// Connect while it rings, so that an accepted call talks at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_connection: Option<bool>,
    /// Take its addresses in private networks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_addresses: Option<bool>,
    /// Media through a relay alone, so that it doesn't learn our address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relay_only: Option<bool>,
    /// Its calls don't ring here; the caller hears `busy`, and they are listed as missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub do_not_disturb: Option<bool>,
    /// Accept its calls at once, unless a call is active: for bots of our own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_answer: Option<bool>,
    /// Tell it whether we are away, in a call or not to be disturbed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence: Option<bool>,
    /// Know its presence all the time; at most 20 contacts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub favourite: Option<bool>,
}

/// What a contact may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PolicyInfo {
    /// We connect while it rings.
    pub early_connection: bool,
    /// Its addresses in private networks are taken.
    pub private_addresses: bool,
    /// Media goes through a relay alone.
    pub relay_only: bool,
    /// Its calls don't ring here.
    pub do_not_disturb: bool,
    /// Its calls are accepted at once.
    pub auto_answer: bool,
    /// It is told what we are doing.
    pub presence: bool,
    /// Its presence is asked for all the time.
    pub favourite: bool,
}

impl Default for PolicyInfo {
    /// What a new contact may do.
    fn default() -> Self {
        Self {
            early_connection: true,
            private_addresses: true,
            relay_only: false,
            do_not_disturb: false,
            auto_answer: false,
            presence: true,
            favourite: false,
        }
    }
}

/// Somebody asks to be a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContactRequestInfo {
    /// Account id.
    pub account: String,
    /// The name in its card: its own claim.
    pub name: String,
    /// A sentence of theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub greeting: Option<String>,
    /// When it came, Unix ms.
    pub at_ms: u64,
}

/// `contact.requests`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContactRequestsReply {
    /// Oldest first.
    pub requests: Vec<ContactRequestInfo>,
}

/// How a contact request was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestEnd {
    /// It is a contact now.
    Accepted,
    /// It learns nothing, and further requests are dropped for 30 days.
    Refused,
    /// Nothing of it is taken any more.
    Blocked,
    /// Too many wait, and most of them come from where it does: a newer one took its place. It may ask again.
    Displaced,
}

/// What was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttemptKind {
    /// A call.
    Call,
    /// A contact request.
    Request,
}

/// What was turned away of an account, told together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttemptInfo {
    /// Account id.
    pub account: String,
    /// Our name for it, if it is a contact that is blocked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The device the last one came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// What the last one was.
    pub attempt: AttemptKind,
    /// How many: a call counts once, however often it is offered.
    pub count: u32,
    /// The first, Unix ms.
    pub first_at_ms: u64,
    /// The last, Unix ms.
    pub last_at_ms: u64,
    /// It is blocked; else it is only no contact.
    pub blocked: bool,
}

/// `contact.attempts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttemptsReply {
    /// Newest first.
    pub attempts: Vec<AttemptInfo>,
    /// Accounts that are blocked without being contacts.
    pub blocked: Vec<String>,
}

/// `contact.verify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SafetyReply {
    /// Account id.
    pub account: String,
    /// Our name for it.
    pub name: String,
    /// 12 groups of 5 digits, the same at both sides.
    pub number: String,
    /// A person found both equal.
    pub verified: bool,
}

/// Which of our two inboxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenName {
    /// The one in our cards: cards given out so far are worth nothing any more.
    Card,
    /// The one that contacts know: former contacts are locked out, the others learn the new one.
    Contact,
}

/// `account.rotate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateParams {
    /// Which.
    pub token: TokenName,
}

/// What somebody is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PresenceState {
    /// There.
    Available,
    /// There, but the person is not.
    Away,
    /// In a call.
    InCall,
    /// There, and calls don't ring.
    DoNotDisturb,
}

/// `presence.set`: what we are doing, until the daemon stops; a call is shown by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PresenceParams {
    /// `available`, `away` or `do_not_disturb`.
    pub state: PresenceState,
}
