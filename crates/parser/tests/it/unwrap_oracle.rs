//! Deliveries against slow and obvious readers: the same lines at the same places, on whole and on damaged input.

#![expect(clippy::string_slice, reason = "the texts are cut where they are ASCII")]

use std::collections::BTreeMap;

use egressmap_parser::Options;
use proptest::prelude::{Just, Strategy, any, prop};
use proptest::{prop_assert_eq, prop_oneof, proptest};
use serde_json::{Value, json};

use crate::collected::collect;

/// Rows, each with a number of its own, and what else a log of them may hold.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => (0..60_000_u32).prop_map(row),
        1 => Just("2 111122223333 eni-0a1b2c3d - - - - - - - 1790000010 1790000070 - NODATA".to_owned()),
        1 => prop::sample::select(vec!["", "# x", "what", "a \"b\" \\ é \u{1F600}\t", "}{", "{\"a\":1}"]).prop_map(str::to_owned),
    ]
}

fn row(number: u32) -> String {
    format!("2 111122223333 eni-0a1b2c3d 10.0.1.5 203.0.113.10 1024 443 6 1 {number} 1790000010 1790000070 ACCEPT OK")
}

/// What is expected of an object: its lines without what carried them, each at its place, and those of the delivery.
#[derive(Debug, Default)]
struct Expected {
    lines: Vec<(u64, String)>,
    set_aside: BTreeMap<&'static str, u64>,
}

impl Expected {
    fn aside(&mut self, reason: &'static str) {
        *self.set_aside.entry(reason).or_default() += 1;
    }

    /// A message, which may be several lines.
    fn add(&mut self, line: u64, said: &str) {
        if said.is_empty() {
            self.lines.push((line, String::new()));
        }
        for said in said.split_terminator('\n') {
            self.lines
                .push((line, said.strip_suffix('\r').unwrap_or(said).to_owned()));
        }
    }

    /// Compares with what the parser makes of the object.
    fn check(&self, object: &[u8]) -> Result<(), proptest::test_runner::TestCaseError> {
        let bare: String = self.lines.iter().map(|(_, line)| format!("{line}\n")).collect();
        let mut bare = collect(bare.as_bytes(), &Options::default());
        for record in &mut bare.records {
            let index = usize::try_from(record["line"].as_u64().unwrap()).unwrap() - 1;
            record["line"] = json!(self.lines[index].0);
        }
        let mut set_aside = bare.counters.set_aside.clone();
        for (reason, count) in &self.set_aside {
            *set_aside.entry(reason).or_default() += count;
        }
        let mut found = collect(object, &Options::default());
        for record in &mut found.records {
            record.as_object_mut().unwrap().remove("origin");
        }
        // Records of one line come in batches, the unusual ones between them.
        for records in [&mut bare.records, &mut found.records] {
            records.sort_by_cached_key(Value::to_string);
        }
        let text = String::from_utf8_lossy(object);
        prop_assert_eq!(&found.counters.set_aside, &set_aside, "{}", &text);
        prop_assert_eq!(&found.records, &bare.records, "{}", &text);
        Ok(())
    }
}

/// JSON objects one after the other, read with a library that builds all of them.
fn naive(object: &str) -> Expected {
    let mut expected = Expected::default();
    let (mut line, mut is_empty) = (1, true);
    let mut rest = object;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r']);
        if let Some(next) = rest.strip_prefix('\n') {
            if is_empty {
                expected.lines.push((line, String::new()));
            }
            (rest, line, is_empty) = (next, line + 1, true);
            continue;
        }
        if rest.is_empty() {
            return expected;
        }
        is_empty = false;
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        let value = if rest.starts_with('{') { values.next() } else { None };
        let Some(Ok(value)) = value else {
            let from = usize::from(rest.starts_with('{'));
            let until = rest.find('\n').unwrap_or(rest.len());
            let until = rest[from..until].find("{\"messageType\"").map_or(until, |at| at + from);
            if from == 1 {
                expected.aside("malformed:json");
            } else {
                let text = rest[..until].strip_suffix('\r').unwrap_or(&rest[..until]);
                expected.lines.push((line, text.to_owned()));
            }
            rest = &rest[until..];
            continue;
        };
        let (text, next) = rest.split_at(values.byte_offset());
        naive_value(&value, text, line, &mut expected);
        for _ in text.matches('\n') {
            line += 1;
            expected.aside("continued");
        }
        rest = next;
    }
}

fn naive_value(value: &Value, text: &str, line: u64, expected: &mut Expected) {
    if value["messageType"] == "CONTROL_MESSAGE" && value.get("logEvents").is_some() {
        return expected.aside("control-message");
    }
    if let (Some(events), true) = (value["logEvents"].as_array(), value.get("messageType").is_some()) {
        if events.is_empty() {
            expected.aside("no-events");
        }
        for event in events {
            match event["message"].as_str() {
                Some(message) => expected.add(line, message),
                None => expected.aside("malformed:event"),
            }
        }
        return;
    }
    let strings: Vec<_> = ["log", "message", "msg"]
        .iter()
        .filter_map(|key| value[*key].as_str())
        .collect();
    let certain =
        value.get("container_id").is_some() || value["container_name"].as_str().is_some_and(|name| !name.is_empty());
    match strings[..] {
        [said] if certain || said.split_terminator('\n').next().is_some_and(is_known) => expected.add(line, said),
        _ => expected.lines.push((line, text.replace(['\n', '\r'], " "))),
    }
}

/// Whether a line alone is of a known log.
fn is_known(line: &str) -> bool {
    let alone = collect(line.as_bytes(), &Options::default());
    alone.counters.used() + alone.set_aside("nodata") > 0
}

