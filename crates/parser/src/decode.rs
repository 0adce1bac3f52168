//! Turns the stored bytes of an object into plain ones, whatever they are packed in.

use std::io::{self, Read};

pub(crate) use fault::Fault;
use input::Input;
use packed::Packed;
pub(crate) use packing::{Packing, checksum};

mod fault;
mod gzip;
mod input;
mod packed;
mod packing;
mod zstd;

/// How the bytes of an object may be packed: told by the first bytes, never by the name.
pub struct Coding {
    /// Its name in help texts and in `testdata/decode`.
    pub name: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// The first bytes of an object packed so; empty for the one that takes everything else.
    pub magic: &'static [u8],
}

/// RFC 1952. Deliveries append members to one object, so the first one is not the whole.
static GZIP: Coding = Coding {
    name: "gzip",
    help: "gzip, every member of it, also within another gzip as Firehose packs subscriptions",
    magic: &[0x1f, 0x8b],
};
/// RFC 8878.
static ZSTD: Coding = Coding {
    name: "zstd",
    help: "Zstandard, every frame of it, with windows of up to 128 MiB",
    magic: &[0x28, 0xb5, 0x2f, 0xfd],
};
static PLAIN: Coding = Coding {
    name: "plain",
    help: "bytes as they are",
    magic: &[],
};

/// Every coding, asked in this order.
pub static REGISTRY: &[&Coding] = &[&GZIP, &ZSTD, &PLAIN];

/// How many first bytes tell the coding.
const LONGEST_MAGIC: usize = 4;

/// How many codings may be around each other: Firehose packs what a subscription packed.
const DEPTH: usize = 3;

/// The coding of an object that begins with these bytes.
#[must_use]
pub fn coding(head: &[u8]) -> &'static Coding {
    // RFC 8878, 3.1.2: a skippable frame has any of sixteen magic numbers.
    let skippable = matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]);
    let is_of = |coding: &&Coding| head.starts_with(coding.magic);
    let found = REGISTRY.iter().copied().find(is_of).unwrap_or(&PLAIN);
    if skippable { &ZSTD } else { found }
}

/// What one call of a decompressor did.
struct Step {
    /// Bytes of the input that were used.
    taken: usize,
    /// Bytes of output that were written, good even where it failed.
    written: usize,
    /// Whether the member or frame is at its end; or what is wrong with it, in the words of the decompressor.
    ended: Result<bool, String>,
}

/// The plain bytes of an object.
///
/// What is read before an error is good; the error says what kept the rest from being read, and after it comes nothing.
pub struct Decoded<'a> {
    /// Whether the codings around the bytes are taken off.
    opened: bool,
    failed: bool,
    input: Input<'a>,
}

/// Looks at the first bytes of `body` and decodes accordingly. Nothing is read before the first [`Read::read`].
pub fn open<'a>(body: impl Read + 'a) -> Decoded<'a> {
    Decoded {
        opened: false,
        failed: false,
        input: Input::new(Box::new(body)),
    }
}

impl Decoded<'_> {
    /// Puts a decompressor around the bytes as long as they are packed.
    fn unpack(&mut self) {
        self.opened = true;
        for depth in 0..DEPTH {
            if coding(self.input.peek(LONGEST_MAGIC)).magic.is_empty() {
                return;
            }
            let packed = std::mem::replace(&mut self.input, Input::new(Box::new(io::empty())));
            self.input = Input::new(Box::new(Packed::new(packed, depth)));
        }
    }
}

impl Read for Decoded<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.failed {
            return Ok(0);
        }
        if !self.opened {
            self.unpack();
        }
        self.input.read(into).map_err(|error| {
            self.failed = true;
            io::Error::other(Fault::from_source(self.input.taken(), error))
        })
    }
}
