//! Every bound of this crate, with its unit and its reason.

/// Bytes: a gossip message of ours, the largest of the padded sizes.
pub const MESSAGE_MAX_BYTES: usize = 4096;
/// Bytes: a contact card before base64; what a QR code carries comfortably is far less, 8 devices with 8 addresses fit.
pub const CARD_MAX_BYTES: usize = 1024;
/// Bytes: a card is at least one byte of CBOR and its checksum.
pub const CARD_MIN_BYTES: usize = 5;
/// Bytes: a name, in cards, presence and link contacts; enough for a person, short enough for a list.
pub const NAME_MAX_BYTES: usize = 64;
/// Bytes: the greeting of a contact request, a sentence.
pub const GREETING_MAX_BYTES: usize = 140;
/// Bytes: the messenger's opaque context of an offer, a conversation id.
pub const CONTEXT_MAX_BYTES: usize = 256;
/// Bytes: a binary multiaddr; a relayed one with two peer ids is below 110.
pub const ADDRESS_MAX_BYTES: usize = 128;
/// Count: addresses in a card or presence; more would be dialled for nothing.
pub const ADDRESSES_MAX: usize = 8;
/// Count: keeper addresses in a card.
pub const KEEPERS_MAX: usize = 4;
/// Count: devices of an account.
pub const DEVICES_MAX: usize = 8;
/// Bytes: the smallest device set, of one device (109 + 32 n).
pub const DEVICE_SET_MIN_BYTES: usize = 141;
/// Bytes: the largest device set, of eight devices.
pub const DEVICE_SET_MAX_BYTES: usize = 365;
/// Count: items of a CBOR container (docs/wire.md section 3).
pub const CBOR_MAX_ITEMS: u64 = 64;
/// Count: accounts of a roster, and devices of a call's member list.
pub const ROSTER_MAX: usize = 32;
/// Count: accounts of a roster; a call has two ends.
pub const ROSTER_MIN: usize = 2;
/// Bytes: one part of a session description, so that it fits a 4096-byte pair frame.
pub const DESCRIPTION_PART_BYTES: usize = 3840;
/// Count: parts of a session description: five of 3840 B hold 16 KiB.
pub const DESCRIPTION_PARTS_MAX: u8 = 5;
/// Bytes: a whole session description; a browser's with 8 m-lines is below 12 KiB.
pub const DESCRIPTION_MAX_BYTES: usize = 16_384;
/// Count: lines of a session description.
pub const SDP_MAX_LINES: usize = 256;
/// Count: media sections of a session description.
pub const SDP_MAX_MEDIA: usize = 8;
/// Count: candidates in one message, and of one generation of a link.
pub const CANDIDATES_MAX: usize = 20;
/// Count: restarts of a link that we take in [`RESTART_WINDOW_MS`].
pub const RESTARTS_MAX: usize = 6;
/// Milliseconds: the window of [`RESTARTS_MAX`].
pub const RESTART_WINDOW_MS: u64 = 60_000;
/// Bytes: a message of the data channel, header included.
pub const CTL_MAX_BYTES: usize = 1024;
/// Seconds: the longest time for which an offer may ask to ring.
pub const OFFER_TTL_MAX_S: u16 = 60;
/// Number: the last attempt of an offer; 64 sends fill its 60 s.
pub const OFFER_ATTEMPT_MAX: u8 = 63;
/// Count: calls that ring here at once; the next one is dropped in silence.
pub const RINGING_MAX: usize = 16;
/// Count: calls of one account that ring here at once; the next one is dropped in silence, so that it fills no others'
/// places. Two devices that call, and their recalls.
pub const RINGING_OF_ONE_MAX: usize = 4;
/// Number: counters of frames stay below it, so that no nonce comes twice.
pub const COUNTER_END: u64 = 1 << 48;
/// Count: message numbers of a pair that may arrive early and are kept (the next one and 31 more).
pub const PAIR_AHEAD_MAX: u32 = 32;
/// Count: salts of a slot that a call keeps windows for: a device that starts four times in a call is unusual.
pub const SALTS_MAX: usize = 4;
/// Count: replay windows of a call: 32 members, two epochs, four salts.
pub const WINDOWS_MAX: usize = 256;
/// Milliseconds after the first send: when something that nobody acknowledged goes again to a device that is near, or not
/// known.
pub const RESEND_FIRST_MS: u64 = 100;
/// Milliseconds: the same at most, however slow the way. In the 5 s after which somebody counts as gone (docs/wire.md section 6)
/// there are still four sends.
pub const RESEND_FIRST_MAX_MS: u64 = 600;
/// Milliseconds: a device is not taken to be slower than this for an answer that had to be repeated.
pub const PACE_GUESS_MS: u64 = 180;
/// Milliseconds: each device is taken to be as slow as this where nobody waits for what it is told: two that meet on a slow
/// way tell each other much at once.
pub const PACE_PATIENT_MS: u64 = 250;
/// Milliseconds between two acknowledgements that carry nothing else, at least: one speaks for all that came.
pub const ACK_GAP_MS: u64 = 25;
/// Count: devices of which it is remembered how long they take to acknowledge; as many as contacts have at most
/// devices of in use, and 4 KiB.
pub const PACES_MAX: usize = 128;
/// Milliseconds after the first send: the last time something goes again that nobody acknowledges.
pub const RESEND_LAST_MS: u64 = 60_000;
/// Milliseconds after the first send: when it is given up; the last send has a second to be acknowledged.
pub const RESEND_GIVE_UP_MS: u64 = 61_000;
/// Count: Noise states that wait for an answer of one device; sends of the last 13 s, and more than gossip delays.
pub const HANDSHAKES_A_DEVICE: usize = 16;
/// Count: copies of an answer; eight sends fill its 5 s.
pub const ANSWER_COPIES: u32 = 8;
/// Count: handshakes that wait for confirm, oldest out.
pub const ANSWERING_MAX: usize = 64;
/// Count: calls that have keys and topics; 16 ring, 16 are ours, the rest is being forgotten.
pub const SESSION_CALLS_MAX: usize = 64;
/// Count: messages of ours that wait in a pair; a description with its candidates is 25.
pub const PAIR_QUEUE_MAX: usize = 128;
/// Count: one-way messages on their way or kept; oldest out.
pub const LETTERS_MAX: usize = 256;
/// Count: envelope hashes remembered of a one-way message, for its receipt: one for each send.
pub const LETTER_HASHES: usize = 64;
/// Milliseconds: how long `missed` and `devices` are kept for a device that isn't there: 7 days.
pub const LETTER_KEPT_MS: u64 = 7 * 24 * 3_600_000;
/// Count: missed calls that one contact's devices are still to be told of, oldest out: nobody reads more of one caller.
pub const NOTES_A_CONTACT: usize = 32;
/// Count: missed calls that anybody is still to be told of, oldest out.
pub const NOTES_MAX: usize = 1024;
/// Milliseconds: the longest message that is left after a call nobody answered.
pub const VOICEMAIL_MS: u32 = 120_000;
/// Bytes: such a message; two minutes at 64 kbit/s, and more than that at the 40 that we use.
pub const VOICEMAIL_BYTES: u32 = 1024 * 1024;
/// Bytes: a packet of it (the largest that Opus makes).
pub const VOICEMAIL_PACKET_BYTES: usize = 1275;
/// Count: calls of ours that nobody answered for which a message can still be left, oldest out.
pub const UNANSWERED_MAX: usize = 16;
/// Count: messages that one device is still to get, oldest out.
pub const VOICEMAILS_OWED_A_DEVICE: usize = 4;
/// Count: messages that any device is still to get, oldest out; 32 MiB of disk at most.
pub const VOICEMAILS_OWED_MAX: usize = 32;
/// Count: messages kept of one contact, oldest out.
pub const VOICEMAILS_GOT_A_CONTACT: usize = 8;
/// Milliseconds: as many messages as are kept of a contact are taken of it in this time, and no more.
pub const VOICEMAIL_WINDOW_MS: u64 = 3_600_000;
/// Count: messages that one device fetches of us in [`VOICEMAIL_WINDOW_MS`]; each it is owed, and each thrice more after
/// connections that broke.
pub const VOICEMAIL_FETCHES_A_DEVICE: usize = 4 * VOICEMAILS_OWED_A_DEVICE;
/// Count: those of all devices together.
pub const VOICEMAIL_FETCHES_MAX: usize = 4 * VOICEMAILS_OWED_MAX;
/// Count: messages kept of all, oldest out; 64 MiB of disk at most.
pub const VOICEMAILS_GOT_MAX: usize = 64;
/// Milliseconds: a forgotten call keeps its topics at most this long for its last words.
pub const FORGET_MS: u64 = 5_000;
/// Milliseconds: a forgotten call keeps its topics at least this long, to acknowledge the other side's last words, and to
/// hear those that crossed ours: the first four sends of one, at 0, .1, .25 and .5 s.
pub const FORGET_LINGER_MS: u64 = 1_000;
/// Count: call frames kept of a call whose topic has no subscriber.
pub const FRAMES_KEPT: usize = 8;
/// Count: our first announces in a call, which carry our prekey record.
pub const ANNOUNCES_WITH_RECORD: u8 = 3;

