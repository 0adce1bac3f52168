//! The pages of one column in one row group, fetched a large block at a time and unpacked one at a time.

use super::corrupt::Corrupt;
use super::footer::Chunk;
use super::thrift::{Thrift, Type};
use crate::decode::{Packing, checksum};
use crate::source::ReadAt;

/// How many bytes are asked of a file at once, where so many are left.
const WINDOW: u64 = 1024 * 1024;

/// The largest page that is unpacked: writers make pages of about one megabyte.
pub(super) const LARGEST: usize = 64 * 1024 * 1024;

/// The longest page header that is searched for: it may hold the least and greatest value in full.
const LONGEST_HEADER: usize = 1024 * 1024;

/// Gives the pages of one chunk in order, and the bytes of the page at hand.
pub(super) struct Pages<'f> {
    file: &'f dyn ReadAt,
    packing: Packing,
    /// Where the bytes that were not fetched begin, and where the chunk ends.
    at: u64,
    end: u64,
    /// What was fetched; used up to `start`.
    window: Vec<u8>,
    start: usize,
    /// The page at hand.
    body: Vec<u8>,
    /// The bytes unpacked so far.
    unpacked: u64,
}

/// What a page's header says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    pub(super) kind: Kind,
    /// Values in it, unset ones among them.
    pub(super) values: u32,
    /// See [`PLAIN`] and its like.
    pub(super) encoding: i64,
}

/// `PageType`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Dictionary,
    /// The definition levels stand before the values, behind their length.
    Data,
    /// The definition levels take this range of the body, and the values what is behind it.
    DataV2 {
        levels: (usize, usize),
    },
}

/// `Encoding`.
pub(super) const PLAIN: i64 = 0;
pub(super) const PLAIN_DICTIONARY: i64 = 2;
pub(super) const RLE: i64 = 3;
pub(super) const RLE_DICTIONARY: i64 = 8;

impl<'f> Pages<'f> {
    pub(super) fn new(file: &'f dyn ReadAt, chunk: &Chunk) -> Result<Self, Corrupt> {
        Ok(Pages {
            file,
            packing: chunk.packing()?,
            at: chunk.start,
            end: chunk.start + chunk.length,
            window: Vec::new(),
            start: 0,
            body: Vec::new(),
            unpacked: 0,
        })
    }

    /// The page at hand, unpacked.
    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    /// How many bytes were unpacked so far.
    pub(super) fn unpacked(&self) -> u64 {
        self.unpacked
    }

    /// Goes on to the next page that holds values or a dictionary; `None` behind the last.
    pub(super) fn next(&mut self) -> Result<Option<Page>, Corrupt> {
        loop {
            let Some(header) = self.header()? else {
                return Ok(None);
            };
            if !self.fetch(header.packed)? {
                return Err(Corrupt::new(format!(
                    "expected a page of {} bytes, found fewer in its column",
                    header.packed
                )));
            }
            let page = header.page()?;
            if let Some(page) = page {
                self.unpack(&header, &page)?;
            }
            self.start += header.packed;
            if page.is_some() {
                return Ok(page);
            }
        }
    }

    fn header(&mut self) -> Result<Option<Header>, Corrupt> {
        let mut wanted = 1;
        loop {
            let more = self.fetch(wanted)?;
            let here = self.window.get(self.start..).unwrap_or_default();
            if here.is_empty() {
                return Ok(None);
            }
            let mut thrift = Thrift::new(here);
            if let Some(header) = Header::read(&mut thrift) {
                self.start = self.window.len() - thrift.rest().len();
                return Ok(Some(header));
            }
            if !more || here.len() >= LONGEST_HEADER {
                return Err(Corrupt::new("a page header is corrupt".to_owned()));
            }
            wanted = here.len() + 1;
        }
    }

    /// Fetches until so many bytes are here; false if the chunk has fewer.
    fn fetch(&mut self, bytes: usize) -> Result<bool, Corrupt> {
        let here = self.window.len() - self.start;
        if here >= bytes {
            return Ok(true);
        }
        let left = self.end - self.at;
        let missing = (bytes - here) as u64;
        if missing > left {
            return Ok(false);
        }
        self.window.drain(..self.start);
        self.start = 0;
        let more = missing.max(WINDOW).min(left);
        self.window
            .resize(here + usize::try_from(more).unwrap_or(usize::MAX), 0);
        let into = self.window.get_mut(here..).unwrap_or_default();
        self.file.read_at(self.at, into).map_err(Corrupt::io)?;
        self.at += more;
        Ok(true)
    }

