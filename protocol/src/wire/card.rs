//! The contact card (docs/wire.md section 2): CBOR and four bytes of its hash, as text `ahoy:` and base64url.
//!
//! It isn't signed: the account id is the root, and whatever the card leads to is verified against it.

use ahoy_crypto::Secret;
use ahoy_crypto::check::Check;
use data_encoding::BASE64URL_NOPAD;
use minicbor::{Decode, Encode};

use super::codec::{self, Body, Unfit, are_addresses};
use crate::ids::{AccountId, DeviceId};
use crate::limits::{ADDRESSES_MAX, CARD_MAX_BYTES, CARD_MIN_BYTES, DEVICES_MAX, KEEPERS_MAX, NAME_MAX_BYTES};

/// What the text of a card begins with.
pub const SCHEME: &str = "ahoy:";
/// Bytes of the hash behind the CBOR: against slips of the pen, not against anybody.
const CHECKSUM_BYTES: usize = 4;

/// Who somebody is, and how the first envelope reaches them.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Card {
    /// 1.
    #[cbor(n(1), with = "crate::wire::fields::b32")]
    pub account: AccountId,
    /// 2: 1..64 bytes, no control characters, no blank at an end.
    #[n(2)]
    pub name: String,
    /// 3: token of the inbox that strangers use.
    #[cbor(n(3), with = "crate::wire::fields::b32")]
    pub token: Secret,
    /// 4: 1..8.
    #[cbor(n(4), with = "crate::wire::fields::list32")]
    pub devices: Vec<DeviceId>,
    /// 5: binary multiaddrs, at most 8.
    #[cbor(n(5), with = "crate::wire::fields::blobs")]
    pub addresses: Vec<Vec<u8>>,
    /// 6: binary multiaddrs of keepers, at most 4.
    #[cbor(n(6), with = "crate::wire::fields::blobs")]
    pub keepers: Vec<Vec<u8>>,
}

impl Body for Card {
    const NAME: &'static str = "card";
    fn fits(&self) -> bool {
        (1..=NAME_MAX_BYTES).contains(&self.name.len())
            && (1..=DEVICES_MAX).contains(&self.devices.len())
            && are_addresses(&self.addresses, ADDRESSES_MAX)
            && are_addresses(&self.keepers, KEEPERS_MAX)
    }
}

impl Card {
    /// The card's bytes.
    ///
    /// # Errors
    /// [`Unfit`] if a field is outside of its limits, or all of them together are more than 1024 bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Unfit> {
        let unfit = Unfit("card");
        if !self.is_tidy() {
            return Err(unfit);
        }
        let cbor = codec::write(self)?;
        let mut bytes = cbor.to_vec();
        bytes.extend_from_slice(&checksum(&cbor));
        if bytes.len() > CARD_MAX_BYTES { Err(unfit) } else { Ok(bytes) }
    }

    /// The card as people pass it on.
    ///
    /// # Errors
    /// As [`Card::to_bytes`].
    pub fn to_text(&self) -> Result<String, Unfit> {
        Ok(format!("{SCHEME}{}", BASE64URL_NOPAD.encode(&self.to_bytes()?)))
    }

    /// Reads the text of a card.
    ///
    /// # Errors
    /// 041, 046, 042, 043.
    pub fn parse(text: &str) -> Result<Card, Check> {
        let check = Check::CARD_TEXT;
        // Four letters carry three bytes: what is longer can't be a card, and isn't decoded.
        check.refuse_if(text.len() > SCHEME.len() + CARD_MAX_BYTES.div_ceil(3) * 4)?;
        let letters = check.require(text.strip_prefix(SCHEME))?;
        let bytes = check.require(BASE64URL_NOPAD.decode(letters.as_bytes()).ok())?;
        Card::from_bytes(&bytes)
    }

    /// Reads the bytes of a card, as contact requests carry them.
    ///
    /// # Errors
    /// 041 (size), 046, 042, 043.
    pub fn from_bytes(bytes: &[u8]) -> Result<Card, Check> {
        Check::CARD_TEXT.refuse_if(!(CARD_MIN_BYTES..=CARD_MAX_BYTES).contains(&bytes.len()))?;
        let (cbor, sum) = Check::CARD_TEXT.require(bytes.split_last_chunk::<CHECKSUM_BYTES>())?;
        Check::CARD_CHECKSUM.refuse_if(checksum(cbor) != *sum)?;
        let card: Card = codec::read(cbor, Check::CARD_CBOR)?;
        Check::CARD_CONTENT.refuse_if(!card.is_tidy())?;
        Ok(card)
    }

    /// Nothing that could deceive the eye in the name, nothing twice in the lists.
    fn is_tidy(&self) -> bool {
        is_tidy_name(&self.name)
            && !has_double(&self.devices)
            && !has_double(&self.addresses)
            && !has_double(&self.keepers)
    }
}

/// No control character (C0, DEL, C1), no blank at an end.
#[must_use]
pub fn is_tidy_name(name: &str) -> bool {
    !name.chars().any(char::is_control) && !name.starts_with(' ') && !name.ends_with(' ')
}

fn has_double<T: PartialEq>(list: &[T]) -> bool {
    list.iter().enumerate().any(|(i, item)| list[..i].contains(item))
}

fn checksum(cbor: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let hash = ahoy_crypto::hash::sha256(&[cbor]);
    [hash[0], hash[1], hash[2], hash[3]]
}

#[cfg(test)]
mod tests;
