//! Every bound of the daemon's own queues, maps and byte strings, with unit and reason.

pub mod network;

/// Clients of the control socket at a time. A desktop has a handful; each costs a task and two buffers.
pub const CLIENTS: usize = 64;
/// The part of the process's open files that clients may have: the rest is for the network, calls and the disk.
pub const CLIENTS_PART_OF_FILES: u64 = 4;
/// Longest request line, bytes (a fixed promise of the control interface).
pub const LINE_BYTES: usize = 64 * 1024;
/// Time for the hello of a client of the socket, ms: it is its first line, and a client writes it at once.
pub const HELLO_MS: u64 = 10_000;
/// Characters of a client's own words that an error quotes.
pub const QUOTED_CHARS: usize = 160;
/// Bytes of a client's `client` name: it is shown to people.
pub const CLIENT_NAME_BYTES: usize = 64;
/// Events a client may be behind before it is told `lagged` and given a fresh snapshot.
pub const CLIENT_BEHIND_EVENTS: u64 = 256;
/// Events kept for `subscribe {after}`.
pub const EVENTS_KEPT: usize = 10_000;
/// Bytes of events kept: bounds memory where events are long (10,000 usual ones need 3 MB).
pub const EVENTS_KEPT_BYTES: usize = 4 * 1024 * 1024;
/// Bytes that each event kept takes beside its text: 16 of counts, 16 of its place in the ring, 16 of the allocator.
pub const EVENT_EXTRA_BYTES: usize = 48;
/// Lines written to a client before its next request is looked at.
pub const EVENT_LINES_AT_ONCE: usize = 32;
/// Buffer of an in-memory client in each direction, bytes.
pub const MEMORY_PIPE_BYTES: usize = LINE_BYTES;
/// Time for the core to answer a frontend, ms: far above the 2 ms that are usual.
pub const ANSWER_MS: u64 = 10_000;

/// Sound that a trial of the microphone records unless it is told otherwise, ms: a sentence.
pub const SOUND_CHECK_MS: u32 = 3_000;

/// The pause between two looks at the system's sound devices, ms: a headset that is plugged in counts within a minute.
pub const SOUND_LOOK_MS: u64 = 60_000;

/// The same while a frontend is connected, ms: whoever looks at a list of devices sees a headset appear.
pub const SOUND_LOOK_WATCHED_MS: u64 = 2_000;

/// Devices that one look tells to have come, or gone: a sound server that starts brings some.
pub const SOUND_NEWS: usize = 64;
/// Questions of frontends on their way to the actor: each client has one at a time.
pub const QUESTIONS: usize = CLIENTS;
/// Questions the core has taken and not yet answered: one a client, and those of clients that left meanwhile.
pub const TICKETS: usize = 4 * CLIENTS;
/// Inputs of the network on their way to the actor: a burst of one heartbeat from every peer.
pub const NETWORK_INPUTS: usize = 1024;
/// Events of media links on their way to the actor: descriptions and candidates of 16 links.
pub const LINK_EVENTS: usize = 1024;
/// Events of the sound on their way to the actor.
pub const AUDIO_EVENTS: usize = 64;
/// What recordings tell on its way to the actor: each says two things.
pub const RECORDING_EVENTS: usize = 8;
/// Groups of effects that wait for the store; beyond it the actor takes no input until the disk is done.
pub const WAITING_GROUPS: usize = 256;
/// Media links at a time: 16 participants, and as many old links that are being closed.
pub const LINKS: usize = 64;
/// Peers counted for `status`.
pub const PEERS: usize = 1024;

/// Participants with a pipeline over what is heard of them: each may take a twentieth of a core.
pub const PARTICIPANT_PIPELINES: usize = 8;

/// Packets of a recorded message: two minutes of the shortest that are sent, 10 ms.
pub const TAPE_PACKETS: usize = 12_000;
/// How long after its last packet a message is played to its end, ms: more than a jitter buffer holds.
pub const PLAYED_OUT_MS: u64 = 500;
/// Longest sound of a message in the store, bytes.
pub const STORE_SOUND_BYTES: usize = 1024 * 1024;
/// Calls of a page of the history unless more or fewer are asked for: a screen or two.
pub const HISTORY_PAGE: usize = 50;
/// Calls of a page of the history at most.
pub const HISTORY_PAGE_MAX: usize = 100;
/// Bytes of a page of the history: with the rest of its line below [`LINE_BYTES`].
pub const HISTORY_PAGE_BYTES: usize = 60 * 1024;
/// Calls kept in the history; the oldest give way.
pub const HISTORY_ENTRIES: u64 = 1_000;
/// Missed calls of one caller in a full history: from then on a further one takes the place of its own oldest.
pub const HISTORY_MISSED_OF_ONE: usize = 100;
/// Rows read at a start: 1,000 contacts and the call ids of 96 hours at one a second are far below it.
pub const STORE_ROWS: u64 = 500_000;
/// Memory for pages of the store, bytes: 64 pages. Tables are small, the system keeps the file, and a call may use 32 MB in all.
pub const STORE_CACHE_BYTES: usize = 256 * 1024;
/// Rows kept in memory while the disk takes nothing; far more than change between two tries.
pub const OWED_ROWS: usize = 4096;
/// How often rows that the disk did not take are tried again when nothing else is to be written, ms.
pub const OWED_RETRY_MS: u64 = 5_000;
/// Longest key of a row, bytes.
pub const STORE_KEY_BYTES: usize = 256;
/// Longest value of a row, bytes: an account with all its prekeys needs a few kilobytes.
pub const STORE_VALUE_BYTES: usize = 256 * 1024;

/// Scrapes of metrics at a time: one Prometheus, and a person who looks.
pub const METRICS_CLIENTS: usize = 8;
/// Time for a scrape from its connection to its answer, ms (Prometheus' own limit is 10 s).
pub const METRICS_MS: u64 = 5_000;
/// Time for the actor to say that it is there before a scrape goes on without it, ms.
pub const METRICS_ACTOR_MS: u64 = 1_000;
/// Head of a scrape's request, bytes: the least that the HTTP library takes; Prometheus sends 300.
pub const METRICS_REQUEST_BYTES: usize = 8 * 1024;
/// Header lines of a scrape's request.
pub const METRICS_HEADERS: usize = 32;

/// Size of config.toml, bytes.
pub const CONFIG_BYTES: u64 = 64 * 1024;
/// Problems of the settings told in full; a file of junk has thousands.
pub const CONFIG_PROBLEMS_TOLD: usize = 32;
/// Listen addresses.
pub const LISTEN_ADDRESSES: usize = 16;
/// Ports drawn until one is free for TCP and UDP: each is with all but certainty.
pub const PORT_DRAWS: usize = 16;
/// STUN servers.
pub const STUN_SERVERS: usize = 8;
/// Size of a log file before it is rotated, bytes.
pub const LOG_FILE_BYTES: u64 = 8 * 1024 * 1024;
/// Log lines on their way to the file; more are dropped and counted.
pub const LOG_LINES: usize = 4096;

/// Time a stopping daemon gives its signals to be acknowledged, ms: with what follows it is gone within 2 s.
pub const STOP_SIGNALS_MS: u64 = 1_200;
/// Time for links to be released, ms (measured: 0.1 ms each).
pub const STOP_LINKS_MS: u64 = 300;
/// Time for frontends to take the last events, ms.
pub const STOP_CLIENTS_MS: u64 = 200;
