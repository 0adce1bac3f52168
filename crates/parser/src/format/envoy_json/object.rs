//! Reads one JSON object and keeps the values that its keys are wanted for.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::fault::Fault;
use super::keys::{Hit, Keys, Level};
use super::slot::{SLOTS, Slot, Target};
use crate::format::envoy_value;
use crate::record::AccessRecord;

/// A value as Envoy wrote it, typed or as a string.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Value<'de> {
    /// The key is not there: Envoy leaves it out under `omit_empty_values`.
    #[default]
    Missing,
    Unset,
    Text(Cow<'de, str>),
    Count(u64),
    /// A truth value, a list, an object, a negative or broken number.
    Other,
}

/// The wanted values of one object.
#[derive(Debug, Default)]
pub(super) struct Found<'de> {
    values: [Kept<'de>; SLOTS],
}

/// The best value for a slot so far.
#[derive(Debug, Default)]
struct Kept<'de> {
    value: Value<'de>,
    rank: u8,
    /// Whether the object has the slot's key of the first rank, even if that is not where the value stood.
    by_full_name: bool,
}

impl Value<'_> {
    /// Whether it is written that there is none.
    fn is_unset(&self) -> bool {
        match self {
            Value::Unset => true,
            Value::Text(text) => matches!(text.as_ref(), "" | "-"),
            Value::Missing | Value::Count(_) | Value::Other => false,
        }
    }
}

/// Reads a line that is one JSON object and nothing else.
pub(super) fn read<'de>(line: &'de [u8], keys: &Keys) -> Result<Found<'de>, serde_json::Error> {
    let mut found = Found::default();
    let mut json = serde_json::Deserializer::from_slice(line);
    Object {
        level: keys.top(),
        found: &mut found,
    }
    .deserialize(&mut json)?;
    json.end()?;
    Ok(found)
}

impl<'de> Found<'de> {
    /// How many slots have a key in the object.
    pub(super) fn present(&self) -> usize {
        self.values.iter().filter(|kept| kept.value != Value::Missing).count()
    }

    /// Whether one of them is found in the logs of a proxy and nowhere else, by its full name.
    pub(super) fn is_of_a_proxy(&self) -> bool {
        Slot::OF_A_PROXY
            .iter()
            .any(|slot| self.values[slot.index()].by_full_name)
    }

    /// Whether the slot has a key in the object.
    pub(super) fn has(&self, slot: Slot) -> bool {
        *self.value(slot) != Value::Missing
    }

