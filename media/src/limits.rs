//! Every bound of this crate, with its unit and its reason.

use std::time::Duration;

/// Candidates of one ICE generation that a link takes from the other side (wire.md; a host has few addresses).
pub const CANDIDATES_A_GENERATION: usize = 20;
/// Bytes, lines and media sections of a description that goes to the library: what the door before it lets in (wire.md)
/// and some more lines, as a second wall. Its parser's cost grows faster than the text.
pub const DESCRIPTION_BYTES: usize = 16 * 1024;
/// See [`DESCRIPTION_BYTES`].
pub const DESCRIPTION_LINES: usize = 512;
/// See [`DESCRIPTION_BYTES`].
pub const DESCRIPTION_MEDIA: usize = 16;
/// Bytes of a message on `ctl` (wire.md: 8..1024).
pub const CTL_MESSAGE_BYTES: usize = 1024;
/// Orders that may wait for a link's task: two whole generations of candidates and their descriptions.
pub const ORDERS_A_LINK: usize = 64;
/// Encoded frames that may wait for a link's task: 200 ms of 20 ms frames; older sound is worth nothing.
pub const FRAMES_A_LINK: usize = 10;
/// Events that may wait inside a link's task while the engine's event queue is full; then it reads no more.
pub const EVENTS_A_LINK: usize = 32;
/// Signals of the WebRTC driver that may wait for the link's task; candidates and states come in bursts of about ten.
pub const SIGNALS_A_LINK: usize = 128;
/// Links open at a time in one engine: 16 participants, each with an old and a new link, and as many calls that ring.
pub const LINKS_AN_ENGINE: usize = 64;
/// Names of closed links that are remembered, so that a used name is refused.
pub const USED_LINK_NAMES: usize = 1024;
/// Local addresses that one link binds; beyond this the pairs to check grow without use.
pub const ADDRESSES_A_LINK: usize = 8;
/// Time between ICE connectivity checks. The library nominates on this beat (200 ms from offer to connection at no delay
/// with its default, 5 ms with this: docs/adr/0012); RFC 8445 section 14.2 allows no less.
pub const ICE_CHECK_INTERVAL: Duration = Duration::from_millis(5);
/// Checks of one candidate pair before it is given up: 10 s at [`ICE_CHECK_INTERVAL`], the time until the core restarts ICE.
pub const ICE_CHECKS_A_PAIR: u16 = 2_000;
/// Time between checks of an address that stays silent, at most: 8 of them are 32 packets a second, about what RFC 8445
/// section 14.2 has for all together (one every 50 ms, and its answers).
pub const CHECK_GAP_SILENT: Duration = Duration::from_millis(250);
/// Time between checks of an address that has answered, at most, however long its answer took: each may be the one that
/// nominates. The pace of RFC 8445 section 14.2.
pub const CHECK_GAP_AFTER_ANSWER: Duration = Duration::from_millis(50);
/// Addresses that one socket has business with: three generations of candidates, servers included.
pub const KNOWN_ADDRESSES: usize = 3 * CANDIDATES_A_GENERATION;
/// Packets of strangers that a socket drops before it gives way to other tasks.
pub const STRANGERS_A_TURN: usize = 64;
/// Bytes that a handshake message in the clear may claim: a certificate of ours has under 1 KiB.
pub const HANDSHAKE_MESSAGE_BYTES: u32 = 16 * 1024;
/// Messages of one side in a handshake: eight with a repeated hello, and room.
pub const HANDSHAKE_MESSAGES: u16 = 32;
/// Handshake fragments that a link lets in in the clear: six a side, each of eight attempts, and some cut in two. The
/// library puts fragments together by recursion and looks through all that it keeps for each that comes.
pub const HANDSHAKE_FRAGMENTS: u32 = 128;
/// Encrypted records that may wait in the library until there is a key: the last flight and the first data.
pub const HANDSHAKE_EARLY_RECORDS: u32 = 64;
/// Sources of media that one link hears: one, and room for a peer that declares more.
pub const MEDIA_SOURCES: usize = 8;
/// Sources of RTCP reports that one link hears: each side of a stream, and room.
pub const REPORTERS: usize = 8;
/// Data channels that the other side may open against the agreement; each is closed. One more ends the link.
pub const FOREIGN_CHANNELS: u64 = 32;
/// Bytes of encrypted data (SCTP) that come in before a message on `ctl` is whole: four times what SCTP may hold. The
/// library puts a message without end together without a bound, so more stays out.
pub const DATA_BEFORE_A_MESSAGE: u64 = 4 * SCTP_RECEIVE_BYTES as u64;
/// Bytes a second by which that is forgotten: acknowledgements of our messages, where the other side sends none.
pub const DATA_FORGOTTEN_A_SECOND: u64 = 2 * 1024;
/// Encrypted records up to this size always come in, bytes: an alert (39), an acknowledgement.
pub const SMALL_RECORD_BYTES: usize = 64;
/// Time that the names of STUN and TURN servers may take before a link goes without them: a lookup takes 20 to 200 ms.
pub const NAME_LOOKUP: Duration = Duration::from_secs(1);
/// Time that the address of such a name is kept.
pub const NAME_KEPT: Duration = Duration::from_secs(60);
/// Names that are kept: more than anybody has servers.
pub const ICE_NAMES: usize = 32;
/// Addresses of one name that are looked at.
pub const SERVER_ADDRESSES: usize = 16;
/// Time between looks at a handshake that is under way.
pub const HANDSHAKE_LOOK: Duration = Duration::from_millis(100);
/// Time after which a flight of the handshake goes again if nothing comes of it; then twice as long, and so on.
pub const FLIGHT_AGAIN: Duration = Duration::from_millis(200);
/// How often at most: at 0.2, 0.6, 1.4 and 3 s, within [`HANDSHAKE_STANDSTILL`].
pub const FLIGHT_REPEATS: u32 = 4;
/// Datagrams that the library sends within this time are of one flight.
pub const FLIGHT_TOGETHER: Duration = Duration::from_millis(50);
/// Datagrams of a flight: the longest is two.
pub const FLIGHT_DATAGRAMS: usize = 8;
/// Time without headway after which an alert in the clear is believed: two attempts of the library. Anybody can send one.
pub const ALERT_BELIEVED: Duration = Duration::from_secs(2);
/// Time without headway after which a handshake is over: four attempts of the library (a wrong one is to be refused within 5 s).
pub const HANDSHAKE_STANDSTILL: Duration = Duration::from_secs(4);
/// Time that a handshake may take in all: the library's client makes eight attempts, one a second.
pub const HANDSHAKE: Duration = Duration::from_secs(10);
/// Time between keep-alives on the chosen pair (2-protocol.md: a blackout shows after 2 s).
pub const ICE_KEEPALIVE: Duration = Duration::from_millis(500);
/// The same where the way is narrow and sound keeps it alive. Well below the 30 s in which permission to send has to be renewed
/// (RFC 7675 section 5.1).
pub const ICE_KEEPALIVE_NARROW: Duration = Duration::from_secs(2);
/// Time between sender and receiver reports of RTCP, which nothing here depends on: the least that RFC 3550 section 6.2 has.
pub const RTCP_INTERVAL: Duration = Duration::from_secs(5);
/// Silence after which a link counts as interrupted.
pub const ICE_DISCONNECTED: Duration = Duration::from_secs(2);
/// Further silence after which ICE gives the link up for good. The call core decides much earlier.
pub const ICE_FAILED: Duration = Duration::from_secs(60);
/// Time one frame may wait for the library's own queue before it is dropped: one frame length.
pub const FRAME_WRITE: Duration = Duration::from_millis(20);
/// Time between statistics snapshots of a link.
pub const STATS_INTERVAL: Duration = Duration::from_secs(1);
/// Bytes of `ctl` that may be under way: 64 messages of the largest size.
pub const CTL_BUFFER_BYTES: usize = 64 * CTL_MESSAGE_BYTES;
/// Bytes SCTP buffers of what comes in (at least 1500, RFC 9260 section 3.3.2); `ctl` is all it carries.
pub const SCTP_RECEIVE_BYTES: u32 = 64 * 1024;
/// Packets that may wait at one end of a fake link: half a second of audio with room for `ctl`.
pub const FAKE_PACKETS_A_LINK: usize = 64;

