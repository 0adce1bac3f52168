//! Any bytes as a stored object, packed and delivered in whatever way its bytes say.
#![no_main]

use egressmap_parser::Options;

libfuzzer_sys::fuzz_target!(|data: &[u8]| egressmap_fuzz::read(&Options::default(), data));
