//! Device certificate, 168 bytes: "this device is mine", said by an account.
//!
//! 0 account 32 · 32 device 32 · 64 dk 32 · 96 not_after 8 (s) · 104 signature of the account 64.

use crate::bytes::Fields;
use crate::check::Check;
use crate::ids::{AccountId, DeviceId};
use crate::keys::{SignKey, is_low_order, verify};
use crate::limits::CERTIFICATE_BYTES;

const SIGNED: usize = 104;

/// A certificate that we made or whose checks passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    account: AccountId,
    device: DeviceId,
    dk: [u8; 32],
    not_after_s: u64,
    bytes: [u8; CERTIFICATE_BYTES],
}

impl Certificate {
    /// Certifies a device and its static X25519 key until `not_after_s` (Unix seconds).
    #[must_use]
    pub fn make(account: &SignKey, device: DeviceId, dk: [u8; 32], not_after_s: u64) -> Self {
        let mut bytes = [0; CERTIFICATE_BYTES];
        bytes[..32].copy_from_slice(&account.public());
        bytes[32..64].copy_from_slice(&device.0);
        bytes[64..96].copy_from_slice(&dk);
        bytes[96..SIGNED].copy_from_slice(&not_after_s.to_be_bytes());
        let signature = account.sign("device", &[&bytes[..SIGNED]]);
        bytes[SIGNED..].copy_from_slice(&signature);
        Self { account: account.account(), device, dk, not_after_s, bytes }
    }

    /// Checks a certificate from outside.
    ///
    /// # Errors
    /// In this order: [`Check::LOW_STATIC`], [`Check::CERTIFICATE_ENDED`], [`Check::CERTIFICATE_SIGNATURE`].
    pub fn check(bytes: &[u8; CERTIFICATE_BYTES], now_s: u64) -> Result<Self, Check> {
        let mut fields = Fields::new(bytes);
        let (account, device, dk) = (fields.take::<32>(), fields.take::<32>(), fields.take::<32>());
        let not_after_s = fields.u64();
        let signature = fields.take::<64>();
        Check::LOW_STATIC.refuse_if(is_low_order(&dk))?;
        Check::CERTIFICATE_ENDED.refuse_if(not_after_s < now_s)?;
        Check::CERTIFICATE_SIGNATURE.refuse_if(!verify(&account, "device", &[&bytes[..SIGNED]], &signature))?;
        Ok(Self { account: AccountId(account), device: DeviceId(device), dk, not_after_s, bytes: *bytes })
    }

    /// The static key that unchecked bytes claim: the handshake's is compared with it before
    /// anything else is checked (011).
    #[must_use]
    pub fn claimed_dk(bytes: &[u8; CERTIFICATE_BYTES]) -> [u8; 32] {
        Fields::new(&bytes[64..]).take()
    }

    /// Whose device it is.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The device.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.device
    }

    /// The device's static X25519 key.
    #[must_use]
    pub fn dk(&self) -> &[u8; 32] {
        &self.dk
    }

    /// The last second in force, Unix time.
    #[must_use]
    pub fn not_after_s(&self) -> u64 {
        self.not_after_s
    }

    /// As it travels.
    #[must_use]
    pub fn bytes(&self) -> &[u8; CERTIFICATE_BYTES] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests;
