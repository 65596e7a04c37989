//! Which kind number stands for which body.

use std::net::IpAddr;

use ahoy_crypto::check::Check;
use zeroize::Zeroizing;

use super::raw::{Announce, AskMute, Invite, Kick, Leave, One, RawCandidate, RawCandidates};
use super::{Unfit, read, write};
use crate::limits::{DESCRIPTION_MAX_BYTES, DESCRIPTION_PART_BYTES, DESCRIPTION_PARTS_MAX, ROSTER_MAX, ROSTER_MIN};
use crate::wire::bodies::{
    CallBody, Candidate, Candidates, CtlBody, Description, EpochSecret, Hello, InboxBody, PairBody,
};

/// A body that travels under a kind number.
pub trait AnyKind: Sized {
    /// Its number on the wire.
    fn kind(&self) -> u8;

    /// Its CBOR; erased when dropped, for it may hold secrets.
    ///
    /// # Errors
    /// [`Unfit`] if a field is outside of the CDDL: our own defect.
    fn encode(&self) -> Result<Zeroizing<Vec<u8>>, Unfit>;
}

impl AnyKind for InboxBody {
    fn kind(&self) -> u8 {
        match self {
            InboxBody::Offer(_) => 1,
            InboxBody::Presence(_) => 2,
            InboxBody::Request(_) => 3,
            InboxBody::Elsewhere(_) => 4,
            InboxBody::Cancel(_) => 5,
            InboxBody::Receipt(_) => 6,
            InboxBody::Devices(_) => 7,
            InboxBody::Missed(_) => 8,
            InboxBody::Contact(_) => 10,
        }
    }

    fn encode(&self) -> Result<Zeroizing<Vec<u8>>, Unfit> {
        match self {
            InboxBody::Offer(body) => write(body),
            InboxBody::Presence(body) => write(body),
            InboxBody::Request(body) => write(body),
            InboxBody::Elsewhere(body) => write(body),
            InboxBody::Cancel(body) => write(body),
            InboxBody::Receipt(body) => write(body),
            InboxBody::Devices(body) => write(body),
            InboxBody::Missed(body) => write(body),
            InboxBody::Contact(body) => write(body),
        }
    }
}

impl InboxBody {
    /// There is such a kind (9 is not used).
    #[must_use]
    pub fn is_kind(kind: u8) -> bool {
        matches!(kind, 1..=8 | 10)
    }

    /// Reads the body of a kind.
    ///
    /// # Errors
    /// 019; also for a number without a CDDL (the caller has refused it with 016 before).
    pub fn decode(kind: u8, bytes: &[u8]) -> Result<InboxBody, Check> {
        let check = Check::CBOR;
        Ok(match kind {
            1 => InboxBody::Offer(read(bytes, check)?),
            2 => InboxBody::Presence(read(bytes, check)?),
            3 => InboxBody::Request(read(bytes, check)?),
            4 => InboxBody::Elsewhere(read(bytes, check)?),
            5 => InboxBody::Cancel(read(bytes, check)?),
            6 => InboxBody::Receipt(read(bytes, check)?),
            7 => InboxBody::Devices(read(bytes, check)?),
            8 => InboxBody::Missed(read(bytes, check)?),
            10 => InboxBody::Contact(read(bytes, check)?),
            0 | 9 | 11.. => return Err(check),
        })
    }
}

impl Hello {
    /// Writes the body of an answer (message 2 has no kind number).
    ///
    /// # Errors
    /// None in practice: every value fits.
    pub fn encode(&self) -> Result<Zeroizing<Vec<u8>>, Unfit> {
        write(self)
    }

    /// Reads the body of an answer.
    ///
    /// # Errors
    /// 019.
    pub fn decode(bytes: &[u8]) -> Result<Hello, Check> {
        read(bytes, Check::CBOR)
    }
}

impl AnyKind for PairBody {
    fn kind(&self) -> u8 {
        match self {
            PairBody::Confirm(_) => 1,
            PairBody::Verdict(_) => 2,
            PairBody::Description(_) => 3,
            PairBody::Candidates(_) => 4,
            PairBody::EndOfCandidates(_) => 5,
            PairBody::Restart(_) => 6,
            PairBody::Status(_) => 7,
            PairBody::HangUp(_) => 8,
            PairBody::EpochSecret(_) => 9,
            PairBody::Record(_) => 10,
            PairBody::LinkIdentity(_) => 11,
            PairBody::LinkContact(_) => 12,
            PairBody::LinkEnd(_) => 13,
            PairBody::HandOff(_) => 32,
        }
    }

