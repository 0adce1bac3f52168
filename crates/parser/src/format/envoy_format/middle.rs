//! The columns between two that may hold anything: how far each may reach, and whether there is but one way to read them.
//!
//! Whatever a client wrote, what Envoy meant is one of the ways to read the line. So where all of them agree on both ends
//! of a column, the column is certain; the others are given as they most likely are, and marked.

use super::plan::Column;
use crate::format::envoy_format::operator::Class;

/// How many places of a separator are looked at; of a line with more, nothing in the middle is certain.
const ENOUGH: usize = 96;

/// Where a column lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::format) struct Span {
    pub(in crate::format) from: usize,
    pub(in crate::format) to: usize,
    /// Whether every way to read the line has it there.
    pub(in crate::format) certain: bool,
}

/// Splits the text of these columns, the first of which begins it and the last of which ends it.
pub(in crate::format) fn split(columns: &[Column], text: &[u8], spans: &mut Vec<Span>) -> Option<()> {
    spans.clear();
    if let [only] = columns {
        let fits = !matches!(only.class, Class::Word | Class::Count) || only.class.fits(text);
        return fits.then(|| {
            spans.push(Span {
                from: 0,
                to: text.len(),
                certain: true,
            });
        });
    }
    let separators = columns.get(1..).unwrap_or_default();
    if !one_way(separators, text, spans) {
        let ends = every_way(columns, text)?;
        lay_out(columns, &ends, text, spans);
    }
    Some(())
}

/// Whether the first place for every separator is the last one as well: then there is but one way.
fn one_way(separators: &[Column], text: &[u8], spans: &mut Vec<Span>) -> bool {
    let mut from = 0;
    for separator in separators {
        let Some(at) = text
            .get(from..)
            .and_then(|rest| memchr::memmem::find(rest, &separator.before))
        else {
            return false;
        };
        spans.push(Span {
            from,
            to: from + at,
            certain: true,
        });
        from += at + separator.before.len();
    }
    spans.push(Span {
        from,
        to: text.len(),
        certain: true,
    });
    let mut until = text.len();
    for (separator, span) in separators.iter().zip(&*spans).rev() {
        let last = text
            .get(..until)
            .and_then(|rest| memchr::memmem::rfind(rest, &separator.before));
        if last != Some(span.to) {
            spans.clear();
            return false;
        }
        until = span.to;
    }
    true
}

/// The ends that each column but the last may have, in order.
fn every_way(columns: &[Column], text: &[u8]) -> Option<Vec<Vec<usize>>> {
    let mut reached = Vec::new();
    let mut starts = vec![0];
    for pair in columns.windows(2) {
        let [column, next] = pair else { break };
        let Some(places) = places(text, &next.before) else {
            return first_and_last(columns, text);
        };
        if column.class == Class::Free && column.limit.is_none() {
            // Whatever it may hold from a later start, it may hold from the first.
            starts.truncate(1);
        }
        let mut ends: Vec<usize> = Vec::new();
        for start in starts {
            let behind = places.iter().copied().filter(|end| *end >= start);
            // What does not fit does not fit any better with more behind it.
            ends.extend(behind.take_while(|end| text.get(start..*end).is_some_and(|value| fits(column, value))));
        }
        ends.sort_unstable();
        ends.dedup();
        starts = ends.iter().map(|end| end + next.before.len()).collect();
        reached.push(ends);
    }
    // From the right: those from which the rest can be read.
    let last = columns.last()?;
    let mut behind: Option<Vec<usize>> = None;
    for (at, ends) in reached.iter_mut().enumerate().rev() {
        let next = columns.get(at + 1)?;
        ends.retain(|end| {
            let start = end + next.before.len();
            match &behind {
                None => text.get(start..).is_some_and(|value| fits(last, value)),
                Some(behind) => behind
                    .iter()
                    .filter(|end| **end >= start)
                    .any(|end| text.get(start..*end).is_some_and(|value| fits(next, value))),
            }
        });
        behind = Some(ends.clone());
    }
    reached.iter().all(|ends| !ends.is_empty()).then_some(reached)
}

/// Where the separator stands; `None` if that is too often.
fn places(text: &[u8], separator: &[u8]) -> Option<Vec<usize>> {
    let mut places = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| memchr::memmem::find(rest, separator)) {
        places.push(from + at);
        from += at + 1;
        if places.len() > ENOUGH {
            return None;
        }
    }
    Some(places)
}

/// The first and the last end that each column may have, whatever the columns hold.
fn first_and_last(columns: &[Column], text: &[u8]) -> Option<Vec<Vec<usize>>> {
    let separators = columns.get(1..)?;
    let mut ends = Vec::new();
    let mut from = 0;
    for separator in separators {
        let at = from + memchr::memmem::find(text.get(from..)?, &separator.before)?;
        ends.push(vec![at]);
        from = at + separator.before.len();
    }
    let mut until = text.len();
    for (separator, ends) in separators.iter().zip(&mut ends).rev() {
        until = memchr::memmem::rfind(text.get(..until)?, &separator.before)?;
        ends.push(until);
        ends.dedup();
    }
    Some(ends)
}

fn fits(column: &Column, value: &[u8]) -> bool {
    column.limit.is_none_or(|limit| value.len() <= limit)
        && match column.class {
            Class::Free => true,
            class => class.fits(value),
        }
}

/// One way of all: the first column as short as it may be, the others as long.
fn lay_out(columns: &[Column], ends: &[Vec<usize>], text: &[u8], spans: &mut Vec<Span>) {
    let (mut from, mut certain) = (0, true);
    for (at, (pair, ends)) in columns.windows(2).zip(ends).enumerate() {
        let [column, next] = pair else { break };
        let may_end = |end: &usize| text.get(from..*end).is_some_and(|value| fits(column, value));
        let end = if at == 0 {
            ends.first()
        } else {
            ends.iter().rev().find(|end| may_end(end))
        };
        let to = end.or(ends.last()).copied().unwrap_or(from).max(from);
        let is_one = ends.len() == 1;
        spans.push(Span {
            from,
            to,
            certain: certain && is_one,
        });
        (from, certain) = (to + next.before.len(), is_one);
    }
    spans.push(Span {
        from: from.min(text.len()),
        to: text.len(),
        certain,
    });
}

#[cfg(test)]
mod tests;