/// Packets of media that a link keeps in case the other side asks for them again: a second at 20 ms; later they would be late
/// whatever the delay (docs/wire.md section 14).
pub const KEPT_PACKETS: usize = 50;
/// Packets a second that a link sends again, asked or not: as many as it sends anyway at 20 ms, twice.
pub const RESENT_A_SECOND: u32 = 100;
/// Packets that are asked for at once: the longest gap that fits the longest delay, 400 ms at 10 ms a packet.
pub const ASKED_AT_ONCE: usize = 40;
/// Missing packets that a link remembers: a second at 10 ms.
pub const MISSING_PACKETS: usize = 100;
/// RTCP packets of one datagram that are looked at: one of each kind, and room.
pub const REPORTS_A_DATAGRAM: usize = 8;
/// Feedback that may wait for a link's task: a quarter of a second of it, one for each packet of sound.
pub const REPORTS_A_LINK: usize = 16;

// Sound.

/// Links that sound knows at once: 32 participants of a mesh, and as many that are being replaced.
pub const MAX_LINKS: usize = 64;

/// Packets of one link waiting for the audio thread: over a second at 10 ms a packet, in case the thread is late.
pub const PACKET_RING: usize = 128;

/// Packets in one jitter buffer: 2.5 s at 20 ms a packet, far above the ceiling of the delay.
pub const JITTER_PACKETS: usize = 128;

/// Bytes of one Opus packet: what fits in a datagram of the usual MTU. Larger ones are refused.
pub const OPUS_PACKET_BYTES: usize = 1500;

