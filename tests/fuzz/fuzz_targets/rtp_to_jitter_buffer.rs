//! `rtp_to_jitter_buffer` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ahoy_tests::fuzz::rtp_to_jitter_buffer::run(data));
