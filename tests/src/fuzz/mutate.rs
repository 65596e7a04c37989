//! Small seeded mutations: what a test run does to every file of a corpus. libFuzzer does it better; this needs no
//! other compiler and takes a bounded time.

/// Bytes at which parsers change their mind: ends of ranges, heads of CBOR items, line ends.
const TURNING_POINTS: [u8; 16] =
    [0x00, 0x01, 0x17, 0x18, 0x20, 0x3a, 0x40, 0x58, 0x7f, 0x80, 0x9f, 0xa0, 0xbf, 0xf6, 0xfb, 0xff];
/// Changes made to an input at most.
const CHANGES_MAX: u64 = 4;

/// A stream of numbers that a seed decides (splitmix64, Steele, Lea and Flood 2014): not for anything but tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers(pub u64);

impl Numbers {
    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 if `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = end as u64;
        if end == 0 { 0 } else { usize::try_from(self.draw() % end).unwrap_or(0) }
    }

    /// Fills with random bytes.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.draw().to_le_bytes()[..chunk.len()]);
        }
    }

    /// A seed from the environment variable `name`, else one of the system's; printed, so that a failure can be
    /// repeated.
    ///
    /// # Panics
    /// If the variable is no number, or the system has no randomness.
    #[must_use]
    #[expect(clippy::print_stdout, reason = "whoever sees a test fail needs the seed")]
    pub fn from_environment(name: &str) -> Numbers {
        let seed = match std::env::var(name) {
            Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")),
            Err(_) => getrandom::u64().expect("randomness of the system"),
        };
        println!("seed: {name}={seed}");
        Numbers(seed)
    }
}

/// A number from the environment variable `name`, else `default`.
///
/// # Panics
/// If the variable is no number.
#[must_use]
pub fn size(name: &str, default: usize) -> usize {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")),
        Err(_) => default,
    }
}

/// Changes `input` in one to four places; `other` is what pieces are taken from.
#[must_use]
pub fn mutated(input: &[u8], other: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=numbers.draw() % CHANGES_MAX {
        change(&mut bytes, other, numbers);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, other: &[u8], numbers: &mut Numbers) {
    let place = numbers.below(bytes.len());
    match numbers.draw() % 8 {
        0 => set(bytes, place, |byte| byte ^ 1),
        1 => {
            let bit = 1u8 << (numbers.draw() % 8);
            set(bytes, place, |byte| byte ^ bit);
        }
        2 => {
            let value = TURNING_POINTS[numbers.below(TURNING_POINTS.len())];
            set(bytes, place, |_| value);
        }
        3 => bytes.truncate(place),
        4 => {
            let value = numbers.draw().to_le_bytes()[0];
            bytes.insert(place, value);
        }
        5 => {
            let end = place + numbers.below(bytes.len() - place + 1).min(16);
            bytes.drain(place..end);
        }
        6 => {
            let end = place + numbers.below(bytes.len() - place + 1).min(64);
            let piece = bytes[place..end].to_vec();
            bytes.splice(place..place, piece);
        }
        _ => {
            let from = numbers.below(other.len());
            let piece = &other[from..from + numbers.below(other.len() - from + 1).min(64)];
            let end = (place + piece.len()).min(bytes.len());
            bytes.splice(place..end, piece.iter().copied());
        }
    }
}

fn set(bytes: &mut [u8], place: usize, new: impl Fn(u8) -> u8) {
    if let Some(byte) = bytes.get_mut(place) {
        *byte = new(*byte);
    }
}