/// Samples at 48 kHz of one Opus packet: 120 ms (RFC 6716 section 3.2.5).
pub const OPUS_PACKET_SAMPLES: usize = 5760;

/// Sound between a device callback and the audio thread, ms: three ticks of 20 ms; more would be delay only.
pub const DEVICE_RING_MS: u32 = 60;

/// Events waiting for a slow receiver; later ones replace nothing, they are told when there is room.
pub const PENDING_EVENTS: usize = 256;

/// Data bytes of a WAV file: its sizes are 32 bits, and readers expect room for the header.
pub const WAV_DATA_BYTES: u64 = u32::MAX as u64 - 4096;

/// Sound that a trial of the microphone records, ms: held in memory, 2 MB.
pub const CHECK_RECORD_MS: u32 = 10_000;

/// Nodes of a pipeline, and edges between them: far more than a chain of processing has, and each piece of 10 ms runs through all.
pub const PIPELINE_NODES: usize = 64;
/// See [`PIPELINE_NODES`].
pub const PIPELINE_EDGES: usize = 256;

/// Samples at 48 kHz that one `wav_tap` writes: an hour, 345 MB; then it stops, so that a forgotten one doesn't fill the disk.
pub const PIPELINE_TAP_SAMPLES: usize = 3_600 * 48_000;

/// Connections to a sound server that nobody uses and that are kept for the next: of microphone, speaker, ringtone, one that takes the
/// place of another, and one for questions. About 1 MiB each.
pub const KEPT_CONNECTIONS: usize = 5;

/// Time a sound system may take to answer a question (which devices there are, which is the default), and the next question waits for
/// it: a server that hangs gives a shorter list, not a hung daemon.
pub const SOUND_SYSTEM_ANSWER: Duration = Duration::from_millis(500);

/// Time in which a device must be open, microseconds: three questions, the 5 s that cpal may take, and a busy machine. A sound server that
/// hangs would hold up a call's sound without a word.
pub const DEVICE_OPENS_US: u64 = 10_000_000;

/// Devices that are being opened at a time: microphone, speaker, ringtone, each with one that takes its place. Each is a thread; where
/// they hang, no more are begun.
pub const DEVICES_OPENING: usize = 6;

/// Milliseconds by which all `delay` nodes of a pipeline hold sound back, together: 400 KB. More is a mistake, and nobody could
/// talk with it.
pub const PIPELINE_DELAY_MS: usize = 2_000;

/// `wav_tap`s of a pipeline: each holds a file open, and half a megabyte with its ring while it runs live.
pub const PIPELINE_TAPS: usize = 4;

/// What all nodes of a pipeline may cost, microseconds for 10 ms of sound by the estimate of each node: a twentieth of a
/// core, so that a slow one has time for the call. It bounds the memory, too: a node that costs 1 us holds at most 20 KB.
pub const PIPELINE_COST_US: usize = 500;

/// Samples at 48 kHz between the audio thread and the writer of a live `wav_tap`: two seconds of a slow disk, 384 KB. What is
/// more becomes silence in the file.
pub const PIPELINE_TAP_RING: usize = 2 * 48_000;

/// Samples at 48 kHz that a pipeline is run over at once: an hour, as long as a `wav_tap` writes.
pub const PIPELINE_RUN_SAMPLES: u64 = 3_600 * 48_000;

/// Pipelines that were changed and wait to be taken apart off the audio thread: one of every link, and of the microphone.
pub const PIPELINES_SPENT: usize = 2 * MAX_LINKS;

/// Channels of a WAV file or device that are mixed down: more is a broken header.
pub const CHANNELS: u16 = 64;

/// Sample rates of files and devices, Hz: telephony to the highest of studio cards.
pub const SAMPLE_RATES: std::ops::RangeInclusive<u32> = 4_000..=384_000;

// Recordings of calls.

/// Pieces of sound of at most 20 ms that wait for the writer: ten seconds of four voices, 8 MB at most. A disk that stands
/// still for longer costs the recording sound, and the call nothing.
pub const RECORDING_PIECES: usize = 2_048;
/// Orders that wait for the writer: a whole call's answers at once, twice.
pub const RECORDING_ORDERS: usize = 64;
/// Tracks of a recording: 32 participants of a mesh, and as many that come again.
pub const RECORDING_TRACKS: usize = 64;
/// Answers that an index lists: four of each track.
pub const RECORDING_ANSWERS: usize = 4 * RECORDING_TRACKS;
/// Gaps that an index lists of a track: one every 43 s of the longest recording; the sound is silent in later ones, too.
pub const RECORDING_GAPS: usize = 1_000;
/// Samples at 48 kHz of the longest recording: 12 hours, so that a forgotten one ends.
pub const RECORDING_SAMPLES: i64 = 12 * 3_600 * 48_000;
/// Bytes of all files of a recording, 2 GiB: 12 hours of five voices and the mix; speech needs less than half of that.
pub const RECORDING_BYTES: u64 = 2 << 30;
