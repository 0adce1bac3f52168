//! `egressmap parse`: every line of every object as one JSON object.

use anyhow::Result;
use egressmap_parser::format::Kind;
use egressmap_parser::source::Wanted;
use egressmap_parser::{Line, inspect};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::args::{Global, ParseArgs};
use crate::objects::{in_order, may_be_several};
use crate::{Ending, json, options, say};

/// Prints what each line is, in the order of the lines.
pub(crate) fn command(args: &ParseArgs, global: &Global) -> Result<Ending> {
    let options = options::options(&args.logs)?;
    let wanted = Wanted {
        requester_pays: args.logs.requester_pays,
        ..Wanted::default()
    };
    let named = may_be_several(&args.sources);
    let mut out = say::Stream::stdout();
    in_order(global, &args.sources, &wanted, |object| {
        let uri = named.then(|| object.id.uri.clone());
        let read = inspect(object, &options, &mut |line| {
            out.line(&json::line(&Printed::new(uri.as_deref(), line)));
        });
        out.flush();
        read
    })
}

/// A line as it is printed; what it does not have is left out.
#[derive(Serialize)]
struct Printed<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<&'a str>,
    line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<u64>,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Fields<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Fields<'a> {
    Names(&'a [String]),
    Values(&'a Map<String, Value>),
}

impl<'a> Printed<'a> {
    fn new(object: Option<&'a str>, line: &'a Line) -> Self {
        let shown = &line.shown;
        let fields = match shown.kind {
            Kind::Header => Some(Fields::Names(&shown.names)),
            Kind::Record => Some(Fields::Values(&shown.fields)),
            _ if shown.fields.is_empty() => None,
            _ => Some(Fields::Values(&shown.fields)),
        };
        Printed {
            object,
            line: line.line,
            event: line.event,
            kind: shown.kind.word(),
            fields,
            reason: shown.reason,
            message: shown.message.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use egressmap_parser::format::Shown;
    use serde_json::json;

    use super::*;

    fn printed(object: Option<&str>, event: Option<u64>, shown: Shown) -> String {
        let line = Line {
            line: 7,
            event,
            format: None,
            wrapped: Vec::new(),
            shown,
        };
        json::line(&Printed::new(object, &line))
    }

    #[test]
    fn a_record_has_its_fields_and_what_is_not_there_is_left_out() {
        let fields = json!({"version": 2, "srcaddr": null}).as_object().unwrap().clone();
        assert_eq!(
            printed(None, None, Shown::record(fields.clone())),
            r#"{"line":7,"kind":"record","fields":{"version":2,"srcaddr":null}}"#
        );
        assert_eq!(
            printed(Some("a.log"), Some(3), Shown::record(fields)),
            r#"{"object":"a.log","line":7,"event":3,"kind":"record","fields":{"version":2,"srcaddr":null}}"#
        );
    }

    #[test]
    fn a_header_lists_its_names_and_a_fault_says_what_is_wrong() {
        let mut header = Shown::aside(Kind::Header, "header");
        header.names = vec!["account-id".to_owned()];
        assert_eq!(
            printed(None, None, header),
            r#"{"line":7,"kind":"header","fields":["account-id"],"reason":"header"}"#
        );
        let mut fault = Shown::aside(Kind::Malformed, "malformed:dstport");
        fault.message = Some("dstport: expected a port, found \"\u{202e}\"".to_owned());
        assert_eq!(
            printed(None, None, fault),
            r#"{"line":7,"kind":"malformed","reason":"malformed:dstport","message":"dstport: expected a port, found \"\u202e\""}"#
        );
    }
}
