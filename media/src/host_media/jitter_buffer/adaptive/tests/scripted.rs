//! Streams of packets, a decoder that keeps a diary, and a playback that pulls.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::*;
use crate::host_media::{asking::Came, clock::samples_to_us};
use crate::planes::Planes;

/// Samples of a frame.
pub(super) const FRAME: usize = 960;

/// How sound is pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rhythm {
    /// As much at a time as the buffer has ready: it is the only one.
    AsPrepared,
    /// At least 5 ms at a time: it is one of many.
    InBlocks,
}

/// What a decoder was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Did {
    Decoded(u32),
    /// The frame before this packet.
    Repaired(u32),
    Concealed(usize),
    Reset,
}

impl Did {
    /// The number of the packet that was repaired.
    pub(super) fn repaired(self) -> Option<u32> {
        match self {
            Did::Repaired(next) => Some(next - 1),
            Did::Decoded(_) | Did::Concealed(_) | Did::Reset => None,
        }
    }
}

/// Decodes nothing; writes down. A packet is its number, then its length in samples.
pub(super) struct Diary {
    pub(super) fec: bool,
    did: Vec<Did>,
    /// A tone of 240 Hz: it can be shortened and lengthened anywhere.
    tone: Vec<f32>,
}

impl Default for Diary {
    fn default() -> Self {
        let tone = (0..OPUS_PACKET_SAMPLES).map(|n| (n as f32 * std::f32::consts::TAU / 200.0).sin() * 0.3);
        Self { fec: false, did: Vec::new(), tone: tone.collect() }
    }
}

fn number(packet: &[u8]) -> Option<u32> {
    packet.get(..4)?.try_into().ok().map(u32::from_be_bytes)
}

impl FrameDecoder for Diary {
    fn samples(&self, packet: &[u8]) -> Option<usize> {
        packet.get(4..8)?.try_into().ok().map(|bytes| u32::from_be_bytes(bytes) as usize)
    }

    fn has_fec(&self, _packet: &[u8]) -> bool {
        self.fec
    }

    fn decode(&mut self, packet: &[u8], out: &mut Planes) -> bool {
        let Some((number, samples)) = number(packet).zip(self.samples(packet)) else { return false };
        self.did.push(Did::Decoded(number));
        *out = Planes::mono(self.tone[..samples].to_vec());
        true
    }

    fn recover(&mut self, packet: &[u8], samples: usize, out: &mut Planes) -> bool {
        out.silent(samples);
        number(packet).is_some_and(|number| {
            self.did.push(Did::Repaired(number));
            true
        })
    }

    fn conceal(&mut self, samples: usize, out: &mut Planes) {
        assert!(samples.is_multiple_of(120) && samples > 0, "{samples} samples cannot be concealed");
        *out = Planes::mono(vec![0.1; samples]);
        self.did.push(Did::Concealed(samples));
    }

    fn reset(&mut self) {
        self.did.push(Did::Reset);
    }
}

/// One packet.
pub(super) fn packet(number: u32, sequence: u16, timestamp: u32, arrived_us: u64, samples: usize) -> Incoming {
    let payload = [number.to_be_bytes(), (samples as u32).to_be_bytes()].concat();
    Incoming { sequence, timestamp, payload: Bytes::from(payload), arrived_us, came: Came::ByItself }
}

type ByNumber<T> = Box<dyn Fn(u32) -> T>;

/// Packets every 20 ms, and what befalls them.
pub(super) struct Stream {
    packets: u32,
    first: (u16, u32),
    numbered: u32,
    late_us: ByNumber<u64>,
    lost: ByNumber<bool>,
    spoilt: ByNumber<bool>,
    double: bool,
    drift_ppm: i64,
}

impl Stream {
    pub(super) fn even(packets: u32) -> Self {
        Self {
            packets,
            first: (0, 0),
            numbered: 0,
            late_us: Box::new(|_| 0),
            lost: Box::new(|_| false),
            spoilt: Box::new(|_| false),
            double: false,
            drift_ppm: 0,
        }
    }

    pub(super) fn late(mut self, us: impl Fn(u32) -> u64 + 'static) -> Self {
        self.late_us = Box::new(us);
        self
    }

    pub(super) fn lose(mut self, lost: impl Fn(u32) -> bool + 'static) -> Self {
        self.lost = Box::new(lost);
        self
    }

    pub(super) fn spoil(mut self, spoilt: impl Fn(u32) -> bool + 'static) -> Self {
        self.spoilt = Box::new(spoilt);
        self
    }

    pub(super) fn double(mut self) -> Self {
        self.double = true;
        self
    }

    pub(super) fn from(mut self, sequence: u16, timestamp: u32) -> Self {
        self.first = (sequence, timestamp);
        self
    }

    pub(super) fn numbered(mut self, from: u32) -> Self {
        self.numbered = from;
        self
    }

    pub(super) fn drifting(mut self, ppm: i64) -> Self {
        self.drift_ppm = ppm;
        self
    }

    /// The packets in order of arrival, from time 0 on.
    pub(super) fn packets(self) -> Vec<Incoming> {
        let mut all = Vec::new();
        for n in (0..self.packets).filter(|n| !(self.lost)(*n)) {
            let sequence = self.first.0.wrapping_add((n & 0xffff) as u16);
            let timestamp = self.first.1.wrapping_add(n.wrapping_mul(FRAME as u32));
            let sent_us = i64::from(n) * (20_000_000_000 + 20_000 * self.drift_ppm) / 1_000_000;
            let at_us = sent_us as u64 + (self.late_us)(n);
            let mut one = packet(self.numbered + n, sequence, timestamp, at_us, FRAME);
            if (self.spoilt)(n) {
                one.payload = Bytes::from_static(b"bad");
            }
            all.extend(std::iter::repeat_n(one, if self.double { 2 } else { 1 }));
        }
        all.sort_by_key(|packet| packet.arrived_us);
        all
    }
}

