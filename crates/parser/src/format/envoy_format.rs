//! The language of Envoy's format strings: text, and commands `%NAME(arguments):length%` in it.

use std::fmt;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{char, digit1, none_of};
use nom::combinator::{map, opt, recognize};
use nom::error::{ErrorKind, ParseError};
use nom::multi::many1;
use nom::sequence::preceded;
use nom::{IResult, Parser};

use crate::printable;
use operator::{Known, Takes};

pub(super) mod block;
pub(super) mod built_in;
pub(super) mod clock;
pub(super) mod connections;
pub(super) mod identity;
pub(super) mod meaning;
pub(super) mod middle;
pub(super) mod operator;
pub(super) mod plan;
pub(super) mod seek;
pub(super) mod slot;
pub(super) mod value;
pub(super) mod values;

/// A piece of a format string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Text that stands in every line; `%%` is a percent sign.
    Text(&'a str),
    /// Where a line has a value.
    Command(Command<'a>),
}

/// One command, as Envoy 1.40 accepts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Command<'a> {
    /// What is known of its operator.
    pub(super) known: &'static Known,
    /// What stands between the parentheses, where there are any.
    pub(super) arguments: Option<&'a str>,
    /// Envoy prints at most so many bytes.
    pub(super) limit: Option<usize>,
}

/// What is wrong with a format string, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// The 1-based character.
    pub(super) column: usize,
    pub(super) expected: String,
    pub(super) found: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault {
            column,
            expected,
            found,
        } = self;
        write!(f, "column {column}: expected {expected}, found {found}")
    }
}

/// Reads a whole format string.
pub(super) fn parse(written: &str) -> Result<Vec<Piece<'_>>, Fault> {
    let mut pieces = Vec::new();
    let mut rest = written;
    while !rest.is_empty() {
        let (behind, piece) = piece(rest).map_err(|error| fault(written, error))?;
        pieces.push(piece);
        rest = behind;
    }
    Ok(pieces)
}

/// Reads the value of a JSON key: one command, whose percent signs may be left out. `None`: well-formed, but not that.
pub(super) fn parse_lone(written: &str) -> Result<Option<Command<'_>>, Fault> {
    if !written.contains('%') {
        let whole = command(written, "").ok().filter(|(rest, _)| rest.is_empty());
        return Ok(whole.map(|(_, command)| command));
    }
    match parse(written)?.as_slice() {
        [Piece::Command(command)] => Ok(Some(*command)),
        _ => Ok(None),
    }
}

/// What a parser expected, and what was left when it did not find it.
#[derive(Debug, Clone, PartialEq)]
struct Unmet<'a> {
    at: &'a str,
    expected: String,
}

impl<'a> ParseError<&'a str> for Unmet<'a> {
    fn from_error_kind(at: &'a str, _: ErrorKind) -> Self {
        Unmet {
            at,
            expected: "text or a command".to_owned(),
        }
    }

    fn append(_: &'a str, _: ErrorKind, other: Self) -> Self {
        other
    }
}

type Parsed<'a, T> = IResult<&'a str, T, Unmet<'a>>;

/// No other way to read it would do better.
fn unmet<'a, T>(at: &'a str, expected: impl Into<String>) -> Parsed<'a, T> {
    Err(nom::Err::Failure(Unmet {
        at,
        expected: expected.into(),
    }))
}

fn fault(written: &str, error: nom::Err<Unmet<'_>>) -> Fault {
    let Unmet { at, expected } = match error {
        nom::Err::Error(unmet) | nom::Err::Failure(unmet) => unmet,
        nom::Err::Incomplete(_) => Unmet {
            at: "",
            expected: "more".to_owned(),
        },
    };
    let before = written.strip_suffix(at).unwrap_or(written);
    Fault {
        column: before.chars().count() + 1,
        expected,
        found: if at.is_empty() {
            "the end".to_owned()
        } else {
            printable::quoted(at.as_bytes())
        },
    }
}

