//! Unpacks one Zstandard frame, a block at a time.

use std::io;

use zstd::stream::raw::{DParameter, Decoder, Operation};

use super::Step;

/// The largest window that is held, 2^27 bytes: what `zstd --ultra` and `--long` use, and what its own tools refuse to exceed.
const WINDOW_LOG: u32 = 27;

/// The state of a frame, from its header to its checksum. At the end of one it is ready for another.
pub(super) struct Zstd {
    decoder: Decoder<'static>,
    /// How many bytes of input it asked for: with no more than those, an error costs no output but that of its own block.
    wanted: usize,
}

impl Zstd {
    /// In front of the header of a frame.
    pub(super) fn new() -> io::Result<Self> {
        let mut decoder = Decoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG))?;
        Ok(Zstd { decoder, wanted: 1 })
    }

    /// Takes some of `input`, writes some of what it holds to `out`, and says how much of both.
    ///
    /// An empty input asks for output that is still in the state.
    pub(super) fn inflate(&mut self, input: &[u8], out: &mut [u8]) -> Step {
        let input = input.get(..self.wanted).unwrap_or(input);
        match self.decoder.run_on_buffers(input, out) {
            Ok(status) => {
                self.wanted = status.remaining.max(1);
                Step {
                    taken: status.bytes_read,
                    written: status.bytes_written,
                    ended: Ok(status.remaining == 0),
                }
            }
            Err(error) => Step {
                taken: 0,
                written: 0,
                ended: Err(error.to_string().to_lowercase()),
            },
        }
    }
}