/// An object of the kinds that are delivered, with or without white space.
fn object() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        4 => prop::collection::vec(prop::collection::vec(line(), 1..3), 0..4).prop_map(|messages| {
            let events: Vec<_> = messages.iter().map(|lines| json!({"id": "1", "timestamp": 0, "message": lines.join("\n")})).collect();
            json!({"messageType": "DATA_MESSAGE", "logGroup": "g", "logStream": "s", "logEvents": events})
        }),
        1 => Just(json!({"messageType": "CONTROL_MESSAGE", "logEvents": [{"message": "x"}]})),
        3 => line().prop_map(|line| json!({"container_name": "envoy", "log": line, "source": "stdout"})),
        2 => line().prop_map(|line| json!({"level": "info", "msg": line, "more": [1, {"a": "}"}]})),
        1 => Just(json!({"a": 1, "log": "x", "msg": "y"})),
    ];
    (value, any::<bool>()).prop_map(|(value, pretty)| {
        if pretty {
            serde_json::to_string_pretty(&value).unwrap()
        } else {
            value.to_string()
        }
    })
}

/// Objects that touch or do not, behind an envelope that tells what they are.
fn objects() -> impl Strategy<Value = String> {
    let between = prop::sample::select(vec!["", "", "\n", " ", "\r\n", "\n\n", "\t"]);
    prop::collection::vec((object(), between), 0..6)
        .prop_map(|objects| objects.into_iter().map(|(object, between)| object + between).collect())
}

fn first() -> String {
    let events = [json!({"id": "1", "timestamp": 0, "message": row(0)})];
    json!({"messageType": "DATA_MESSAGE", "logGroup": "g", "logStream": "s", "logEvents": events}).to_string()
}

/// Characters changed, cut out and doubled; what they are changed to is what JSON is made of.
fn damaged() -> impl Strategy<Value = String> {
    let change = (
        any::<prop::sample::Index>(),
        0..3_u8,
        prop::sample::select(br#"{}[]",:\ ax"#.to_vec()),
        0..80_usize,
    );
    (objects(), prop::collection::vec(change, 1..4)).prop_map(|(text, changes)| {
        let mut text: Vec<char> = text.chars().collect();
        for (at, what, to, length) in changes {
            let at = at.index(text.len() + 1);
            let end = (at + length).min(text.len());
            match what {
                0 => text.insert(at, to.into()),
                1 => drop(text.drain(at..end)),
                _ => {
                    let again = text[at..end].to_vec();
                    text.splice(at..at, again);
                }
            }
        }
        text.into_iter().collect()
    })
}

/// How a line is split into parts, as a container runtime would.
fn parts(line: &str, splits: &[prop::sample::Index]) -> Vec<String> {
    let characters: Vec<char> = line.chars().collect();
    let mut at: Vec<usize> = splits.iter().map(|split| split.index(characters.len() + 1)).collect();
    at.extend([0, characters.len()]);
    at.sort_unstable();
    at.windows(2)
        .map(|ends| characters[ends[0]..ends[1]].iter().collect())
        .collect()
}

proptest! {
    #[test]
    fn objects_deliver_what_the_obvious_reader_finds(objects in objects()) {
        let text = first() + &objects;
        naive(&text).check(text.as_bytes())?;
    }

    #[test]
    fn damaged_objects_deliver_what_the_obvious_reader_finds(objects in damaged()) {
        let text = first() + "\n" + &objects;
        naive(&text).check(text.as_bytes())?;
    }

    #[test]
    fn lines_behind_a_time_are_those_without_it(
        lines in prop::collection::vec((line(), 1_000_000_000_000..2_000_000_000_000_i64), 0..8),
        milliseconds in any::<bool>(),
    ) {
        let mut expected = Expected::default();
        let mut object = String::new();
        for (number, (line, at)) in (1..).zip([(row(0), 1_500_000_000_000)].into_iter().chain(lines)) {
            let time = if milliseconds { at.to_string() } else { jiff::Timestamp::from_millisecond(at).unwrap().to_string() };
            object.push_str(&format!("{time} {line}\n"));
            expected.lines.push((number, line));
        }
        expected.check(object.as_bytes())?;
    }

    #[test]
    fn parts_of_lines_of_two_streams_are_joined(
        lines in prop::collection::vec((line(), prop::collection::vec(any::<prop::sample::Index>(), 0..4), any::<bool>()), 1..8),
        turns in prop::collection::vec(any::<bool>(), 40),
    ) {
        // What is left to write of each stream: its tag and text.
        let mut streams: [Vec<(char, String)>; 2] = Default::default();
        let first = (row(0), vec![], false);
        for (line, splits, stream) in std::iter::once(first.clone()).chain(lines) {
            let parts = parts(&line, &splits);
            let last = parts.len() - 1;
            let tagged = parts.into_iter().enumerate().map(|(at, part)| (if at == last { 'F' } else { 'P' }, part));
            streams[usize::from(stream)].extend(tagged);
        }
        let mut expected = Expected::default();
        let mut object = String::new();
        let mut held = [String::new(), String::new()];
        let mut turns = std::iter::once(false).chain(turns).cycle();
        let mut number = 0;
        while streams.iter().any(|stream| !stream.is_empty()) {
            let turn = usize::from(turns.next().unwrap());
            let turn = if streams[turn].is_empty() { 1 - turn } else { turn };
            let (tag, part) = streams[turn].remove(0);
            number += 1;
            object.push_str(&format!("2026-04-05T10:47:35.1Z {} {tag} {part}\n", ["stdout", "stderr"][turn]));
            held[turn].push_str(&part);
            if tag == 'F' {
                expected.lines.push((number, std::mem::take(&mut held[turn])));
            } else {
                expected.aside("continued");
            }
        }
        expected.check(object.as_bytes())?;
    }
}
