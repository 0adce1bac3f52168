//! Envoy's text against a slow and obvious reader, which tries every way to read a line, and against whoever forges
//! columns.

#![expect(
    clippy::string_slice,
    reason = "a slice off a boundary is a fault of the test, and fails it"
)]

use std::net::{IpAddr, SocketAddr};

use egressmap_parser::Options;
use proptest::prelude::{Just, Strategy, any, prop};
use proptest::{prop_assert, prop_assert_eq, prop_oneof, proptest};
use serde_json::{Map, Value, json};

use crate::collected::collect;

/// A column as the obvious reader knows it: the text before it, its operator, the record's field, and its letters.
#[derive(Debug, Clone)]
struct Column {
    before: String,
    operator: &'static str,
    field: &'static str,
    letters: Letters,
}

/// What may stand in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Letters {
    Digits,
    Time,
    Word,
    Path,
    NoQuote,
    Any,
}

use Letters::{Any, Digits, NoQuote, Path, Time, Word};

/// Every operator that the formats below are made of.
const OPERATORS: [(&str, &str, Letters); 24] = [
    ("START_TIME", "start", Time),
    ("REQ(:METHOD)", "method", Word),
    ("REQ(X-ENVOY-ORIGINAL-PATH?:PATH)", "", Path),
    ("PROTOCOL", "protocol", Word),
    ("RESPONSE_CODE", "response_code", Digits),
    ("RESPONSE_FLAGS", "response_flags", Word),
    ("RESPONSE_CODE_DETAILS", "response_code_details", Word),
    ("CONNECTION_TERMINATION_DETAILS", "", Word),
    ("UPSTREAM_TRANSPORT_FAILURE_REASON", "", NoQuote),
    ("BYTES_RECEIVED", "bytes_received", Digits),
    ("BYTES_SENT", "bytes_sent", Digits),
    ("DURATION", "", Digits),
    ("RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)", "", Digits),
    ("REQ(X-FORWARDED-FOR)", "", Any),
    ("REQ(USER-AGENT)", "", Any),
    ("REQ(X-REQUEST-ID)", "", Any),
    ("REQ(:AUTHORITY)", "authority", Word),
    ("UPSTREAM_HOST", "upstream_host", Word),
    ("UPSTREAM_CLUSTER_RAW", "upstream_cluster", Word),
    ("UPSTREAM_LOCAL_ADDRESS", "", Word),
    ("DOWNSTREAM_LOCAL_ADDRESS", "downstream_local", Word),
    ("DOWNSTREAM_REMOTE_ADDRESS", "downstream_remote", Word),
    ("REQUESTED_SERVER_NAME", "sni", Word),
    ("ROUTE_NAME", "route_name", Word),
];

const ENVOY: &str = r#"[START_TIME] "REQ(:METHOD) REQ(X-ENVOY-ORIGINAL-PATH?:PATH) PROTOCOL" RESPONSE_CODE RESPONSE_FLAGS BYTES_RECEIVED BYTES_SENT DURATION RESP(X-ENVOY-UPSTREAM-SERVICE-TIME) "REQ(X-FORWARDED-FOR)" "REQ(USER-AGENT)" "REQ(X-REQUEST-ID)" "REQ(:AUTHORITY)" "UPSTREAM_HOST""#;
const ISTIO: &str = r#"[START_TIME] "REQ(:METHOD) REQ(X-ENVOY-ORIGINAL-PATH?:PATH) PROTOCOL" RESPONSE_CODE RESPONSE_FLAGS RESPONSE_CODE_DETAILS CONNECTION_TERMINATION_DETAILS "UPSTREAM_TRANSPORT_FAILURE_REASON" BYTES_RECEIVED BYTES_SENT DURATION RESP(X-ENVOY-UPSTREAM-SERVICE-TIME) "REQ(X-FORWARDED-FOR)" "REQ(USER-AGENT)" "REQ(X-REQUEST-ID)" "REQ(:AUTHORITY)" "UPSTREAM_HOST" UPSTREAM_CLUSTER_RAW UPSTREAM_LOCAL_ADDRESS DOWNSTREAM_LOCAL_ADDRESS DOWNSTREAM_REMOTE_ADDRESS REQUESTED_SERVER_NAME ROUTE_NAME"#;

