//! A format string compiled: which column is found from which end of a line, so that no client moves it.
//!
//! Envoy escapes nothing in text. A column whose value cannot hold what stands behind it ends there, whatever else the
//! line holds; so columns are found one after the other from the left, up to the first that may hold anything, and in
//! the same way from the right. What lies between is for [`middle`](super::middle).

use super::clock::Clock;
use super::meaning::{self, Meaning};
use super::middle::{self, Span};
use super::operator::Class;
use super::slot::{Slot, Target};
use super::value::Value;
use super::values::Values;
use super::{Command, Piece, seek};
use crate::Reason;

mod connection;

use connection::Connection;

/// See the module.
#[derive(Debug, Clone)]
pub(in crate::format) struct Plan {
    columns: Vec<Column>,
    /// What stands behind the last column.
    after: Vec<u8>,
    /// How many columns are found from the left.
    left: usize,
    /// From which column on they are found from the right; at least one column is between the two.
    right: usize,
    /// How far from either end columns must be found for a record.
    wanted: (usize, usize),
    clock: Clock,
    connection: Option<Connection>,
}

/// One command of the format.
#[derive(Debug, Clone)]
pub(in crate::format) struct Column {
    /// The text in front of it.
    pub(in crate::format) before: Vec<u8>,
    pub(in crate::format) field: String,
    pub(in crate::format) class: Class,
    pub(in crate::format) limit: Option<usize>,
    /// The fields of the commands that follow without text between: nobody can tell their values apart.
    pub(in crate::format) touched_by: Vec<String>,
    target: Option<Target>,
    /// Its value in every line that is about a connection and no request.
    of_connections: Option<&'static [u8]>,
}

/// A column, its value in a line, and whether its ends are certain.
pub(in crate::format) type Placed<'p, 'a> = (&'p Column, &'a [u8], bool);

/// A line that is not of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::format) struct Mismatch<'a> {
    /// How many columns were found before.
    pub(in crate::format) found: usize,
    pub(in crate::format) reason: Reason,
    pub(in crate::format) expected: &'static str,
    pub(in crate::format) at: &'a [u8],
}

