//! The numbered checks of docs/wire.md: what refused a message.

/// The check that refused something. A failed check is a silent drop and a counter; the number
/// says which counter. Numbers are those of docs/wire.md; missing ones are retired.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Check(u16);

impl Check {
    /// 001: gossip message: length not one of 256, 512, 1024, 2048, 4096.
    pub const LENGTH: Check = Check(1);
    /// 002: gossip message: version byte not 01.
    pub const VERSION: Check = Check(2);
    /// 003: gossip message: unknown type, or a length that the type doesn't have.
    pub const TYPE: Check = Check(3);
    /// 004: gossip message: topic not held now, or of a class that doesn't take the type.
    pub const TOPIC: Check = Check(4);
    /// 005: envelope or answer: the outer MAC is wrong.
    pub const HINT: Check = Check(5);
    /// 006: envelope: prekey unknown or erased.
    pub const SPK_ID: Check = Check(6);
    /// 007: envelope: seen before.
    pub const REPLAY: Check = Check(7);
    /// 008: envelope: the topic's Diffie-Hellman budget is spent.
    pub const BUDGET: Check = Check(8);
    /// 009: Noise message: the ephemeral key is of low order.
    pub const LOW_EPHEMERAL: Check = Check(9);
    /// 010: Noise message: doesn't decrypt.
    pub const NOISE: Check = Check(10);
    /// 011: envelope: the certificate's static key isn't the one of the handshake.
    pub const STATIC_KEY: Check = Check(11);
    /// 012: certificate: the static key is of low order.
    pub const LOW_STATIC: Check = Check(12);
    /// 013: certificate: its time is over.
    pub const CERTIFICATE_ENDED: Check = Check(13);
    /// 014: certificate: signature of the account.
    pub const CERTIFICATE_SIGNATURE: Check = Check(14);
    /// 015: envelope: the sending device is ours.
    pub const OWN_DEVICE: Check = Check(15);
    /// 016: kind unknown, or not allowed where it came.
    pub const KIND: Check = Check(16);
    /// 017: the body's length goes beyond the plaintext.
    pub const BODY_LENGTH: Check = Check(17);
    /// 018: a padding byte isn't zero.
    pub const PADDING: Check = Check(18);
    /// 019: body: not the canonical CBOR of its CDDL.
    pub const CBOR: Check = Check(19);
    /// 021: offer: ttl_s not 1..60.
    pub const TTL: Check = Check(21);
    /// 022: offer: roster.
    pub const ROSTER: Check = Check(22);
    /// 023: inbox body: fields that contradict each other or are out of range.
    pub const CONTENT: Check = Check(23);
    /// 024: inbox body: blocked, not a contact, or not concerned.
    pub const NOT_ALLOWED: Check = Check(24);
    /// 025: inbox body: the sender's rate is spent.
    pub const RATE: Check = Check(25);
    /// 026: offer: 16 calls ring already, or 4 of that account.
    pub const RINGING: Check = Check(26);
    /// 028: elsewhere, or an offer to hand a call over: not of our own account.
    pub const NOT_OWN_ACCOUNT: Check = Check(28);
    /// 029: an enclosed record, set, card, certificate or key fails, or is another's.
    pub const ENCLOSED: Check = Check(29);
    /// 030: prekey record: length.
    pub const RECORD_LENGTH: Check = Check(30);
    /// 031: prekey record: version.
    pub const RECORD_VERSION: Check = Check(31);
    /// 032: prekey record: of another device than the one asked.
    pub const RECORD_DEVICE: Check = Check(32);
    /// 033: prekey record: the prekey is of low order.
    pub const LOW_PREKEY: Check = Check(33);
    /// 034: prekey record: ends before it starts, or lives longer than 72 h.
    pub const RECORD_LIFE: Check = Check(34);
    /// 035: prekey record: not yet, or no longer, in force.
    pub const RECORD_TIME: Check = Check(35);
    /// 036: prekey record: older than the stored one, or another one of its revision.
    pub const RECORD_REVISION: Check = Check(36);
    /// 038: prekey record: signature of the device.
    pub const RECORD_SIGNATURE: Check = Check(38);
    /// 040: account id as text: not the canonical bech32m form.
    pub const ACCOUNT_TEXT: Check = Check(40);
    /// 041: contact card: scheme, size, alphabet or not canonical base64.
    pub const CARD_TEXT: Check = Check(41);
    /// 042: contact card: CBOR or shape.
    pub const CARD_CBOR: Check = Check(42);
    /// 043: contact card: control characters or blanks in the name, doubles.
    pub const CARD_CONTENT: Check = Check(43);
    /// 046: contact card: checksum.
    pub const CARD_CHECKSUM: Check = Check(46);
    /// 050: answer or pair frame: nothing waits under this pair tag.
    pub const PAIR_TAG: Check = Check(50);
    /// 052: pair frame: counter of 2^48 or more.
    pub const PAIR_COUNTER: Check = Check(52);
    /// 053: pair frame: seen before, or behind the replay window.
    pub const PAIR_WINDOW: Check = Check(53);
    /// 054: pair frame: doesn't decrypt.
    pub const PAIR_NOISE: Check = Check(54);
    /// 055: pair frame: message number 0, or 32 and more ahead.
    pub const MESSAGE_NUMBER: Check = Check(55);
    /// 056: pair frame: a kind that this side may not send, or not as this message.
    pub const PAIR_ROLE: Check = Check(56);
    /// 057: pair frame: description parts, addresses, members or roster.
    pub const PAIR_CONTENT: Check = Check(57);
    /// 058: confirm: the nonce isn't the committed one.
    pub const COMMITMENT: Check = Check(58);
    /// 059: pair frame: a kind that a pair of this purpose doesn't have.
    pub const PURPOSE: Check = Check(59);
    /// 060: description: size, end or a byte that isn't allowed.
    pub const SDP_BYTES: Check = Check(60);
    /// 061: description: lines.
    pub const SDP_LINES: Check = Check(61);
    /// 062: description: number of media sections.
    pub const SDP_MEDIA: Check = Check(62);
    /// 063: description: fingerprint missing or not SHA-256.
    pub const SDP_FINGERPRINT: Check = Check(63);
    /// 064: description: a candidate inside.
    pub const SDP_CANDIDATE: Check = Check(64);
    /// 065: candidate: port 0.
    pub const PORT: Check = Check(65);
    /// 066: candidate: an address that is never allowed.
    pub const FORBIDDEN_ADDRESS: Check = Check(66);
    /// 067: candidate: a local address where none is allowed.
    pub const LOCAL_ADDRESS: Check = Check(67);
    /// 068: candidate: more than 20 in a generation.
    pub const CANDIDATES: Check = Check(68);
    /// 069: more than 6 restarts a minute.
    pub const RESTARTS: Check = Check(69);
    /// 070: call frame: an epoch that isn't accepted now.
    pub const EPOCH: Check = Check(70);
    /// 071: call frame: counter of 2^48 or more.
    pub const FRAME_COUNTER: Check = Check(71);
    /// 072: call frame: seen before, behind the window, or a fifth salt.
    pub const FRAME_WINDOW: Check = Check(72);
    /// 073: call frame: doesn't decrypt.
    pub const FRAME_AEAD: Check = Check(73);
    /// 074: call frame: of an unknown slot.
    pub const SLOT: Check = Check(74);
    /// 075: call frame: signature of the device.
    pub const FRAME_SIGNATURE: Check = Check(75);
    /// 076: announce: the record inside fails, or is another's.
    pub const ANNOUNCE_RECORD: Check = Check(76);
    /// 078: invite or kick: the sender may not.
    pub const RIGHTS: Check = Check(78);
    /// 079: envelope: a flag that the kind doesn't have.
    pub const FLAGS: Check = Check(79);
    /// 080: epoch secret: an epoch that doesn't follow ours.
    pub const EPOCH_ORDER: Check = Check(80);
    /// 081: epoch secret: operation, subject, committer and members contradict each other.
    pub const EPOCH_CONTENT: Check = Check(81);
    /// 082: epoch secret: a roster that nobody ordered.
    pub const EPOCH_ROSTER: Check = Check(82);
    /// 084: more than 6 questions a minute whether we may be recorded.
    pub const RECORD_REQUESTS: Check = Check(84);
    /// 085: data channel: length, version or kind.
    pub const CTL_HEAD: Check = Check(85);
    /// 086: data channel: sequence number not above the last.
    pub const CTL_SEQ: Check = Check(86);
    /// 087: offer: its account cancelled this call already.
    pub const CANCELLED: Check = Check(87);
    /// 088: inbox body: told already.
    pub const KNOWN: Check = Check(88);
    /// 090: device set: length, number or order of devices.
    pub const SET_SHAPE: Check = Check(90);
    /// 091: device set: signature, or another account than expected.
    pub const SET_SIGNATURE: Check = Check(91);
    /// 092: device set: older than the stored one, or another one of its revision.
    pub const SET_REVISION: Check = Check(92);
    /// 093: device set: over, or further ahead than 400 days.
    pub const SET_TIME: Check = Check(93);
    /// 094: the device isn't in its account's newest set.
    pub const NOT_IN_SET: Check = Check(94);
    /// 095: prekey request: anything wrong.
    pub const PREKEY_REQUEST: Check = Check(95);
    /// 096: voicemail request: anything wrong.
    pub const VOICEMAIL_REQUEST: Check = Check(96);
    /// 097: voicemail: not what was announced, or no message.
    pub const VOICEMAIL: Check = Check(97);

