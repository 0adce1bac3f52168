//! The map as a table, for people.

use std::collections::BTreeSet;

use super::{Selection, escape, far_end, size, utc, wrapped};
use crate::map::{Dependency, DependencyMap, Key, Manifest};
use crate::suspicion::{Factor, Suspicions};

mod layout;
#[cfg(test)]
mod tests;

use layout::{Align, Column};

/// The map, or what is selected of it, as lines of at most `width` characters where that is at all possible: a long
/// destination loses its middle, and the columns that a decision needs least are left out. The first line says what
/// was read; the input is always that of the whole map.
#[must_use]
pub fn table<'a>(map: &DependencyMap, selection: impl Into<Selection<'a>>, width: usize) -> String {
    let selection = selection.into();
    let rows = selection.of(map);
    let header = header(map, rows.len()) + &lost(&map.manifest);
    let mut text: String = header.lines().map(|line| wrapped("", line, width)).collect();
    if rows.is_empty() {
        text.push_str(&why_empty(map, &selection));
        return text;
    }
    text.push('\n');
    for line in layout::lines(columns(map, &rows), width) {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

fn header(map: &DependencyMap, shown: usize) -> String {
    let Manifest {
        objects,
        lines,
        used,
        set_aside,
        inbound,
        ..
    } = &map.manifest;
    let window = match map.manifest.window {
        Some((from, until)) => format!("{} to {}", utc(from), utc(until)),
        None => "no records".to_owned(),
    };
    let all = map.dependencies.len();
    let services: BTreeSet<_> = map.dependencies.keys().map(|key| &key.service).collect();
    let of_all = if shown == all {
        String::new()
    } else {
        format!("{shown} of ")
    };
    format!(
        "{window} · {of_all}{} of {}\n{}, {}: {} used ({inbound} of clients that called us), {} set aside\n",
        size::counted(all as u64, "dependency", "dependencies"),
        size::counted(services.len() as u64, "service", "services"),
        size::counted(objects.len() as u64, "object", "objects"),
        size::counted(*lines, "line", "lines"),
        used.flow.saturating_add(used.access).saturating_add(used.dns),
        set_aside.values().fold(0_u64, |sum, count| sum.saturating_add(*count)),
    )
}

/// A line that says where records are missing, if any are.
fn lost(manifest: &Manifest) -> String {
    let lost = &manifest.gaps.skipdata;
    let hours: BTreeSet<_> = lost.values().flat_map(|hours| hours.keys()).collect();
    let rows = lost.values().flat_map(|hours| hours.values());
    let rows = rows.fold(0_u64, |sum, rows| sum + u64::from(*rows));
    if rows == 0 {
        return String::new();
    }
    format!(
        "SKIPDATA: {} of {} in {}: records are missing there\n",
        size::counted(rows, "row", "rows"),
        size::counted(lost.len() as u64, "interface", "interfaces"),
        size::counted(hours.len() as u64, "hour", "hours"),
    )
}

fn why_empty(map: &DependencyMap, selection: &Selection<'_>) -> String {
    let services: BTreeSet<_> = map.dependencies.keys().map(|key| key.service.as_str()).collect();
    match selection.service {
        Some(service) if !services.is_empty() && !services.contains(service) => {
            let known: Vec<_> = services.into_iter().take(10).map(escape::for_terminal).collect();
            let service = escape::for_terminal(service);
            format!(
                "nothing was seen of service {service}; services in this map: {}\n",
                known.join(", ")
            )
        }
        _ if selection.is_narrow() && !services.is_empty() => "nothing of it is what was asked for\n".to_owned(),
        _ if map.manifest.lines == 0 => "nothing was read\n".to_owned(),
        _ => {
            let reasons = &map.manifest.set_aside;
            let reasons: Vec<_> = reasons
                .iter()
                .map(|(reason, count)| format!("{count} {reason}"))
                .collect();
            let reasons = if reasons.is_empty() {
                String::new()
            } else {
                format!(": {}", reasons.join(", "))
            };
            format!(
                "no line showed a service of ours reaching anything{}\n",
                escape::for_terminal(&reasons)
            )
        }
    }
}

/// The columns from left to right, each with its rank: the highest-ranked are left out first where it is too narrow.
fn columns(map: &DependencyMap, rows: &[(&Key, &Dependency)]) -> Vec<Column> {
    let text = |title, rank, cell: fn(&Key, &Dependency) -> String| {
        Column::new(title, rank, Align::Left, rows.iter().map(|(key, it)| cell(key, it)))
    };
    let number = |title, rank, cell: fn(&Key, &Dependency) -> String| {
        Column::new(title, rank, Align::Right, rows.iter().map(|(key, it)| cell(key, it)))
    };
    let mut columns = vec![
        Column::new("SERVICE", 0, Align::Left, grouped(rows)).shortened_to(16),
        text("DESTINATION", 0, |key, _| {
            far_end(&key.destination, key.port, key.protocol)
        })
        .shortened_to(28),
        text("APP", 2, |_, it| it.application.to_string()),
        text("CLASS", 6, |_, it| it.class.to_string()),
        text("GRADE", 3, |_, it| it.name.grade().to_string()),
        number("RECORDS", 2, |_, it| it.volume().records.to_string()),
    ];
    if rows.iter().any(|(_, it)| refused(it) > 0) {
        columns.push(number("REFUSED", 2, |_, it| refused(it).to_string()));
    }
    columns.extend([
        number("OUT", 4, |_, it| size::bytes(it.volume().bytes_out)),
        number("IN", 5, |_, it| size::bytes(it.volume().bytes_in)),
        number("DAYS", 7, |_, it| it.seen.days_seen().to_string()),
        text("INITIATOR", 6, |_, it| it.initiator.to_string()),
    ]);
    let suspicions = suspicions(map, rows);
    if suspicions.iter().any(|cell| !cell.is_empty()) {
        columns.push(Column::new("SUSPICIOUS", 1, Align::Left, suspicions));
    }
    columns
}

/// The first factor of each row, and how many more there are. `address-without-name` is what the grade says already.
fn suspicions(map: &DependencyMap, rows: &[(&Key, &Dependency)]) -> Vec<String> {
    let suspicions = Suspicions::of(map);
    let cell = |(key, it): &(&Key, &Dependency)| {
        let all = suspicions.about(key, it).into_iter().map(|it| it.factor);
        let told: Vec<_> = all.filter(|factor| *factor != Factor::AddressWithoutName).collect();
        match told.as_slice() {
            [] => String::new(),
            [only] => only.to_string(),
            [first, more @ ..] => format!("{first} +{}", more.len()),
        }
    };
    rows.iter().map(cell).collect()
}

/// The service in the first row of each group, and nothing below it.
fn grouped(rows: &[(&Key, &Dependency)]) -> Vec<String> {
    let before = std::iter::once(None).chain(rows.iter().map(|(key, _)| Some(&key.service)));
    rows.iter()
        .zip(before)
        .map(|((key, _), before)| match before {
            Some(service) if *service == key.service => String::new(),
            _ => escape::for_terminal(key.service.as_str()),
        })
        .collect()
}

fn refused(it: &Dependency) -> u64 {
    it.refused_flow.max(it.refused_access)
}