fn piece(text: &str) -> Parsed<'_, Piece<'_>> {
    let percent = map(tag("%%"), |_| Piece::Text("%"));
    let literal = map(recognize(many1(none_of("%"))), Piece::Text);
    let whole = map(preceded(char('%'), |rest| command(rest, "%")), Piece::Command);
    alt((percent, literal, whole)).parse(text)
}

/// A command behind its first percent sign, up to and with what ends it.
fn command<'a>(text: &'a str, end: &'static str) -> Parsed<'a, Command<'a>> {
    let Ok((rest, name)) = take_while1::<_, _, Unmet<'_>>(is_of_a_name)(text) else {
        return unmet(
            text,
            "an operator in capitals such as REQ, or a second % for a percent sign",
        );
    };
    let Some(known) = operator::known(name) else {
        let near = operator::nearest(name).map_or_else(String::new, |near| format!(" (did you mean {near}?)"));
        return unmet(text, format!("an operator that Envoy knows{near}"));
    };
    let (rest, arguments) = arguments(rest, end, known)?;
    let (behind, limit) = opt(length).parse(rest)?;
    if limit.is_some() && !known.takes_length {
        return unmet(rest, format!("no length behind {name}"));
    }
    let limit = match limit.map(str::parse) {
        Some(Err(_)) => return unmet(rest, "a length that fits"),
        Some(Ok(limit)) => Some(limit),
        None => None,
    };
    match tag::<_, _, Unmet<'_>>(end)(behind) {
        Ok((rest, _)) => Ok((
            rest,
            Command {
                known,
                arguments,
                limit,
            },
        )),
        Err(_) => unmet(behind, format!("the % that ends {name}")),
    }
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'
}

fn length(text: &str) -> Parsed<'_, &str> {
    preceded(char(':'), digit1).parse(text)
}

/// Runs to the first `)` that ends the command: arguments may hold parentheses and, in times, percent signs.
fn arguments<'a>(text: &'a str, end: &'static str, known: &'static Known) -> Parsed<'a, Option<&'a str>> {
    let Some(opened) = text.strip_prefix('(') else {
        return match known.takes {
            Takes::Must | Takes::Header => unmet(text, format!("arguments in parentheses behind {}", known.name)),
            Takes::Nothing | Takes::May | Takes::Time => Ok((text, None)),
        };
    };
    if known.takes == Takes::Nothing {
        return unmet(text, format!("no arguments behind {}", known.name));
    }
    let Some((inner, rest)) = closed(opened, end) else {
        return unmet(opened, "a ) that ends the arguments, then the end of the command");
    };
    let here = |at: usize| opened.get(at..).unwrap_or_default();
    if let (true, Some(at)) = (known.takes != Takes::Time, inner.find('%')) {
        return unmet(here(at), format!("no % in the arguments of {}", known.name));
    }
    match known.takes {
        Takes::Header => {
            headers(inner, opened)?;
        }
        Takes::Must if inner.is_empty() => return unmet(opened, format!("arguments of {}", known.name)),
        _ => {}
    }
    Ok((rest, Some(inner)))
}

fn closed<'a>(opened: &'a str, end: &str) -> Option<(&'a str, &'a str)> {
    opened.match_indices(')').find_map(|(at, _)| {
        let (inner, rest) = (opened.get(..at)?, opened.get(at + 1..)?);
        let behind = length(rest).map_or(rest, |(behind, _)| behind);
        let ends = if end.is_empty() {
            behind.is_empty()
        } else {
            behind.starts_with(end)
        };
        ends.then_some((inner, rest))
    })
}

/// One header name, or two with a question mark between them.
fn headers<'a>(inner: &'a str, at: &'a str) -> Parsed<'a, ()> {
    let mut names = inner.split('?');
    let legal = |name: &str| {
        let name = name.strip_prefix(':').unwrap_or(name);
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&'*+-.^_`|~".contains(&byte))
    };
    if !names.clone().all(legal) {
        return unmet(at, "the name of a header");
    }
    if names.nth(2).is_some() {
        return unmet(at, "one alternative at most");
    }
    Ok((at, ()))
}

#[cfg(test)]
mod tests;
