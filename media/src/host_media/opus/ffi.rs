//! The only place that calls libopus. What makes each call sound is said beside it; everything that leaves is safe.
#![expect(unsafe_code, reason = "libopus is a C library")]

use std::{ffi::c_int, ptr::NonNull};

use opusic_sys as sys;

use super::Channels;

/// Sample rate of every encoder and decoder here, Hz.
const RATE: i32 = 48_000;

/// What can be set on an encoder, or read from it. All take or give one C int.
#[derive(Clone, Copy, Debug)]
pub(super) enum EncoderSetting {
    Bitrate,
    Vbr,
    Complexity,
    InbandFec,
    PacketLossPerc,
    MaxBandwidth,
    PredictionDisabled,
}

impl EncoderSetting {
    /// Request numbers to set and to get.
    const fn requests(self) -> (c_int, c_int) {
        match self {
            Self::Bitrate => (sys::OPUS_SET_BITRATE_REQUEST, sys::OPUS_GET_BITRATE_REQUEST),
            Self::Vbr => (sys::OPUS_SET_VBR_REQUEST, sys::OPUS_GET_VBR_REQUEST),
            Self::Complexity => (sys::OPUS_SET_COMPLEXITY_REQUEST, sys::OPUS_GET_COMPLEXITY_REQUEST),
            Self::InbandFec => (sys::OPUS_SET_INBAND_FEC_REQUEST, sys::OPUS_GET_INBAND_FEC_REQUEST),
            Self::MaxBandwidth => (sys::OPUS_SET_MAX_BANDWIDTH_REQUEST, sys::OPUS_GET_MAX_BANDWIDTH_REQUEST),
            Self::PredictionDisabled => {
                (sys::OPUS_SET_PREDICTION_DISABLED_REQUEST, sys::OPUS_GET_PREDICTION_DISABLED_REQUEST)
            }
            Self::PacketLossPerc => (sys::OPUS_SET_PACKET_LOSS_PERC_REQUEST, sys::OPUS_GET_PACKET_LOSS_PERC_REQUEST),
        }
    }
}

/// An error number of libopus (`opus_defines.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Code(pub(super) c_int);

/// Zero or more is a count, less is an error.
fn count(value: c_int) -> Result<usize, Code> {
    usize::try_from(value).map_err(|_| Code(value))
}

/// Done, or an error.
fn done(value: c_int) -> Result<(), Code> {
    if value == sys::OPUS_OK { Ok(()) } else { Err(Code(value)) }
}

/// A length as libopus wants it; slices here are far below 2 GiB, but that is not for this module to trust.
fn length(len: usize) -> Result<c_int, Code> {
    c_int::try_from(len).map_err(|_| Code(sys::OPUS_BAD_ARG))
}

/// An encoder, for speech or for low delay, and its channels. Owns its state alone.
pub(super) struct RawEncoder(NonNull<sys::OpusEncoder>, Channels);

// SAFETY: the state is plain heap memory without thread affinity, owned by this value alone, and every call that touches
// it takes `&mut self` (or reads only, in `get`, which no other thread can do at once: the type is not Sync).
unsafe impl Send for RawEncoder {}

impl RawEncoder {
    pub(super) fn new(low_delay: bool, channels: Channels) -> Result<Self, Code> {
        let mut error = sys::OPUS_OK;
        let use_for = match (low_delay, channels) {
            (true, Channels::Mono | Channels::Stereo) => sys::OPUS_APPLICATION_RESTRICTED_LOWDELAY,
            (false, Channels::Mono) => sys::OPUS_APPLICATION_VOIP,
            (false, Channels::Stereo) => sys::OPUS_APPLICATION_AUDIO,
        };
        // SAFETY: `error` is a valid place for one int during the call.
        let state = unsafe { sys::opus_encoder_create(RATE, channels.int(), use_for, &raw mut error) };
        done(error)?;
        NonNull::new(state).map(|state| Self(state, channels)).ok_or(Code(sys::OPUS_ALLOC_FAIL))
    }

    pub(super) fn set(&mut self, setting: EncoderSetting, value: i32) -> Result<(), Code> {
        // SAFETY: the state is alive until drop; every set request of EncoderSetting reads exactly one opus_int32.
        done(unsafe { sys::opus_encoder_ctl(self.0.as_ptr(), setting.requests().0, value) })
    }

    pub(super) fn get(&mut self, setting: EncoderSetting) -> Result<i32, Code> {
        let mut value: i32 = 0;
        // SAFETY: the state is alive; every get request of EncoderSetting writes exactly one opus_int32.
        done(unsafe { sys::opus_encoder_ctl(self.0.as_ptr(), setting.requests().1, &raw mut value) })?;
        Ok(value)
    }

    pub(super) fn lookahead(&mut self) -> Result<usize, Code> {
        let mut value: i32 = 0;
        // SAFETY: as in `get`: one opus_int32 is written.
        done(unsafe { sys::opus_encoder_ctl(self.0.as_ptr(), sys::OPUS_GET_LOOKAHEAD_REQUEST, &raw mut value) })?;
        count(value)
    }

