//! One column of one row group, decoded some rows at a time: what its dictionary holds is parsed once, not for each row.

use super::cell::{Cell, Meaning};
use super::corrupt::Corrupt;
use super::footer::{self, Chunk, Physical};
use super::hybrid::Hybrid;
use super::page::{Kind, PLAIN, PLAIN_DICTIONARY, Page, Pages, RLE_DICTIONARY};
use super::plain::Plain;
use crate::printable;
use crate::source::ReadAt;

/// Gives the values of a column, a batch of rows at a time.
pub(super) struct Column<'f> {
    name: &'f str,
    plain: Plain,
    optional: bool,
    pages: Pages<'f>,
    /// Values of the page at hand that were not decoded yet, unset ones among them.
    left: usize,
    /// Which rows of the page have a value; `None` if all have.
    levels: Option<Hybrid>,
    values: Values,
    /// The dictionary's values, and behind them one that is unset.
    dictionary: Cells,
    /// The batch's own values, where the page holds values and no codes.
    own: Cells,
    /// Where in the dictionary each row's value stands.
    codes: Vec<u32>,
    present: Vec<u32>,
}

/// How the page at hand holds its values.
#[derive(Debug, Clone, Copy)]
enum Values {
    Codes(Hybrid),
    /// One behind another, the next from here on.
    Plain(usize),
}

#[derive(Default)]
struct Cells {
    cells: Vec<Cell>,
    text: Vec<u8>,
}

/// Which rows of a batch have a value.
enum Present {
    All,
    Nothing,
    /// So many of them, as the levels say.
    Some(usize),
}

impl<'f> Column<'f> {
    pub(super) fn open(
        file: &'f dyn ReadAt,
        column: &'f footer::Column,
        chunk: &Chunk,
        meaning: Meaning,
    ) -> Result<Self, Corrupt> {
        let failed = |what: Corrupt| what.within(&place(&column.name));
        if let Physical::Other(name) = column.physical {
            return Err(failed(Corrupt::new(format!("expected numbers or text, found {name}"))));
        }
        Ok(Column {
            name: &column.name,
            plain: Plain::new(column, meaning),
            optional: column.optional,
            pages: Pages::new(file, chunk).map_err(failed)?,
            left: 0,
            levels: None,
            values: Values::Plain(0),
            dictionary: Cells::default(),
            own: Cells::default(),
            codes: Vec::new(),
            present: Vec::new(),
        })
    }

    /// How many rows can be decoded before the page at hand ends; at least one.
    pub(super) fn left(&mut self) -> Result<usize, Corrupt> {
        while self.left == 0 {
            let loaded = match self.pages.next() {
                Ok(Some(page)) => self.load(&page),
                Ok(None) => Err(Corrupt::new(
                    "its values end before the rows of its row group do".to_owned(),
                )),
                Err(error) => Err(error),
            };
            loaded.map_err(|error| error.within(&place(self.name)))?;
        }
        Ok(self.left)
    }

    /// Decodes so many rows, which are no more than are [left](Self::left).
    pub(super) fn decode(&mut self, rows: usize) -> Result<(), Corrupt> {
        self.batch(rows).ok_or_else(|| {
            Corrupt::new("a page holds less, or other values, than it says".to_owned()).within(&place(self.name))
        })
    }

    /// The value of a row of the batch.
    #[inline]
    pub(super) fn cell(&self, row: usize) -> Cell {
        let cell = match self.values {
            Values::Codes(_) => {
                let code = self.codes.get(row).map(|code| *code as usize);
                code.and_then(|code| self.dictionary.cells.get(code))
            }
            Values::Plain(_) => self.own.cells.get(row),
        };
        cell.copied().unwrap_or(Cell::Unset)
    }

    /// The text that the cells of the batch are parts of.
    #[inline]
    pub(super) fn text(&self) -> &[u8] {
        match self.values {
            Values::Codes(_) => &self.dictionary.text,
            Values::Plain(_) => &self.own.text,
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

    fn load(&mut self, page: &Page) -> Result<(), Corrupt> {
        let short = || Corrupt::new("a page is shorter than it says".to_owned());
        match page.kind {
            Kind::Dictionary if matches!(page.encoding, PLAIN | PLAIN_DICTIONARY) => {
                return self.load_dictionary(page.values).ok_or_else(short);
            }
            Kind::Dictionary => return Err(encoding(page.encoding)),
            Kind::Data | Kind::DataV2 { .. } => {}
        }
        let at = self.load_levels(page).ok_or_else(short)?;
        let body = self.pages.body();
        self.values = match page.encoding {
            PLAIN => Values::Plain(at),
            PLAIN_DICTIONARY | RLE_DICTIONARY if self.dictionary.cells.is_empty() => {
                return Err(Corrupt::new("a page has codes and no dictionary before it".to_owned()));
            }
            // A page of unset values alone may end here.
            PLAIN_DICTIONARY | RLE_DICTIONARY => {
                let width = body.get(at).copied().unwrap_or(0);
                let from = (at + 1).min(body.len());
                Values::Codes(Hybrid::new(width, from, body.len()).ok_or_else(short)?)
            }
            other => return Err(encoding(other)),
        };
        self.left = page.values as usize;
        Ok(())
    }

    fn load_dictionary(&mut self, values: u32) -> Option<()> {
        let Column {
            pages,
            dictionary,
            plain,
            ..
        } = self;
        dictionary.clear();
        let mut at = 0;
        for _ in 0..values {
            let cell = plain.read(pages.body(), &mut at, &mut dictionary.text)?;
            dictionary.cells.push(cell);
        }
        dictionary.cells.push(Cell::Unset);
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

    fn batch(&mut self, rows: usize) -> Option<()> {
        self.left = self.left.checked_sub(rows)?;
        let present = self.levels(rows)?;
        let Column {
            pages,
            values,
            dictionary,
            own,
            codes,
            present: levels,
            plain,
            ..
        } = self;
        match values {
            Values::Codes(hybrid) => {
                let unset = dictionary.cells.len().checked_sub(1)?;
                codes.resize(rows, 0);
                let coded = match present {
                    Present::All => rows,
                    Present::Nothing => 0,
                    Present::Some(count) => count,
                };
                let (coded, others) = codes.split_at_mut_checked(coded)?;
                hybrid.fill(pages.body(), coded)?;
                if coded.iter().any(|code| *code as usize >= unset) {
                    return None;
                }
                let unset = u32::try_from(unset).ok()?;
                others.fill(unset);
                if let Present::Some(count) = present {
                    spread(codes, count, levels, unset);
                }
            }
            Values::Plain(at) => {
                own.clear();
                if matches!(present, Present::Nothing) {
                    own.cells.resize(rows, Cell::Unset);
                    return Some(());
                }
                for row in 0..rows {
                    let is_set = matches!(present, Present::All) || levels.get(row) == Some(&1);
                    let cell = if is_set {
                        plain.read(pages.body(), at, &mut own.text)?
                    } else {
                        Cell::Unset
                    };
                    own.cells.push(cell);
                }
            }
        }
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

impl Cells {
    fn clear(&mut self) {
        self.cells.clear();
        self.text.clear();
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

fn encoding(found: i64) -> Corrupt {
    let name = match found {
        3 => "RLE",
        4 => "BIT_PACKED",
        5 => "DELTA_BINARY_PACKED",
        6 => "DELTA_LENGTH_BYTE_ARRAY",
        7 => "DELTA_BYTE_ARRAY",
        9 => "BYTE_STREAM_SPLIT",
        _ => "an unknown one",
    };
    Corrupt::new(format!("expected pages in plain or dictionary encoding, found {name}"))
}
