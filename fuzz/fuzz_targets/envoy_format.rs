//! Any first line as Envoy's format string, and the rest read by it.
#![no_main]

use egressmap_parser::Options;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (format, stored) = egressmap_fuzz::split_first_line(data);
    let options = Options {
        kind: Some("envoy-text".to_owned()),
        envoy_format: Some(format),
        ..Options::default()
    };
    egressmap_fuzz::compile(&options, stored);
});