/// The columns of a default, and the text behind them: operators are found by their names alone.
fn columns(written: &str) -> (Vec<Column>, String) {
    let mut columns = Vec::new();
    let mut rest = written;
    while let Some((at, (operator, field, letters))) = OPERATORS
        .iter()
        .filter_map(|row| Some((rest.find(row.0)?, *row)))
        .min_by_key(|(at, row)| (*at, std::cmp::Reverse(row.0.len())))
    {
        columns.push(Column {
            before: rest[..at].to_owned(),
            operator,
            field,
            letters,
        });
        rest = &rest[at + operator.len()..];
    }
    (columns, rest.to_owned())
}

fn fits(letters: Letters, value: &str) -> bool {
    let none = |bad: &str| !value.chars().any(|c| bad.contains(c) || c.is_ascii_control());
    match letters {
        Digits => value == "-" || value.bytes().all(|byte| byte.is_ascii_digit()),
        Time => value.chars().all(|c| c.is_ascii_digit() || "-:.TZ".contains(c)),
        Word => none(" \""),
        Path => none(" "),
        NoQuote => none("\""),
        Any => true,
    }
}

/// Every way to read a line, each as the start and the end of every column.
fn ways(columns: &[Column], after: &str, line: &str) -> Vec<Vec<(usize, usize)>> {
    let mut ways = Vec::new();
    if let Some(first) = columns.first().filter(|first| line.starts_with(&first.before)) {
        try_from(columns, after, line, first.before.len(), &mut Vec::new(), &mut ways);
    }
    ways
}

fn try_from(
    columns: &[Column],
    after: &str,
    line: &str,
    start: usize,
    so_far: &mut Vec<(usize, usize)>,
    ways: &mut Vec<Vec<(usize, usize)>>,
) {
    let Some(column) = columns.first() else { return };
    let next = columns.get(1);
    let behind = next.map_or(after, |next| next.before.as_str());
    for end in start..=line.len() {
        if !line.is_char_boundary(end) || !line[end..].starts_with(behind) || !fits(column.letters, &line[start..end]) {
            continue;
        }
        so_far.push((start, end));
        if next.is_some() {
            try_from(&columns[1..], after, line, end + behind.len(), so_far, ways);
        } else if end + behind.len() == line.len() {
            ways.push(so_far.clone());
        }
        so_far.pop();
    }
}

/// The record that a line makes: of what all ways agree on. `None`: a value is not what it should be.
fn record(columns: &[Column], ways: &[Vec<(usize, usize)>], line: &str) -> Option<Value> {
    let mut agreed: Map<String, Value> = Map::new();
    for (at, column) in columns.iter().enumerate() {
        let is_agreed = ways.iter().all(|way| way[at] == ways[0][at]);
        if is_agreed && !column.field.is_empty() {
            let (start, end) = ways[0][at];
            agreed.entry(column.field).or_insert(line[start..end].into());
        }
    }
    let value = |field: &str| agreed.get(field).and_then(Value::as_str).unwrap_or_default();
    let peer = |value: &str| socket(value).or_else(|| Some(SocketAddr::new(value.parse().ok()?, 0).to_string()));
    Some(json!({
        "line": 1,
        "start": seconds(value("start"))?,
        "method": text(value("method")),
        "authority": text(value("authority")),
        "sni": text(value("sni")),
        "protocol": text(value("protocol")),
        "response_code": count(value("response_code")).filter(|code| *code < 65_536)?,
        "response_flags": text(value("response_flags")),
        "response_code_details": text(value("response_code_details")),
        "route_name": text(value("route_name")),
        "upstream_cluster": text(value("upstream_cluster")),
        "upstream_host": socket(value("upstream_host")),
        "downstream_local": socket(value("downstream_local")),
        "downstream_remote": peer(value("downstream_remote")),
        "downstream_direct_remote": Value::Null,
        "bytes_received": count(value("bytes_received"))?,
        "bytes_sent": count(value("bytes_sent"))?,
    }))
}

fn text(value: &str) -> Option<&str> {
    Some(value).filter(|value| !["", "-"].contains(value))
}

fn count(value: &str) -> Option<u64> {
    match value {
        "" | "-" => Some(0),
        value => value.parse().ok().filter(|_| !value.starts_with('+')),
    }
}