    /// Unpacks the page that the window begins with. The levels of a page of version 2 are never packed.
    fn unpack(&mut self, header: &Header, page: &Page) -> Result<(), Corrupt> {
        let packed = self.window.get(self.start..self.start + header.packed);
        let plain = match page.kind {
            Kind::DataV2 { levels: (_, end) } => end,
            Kind::Dictionary | Kind::Data => 0,
        };
        self.body.resize(header.unpacked, 0);
        let whole = packed.and_then(|packed| {
            if header.crc.is_some_and(|crc| crc != checksum(packed)) {
                return None;
            }
            let (levels, values) = packed.split_at_checked(plain)?;
            let (levels_into, values_into) = self.body.split_at_mut_checked(plain)?;
            levels_into.copy_from_slice(levels);
            match header.is_packed {
                // A page without values may be packed into nothing.
                _ if values_into.is_empty() => Some(()),
                true => self.packing.unpack(values, values_into),
                false => Packing::Plain.unpack(values, values_into),
            }
        });
        self.unpacked += header.unpacked as u64;
        whole.ok_or_else(|| Corrupt::new(format!("a page of {} bytes is corrupt", header.packed)))
    }
}

/// `PageHeader`.
#[derive(Default)]
struct Header {
    kind: i64,
    unpacked: usize,
    packed: usize,
    crc: Option<u32>,
    values: i64,
    encoding: i64,
    levels_encoding: Option<i64>,
    repetition_bytes: usize,
    definition_bytes: usize,
    is_packed: bool,
}

impl Header {
    fn read(thrift: &mut Thrift<'_>) -> Option<Header> {
        let mut header = Header {
            is_packed: true,
            kind: -1,
            ..Header::default()
        };
        thrift.structure(|thrift, id, _| {
            match id {
                1 => header.kind = thrift.integer()?,
                2 => header.unpacked = size(thrift)?,
                3 => header.packed = size(thrift)?,
                // Written as if it had a sign.
                4 => header.crc = Some(i32::try_from(thrift.integer()?).ok()?.cast_unsigned()),
                5 => thrift.structure(|thrift, id, _| header.data(thrift, id))?,
                7 => thrift.structure(|thrift, id, _| header.dictionary(thrift, id))?,
                8 => thrift.structure(|thrift, id, kind| header.data_v2(thrift, id, kind))?,
                _ => return Some(false),
            }
            Some(true)
        })?;
        Some(header)
    }

    fn dictionary(&mut self, thrift: &mut Thrift<'_>, id: i64) -> Option<bool> {
        match id {
            1 => self.values = thrift.integer()?,
            2 => self.encoding = thrift.integer()?,
            _ => return Some(false),
        }
        Some(true)
    }

    fn data(&mut self, thrift: &mut Thrift<'_>, id: i64) -> Option<bool> {
        match id {
            3 => self.levels_encoding = Some(thrift.integer()?),
            id => return self.dictionary(thrift, id),
        }
        Some(true)
    }

    fn data_v2(&mut self, thrift: &mut Thrift<'_>, id: i64, kind: Type) -> Option<bool> {
        match id {
            1 => self.values = thrift.integer()?,
            4 => self.encoding = thrift.integer()?,
            5 => self.definition_bytes = size(thrift)?,
            6 => self.repetition_bytes = size(thrift)?,
            7 => {
                self.is_packed = Thrift::truth(kind)?;
                return Some(false);
            }
            _ => return Some(false),
        }
        Some(true)
    }

    /// The page, if it is one of values or a dictionary.
    fn page(&self) -> Result<Option<Page>, Corrupt> {
        let kind = match self.kind {
            0 => Kind::Data,
            2 => Kind::Dictionary,
            3 => {
                let end = self.repetition_bytes.saturating_add(self.definition_bytes);
                Kind::DataV2 {
                    levels: (self.repetition_bytes, end),
                }
            }
            // An index, or what a later version may bring.
            _ => return Ok(None),
        };
        if self.unpacked > LARGEST {
            return Err(Corrupt::new(format!(
                "expected a page of at most {LARGEST} bytes, found one of {}",
                self.unpacked
            )));
        }
        if self.levels_encoding.is_some_and(|encoding| encoding != RLE) {
            return Err(Corrupt::new(
                "expected definition levels that are run-length encoded".to_owned(),
            ));
        }
        let values = u32::try_from(self.values).map_err(|_| Corrupt::new("a page header is corrupt".to_owned()))?;
        Ok(Some(Page {
            kind,
            values,
            encoding: self.encoding,
        }))
    }
}

fn size(thrift: &mut Thrift<'_>) -> Option<usize> {
    usize::try_from(i32::try_from(thrift.integer()?).ok()?).ok()
}
