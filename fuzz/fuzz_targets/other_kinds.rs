//! Any bytes as any kind of log: the first byte chooses, so that a new kind is covered when it is registered.
#![no_main]

use egressmap_parser::format::REGISTRY;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some((choice, stored)) = data.split_first() {
        egressmap_fuzz::read_as(REGISTRY[usize::from(*choice) % REGISTRY.len()].name, stored);
    }
});
