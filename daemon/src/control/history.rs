//! `history.list` and `history.clear`: out of the store, with our names for people.

use std::collections::HashMap;

use ahoy_protocol::control::{
    ContactCommand, ControlError, ErrorKind, EventKind, HistoryCall, HistoryParams, HistoryReply, Reply,
};
use ahoy_protocol::core::input::{Command, VoicemailCommand};
use tokio::io::{AsyncRead, AsyncWrite};

use super::methods::call_id;
use super::question::Ask;
use super::session::{Session, internal};
use crate::limits;
use crate::store::Page;

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Session<R, W> {
    /// A page of the history.
    pub(super) async fn history(&mut self, params: HistoryParams) -> Result<Reply, ControlError> {
        let limit = params.limit.map_or(limits::HISTORY_PAGE, usize::from);
        if limit == 0 || limit > limits::HISTORY_PAGE_MAX {
            let hint = format!("ask for 1 to {} calls, and for older ones with `before`", limits::HISTORY_PAGE_MAX);
            return Err(ControlError::new(ErrorKind::BadParams, "history.list: `limit` is out of range", hint));
        }
        let page = Page { before: call_id("history.list", params.before)?, limit };
        let Reply::History(mut found) = self.ask(Ask::History(page)).await? else {
            return Err(internal("the history was answered with something else"));
        };
        let names = self.names().await?;
        for entry in found.calls.iter_mut().flat_map(|call| &mut call.roster) {
            entry.name = names.get(&entry.account).cloned();
        }
        let messages = self.voicemails().await?;
        for call in &mut found.calls {
            call.voicemail_ms = messages.iter().find(|info| info.call == call.call).map(|info| info.duration_ms);
        }
        Ok(Reply::History(fitting(found)))
    }

    /// Our names for contacts.
    async fn names(&mut self) -> Result<HashMap<String, String>, ControlError> {
        let Reply::Contacts(reply) = self.ask(Ask::Core(Command::Contact(ContactCommand::List))).await? else {
            return Err(internal("the contacts were answered with something else"));
        };
        Ok(reply.contacts.into_iter().map(|contact| (contact.account, contact.name)).collect())
    }

    /// Forgets all calls of the past; every frontend is told.
    pub(super) async fn clear_history(&mut self) -> Result<Reply, ControlError> {
        let done = self.ask(Ask::ClearHistory).await?;
        self.ask(Ask::Core(Command::Voicemail(VoicemailCommand::Forget))).await?;
        let client = self.name();
        self.desk.hub.publish(crate::clock::unix_ms(), EventKind::HistoryCleared { client });
        Ok(done)
    }
}

/// As many of the calls as fit a line; at least one.
fn fitting(mut page: HistoryReply) -> HistoryReply {
    let mut room = limits::HISTORY_PAGE_BYTES;
    let fits = |call: &HistoryCall| {
        let bytes = serde_json::to_string(call).map_or(usize::MAX, |text| text.len() + 1);
        let left = room.checked_sub(bytes);
        room = left.unwrap_or(0);
        left.is_some()
    };
    let count = page.calls.iter().map_while({
        let mut fits = fits;
        move |call| fits(call).then_some(())
    });
    let count = count.count().max(1);
    page.more |= count < page.calls.len();
    page.calls.truncate(count);
    page
}

#[cfg(test)]
mod tests {
    use ahoy_protocol::control::{Direction, RosterEntry};

    use super::*;

    #[test]
    fn a_page_fits_a_line_and_says_that_there_is_more() {
        let person = RosterEntry { account: "a".repeat(63), name: Some("n".repeat(64)) };
        let call = HistoryCall {
            call: "c".repeat(32),
            direction: Direction::In,
            roster: vec![person; 32],
            missed: false,
            reason: "hung_up".into(),
            cause: None,
            device: None,
            started_at_ms: 1,
            accepted_at_ms: None,
            ended_at_ms: None,
            voicemail_ms: None,
        };
        let page = fitting(HistoryReply { calls: vec![call.clone(); limits::HISTORY_PAGE_MAX], more: false });
        let text = serde_json::to_string(&page).unwrap();
        assert!(page.more && !page.calls.is_empty() && text.len() < limits::LINE_BYTES, "{}", text.len());
        let page = fitting(HistoryReply { calls: vec![call; 3], more: false });
        assert_eq!((page.calls.len(), page.more), (3, false));
    }
}
