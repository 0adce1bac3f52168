//! Any first line as `--envoy-json` pairs, and the rest read by them.
#![no_main]

use egressmap_parser::Options;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (pairs, stored) = egressmap_fuzz::split_first_line(data);
    let pairs = pairs.split(' ').filter_map(|pair| pair.split_once('='));
    let options = Options {
        kind: Some("envoy-json".to_owned()),
        envoy_json: pairs
            .map(|(key, operator)| (key.to_owned(), operator.to_owned()))
            .collect(),
        ..Options::default()
    };
    egressmap_fuzz::compile(&options, stored);
});
