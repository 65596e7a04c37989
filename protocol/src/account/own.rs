//! Our own account and device: keys, certificate, device set, tokens, and the prekeys that turn daily.

use ahoy_crypto::certificate::Certificate;
use ahoy_crypto::device_set::DeviceSet;
use ahoy_crypto::hash::sha256;
use ahoy_crypto::inbox::Inbox;
use ahoy_crypto::keys::{DhKey, SignKey};
use ahoy_crypto::prekey::{PrekeyRecord, PrekeyTerms};
use ahoy_crypto::{AccountId, DeviceId, Secret};
use rand_core::CryptoRng;

use super::rows::{self, OwnRow, PrekeyRow, RowError};

/// A new prekey is made this often (docs/wire.md section 2).
const PREKEY_TURN_S: u64 = 24 * 3600;
/// The private half of a prekey lives this long after its birth.
const PREKEY_LIFE_S: u64 = 72 * 3600;
/// A record's first second is this long before the prekey's birth, for clocks that are behind.
const PREKEY_AHEAD_S: u64 = 7_200;
/// A record's last second is this long after its first: 60 h after the birth, so that nobody seals
/// to a prekey whose private half is about to be erased.
const RECORD_LIFE_S: u64 = 62 * 3600;
/// How long certificate and device set hold; both are renewed when half of it is over.
pub(super) const CERTIFICATE_LIFE_S: u64 = 400 * 24 * 3600;
/// Feature bit of a prekey record: the device has neither microphone nor speaker (docs/wire.md section 2).
pub(super) const FEATURE_SILENT: u32 = 1;
/// Letters of the name an account without one gets.
const NAME_LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A prekey whose private half we hold.
pub(super) struct Prekey {
    pub(super) id: [u8; 4],
    pub(super) key: DhKey,
    pub(super) born_s: u64,
    pub(super) record: PrekeyRecord,
}

/// Our own account and device.
pub struct Own {
    /// The account's private key; a linked device may be without it.
    pub(super) account: Option<SignKey>,
    pub(super) device: SignKey,
    pub(super) dk: DhKey,
    pub(super) certificate: Certificate,
    pub(super) set: DeviceSet,
    name: String,
    pub(super) card_token: Secret,
    pub(super) contact_token: Secret,
    /// Newest last; never empty.
    pub(super) prekeys: Vec<Prekey>,
    pub(super) revision: u32,
    /// Neither a microphone nor a speaker is here, nor anything that stands for one.
    pub(super) silent: bool,
    /// A device was revoked, and the inbox of contacts that it knows is still the same.
    pub(super) lock_out_due: bool,
}

impl Own {
    /// A new account with one device.
    ///
    /// # Errors
    /// [`RowError::Damaged`] cannot happen for one device; it stands for a defect of ours.
    pub fn make(name: Option<String>, now_s: u64, rng: &mut dyn CryptoRng) -> Result<Self, RowError> {
        let (account, device, dk) = (SignKey::generate(rng), SignKey::generate(rng), DhKey::generate(rng));
        let not_after_s = now_s + CERTIFICATE_LIFE_S;
        let certificate = Certificate::make(&account, device.device(), dk.public(), not_after_s);
        let set = DeviceSet::make(&account, 1, not_after_s, &[device.device()]).map_err(|_| RowError::Damaged)?;
        let mut own = Self {
            certificate,
            set,
            name: name.unwrap_or_else(|| invented_name(rng)),
            card_token: Secret::random(rng),
            contact_token: Secret::random(rng),
            prekeys: Vec::new(),
            revision: 0,
            silent: false,
            lock_out_due: false,
            account: Some(account),
            device,
            dk,
        };
        own.turn(now_s, rng);
        Ok(own)
    }

