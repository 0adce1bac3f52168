//! Inflates one gzip member, a piece at a time.

use flate2::{Decompress, FlushDecompress, Status};

use super::Step;

/// The window of gzip, the largest there is: 2^15 bytes.
const WINDOW_BITS: u8 = 15;

/// The state of a member, from its header to its checksum.
pub(super) struct Gzip(Decompress);

impl Gzip {
    /// In front of the header of a member.
    pub(super) fn new() -> Self {
        Gzip(Decompress::new_gzip(WINDOW_BITS))
    }

    /// Takes some of `input`, writes some of what it holds to `out`, and says how much of both, even where it fails.
    ///
    /// An empty input asks for output that is still in the state.
    pub(super) fn inflate(&mut self, input: &[u8], out: &mut [u8]) -> Step {
        let (before_in, before_out) = (self.0.total_in(), self.0.total_out());
        let status = self.0.decompress(input, out, FlushDecompress::None);
        let taken = usize::try_from(self.0.total_in() - before_in).unwrap_or(usize::MAX);
        let written = usize::try_from(self.0.total_out() - before_out).unwrap_or(usize::MAX);
        Step {
            taken,
            written,
            ended: status
                .map(|status| status == Status::StreamEnd)
                .map_err(|error| error.message().unwrap_or_default().to_owned()),
        }
    }
}
