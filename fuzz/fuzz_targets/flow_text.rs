//! Any bytes as flow logs as text.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| egressmap_fuzz::read_as("flow-text", data));
