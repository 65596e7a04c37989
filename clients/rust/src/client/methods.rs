//! The daemon's methods with their types.

use ahoy_protocol::control::{
    AcceptParams, AccountInfo, AddContactParams, AudioDevice, AudioDevicesReply, CallInfo, CallsReply, CardParams,
    CardReply, ConfigReply, ConfirmParams, Contact, ContactParams, ContactReply, ContactsReply, DeviceInfo,
    DeviceParams, DevicesReply, DoneReply, HandOffParams, HandOffReply, HistoryParams, HistoryReply, InCall,
    LinkParams, LinkReply, NoParams, OfferParams, OfferedReply, ParticipantStats, PlayParams, Request,
    SelectAudioParams, SelectedReply, SetConfigParams, SetConfigReply, SetKnown, StatsReply, Status, SubscribeParams,
    SubscribedReply, TestAudioParams, VoicemailInfo, VoicemailsReply, WhoseCall,
};
use serde_json::Value;

use super::Client;
use crate::error::ClientError;

/// Every method fails as [`Client::call`] does; kinds of refusal that matter are named.
impl Client {
    /// Events from now on, or what came after sequence number `after`; then read them with [`Client::event`].
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn subscribe(&mut self, after: Option<u64>) -> Result<SubscribedReply, ClientError> {
        self.call(&Request::Subscribe(SubscribeParams { after })).await
    }

