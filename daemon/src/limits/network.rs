//! Every bound of the network driver, with unit and reason.

use std::num::NonZeroU8;
use std::time::Duration;

/// Commands that wait for the driver: an offer to 32 devices with its subscriptions, several times over.
pub const COMMANDS: usize = 1024;
/// Events for the core that wait in the driver before it stops reading the network.
pub const OUTBOX: usize = 1024;
/// Topics a peer may have: a hundred calls' worth. More of them are not seen.
pub const TOPICS_PER_PEER: usize = 512;
/// Topics we hold ourselves, so that one hello carries them all and everybody sees them.
pub const OWN_TOPICS: usize = 512;
/// Bytes of one gossip RPC: a heartbeat's worth of messages of ours.
pub const RPC_BYTES: usize = 256 * 1024;
/// Messages of one gossip RPC; a mesh peer sends them one by one.
pub const MESSAGES_PER_RPC: usize = 64;
/// Messages that wait for one slow peer (4096 bytes each at most).
pub const SEND_QUEUE: usize = 256;
/// Largest gossip message of ours, in bytes (wire.md 5).
pub const MESSAGE_BYTES: usize = 4096;
/// Messages a peer may send at once; a call set-up takes about 40.
pub const MESSAGE_BURST: u32 = 256;
/// Messages a second a peer may send on and on. With 5 s of history this bounds what one peer can
/// make gossipsub keep to 2.3 MiB.
pub const MESSAGES_PER_SECOND: u32 = 64;
/// Envelopes for an inbox that a peer may send at once: a call to eight devices with its first repetitions.
pub const INBOX_BURST: u32 = 48;
/// And a second. The core takes 150 a second from all contacts together, so eight hostile ones can't use them up.
pub const INBOX_PER_SECOND: u32 = 16;
/// Topics that a peer may begin or cease to hold at once: two hellos with all of them.
pub const SUBSCRIPTION_BURST: u32 = 1024;
/// And a second; a call begins and ends four.
pub const SUBSCRIPTIONS_PER_SECOND: u32 = 64;
/// Gossip packets read from a connection at once: a burst of messages, each announced and pruned besides.
pub const PACKET_BURST: u32 = 512;
/// And a second; more wait unread, so that their sender waits too.
pub const PACKETS_PER_SECOND: u32 = 128;
/// How long nothing is read then: a dozen packets' worth.
pub const HOLD: Duration = Duration::from_millis(100);
/// Bytes of the control part of one gossip RPC: a hello with all topics is 20 KiB. Smaller than the whole, because
/// a packed list of empty message ids takes twenty times its size in memory.
pub const CONTROL_BYTES: usize = 32 * 1024;
/// Devices whose rates are remembered; full buckets are forgotten first.
pub const RATED_PEERS: usize = 512;
/// Publications that wait for a subscriber.
pub const UNSENT: usize = 64;
/// How long they wait; then the core's own resend has long taken over.
pub const UNSENT_FOR: Duration = Duration::from_secs(5);
/// Bytes of a prekey answer: record 293, device set 365 at most, length 2; rounded up.
pub const PREKEY_ANSWER_BYTES: usize = 1024;
/// How long a prekey exchange may take.
pub const PREKEY_TIMEOUT: Duration = Duration::from_secs(5);
/// Streams of a request protocol open at once on one connection.
pub const REQUESTS_PER_CONNECTION: usize = 4;
/// Prekey requests of others that wait for the core's answer.
pub const PREKEY_WAITING: usize = 64;
/// Prekey requests a second, all peers together, and how many at once: each costs us an HMAC a token and day.
pub const PREKEYS_PER_SECOND: u32 = 20;
/// See above.
pub const PREKEY_BURST: u32 = 60;
/// Our own prekey requests under way.
pub const PREKEY_ASKED: usize = 64;
/// Bytes of an answer to a request about messages: the longest message.
pub const VOICEMAIL_ANSWER_BYTES: usize = 1024 * 1024;
/// How long an exchange about messages may take: a mebibyte at 70 kbit/s.
pub const VOICEMAIL_TIMEOUT: Duration = Duration::from_secs(120);
/// Streams about messages of one connection, and requests of one device: it tells of one, and we fetch one.
pub const VOICEMAIL_STREAMS: usize = 2;
/// Requests about messages under way each way; those of others wait for the disk.
pub const VOICEMAIL_WAITING: usize = 16;
/// Addresses remembered or dialled of one device.
pub const ADDRESSES: usize = 16;
/// Addresses of one device that are dialled at a time: all, so that none waits for those that don't answer.
pub const DIALS_AT_ONCE: NonZeroU8 = NonZeroU8::MIN.saturating_add(15);
/// Devices whose mDNS addresses are remembered.
pub const DISCOVERED: usize = 256;
/// Dials under way; more are refused.
pub const DIALS: usize = 64;
/// Connections of others that are being encrypted; beyond it, the oldest of the most crowded address goes.
pub const SHAKING: usize = 256;
/// The part of the process's open files that such connections may have, where that is less.
pub const SHAKING_PART_OF_FILES: u64 = 4;
/// The same as libp2p counts it: given-up ones stay in its books for a moment.
pub const PENDING_INCOMING: u32 = 1024;
/// Connections in all, of devices that aren't allowed gossip too.
pub const CONNECTIONS: u32 = 256;
/// Connections of one device: two after simultaneous dials, and as many that are dying.
pub const CONNECTIONS_PER_DEVICE: u32 = 4;
/// For so long a device may have two connections after both have dialled at once: what was sent over the one that goes
/// has arrived by then.
pub const TWO_CONNECTIONS: Duration = Duration::from_secs(5);
/// Connections of devices that aren't allowed gossip; the oldest of the most crowded address goes.
pub const STRANGERS: usize = 32;
/// Streams of one connection: gossip 2, pulse 2, prekey up to 8, messages up to 4. Each can hold 256 KiB unread.
pub const STREAMS: usize = 16;
/// Streams of one connection on which no protocol is agreed yet.
pub const NEGOTIATING: usize = 8;
/// Time for noise and yamux, or TLS, on a new connection.
pub const HANDSHAKE: Duration = Duration::from_secs(5);
/// How long QUIC waits if TCP is dialled beside it. TCP is liked better: the system closes the connections of a dead
/// process at once, and NATs keep idle ones for hours where they forget UDP in minutes (RFC 5382, RFC 4787); within
/// this time TCP is there if it gets through at all, and RFC 8305 allows up to 2 s.
pub const QUIC_LAG: Duration = Duration::from_millis(500);
/// A QUIC connection may be silent for so long, ms: longer than [`PULSE_MISSED`].
pub const QUIC_SILENCE_MS: u32 = 2_100_000;
/// QUIC's own signs of life: never within [`QUIC_SILENCE_MS`].
pub const QUIC_KEEP_ALIVE: Duration = Duration::from_secs(86_400);
/// Streams that the other side may have open on a QUIC connection; with yamux, [`STREAMS`] counts both sides'.
pub const QUIC_STREAMS: u32 = 16;
/// Bytes unread on a QUIC stream: the largest RPC.
pub const QUIC_STREAM_BYTES: u32 = 256 * 1024;
/// Bytes unread on a QUIC connection.
pub const QUIC_CONNECTION_BYTES: u32 = 1024 * 1024;
/// A connection without gossip and without a request is closed after this.
pub const IDLE: Duration = Duration::from_secs(45);
/// Pulse toward devices that we exchanged a message with lately: finds a vanished peer in 6 s.
pub const PULSE_ACTIVE: Duration = Duration::from_secs(2);
/// How long a device counts as active after its last message: as long as a call rings.
pub const ACTIVE_FOR: Duration = Duration::from_secs(60);
/// Pulse toward the others, all at the same time; one of two devices asks. A round costs 1 KB a contact
/// with all headers (15 segments, most of them yamux's own pings; measured), so 20 contacts cost 1.8 MB
/// a day. A NAT that forgets a connection sooner is noticed 6 s after the next message.
pub const PULSE_IDLE: Duration = Duration::from_secs(960);
/// Who is asked asks for itself when nothing has come for so long: two turns and a little.
pub const PULSE_MISSED: Duration = Duration::from_secs(2000);
/// A pulse that isn't answered in this time: the device has vanished.
pub const PULSE_TIMEOUT: Duration = Duration::from_secs(4);
/// The same while a call reconnects, where a needless dial costs less than waiting.
pub const PULSE_TIMEOUT_IN_CALL: Duration = Duration::from_secs(2);
/// Fresh dials of one device under way while a call reconnects; each gives up after [`HANDSHAKE`], TCP asks again after
/// 1 and 3 s. With the other side's, no more than [`CONNECTIONS_PER_DEVICE`] can succeed.
pub const FRESH_DIALS: usize = 3;
/// A dial that succeeds when another connection has stood for so long came late and is closed. Well below
/// [`TWO_CONNECTIONS`], from which age on the other side would close the older one instead.
pub const DIAL_IS_LATE: Duration = Duration::from_millis(2_500);
/// How long the listeners may take to name their first address.
pub const LISTEN_TIMEOUT: Duration = Duration::from_secs(5);
/// Prekey requests of one device at once, and a second: one a day is needed.
pub const PREKEY_PEER_BURST: u32 = 5;
/// See above.
pub const PREKEY_PEER_PER_SECOND: u32 = 1;
/// Characters of the report on a dial that failed.
pub const TRIED_CHARS: usize = 2048;
/// How long closing connections may take when the daemon stops.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// How often it is looked meanwhile whether the sockets of QUIC are closed.
pub const CLOSE_LOOK: Duration = Duration::from_millis(5);
