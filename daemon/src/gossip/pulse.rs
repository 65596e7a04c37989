//! `/ahoy/1/pulse`: one byte there, the same byte back. Finds peers that vanished without closing.
//!
//! libp2p's ping has one interval for all connections. Ours is quick toward devices that we are
//! talking to and slow toward the rest, so that an idle daemon neither wakes nor sends much.

use std::io;
use std::time::Instant;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::StreamProtocol;
use libp2p::request_response::{self, ProtocolSupport};

use super::limits;

/// The protocol's name.
pub(crate) const PROTOCOL: StreamProtocol = StreamProtocol::new("/ahoy/1/pulse");

/// Reads and writes the byte.
#[derive(Clone, Debug, Default)]
pub(crate) struct PulseCodec;

/// The behaviour.
pub(crate) type Behaviour = request_response::Behaviour<PulseCodec>;
/// Its events.
pub(crate) type Event = request_response::Event<u8, u8>;

/// The behaviour with its bounds.
#[must_use]
pub(crate) fn behaviour() -> Behaviour {
    let config = request_response::Config::default()
        .with_request_timeout(limits::PULSE_TIMEOUT)
        .with_max_concurrent_streams(limits::REQUESTS_PER_CONNECTION);
    Behaviour::new([(PROTOCOL, ProtocolSupport::Full)], config)
}

/// When one device is asked next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pulse {
    active_until: Option<Instant>,
    asked: Instant,
    waiting: bool,
}

impl Pulse {
    /// Of a device that has just connected.
    #[must_use]
    pub(crate) fn new(now: Instant) -> Self {
        Self { active_until: None, asked: now, waiting: false }
    }

    /// A message was exchanged with it.
    pub(crate) fn active(&mut self, now: Instant) {
        self.active_until = Some(now + limits::ACTIVE_FOR);
    }

    /// When it shall be asked next; none while an answer is awaited. `idle` is the moment when all
    /// the quiet ones are asked.
    #[must_use]
    pub(crate) fn due(&self, idle: Instant) -> Option<Instant> {
        if self.waiting {
            return None;
        }
        let quick = self.asked + limits::PULSE_ACTIVE;
        let active = self.active_until.is_some_and(|until| quick < until);
        Some(if active { quick.min(idle) } else { idle })
    }

    /// It is asked now.
    pub(crate) fn ask(&mut self, now: Instant) {
        self.asked = now;
        self.waiting = true;
    }

    /// It has answered, or the question failed for a reason that isn't its silence.
    pub(crate) fn answered(&mut self) {
        self.waiting = false;
    }
}

impl request_response::Codec for PulseCodec {
    type Protocol = StreamProtocol;
    type Request = u8;
    type Response = u8;

    async fn read_request<T>(&mut self, _protocol: &StreamProtocol, io: &mut T) -> io::Result<u8>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io).await
    }

    async fn read_response<T>(&mut self, _protocol: &StreamProtocol, io: &mut T) -> io::Result<u8>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io).await
    }

    async fn write_request<T>(&mut self, _protocol: &StreamProtocol, io: &mut T, byte: u8) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&[byte]).await
    }

    async fn write_response<T>(&mut self, _protocol: &StreamProtocol, io: &mut T, byte: u8) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&[byte]).await
    }
}

async fn read<T: AsyncRead + Unpin + Send>(io: &mut T) -> io::Result<u8> {
    let mut byte = [0];
    io.read_exact(&mut byte).await?;
    Ok(byte[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn quiet_devices_are_asked_together_and_active_ones_every_two_seconds() {
        let start = Instant::now();
        let idle = start + limits::PULSE_IDLE;
        let mut pulse = Pulse::new(start);
        assert_eq!(pulse.due(idle), Some(idle));
        pulse.active(start);
        assert_eq!(pulse.due(idle), Some(start + Duration::from_secs(2)));
        pulse.ask(start + Duration::from_secs(2));
        assert_eq!(pulse.due(idle), None, "one question at a time");
        pulse.answered();
        assert_eq!(pulse.due(idle), Some(start + Duration::from_secs(4)));
    }

    #[test]
    fn a_device_is_quiet_again_a_minute_after_its_last_message() {
        let start = Instant::now();
        let idle = start + limits::PULSE_IDLE;
        let mut pulse = Pulse::new(start);
        pulse.active(start);
        pulse.ask(start + Duration::from_secs(59));
        pulse.answered();
        assert_eq!(pulse.due(idle), Some(idle));
    }
}
