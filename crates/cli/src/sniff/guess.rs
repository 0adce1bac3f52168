//! What bytes may be that no log format knows, and what to try.

use std::net::IpAddr;

use egressmap_aggregator::show::cut;
use egressmap_parser::{decode, printable};
use serde::Serialize;
use serde_json::Value;

/// How many names are listed.
const NAMES: usize = 12;

/// The nearest guess.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Guess {
    /// What it looks like.
    pub(super) looks: String,
    /// What might help.
    pub(super) hint: String,
}

/// Guesses from the first line that says something.
pub(super) fn guess(plain: &[u8]) -> Guess {
    let (looks, hint) = match first_line(plain) {
        None => (
            "nothing: there is no line in it".to_owned(),
            "see whether logs are delivered to this place".to_owned(),
        ),
        Some(line) => match std::str::from_utf8(line) {
            Ok(text) if !text.contains('\0') => text_line(text),
            _ => binary(),
        },
    };
    Guess { looks, hint }
}

fn first_line(plain: &[u8]) -> Option<&[u8]> {
    let mut lines = plain.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.find(|line| !line.is_empty() && !line.starts_with(b"#"))
}

fn binary() -> (String, String) {
    let known: Vec<_> = decode::REGISTRY.iter().map(|coding| coding.name).collect();
    (
        "bytes that are no text".to_owned(),
        format!("unpack it first: what is read packed is {}", known.join(", ")),
    )
}

fn text_line(line: &str) -> (String, String) {
    if let Ok(Value::Object(keys)) = serde_json::from_str(line) {
        let names = named(keys.keys().map(String::as_str));
        return (
            format!("JSON with the keys {names}"),
            "if it is an access log, say what its keys hold: --envoy-json KEY=%OPERATOR%, once for each".to_owned(),
        );
    }
    if line.starts_with(['{', '[']) && !line.starts_with("[2") {
        return (
            "JSON that is cut off, or that goes over several lines".to_owned(),
            "write one object a line".to_owned(),
        );
    }
    let columns: Vec<&str> = line.split_ascii_whitespace().collect();
    let addresses: Vec<String> = (1..)
        .zip(&columns)
        .filter(|(_, column)| column.parse::<IpAddr>().is_ok())
        .map(|(at, _)| at.to_string())
        .collect();
    let requests = ["HTTP/1", "HTTP/2", "HTTP/3", "\"-"];
    if requests.iter().any(|request| line.contains(request)) || line.starts_with('[') {
        return (
            "an access log with a format of its own".to_owned(),
            "give the format as Envoy's configuration has it: --envoy-format '[%START_TIME%] …'".to_owned(),
        );
    }
    if addresses.len() > 1 {
        return (
            format!(
                "a log of {} columns with addresses in {}, as flow logs are without a header",
                columns.len(),
                addresses.join(" and ")
            ),
            format!(
                "give the {} fields as the flow log's definition has them: --flow-format '${{version}} ${{srcaddr}} …'",
                columns.len()
            ),
        );
    }
    (
        format!("text that begins with {}", said(line)),
        "`egressmap formats` lists what is read; --kind NAME reads it as one of them and says what is wrong".to_owned(),
    )
}

fn named<'a>(keys: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = keys.len().saturating_sub(NAMES);
    let mut names: Vec<String> = keys.take(NAMES).map(said).collect();
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    names.join(", ")
}

/// Text of the log, safe and short.
fn said(text: &str) -> String {
    cut(&printable::name(&cut(text, 60)), 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (String, String) {
        let Guess { looks, hint } = guess(text.as_bytes());
        (looks, hint)
    }

    #[test]
    fn each_guess_names_what_to_try() {
        for (log, looks, hint) in [
            ("\n# a comment\n", "nothing", "delivered"),
            (r#"{"who":"a","when":"b"}"#, "the keys who, when", "--envoy-json"),
            ("{\n  \"who\": 1\n}\n", "JSON that is cut off", "one object a line"),
            (
                "eni-1 10.0.0.1 10.0.0.2 443\n",
                "4 columns with addresses in 2 and 3",
                "--flow-format",
            ),
            ("10.0.0.1 - GET /x HTTP/1.1 200\n", "an access log", "--envoy-format"),
            ("[2026-11-23T01:58:00.996Z] 200\n", "an access log", "--envoy-format"),
            ("Dear Sir or Madam\n", "text that begins with Dear Sir", "--kind"),
        ] {
            let found = of(log);
            assert!(found.0.contains(looks) && found.1.contains(hint), "{log:?}: {found:?}");
        }
        assert!(guess(b"PK\x03\x04\0\0\xff").looks.contains("no text"));
    }

    #[test]
    fn what_it_says_of_hostile_text_is_safe_and_short() {
        let keys: Vec<String> = (0..50)
            .map(|at| format!("\"k{at}\\u001b[2J{}\":1", "x".repeat(500)))
            .collect();
        for log in [format!("{{{}}}", keys.join(",")), "\u{202e}\u{1b}[2J".repeat(1_000)] {
            let (looks, _) = of(&log);
            assert!(
                !looks.chars().any(printable::is_deceptive) && looks.len() < 1_500,
                "{looks:?}"
            );
        }
    }
}
