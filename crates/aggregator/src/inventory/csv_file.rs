//! An inventory as CSV: the header decides which column is which, and every fault is named with its place.

use csv::{ByteRecord, ReaderBuilder, Trim};
use egressmap_parser::near::nearest;

use super::error::{InventoryError, printable};
use super::row::{PLACES, Row};

const COLUMNS: [&str; 11] = [
    "service",
    "address",
    "eni",
    "instance",
    "account",
    "origin",
    "from",
    "until",
    "virtual_node",
    "namespace",
    "owner",
];

/// Hands each row to `take`, in order.
///
/// # Errors
/// At the first fault.
pub(super) fn read(
    file: &str,
    text: &[u8],
    mut take: impl FnMut(Row),
    mut remark: impl FnMut(String),
) -> Result<(), InventoryError> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text);
    let mut record = ByteRecord::new();
    let mut header: Option<Header> = None;
    while reader
        .read_byte_record(&mut record)
        .map_err(|error| Place { file, line: 0 }.fault(None, "CSV", error.to_string()))?
    {
        let line = record.position().map_or(0, csv::Position::line);
        let place = Place { file, line };
        match &header {
            None => header = Some(Header::read(&place, &record, &mut remark)?),
            Some(header) => take(header.row(&place, &record)?),
        }
    }
    match header {
        Some(_) => Ok(()),
        None => Err(Place { file, line: 1 }.fault(
            None,
            "a header with \"service\" and one of address, eni, instance, account, origin",
            "an empty file",
        )),
    }
}

struct Place<'f> {
    file: &'f str,
    line: u64,
}

impl Place<'_> {
    fn fault(
        &self,
        column: Option<&'static str>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> InventoryError {
        let column = column.map(|column| format!(": {column}")).unwrap_or_default();
        InventoryError {
            file: self.file.to_owned(),
            place: format!("line {}{column}", self.line),
            what: format!("expected {}, found {}", expected.into(), found.into()),
            hint: None,
        }
    }
}

/// Where each known column stands.
struct Header {
    at: [Option<usize>; COLUMNS.len()],
    width: usize,
}

impl Header {
    fn read(place: &Place<'_>, record: &ByteRecord, mut remark: impl FnMut(String)) -> Result<Self, InventoryError> {
        let names: Vec<String> = record.iter().map(column_name).collect();
        let mut at = [None; COLUMNS.len()];
        for (index, name) in names.iter().enumerate() {
            if let Some(column) = COLUMNS.iter().position(|column| column == name)
                && at[column].replace(index).is_some()
            {
                return Err(place.fault(Some(COLUMNS[column]), "each column once", "it twice"));
            }
        }
        let header = Header { at, width: names.len() };
        if header.find("service").is_none() {
            return Err(missing(place, "a column \"service\"", &["service"], &names));
        }
        if PLACES.iter().all(|column| header.find(column).is_none()) {
            let expected = "a column address, eni, instance, account or origin";
            return Err(missing(place, expected, &PLACES, &names));
        }
        let absent = || COLUMNS.into_iter().filter(|column| header.find(column).is_none());
        for name in names.iter().filter(|name| !COLUMNS.contains(&name.as_str())) {
            if let Some(near) = nearest(name, absent()) {
                let name = printable(name);
                remark(format!(
                    "{}: line {}: the column {name} is ignored: did you mean {near:?}?",
                    place.file, place.line
                ));
            }
        }
        Ok(header)
    }

    fn find(&self, column: &str) -> Option<usize> {
        self.at[COLUMNS.iter().position(|known| *known == column)?]
    }

    fn row(&self, place: &Place<'_>, record: &ByteRecord) -> Result<Row, InventoryError> {
        if record.len() != self.width {
            let expected = format!("{} columns as in the header", self.width);
            return Err(place.fault(None, expected, record.len().to_string()));
        }
        for column in COLUMNS {
            let cell = self.find(column).and_then(|at| record.get(at)).unwrap_or_default();
            if std::str::from_utf8(cell).is_err() {
                let found = printable(&String::from_utf8_lossy(cell));
                return Err(place.fault(Some(column), "UTF-8", found));
            }
        }
        let cell = |column: &'static str| {
            let text = std::str::from_utf8(record.get(self.find(column)?)?).ok()?;
            (!text.is_empty()).then_some(text)
        };
        if PLACES.into_iter().all(|column| cell(column).is_none()) {
            let expected = "one of address, eni, instance, account, origin to be filled";
            return Err(place.fault(None, expected, "none"));
        }
        Row::read(cell).map_err(|refused| {
            let found = cell(refused.column).map_or("nothing".to_owned(), printable);
            place.fault(Some(refused.column), refused.expected, found)
        })
    }
}

fn column_name(cell: &[u8]) -> String {
    String::from_utf8_lossy(cell).to_ascii_lowercase().replace('-', "_")
}

/// The error for a header that lacks a required column, with the column that looks most like one of those wanted.
fn missing(place: &Place<'_>, expected: &str, wanted: &[&'static str], names: &[String]) -> InventoryError {
    let near = names
        .iter()
        .filter(|name| !COLUMNS.contains(&name.as_str()))
        .flat_map(|name| {
            wanted
                .iter()
                .map(move |want| (strsim::osa_distance(name, want), name, want))
        })
        .filter(|(distance, _, want)| *distance <= want.len() / 2)
        .min_by_key(|(distance, ..)| *distance);
    let found = names.iter().map(|name| printable(name)).collect::<Vec<_>>().join(", ");
    let mut error = place.fault(None, expected, found);
    error.hint = near.map(|(_, name, want)| format!("rename the column {} to {want:?}", printable(name)));
    error
}
