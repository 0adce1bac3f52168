//! Reads one JSON object of a DNS log and keeps the values that a record needs.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::de::DeserializeSeed;

use super::dns_value::{self, Part};
use super::flow_text::ip;
use crate::printable;
use crate::record::DnsRecord;
use member::Member;

mod member;

/// Where in an object a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The object itself.
    Top,
    Time,
    Source,
    Name,
    Type,
    Rcode,
    Vpc,
    Instance,
    /// An object that may hold the instance.
    SourceIds,
    /// A text with addresses, or a list of [`Place::Answer`].
    Answers,
    /// A text with addresses, or an object of the two below.
    Answer,
    AnswerData,
    AnswerType,
}

/// What the keys of the object itself hold.
pub(super) type Keys = fn(&str) -> Option<Place>;

/// A value as the log writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Value<'de> {
    #[default]
    Missing,
    Unset,
    Text(Cow<'de, str>),
    Count(u64),
    /// A truth value, a list, an object, a negative number.
    Other,
}

/// The values of one object. Of a key that stands twice the last counts.
#[derive(Debug)]
pub(super) struct Found<'de, 'b> {
    time: Value<'de>,
    source: Value<'de>,
    name: Value<'de>,
    query_type: Value<'de>,
    rcode: Value<'de>,
    vpc: Value<'de>,
    instance: Value<'de>,
    /// Kept between objects, so that nothing is allocated for each.
    addresses: &'b mut Vec<IpAddr>,
    aliases: Vec<Cow<'de, str>>,
    /// An answer that is neither an address nor a name.
    broken: Option<Value<'de>>,
    answer_type: Value<'de>,
    answer_data: Value<'de>,
}

/// Reads a line that is one JSON object and nothing else.
pub(super) fn read<'de, 'b>(
    line: &'de [u8],
    keys: Keys,
    addresses: &'b mut Vec<IpAddr>,
) -> Result<Found<'de, 'b>, serde_json::Error> {
    let mut found = Found::new(addresses);
    let mut json = serde_json::Deserializer::from_slice(line);
    Member {
        place: Place::Top,
        keys,
        found: &mut found,
    }
    .deserialize(&mut json)?;
    json.end()?;
    Ok(found)
}

impl<'de, 'b> Found<'de, 'b> {
    fn new(addresses: &'b mut Vec<IpAddr>) -> Self {
        addresses.clear();
        Found {
            time: Value::Missing,
            source: Value::Missing,
            name: Value::Missing,
            query_type: Value::Missing,
            rcode: Value::Missing,
            vpc: Value::Missing,
            instance: Value::Missing,
            addresses,
            aliases: Vec::new(),
            broken: None,
            answer_type: Value::Missing,
            answer_data: Value::Missing,
        }
    }

    /// Whether the object is meant to be a record: it has two of the three keys that every record has.
    pub(super) fn is_meant(&self) -> bool {
        let needed = [&self.time, &self.source, &self.name];
        needed.iter().filter(|value| ***value != Value::Missing).count() > 1
    }

    /// The record that the values make, or the first part that is wrong.
    pub(super) fn record(&self) -> Result<DnsRecord<'_>, Part> {
        let time = match &self.time {
            Value::Text(text) => dns_value::time(text.as_bytes()),
            Value::Count(seconds) => dns_value::time(seconds.to_string().as_bytes()),
            _ => None,
        };
        let time = time.ok_or(Part::Time)?;
        let source = ip(self.source.text().as_bytes()).ok_or(Part::Source)?;
        let name = self.name.text();
        if name.is_empty() {
            return Err(Part::Name);
        }
        if self.broken.is_some() {
            return Err(Part::Answers);
        }
        Ok(DnsRecord {
            time,
            source,
            vpc: Cow::Borrowed(self.vpc.text()),
            instance: Cow::Borrowed(self.instance.text()),
            name: Cow::Borrowed(name),
            query_type: Cow::Borrowed(self.query_type.text()),
            rcode: Cow::Borrowed(self.rcode.text()),
            addresses: self.addresses.as_slice(),
            aliases: &self.aliases,
        })
    }

    /// What stands in a part, safe to print.
    pub(super) fn shown(&self, part: Part) -> String {
        let value = match part {
            Part::Time => &self.time,
            Part::Source => &self.source,
            Part::Name => &self.name,
            Part::Answers => self.broken.as_ref().unwrap_or(&Value::Missing),
        };
        match value {
            Value::Missing => "nothing".to_owned(),
            Value::Unset => "null".to_owned(),
            Value::Text(text) => printable::quoted(text.as_bytes()),
            Value::Count(count) => count.to_string(),
            Value::Other => "another kind of value".to_owned(),
        }
    }

    fn put(&mut self, place: Place, value: Value<'de>) {
        match place {
            Place::Time => self.time = value,
            Place::Source => self.source = value,
            Place::Name => self.name = value,
            Place::Type => self.query_type = value,
            Place::Rcode => self.rcode = value,
            Place::Vpc => self.vpc = value,
            Place::Instance => self.instance = value,
            Place::SourceIds => self.instance = Value::Missing,
            Place::Answers if value == Value::Unset => self.no_answers(),
            Place::Answers => {
                self.no_answers();
                self.answer(value);
            }
            Place::Answer => self.answer(value),
            Place::AnswerData => self.answer_data = value,
            Place::AnswerType => self.answer_type = value,
            Place::Top => {}
        }
    }

    fn no_answers(&mut self) {
        self.addresses.clear();
        self.aliases.clear();
        self.broken = None;
    }

    /// Answers written as a text.
    fn answer(&mut self, value: Value<'de>) {
        let read = match &value {
            Value::Text(text) => dns_value::answers(text, self.addresses, &mut self.aliases),
            _ => false,
        };
        if !read {
            self.broken = Some(value);
        }
    }

    /// An answer written as an object: an address or another name by its type, or a record that is neither.
    fn typed_answer(&mut self) {
        let data = std::mem::take(&mut self.answer_data);
        let address = ip(data.text().as_bytes());
        match (self.answer_type.text(), address, data) {
            ("A", Some(address @ IpAddr::V4(_)), _) | ("AAAA", Some(address @ IpAddr::V6(_)), _) => {
                self.addresses.push(address);
            }
            ("CNAME", _, Value::Text(alias)) => self.aliases.push(alias),
            ("A" | "AAAA" | "CNAME", _, data) => self.broken = Some(data),
            _ => {}
        }
        self.answer_type = Value::Missing;
    }
}

impl Value<'_> {
    /// The text, empty where there is none.
    fn text(&self) -> &str {
        match self {
            Value::Text(text) => text,
            _ => "",
        }
    }
}