// Calls.

/// Count: calls offered to us that wait for their confirm, oldest out; as many as handshakes may wait.
pub const OFFERED_MAX: usize = 64;
/// Milliseconds: how often the store is told that a joined call still lives; a daemon that was killed is at most so much
/// younger than its rows say.
pub const JOURNAL_EVERY_MS: u64 = 5_000;
/// Count: calls of ours that are not ended (dialing, ringing there, accepted); as many as may ring here.
pub const OWN_CALLS_MAX: usize = 16;

/// So much longer than reaching somebody may last, in ms, a contact that may take no call of ours has to answer: whoever isn't
/// there at all is told as that first.
pub const UNPROVEN_WAIT_MS: u64 = 1_000;
/// Count: devices rung in one call: a roster of 32 with 8 devices each.
pub const CALLEES_MAX: usize = 256;
/// Count: ended calls that are listed.
pub const ENDED_MAX: usize = 256;
/// Milliseconds: how long an ended call is listed.
pub const ENDED_MS: u64 = 600_000;
/// Count: calls whose successor is remembered, for commands that name the old one; oldest out. Crossing and broken calls
/// are rare, and who still names one does so within seconds.
pub const CONTINUED_MAX: usize = 16;
/// Milliseconds: how long a call of ours that crosses another one may wait for the answer to its offer, before the other
/// one is taken: five resends.
pub const GLARE_WAIT_MS: u64 = 1_000;
/// Milliseconds: how long a second call of a device that is in a call with us waits for the end of the first, or for a
/// sign that it is lost, before it rings: a hang-up on a bad path has got through by then.
pub const AGAIN_WAIT_MS: u64 = 10_000;
/// Count: call ids remembered of an account, oldest out.
pub const SEEN_PER_ACCOUNT: usize = 4096;
/// Count: accounts whose call ids are remembered; more than a person has contacts.
pub const SEEN_ACCOUNTS: usize = 4096;
/// Milliseconds: how long call ids are remembered: longer than any prekey lives.
pub const SEEN_MS: u64 = 96 * 3_600_000;
/// Count: calls with signals that came before their offer, oldest out.
pub const EARLY_CALLS: usize = 64;
/// Count: signals kept of such a call; as many as a pair channel keeps early messages.
pub const EARLY_SIGNALS: usize = 31;
/// Milliseconds: how long they are kept; no offer rings longer.
pub const EARLY_MS: u64 = 60_000;
/// Bytes: what was tried, in the cause of an end; a screen of text.
pub const CAUSE_MAX_BYTES: usize = 1024;
/// Milliseconds: a link of a call that we ended stays open, so that the hang-up on `ctl` gets out.
pub const LINK_LINGER_MS: u64 = 200;
/// Milliseconds: our status is repeated on `ctl`.
pub const STATUS_EVERY_MS: u64 = 1_000;
/// Milliseconds: announces are repeated on the call topic.
pub const ANNOUNCE_EVERY_MS: u64 = 5_000;
/// Milliseconds after the last packet: when an interrupted link is restarted. A restart gives up the pair of addresses there is,
/// which works again at once after a short blackout, so that one of 2 s is waited for (docs/adr/0021).
pub const RESTART_AT_MS: [u64; 5] = [3_000, 6_000, 10_000, 20_000, 40_000];
/// Milliseconds after a link is gone for good: when the next one is tried for the first time.
pub const NEXT_LINK_AT_MS: u64 = 2_000;
/// Milliseconds after the last packet: when an interrupted participant is given up.
pub const GIVE_UP_MS: u64 = 60_000;
/// Milliseconds without a packet after which the engine calls a link interrupted.
pub const INTERRUPTED_MS: u64 = 2_000;
/// Milliseconds: a clock that is off by more than this gives a warning.
pub const CLOCK_OFF_MS: u64 = 120_000;
/// Milliseconds: linking is given up; time to walk to the other device and to compare six letters.
pub const LINKING_MS: u64 = 300_000;
/// Count: beginnings of a linking that the new device takes of the same other one: somebody who tries again, and no more.
pub const LINKS_ANEW_MAX: u8 = 8;
/// Count: messages of a linking on their way at once; a pair keeps as many early ones.
pub const LINK_AHEAD: usize = 32;
/// Milliseconds: an account is asked for its device set again.
pub const SET_ASK_AGAIN_MS: u64 = 60_000;
/// Count: accounts that were asked for it in that time.
pub const SETS_ASKED_MAX: usize = 64;
/// Milliseconds: before a call is taken back, the account's other devices have so long to say that the one that wants it
/// is none of theirs any more. Much less than the 10 s in which a restarted daemon is to be back.
pub const TAKE_BACK_ASK_MS: u64 = 2_000;
/// Milliseconds since the question: for how long silence counts as an answer, and a question is remembered at all.
pub const TAKE_BACKS_KEPT_MS: u64 = 5_000;
/// Milliseconds since their answer: for how long it counts. The offer goes again each second, and is late by less than
/// half of one; somebody may be revoked meanwhile.
pub const TAKE_BACK_ANSWER_MS: u64 = 1_500;
/// Milliseconds: the window of the dials that such questions make; [`DIALS_A_MINUTE`] of an account.
pub const TAKE_BACK_DIALS_MS: u64 = 60_000;
/// Count: such dials of all accounts in that time; a call has one other end, and few are lost in a minute.
pub const TAKE_BACK_DIALS_MAX: usize = 64;
/// Count: calls for which that is asked at once; more than anybody loses in that time.
pub const TAKE_BACKS_ASKED_MAX: usize = 64;
/// Count: of one account: one that is active, one that is held, and each anew.
pub const TAKE_BACKS_OF_ONE_MAX: usize = 4;
/// Count: devices that are dialled at once to be told of another device set.
pub const SET_DIALS_AT_ONCE: usize = 16;
/// Milliseconds: the pause between two such turns; a thousand devices have had theirs in five minutes.
pub const SET_DIALS_EVERY_MS: u64 = 5_000;
/// Milliseconds: the pause once each had its turn.
pub const SET_DIALS_SELDOM_MS: u64 = 300_000;
/// Count: contacts that are named of those who don't know a set yet; a screen of them.
pub const UNTOLD_NAMED_MAX: usize = 16;
/// Seconds: after a revocation the contacts' former inbox is held for so long: 20 of them learn the new one in a minute.
pub const FORMER_INBOX_S: u64 = 3_600;
/// Count: removed contacts that are remembered, so that no other device of the account brings them back.
pub const REMOVED_MAX: usize = 1024;
/// Milliseconds: so far ahead of our clock the time of a contact's change is believed; as far as a prekey's may be.
pub const CHANGED_AHEAD_MS: u64 = 600_000;
/// Milliseconds until a contact's change that another device of ours has not acknowledged goes again: its letter is
/// over by then.
pub const CHANGE_AGAIN_MS: u64 = 61_000;
/// Count: contacts of an account; each costs a row, and a place in the dialling order.
pub const CONTACTS_MAX: usize = 4096;
/// Count: pairs (call, device) whose candidates and restarts are counted at once, oldest out: more than calls that run
/// at once have participants.
pub const PAIRS_COUNTED_MAX: usize = 256;
/// Count: changes of contacts that can be taken back: as many questions as the daemon lets wait for the disk.
pub const UNDO_MAX: usize = 256;

