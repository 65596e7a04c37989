//! What the tests of this crate share: seeded randomness that anybody can repeat.

use std::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};

use crate::hash::sha256;
use crate::{Certificate, DhKey, SignKey};

/// Bytes that follow from a seed: H(seed ‖ n). Not for anything but tests.
pub(crate) struct SeededRng {
    seed: u64,
    drawn: u64,
}

impl SeededRng {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }
}

impl TryRng for SeededRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for chunk in out.chunks_mut(32) {
            let block = sha256(&[&self.seed.to_le_bytes(), &self.drawn.to_le_bytes()]);
            self.drawn += 1;
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for SeededRng {}

/// Somebody with all keys and a certificate.
pub(crate) struct Person {
    pub(crate) account: SignKey,
    pub(crate) device: SignKey,
    pub(crate) dk: DhKey,
    pub(crate) spk: DhKey,
    pub(crate) certificate: Certificate,
}

/// The last second of every certificate made here.
pub(crate) const CERTIFIED_UNTIL_S: u64 = 2_000_000;

impl Person {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = SeededRng::new(seed);
        let (account, device) = (SignKey::generate(&mut rng), SignKey::generate(&mut rng));
        let (dk, spk) = (DhKey::generate(&mut rng), DhKey::generate(&mut rng));
        let certificate = Certificate::make(&account, device.device(), dk.public(), CERTIFIED_UNTIL_S);
        Self { account, device, dk, spk, certificate }
    }
}

/// The encodings of low order that docs/wire.md lists, each also with the top bit set.
pub(crate) fn low_points() -> Vec<[u8; 32]> {
    let text = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    let plain = text.iter().map(|point| unhex(point).try_into().expect("32 bytes"));
    plain
        .flat_map(|point: [u8; 32]| {
            let mut top = point;
            top[31] |= 0x80;
            [point, top]
        })
        .collect()
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).expect("hex")
}
