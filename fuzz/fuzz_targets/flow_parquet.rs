//! Any bytes as flow logs in Parquet: as they are, and behind a trailer that finds the footer again where it grew or shrank.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    egressmap_fuzz::read_as("flow-parquet", data);
    if let Some(mended) = egressmap_fuzz::with_trailer(data) {
        egressmap_fuzz::read_as("flow-parquet", &mended);
    }
});
