//! Prekey record (293 bytes) and the request and answer that bring it.
//!
//! 0 version 01 · 1 certificate 168 · 169 spk_id 4 · 173 spk 32 · 205 not_before 8 (s) ·
//! 213 not_after 8 (s) · 221 revision 4 · 225 features 4 · 229 signature of the device 64.

use crate::bytes::Fields;
use crate::certificate::Certificate;
use crate::check::Check;
use crate::device_set::{DeviceSet, Revision};
use crate::hash::{LABEL_PREFIX, hmac, same};
use crate::ids::{AccountId, DeviceId};
use crate::keys::{SignKey, is_low_order, verify};
use crate::limits::{CLOCK_SKEW_S, PREKEY_REQUEST_BYTES, RECORD_BYTES, RECORD_LIFE_S};

const VERSION: u8 = 1;
const SIGNED: usize = 229;

/// What a device says of its current prekey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrekeyTerms {
    /// Random, never reused by the account: tells the prekeys of one inbox apart.
    pub spk_id: [u8; 4],
    /// The prekey, an X25519 public key.
    pub spk: [u8; 32],
    /// First second in force, Unix time; a maker sets its birth - 7200.
    pub not_before_s: u64,
    /// Last second in force, Unix time; at most 72 h after `not_before_s`.
    pub not_after_s: u64,
    /// Rises with every record of the device.
    pub revision: u32,
    /// No bit is defined yet; unknown ones are ignored.
    pub features: u32,
}

/// A prekey record that we made or whose checks passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrekeyRecord {
    certificate: Certificate,
    terms: PrekeyTerms,
    bytes: [u8; RECORD_BYTES],
}

impl PrekeyRecord {
    /// Signs a record with the device's key.
    #[must_use]
    pub fn make(device: &SignKey, certificate: &Certificate, terms: PrekeyTerms) -> Self {
        let mut head = Vec::with_capacity(RECORD_BYTES);
        head.push(VERSION);
        head.extend_from_slice(certificate.bytes());
        head.extend_from_slice(&terms.spk_id);
        head.extend_from_slice(&terms.spk);
        head.extend_from_slice(&terms.not_before_s.to_be_bytes());
        head.extend_from_slice(&terms.not_after_s.to_be_bytes());
        head.extend_from_slice(&terms.revision.to_be_bytes());
        head.extend_from_slice(&terms.features.to_be_bytes());
        let signature = device.sign("prekey", &[&head]);
        head.extend_from_slice(&signature);
        Self { certificate: certificate.clone(), terms, bytes: Fields::new(&head).take() }
    }

    /// Checks a record from outside. `expected` is the device that was asked, `stored` revision and
    /// bytes of its record that we hold.
    ///
    /// # Errors
    /// In this order: the `RECORD_*` checks and [`Check::LOW_PREKEY`] by number (030..036), those of
    /// the certificate (012, 013, 014), then [`Check::RECORD_SIGNATURE`].
    pub fn check(
        bytes: &[u8],
        now_s: u64,
        expected: Option<DeviceId>,
        stored: Option<(u32, &[u8])>,
    ) -> Result<Self, Check> {
        let bytes: &[u8; RECORD_BYTES] = Check::RECORD_LENGTH.require(bytes.try_into().ok())?;
        let mut fields = Fields::new(bytes);
        Check::RECORD_VERSION.refuse_if(fields.take::<1>()[0] != VERSION)?;
        let certificate = fields.take();
        let terms = PrekeyTerms {
            spk_id: fields.take(),
            spk: fields.take(),
            not_before_s: fields.u64(),
            not_after_s: fields.u64(),
            revision: fields.u32(),
            features: fields.u32(),
        };
        let device = DeviceId(Fields::new(&certificate[32..]).take());
        Check::RECORD_DEVICE.refuse_if(expected.is_some_and(|expected| expected != device))?;
        terms.check(now_s)?;
        Check::RECORD_REVISION
            .refuse_if(stored.is_some_and(|stored| !Revision::of((terms.revision, bytes), stored).acceptable()))?;
        let certificate = Certificate::check(&certificate, now_s)?;
        Check::RECORD_SIGNATURE.refuse_if(!verify(&device.0, "prekey", &[&bytes[..SIGNED]], &fields.take()))?;
        Ok(Self { certificate, terms, bytes: *bytes })
    }