impl Plan {
    /// Compiles a format.
    ///
    /// # Errors
    /// What the format lacks.
    pub(in crate::format) fn new(written: &str) -> Result<Plan, String> {
        let written = written.strip_suffix('\n').unwrap_or(written);
        let pieces = super::parse(written).map_err(|fault| fault.to_string())?;
        let mut clock = None;
        let mut columns: Vec<Column> = Vec::new();
        let mut text = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Text(more) => text.extend_from_slice(more.as_bytes()),
                Piece::Command(command) => {
                    if command.known.name == "START_TIME" && clock.is_none() {
                        clock = Some(Clock::new(command.arguments).map_err(|expected| format!("expected {expected}"))?);
                    }
                    let column = Column::new(std::mem::take(&mut text), &command, &columns);
                    match columns.last_mut().filter(|_| column.before.is_empty()) {
                        Some(last) => last.touch(column),
                        None => columns.push(column),
                    }
                }
            }
        }
        let clock = clock.ok_or("expected a %START_TIME%, without which no record has a time")?;
        let is_time = |column: &Column| column.target.is_some_and(|target| target.slot == Slot::StartTime);
        if !columns.iter().any(is_time) {
            return Err("expected text between %START_TIME% and other commands".to_owned());
        }
        let mut plan = Plan {
            columns,
            after: text,
            left: 0,
            right: 0,
            wanted: (0, 0),
            clock,
            connection: None,
        };
        plan.anchor();
        plan.connection = Connection::of(&plan);
        Ok(plan)
    }

    /// Decides which columns are found from which end.
    fn anchor(&mut self) {
        let columns = &self.columns;
        let last = columns.len() - 1;
        let ends = |at: usize| columns[at].ends_at(&columns[at + 1].before);
        self.left = (0..last).take_while(|at| ends(*at)).count();
        let begins = |at: &usize| columns[*at].begins_behind(&columns[*at].before);
        self.right = columns.len() - (self.left + 1..=last).rev().take_while(begins).count();
        let is_wanted = |at: &usize| columns[*at].target.is_some();
        self.wanted = if (self.left..self.right).any(|at| is_wanted(&at)) {
            (self.left, self.right)
        } else {
            let left = (0..self.left).rfind(is_wanted).map_or(0, |at| at + 1);
            (left, (self.right..=last).find(is_wanted).unwrap_or(columns.len()))
        };
    }

    pub(in crate::format) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// How many of its columns a line of the format has before it is said to be meant as one: up to its time.
    pub(in crate::format) fn telling(&self) -> usize {
        let is_time = |column: &Column| column.target.is_some_and(|target| target.slot == Slot::StartTime);
        let time = self.columns.iter().position(is_time).unwrap_or_default();
        if time < self.left { time + 1 } else { 1 }
    }

    /// The values of a line that a record is made of; one whose ends a client may have moved is left out.
    #[inline]
    pub(in crate::format) fn values<'a>(
        &self,
        line: &'a [u8],
        spans: &mut Vec<Span>,
        values: &mut Values<'a>,
    ) -> Result<(), Mismatch<'a>> {
        values.clear();
        if let Some(connection) = &self.connection {
            if connection.values(line, values).is_some() {
                return Ok(());
            }
            values.clear();
        }
        let (left, right) = self.wanted;
        let middle = self.ends(line, left, right, &mut |column, value| column.keep(value, values))?;
        if (left, right) == (self.left, self.right) {
            for (column, span) in self.middle(middle, spans)?.iter().zip(&*spans) {
                if span.certain {
                    column.keep(middle.get(span.from..span.to).unwrap_or_default(), values);
                }
            }
        }
        Ok(())
    }

    /// Every column of a line, in order, with whether its ends are certain.
    pub(in crate::format) fn all<'a>(&self, line: &'a [u8]) -> Result<Vec<Placed<'_, 'a>>, Mismatch<'a>> {
        let mut all = Vec::with_capacity(self.columns.len());
        let middle = self.ends(line, self.left, self.right, &mut |column, value| {
            all.push((column, value, true))
        })?;
        let right = all.split_off(self.left);
        let mut spans = Vec::new();
        for (column, span) in self.middle(middle, &mut spans)?.iter().zip(&spans) {
            all.push((column, middle.get(span.from..span.to).unwrap_or_default(), span.certain));
        }
        all.extend(right.into_iter().rev());
        Ok(all)
    }

    /// The columns between, and where they lie.
    fn middle<'a>(&self, middle: &'a [u8], spans: &mut Vec<Span>) -> Result<&[Column], Mismatch<'a>> {
        let columns = self.columns.get(self.left..self.right).unwrap_or_default();
        middle::split(columns, middle, spans).ok_or_else(|| mismatch(self.left, Slot::ConnectionId, middle))?;
        Ok(columns)
    }

    /// Finds so many columns from the left, and those from `right` on from the right; returns what is between.
    #[inline(always)]
    fn ends<'p, 'a>(
        &'p self,
        line: &'a [u8],
        left: usize,
        right: usize,
        take: &mut impl FnMut(&'p Column, &'a [u8]),
    ) -> Result<&'a [u8], Mismatch<'a>> {
        let first = self.columns.first().map_or(&[][..], |column| &column.before);
        let mut rest = seek::behind(line, first).ok_or_else(|| mismatch(0, Slot::ConnectionId, line))?;
        for (at, pair) in self.columns.windows(2).take(left).enumerate() {
            let [column, next] = pair else { break };
            let (value, behind) = column
                .end(rest, &next.before, &self.clock)
                .ok_or_else(|| column.mismatch(at, rest))?;
            take(column, value);
            rest = behind;
        }
        rest = seek::before(rest, &self.after).ok_or_else(|| mismatch(left, Slot::ConnectionId, rest))?;
        for (at, column) in self.columns.iter().skip(right).rev().enumerate() {
            let (before, value) = column
                .begin(rest)
                .ok_or_else(|| column.mismatch(left + at, last_word(rest)))?;
            take(column, value);
            rest = before;
        }
        Ok(rest)
    }
}

fn mismatch(found: usize, slot: Slot, at: &[u8]) -> Mismatch<'_> {
    let (reason, expected) = slot.texts();
    Mismatch {
        found,
        reason,
        expected,
        at,
    }
}

