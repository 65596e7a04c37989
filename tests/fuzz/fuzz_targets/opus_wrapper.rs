//! `opus_wrapper` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ahoy_tests::fuzz::opus_wrapper::run(data));
