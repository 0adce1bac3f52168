//! Any first line as one or several `--flow-format`, and the rest read by them.
#![no_main]

use egressmap_parser::Options;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (format, stored) = egressmap_fuzz::split_first_line(data);
    let options = Options {
        kind: Some("flow-text".to_owned()),
        flow_format: format.split('\t').map(str::to_owned).collect(),
        ..Options::default()
    };
    egressmap_fuzz::compile(&options, stored);
});