fn last_word(text: &[u8]) -> &[u8] {
    text.rsplit(|byte| *byte == b' ').next().unwrap_or_default()
}

impl Column {
    fn new(before: Vec<u8>, command: &Command<'_>, others: &[Column]) -> Column {
        let Meaning { field, class, target } = meaning::of(command);
        // Two columns of one meaning are told apart by their operators, then by number.
        let taken = |field: &str| {
            let is = |other: &Column| other.field == field || other.touched_by.iter().any(|other| other == field);
            others.iter().any(is)
        };
        let own = command.known.name.to_lowercase();
        let numbered = || (2..).map(|number| format!("{field}_{number}"));
        let field = if !taken(&field) {
            field
        } else if !taken(&own) {
            own
        } else {
            numbered().find(|field| !taken(field)).unwrap_or(own)
        };
        Column {
            before,
            field,
            class,
            limit: command.limit,
            touched_by: Vec::new(),
            target,
            of_connections: Column::of_connections(command),
        }
    }

    /// Another column follows without text between: the two are one, and no value of a record.
    fn touch(&mut self, other: Column) {
        let is_word = |class| matches!(class, Class::Word | Class::Count | Class::Stamp);
        self.class = if is_word(self.class) && is_word(other.class) {
            Class::Word
        } else {
            Class::Free
        };
        self.limit = None;
        self.target = None;
        self.of_connections = None;
        self.touched_by.push(other.field);
    }

    #[inline(always)]
    fn keep<'a>(&self, value: &'a [u8], values: &mut Values<'a>) {
        if let Some(target) = self.target {
            values.keep(target, Value::Text(value));
        }
    }

    /// Whether its value ends at this text, whoever wrote the value.
    fn ends_at(&self, text: &[u8]) -> bool {
        text.first().is_some_and(|byte| self.class.excludes(*byte)) || (self.class == Class::Time && !text.is_empty())
    }

    /// Whether its value begins behind this text, whoever wrote the value.
    fn begins_behind(&self, text: &[u8]) -> bool {
        text.last().is_some_and(|byte| self.class.excludes(*byte))
    }

    /// Its value, and what stands behind it and `next`.
    #[inline(always)]
    fn end<'a>(&self, text: &'a [u8], next: &[u8], clock: &Clock) -> Option<(&'a [u8], &'a [u8])> {
        let first = *next.first()?;
        let end = match self.class {
            Class::Time => clock.length(text).or_else(|| memchr::memmem::find(text, next))?,
            _ => seek::first(first, text)?,
        };
        let (value, rest) = text.split_at_checked(end)?;
        let behind = match (next, rest) {
            (&[_], [_, behind @ ..]) => behind,
            (&[_, other], &[_, found, ref behind @ ..]) if found == other => behind,
            _ => seek::behind(rest, next)?,
        };
        self.may_be(value, first).then_some((value, behind))
    }

    /// What stands in front of its text and itself, and its value.
    #[inline(always)]
    fn begin<'a>(&self, text: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let last = *self.before.last()?;
        let at = seek::last(last, text)? + 1;
        let (before, value) = text.split_at_checked(at)?;
        let before = match (self.before.as_slice(), before) {
            (&[_], [before @ .., _]) => before,
            (&[other, _], &[ref before @ .., found, _]) if found == other => before,
            (text, before) => seek::before(before, text)?,
        };
        self.may_be(value, last).then_some((before, value))
    }

    /// Whether a value that does not hold `beside` can be one of this column: enough to tell one format from another.
    #[inline(always)]
    fn may_be(&self, value: &[u8], beside: u8) -> bool {
        match self.class {
            Class::Word | Class::Count => {
                value.first() != Some(&b'"') && (beside == b' ' || seek::first(b' ', value).is_none())
            }
            Class::Stamp => value.first().is_none_or(u8::is_ascii_digit),
            _ => true,
        }
    }

    fn mismatch<'a>(&self, found: usize, at: &'a [u8]) -> Mismatch<'a> {
        match (self.target, self.class) {
            (Some(target), _) => mismatch(found, target.slot, at),
            (None, Class::Path) => mismatch(found, Slot::Method, at),
            (None, _) => mismatch(found, Slot::ConnectionId, at),
        }
    }
}

#[cfg(test)]
mod tests;
