//! DNS logs against slow and obvious readers, on lines as their writers write them and on damaged ones.

use std::net::{IpAddr, SocketAddr};

use egressmap_parser::source::{Object, ObjectId};
use egressmap_parser::{Options, format, inspect};
use proptest::{prop_assert, prop_assert_eq, proptest};
use serde_json::{Value, json};

use crate::collected::{Collected, collect};
use crate::dns_lines::{Keys, PLAIN, RESOLVER, coredns_line, csv_line, damaged, object};

type Read = Result<Value, &'static str>;

/// What the obvious reader makes of a line of JSON.
fn of_json(line: &str, keys: &Keys) -> Read {
    if !line.starts_with('{') {
        return Err("not-query-log");
    }
    let value: Value = serde_json::from_str(line).map_err(|_| "malformed:json")?;
    let needed = [keys.time, keys.source, keys.name];
    if needed.iter().filter(|key| value.get(key).is_some()).count() < 2 {
        return Err("not-query-log");
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let at = match &value[keys.time] {
        Value::String(text) => seconds(text),
        Value::Number(number) if !number.is_i64() || number.is_u64() => seconds(&number.to_string()),
        _ => None,
    };
    let instance = if keys.time == "time" {
        &value["instance"]
    } else {
        &value["srcids"]["instance"]
    };
    let mut record = json!({
        "time": at.ok_or(keys.wrong[0])?,
        "source": address(&text(&value[keys.source])).ok_or(keys.wrong[1])?,
        "vpc": text(&value[keys.vpc]),
        "instance": text(instance),
        "name": text(&value[keys.name]),
        "query_type": text(&value[keys.query_type]),
        "rcode": text(&value["rcode"]),
    });
    if record["name"] == "" {
        return Err(keys.wrong[2]);
    }
    let answers = match &value["answers"] {
        Value::Null => Vec::new(),
        text @ Value::String(_) => vec![text.clone()],
        Value::Array(list) => list.clone(),
        _ => return Err("malformed:answers"),
    };
    let (mut addresses, mut aliases) = (Vec::new(), Vec::new());
    for answer in answers {
        match answer {
            Value::String(text) => listed(&text, &mut addresses, &mut aliases)?,
            Value::Object(answer) => {
                let data = answer.get("Rdata").and_then(Value::as_str);
                let given = data.and_then(address);
                match (answer.get("Type").and_then(Value::as_str), given, data) {
                    (Some("A"), Some(given @ IpAddr::V4(_)), _) | (Some("AAAA"), Some(given @ IpAddr::V6(_)), _) => {
                        addresses.push(given);
                    }
                    (Some("CNAME"), _, Some(data)) => aliases.push(data.to_owned()),
                    (Some("A" | "AAAA" | "CNAME"), ..) => return Err("malformed:answers"),
                    _ => {}
                }
            }
            _ => return Err("malformed:answers"),
        }
    }
    record["addresses"] = json!(addresses);
    record["aliases"] = json!(aliases);
    Ok(record)
}

fn listed(text: &str, addresses: &mut Vec<IpAddr>, aliases: &mut Vec<String>) -> Result<(), &'static str> {
    for answer in text.replace(';', " ").split(' ') {
        let host = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let labels: Vec<&str> = answer.trim_end_matches('.').split('.').collect();
        match address(answer) {
            _ if ["", "-"].contains(&answer) => {}
            Some(given) => addresses.push(given),
            None if answer.chars().all(host)
                && !answer.ends_with("..")
                && labels[labels.len() - 1].chars().any(|c| c.is_ascii_alphabetic()) =>
            {
                aliases.push(answer.to_owned());
            }
            None => return Err("malformed:answers"),
        }
    }
    Ok(())
}

/// Where in a field of CSV a character stands.
#[derive(PartialEq)]
enum At {
    Start,
    Bare,
    InQuotes,
    BehindQuote,
}