pub(crate) fn socket(value: &str) -> Option<String> {
    let value = value.strip_prefix("envoy://connect_originate/").unwrap_or(value);
    let (host, port) = value.rsplit_once(':')?;
    let host: IpAddr = match host.strip_prefix('[') {
        Some(host) => IpAddr::V6(host.strip_suffix(']')?.parse().ok()?),
        None => IpAddr::V4(host.parse().ok()?),
    };
    let port = port.parse().ok().filter(|_| !port.starts_with('+'))?;
    Some(SocketAddr::new(host, port).to_string())
}

/// The time as another library reads it, in the two shapes that Envoy writes.
pub(crate) fn seconds(time: &str) -> Option<u64> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = time
        .trim_end_matches('Z')
        .split_once('.')
        .unwrap_or((time.trim_end_matches('Z'), "0"));
    if !digits(fraction) || time.ends_with("ZZ") {
        return None;
    }
    if !time.ends_with('Z') {
        return whole
            .parse()
            .ok()
            .filter(|seconds| digits(whole) && *seconds <= 253_402_300_799);
    }
    let shape: String = whole
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    let parsed = format!("{whole}Z")
        .parse::<jiff::Timestamp>()
        .ok()
        .filter(|_| shape == "0000-00-00T00:00:00")?;
    u64::try_from(parsed.as_second()).ok()
}

/// What a client may write into its user agent: above all, columns.
fn agent() -> impl Strategy<Value = String> {
    let forged = r#"curl/8" "1111" "evil.test" "192.0.2.66:443"#;
    let prefixed = r#"x HTTP/1.1" 200 - 9 9 9 9 "-" "a" "b" "evil.test" "192.0.2.66:443" evil - - - evil.test evil"#;
    prop_oneof![
        Just("curl/8.5.0".to_owned()),
        Just("-".to_owned()),
        Just(String::new()),
        Just(forged.to_owned()),
        Just(prefixed.to_owned()),
        Just(r#"ends with backslash\"#.to_owned()),
        r#"[ -~é\t]{0,40}"#,
        r#"[" \[\]a]{0,20}"#,
    ]
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("-".to_owned()),
        Just(String::new()),
        "[a-zA-Z]{1,10}\\.(test|example)(:[0-9]{1,5})?",
        Just("user@a.test:99999".to_owned()),
        "[!#-~]{1,20}",
    ]
}

fn upstream() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<(u32, u16)>().prop_map(|(host, port)| SocketAddr::new(IpAddr::V4(host.into()), port).to_string()),
        any::<(u128, u16)>().prop_map(|(host, port)| SocketAddr::new(IpAddr::V6(host.into()), port).to_string()),
        Just("-".to_owned()),
        Just("/run/app.sock".to_owned()),
        Just("envoy://connect_originate/192.0.2.1:443".to_owned()),
    ]
}

/// What a column holds: for most, what it can hold; for a client's, whatever it likes.
fn value(operator: &'static str) -> impl Strategy<Value = String> {
    let words = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        prop::sample::select(words).boxed()
    };
    let unset = words(&["-", ""]);
    let set = match operator {
        "START_TIME" => return words(&["2026-11-23T01:58:00.996Z", "1795399080", "1795399080.123456"]),
        "REQ(:METHOD)" => "[A-Z]{3,7}".boxed(),
        "REQ(X-ENVOY-ORIGINAL-PATH?:PATH)" => "/[!-~]{0,20}".boxed(),
        "PROTOCOL" => words(&["HTTP/1.1", "HTTP/2"]),
        "RESPONSE_FLAGS" => words(&["UF,URX", "NR"]),
        "RESPONSE_CODE_DETAILS" => words(&["via_upstream", "upstream_reset{a,b:_111}"]),
        "UPSTREAM_TRANSPORT_FAILURE_REASON" => words(&["TLS_error: bad cert", "x_[*]"]),
        "REQ(:AUTHORITY)" | "REQUESTED_SERVER_NAME" => host().boxed(),
        "UPSTREAM_CLUSTER_RAW" => words(&["outbound|443||a.test", "PassthroughCluster"]),
        "ROUTE_NAME" | "CONNECTION_TERMINATION_DETAILS" => words(&["default", "block_all"]),
        operator if operator.contains("ADDRESS") || operator == "UPSTREAM_HOST" => upstream().boxed(),
        "REQ(X-FORWARDED-FOR)" | "REQ(USER-AGENT)" | "REQ(X-REQUEST-ID)" => return agent().boxed(),
        _ => "[0-9]{1,5}".boxed(),
    };
    prop_oneof![4 => set, 1 => unset].boxed()
}

