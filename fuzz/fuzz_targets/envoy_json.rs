//! Any bytes as Envoy's JSON.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| egressmap_fuzz::read_as("envoy-json", data));