    fn encode(&self) -> Result<Zeroizing<Vec<u8>>, Unfit> {
        match self {
            PairBody::Confirm(body) => write(body),
            PairBody::Verdict(value) => write(&One { value: *value }),
            PairBody::Description(body) => write(body),
            PairBody::Candidates(body) => write(&RawCandidates::from(body)),
            PairBody::EndOfCandidates(body) | PairBody::Restart(body) => write(body),
            PairBody::Status(body) => write(body),
            PairBody::HangUp(value) => write(&One { value: *value }),
            PairBody::EpochSecret(body) => write(body),
            PairBody::Record(body) => write(body),
            PairBody::LinkIdentity(body) => write(body),
            PairBody::LinkContact(body) => write(body),
            PairBody::LinkEnd(value) => write(&One { value: *value }),
            PairBody::HandOff(body) => write(body),
        }
    }
}

/// A pair body that was read but not yet checked by 057: other checks stand between.
#[derive(Debug)]
pub struct PairRead(Inner);

#[derive(Debug)]
enum Inner {
    Body(PairBody),
    Candidates(RawCandidates),
}

impl PairRead {
    /// Reads the body of a pair kind.
    ///
    /// # Errors
    /// 019; also for a number without a CDDL (the caller has refused it with 016 before).
    pub fn decode(kind: u8, bytes: &[u8]) -> Result<PairRead, Check> {
        let check = Check::CBOR;
        Ok(PairRead(Inner::Body(match kind {
            1 => PairBody::Confirm(read(bytes, check)?),
            2 => PairBody::Verdict(read::<One<_>>(bytes, check)?.value),
            3 => PairBody::Description(read(bytes, check)?),
            4 => return Ok(PairRead(Inner::Candidates(read(bytes, check)?))),
            5 => PairBody::EndOfCandidates(read(bytes, check)?),
            6 => PairBody::Restart(read(bytes, check)?),
            7 => PairBody::Status(read(bytes, check)?),
            8 => PairBody::HangUp(read::<One<_>>(bytes, check)?.value),
            9 => PairBody::EpochSecret(read(bytes, check)?),
            10 => PairBody::Record(read(bytes, check)?),
            11 => PairBody::LinkIdentity(read(bytes, check)?),
            12 => PairBody::LinkContact(read(bytes, check)?),
            13 => PairBody::LinkEnd(read::<One<_>>(bytes, check)?.value),
            32 => PairBody::HandOff(read(bytes, check)?),
            0 | 14..=31 | 33.. => return Err(check),
        })))
    }

    /// The nonce of a confirm; none for other bodies.
    #[must_use]
    pub fn confirm_nonce(&self) -> Option<&[u8; 32]> {
        match &self.0 {
            Inner::Body(PairBody::Confirm(hello)) => Some(&hello.nonce),
            Inner::Body(_) | Inner::Candidates(_) => None,
        }
    }

    /// Looks into descriptions, candidates and epoch secrets.
    ///
    /// # Errors
    /// 057.
    pub fn into_body(self) -> Result<PairBody, Check> {
        let check = Check::PAIR_CONTENT;
        match self.0 {
            Inner::Candidates(raw) => {
                let list: Option<Vec<Candidate>> = raw.list.iter().map(RawCandidate::parse).collect();
                let (link, generation) = (raw.link, raw.generation);
                Ok(PairBody::Candidates(Candidates { link, generation, list: check.require(list)? }))
            }
            Inner::Body(body) => {
                let wrong = match &body {
                    PairBody::Description(part) => !is_part(part),
                    PairBody::EpochSecret(commit) => !is_commit(commit),
                    PairBody::Confirm(_)
                    | PairBody::Verdict(_)
                    | PairBody::Candidates(_)
                    | PairBody::EndOfCandidates(_)
                    | PairBody::Restart(_)
                    | PairBody::Status(_)
                    | PairBody::HangUp(_)
                    | PairBody::Record(_)
                    | PairBody::LinkIdentity(_)
                    | PairBody::LinkContact(_)
                    | PairBody::LinkEnd(_)
                    | PairBody::HandOff(_) => false,
                };
                check.refuse_if(wrong)?;
                Ok(body)
            }
        }
    }
}

fn is_part(part: &Description) -> bool {
    let (at, size) = (usize::from(part.part), part.bytes.len());
    (1..=DESCRIPTION_PARTS_MAX).contains(&part.parts)
        && part.part < part.parts
        && (part.part + 1 == part.parts || size == DESCRIPTION_PART_BYTES)
        && DESCRIPTION_PART_BYTES * at + size <= DESCRIPTION_MAX_BYTES
}

fn is_commit(commit: &EpochSecret) -> bool {
    (1..=ROSTER_MAX).contains(&commit.members.len())
        && (ROSTER_MIN..=ROSTER_MAX).contains(&commit.roster.len())
        && is_ascending(&commit.members)
        && is_ascending(&commit.roster)
}