/// A line as Envoy writes it in this format, whatever its client sent.
fn line(columns: Vec<Column>, after: String) -> impl Strategy<Value = String> {
    let values: Vec<_> = columns.iter().map(|column| value(column.operator)).collect();
    values.prop_map(move |values| {
        let whole: String = columns
            .iter()
            .zip(values)
            .map(|(column, value)| format!("{}{value}", column.before))
            .collect();
        whole + &after
    })
}

fn damaged(line: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let damage = prop::collection::vec((any::<prop::sample::Index>(), "[ -~\\x00é]|"), 0..4);
    (line, damage).prop_map(|(line, damage)| {
        let mut chars: Vec<char> = line.chars().collect();
        for (at, with) in damage {
            if !chars.is_empty() {
                let at = at.index(chars.len());
                chars.splice(at..=at, with.chars());
            }
        }
        chars.into_iter().collect()
    })
}

/// Any format of these operators with a time in it.
fn format() -> impl Strategy<Value = (Vec<Column>, String)> {
    let separator = prop::sample::select(vec![" ", "\t", "\" \"", " \"", "\" ", "|", "%", " - "]);
    let operators = prop::sample::subsequence(OPERATORS[1..].to_vec(), 1..9).prop_shuffle();
    let others = (operators, prop::collection::vec(separator.clone(), 9))
        .prop_map(|(operators, separators)| operators.into_iter().zip(separators).collect::<Vec<_>>());
    (others, any::<prop::sample::Index>(), separator.clone(), separator).prop_map(
        |(mut others, time, before, after)| {
            others.insert(time.index(others.len() + 1), (OPERATORS[0], before));
            let columns = others.into_iter().map(|((operator, field, letters), before)| Column {
                before: before.to_owned(),
                operator,
                field,
                letters,
            });
            (columns.collect(), after.to_owned())
        },
    )
}

fn written(columns: &[Column], after: &str) -> String {
    let column = |column: &Column| format!("{}%{}%", column.before.replace('%', "%%"), column.operator);
    let whole: String = columns.iter().map(column).collect();
    whole + &after.replace('%', "%%")
}

fn options(envoy_format: Option<String>) -> Options {
    Options {
        kind: Some("envoy-text".to_owned()),
        envoy_format,
        ..Options::default()
    }
}

/// What there is to say against the reading of a line; a line of no way is only read.
fn check(columns: &[Column], after: &str, line: &str, options: &Options) -> Result<(), String> {
    let found = collect(line.as_bytes(), options);
    let ways = ways(columns, after, line);
    if ways.is_empty() || line.is_empty() {
        return Ok(());
    }
    let expected: Vec<Value> = record(columns, &ways, line).into_iter().collect();
    if found.records == expected {
        return Ok(());
    }
    let samples = &found.counters.samples;
    Err(format!(
        "{line:?}\nfound {:?} {samples:?}\nexpected {expected:?}",
        found.records
    ))
}

proptest! {
    #[test]
    fn lines_of_the_default_are_read_as_the_obvious_reader_does(
        prefix in prop_oneof![4 => Just(""), 1 => Just("ACCESS ")],
        text in damaged(line(columns(ENVOY).0, columns(ENVOY).1)),
    ) {
        let (columns, after) = columns(ENVOY);
        prop_assert_eq!(check(&columns, &after, &text, &options(None)), Ok(()));
        let prefixed = collect(format!("{prefix}{text}").as_bytes(), &options(None));
        prop_assert_eq!(prefixed.records, collect(text.as_bytes(), &options(None)).records);
    }

    #[test]
    fn lines_of_istio_are_read_as_the_obvious_reader_does(
        text in damaged(line(columns(ISTIO).0, columns(ISTIO).1)),
    ) {
        let (columns, after) = columns(ISTIO);
        prop_assert_eq!(check(&columns, &after, &text, &options(None)), Ok(()));
    }

    #[test]
    fn lines_of_any_format_are_read_as_the_obvious_reader_does(
        (columns, after, text) in format().prop_flat_map(|(columns, after)| {
            (Just(columns.clone()), Just(after.clone()), damaged(line(columns, after)))
        }),
    ) {
        let written = written(&columns, &after);
        let told = check(&columns, &after, &text, &options(Some(written.clone())));
        prop_assert!(told.is_ok(), "{written:?}: {}", told.unwrap_err());
    }
}
