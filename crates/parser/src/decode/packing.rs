//! Unpacks one page of a column, whose size is known beforehand and never exceeded.

use std::io::Read;

/// How pages are packed. Numbers: Apache Parquet, `parquet.thrift`, `CompressionCodec`.
pub(crate) enum Packing {
    Plain,
    Snappy(Box<snap::raw::Decoder>),
    Gzip(Box<libdeflater::Decompressor>),
    Brotli,
    Lz4,
    /// LZ4 as Hadoop packs it, in parts that each say how long they are; some writers wrote one part and did not say.
    Lz4InParts,
    Zstd(Box<zstd::bulk::Decompressor<'static>>),
}

impl Packing {
    /// What unpacks the codec of this number.
    ///
    /// # Errors
    /// The name of one that is not read.
    pub(crate) fn of(codec: i64) -> Result<Self, &'static str> {
        match codec {
            0 => Ok(Packing::Plain),
            1 => Ok(Packing::Snappy(Box::default())),
            2 => Ok(Packing::Gzip(Box::new(libdeflater::Decompressor::new()))),
            3 => Err("LZO"),
            4 => Ok(Packing::Brotli),
            5 => Ok(Packing::Lz4InParts),
            6 => match zstd::bulk::Decompressor::new() {
                Ok(zstd) => Ok(Packing::Zstd(Box::new(zstd))),
                Err(_) => Err("ZSTD without the memory for it"),
            },
            7 => Ok(Packing::Lz4),
            _ => Err("an unknown codec"),
        }
    }

    /// Fills `into` with what `page` holds. `None` if that is more or less, or if the page is corrupt.
    pub(crate) fn unpack(&mut self, page: &[u8], into: &mut [u8]) -> Option<()> {
        let length = match self {
            Packing::Plain => {
                into.copy_from_slice(page.get(..into.len())?);
                page.len()
            }
            Packing::Snappy(snappy) => {
                // The length that the page itself gives is checked first: the decoder fills no more than that.
                let length = snap::raw::decompress_len(page).ok()?;
                if length == into.len() {
                    snappy.decompress(page, into).ok()?
                } else {
                    length
                }
            }
            Packing::Gzip(gzip) => match gzip.gzip_decompress(page, into) {
                Ok(length) if length == into.len() => length,
                // Perhaps there are several members.
                _ => exactly(super::open(page), into)?,
            },
            Packing::Brotli => exactly(brotli_decompressor::Decompressor::new(page, BLOCK), into)?,
            Packing::Lz4 => lz4_flex::block::decompress_into(page, into).ok()?,
            Packing::Lz4InParts => match parts(page, into) {
                Some(length) => length,
                None => lz4_flex::block::decompress_into(page, into).ok()?,
            },
            Packing::Zstd(zstd) => zstd.decompress_to_buffer(page, into).ok()?,
        };
        (length == into.len()).then_some(())
    }
}

/// How many bytes are given to a decompressor at once that takes a stream.
const BLOCK: usize = 16 * 1024;

/// Fills `into`; its length, or one more where there is more.
fn exactly(mut from: impl Read, into: &mut [u8]) -> Option<usize> {
    from.read_exact(into).ok()?;
    Some(into.len() + from.read(&mut [0]).ok()?)
}

/// Unpacks parts of LZ4 before each of which stand its two lengths, plain and packed, the highest byte first.
fn parts(page: &[u8], into: &mut [u8]) -> Option<usize> {
    let (mut page, mut done) = (page, 0);
    while !page.is_empty() {
        let (plain, rest) = page.split_first_chunk()?;
        let (packed, rest) = rest.split_first_chunk()?;
        let (packed, rest) = rest.split_at_checked(u32::from_be_bytes(*packed) as usize)?;
        let plain = u32::from_be_bytes(*plain) as usize;
        let part = into.get_mut(done..)?.get_mut(..plain)?;
        if lz4_flex::block::decompress_into(packed, part).ok()? != plain {
            return None;
        }
        done += plain;
        page = rest;
    }
    Some(done)
}

/// CRC-32 as in gzip, which a page may have.
pub(crate) fn checksum(page: &[u8]) -> u32 {
    let mut crc = libdeflater::Crc::new();
    crc.update(page);
    crc.sum()
}
