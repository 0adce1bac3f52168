//! Unpacks one page of a column, whose size is known beforehand and never exceeded.

use std::io::Read;

/// How pages are packed. Numbers: Apache Parquet, `parquet.thrift`, `CompressionCodec`.
pub(crate) enum Packing {
    Plain,
    Snappy(Box<snap::raw::Decoder>),
    Gzip(Box<libdeflater::Decompressor>),
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
            4 => Err("BROTLI"),
            5 | 7 => Err("LZ4"),
            6 => match zstd::bulk::Decompressor::new() {
                Ok(zstd) => Ok(Packing::Zstd(Box::new(zstd))),
                Err(_) => Err("ZSTD without the memory for it"),
            },
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
                _ => {
                    let mut members = super::open(page);
                    members.read_exact(into).ok()?;
                    into.len() + members.read(&mut [0]).ok()?
                }
            },
            Packing::Zstd(zstd) => zstd.decompress_to_buffer(page, into).ok()?,
        };
        (length == into.len()).then_some(())
    }
}

/// CRC-32 as in gzip, which a page may have.
pub(crate) fn checksum(page: &[u8]) -> u32 {
    let mut crc = libdeflater::Crc::new();
    crc.update(page);
    crc.sum()
}