    /// How the daemon is.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn status(&mut self) -> Result<Status, ClientError> {
        self.call(&Request::Status(NoParams {})).await
    }

    /// Stops the daemon; it tells the other side of its calls first.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn shutdown(&mut self) -> Result<DoneReply, ClientError> {
        self.call(&Request::Shutdown(NoParams {})).await
    }

    /// The interface as an OpenRPC document.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn discover(&mut self) -> Result<Value, ClientError> {
        self.call(&Request::Discover(NoParams {})).await
    }

    /// The configuration in force.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn config(&mut self) -> Result<Value, ClientError> {
        let reply: ConfigReply = self.call(&Request::ConfigGet(NoParams {})).await?;
        Ok(reply.config)
    }

    /// Writes a setting into the daemon's config.toml, and uses it at once where that can be; null takes it out of the file.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn set_config(&mut self, key: &str, value: Value) -> Result<SetConfigReply, ClientError> {
        self.call(&Request::ConfigSet(SetConfigParams { key: key.to_owned(), value })).await
    }

    /// Our account, device, card and addresses.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn account(&mut self) -> Result<AccountInfo, ClientError> {
        self.call(&Request::AccountShow(NoParams {})).await
    }

    /// Our contact card, on wish without addresses.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn card(&mut self, no_addresses: bool) -> Result<String, ClientError> {
        let reply: CardReply = self.call(&Request::AccountCard(CardParams { no_addresses })).await?;
        Ok(reply.card)
    }

    /// All contacts, by name.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn contacts(&mut self) -> Result<Vec<Contact>, ClientError> {
        let reply: ContactsReply = self.call(&Request::ContactList(NoParams {})).await?;
        Ok(reply.contacts)
    }

    /// Adds a contact by its card, under a name of ours if one is given.
    ///
    /// # Errors
    /// Refused with `bad_card`, `own_card` or `name_taken`; else as [`Client::call`].
    pub async fn add_contact(&mut self, card: &str, name: Option<&str>) -> Result<Contact, ClientError> {
        let params = AddContactParams { card: card.to_owned(), name: name.map(str::to_owned) };
        let reply: ContactReply = self.call(&Request::ContactAdd(params)).await?;
        Ok(reply.contact)
    }

    /// Removes a contact, by name or account id.
    ///
    /// # Errors
    /// Refused with `no_such_contact`; else as [`Client::call`].
    pub async fn remove_contact(&mut self, contact: &str) -> Result<DoneReply, ClientError> {
        self.call(&Request::ContactRemove(ContactParams { contact: contact.to_owned() })).await
    }

    /// Calls contacts (names or account ids) and returns the id of the call as soon as the offer is on its way.
    ///
    /// # Errors
    /// Refused with `no_such_contact` or `already_in_call`; else as [`Client::call`].
    pub async fn offer(&mut self, to: &[&str]) -> Result<String, ClientError> {
        Ok(self.offer_of(to).await?.call)
    }

    /// As [`Client::offer`], with the call that is held by it.
    ///
    /// # Errors
    /// As [`Client::offer`].
    pub async fn offer_of(&mut self, to: &[&str]) -> Result<OfferedReply, ClientError> {
        let to = to.iter().map(|name| (*name).to_owned()).collect();
        self.call(&Request::CallOffer(OfferParams { to, media: None, context: None })).await
    }

    /// Accepts a call, or the only one that rings; `in_call` says what becomes of an active one.
    ///
    /// # Errors
    /// Refused with `no_such_call`, `ambiguous_call` or `in_call`; else as [`Client::call`].
    pub async fn accept(&mut self, call: Option<&str>, in_call: InCall) -> Result<DoneReply, ClientError> {
        self.call(&Request::CallAccept(AcceptParams { call: call.map(str::to_owned), in_call })).await
    }

    /// Declines a call, or the only one that rings.
    ///
    /// # Errors
    /// Refused with `no_such_call` or `ambiguous_call`; else as [`Client::call`].
    pub async fn decline(&mut self, call: Option<&str>) -> Result<DoneReply, ClientError> {
        self.call(&Request::CallDecline(whose(call))).await
    }

    /// Hangs up a call, or cancels it if it was not answered yet.
    ///
    /// # Errors
    /// Refused with `no_such_call` or `ambiguous_call`; else as [`Client::call`].
    pub async fn hang_up(&mut self, call: Option<&str>) -> Result<DoneReply, ClientError> {
        self.call(&Request::CallHangUp(whose(call))).await
    }

    /// Holds a call, or the active one: neither side hears the other until it is resumed.
    ///
    /// # Errors
    /// Refused with `no_such_call` or `wrong_state`; else as [`Client::call`].
    pub async fn hold(&mut self, call: Option<&str>) -> Result<DoneReply, ClientError> {
        self.call(&Request::CallHold(whose(call))).await
    }

    /// Takes up a held call, or the only one; the one that is active is held.
    ///
    /// # Errors
    /// Refused with `no_such_call`, `ambiguous_call` or `wrong_state`; else as [`Client::call`].
    pub async fn resume(&mut self, call: Option<&str>) -> Result<DoneReply, ClientError> {
        self.call(&Request::CallResume(whose(call))).await
    }

    /// Asks another device of our account to take a call over; without a device the only other one that is connected.
    /// The event `hand_off` tells how it goes on.
    ///
    /// # Errors
    /// Refused with `no_such_call`, `ambiguous_call`, `no_such_device` or `wrong_state`; else as [`Client::call`].
    pub async fn hand_off(&mut self, call: Option<&str>, device: Option<&str>) -> Result<HandOffReply, ClientError> {
        let params = HandOffParams { call: call.map(str::to_owned), device: device.map(str::to_owned) };
        self.call(&Request::CallHandOff(params)).await
    }

    /// Calls, newest last, with those that ended in the last ten minutes.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn calls(&mut self) -> Result<Vec<CallInfo>, ClientError> {
        let reply: CallsReply = self.call(&Request::CallList(NoParams {})).await?;
        Ok(reply.calls)
    }

    /// Mutes our microphone.
    ///
    /// # Errors
    /// Refused with `no_such_call`; else as [`Client::call`].
    pub async fn mute(&mut self, call: Option<&str>) -> Result<DoneReply, ClientError> {
        self.call(&Request::CallMute(whose(call))).await
    }

    /// Unmutes our microphone.
    ///
    /// # Errors
    /// Refused with `no_such_call`; else as [`Client::call`].
    pub async fn unmute(&mut self, call: Option<&str>) -> Result<DoneReply, ClientError> {
        self.call(&Request::CallUnmute(whose(call))).await
    }

    /// Figures of every participant of a call, or of the only call.
    ///
    /// # Errors
    /// Refused with `no_such_call` or `ambiguous_call`; else as [`Client::call`].
    pub async fn stats(&mut self, call: Option<&str>) -> Result<Vec<ParticipantStats>, ClientError> {
        let reply: StatsReply = self.call(&Request::CallStats(whose(call))).await?;
        Ok(reply.participants)
    }

    /// Calls of the past, newest first: at most `limit` (1..100; none: 50), older than the call `before` if that is given.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn history(&mut self, before: Option<&str>, limit: Option<u16>) -> Result<HistoryReply, ClientError> {
        self.call(&Request::HistoryList(HistoryParams { before: before.map(str::to_owned), limit })).await
    }

    /// Plays a message that was left after a call, through the speaker or into the WAV file `to` (an absolute path).
    ///
    /// # Errors
    /// Refused with `no_such_call` if there is no message, `in_call` while another one is played, or `no_resources` if the
    /// file cannot be written; else as [`Client::call`].
    pub async fn play(&mut self, call: &str, to: Option<&str>) -> Result<DoneReply, ClientError> {
        self.call(&Request::HistoryPlay(PlayParams { call: call.to_owned(), to: to.map(str::to_owned) })).await
    }

    /// Messages that were left for us, oldest first.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn voicemails(&mut self) -> Result<Vec<VoicemailInfo>, ClientError> {
        let reply: VoicemailsReply = self.call(&Request::VoicemailList(NoParams {})).await?;
        Ok(reply.voicemails)
    }

    /// Records a message for a call of ours that nobody answered, or the newest one; the call it is for is answered.
    ///
    /// # Errors
    /// Refused with `no_such_call` or, while the microphone is in use, `in_call`; else as [`Client::call`].
    pub async fn record_voicemail(&mut self, call: Option<&str>) -> Result<DoneReply, ClientError> {
        self.call(&Request::VoicemailRecord(whose(call))).await
    }

    /// Ends the recording and has it brought to the contact (`send`), or forgets it.
    ///
    /// # Errors
    /// Refused with `wrong_state` if none goes on; else as [`Client::call`].
    pub async fn end_voicemail(&mut self, send: bool) -> Result<DoneReply, ClientError> {
        let end = if send { Request::VoicemailSend(NoParams {}) } else { Request::VoicemailCancel(NoParams {}) };
        self.call(&end).await
    }

    /// Forgets all calls of the past, with the messages left after them.
    ///
    /// # Errors
    /// Refused with `no_resources` while the disk takes nothing; else as [`Client::call`].
    pub async fn clear_history(&mut self) -> Result<DoneReply, ClientError> {
        self.call(&Request::HistoryClear(NoParams {})).await
    }

    /// The devices of our account, this one first.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn devices(&mut self) -> Result<Vec<DeviceInfo>, ClientError> {
        let reply: DevicesReply = self.call(&Request::DeviceList(NoParams {})).await?;
        Ok(reply.devices)
    }

    /// Links a device: shows a code at the new one, or takes that code at one of the account. The event `linking` tells
    /// how it goes on.
    ///
    /// # Errors
    /// Refused with `bad_card`, `own_card`, `no_account_key`, `limit_reached` or `wrong_state`; else as [`Client::call`].
    pub async fn link_device(&mut self, params: LinkParams) -> Result<LinkReply, ClientError> {
        self.call(&Request::DeviceLink(params)).await
    }

    /// Says which letters the other device shows.
    ///
    /// # Errors
    /// Refused with `bad_params` if they are others than here, or `wrong_state`; else as [`Client::call`].
    pub async fn confirm_device(&mut self, letters: &str) -> Result<DoneReply, ClientError> {
        self.call(&Request::DeviceConfirm(ConfirmParams { letters: letters.to_owned() })).await
    }

    /// How many contacts know which devices the account has.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn device_set_known(&mut self) -> Result<SetKnown, ClientError> {
        let reply: DevicesReply = self.call(&Request::DeviceList(NoParams {})).await?;
        Ok(reply.known)
    }

    /// Takes a device out of the account; gives those that are left.
    ///
    /// # Errors
    /// Refused with `no_such_device` or `no_account_key`; else as [`Client::call`].
    pub async fn revoke_device(&mut self, device: &str) -> Result<Vec<DeviceInfo>, ClientError> {
        let params = DeviceParams { device: device.to_owned() };
        let reply: DevicesReply = self.call(&Request::DeviceRevoke(params)).await?;
        Ok(reply.devices)
    }

    /// Microphones and speakers.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn audio_devices(&mut self) -> Result<Vec<AudioDevice>, ClientError> {
        Ok(self.audio().await?.devices)
    }

    /// Microphones and speakers, and what the system grants the thread of sound.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn audio(&mut self) -> Result<AudioDevicesReply, ClientError> {
        self.call(&Request::AudioList(NoParams {})).await
    }

    /// Uses another microphone, speaker or ringtone output from now on, in the middle of a call too.
    ///
    /// # Errors
    /// Refused with `no_such_device` or `bad_params`; else as [`Client::call`].
    pub async fn select_audio(&mut self, params: SelectAudioParams) -> Result<SelectedReply, ClientError> {
        self.call(&Request::AudioSelect(params)).await
    }

    /// Tries microphone and speaker, while there is no call; the event `sound_test` tells levels and what was found.
    ///
    /// # Errors
    /// Refused with `in_call` while a call or a recording has the microphone, `wrong_state` while another trial runs, or
    /// `bad_params`; else as [`Client::call`].
    pub async fn test_audio(&mut self, params: TestAudioParams) -> Result<DoneReply, ClientError> {
        self.call(&Request::AudioTest(params)).await
    }
}

fn whose(call: Option<&str>) -> WhoseCall {
    WhoseCall { call: call.map(str::to_owned) }
}