/// Each is above the one before it: sorted, and none twice.
pub(crate) fn is_ascending<T: Ord>(list: &[T]) -> bool {
    list.windows(2).all(|pair| pair[0] < pair[1])
}

impl RawCandidate {
    fn parse(&self) -> Option<Candidate> {
        let ip = match self.ip.len() {
            4 => IpAddr::from(<[u8; 4]>::try_from(self.ip.as_slice()).ok()?),
            16 => IpAddr::from(<[u8; 16]>::try_from(self.ip.as_slice()).ok()?),
            0..=3 | 5..=15 | 17.. => return None,
        };
        Some(Candidate { kind: self.kind, protocol: self.protocol, ip, port: self.port, priority: self.priority })
    }
}

impl From<&Candidate> for RawCandidate {
    fn from(c: &Candidate) -> Self {
        let ip = match c.ip {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        };
        RawCandidate { kind: c.kind, protocol: c.protocol, ip, port: c.port, priority: c.priority }
    }
}

impl From<&Candidates> for RawCandidates {
    fn from(body: &Candidates) -> Self {
        let list = body.list.iter().map(RawCandidate::from).collect();
        RawCandidates { link: body.link, generation: body.generation, list }
    }
}

impl AnyKind for CallBody {
    fn kind(&self) -> u8 {
        match self {
            CallBody::Announce { .. } => 1,
            CallBody::Leave { .. } => 2,
            CallBody::Invite { .. } => 3,
            CallBody::Kick { .. } => 4,
            CallBody::AskMute { .. } => 5,
        }
    }

    fn encode(&self) -> Result<Zeroizing<Vec<u8>>, Unfit> {
        match self {
            CallBody::Announce { state_seq, flags, view, record } => {
                write(&Announce { state_seq: *state_seq, flags: *flags, view: *view, record: record.clone() })
            }
            CallBody::Leave { state_seq, reason } => write(&Leave { state_seq: *state_seq, reason: *reason }),
            CallBody::Invite { state_seq, account, devices } => {
                write(&Invite { state_seq: *state_seq, account: *account, devices: devices.clone() })
            }
            CallBody::Kick { state_seq, account } => write(&Kick { state_seq: *state_seq, account: *account }),
            CallBody::AskMute { state_seq, device } => write(&AskMute { state_seq: *state_seq, device: *device }),
        }
    }
}

impl CallBody {
    /// The highest kind there is.
    pub const LAST_KIND: u8 = 5;

    /// Reads the body of a call kind.
    ///
    /// # Errors
    /// 019; also for a number without a CDDL (the caller has refused it with 016 before).
    pub fn decode(kind: u8, bytes: &[u8]) -> Result<CallBody, Check> {
        let check = Check::CBOR;
        Ok(match kind {
            1 => {
                let Announce { state_seq, flags, view, record } = read(bytes, check)?;
                CallBody::Announce { state_seq, flags, view, record }
            }
            2 => {
                let Leave { state_seq, reason } = read(bytes, check)?;
                CallBody::Leave { state_seq, reason }
            }
            3 => {
                let Invite { state_seq, account, devices } = read(bytes, check)?;
                CallBody::Invite { state_seq, account, devices }
            }
            4 => {
                let Kick { state_seq, account } = read(bytes, check)?;
                CallBody::Kick { state_seq, account }
            }
            5 => {
                let AskMute { state_seq, device } = read(bytes, check)?;
                CallBody::AskMute { state_seq, device }
            }
            0 | 6.. => return Err(check),
        })
    }
}

impl AnyKind for CtlBody {
    fn kind(&self) -> u8 {
        match self {
            CtlBody::Status(_) => 7,
            CtlBody::HangUp(_) => 8,
            CtlBody::Record(_) => 10,
        }
    }

    fn encode(&self) -> Result<Zeroizing<Vec<u8>>, Unfit> {
        match self {
            CtlBody::Status(body) => write(body),
            CtlBody::HangUp(value) => write(&One { value: *value }),
            CtlBody::Record(body) => write(body),
        }
    }
}

impl CtlBody {
    /// There is such a kind.
    #[must_use]
    pub fn is_kind(kind: u8) -> bool {
        matches!(kind, 7 | 8 | 10)
    }

    /// Reads the body of a `ctl` kind.
    ///
    /// # Errors
    /// 019; also for a number without a CDDL (the caller has refused it with 085 before).
    pub fn decode(kind: u8, bytes: &[u8]) -> Result<CtlBody, Check> {
        let check = Check::CBOR;
        Ok(match kind {
            7 => CtlBody::Status(read(bytes, check)?),
            8 => CtlBody::HangUp(read::<One<_>>(bytes, check)?.value),
            10 => CtlBody::Record(read(bytes, check)?),
            0..=6 | 9 | 11.. => return Err(check),
        })
    }
}
