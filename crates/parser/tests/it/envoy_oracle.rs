//! Envoy's text against a slow and obvious reader, and against whoever forges columns.

use std::net::{IpAddr, SocketAddr};

use egressmap_parser::Options;
use proptest::prelude::{Just, Strategy, any, prop};
use proptest::{prop_assert_eq, prop_oneof, proptest};
use serde_json::{Value, json};

use crate::collected::collect;

/// What the obvious reader makes of a line: the record, or why there is none.
#[expect(
    clippy::too_many_lines,
    reason = "the oracle is one obvious list, read from top to bottom"
)]
fn read(line: &str) -> Result<Value, &'static str> {
    if line.is_empty() {
        return Err("blank");
    }
    let line = line.strip_prefix("ACCESS ").unwrap_or(line);
    let (time, rest) = line
        .strip_prefix('[')
        .and_then(|line| line.split_once(']'))
        .ok_or("not-access-log")?;
    let rest = rest.strip_prefix(" \"").ok_or("not-access-log")?;
    if !time.starts_with(|c: char| c.is_ascii_digit()) {
        return Err("not-access-log");
    }
    let start = seconds(time).ok_or("malformed:start_time")?;

    let mut quotes = rest.rsplitn(5, '"');
    let (Some(bare), Some(upstream)) = (quotes.next(), quotes.next()) else {
        return Err("malformed:upstream_host");
    };
    let columns: Vec<&str> = match bare.strip_prefix(' ') {
        Some(columns) => columns.split(' ').collect(),
        None if bare.is_empty() => Vec::new(),
        None => return Err("malformed:columns"),
    };
    if ![0, 5, 6].contains(&columns.len()) {
        return Err("malformed:columns");
    }
    let (Some(" "), Some(authority), Some(client)) = (quotes.next(), quotes.next(), quotes.next()) else {
        return Err(if rest.matches('"').count() < 2 {
            "malformed:upstream_host"
        } else {
            "malformed:authority"
        });
    };
    let client = client.strip_suffix(' ').ok_or("malformed:authority")?;
    if upstream.contains(' ') {
        return Err("malformed:upstream_host");
    }
    if authority.contains(' ') {
        return Err("malformed:authority");
    }

    let words: Vec<&str> = client.split(' ').collect();
    let ends = |at: usize| {
        let word = words[at];
        let pathless = at == 2 && ["", "-"].contains(&words[1]);
        word.ends_with('"') && (word.starts_with("HTTP/") || (pathless && ["\"", "-\""].contains(&word)))
    };
    let end = (2..words.len()).find(|at| ends(*at)).ok_or("malformed:request")?;
    let protocol = words[end].trim_end_matches('"');
    let after = &words[end + 1..];
    let word = |at: usize| after.get(at).copied().unwrap_or_default();
    let code = count(word(0))
        .filter(|code| *code < 65_536)
        .ok_or("malformed:response_code")?;
    let (details, counts) = if columns.is_empty() {
        ("", after.get(2..).unwrap_or_default())
    } else {
        middle(after)
    };
    let column = |at: usize| columns.get(at).copied().unwrap_or_default();
    Ok(json!({
        "start": start,
        "method": text(words[0]),
        "authority": text(authority),
        "sni": text(column(4)),
        "protocol": text(protocol),
        "response_code": code,
        "response_flags": text(word(1)),
        "response_code_details": text(details),
        "route_name": text(column(5)),
        "upstream_cluster": text(column(0)),
        "upstream_host": socket(upstream),
        "downstream_local": socket(column(2)),
        "downstream_remote": socket(column(3)).or_else(|| Some(SocketAddr::new(column(3).parse().ok()?, 0).to_string())),
        "downstream_direct_remote": Value::Null,
        "bytes_received": count(counts.first().copied().unwrap_or_default()).ok_or("malformed:bytes_received")?,
        "bytes_sent": count(counts.get(1).copied().unwrap_or_default()).ok_or("malformed:bytes_sent")?,
    }))
}

