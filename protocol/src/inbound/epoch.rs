//! Epoch secrets (pair kind 9): whether a commit may be taken (docs/wire.md section 9).

use ahoy_crypto::Check;

use crate::ids::{AccountId, DeviceId};
use crate::wire::bodies::EpochSecret;

/// Operation: whoever is behind gets the current epoch.
const CATCH_UP: u8 = 1;
/// Operation: the subject left.
const LEAVE: u8 = 2;
/// Operation: the offerer kicked the subject, an account.
const KICK: u8 = 3;
/// Operation: the sender wishes for a fresh key.
const REFRESH: u8 = 4;

/// A call's epoch, as far as a commit is judged by it.
#[derive(Clone, Copy, Debug)]
pub struct CommitContext<'a> {
    /// Our device.
    pub own: DeviceId,
    /// The device that sent the commit over its pair.
    pub sender: DeviceId,
    /// Our epoch.
    pub epoch: u32,
    /// Whose commit made it, if one did and we know.
    pub committer: Option<DeviceId>,
    /// Devices in the call as we know them, ourselves among them.
    pub members: &'a [DeviceId],
    /// Accounts in the call as we know them.
    pub roster: &'a [AccountId],
    /// Accounts that the offerer has kicked.
    pub kicked: &'a [AccountId],
}

/// Judges an epoch secret whose shape is good (057). What passes replaces our epoch.
///
/// # Errors
/// 081, 082, 080.
pub fn check_commit(commit: &EpochSecret, context: &CommitContext<'_>) -> Result<(), Check> {
    let committer = commit.committer.unwrap_or(context.sender);
    Check::EPOCH_CONTENT.refuse_if(!is_consistent(commit, committer, context))?;
    let uninvited = commit.roster.iter().any(|account| !context.roster.contains(account));
    let unordered = commit.op == KICK && !context.kicked.contains(&AccountId(commit.subject));
    Check::EPOCH_ROSTER.refuse_if(uninvited || unordered)?;
    Check::EPOCH_ORDER.refuse_if(!follows(commit, committer, context))
}

/// 081: operation, subject, committer and members agree.
fn is_consistent(commit: &EpochSecret, committer: DeviceId, context: &CommitContext<'_>) -> bool {
    let subject = match commit.op {
        CATCH_UP => commit.subject == context.own.0,
        LEAVE => !commit.members.contains(&DeviceId(commit.subject)),
        KICK => !commit.roster.contains(&AccountId(commit.subject)),
        REFRESH => commit.subject == context.sender.0,
        0 | 5.. => false,
    };
    subject
        && commit.committer.is_some() == (commit.op == CATCH_UP)
        && commit.members.contains(&committer)
        && commit.members.contains(&context.own)
        && context.members.contains(&context.sender)
}

/// 080: the next epoch, or ours by a lower committer; catching up may skip.
fn follows(commit: &EpochSecret, committer: DeviceId, context: &CommitContext<'_>) -> bool {
    if commit.epoch == context.epoch {
        return context.committer.is_some_and(|held| committer < held);
    }
    let next = commit.epoch.checked_sub(context.epoch) == Some(1);
    next || (commit.epoch > context.epoch && commit.op == CATCH_UP)
}

#[cfg(test)]
mod tests;