    /// Every check in force, ascending: the counters that exist.
    pub const ALL: &[Check] = &[
        Check::LENGTH,
        Check::VERSION,
        Check::TYPE,
        Check::TOPIC,
        Check::HINT,
        Check::SPK_ID,
        Check::REPLAY,
        Check::BUDGET,
        Check::LOW_EPHEMERAL,
        Check::NOISE,
        Check::STATIC_KEY,
        Check::LOW_STATIC,
        Check::CERTIFICATE_ENDED,
        Check::CERTIFICATE_SIGNATURE,
        Check::OWN_DEVICE,
        Check::KIND,
        Check::BODY_LENGTH,
        Check::PADDING,
        Check::CBOR,
        Check::TTL,
        Check::ROSTER,
        Check::CONTENT,
        Check::NOT_ALLOWED,
        Check::RATE,
        Check::RINGING,
        Check::NOT_OWN_ACCOUNT,
        Check::ENCLOSED,
        Check::RECORD_LENGTH,
        Check::RECORD_VERSION,
        Check::RECORD_DEVICE,
        Check::LOW_PREKEY,
        Check::RECORD_LIFE,
        Check::RECORD_TIME,
        Check::RECORD_REVISION,
        Check::RECORD_SIGNATURE,
        Check::ACCOUNT_TEXT,
        Check::CARD_TEXT,
        Check::CARD_CBOR,
        Check::CARD_CONTENT,
        Check::CARD_CHECKSUM,
        Check::PAIR_TAG,
        Check::PAIR_COUNTER,
        Check::PAIR_WINDOW,
        Check::PAIR_NOISE,
        Check::MESSAGE_NUMBER,
        Check::PAIR_ROLE,
        Check::PAIR_CONTENT,
        Check::COMMITMENT,
        Check::PURPOSE,
        Check::SDP_BYTES,
        Check::SDP_LINES,
        Check::SDP_MEDIA,
        Check::SDP_FINGERPRINT,
        Check::SDP_CANDIDATE,
        Check::PORT,
        Check::FORBIDDEN_ADDRESS,
        Check::LOCAL_ADDRESS,
        Check::CANDIDATES,
        Check::RESTARTS,
        Check::EPOCH,
        Check::FRAME_COUNTER,
        Check::FRAME_WINDOW,
        Check::FRAME_AEAD,
        Check::SLOT,
        Check::FRAME_SIGNATURE,
        Check::ANNOUNCE_RECORD,
        Check::RIGHTS,
        Check::FLAGS,
        Check::EPOCH_ORDER,
        Check::EPOCH_CONTENT,
        Check::EPOCH_ROSTER,
        Check::RECORD_REQUESTS,
        Check::CTL_HEAD,
        Check::CTL_SEQ,
        Check::CANCELLED,
        Check::KNOWN,
        Check::SET_SHAPE,
        Check::SET_SIGNATURE,
        Check::SET_REVISION,
        Check::SET_TIME,
        Check::NOT_IN_SET,
        Check::PREKEY_REQUEST,
        Check::VOICEMAIL_REQUEST,
        Check::VOICEMAIL,
    ];

    /// The number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// Refuses if the condition holds. All refusals go through here and [`Check::require`].
    ///
    /// # Errors
    /// This check.
    pub fn refuse_if(self, wrong: bool) -> Result<(), Check> {
        if wrong && switch::is_on(self) { Err(self) } else { Ok(()) }
    }

    /// Refuses what isn't there.
    ///
    /// # Errors
    /// This check.
    pub fn require<T>(self, value: Option<T>) -> Result<T, Check> {
        value.ok_or_else(|| switch::name(self))
    }
}

/// Every check is on.
#[cfg(not(feature = "mutants"))]
mod switch {
    use super::Check;

    pub(super) const fn is_on(_: Check) -> bool {
        true
    }

    pub(super) const fn name(check: Check) -> Check {
        check
    }
}

#[cfg(feature = "mutants")]
#[path = "check/tests/switch.rs"]
mod switch;

impl std::fmt::Display for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CHK-{:03}", self.0)
    }
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Check {}

#[cfg(test)]
mod tests;
