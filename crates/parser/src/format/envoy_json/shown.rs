//! A JSON line in full: every key, by the name of the operator that it was defined with where that is known.

use serde_json::{Map, Value};

use super::keys::{Keys, Level, common};
use crate::format::envoy_format::operator::Class;
use crate::format::envoy_format::slot::Slot;
use crate::format::envoy_value::decimal;

/// One value, and what it may be called.
struct Member {
    /// Its keys, joined by dots.
    path: String,
    /// The field that it would be, and how well.
    field: Option<(String, u8)>,
    class: Class,
    value: Value,
}

/// Every value of the line.
pub(super) fn fields(line: &[u8], keys: &Keys) -> Map<String, Value> {
    let Ok(object) = serde_json::from_slice::<Map<String, Value>>(line) else {
        return Map::new();
    };
    let mut members = Vec::new();
    collect(object, "", keys, &mut members);
    // Envoys of old wrote every value as a string, and `-` for none.
    let typed = members
        .iter()
        .any(|member| member.value.is_null() || member.value.is_number());
    let best = |field: &str, rank: u8, at: usize| {
        !members.iter().enumerate().any(|(other, member)| {
            let other_rank = member
                .field
                .as_ref()
                .filter(|(name, _)| name == field)
                .map(|(_, rank)| *rank);
            other_rank.is_some_and(|other_rank| (other_rank, other) < (rank, at))
        })
    };
    let names: Vec<String> = members
        .iter()
        .enumerate()
        .map(|(at, member)| match &member.field {
            Some((field, rank)) if best(field, *rank, at) => field.clone(),
            _ => member.path.clone(),
        })
        .collect();
    names
        .into_iter()
        .zip(members)
        .map(|(name, member)| (name, value(member.value, member.class, typed)))
        .collect()
}

fn collect(object: Map<String, Value>, above: &str, keys: &Keys, members: &mut Vec<Member>) {
    for (key, value) in object {
        let path = if above.is_empty() {
            key.clone()
        } else {
            format!("{above}.{key}")
        };
        let (field, class) = name(&path, above.is_empty().then_some(&key), keys);
        match value {
            Value::Object(below) if !below.is_empty() => collect(below, &path, keys, members),
            value => members.push(Member {
                path,
                field,
                class,
                value,
            }),
        }
    }
}

fn name(path: &str, key: Option<&String>, keys: &Keys) -> (Option<(String, u8)>, Class) {
    if let Level::Given(_) = keys.top() {
        return match keys.meaning(path) {
            Some(meaning) => {
                let rank = meaning.target.map_or(0, |target| target.rank);
                (Some((meaning.field.clone(), rank)), meaning.class)
            }
            None => (None, Class::Free),
        };
    }
    let Some(key) = key else {
        return (None, Class::Free);
    };
    if let Some(target) = common(key).filter(|target| target.slot != Slot::Identity) {
        let class = match target.slot {
            Slot::ResponseCode | Slot::BytesReceived | Slot::BytesSent | Slot::ConnectionId => Class::Count,
            _ => Class::Word,
        };
        return (Some((target.slot.field().to_owned(), target.rank)), class);
    }
    match beside_a_record(key) {
        Some((field, class)) => (Some((field.to_owned(), 0)), class),
        None => (None, Class::Free),
    }
}

/// Common keys of what a record has no place for.
fn beside_a_record(key: &str) -> Option<(&'static str, Class)> {
    let letters: String = key.chars().filter(char::is_ascii_alphanumeric).collect();
    let field = match letters.to_ascii_lowercase().as_str() {
        "path" | "requestpath" | "xenvoyoriginalpath" => ("path", Class::Free),
        "duration" => ("duration", Class::Count),
        "upstreamservicetime" | "xenvoyupstreamservicetime" => ("upstream_service_time", Class::Count),
        "xforwardedfor" => ("x_forwarded_for", Class::Free),
        "useragent" => ("user_agent", Class::Free),
        "requestid" | "xrequestid" => ("request_id", Class::Free),
        "connectionterminationdetails" => ("connection_termination_details", Class::Word),
        "upstreamtransportfailurereason" => ("upstream_transport_failure_reason", Class::Word),
        _ => return None,
    };
    Some(field)
}

fn value(value: Value, class: Class, typed: bool) -> Value {
    match value {
        Value::String(text) if text == "-" && !(typed && class == Class::Free) => Value::Null,
        Value::String(text) if class == Class::Count => match decimal(text.as_bytes()) {
            Some(count) => count.into(),
            None => Value::String(text),
        },
        value => value,
    }
}