/// What the obvious reader makes of a line of CSV in the usual order, with `csv` for its quotes.
fn of_csv(line: &str) -> Read {
    let row: Vec<String> = csv::ReaderBuilder::new()
        .has_headers(false)
        .terminator(csv::Terminator::Any(b'\n'))
        .from_reader(line.as_bytes())
        .into_records()
        .next()
        .map_or_else(Vec::new, |row| row.unwrap().iter().map(str::to_owned).collect());
    // `csv` takes what ends inside quotes as it is.
    let end = line.chars().fold(At::Start, |at, c| match (at, c) {
        (At::Start | At::BehindQuote, '"') => At::InQuotes,
        (At::InQuotes, '"') => At::BehindQuote,
        (At::InQuotes, _) => At::InQuotes,
        (_, ',') => At::Start,
        _ => At::Bare,
    });
    if row.len() != 8 || end == At::InQuotes {
        return Err("malformed:columns");
    }
    let mut record = json!({
        "time": seconds(&row[0]).ok_or("malformed:time")?,
        "source": address(&row[1]).ok_or("malformed:source")?,
        "vpc": row[6],
        "instance": row[7],
        "name": row[2],
        "query_type": row[3],
        "rcode": row[4],
    });
    if row[2].is_empty() {
        return Err("malformed:name");
    }
    let (mut addresses, mut aliases) = (Vec::new(), Vec::new());
    listed(&row[5], &mut addresses, &mut aliases)?;
    record["addresses"] = json!(addresses);
    record["aliases"] = json!(aliases);
    Ok(record)
}

/// What the obvious reader makes of a line of CoreDNS.
fn of_coredns(line: &str) -> Read {
    let mut words: Vec<&str> = line.split(' ').collect();
    let mut time = None;
    if words.len() > 1 && seconds(words[0]).is_some() {
        time = seconds(words.remove(0));
        if words.len() > 2 && ["stdout", "stderr"].contains(&words[0]) && words[1] == "F" {
            words.drain(..2);
        }
    }
    let digits = |text: &str| text.parse::<u64>().is_ok() && !text.starts_with('+');
    let is_query =
        words.len() > 3 && words[0] == "[INFO]" && words[1].rsplit(':').next().is_some_and(digits) && words[2] == "-";
    if !is_query {
        return Err("not-query-log");
    }
    let remote = words[1];
    let mut words = words.split_off(3);
    if words.last().is_some_and(|last| last.ends_with('"')) {
        let last = words.pop().unwrap();
        let opcode = last.strip_suffix('"').and_then(|last| last.strip_prefix('"'));
        if !opcode.is_some_and(digits) {
            return Err("malformed:columns");
        }
    }
    let end = words.len();
    let word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let shape = end >= 12
        && digits(words[0])
        && words[1].strip_prefix('"').is_some_and(word)
        && word(words[2])
        && word(words[end - 8])
        && digits(words[end - 7])
        && ["true", "false"].contains(&words[end - 6])
        && words[end - 5].strip_suffix('"').is_some_and(digits)
        && word(words[end - 4])
        && digits(words[end - 2]);
    let name = words.get(3..end.saturating_sub(8)).unwrap_or_default().join(" ");
    if !shape || name.is_empty() {
        return Err("malformed:columns");
    }
    let bracketed = remote.starts_with('[');
    let remote: SocketAddr = remote.parse().map_err(|_| "malformed:remote")?;
    if remote.is_ipv6() != bracketed {
        return Err("malformed:remote");
    }
    Ok(json!({
        "time": time.ok_or("lacking:time")?,
        "source": remote.ip(),
        "vpc": "",
        "instance": "",
        "name": name,
        "query_type": words[1].strip_prefix('"'),
        "rcode": words[end - 4],
        "addresses": [],
        "aliases": [],
    }))
}

fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok()
}

