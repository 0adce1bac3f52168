//! Any first line as `--flow-format`, and the rest read by it.
#![no_main]

use egressmap_parser::Options;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (format, stored) = egressmap_fuzz::split_first_line(data);
    let options = Options {
        kind: Some("flow-text".to_owned()),
        flow_format: Some(format),
        ..Options::default()
    };
    egressmap_fuzz::compile(&options, stored);
});
