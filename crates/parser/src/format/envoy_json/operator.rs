//! The command language of Envoy's format strings: `%NAME(arguments):length%`.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{anychar, char, digit1, none_of};
use nom::combinator::{all_consuming, eof, map, map_res, opt, peek, recognize, value};
use nom::multi::{many_till, many1};
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};

/// One command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Operator<'a> {
    pub(super) name: &'a str,
    pub(super) arguments: Option<&'a str>,
    /// Envoy prints at most so many bytes.
    pub(super) limit: Option<usize>,
}

/// Reads the value of a key. `Some(None)`: well-formed, and not one command alone. `None`: not well-formed.
///
/// The percent signs around a lone command may be left out.
pub(super) fn read(written: &str) -> Option<Option<Operator<'_>>> {
    if !written.contains('%') {
        return Some(all_consuming(body).parse(written).ok().map(|(_, operator)| operator));
    }
    let (_, parts) = all_consuming(many1(part)).parse(written).ok()?;
    match parts.as_slice() {
        [part] => Some(*part),
        _ => Some(None),
    }
}

/// A command, or literal text, in which `%%` is a percent sign.
fn part(text: &str) -> IResult<&str, Option<Operator<'_>>> {
    let literal = alt((tag("%%"), recognize(many1(none_of("%")))));
    alt((map(delimited(char('%'), body, char('%')), Some), value(None, literal))).parse(text)
}

/// A command without its percent signs.
fn body(text: &str) -> IResult<&str, Operator<'_>> {
    let name = take_while1(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    map((name, opt(arguments), opt(length)), |(name, arguments, limit)| {
        Operator { name, arguments, limit }
    })
    .parse(text)
}

/// Runs to the first `)` that ends the command: arguments may hold parentheses and, in times, percent signs.
fn arguments(text: &str) -> IResult<&str, &str> {
    let end = (char(')'), opt(length), alt((tag("%"), eof)));
    delimited(char('('), recognize(many_till(anychar, peek(end))), char(')')).parse(text)
}

fn length(text: &str) -> IResult<&str, usize> {
    map_res(preceded(char(':'), digit1), str::parse).parse(text)
}

#[cfg(test)]
mod tests {
    use super::{Operator, read};

    fn operator<'a>(name: &'a str, arguments: Option<&'a str>, limit: Option<usize>) -> Option<Option<Operator<'a>>> {
        Some(Some(Operator { name, arguments, limit }))
    }

    #[test]
    fn a_lone_command_is_read_with_or_without_percent_signs() {
        for (written, expected) in [
            ("PROTOCOL", operator("PROTOCOL", None, None)),
            ("REQ(:AUTHORITY)", operator("REQ", Some(":AUTHORITY"), None)),
            ("REQ(X-A?:B):24", operator("REQ", Some("X-A?:B"), Some(24))),
            ("START_TIME()", operator("START_TIME", Some(""), None)),
        ] {
            assert_eq!(read(written), expected);
            assert_eq!(read(&format!("%{written}%")), expected);
        }
    }

    #[test]
    fn arguments_may_hold_percent_signs_and_parentheses() {
        assert_eq!(
            read("%START_TIME(%s.%3f)%"),
            operator("START_TIME", Some("%s.%3f"), None)
        );
        assert_eq!(read("%CEL(f(a) + 1)%"), operator("CEL", Some("f(a) + 1"), None));
    }

    #[test]
    fn text_around_a_command_is_well_formed_and_not_one_command() {
        for written in [
            "%PROTOCOL% %RESPONSE_CODE%",
            "100%%",
            "%%%PROTOCOL%",
            "a%PROTOCOL%",
            "%A%%B%",
            "prod",
        ] {
            assert_eq!(read(written), Some(None), "{written}");
        }
    }

    #[test]
    fn a_broken_command_is_refused() {
        for written in ["%REQ(:AUTHORITY%", "%protocol%", "%", "100%", "%REQ():x%", "%A"] {
            assert_eq!(read(written), None, "{written}");
        }
    }
}