/// Plays a buffer as a sink would.
pub(super) struct Playback {
    buffer: Adaptive<Diary>,
    now_us: u64,
    /// Beginning of the stream that runs now.
    base_us: u64,
    pub(super) rhythm: Rhythm,
    did: Vec<(u64, Did)>,
    arrivals: BTreeMap<u32, u64>,
    silences: Vec<usize>,
    heard: bool,
    most_waiting: (usize, usize),
}

impl Playback {
    /// The first pull is `phase_us` after the first packet.
    pub(super) fn new(phase_us: u64) -> Self {
        let buffer = Adaptive::new(Diary::default(), 0);
        let (did, arrivals, silences) = (Vec::new(), BTreeMap::new(), vec![0]);
        let base_us = 50_000_000;
        let rhythm = Rhythm::AsPrepared;
        Self {
            buffer,
            now_us: base_us + phase_us,
            base_us,
            rhythm,
            did,
            arrivals,
            silences,
            heard: false,
            most_waiting: (0, 0),
        }
    }

    pub(super) fn decoder(&mut self) -> &mut Diary {
        &mut self.buffer.decoder
    }

    /// Plays until the last packet has come and was played.
    pub(super) fn run(&mut self, packets: Vec<Incoming>) {
        let mut packets = packets.into_iter().peekable();
        let base_us = self.base_us;
        while packets.peek().is_some() {
            while let Some(mut packet) = packets.next_if(|packet| base_us + packet.arrived_us <= self.now_us) {
                packet.arrived_us += base_us;
                if let Some(number) = number(&packet.payload) {
                    self.arrivals.entry(number).or_insert(packet.arrived_us);
                }
                self.base_us = packet.arrived_us + 20_000;
                self.buffer.insert(packet);
            }
            self.tick();
        }
        // The next stream begins a frame after this one; what waits until then is played.
        while self.now_us < self.base_us {
            self.tick();
        }
    }

    fn tick(&mut self) {
        let mut out = Planes::default();
        let samples = match self.rhythm {
            Rhythm::AsPrepared => self.buffer.prepare(self.now_us).clamp(96, FRAME),
            Rhythm::InBlocks => self.buffer.prepare(self.now_us).clamp(240, FRAME),
        };
        let pulled = self.buffer.pull(self.now_us, samples, &mut out);
        let (packets, ready) = self.buffer.waiting();
        self.most_waiting = (self.most_waiting.0.max(packets), self.most_waiting.1.max(ready));
        let at_us = self.now_us;
        self.did.extend(self.buffer.decoder.did.drain(..).map(|did| (at_us, did)));
        self.heard |= pulled == Pulled::Sound;
        match (pulled, self.silences.last_mut()) {
            (Pulled::Silence, Some(silence)) if self.heard => *silence += samples,
            (Pulled::Silence | Pulled::Sound | Pulled::MadeUp, _) => self.silences.push(0),
        }
        self.now_us += samples_to_us(samples as u64);
    }

    /// Time passes without packets.
    pub(super) fn pass_us(&mut self, us: u64) {
        let end_us = self.now_us + us;
        while self.now_us < end_us {
            self.tick();
        }
        self.base_us += us;
    }

    pub(super) fn did(&self) -> &[(u64, Did)] {
        &self.did
    }

    /// Numbers of the packets that were decoded, in that order.
    pub(super) fn decoded(&self) -> Vec<u32> {
        self.did
            .iter()
            .filter_map(|(_, did)| match did {
                Did::Decoded(number) => Some(*number),
                Did::Repaired(_) | Did::Concealed(_) | Did::Reset => None,
            })
            .collect()
    }

    pub(super) fn stats(&self) -> ReceiveStats {
        self.buffer.stats(self.now_us)
    }

    /// When a packet was decoded, monotonic microseconds.
    pub(super) fn when(&self, number: u32) -> Option<u64> {
        self.did.iter().find(|(_, did)| *did == Did::Decoded(number)).map(|(at_us, _)| *at_us)
    }

    pub(super) fn arrival(&self, number: u32) -> u64 {
        self.arrivals.get(&number).copied().expect("the packet came")
    }

    /// From arrival to decoding, ms.
    pub(super) fn wait_ms(&self, number: u32) -> f64 {
        let when = self.when(number).expect("the packet was played");
        when.saturating_sub(self.arrival(number)) as f64 / 1_000.0
    }

    /// All of these, with the time of decoding.
    pub(super) fn waits(&self) -> Vec<(u64, f64)> {
        self.did
            .iter()
            .filter_map(|(at_us, did)| match did {
                Did::Decoded(number) => Some((*at_us, at_us.saturating_sub(self.arrival(*number)) as f64 / 1_000.0)),
                Did::Repaired(_) | Did::Concealed(_) | Did::Reset => None,
            })
            .collect()
    }

    /// The most packets and samples that ever waited.
    pub(super) fn most_waiting(&self) -> (usize, usize) {
        self.most_waiting
    }

    pub(super) fn longest_wait_ms(&self) -> f64 {
        self.waits().into_iter().map(|(_, ms)| ms).fold(0.0, f64::max)
    }

    /// Longest time without a sound between the first sound and the end.
    pub(super) fn longest_silence_ms(&self) -> f64 {
        samples_to_ms(self.silences.iter().copied().max().unwrap_or(0))
    }
}
