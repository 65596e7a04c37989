//! Names of things a daemon talks about, and the time it is told.

pub use ahoy_crypto::{AccountId, DeviceId};

/// A call: 16 random bytes, drawn by whoever offers it. Text form: 32 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, minicbor::Encode, minicbor::Decode)]
#[cbor(transparent)]
pub struct CallId(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 16]);

/// One media connection attempt. Never reused in a process, so a late event of an old connection
/// cannot touch a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkId(pub u64);

/// A frontend's question that waits for its reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// The time an input happened at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Monotonic milliseconds since an arbitrary start: for every timer.
    pub mono_ms: u64,
    /// Unix milliseconds: only for the freshness of messages and for what people see.
    pub unix_ms: u64,
}

impl Now {
    /// Unix seconds.
    #[must_use]
    pub fn unix_s(self) -> u64 {
        self.unix_ms / 1000
    }
}

impl std::fmt::Debug for CallId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "call({:02x}{:02x}{:02x}..)", self.0[0], self.0[1], self.0[2])
    }
}
