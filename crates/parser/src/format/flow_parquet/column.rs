//! One column of one row group, decoded some rows at a time: what its dictionary holds is parsed once, not for each row.

use super::cell::{Cell, Meaning};
use super::corrupt::Corrupt;
use super::footer::{self, Chunk, Physical};
use super::hybrid::Hybrid;
use super::lane::{self, Narrow};
use super::page::{Kind, PLAIN, PLAIN_DICTIONARY, Page, Pages, RLE_DICTIONARY};
use super::stored::Storage;
use super::values::{self, Values};
use crate::batch::{Bits, ROWS};
use crate::format::flow_text::Field;
use crate::printable;
use crate::source::ReadAt;

/// Gives the values of a column, a batch of rows at a time.
pub(super) struct Column<'f> {
    name: &'f str,
    storage: Storage,
    /// What it is in a batch.
    field: Option<Field>,
    optional: bool,
    pages: Pages<'f>,
    /// Values of the page at hand that were not decoded yet, unset ones among them.
    left: usize,
    /// Which rows of the page have a value; `None` if all have.
    levels: Option<Hybrid>,
    page: Held,
    /// The dictionary's values, and behind them one that is unset.
    dictionary: Parsed,
    /// The batch's own values, where the page holds values and no codes.
    own: Parsed,
    /// Where in the dictionary each row's value stands.
    codes: Vec<u32>,
    /// The bits of the batch's own numbers.
    numbers: Vec<u64>,
    present: Vec<u32>,
    batch: Batch,
    /// The value that the column of the batch has in every row, as it was filled before.
    kept: Option<usize>,
}

/// How the page at hand holds its values.
enum Held {
    Codes(Hybrid),
    Values(Values),
}

/// Where the batch's values are.
#[derive(Debug, Clone, Copy)]
enum Batch {
    /// All are the same one of the dictionary.
    Same(usize),
    Codes,
    Own,
    /// Among its own lanes; all are numbers that stand there as they are.
    Numbers,
}

/// Values, parsed: as records have them, and as batches do.
#[derive(Default)]
struct Parsed {
    cells: Vec<Cell>,
    lanes: Vec<u64>,
    bits: Vec<Bits>,
    /// The bits of all.
    any: Bits,
}

/// Which rows of a batch have a value.
enum Present {
    All,
    Nothing,
    /// So many of them, as the levels say.
    Some(usize),
}

impl<'f> Column<'f> {
    /// Opens a column that is to be given as cells, and where it is a field also as a batch has it.
    pub(super) fn open(
        file: &'f dyn ReadAt,
        column: &'f footer::Column,
        chunk: &Chunk,
        meaning: Meaning,
        field: Option<Field>,
    ) -> Result<Self, Corrupt> {
        let failed = |what: Corrupt| what.within(&place(&column.name));
        if let Physical::Other(name) = column.physical {
            return Err(failed(Corrupt::new(format!("expected numbers or text, found {name}"))));
        }
        Ok(Column {
            name: &column.name,
            storage: Storage::new(column, meaning),
            field,
            optional: column.optional,
            pages: Pages::new(file, chunk).map_err(failed)?,
            left: 0,
            levels: None,
            page: Held::Values(Values::Plain(0)),
            dictionary: Parsed::default(),
            own: Parsed::default(),
            codes: Vec::new(),
            numbers: Vec::new(),
            present: Vec::new(),
            batch: Batch::Own,
            kept: None,
        })
    }

    /// How many rows can be decoded before the page at hand ends; at least one. Words of a dictionary are added to `text`.
    pub(super) fn left(&mut self, text: &mut Vec<u8>) -> Result<usize, Corrupt> {
        while self.left == 0 {
            let loaded = match self.pages.next() {
                Ok(Some(page)) => self.load(&page, text),
                Ok(None) => Err(Corrupt::new(
                    "its values end before the rows of its row group do".to_owned(),
                )),
                Err(error) => Err(error),
            };
            loaded.map_err(|error| error.within(&place(self.name)))?;
        }
        Ok(self.left)
    }

    /// Decodes so many rows, which are no more than are [left](Self::left). Words of their own are added to `text`.
    pub(super) fn decode(&mut self, rows: usize, text: &mut Vec<u8>) -> Result<(), Corrupt> {
        self.batch(rows, text).ok_or_else(|| {
            Corrupt::new("a page holds less, or other values, than it says".to_owned()).within(&place(self.name))
        })
    }

    /// The value of a row of the batch.
    #[inline]
    pub(super) fn cell(&self, row: usize) -> Cell {
        let cell = match self.batch {
            Batch::Same(code) => self.dictionary.cells.get(code),
            Batch::Codes => {
                let code = self.codes.get(row).map(|code| *code as usize);
                code.and_then(|code| self.dictionary.cells.get(code))
            }
            Batch::Own => self.own.cells.get(row),
            Batch::Numbers => return self.own.lanes.get(row).copied().map_or(Cell::Unset, Cell::Number),
        };
        cell.copied().unwrap_or(Cell::Unset)
    }

