//! Hostile clients of a real control socket, and how long others wait for their answers meanwhile.

pub mod attacks;

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Longest line a daemon takes, bytes: its fixed promise.
pub const LINE_BYTES: usize = 64 * 1024;

/// How long an answer may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// One client, written with nothing of ours but the socket.
pub struct Client {
    stream: BufReader<UnixStream>,
    id: u64,
}

impl Client {
    /// Connects and says nothing.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn silent(socket: &Path) -> io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::new(stream), id: 0 })
    }

    /// Connects and says hello.
    ///
    /// # Errors
    /// What the operating system says, or that it was not let in.
    pub fn greeted(socket: &Path) -> io::Result<Self> {
        let mut client = Self::silent(socket)?;
        let answer = client.ask("hello", &json!({"client": "siege", "api": "1.0"}))?;
        if answer["result"].is_object() { Ok(client) } else { Err(io::Error::other(answer.to_string())) }
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// The next line.
    ///
    /// # Errors
    /// The end, or what is no JSON.
    pub fn read(&mut self) -> io::Result<Value> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        serde_json::from_str(&line).map_err(io::Error::other)
    }

    /// Asks and waits for the answer; events before it are passed over.
    ///
    /// # Errors
    /// As [`Client::read`].
    pub fn ask(&mut self, method: &str, params: &Value) -> io::Result<Value> {
        self.id += 1;
        let line = json!({"jsonrpc": "2.0", "id": self.id, "method": method, "params": params});
        match self.write(format!("{line}\n").as_bytes()) {
            // It may have said why before it closed.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
            Ok(()) | Err(_) => {}
        }
        loop {
            let answer = self.read()?;
            if answer["method"].is_null() {
                return Ok(answer);
            }
        }
    }

    /// Everything up to the end of the connection.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn rest(mut self) -> io::Result<String> {
        let mut rest = String::new();
        self.stream.read_to_string(&mut rest)?;
        Ok(rest)
    }

    /// Sends these lines, so many at a time, and hands each answer to `check`.
    ///
    /// # Errors
    /// As [`Client::read`].
    pub fn pipeline(
        &mut self,
        lines: &mut dyn Iterator<Item = Vec<u8>>,
        check: &mut dyn FnMut(&Value),
    ) -> io::Result<u64> {
        let mut answered = 0;
        loop {
            let mut some = Vec::new();
            let mut count = 0;
            for line in lines.take(IN_FLIGHT) {
                some.extend_from_slice(&line);
                some.push(b'\n');
                count += 1;
            }
            if count == 0 {
                return Ok(answered);
            }
            self.write(&some)?;
            for _ in 0..count {
                check(&self.read()?);
                answered += 1;
            }
        }
    }

    /// Writes requests and never reads, until the daemon takes nothing more. How many bytes it took.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn fill(&mut self) -> io::Result<usize> {
        self.stream.get_mut().set_nonblocking(true)?;
        let line = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"config.get\"}\n".repeat(64);
        let (mut taken, mut full_since) = (0, None);
        // Full for this long is full: the daemon reads within microseconds what it reads at all.
        while full_since.is_none_or(|since: Instant| since.elapsed() < Duration::from_millis(300)) {
            match self.stream.get_mut().write(&line) {
                Ok(bytes) => {
                    taken += bytes;
                    full_since = None;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    full_since.get_or_insert_with(Instant::now);
                    std::thread::yield_now();
                }
                Err(error) => return Err(error),
            }
        }
        self.stream.get_mut().set_nonblocking(false)?;
        Ok(taken)
    }
}

/// Lines under way at once: their answers fit into what a socket holds.
const IN_FLIGHT: usize = 64;

/// Times of answers, sorted.
#[derive(Clone, Debug)]
pub struct Waits(Vec<Duration>);

impl Waits {
    /// The wait that this part of all is not longer than, ms.
    #[must_use]
    pub fn at_ms(&self, part: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index"
        )]
        let index = (last as f64 * part).round() as usize;
        self.0.get(index).map_or(0.0, |wait| wait.as_secs_f64() * 1000.0)
    }

    /// As one object: n, p50_ms, p99_ms, max_ms.
    #[must_use]
    pub fn json(&self) -> Value {
        let round = |part: f64| (self.at_ms(part) * 1000.0).round() / 1000.0;
        json!({"n": self.0.len(), "p50_ms": round(0.5), "p99_ms": round(0.99), "max_ms": round(1.0)})
    }
}

/// A well-behaved client that asks on and on and looks at the clock.
pub struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<Vec<Duration>>>,
}

impl Watch {
    /// Begins to ask. The methods wait for nothing; an answer that is an error ends the watch.
    ///
    /// # Panics
    /// If it is not let in.
    #[must_use]
    pub fn begin(socket: &Path, methods: &'static [&'static str]) -> Self {
        let mut client = Client::greeted(socket).expect("a client that behaves is let in");
        let stop = Arc::new(AtomicBool::new(false));
        let until = stop.clone();
        let thread = std::thread::spawn(move || {
            let (mut waits, mut turn) = (Vec::new(), methods.iter().cycle());
            while !until.load(Ordering::Relaxed) {
                let method = turn.next().copied().unwrap_or("status");
                let began = Instant::now();
                let answer = client.ask(method, &json!({}))?;
                waits.push(began.elapsed());
                if !answer["result"].is_object() {
                    return Err(io::Error::other(answer.to_string()));
                }
                // As a person's frontend asks, not as fast as it can.
                std::thread::park_timeout(Duration::from_millis(1));
            }
            Ok(waits)
        });
        Self { stop, thread }
    }

    /// How long each answer took.
    ///
    /// # Panics
    /// If one did not come.
    #[must_use]
    pub fn end(self) -> Waits {
        self.stop.store(true, Ordering::Relaxed);
        let mut waits = self.thread.join().expect("it does not panic").expect("every question is answered");
        waits.sort_unstable();
        Waits(waits)
    }
}

/// Runs `work` in so many threads at once, and waits for all.
///
/// # Panics
/// If one of them fails.
pub fn crowd(threads: usize, work: impl Fn(usize) -> io::Result<()> + Send + Sync + 'static) {
    let work = Arc::new(work);
    let (tell, told) = mpsc::sync_channel(threads);
    for number in 0..threads {
        let (work, tell) = (work.clone(), tell.clone());
        std::thread::spawn(move || tell.send(work(number)));
    }
    drop(tell);
    let done = told.into_iter().map(|result| result.expect("an attack goes on to its end")).count();
    assert_eq!(done, threads, "an attack panicked");
}

/// The control socket of a home.
#[must_use]
pub fn socket_of(home: &Path) -> PathBuf {
    home.join("ahoyd.sock")
}

/// Resident memory of a process, bytes, where the system tells.
#[must_use]
pub fn rss_bytes(pid: u64) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib * 1024)
}

/// Open files of a process, where the system tells.
#[must_use]
pub fn open_files(pid: u64) -> Option<usize> {
    Some(std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count())
}