    fn value(&self, slot: Slot) -> &Value<'de> {
        &self.values[slot.index()].value
    }

    /// Keeps a value if it is better than the one kept: one that is set before one that is not, then by rank.
    fn keep(&mut self, target: Target, value: Value<'de>) {
        let cut = matches!((&value, target.limit), (Value::Text(text), Some(limit)) if text.len() >= limit);
        let value = if cut { Value::Unset } else { value };
        let kept = &mut self.values[target.slot.index()];
        kept.by_full_name |= target.rank == 0;
        if kept.value == Value::Missing || (value.is_unset(), target.rank) <= (kept.value.is_unset(), kept.rank) {
            (kept.value, kept.rank) = (value, target.rank);
        }
    }

    /// The record that the values make.
    pub(super) fn record(&self) -> Result<AccessRecord<'_>, Fault<'_, 'de>> {
        let start = match self.value(Slot::StartTime) {
            Value::Text(text) => envoy_value::start_time(text.as_bytes()),
            Value::Count(seconds) => envoy_value::start_time(seconds.to_string().as_bytes()),
            _ => None,
        };
        let code = self.count(Slot::ResponseCode)?;
        Ok(AccessRecord {
            start: start.ok_or_else(|| self.fault(Slot::StartTime))?,
            method: self.text(Slot::Method),
            authority: self.text(Slot::Authority),
            sni: self.text(Slot::Sni),
            protocol: self.text(Slot::Protocol),
            response_code: u16::try_from(code).map_err(|_| self.fault(Slot::ResponseCode))?,
            response_flags: self.text(Slot::ResponseFlags),
            response_code_details: self.text(Slot::ResponseCodeDetails),
            route_name: self.text(Slot::RouteName),
            upstream_cluster: self.text(Slot::UpstreamCluster),
            upstream_host: self.socket(Slot::UpstreamHost, envoy_value::socket),
            downstream_local: self.socket(Slot::DownstreamLocal, envoy_value::socket),
            downstream_remote: self.socket(Slot::DownstreamRemote, envoy_value::peer),
            downstream_direct_remote: self.socket(Slot::DownstreamDirectRemote, envoy_value::peer),
            bytes_received: self.count(Slot::BytesReceived)?,
            bytes_sent: self.count(Slot::BytesSent)?,
        })
    }

    fn fault(&self, slot: Slot) -> Fault<'_, 'de> {
        Fault {
            slot,
            found: self.value(slot),
        }
    }

    fn text(&self, slot: Slot) -> Option<Cow<'_, str>> {
        match self.value(slot) {
            value @ Value::Text(text) if !value.is_unset() => Some(Cow::Borrowed(text)),
            _ => None,
        }
    }

    fn socket(&self, slot: Slot, parse: fn(&[u8]) -> Option<SocketAddr>) -> Option<SocketAddr> {
        match self.value(slot) {
            Value::Text(text) => parse(text.as_bytes()),
            _ => None,
        }
    }

    fn count(&self, slot: Slot) -> Result<u64, Fault<'_, 'de>> {
        match self.value(slot) {
            Value::Missing | Value::Unset => Some(0),
            Value::Count(count) => Some(*count),
            Value::Text(text) => envoy_value::count(text.as_bytes()),
            Value::Other => None,
        }
        .ok_or_else(|| self.fault(slot))
    }
}

/// An object at some level of nesting.
struct Object<'k, 'f, 'de> {
    level: Level<'k>,
    found: &'f mut Found<'de>,
}

impl<'de> DeserializeSeed<'de> for Object<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(hit) = map.next_key_seed(Key { level: self.level })? {
            match hit {
                Some(hit) => map.next_value_seed(Member { hit, found: self.found })?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// A key, looked up without keeping it.
struct Key<'k> {
    level: Level<'k>,
}

impl<'de, 'k> DeserializeSeed<'de> for Key<'k> {
    type Value = Option<Hit<'k>>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'k> Visitor<'_> for Key<'k> {
    type Value = Option<Hit<'k>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.level.find(key))
    }
}

/// The value of a wanted key.
struct Member<'k, 'f, 'de> {
    hit: Hit<'k>,
    found: &'f mut Found<'de>,
}

impl<'de> Member<'_, '_, 'de> {
    fn keep(self, value: Value<'de>) {
        if let Some(target) = self.hit.target {
            self.found.keep(target, value);
        }
    }
}

impl<'de> DeserializeSeed<'de> for Member<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Member<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<(), E> {
        self.keep(if text == "-" {
            Value::Unset
        } else {
            Value::Text(Cow::Borrowed(text))
        });
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.keep(Value::Text(Cow::Owned(text.to_owned())));
        Ok(())
    }

    fn visit_u64<E: Error>(self, count: u64) -> Result<(), E> {
        self.keep(Value::Count(count));
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.keep(Value::Other);
        Ok(())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        // Only a time has a fraction, and it is written as `1795399080.996`.
        self.keep(Value::Text(Cow::Owned(number.to_string())));
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.keep(Value::Other);
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.keep(Value::Unset);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        self.keep(Value::Other);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        if let Some(level) = self.hit.below {
            return Object {
                level,
                found: self.found,
            }
            .visit_map(map);
        }
        IgnoredAny.visit_map(map)?;
        self.keep(Value::Other);
        Ok(())
    }
}
