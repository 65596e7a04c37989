//! Names of gossip topics. All topics of the product look alike: 32 letters of base32.

/// A gossip topic: 32 letters of base32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Topic(pub [u8; 32]);

impl Topic {
    /// As gossipsub names it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("")
    }

    /// Reads a topic name; anything but 32 letters `a-z2-7` is none of ours.
    #[must_use]
    pub fn parse(name: &str) -> Option<Topic> {
        let bytes: [u8; 32] = name.as_bytes().try_into().ok()?;
        let ours = bytes.iter().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'));
        ours.then_some(Topic(bytes))
    }
}

#[cfg(test)]
mod tests;
