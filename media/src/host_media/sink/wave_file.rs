//! A WAV file (48 kHz, 16 bit, one channel or two) that can be read at any moment, also after the process was killed.

use std::{
    fs::File,
    io::{Seek, SeekFrom, Write},
    path::Path,
};

use super::Lost;
use crate::{
    host_media::opus::{Channels, RATE},
    limits::WAV_DATA_BYTES,
    planes::Planes,
    platform,
};

/// Bytes of the header before the sound.
const HEADER: u64 = 44;

/// Samples of a channel that wait to be written: 200 ms. A kill loses no more than that.
const BUFFER: usize = 48 * 200;

/// Buffers between two updates of the sizes in the header: one second of sound.
const HEADER_EVERY: u32 = 5;

/// The file being written.
pub(crate) struct WaveFile {
    file: File,
    name: String,
    channels: Channels,
    /// Byte in the sound where `buffer` begins.
    at: u64,
    buffer: Vec<u8>,
    unpatched: u32,
}

impl WaveFile {
    /// Makes the file, or empties one that is there.
    ///
    /// # Errors
    /// [`Lost`] if it cannot be made or written.
    pub(crate) fn create(path: &Path, channels: Channels) -> Result<Self, Lost> {
        let name = path.display().to_string();
        // Opening a pipe waits until somebody reads from it.
        if std::fs::metadata(path).is_ok_and(|facts| !facts.is_file()) {
            return Err(Lost(format!("{name}: is no file")));
        }
        let file = platform::private_file().write(true).create(true).truncate(true).open(path);
        let file = file.map_err(|e| Lost(format!("{name}: {e}")))?;
        let buffer = Vec::with_capacity(BUFFER * frame(channels));
        let mut made = Self { file, name, channels, at: 0, buffer, unpatched: 0 };
        made.patch()?;
        Ok(made)
    }

    /// Writes `sound` at sample `place`, which lies at or behind the end; what lies between is silence.
    ///
    /// # Errors
    /// [`Lost`] if the disk is full, or the file as large as a WAV file can be.
    pub(crate) fn write(&mut self, place: u64, sound: &Planes) -> Result<(), Lost> {
        let frame = frame(self.channels);
        let place = place * frame as u64;
        if place != self.at + self.buffer.len() as u64 {
            self.write_out()?;
            self.at = self.at.max(place);
        }
        if self.at + (self.buffer.len() + sound.len() * frame) as u64 > WAV_DATA_BYTES {
            return Err(Lost(format!("{}: a WAV file cannot be longer", self.name)));
        }
        match self.channels {
            Channels::Mono => self.append(sound.mid.len(), sound.mid.iter().copied()),
            Channels::Stereo => self.append(2 * sound.len(), sound.pairs().flatten()),
        }
        if self.buffer.len() >= BUFFER * frame {
            self.write_out()?;
            self.unpatched += 1;
            if self.unpatched >= HEADER_EVERY {
                self.patch()?;
            }
        }
        Ok(())
    }

    fn append(&mut self, values: usize, sound: impl Iterator<Item = f32>) {
        let from = self.buffer.len();
        self.buffer.resize(from + values * 2, 0);
        let places = self.buffer.get_mut(from..).unwrap_or_default().as_chunks_mut::<2>().0;
        for (place, sample) in places.iter_mut().zip(sound) {
            *place = sixteen_bits(sample).to_le_bytes();
        }
    }

    /// Writes everything out, sizes too.
    ///
    /// # Errors
    /// [`Lost`] if the disk is full.
    pub(crate) fn flush(&mut self) -> Result<(), Lost> {
        self.write_out()?;
        self.patch()
    }