/// Milliseconds: for how long a call that another device of ours hands over rings here: its person has just said so there.
pub const HAND_OFF_RING_MS: u64 = 20_000;
/// Milliseconds: for how long a device of ours is asked to take over a call: to be reached (10 s), and to ring.
pub const HAND_OFF_ASK_MS: u64 = HAND_OFF_RING_MS + 10_000;
/// Seconds: for so long a confirm of the question may still come; it is confirmed at once when it is answered.
pub const HAND_OFF_TTL_S: u16 = 10;
/// Milliseconds: once it was accepted there, the participant has so long to take the new call; it does so without ringing.
pub const HAND_OFF_MOVE_MS: u64 = 15_000;
/// Milliseconds: for how long the device that handed it over waits for that: the participant takes it, and media connect.
pub const HAND_OFF_DONE_MS: u64 = HAND_OFF_MOVE_MS + 35_000;
/// Milliseconds: the other device says that the new call works, and so does the participant by ending the old one; it may
/// be late by as much as a hang-up on a bad path.
pub const HAND_OFF_SETTLE_MS: u64 = 5_000;
/// Count: calls at other devices of the account whose lines of history here are known, should they come back.
pub const STAYS_MAX: usize = 64;
/// Count: devices of ours that ask us at once; an account has no more others.
pub const HAND_OFFS_ASKED_MAX: usize = DEVICES_MAX;