/// The time as another library reads it, in the shapes that logs have.
fn seconds(text: &str) -> Option<u64> {
    let shape = |text: &str| -> String { text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect() };
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (local, zone) = match text.strip_suffix('Z') {
        Some(local) => (local, "Z"),
        None => text
            .split_at_checked(text.len().saturating_sub(6))
            .unwrap_or((text, "")),
    };
    let (whole, fraction) = local.split_once('.').unwrap_or((local, "0"));
    if shape(whole) == "0000-00-00T00:00:00" {
        // The other library takes no more than nine digits of a fraction, and offsets of more than a day.
        let fits = number(fraction)
            && ["Z", "+00:00", "-00:00"].contains(&shape(zone).as_str())
            && zone.get(1..3).is_none_or(|hours| hours < "24");
        let parsed = format!("{whole}{zone}")
            .parse::<jiff::Timestamp>()
            .ok()
            .filter(|_| fits);
        return u64::try_from(parsed?.as_second()).ok();
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let seconds: u64 = whole.parse().ok().filter(|_| number(whole) && number(fraction))?;
    Some(seconds).filter(|seconds| *seconds <= 253_402_300_799)
}

fn forced(kind: &str) -> Options {
    Options {
        kind: Some(kind.to_owned()),
        ..Options::default()
    }
}

/// Whether something stands behind a whole JSON value.
fn is_several_values(line: &str) -> bool {
    let mut values = serde_json::Deserializer::from_str(line).into_iter::<Value>();
    matches!(values.next(), Some(Ok(Value::Object(_))))
        && !line.get(values.byte_offset()..).unwrap_or_default().trim().is_empty()
}

fn agree(kind: &str, line: &str, expected: Read) -> Result<(), proptest::test_runner::TestCaseError> {
    let line = line.replace(['\n', '\r'], "");
    if kind != "coredns" && kind != "dns-csv" && is_several_values(&line) {
        // Objects that touch are a delivery's, and have an oracle of their own.
        return Ok(());
    }
    let found: Collected = collect(line.as_bytes(), &forced(kind));
    match expected {
        _ if line.is_empty() => prop_assert_eq!(found.counters.lines, 0),
        Ok(mut expected) => {
            expected["line"] = json!(1);
            prop_assert_eq!(&found.records, &[expected], "{:?}", found.counters);
        }
        Err(reason) => prop_assert_eq!(found.set_aside(reason), 1, "{:?}, not {}", found.counters, reason),
    }
    shown(kind, &line, &found)
}

/// The line in full says what became of it.
fn shown(kind: &str, line: &str, found: &Collected) -> Result<(), proptest::test_runner::TestCaseError> {
    let id = ObjectId {
        uri: "input".to_owned(),
        version: None,
        size: None,
    };
    let body = Box::new(std::io::Cursor::new(line.as_bytes().to_vec()));
    let mut seen = Vec::new();
    let read = inspect(Object::new(id, body), &forced(kind), &mut |line| {
        seen.push((line.shown.kind.word(), line.shown.reason, line.shown.message.clone()));
    });
    prop_assert_eq!(read, Ok(()));
    let reason = found.counters.set_aside.keys().next().copied();
    if let [(word, why, message)] = seen.as_slice() {
        // Without a line that tells, no format is asked.
        if *why != Some("unrecognised") {
            prop_assert_eq!((*word == "record", *why), (reason.is_none(), reason));
        }
        let message = message.clone().unwrap_or_default();
        prop_assert!(!message.chars().any(char::is_control), "{:?}", message);
    }
    Ok(())
}

proptest! {
    #[test]
    fn resolver_logs_are_read_as_the_obvious_reader_reads_them(line in damaged(object(&RESOLVER))) {
        agree("resolver-log", &line, of_json(&line, &RESOLVER))?;
    }

    #[test]
    fn plain_json_is_read_as_the_obvious_reader_reads_it(line in damaged(object(&PLAIN))) {
        agree("dns-json", &line, of_json(&line, &PLAIN))?;
    }

    #[test]
    fn csv_is_read_as_the_obvious_reader_reads_it(line in damaged(csv_line())) {
        agree("dns-csv", &line, of_csv(&line))?;
    }

    #[test]
    fn queries_of_coredns_are_read_as_the_obvious_reader_reads_them(line in damaged(coredns_line())) {
        agree("coredns", &line, of_coredns(&line))?;
    }
}

#[test]
fn a_name_cannot_forge_the_columns_behind_it() {
    let forged = r#"2026-11-23T01:58:00Z [INFO] 10.0.0.1:4000 - 1 "A IN a\" NOERROR\ qr\ 1\ 1s.test. udp 45 false 512" NXDOMAIN qr 98 0.1s"#;
    let found = collect(forged.as_bytes(), &Options::default());
    assert_eq!(found.records[0]["rcode"], "NXDOMAIN");
    assert_eq!(found.records[0]["name"], r#"a\" NOERROR\ qr\ 1\ 1s.test."#);
}

#[test]
fn every_dns_format_outlives_a_line_of_10_megabytes_and_nul_bytes() {
    for name in ["resolver-log", "coredns", "dns-csv", "dns-json"] {
        let kind = format::REGISTRY.iter().find(|kind| kind.name == name).unwrap();
        let long = kind.example.replacen("api.example.test", &"a".repeat(10 << 20), 1);
        let nul = kind.example.replacen("api.example.test", "a\0b", 1);
        let bytes = [
            kind.example.as_bytes(),
            long.as_bytes(),
            nul.as_bytes(),
            b"\0\0\0",
            kind.example.as_bytes(),
        ]
        .join(&b'\n');
        let found = collect(&bytes, &Options::default());
        assert_eq!(found.counters.lines, 5, "{name}");
        assert_eq!(found.set_aside("unrecognised"), 0, "{name}");
        // A control character stands in no JSON string as it is.
        let nul_is_a_name = !kind.example.starts_with('{');
        assert_eq!(
            found.counters.dns,
            3 + u64::from(nul_is_a_name),
            "{name}: {:?}",
            found.counters.set_aside
        );
    }
}
