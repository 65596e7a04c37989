//! What the tests of this crate share.

use ahoy_crypto::hash::sha256;
use rand_core::{TryCryptoRng, TryRng};

/// Deterministic bytes: a hash chain over a seed that the test names.
pub(crate) struct SeededRng {
    state: [u8; 32],
}

/// The same name gives the same bytes.
pub(crate) fn rng(seed: &str) -> SeededRng {
    SeededRng { state: sha256(&[seed.as_bytes()]) }
}

impl TryRng for SeededRng {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_be_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Self::Error> {
        for chunk in dst.chunks_mut(32) {
            self.state = sha256(&[&self.state, b"next"]);
            chunk.copy_from_slice(&self.state[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for SeededRng {}
