//! `sdp_door` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ahoy_tests::fuzz::sdp_door::run(data));