    /// Puts the values of the batch's rows into their column.
    #[inline]
    pub(super) fn fill<T: Narrow>(&mut self, into: &mut [T; ROWS]) {
        let before = self.kept.take();
        match self.batch {
            Batch::Same(code) => {
                if before != Some(code) {
                    into.fill(T::narrow(self.dictionary.lanes.get(code).copied().unwrap_or_default()));
                }
                self.kept = Some(code);
            }
            Batch::Codes => {
                for (to, code) in into.iter_mut().zip(&self.codes) {
                    *to = T::narrow(self.dictionary.lanes.get(*code as usize).copied().unwrap_or_default());
                }
            }
            Batch::Own | Batch::Numbers => {
                for (to, lane) in into.iter_mut().zip(&self.own.lanes) {
                    *to = T::narrow(*lane);
                }
            }
        }
    }

    /// Adds what the values of the batch's rows make of them.
    #[inline]
    pub(super) fn mark(&self, rows: &mut [Bits]) {
        let from = match self.batch {
            Batch::Own | Batch::Numbers => &self.own,
            Batch::Same(_) | Batch::Codes => &self.dictionary,
        };
        if from.any == Bits::default() {
            return;
        }
        match self.batch {
            Batch::Same(code) => {
                let bits = from.bits.get(code).copied().unwrap_or_default();
                rows.iter_mut().for_each(|row| row.set(bits));
            }
            Batch::Codes => {
                for (row, code) in rows.iter_mut().zip(&self.codes) {
                    row.set(from.bits.get(*code as usize).copied().unwrap_or_default());
                }
            }
            Batch::Own | Batch::Numbers => rows.iter_mut().zip(&from.bits).for_each(|(row, bits)| row.set(*bits)),
        }
    }

    /// How many bytes were unpacked so far; fails if there are values that no row has.
    pub(super) fn close(self) -> Result<u64, Corrupt> {
        if self.left > 0 {
            let what = format!("{} values more than its row group has rows", self.left);
            return Err(Corrupt::new(what).within(&place(self.name)));
        }
        Ok(self.pages.unpacked())
    }

    fn load(&mut self, page: &Page, text: &mut Vec<u8>) -> Result<(), Corrupt> {
        let short = || Corrupt::new("a page is shorter than it says".to_owned());
        match page.kind {
            Kind::Dictionary if !self.dictionary.cells.is_empty() => {
                return Err(Corrupt::new("expected one dictionary, found another".to_owned()));
            }
            Kind::Dictionary if matches!(page.encoding, PLAIN | PLAIN_DICTIONARY) => {
                return self.load_dictionary(page.values, text).ok_or_else(short);
            }
            Kind::Dictionary => return Err(values::unknown(page.encoding)),
            Kind::Data | Kind::DataV2 { .. } => {}
        }
        let at = self.load_levels(page).ok_or_else(short)?;
        let body = self.pages.body();
        self.page = match page.encoding {
            PLAIN_DICTIONARY | RLE_DICTIONARY if self.dictionary.cells.is_empty() => {
                return Err(Corrupt::new("a page has codes and no dictionary before it".to_owned()));
            }
            // A page of unset values alone may end here.
            PLAIN_DICTIONARY | RLE_DICTIONARY => {
                let width = body.get(at).copied().unwrap_or(0);
                let from = (at + 1).min(body.len());
                Held::Codes(Hybrid::new(width, from, body.len()).ok_or_else(short)?)
            }
            encoding => Held::Values(Values::new(encoding, &self.storage, body, at)?),
        };
        self.left = page.values as usize;
        Ok(())
    }

    fn load_dictionary(&mut self, values: u32, text: &mut Vec<u8>) -> Option<()> {
        let mut at = 0;
        for _ in 0..values {
            let cell = values::plain(&self.storage, self.pages.body(), &mut at, text)?;
            self.dictionary.cells.push(cell);
        }
        self.dictionary.cells.push(Cell::Unset);
        self.dictionary.finish(self.field);
        Some(())
    }

    /// Finds the definition levels of a page, and where its values begin.
    fn load_levels(&mut self, page: &Page) -> Option<usize> {
        let body = self.pages.body();
        let (from, to) = match page.kind {
            Kind::DataV2 { levels } => levels,
            _ if !self.optional => (0, 0),
            _ => {
                let length = usize::try_from(u32::from_le_bytes(*body.first_chunk()?)).ok()?;
                (4, length.checked_add(4)?)
            }
        };
        if from > to || to > body.len() {
            return None;
        }
        self.levels = if self.optional {
            Some(Hybrid::new(1, from, to)?)
        } else {
            None
        };
        Some(to)
    }