/// What stands between the flags and the byte counts in Istio's formats, and the words behind it.
fn middle<'a, 'b>(after: &'b [&'a str]) -> (&'a str, &'b [&'a str]) {
    let mut at = 2;
    let mut details = "";
    if !after.get(2).is_some_and(|word| word.starts_with('"')) {
        details = after.get(2).copied().unwrap_or_default();
        at = 4;
    }
    // A quoted column runs to the first word that ends in a quote; the opening quote may end the same word.
    let mut more = true;
    while more && after.get(at).is_some_and(|word| word.starts_with('"')) {
        let closes = |(index, word): &(usize, &&str)| word.ends_with('"') && (*index > at || word.len() > 1);
        match after.iter().enumerate().skip(at).find(closes) {
            Some((index, _)) => at = index + 1,
            None => return (details, &[]),
        }
        more = details.is_empty() && after.get(2).is_some_and(|word| word.starts_with('"'));
    }
    (details, after.get(at..).unwrap_or_default())
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

fn socket(value: &str) -> Option<String> {
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
fn seconds(time: &str) -> Option<u64> {
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

#[derive(Debug, Clone)]
struct Line {
    text: String,
    authority: String,
    upstream: String,
}

/// A line as Envoy writes it in one of its formats, whatever its client sent.
fn line() -> impl Strategy<Value = Line> {
    let request = prop_oneof![
        4 => ("[A-Z]{3,7}", "/[!-~]{0,20}").prop_map(|(method, path)| format!("{method} {path} HTTP/1.1")),
        1 => Just("CONNECT - HTTP/2".to_owned()),
        1 => Just("- - -".to_owned()),
        1 => Just("  ".to_owned()),
        1 => Just("- - HTTP/1.1".to_owned()),
    ];
    let middle = prop_oneof![
        Just(""),
        Just(r#"via_upstream - "-" "#),
        Just(r#"  "" "#),
        Just(r#"upstream_reset{a,b:_111} - "TLS_error: bad cert" "#),
        Just(r#""-" "a b" "#),
        Just(r#""-" "#),
    ];
    let tail = prop_oneof![
        Just("outbound|443||a.test 10.0.0.1:1 203.0.113.1:443 10.0.0.2:5 a.test default"),
        Just("PassthroughCluster - 203.0.113.1:443 10.66.0.6:0 - allow_any"),
        Just("     "),
        Just("- - 203.0.113.1:443 [2001:db8::7]:0 -"),
    ];
    let counts = (0_u64..1_000_000, any::<u32>());
    let time = prop_oneof![
        Just("2026-11-23T01:58:00.996Z"),
        Just("1795399080"),
        Just("1795399080.123456")
    ];
    let prefix = prop_oneof![4 => Just(""), 1 => Just("ACCESS ")];
    ((prefix, time, request, middle, tail), counts, (agent(), agent(), agent()), host(), upstream()).prop_map(
        |((prefix, time, request, middle, tail), (rx, tx), (xff, agent, id), authority, upstream)| {
            let bare = if middle.is_empty() { String::new() } else { format!(" {tail}") };
            let text = format!(
                "{prefix}[{time}] \"{request}\" 200 UF,URX {middle}{rx} {tx} 5 - \"{xff}\" \"{agent}\" \"{id}\" \"{authority}\" \"{upstream}\"{bare}"
            );
            Line { text, authority, upstream }
        },
    )
}

fn damaged() -> impl Strategy<Value = String> {
    let damage = prop::collection::vec((any::<prop::sample::Index>(), "[ -~\\x00é]|"), 1..4);
    (line(), damage).prop_map(|(line, damage)| {
        let mut chars: Vec<char> = line.text.chars().collect();
        for (at, with) in damage {
            if !chars.is_empty() {
                let at = at.index(chars.len());
                chars.splice(at..=at, with.chars());
            }
        }
        chars.into_iter().collect()
    })
}

fn forced() -> Options {
    Options {
        kind: Some("envoy-text".to_owned()),
        ..Options::default()
    }
}

proptest! {
    #[test]
    fn no_client_can_forge_a_destination(line in line()) {
        let found = collect(line.text.as_bytes(), &forced());
        prop_assert_eq!(found.records.len(), 1, "{:?}", found.counters);
        let record = &found.records[0];
        prop_assert_eq!(&record["authority"], &json!(text(&line.authority)));
        prop_assert_eq!(&record["upstream_host"], &json!(socket(&line.upstream)));
    }

    #[test]
    fn records_and_reasons_are_those_of_the_obvious_reader(
        line in prop_oneof![line().prop_map(|line| line.text), damaged()]
    ) {
        let found = collect(line.as_bytes(), &forced());
        match read(&line) {
            Ok(mut expected) => {
                expected["line"] = json!(1);
                prop_assert_eq!(&found.records, &[expected], "{:?}", found.counters);
            }
            Err(_) if line.is_empty() => prop_assert_eq!(found.counters.lines, 0),
            Err(reason) => prop_assert_eq!(found.set_aside(reason), 1, "{:?}, not {}", found.counters, reason),
        }
    }
}
