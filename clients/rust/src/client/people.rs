//! Contacts that ask, strangers that are turned away, what each contact may do, and what people are doing.

use ahoy_protocol::control::{
    AcceptContactParams, AttemptsReply, CardReply, Contact, ContactParams, ContactReply, ContactRequestInfo,
    ContactRequestsReply, DoneReply, NoParams, PolicyParams, PresenceParams, PresenceState, PushParams,
    RenameContactParams, Request, RequestContactParams, RotateParams, SafetyReply, StrangerParams, TokenName,
    VerifyContactParams,
};

use super::Client;
use crate::error::ClientError;

impl Client {
    /// Sends somebody our card and makes theirs a contact; `greeting` is a sentence for them.
    ///
    /// # Errors
    /// As [`Client::add_contact`].
    pub async fn request_contact(
        &mut self,
        card: &str,
        name: Option<&str>,
        greeting: Option<&str>,
    ) -> Result<Contact, ClientError> {
        let (name, greeting) = (name.map(str::to_owned), greeting.map(str::to_owned));
        let params = RequestContactParams { card: card.to_owned(), name, greeting };
        let reply: ContactReply = self.call(&Request::ContactRequest(params)).await?;
        Ok(reply.contact)
    }

    /// Those who ask to be contacts, oldest first.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn contact_requests(&mut self) -> Result<Vec<ContactRequestInfo>, ClientError> {
        let reply: ContactRequestsReply = self.call(&Request::ContactRequests(NoParams {})).await?;
        Ok(reply.requests)
    }

    /// Makes somebody who asks (by account id, or by the name in the request) a contact.
    ///
    /// # Errors
    /// Refused with `no_such_contact` or `name_taken`; else as [`Client::call`].
    pub async fn accept_contact(&mut self, who: &str, name: Option<&str>) -> Result<Contact, ClientError> {
        let params = AcceptContactParams { account: who.to_owned(), name: name.map(str::to_owned) };
        let reply: ContactReply = self.call(&Request::ContactAccept(params)).await?;
        Ok(reply.contact)
    }

    /// Turns somebody who asks away, without a sign of it.
    ///
    /// # Errors
    /// Refused with `no_such_contact`; else as [`Client::call`].
    pub async fn refuse_contact(&mut self, who: &str) -> Result<DoneReply, ClientError> {
        self.call(&Request::ContactRefuse(StrangerParams { account: who.to_owned() })).await
    }

    /// Takes nothing of somebody any more, without a sign of it.
    ///
    /// # Errors
    /// Refused with `no_such_contact` or `limit_reached`; else as [`Client::call`].
    pub async fn block(&mut self, who: &str) -> Result<DoneReply, ClientError> {
        self.call(&Request::ContactBlock(ContactParams { contact: who.to_owned() })).await
    }

    /// Takes messages of somebody again.
    ///
    /// # Errors
    /// Refused with `no_such_contact`; else as [`Client::call`].
    pub async fn unblock(&mut self, who: &str) -> Result<DoneReply, ClientError> {
        self.call(&Request::ContactUnblock(ContactParams { contact: who.to_owned() })).await
    }

    /// What was turned away of strangers and blocked contacts.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn attempts(&mut self) -> Result<AttemptsReply, ClientError> {
        self.call(&Request::ContactAttempts(NoParams {})).await
    }

    /// Gives a contact another name.
    ///
    /// # Errors
    /// Refused with `no_such_contact` or `name_taken`; else as [`Client::call`].
    pub async fn rename_contact(&mut self, contact: &str, name: &str) -> Result<Contact, ClientError> {
        let params = RenameContactParams { contact: contact.to_owned(), name: name.to_owned() };
        let reply: ContactReply = self.call(&Request::ContactRename(params)).await?;
        Ok(reply.contact)
    }

    /// Says what a contact may do; what is `None` stays as it is.
    ///
    /// # Errors
    /// Refused with `no_such_contact` or `limit_reached` (favourites); else as [`Client::call`].
    pub async fn contact_policy(&mut self, params: PolicyParams) -> Result<Contact, ClientError> {
        let reply: ContactReply = self.call(&Request::ContactPolicy(params)).await?;
        Ok(reply.contact)
    }

    /// The safety number of a contact; `verified` says what a person found on comparing.
    ///
    /// # Errors
    /// Refused with `no_such_contact`; else as [`Client::call`].
    pub async fn verify_contact(&mut self, contact: &str, verified: Option<bool>) -> Result<SafetyReply, ClientError> {
        let params = VerifyContactParams { contact: contact.to_owned(), verified };
        self.call(&Request::ContactVerify(params)).await
    }

    /// Makes one of our inboxes anew; answers with our card as it is then.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn rotate(&mut self, token: TokenName) -> Result<String, ClientError> {
        let reply: CardReply = self.call(&Request::AccountRotate(RotateParams { token })).await?;
        Ok(reply.card)
    }

    /// Asks what a contact is doing: on opening a conversation. The event `presence` has the answer.
    ///
    /// # Errors
    /// Refused with `no_such_contact`; else as [`Client::call`].
    pub async fn ask_presence(&mut self, contact: &str) -> Result<DoneReply, ClientError> {
        self.call(&Request::PresenceAsk(ContactParams { contact: contact.to_owned() })).await
    }

    /// Says what we are doing.
    ///
    /// # Errors
    /// Refused with `bad_params` for `in_call`; else as [`Client::call`].
    pub async fn set_presence(&mut self, state: PresenceState) -> Result<DoneReply, ClientError> {
        self.call(&Request::PresenceSet(PresenceParams { state })).await
    }

    /// A key that talks, or mutes, while it is held was pressed or released.
    ///
    /// # Errors
    /// Refused with `no_such_call`; else as [`Client::call`].
    pub async fn push_to_talk(&mut self, pressed: bool, mute: bool) -> Result<DoneReply, ClientError> {
        let params = PushParams { call: None, pressed, mute, while_connected: false };
        self.call(&Request::CallPushToTalk(params)).await
    }
}