    fn batch(&mut self, rows: usize, text: &mut Vec<u8>) -> Option<()> {
        self.left = self.left.checked_sub(rows)?;
        let present = self.levels(rows)?;
        match &self.page {
            Held::Codes(_) => self.codes(rows, &present),
            Held::Values(_) => self.values(rows, &present, text),
        }
    }

    fn codes(&mut self, rows: usize, present: &Present) -> Option<()> {
        let Held::Codes(hybrid) = &mut self.page else {
            return None;
        };
        let unset = self.dictionary.cells.len().checked_sub(1)?;
        let body = self.pages.body();
        let same = match present {
            Present::Nothing => Some(unset),
            Present::All => match hybrid.same(body, rows) {
                Some(code) => Some(Some(code as usize).filter(|code| *code < unset)?),
                None => None,
            },
            Present::Some(_) => None,
        };
        if let Some(code) = same {
            self.batch = Batch::Same(code);
            return Some(());
        }
        self.batch = Batch::Codes;
        self.codes.resize(rows, 0);
        let coded = match present {
            Present::Some(count) => *count,
            _ => rows,
        };
        let (coded, others) = self.codes.split_at_mut_checked(coded)?;
        hybrid.fill(body, coded)?;
        let unset = u32::try_from(unset).ok()?;
        // All of them, not up to the first: so it takes a vector at a time.
        if coded.iter().fold(false, |beyond, code| beyond | (*code >= unset)) {
            return None;
        }
        if let Present::Some(count) = present {
            others.fill(unset);
            spread(&mut self.codes, *count, &self.present, unset);
        }
        Some(())
    }

    fn values(&mut self, rows: usize, present: &Present, text: &mut Vec<u8>) -> Option<()> {
        let Held::Values(values) = &mut self.page else {
            return None;
        };
        self.own.clear();
        let body = self.pages.body();
        if let (Present::All, Some(field), Some(width)) = (present, self.field, self.storage.width())
            && lane::stands(field, 0)
        {
            self.numbers.resize(rows, 0);
            values.numbers(width, body, &mut self.numbers)?;
            if self.own.stand(field, &self.storage, &self.numbers) {
                self.batch = Batch::Numbers;
                return Some(());
            }
            self.own.clear();
            for number in &self.numbers {
                self.own.cells.push(self.storage.number(*number, text)?);
            }
            self.own.finish(self.field);
            self.batch = Batch::Own;
            return Some(());
        }
        self.batch = Batch::Own;
        for row in 0..rows {
            let is_set = match present {
                Present::All => true,
                Present::Nothing => false,
                Present::Some(_) => self.present.get(row) == Some(&1),
            };
            let cell = match is_set {
                true => values.next(&self.storage, body, text)?,
                false => Cell::Unset,
            };
            self.own.cells.push(cell);
        }
        self.own.finish(self.field);
        Some(())
    }

    fn levels(&mut self, rows: usize) -> Option<Present> {
        let Some(levels) = &mut self.levels else {
            return Some(Present::All);
        };
        match levels.same(self.pages.body(), rows) {
            Some(0) => return Some(Present::Nothing),
            Some(_) => return Some(Present::All),
            None => {}
        }
        self.present.resize(rows, 0);
        levels.fill(self.pages.body(), &mut self.present)?;
        let count = self.present.iter().map(|level| *level as usize).sum();
        Some(Present::Some(count))
    }
}

impl Parsed {
    fn clear(&mut self) {
        self.cells.clear();
        self.lanes.clear();
        self.bits.clear();
        self.any = Bits::default();
    }

    /// Takes numbers, by their bits, that are in a batch what they are; `false` if one is not.
    fn stand(&mut self, field: Field, storage: &Storage, numbers: &[u64]) -> bool {
        let mut all = true;
        self.lanes.extend(numbers.iter().map(|bits| {
            let number = storage.whole(*bits).filter(|number| lane::stands(field, *number));
            all &= number.is_some();
            number.unwrap_or_default()
        }));
        all
    }

    /// Finds what the cells are in a batch, once there are all.
    fn finish(&mut self, field: Option<Field>) {
        let Some(field) = field else {
            return;
        };
        self.lanes.reserve(self.cells.len());
        self.bits.reserve(self.cells.len());
        for cell in &self.cells {
            let (value, bits) = lane::of(field, *cell);
            self.lanes.push(value);
            self.bits.push(bits);
            self.any.set(bits);
        }
    }
}

/// Moves the first `count` codes, from the last on, to the rows that have a value.
fn spread(codes: &mut [u32], count: usize, levels: &[u32], unset: u32) {
    let mut from = count;
    for (row, level) in levels.iter().enumerate().take(codes.len()).rev() {
        let mut code = unset;
        if *level == 1 {
            from = from.saturating_sub(1);
            code = codes[from];
        }
        codes[row] = code;
    }
}

fn place(name: &str) -> String {
    format!("column {}", printable::quoted(name.as_bytes()))
}
