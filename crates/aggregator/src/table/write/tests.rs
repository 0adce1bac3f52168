//! What the maps of the other tests are too small for: several row groups, pages and dictionaries that are given up.

use std::io::Cursor;

use polars::prelude::{Column, DataFrame, ParquetReader, PolarsResult, SerReader};

use super::{Beside, Cells, Field, GROUP, file};
use crate::identity::ServiceName;
use crate::map::{Application, Certainty, Dependency, Key, Protocol};

fn field(name: &str, cells: Cells) -> Field {
    Field {
        name: name.to_owned(),
        cells,
    }
}

/// Keys in order, with destinations of about 130 bytes.
fn keys(count: usize) -> Vec<Key> {
    let key = |at: usize| Key {
        service: ServiceName::try_from(format!("s{}", at % 3)).unwrap(),
        destination: format!("{at:0130}"),
        port: u16::try_from(at % 7).unwrap(),
        protocol: Protocol::Tcp,
    };
    (0..count).map(key).collect()
}

fn number(key: &Key) -> u64 {
    key.destination
        .parse::<u64>()
        .unwrap()
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn read(keys: &[Key]) -> DataFrame {
    let fields = [
        field(
            "few",
            Cells::Text(Box::new(|key, _, to| to(key.service.as_str().as_bytes()))),
        ),
        field(
            "many",
            Cells::Text(Box::new(|key, _, to| to(key.destination.as_bytes()))),
        ),
        field("numbers", Cells::U64(Box::new(|key, _| number(key)))),
        field("small", Cells::U32(Box::new(|key, _| u32::from(key.port)))),
        field(
            "lists",
            Cells::U32s(Box::new(|key, _, to| (0..u32::from(key.port)).for_each(to))),
        ),
        field(
            "texts",
            Cells::Texts(Box::new(|key, _, to| {
                (0..key.port % 2).for_each(|_| to(key.destination.as_bytes()));
            })),
        ),
    ];
    let nothing = nothing();
    let rows: Vec<(&Key, &Dependency)> = keys.iter().map(|key| (key, &nothing)).collect();
    let beside = Beside {
        metadata: &[],
        kept: None,
    };
    let (mut bytes, end) = file(&fields, &rows, beside, Vec::new()).unwrap();
    bytes.extend(end);
    ParquetReader::new(Cursor::new(bytes))
        .set_rechunk(true)
        .finish()
        .unwrap()
}

fn column<'f, T>(frame: &'f DataFrame, name: &str, typed: impl Fn(&'f Column) -> PolarsResult<&'f T>) -> &'f T {
    typed(frame.column(name).unwrap()).unwrap()
}

#[test]
fn every_cell_comes_back_from_files_of_several_groups_and_pages() {
    let keys = keys(GROUP + 1_000);
    let frame = read(&keys);
    assert_eq!(frame.height(), keys.len());
    let (few, many) = (column(&frame, "few", Column::str), column(&frame, "many", Column::str));
    let (numbers, small) = (
        column(&frame, "numbers", Column::u64),
        column(&frame, "small", Column::u32),
    );
    let (lists, texts) = (
        column(&frame, "lists", Column::list),
        column(&frame, "texts", Column::list),
    );
    for (at, key) in keys.iter().enumerate() {
        assert_eq!(few.get(at), Some(key.service.as_str()), "{at}");
        assert_eq!(many.get(at), Some(key.destination.as_str()), "{at}");
        assert_eq!(numbers.get(at), Some(number(key)), "{at}");
        assert_eq!(small.get(at), Some(u32::from(key.port)), "{at}");
    }
    // A list at a time is slow to look at: both ends of the groups will do.
    for at in (0..50).chain(GROUP - 50..GROUP + 50) {
        let list = lists.get_as_series(at).unwrap();
        let expected: Vec<u32> = (0..u32::from(keys[at].port)).collect();
        assert_eq!(
            list.u32().unwrap().iter().flatten().collect::<Vec<_>>(),
            expected,
            "{at}"
        );
        let list = texts.get_as_series(at).unwrap();
        let expected = vec![keys[at].destination.as_str(); usize::from(keys[at].port % 2)];
        assert_eq!(
            list.str().unwrap().iter().flatten().collect::<Vec<_>>(),
            expected,
            "{at}"
        );
    }
}

/// A dependency with nothing in it.
fn nothing() -> Dependency {
    Dependency {
        application: Application::Tcp,
        initiator: Certainty::Certain,
        ..Dependency::default()
    }
}
