//! `cbor` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ahoy_tests::fuzz::cbor::run(data));