    pub(super) fn encode(&mut self, pcm: &[f32], out: &mut [u8]) -> Result<usize, Code> {
        let (frame, room) = (length(pcm.len() / self.1.count())?, length(out.len())?);
        // SAFETY: `frame` samples a channel are read, all inside `pcm`; at most `room` bytes are written to `out`.
        count(unsafe { sys::opus_encode_float(self.0.as_ptr(), pcm.as_ptr(), frame, out.as_mut_ptr(), room) })
    }
}

impl Drop for RawEncoder {
    fn drop(&mut self) {
        // SAFETY: made by opus_encoder_create, destroyed once, not used after.
        unsafe { sys::opus_encoder_destroy(self.0.as_ptr()) }
    }
}

/// A decoder, and its channels. Owns its state alone.
pub(super) struct RawDecoder(NonNull<sys::OpusDecoder>, Channels);

// SAFETY: as for RawEncoder.
unsafe impl Send for RawDecoder {}

impl RawDecoder {
    pub(super) fn new(channels: Channels) -> Result<Self, Code> {
        let mut error = sys::OPUS_OK;
        // SAFETY: `error` is a valid place for one int during the call.
        let state = unsafe { sys::opus_decoder_create(RATE, channels.int(), &raw mut error) };
        done(error)?;
        NonNull::new(state).map(|state| Self(state, channels)).ok_or(Code(sys::OPUS_ALLOC_FAIL))
    }

    pub(super) fn channels(&self) -> Channels {
        self.1
    }

    pub(super) fn set_complexity(&mut self, value: i32) -> Result<(), Code> {
        // SAFETY: the state is alive; the request reads one opus_int32.
        done(unsafe { sys::opus_decoder_ctl(self.0.as_ptr(), sys::OPUS_SET_COMPLEXITY_REQUEST, value) })
    }

    pub(super) fn reset(&mut self) -> Result<(), Code> {
        // SAFETY: the state is alive; the request takes no argument.
        done(unsafe { sys::opus_decoder_ctl(self.0.as_ptr(), sys::OPUS_RESET_STATE) })
    }

    /// Decodes `packet`, or its copy of the frame before it (`fec`); without a packet, makes sound up. Returns the samples of a
    /// channel.
    pub(super) fn decode(&mut self, packet: Option<&[u8]>, out: &mut [f32], fec: bool) -> Result<usize, Code> {
        let room = length(out.len() / self.1.count())?;
        let (data, bytes) = match packet {
            Some(packet) => (packet.as_ptr(), length(packet.len())?),
            None => (std::ptr::null(), 0),
        };
        let fec = c_int::from(fec && packet.is_some());
        // SAFETY: `data` is null with length 0 (concealment) or points at `bytes` readable bytes; at most `room` samples a
        // channel are written, all inside `out`.
        count(unsafe { sys::opus_decode_float(self.0.as_ptr(), data, bytes, out.as_mut_ptr(), room, fec) })
    }
}

impl Drop for RawDecoder {
    fn drop(&mut self) {
        // SAFETY: made by opus_decoder_create, destroyed once, not used after.
        unsafe { sys::opus_decoder_destroy(self.0.as_ptr()) }
    }
}

/// Samples at 48 kHz in a packet, from its first bytes.
pub(super) fn packet_samples(packet: &[u8]) -> Result<usize, Code> {
    let bytes = length(packet.len())?;
    if bytes == 0 {
        return Err(Code(sys::OPUS_INVALID_PACKET));
    }
    // SAFETY: `bytes` (at least one) are readable; the function reads the first two at most.
    count(unsafe { sys::opus_packet_get_nb_samples(packet.as_ptr(), bytes, RATE) })
}

/// Whether a packet is of two channels: a bit of its first byte (RFC 6716 section 3.1).
pub(super) fn is_stereo(packet: &[u8]) -> bool {
    // SAFETY: the packet has at least one byte, and the function reads no more.
    !packet.is_empty() && unsafe { sys::opus_packet_get_nb_channels(packet.as_ptr()) } == 2
}

/// Whether a packet carries a copy of the frame before it.
pub(super) fn has_fec(packet: &[u8]) -> bool {
    let Ok(bytes) = length(packet.len()) else { return false };
    // SAFETY: `bytes` are readable; the function parses the packet within that length.
    bytes > 0 && unsafe { sys::opus_packet_has_lbrr(packet.as_ptr(), bytes) } == 1
}

/// Version of the library that is linked.
pub(super) fn version() -> String {
    // SAFETY: libopus returns a static NUL-terminated string.
    unsafe { std::ffi::CStr::from_ptr(sys::opus_get_version_string()) }.to_string_lossy().into_owned()
}

/// What an error number means, for people.
pub(super) fn describe(code: Code) -> String {
    // SAFETY: opus_strerror takes any int and returns a static NUL-terminated string.
    unsafe { std::ffi::CStr::from_ptr(sys::opus_strerror(code.0)) }.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
