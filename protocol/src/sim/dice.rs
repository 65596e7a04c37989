//! Randomness that can be repeated, and sizes that can be changed.

/// Fast numbers that a seed decides (splitmix64, Steele, Lea and Flood 2014), for tests that draw millions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Of the environment variable `AHOY_FUZZ_SEED`, else of the system; printed, so that a failure can be repeated.
    #[expect(clippy::print_stdout, reason = "a failure can be repeated only by who knows its seed")]
    pub(crate) fn from_environment() -> Dice {
        let seed = match std::env::var("AHOY_FUZZ_SEED") {
            Ok(text) => text.parse().unwrap_or_else(|_| panic!("AHOY_FUZZ_SEED is no number: {text}")),
            Err(_) => getrandom::u64().expect("randomness of the system"),
        };
        println!("seed: AHOY_FUZZ_SEED={seed}");
        Dice(seed)
    }

    /// Of this seed.
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    pub(crate) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`, which isn't 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.draw() % end as u64) as usize
    }

    /// From 0 to `end`, which counts.
    pub(crate) fn up_to(&mut self, end: u64) -> u64 {
        self.draw() % (end + 1)
    }

    /// True `of` times in a hundred.
    pub(crate) fn hundred(&mut self, of: u64) -> bool {
        self.draw() % 100 < of
    }

    /// True once in `n`.
    pub(crate) fn once_in(&mut self, n: u64) -> bool {
        self.draw().is_multiple_of(n)
    }

    pub(crate) fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.draw().to_le_bytes()[..chunk.len()]);
        }
    }
}

/// A size that the environment variable may change.
pub(crate) fn size(name: &str, default: usize) -> usize {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")),
        Err(_) => default,
    }
}
