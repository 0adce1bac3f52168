//! Dependencies as columns: for people and engines first, then the tallies they are chosen from.

use std::collections::BTreeMap;
use std::fmt::{Display, Write};

use serde::Serialize;

use super::sampled;
use super::write::{Cells, Field};
use crate::map::{Dependency, Key, Tally};

/// The table.
pub(super) fn fields() -> Vec<Field> {
    let mut fields = identity();
    fields.extend(shown_counts());
    fields.extend(times());
    fields.push(text("initiator", |_, it, to| to(it.initiator.as_str())));
    fields.extend(tallies());
    fields.extend(sampled::fields());
    fields
}

fn identity() -> Vec<Field> {
    vec![
        text("service", |key, _, to| to(key.service.as_str())),
        text("destination", |key, _, to| to(&key.destination)),
        lists_of_text("addresses", |_, it, to| {
            it.addresses.iter().for_each(|address| shown(address, to));
        }),
        text("class", |_, it, to| to(it.class.as_str())),
        Field {
            name: "port".to_owned(),
            cells: Cells::U32(Box::new(|key, _| u32::from(key.port))),
        },
        text("protocol", |key, _, to| shown(&key.protocol, to)),
        text("application", |_, it, to| to(it.application.as_str())),
        text("grade", |_, it, to| to(it.name.grade().as_str())),
        text("evidence", |_, it, to| json(&it.name.evidence, to)),
        text("also", |_, it, to| json(&it.name.also, to)),
    ]
}

fn shown_counts() -> Vec<Field> {
    vec![
        numbers("records_flow", |_, it| it.flow().records),
        numbers("records_access", |_, it| it.access.records),
        numbers("refused_flow", |_, it| it.refused_flow),
        numbers("refused_access", |_, it| it.refused_access),
        numbers("bytes_out", |_, it| it.volume().bytes_out),
        numbers("bytes_in", |_, it| it.volume().bytes_in),
        numbers("packets_out", |_, it| it.volume().packets_out),
        numbers("packets_in", |_, it| it.volume().packets_in),
    ]
}

/// `days` counts from 1970-01-01; `hours` holds, for each of them, one bit a UTC hour.
fn times() -> Vec<Field> {
    vec![
        numbers("first_seen_unix", |_, it| it.seen.first),
        numbers("last_seen_unix", |_, it| it.seen.last),
        numbers("days_seen", |_, it| it.seen.days_seen() as u64),
        lists_of_numbers("days", |_, it, to| it.seen.days.iter().for_each(|&(day, _)| to(day))),
        lists_of_numbers("hours", |_, it, to| {
            it.seen.days.iter().for_each(|&(_, hours)| to(hours))
        }),
    ]
}

fn tallies() -> Vec<Field> {
    let of_tally = |prefix: &str, tally: fn(&Dependency) -> &Tally| {
        [
            numbers(&format!("{prefix}_records"), move |_, it| tally(it).records),
            numbers(&format!("{prefix}_bytes_out"), move |_, it| tally(it).bytes_out),
            numbers(&format!("{prefix}_bytes_in"), move |_, it| tally(it).bytes_in),
            numbers(&format!("{prefix}_packets_out"), move |_, it| tally(it).packets_out),
            numbers(&format!("{prefix}_packets_in"), move |_, it| tally(it).packets_in),
        ]
    };
    let tallies = [
        of_tally("at_initiator", |it| &it.at_initiator),
        of_tally("at_responder", |it| &it.at_responder),
        of_tally("elsewhere", |it| &it.elsewhere),
        of_tally("access", |it| &it.access),
    ];
    tallies.into_iter().flatten().collect()
}

pub(super) fn text(name: &str, cell: impl Fn(&Key, &Dependency, &mut dyn FnMut(&str)) + Sync + 'static) -> Field {
    Field {
        name: name.to_owned(),
        cells: Cells::Text(Box::new(move |key, it, to| {
            cell(key, it, &mut |text| to(text.as_bytes()))
        })),
    }
}

fn numbers(name: &str, cell: impl Fn(&Key, &Dependency) -> u64 + Sync + 'static) -> Field {
    Field {
        name: name.to_owned(),
        cells: Cells::U64(Box::new(cell)),
    }
}

fn lists_of_text(name: &str, cell: impl Fn(&Key, &Dependency, &mut dyn FnMut(&str)) + Sync + 'static) -> Field {
    Field {
        name: name.to_owned(),
        cells: Cells::Texts(Box::new(move |key, it, to| {
            cell(key, it, &mut |text| to(text.as_bytes()))
        })),
    }
}

fn lists_of_numbers(name: &str, cell: impl Fn(&Key, &Dependency, &mut dyn FnMut(u32)) + Sync + 'static) -> Field {
    Field {
        name: name.to_owned(),
        cells: Cells::U32s(Box::new(cell)),
    }
}

/// A text that is short, without a piece of memory of its own.
fn shown(value: &impl Display, to: &mut dyn FnMut(&str)) {
    let mut short = Short {
        bytes: [0; 48],
        length: 0,
    };
    match write!(short, "{value}") {
        Ok(()) => to(short.text()),
        Err(_) => to(&value.to_string()),
    }
}

/// Room for any address.
struct Short {
    bytes: [u8; 48],
    length: usize,
}

impl Short {
    fn text(&self) -> &str {
        let written = self.bytes.get(..self.length).unwrap_or_default();
        std::str::from_utf8(written).unwrap_or_default()
    }
}

impl Write for Short {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.length + text.len();
        let room = self.bytes.get_mut(self.length..end).ok_or(std::fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

/// A table as JSON. Most are empty.
fn json<K: Serialize>(table: &BTreeMap<K, u64>, to: &mut dyn FnMut(&str)) {
    if table.is_empty() {
        return to("{}");
    }
    let text = serde_json::to_string(table).expect("words and numbers are written to memory");
    to(&text);
}
