//! The map as CSV, for spreadsheets, which run what looks like a formula.

use super::escape::for_terminal;
use super::{Selection, utc};
use crate::map::{Dependency, DependencyMap, Key};

const HEADER: &str = "service,destination,port,protocol,application,class,grade,initiator,addresses,also,records_flow,records_access,\
                      refused_flow,refused_access,bytes_out,bytes_in,packets_out,packets_in,first_seen,last_seen,days_seen";

/// What a spreadsheet takes for the beginning of a formula, in the full width of East Asian input methods too.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// The map, or what is selected of it, with a header, a line a dependency (RFC 4180). Text is always in quotes, lists are
/// separated by spaces, and text that a spreadsheet would run begins with an apostrophe.
#[must_use]
pub fn csv<'a>(map: &DependencyMap, selection: impl Into<Selection<'a>>) -> String {
    let mut text = HEADER.to_owned() + "\r\n";
    for (key, it) in selection.into().of(map) {
        text += &line(key, it);
        text += "\r\n";
    }
    text
}

fn line(key: &Key, it: &Dependency) -> String {
    let volume = it.volume();
    let addresses: Vec<String> = it.addresses.iter().map(ToString::to_string).collect();
    let also: Vec<&str> = it.name.also.keys().map(String::as_str).collect();
    let cells = [
        text(key.service.as_str()),
        text(&key.destination),
        key.port.to_string(),
        text(&key.protocol.to_string()),
        text(it.application.as_str()),
        text(it.class.as_str()),
        text(it.name.grade().as_str()),
        text(it.initiator.as_str()),
        text(&addresses.join(" ")),
        text(&also.join(" ")),
        it.flow().records.to_string(),
        it.access.records.to_string(),
        it.refused_flow.to_string(),
        it.refused_access.to_string(),
        volume.bytes_out.to_string(),
        volume.bytes_in.to_string(),
        volume.packets_out.to_string(),
        volume.packets_in.to_string(),
        text(&utc(it.seen.first)),
        text(&utc(it.seen.last)),
        it.seen.days_seen().to_string(),
    ];
    cells.join(",")
}

fn text(value: &str) -> String {
    let safe = for_terminal(value);
    // A spreadsheet may skip leading spaces before it looks.
    let mark = if safe.trim_start().starts_with(FORMULA) {
        "'"
    } else {
        ""
    };
    format!("\"{mark}{}\"", safe.replace('"', "\"\""))
}
