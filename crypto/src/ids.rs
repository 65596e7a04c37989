//! Who somebody is: account and device ids, as bytes and as text.

/// A person: an Ed25519 public key. Text form: bech32m with prefix `ahoy`, 63 characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub [u8; 32]);

/// A device (one `ahoyd`): an Ed25519 public key, which is also its libp2p identity.
/// Text form: the libp2p peer id in base58.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceId(pub [u8; 32]);

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