    /// Out of the store's row.
    ///
    /// # Errors
    /// [`RowError`] if the row cannot be used.
    pub fn from_row(row: &[u8]) -> Result<Self, RowError> {
        let row: OwnRow = rows::read(row)?;
        let seed = |bytes: [u8; 32]| SignKey::from_seed(&Secret::new(bytes));
        let certificate = row.certificate.as_slice().try_into().map_err(|_| RowError::Damaged)?;
        let prekeys: Vec<Prekey> =
            row.prekeys.into_iter().map(read_prekey).collect::<Option<_>>().ok_or(RowError::Damaged)?;
        Ok(Self {
            silent: prekeys.last().is_some_and(|newest| super::is_silent(&newest.record)),
            account: row.account_key.map(|key| seed(key.into())),
            device: seed(row.device_key.into()),
            dk: DhKey::from_secret(&Secret::new(row.dk.into())),
            certificate: Certificate::check(certificate, 0).map_err(|_| RowError::Damaged)?,
            set: DeviceSet::from_store(&row.device_set).map_err(|_| RowError::Damaged)?,
            name: row.name,
            card_token: Secret::new(row.card_token.into()),
            contact_token: Secret::new(row.contact_token.into()),
            prekeys,
            revision: row.revision,
            lock_out_due: row.lock_out_due.unwrap_or(false),
        })
    }

    /// The row the store keeps.
    #[must_use]
    pub fn row(&self) -> Vec<u8> {
        let prekeys = self.prekeys.iter().map(|prekey| PrekeyRow {
            spk_id: prekey.id.into(),
            secret: (*prekey.key.secret().expose()).into(),
            born_s: prekey.born_s,
            record: prekey.record.bytes().to_vec().into(),
        });
        rows::write(&OwnRow {
            version: rows::version(),
            account_key: self.account.as_ref().map(|key| (*key.seed().expose()).into()),
            device_key: (*self.device.seed().expose()).into(),
            dk: (*self.dk.secret().expose()).into(),
            certificate: self.certificate.bytes().to_vec().into(),
            device_set: self.set.bytes().to_vec().into(),
            card_token: (*self.card_token.expose()).into(),
            contact_token: (*self.contact_token.expose()).into(),
            name: self.name.clone(),
            prekeys: prekeys.collect(),
            revision: self.revision,
            lock_out_due: self.lock_out_due.then_some(true),
        })
    }

    /// Makes a new prekey when it is time, erases those that are too old, renews what runs out.
    /// True if anything changed: then the row must be stored before the new record is given out.
    pub fn turn(&mut self, now_s: u64, rng: &mut dyn CryptoRng) -> bool {
        let renewed = self.renew(now_s);
        let before = self.prekeys.len();
        self.prekeys.retain(|prekey| now_s < prekey.born_s.saturating_add(PREKEY_LIFE_S));
        let erased = self.prekeys.len() != before;
        let newest = self.prekeys.last().map(|prekey| prekey.born_s);
        let due = newest.is_none_or(|born_s| now_s >= born_s.saturating_add(PREKEY_TURN_S) || now_s < born_s);
        if due || renewed {
            self.add_prekey(now_s, rng);
        }
        renewed || erased || due
    }

    /// When `turn` has something to do, Unix seconds.
    #[must_use]
    pub fn next_turn_s(&self) -> u64 {
        let turn = self.prekeys.last().map_or(0, |prekey| prekey.born_s.saturating_add(PREKEY_TURN_S));
        let erase = self.prekeys.first().map_or(0, |prekey| prekey.born_s.saturating_add(PREKEY_LIFE_S));
        turn.min(erase)
    }

    fn renew(&mut self, now_s: u64) -> bool {
        if now_s + CERTIFICATE_LIFE_S / 2 < self.certificate.not_after_s() {
            return false;
        }
        let not_after_s = now_s + CERTIFICATE_LIFE_S;
        // Without the account's key it lasts until it is linked again.
        let Some(account) = &self.account else { return false };
        // A device that holds the account's key may have used up all numbers.
        let Some(revision) = self.set.revision().checked_add(1) else { return false };
        let Ok(set) = DeviceSet::make(account, revision, not_after_s, self.set.devices()) else { return false };
        self.set = set;
        self.certificate = Certificate::make(account, self.device(), self.dk.public(), not_after_s);
        true
    }

