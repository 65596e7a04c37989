//! `control_line` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ahoy_tests::fuzz::control_line::run(data));
