//! `upload-heavy`: it sends far more than it receives.

use super::Case;
use crate::show::bytes;

/// Less may be a form or a picture.
const LEAST_SENT: u64 = 10_000_000;
const TIMES: u64 = 10;

pub(super) fn find(case: &Case<'_>) -> Option<String> {
    let volume = case.dependency.volume();
    let (sent, received) = (volume.bytes_out, volume.bytes_in);
    (sent >= LEAST_SENT && sent / TIMES >= received).then(|| {
        let times = sent.checked_div(received);
        let times = times.map_or_else(String::new, |times| format!(", {times} times as much"));
        format!("sent {} and received {}{times}", bytes(sent), bytes(received))
    })
}
