//! What the checks of inbox envelopes need to know of the rest of the device.

use ahoy_crypto::{DeviceSet, DhKey};

use crate::account::Attempt;
use crate::ids::{AccountId, CallId, DeviceId};
use crate::topic::Topic;

/// A message that counts once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Done {
    /// A contact request of this account is open already.
    Request(AccountId),
    /// This event of this call was told by a device of ours.
    Elsewhere(CallId, u8),
    /// This account's cancel of this call has arrived before.
    Cancel(AccountId, CallId),
    /// History knows this call.
    Missed(CallId),
}

/// Whose tokens a message takes (docs/wire.md section 6, "Rates").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rate {
    /// New call ids that a contact rings with.
    Ring(AccountId),
    /// Contact requests on a card inbox.
    Request(Topic),
    /// Missed calls that a contact tells of.
    Missed(AccountId),
    /// News of devices, and receipts, of a device: one that was stolen must not crowd out what tells that it is revoked.
    News(DeviceId),
    /// Everything else of an account, whose devices cost it nothing.
    Other(AccountId),
}

/// The device's knowledge, as far as envelopes are judged by it. Looking and changing are apart: what was refused
/// takes no token and leaves no trace.
pub trait State {
    /// Our account.
    fn account(&self) -> AccountId;
    /// Our device.
    fn device(&self) -> DeviceId;
    /// The private half of a prekey of ours that isn't erased (006).
    fn prekey(&self, spk_id: [u8; 4]) -> Option<&DhKey>;
    /// H(envelope) is in the replay cache (007).
    fn is_replay(&self, envelope: &[u8; 32]) -> bool;
    /// Enters H(envelope); called once it has decrypted.
    fn enter_replay(&mut self, envelope: [u8; 32]);
    /// The topic's Diffie-Hellman budget of this second isn't spent (008).
    fn has_budget(&self, topic: &Topic) -> bool;
    /// Takes one from it; called right before the Diffie-Hellman, whatever comes out.
    fn take_budget(&mut self, topic: &Topic);
    /// The newest device set known of an account (094).
    fn device_set(&self, account: AccountId) -> Option<&DeviceSet>;
    /// The account is a contact, blocked or not.
    fn is_contact(&self, account: AccountId) -> bool;
    /// The account is blocked.
    fn is_blocked(&self, account: AccountId) -> bool;
    /// The roster, as we have it, of a call that runs here (pair offers).
    fn call_roster(&self, call: CallId) -> Option<&[AccountId]>;
    /// We show a card to be linked to another account.
    fn is_linking(&self) -> bool;
    /// Who offered this call to us, if anybody has (from the first offer that passed, on).
    fn offered_by(&self, call: CallId) -> Option<AccountId>;
    /// The account cancelled this call within 120 s (087).
    fn is_cancelled(&self, account: AccountId, call: CallId) -> bool;
    /// Record revision and `sent_ms` of the newest presence of a device (088).
    fn presence(&self, device: DeviceId) -> Option<(u32, u64)>;
    /// It has been told already (088).
    fn is_done(&self, what: Done) -> bool;
    /// An offer, or the request of a blocked account, was turned away (024): for the list of attempts, which is bounded.
    fn turned_away(&mut self, account: AccountId, device: DeviceId, what: Attempt, call: Option<CallId>);
    /// There is a token left (025).
    fn has_rate(&self, rate: Rate) -> bool;
    /// Takes a token; called after the last check.
    fn take_rate(&mut self, rate: Rate);
    /// Calls that ring here now (026).
    fn ringing(&self) -> usize;

    /// Number of calls of this account that ring here.
    fn ringing_of(&self, account: AccountId) -> usize;
}
