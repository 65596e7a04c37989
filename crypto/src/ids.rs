//! Who somebody is: account and device ids, as bytes and as text.

use bech32::primitives::decode::CheckedHrpstring;
use bech32::primitives::iter::{ByteIterExt, Fe32IterExt};
use bech32::{Bech32m, Hrp};

use crate::check::Check;

/// A person: an Ed25519 public key. Text form: bech32m with prefix `ahoy`, 63 characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub [u8; 32]);

/// A device (one `ahoyd`): an Ed25519 public key, which is also its libp2p identity.
/// Text form: the libp2p peer id in base58.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceId(pub [u8; 32]);

/// Human-readable part of account ids.
const PREFIX: Hrp = Hrp::parse_unchecked("ahoy");
/// Characters of an account id: prefix, separator, 52 letters of data, 6 of checksum.
const ACCOUNT_CHARACTERS: usize = 63;
/// Head of a libp2p peer id of an Ed25519 key: identity multihash over the protobuf public key.
const PEER_ID_HEAD: [u8; 6] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];
/// Characters of a peer id at most: 38 bytes give 52 in base58; more isn't decoded.
const PEER_ID_CHARACTERS: usize = 64;

impl AccountId {
    /// The text form, lower case.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.iter().copied().bytes_to_fes().with_checksum::<Bech32m>(&PREFIX).chars().collect()
    }

    /// Reads the text form, in all-lower or all-upper case.
    ///
    /// # Errors
    /// [`Check::ACCOUNT_TEXT`] for anything else.
    pub fn parse(text: &str) -> Result<Self, Check> {
        let check = Check::ACCOUNT_TEXT;
        check.refuse_if(text.len() != ACCOUNT_CHARACTERS)?;
        let checked = check.require(CheckedHrpstring::new::<Bech32m>(text).ok())?;
        check.refuse_if(checked.hrp() != PREFIX)?;
        check.refuse_if(checked.validate_segwit_padding().is_err())?;
        let bytes: Vec<u8> = checked.byte_iter().collect();
        Ok(Self(check.require(bytes.try_into().ok())?))
    }
}

impl DeviceId {
    /// The libp2p peer id, 38 bytes.
    #[must_use]
    pub fn peer_id(&self) -> [u8; 38] {
        let mut id = [0; 38];
        id[..6].copy_from_slice(&PEER_ID_HEAD);
        id[6..].copy_from_slice(&self.0);
        id
    }

    /// Reads a peer id's bytes; none if it isn't of an Ed25519 key.
    #[must_use]
    pub fn from_peer_id(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.strip_prefix(&PEER_ID_HEAD)?.try_into().ok()?))
    }

    /// The text form: the peer id in base58 (Bitcoin alphabet).
    #[must_use]
    pub fn text(&self) -> String {
        bs58::encode(self.peer_id()).into_string()
    }

    /// Reads the text form; none if it isn't the peer id of an Ed25519 key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > PEER_ID_CHARACTERS {
            return None;
        }
        Self::from_peer_id(&bs58::decode(text).into_vec().ok()?)
    }
}

/// Shortened: whole ids stay out of logs.
fn short(f: &mut std::fmt::Formatter<'_>, what: &str, bytes: &[u8]) -> std::fmt::Result {
    write!(f, "{what}(")?;
    for byte in bytes.iter().take(3) {
        write!(f, "{byte:02x}")?;
    }
    write!(f, "..)")
}

impl std::fmt::Debug for AccountId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        short(f, "account", &self.0)
    }
}

impl std::fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        short(f, "device", &self.0)
    }
}

#[cfg(test)]
mod tests;
