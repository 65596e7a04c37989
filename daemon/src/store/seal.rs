//! Sealing of rows: XChaCha20-Poly1305 under a key file, row names as keyed hashes.

use std::io::{Read, Write};
use std::path::Path;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::StoreError;
use crate::platform;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const ROW_SEAL: &[u8] = b"ahoy store 1 seal";
const ROW_NAME: &[u8] = b"ahoy store 1 name";

/// Name of a row in the file.
pub(super) type RowName = [u8; 32];

/// The keys of one store.
pub(super) struct Seal {
    cipher: XChaCha20Poly1305,
    names: Zeroizing<[u8; 32]>,
}

impl Seal {
    /// Both keys out of the one in the key file (HMAC-SHA256 as a PRF, one label each).
    pub(super) fn new(key: &[u8; KEY_BYTES]) -> Result<Self, StoreError> {
        let seal = Zeroizing::new(prf(key, &[ROW_SEAL])?);
        let names = Zeroizing::new(prf(key, &[ROW_NAME])?);
        Ok(Self { cipher: XChaCha20Poly1305::new(&Key::from(*seal)), names })
    }

    /// The name under which a row stands in the file.
    pub(super) fn name(&self, table: &str, key: &[u8]) -> Result<RowName, StoreError> {
        prf(&self.names, &[table.as_bytes(), &[0], key])
    }

    /// Seals a row; it opens only under the same table and name.
    pub(super) fn seal(&self, table: &str, name: &[u8], plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|error| defect("draw randomness for", &error.to_string()))?;
        let aad = [table.as_bytes(), &[0], name].concat();
        let payload = Payload { msg: plain, aad: &aad };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| defect("seal a row of", "it is too long"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens a row; none if it is not what was sealed there.
    pub(super) fn open(&self, table: &str, name: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let aad = [table.as_bytes(), &[0], name].concat();
        let payload = Payload { msg: sealed, aad: &aad };
        self.cipher.decrypt(&XNonce::from(*nonce), payload).ok().map(Zeroizing::new)
    }
}

fn prf(key: &[u8; 32], parts: &[&[u8]]) -> Result<[u8; 32], StoreError> {
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key)
        .map_err(|error| defect("derive a key for", &error.to_string()))?;
    for part in parts {
        mac.update(part);
    }
    Ok(mac.finalize().into_bytes().into())
}

fn defect(what: &'static str, reason: &str) -> StoreError {
    StoreError::Io { what, path: "the store".into(), reason: reason.into() }
}

/// Reads the key file. Only if there is no store yet (`may_create`) a missing one is drawn: a store whose key
/// is gone must be reported, never written over.
pub(super) fn load_key(path: &Path, may_create: bool) -> Result<Zeroizing<[u8; KEY_BYTES]>, StoreError> {
    let io = |what, error: std::io::Error| StoreError::Io {
        what,
        path: path.display().to_string(),
        reason: error.to_string(),
    };
    match platform::open_private(path, false) {
        Ok(mut file) => {
            // Refusing to start would not make a copied key unknown again, and would keep its owner from calling.
            if platform::make_private(&file).map_err(|error| io("protect", error))? {
                tracing::warn!(
                    "other users of this machine could open store.key until now; its mode is 0600 again. If one of \
                     them may have copied it and the store, begin a new account: move the data directory away"
                );
            }
            let mut key = Zeroizing::new([0; KEY_BYTES]);
            file.read_exact(key.as_mut_slice()).map_err(|error| io("read", error))?;
            Ok(key)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && may_create => make_key(path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(StoreError::NoKey { path: path.display().to_string() })
        }
        Err(error) => Err(io("open", error)),
    }
}

/// Draws a key. Written whole under another name first, so that a kill never leaves half a key.
fn make_key(path: &Path) -> Result<Zeroizing<[u8; KEY_BYTES]>, StoreError> {
    let new = path.with_extension("key.new");
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    getrandom::fill(key.as_mut_slice()).map_err(|error| defect("draw a key for", &error.to_string()))?;
    let write = || -> std::io::Result<()> {
        let mut file = platform::open_private(&new, true)?;
        file.set_len(0)?;
        file.write_all(key.as_slice())?;
        file.sync_all()?;
        std::fs::rename(&new, path)?;
        path.parent().map_or(Ok(()), platform::sync_dir)
    };
    match write() {
        Ok(()) => Ok(key),
        Err(error) => {
            let (path, reason) = (path.display().to_string(), error.to_string());
            Err(StoreError::Io { what: "write", path, reason })
        }
    }
}