    pub(super) fn add_prekey(&mut self, now_s: u64, rng: &mut dyn CryptoRng) {
        let key = DhKey::generate(rng);
        let mut id = [0; 4];
        rng.fill_bytes(&mut id);
        while self.prekeys.iter().any(|prekey| prekey.id == id) {
            rng.fill_bytes(&mut id);
        }
        self.revision += 1;
        let not_before_s = now_s.saturating_sub(PREKEY_AHEAD_S);
        let terms = PrekeyTerms {
            spk_id: id,
            spk: key.public(),
            not_before_s,
            not_after_s: not_before_s + RECORD_LIFE_S,
            revision: self.revision,
            features: self.features(),
        };
        let record = PrekeyRecord::make(&self.device, &self.certificate, terms);
        self.prekeys.push(Prekey { id, key, born_s: now_s, record });
    }

    /// Our account.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.certificate.account()
    }

    /// Our device.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.device.device()
    }

    /// The device's private Ed25519 key.
    #[must_use]
    pub fn device_seed(&self) -> Secret {
        self.device.seed()
    }

    /// Our static X25519 key.
    #[must_use]
    pub fn dk(&self) -> &DhKey {
        &self.dk
    }

    /// The device's certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The account's devices.
    #[must_use]
    pub fn device_set(&self) -> &DeviceSet {
        &self.set
    }

    /// The newest prekey record; none would be a defect.
    #[must_use]
    pub fn record(&self) -> Option<&PrekeyRecord> {
        self.prekeys.last().map(|prekey| &prekey.record)
    }

    /// The private half of a prekey that isn't erased yet.
    #[must_use]
    pub fn prekey(&self, id: &[u8; 4]) -> Option<&DhKey> {
        self.prekeys.iter().find(|prekey| prekey.id == *id).map(|prekey| &prekey.key)
    }

    /// Our name, as cards show it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Takes another name; true if it is one.
    pub fn rename(&mut self, name: &str) -> bool {
        let changed = self.name != name;
        if changed {
            name.clone_into(&mut self.name);
        }
        changed
    }

    /// Token of the inbox that stands in our cards.
    #[must_use]
    pub fn card_token(&self) -> &Secret {
        &self.card_token
    }

    /// Token of the inbox that contacts use.
    #[must_use]
    pub fn contact_token(&self) -> &Secret {
        &self.contact_token
    }

    /// Both tokens, the card's first.
    #[must_use]
    pub fn tokens(&self) -> [Secret; 2] {
        [self.card_token.clone(), self.contact_token.clone()]
    }

    /// Takes other tokens, the card's first. They count once the row is stored and the inboxes are replaced.
    pub fn set_tokens(&mut self, [card, contact]: [Secret; 2]) {
        (self.card_token, self.contact_token) = (card, contact);
    }

    /// A device was revoked and still knows our inbox of contacts.
    #[must_use]
    pub fn lock_out_due(&self) -> bool {
        self.lock_out_due
    }

    /// Whether a revoked device is still to be locked out of our inbox of contacts.
    pub fn set_lock_out_due(&mut self, due: bool) {
        self.lock_out_due = due;
    }

    /// Both inboxes, the card's first.
    #[must_use]
    pub fn inboxes(&self) -> [Inbox; 2] {
        [Inbox::new(&self.card_token), Inbox::new(&self.contact_token)]
    }

    /// What our presence tells contacts, hashed: a contact that was told another one is told again.
    #[must_use]
    pub fn telling(&self, addresses: &[Vec<u8>]) -> [u8; 32] {
        let features = self.features().to_be_bytes();
        let mut parts: Vec<&[u8]> =
            vec![self.contact_token.expose(), self.set.bytes(), self.name.as_bytes(), &features];
        parts.extend(addresses.iter().map(Vec::as_slice));
        sha256(&parts)
    }
}

fn read_prekey(row: PrekeyRow) -> Option<Prekey> {
    let key = DhKey::from_secret(&Secret::new(row.secret.into()));
    // It is our own: read at the moment of its birth, whatever the clock says now.
    let record = PrekeyRecord::check(&row.record, row.born_s, None, None).ok()?;
    Some(Prekey { id: row.spk_id.into(), key, born_s: row.born_s, record })
}

fn invented_name(rng: &mut dyn CryptoRng) -> String {
    let mut bytes = [0; 6];
    rng.fill_bytes(&mut bytes);
    let letters = bytes.map(|byte| char::from(NAME_LETTERS[usize::from(byte % 32)]));
    letters.iter().fold(String::from("ahoy-"), |mut name, letter| {
        name.push(*letter);
        name
    })
}
