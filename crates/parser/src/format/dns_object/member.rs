//! Walks one JSON object and puts each value at its place.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Found, Keys, Place, Value};

/// The key of an object, looked up without keeping it.
struct Key {
    of: Place,
    keys: Keys,
}

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Option<Place>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Option<Place>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(match (self.of, key) {
            (Place::SourceIds, "instance") => Some(Place::Instance),
            (Place::Answer, "Rdata") => Some(Place::AnswerData),
            (Place::Answer, "Type") => Some(Place::AnswerType),
            (Place::Top, key) => (self.keys)(key),
            _ => None,
        })
    }
}

/// The value at a place.
pub(super) struct Member<'f, 'de, 'b> {
    pub(super) place: Place,
    pub(super) keys: Keys,
    pub(super) found: &'f mut Found<'de, 'b>,
}

impl<'de> Member<'_, 'de, '_> {
    fn put(self, value: Value<'de>) {
        self.found.put(self.place, value);
    }
}

impl<'de> DeserializeSeed<'de> for Member<'_, 'de, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Member<'_, 'de, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<(), E> {
        self.put(Value::Text(Cow::Borrowed(text)));
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.put(Value::Text(Cow::Owned(text.to_owned())));
        Ok(())
    }

    fn visit_u64<E: Error>(self, count: u64) -> Result<(), E> {
        self.put(Value::Count(count));
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.put(Value::Other);
        Ok(())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        // Only a time has a fraction, and it is written as `1795399080.996`.
        self.put(Value::Text(Cow::Owned(number.to_string())));
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.put(Value::Other);
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.put(Value::Unset);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        if self.place != Place::Answers {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            self.put(Value::Other);
            return Ok(());
        }
        self.found.no_answers();
        loop {
            let answer = Member {
                place: Place::Answer,
                keys: self.keys,
                found: &mut *self.found,
            };
            if list.next_element_seed(answer)?.is_none() {
                return Ok(());
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if !matches!(self.place, Place::Top | Place::SourceIds | Place::Answer) {
            IgnoredAny.visit_map(map)?;
            self.put(Value::Other);
            return Ok(());
        }
        let Member { place: of, keys, found } = self;
        if of == Place::SourceIds {
            found.put(of, Value::Missing);
        }
        while let Some(place) = map.next_key_seed(Key { of, keys })? {
            match place {
                Some(place) => map.next_value_seed(Member {
                    place,
                    keys,
                    found: &mut *found,
                })?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if of == Place::Answer {
            found.typed_answer();
        }
        Ok(())
    }
}