    /// Certificate of the device.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The prekey and its times.
    #[must_use]
    pub fn terms(&self) -> &PrekeyTerms {
        &self.terms
    }

    /// As it travels.
    #[must_use]
    pub fn bytes(&self) -> &[u8; RECORD_BYTES] {
        &self.bytes
    }
}

impl PrekeyTerms {
    /// 033, 034, 035.
    fn check(&self, now_s: u64) -> Result<(), Check> {
        Check::LOW_PREKEY.refuse_if(is_low_order(&self.spk))?;
        Check::RECORD_LIFE
            .refuse_if(self.not_after_s <= self.not_before_s || self.not_after_s - self.not_before_s > RECORD_LIFE_S)?;
        Check::RECORD_TIME
            .refuse_if(now_s < self.not_before_s.saturating_sub(CLOCK_SKEW_S) || now_s > self.not_after_s)?;
        Ok(())
    }
}

/// The request for a prekey: proof that the requester knows an inbox token of the responder.
/// `hint_key` is that of the inbox and its day; devices are those that libp2p authenticated.
#[must_use]
pub fn request(hint_key: &[u8; 32], requester: DeviceId, responder: DeviceId) -> [u8; PREKEY_REQUEST_BYTES] {
    let mut request = [VERSION; PREKEY_REQUEST_BYTES];
    let mac = hmac(hint_key, &[LABEL_PREFIX, b"prekey", &[0], &requester.0, &responder.0]);
    request[1..].copy_from_slice(&mac);
    request
}

/// Checks a request against the hint keys of all inboxes and days that we hold; all are tried, so
/// that time tells nothing. Gives the place of the key that opened it.
///
/// # Errors
/// [`Check::PREKEY_REQUEST`].
pub fn check_request(
    bytes: &[u8],
    hint_keys: &[[u8; 32]],
    requester: DeviceId,
    responder: DeviceId,
) -> Result<usize, Check> {
    let mut found = None;
    for (place, key) in hint_keys.iter().enumerate() {
        if same(bytes, &request(key, requester, responder)) {
            found = Some(place);
        }
    }
    Check::PREKEY_REQUEST.require(found)
}

/// The answer: u16 length ‖ record ‖ device set.
#[must_use]
pub fn answer(record: &PrekeyRecord, set: &DeviceSet) -> Vec<u8> {
    let length = RECORD_BYTES + set.bytes().len();
    let mut answer = Vec::with_capacity(2 + length);
    answer.extend_from_slice(&u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
    answer.extend_from_slice(record.bytes());
    answer.extend_from_slice(set.bytes());
    answer
}

/// What the asker expects and already holds.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Account that the device is said to belong to.
    pub account: AccountId,
    /// Device that was asked.
    pub device: DeviceId,
    /// Revision and bytes of the device's record that we hold.
    pub record: Option<(u32, &'a [u8])>,
    /// Newest set of the account that we hold.
    pub set: Option<&'a DeviceSet>,
}

/// A checked answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrekeyAnswer {
    /// Record of the device asked.
    pub record: PrekeyRecord,
    /// The account's devices.
    pub set: DeviceSet,
}

/// Checks an answer from outside.
///
/// # Errors
/// In this order: length ([`Check::RECORD_LENGTH`]), those of the record, those of the set,
/// [`Check::SET_SIGNATURE`] for a record of another account, [`Check::NOT_IN_SET`].
pub fn check_answer(bytes: &[u8], now_s: u64, asked: Asked<'_>) -> Result<PrekeyAnswer, Check> {
    let mut fields = Fields::new(bytes);
    let length = usize::from(fields.u16());
    let body = fields.rest();
    Check::RECORD_LENGTH.refuse_if(bytes.len() != 2 + length || length < RECORD_BYTES)?;
    let (record, set) = body.split_at(RECORD_BYTES);
    let record = PrekeyRecord::check(record, now_s, Some(asked.device), asked.record)?;
    let set = DeviceSet::check(set, Some(asked.account), now_s, asked.set)?;
    Check::SET_SIGNATURE.refuse_if(record.certificate().account() != asked.account)?;
    DeviceSet::admit(Some(&set), asked.device, now_s)?;
    Ok(PrekeyAnswer { record, set })
}

#[cfg(test)]
mod tests;
