//! Envoy's JSON against a reader that takes the whole line in with another library.

use std::net::SocketAddr;

use egressmap_parser::Options;
use proptest::prelude::{Just, Strategy, any, prop};
use proptest::{prop_assert_eq, prop_oneof, proptest};
use serde_json::{Map, Value, json};

use crate::collected::collect;
use crate::envoy_oracle::{seconds, socket};

/// App Mesh's names and Istio's, each with the record's field.
const KEYS: [(&str, &str); 22] = [
    ("startTime", "start"),
    ("start_time", "start"),
    ("method", "method"),
    ("authority", "authority"),
    ("requested_server_name", "sni"),
    ("protocol", "protocol"),
    ("response_code", "response_code"),
    ("responseCode", "response_code"),
    ("response_flags", "response_flags"),
    ("responseFlags", "response_flags"),
    ("response_code_details", "response_code_details"),
    ("route_name", "route_name"),
    ("upstream_cluster", "upstream_cluster"),
    ("upstream_host", "upstream_host"),
    ("downstream_local_address", "downstream_local"),
    ("downstream_remote_address", "downstream_remote"),
    ("bytes_received", "bytes_received"),
    ("bytesReceived", "bytes_received"),
    ("bytes_sent", "bytes_sent"),
    ("userAgent", ""),
    ("timing", ""),
    ("path", ""),
];

/// The record of a line; `Err`: why there is none, or `None` where the library says that it is no JSON.
#[expect(clippy::too_many_lines, reason = "a key after the other, as obvious as can be")]
fn read(line: &str) -> Result<Value, Option<&'static str>> {
    let object: Map<String, Value> = serde_json::from_str(line).map_err(|_| None)?;
    let letters = |key: &str| -> String {
        let letters = key.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|c| c.to_ascii_lowercase()).collect()
    };
    let value = |field: &str| {
        let wanted: Vec<String> = KEYS
            .iter()
            .filter(|(_, of)| *of == field)
            .map(|(key, _)| letters(key))
            .collect();
        object
            .iter()
            .find(|(key, _)| wanted.contains(&letters(key)))
            .map(|(_, value)| value)
    };
    let of_a_proxy = [
        "sni",
        "response_flags",
        "upstream_cluster",
        "upstream_host",
        "downstream_local",
        "downstream_remote",
    ];
    if value("start").is_none() || !of_a_proxy.iter().any(|field| value(field).is_some()) {
        return Err(Some("not-access-log"));
    }
    let text = |field| {
        value(field)
            .and_then(Value::as_str)
            .filter(|text| !["", "-"].contains(text))
    };
    let count = |field, reason| match value(field) {
        None | Some(Value::Null) => Ok(0),
        Some(Value::String(text)) if ["", "-"].contains(&text.as_str()) => Ok(0),
        Some(Value::String(text)) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            text.parse().map_err(|_| Some(reason))
        }
        Some(value) => value.as_u64().ok_or(Some(reason)),
    };
    let start = text("start").and_then(seconds).ok_or(Some("malformed:start_time"))?;
    let end = |field| text(field).and_then(socket);
    let peer = |field| {
        let text = text(field)?;
        socket(text).or_else(|| Some(SocketAddr::new(text.parse().ok()?, 0).to_string()))
    };
    let code = count("response_code", "malformed:response_code")?;
    if code > u64::from(u16::MAX) {
        return Err(Some("malformed:response_code"));
    }
    Ok(json!({
        "line": 1,
        "start": start,
        "method": text("method"),
        "authority": text("authority"),
        "sni": text("sni"),
        "protocol": text("protocol"),
        "response_code": code,
        "response_flags": text("response_flags"),
        "response_code_details": text("response_code_details"),
        "route_name": text("route_name"),
        "upstream_cluster": text("upstream_cluster"),
        "upstream_host": end("upstream_host"),
        "downstream_local": end("downstream_local"),
        "downstream_remote": peer("downstream_remote"),
        "downstream_direct_remote": Value::Null,
        "bytes_received": count("bytes_received", "malformed:bytes_received")?,
        "bytes_sent": count("bytes_sent", "malformed:bytes_sent")?,
    }))
}