// The core.

/// Count: envelopes that decrypted, kept against replays (docs/wire.md, 007).
pub const REPLAYS_MAX: usize = 4096;
/// Milliseconds: how long they are kept.
pub const REPLAY_MS: u64 = 600_000;
/// Count: cancels remembered (087), oldest out.
pub const CANCELS_MAX: usize = 256;
/// Milliseconds: how long a cancel is remembered.
pub const CANCEL_MS: u64 = 120_000;
/// Count: other things that count once (088, offerers of calls), oldest out.
pub const DONE_MAX: usize = 4096;
/// Count: buckets of tokens (025); one a device, contact and card inbox that wrote lately.
pub const RATE_BUCKETS_MAX: usize = 4096;
/// Count: dials of a device in a minute, so that nobody can make us knock somewhere.
pub const DIALS_A_MINUTE: u8 = 8;
/// Milliseconds: the first pause after a failed dial; doubled each time.
pub const DIAL_PAUSE_FIRST_MS: u64 = 2_000;
/// Milliseconds: the first pause while a call waits for the device; doubled each time (4 dials in 10 s).
pub const DIAL_PAUSE_CALL_MS: u64 = 1_000;
/// Milliseconds: the longest pause: a contact that comes back is found within 5 minutes even without mDNS.
pub const DIAL_PAUSE_LONGEST_MS: u64 = 300_000;
/// Milliseconds: while a call reconnects, its participants' devices are dialled anew this often: sound is to be back 3 s
/// after the path is, and a connection with its first messages takes about one.
pub const REDIAL_MS: u64 = 1_000;
/// Milliseconds: our addresses come and go one by one when the network changes; links are made anew once they rest so long.
pub const MOVED_REST_MS: u64 = 200;
/// Milliseconds: the wall clock went so much further than the monotonic one: the machine slept. A clock that is set
/// seldom goes so far, and all that is done then is to look whether connections still live.
pub const SLEPT_MS: u64 = 5_000;
/// Count: devices that we try to stay connected with (the connection budget).
pub const WANTED_DEVICES_MAX: usize = 32;
/// Count: topics remembered of a connected device: three inbox days of two tokens and four topics a call fit many times.
pub const PEER_TOPICS_MAX: usize = 512;
/// Count: strangers who proved a token and may speak gossip at once; the one that came first goes.
pub const GUESTS_MAX: usize = 16;
/// Milliseconds: for how long they may.
pub const GUEST_STAY_MS: u64 = 60_000;
/// Milliseconds: the pause between two prekey requests to a device that somebody calls.
pub const PREKEY_ASK_AGAIN_MS: u64 = 1_000;
/// Count: devices whose prekey is asked for at once; the devices of a full roster.
pub const PREKEYS_ASKED_MAX: usize = 256;
/// Count: Diffie-Hellman operations a second for the contact inbox.
pub const CONTACT_INBOX_DH_A_SECOND: u32 = 150;
/// Count: the same for what strangers can reach: the card inbox, and mailboxes.
pub const OTHER_DH_A_SECOND: u32 = 50;
/// Milliseconds: Unix times are looked at this often at the latest, so that a set clock or a sleep does no harm.
pub const WALL_CLOCK_LOOK_MS: u64 = 600_000;
/// Count: presences that go out in [`PRESENCE_WINDOW_MS`], whatever others ask for (docs/wire.md section 6).
pub const PRESENCES_A_WINDOW: usize = 20;
/// Count: those of them that may go to the devices of one contact, so that one who asks all the time leaves some to others:
/// one to each of its devices, and a few changes.
pub const PRESENCES_OF_ONE_A_WINDOW: usize = 12;
/// Milliseconds: a minute of presences.
pub const PRESENCE_WINDOW_MS: u64 = 60_000;
/// Count: stored rows of call ids, oldest out: no contact can make the store too large to start with.
pub const SEEN_ROWS_MAX: usize = 65_536;
/// Count: accounts that are no contacts of which something is kept (requests, refusals, blocks, attempts): a list that a
/// person can look through.
pub const STRANGERS_MAX: usize = 256;
/// Count: contact requests that wait for a decision; a further one takes the place of one of the source with most of them.
pub const REQUESTS_OPEN_MAX: usize = 32;
/// Milliseconds: how long a refused account's further requests are dropped: 30 days.
pub const REFUSED_MS: u64 = 30 * 24 * 3_600_000;
/// Count: notes of blocked attempts that frontends are told and the disk keeps in [`ATTEMPTS_WINDOW_MS`]; the list has
/// all of them.
pub const ATTEMPTS_TOLD_A_WINDOW: usize = 6;
/// Milliseconds: a minute of blocked attempts.
pub const ATTEMPTS_WINDOW_MS: u64 = 60_000;
/// Milliseconds: what was turned away goes again each second; whoever was silent for so long tries anew.
pub const ATTEMPT_OVER_MS: u64 = 4_000;
/// Milliseconds: prekey requests that are less apart count as one: a connection asks a few times at once.
pub const KNOCK_APART_MS: u64 = 500;
/// Count: so many of them, one after the other, are a call: nothing else asks again each second.
pub const KNOCKS_OF_A_CALL: u8 = 3;
/// Count: attempts, and devices that ask, of which the last time is remembered, oldest out: as many as handshakes wait.
pub const ATTEMPTS_UNDER_WAY_MAX: usize = 64;
/// Milliseconds: whoever asked for our presence is told of changes for so long (docs/wire.md section 6), and whom a
/// person looked at is asked for so long.
pub const PRESENCE_INTEREST_MS: u64 = 15 * 60_000;
/// Milliseconds: a device that is looked at is asked again after so long, before its 15 minutes are over.
pub const PRESENCE_ASK_AGAIN_MS: u64 = 10 * 60_000;
/// Milliseconds: a person who asks again gets a new answer, but not more often than this.
pub const PRESENCE_PERSON_ASKS_MS: u64 = 5_000;
/// Milliseconds: how often it is looked who is to be asked again.
pub const PRESENCE_LOOK_MS: u64 = 60_000;
/// Milliseconds: changes of what we do within so long are told together.
pub const PRESENCE_COALESCE_MS: u64 = 1_000;
/// Count: devices that are told what we do, and devices and accounts that we ask.
pub const PRESENCE_WATCHED_MAX: usize = 256;
/// Count: contacts whose presence is asked for all the time.
pub const FAVOURITES_MAX: usize = 20;

/// Time that a person has to agree to be recorded, ms: long enough to read it, and to ask what for.
pub const RECORD_ANSWER_MS: u64 = 30_000;
/// Consents that are remembered for calls that go on as others: one a participant of the largest call.
pub const RECORD_AGREED_MAX: usize = 32;
/// Questions whether it may record us that are taken of a participant a minute: a person starts and stops by hand.
pub const RECORD_REQUESTS_MAX: usize = 6;