    fn write_out(&mut self) -> Result<(), Lost> {
        // A place behind the end leaves a hole, which reads as zeros: silence.
        let written = self.file.seek(SeekFrom::Start(HEADER + self.at)).and_then(|_| self.file.write_all(&self.buffer));
        written.map_err(|e| Lost(format!("{}: {e}", self.name)))?;
        self.at += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Puts the true sizes into the header.
    fn patch(&mut self) -> Result<(), Lost> {
        self.unpatched = 0;
        let header = header(u32::try_from(self.at).unwrap_or(u32::MAX - 36), self.channels);
        let written = self.file.seek(SeekFrom::Start(0)).and_then(|_| self.file.write_all(&header));
        written.map_err(|e| Lost(format!("{}: {e}", self.name)))
    }
}

impl Drop for WaveFile {
    fn drop(&mut self) {
        if let Err(lost) = self.flush() {
            tracing::warn!(error = lost.0, "the end of the heard sound could not be written");
        }
    }
}

/// To the nearest step, without the call that `f32::round` is on a processor of the first 64-bit kind.
fn sixteen_bits(sample: f32) -> i16 {
    let steps = sample.clamp(-1.0, 1.0) * 32_768.0;
    (steps + 0.5_f32.copysign(steps)) as i16
}

/// Bytes of a sample of each channel.
const fn frame(channels: Channels) -> usize {
    2 * channels.count()
}

/// The header of a file with this many bytes of sound.
fn header(bytes: u32, channels: Channels) -> Vec<u8> {
    let count = match channels {
        Channels::Mono => 1_u16,
        Channels::Stereo => 2,
    };
    let mut header = Vec::with_capacity(44);
    header.extend_from_slice(b"RIFF");
    header.extend_from_slice(&(bytes + 36).to_le_bytes());
    header.extend_from_slice(b"WAVEfmt ");
    header.extend_from_slice(&16_u32.to_le_bytes());
    for value in [1, count] {
        // PCM.
        header.extend_from_slice(&value.to_le_bytes());
    }
    header.extend_from_slice(&RATE.to_le_bytes());
    header.extend_from_slice(&(RATE * 2 * u32::from(count)).to_le_bytes());
    for value in [2 * count, 16] {
        // Bytes a sample of each channel, bits a sample.
        header.extend_from_slice(&value.to_le_bytes());
    }
    header.extend_from_slice(b"data");
    header.extend_from_slice(&bytes.to_le_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host_media::test_dir::TestDir;

    fn samples(path: &Path) -> Vec<i16> {
        hound::WavReader::open(path).unwrap().samples().map(Result::unwrap).collect()
    }

    #[test]
    fn it_can_be_read_before_anything_was_heard() {
        let dir = TestDir::new();
        let path = dir.path().join("a.wav");
        let _file = WaveFile::create(&path, Channels::Mono).unwrap();
        let reader = hound::WavReader::open(&path).unwrap();
        assert_eq!((reader.spec().sample_rate, reader.spec().channels, reader.duration()), (48_000, 1, 0));
    }

    #[test]
    fn while_it_is_written_all_but_the_last_second_can_be_read() {
        let dir = TestDir::new();
        let path = dir.path().join("a.wav");
        let mut file = WaveFile::create(&path, Channels::Mono).unwrap();
        for tick in 0..1_000_u64 {
            file.write(tick * 480, &Planes::mono(vec![0.5; 480])).unwrap();
            // What a kill at this moment would leave.
            let left = u64::from(hound::WavReader::open(&path).unwrap().duration());
            assert!(left + 48_000 >= (tick + 1) * 480, "{left} at tick {tick}");
            if tick % 300 == 150 {
                let heard = samples(&path);
                assert!(heard.len() as u64 == left && heard.iter().all(|sample| *sample == 16_384));
            }
        }
        drop(file);
        assert_eq!(samples(&path).len(), 480_000);
    }

    #[test]
    fn loud_sound_is_clipped_not_wrapped() {
        let dir = TestDir::new();
        let path = dir.path().join("a.wav");
        WaveFile::create(&path, Channels::Mono)
            .unwrap()
            .write(0, &Planes::mono(vec![1.0, -1.0, 7.0, -7.0, f32::NAN]))
            .unwrap();
        assert_eq!(samples(&path), [32_767, -32_768, 32_767, -32_768, 0]);
    }

    #[test]
    fn sound_is_rounded_to_the_nearest_step() {
        for half_steps in -65_536..=65_536_i32 {
            let sample = half_steps as f32 / 65_536.0;
            assert_eq!(sixteen_bits(sample), (sample * 32_768.0).round() as i16, "{sample}");
        }
        assert_eq!((sixteen_bits(0.499 / 32_768.0), sixteen_bits(-0.501 / 32_768.0)), (0, -1));
    }

    #[test]
    fn a_file_as_long_as_can_be_is_told_and_stays_readable() {
        let dir = TestDir::new();
        let path = dir.path().join("a.wav");
        let mut file = WaveFile::create(&path, Channels::Mono).unwrap();
        // A hole of four gigabytes costs no disk.
        let last = WAV_DATA_BYTES / 2 - 10;
        file.write(last, &Planes::mono(vec![0.5; 10])).unwrap();
        assert!(file.write(last + 10, &Planes::mono(vec![0.5; 10])).is_err());
        drop(file);
        assert_eq!(u64::from(hound::WavReader::open(&path).unwrap().duration()), last + 10);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let dir = TestDir::new();
        assert!(WaveFile::create(&dir.path().join("no/a.wav"), Channels::Mono).err().unwrap().0.contains("no/a.wav"));
    }
}