fn value(field: &'static str) -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[a-z.:|]{1,12}".prop_map(Value::from),
        "[ -~é\\t\"\\\\/<\u{2028}]{0,12}".prop_map(Value::from),
        Just(json!("-")),
        Just(Value::Null),
    ];
    match field {
        "start" => Just(json!("2026-11-23T01:58:00.996Z")).boxed(),
        "response_code" | "bytes_received" | "bytes_sent" => prop_oneof![
            (0_u64..60_000).prop_map(Value::from),
            (0_u64..60_000).prop_map(|count| count.to_string().into()),
            Just(json!("-")),
            Just(Value::Null),
        ]
        .boxed(),
        "upstream_host" | "downstream_local" | "downstream_remote" => prop_oneof![
            any::<(u32, u16)>()
                .prop_map(|(host, port)| json!(SocketAddr::new(host.to_be_bytes().into(), port).to_string())),
            any::<(u128, u16)>()
                .prop_map(|(host, port)| json!(SocketAddr::new(host.to_be_bytes().into(), port).to_string())),
            Just(Value::Null),
        ]
        .boxed(),
        "" => prop_oneof![
            text,
            Just(json!({"a": [1, {"authority": "x"}, "}]"], "b": -1.5e3})),
            Just(json!([[]]))
        ]
        .boxed(),
        _ => text.boxed(),
    }
}

/// Objects with some of the keys, in any order, with and without spaces.
fn line() -> impl Strategy<Value = String> {
    let keys = prop::sample::subsequence(KEYS.to_vec(), 0..=KEYS.len()).prop_shuffle();
    let members = keys.prop_flat_map(|keys| {
        let members: Vec<_> = keys
            .into_iter()
            .map(|(key, field)| value(field).prop_map(move |value| (key, value)))
            .collect();
        members
    });
    let space = prop::sample::select(vec!["", " ", "  "]);
    (members, space).prop_map(|(members, space)| {
        let mut seen = Vec::new();
        let mut written = Vec::new();
        for (key, value) in members {
            let field = KEYS
                .iter()
                .find(|(known, _)| *known == key)
                .map_or("", |(_, field)| field);
            if field.is_empty() || !seen.contains(&field) {
                seen.push(field);
                written.push(format!("{space}\"{key}\"{space}:{space}{value}{space}"));
            }
        }
        format!("{{{}}}", written.join(","))
    })
}

fn damaged() -> impl Strategy<Value = String> {
    let damage = prop::collection::vec((any::<prop::sample::Index>(), "[ -~é]|"), 0..3);
    (line(), damage).prop_map(|(line, damage)| {
        let mut chars: Vec<char> = line.chars().collect();
        for (at, with) in damage {
            let at = at.index(chars.len().max(1));
            if at < chars.len() {
                chars.splice(at..=at, with.chars());
            }
        }
        chars.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn objects_are_read_as_another_library_does(lines in prop::collection::vec(damaged(), 1..4)) {
        let options = Options { kind: Some("envoy-json".to_owned()), ..Options::default() };
        // Lines before this one leave their keys behind.
        for (at, line) in lines.iter().enumerate() {
            let found = collect(lines[..=at].join("\n").as_bytes(), &options);
            let mine = |record: &&Value| record["line"] == json!(at + 1);
            let record = found.records.iter().find(mine).cloned().map(|mut record| { record["line"] = json!(1); record });
            match read(line) {
                // Another line of the same connection may stand for it.
                Ok(expected) if expected["protocol"].is_null() && expected["method"].is_null() => {
                    let alone = collect(line.as_bytes(), &options);
                    prop_assert_eq!(alone.records, vec![expected]);
                }
                Ok(expected) => prop_assert_eq!(record, Some(expected), "{}", line),
                Err(Some(reason)) => {
                    prop_assert_eq!(record, None, "{}", line);
                    prop_assert_eq!(collect(line.as_bytes(), &options).set_aside(reason), 1, "{}", line);
                }
                Err(None) => {}
            }
        }
    }
}
