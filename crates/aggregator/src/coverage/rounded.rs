//! Numbers as JSON with so few digits that every machine prints the same.

use serde::{Serialize, Serializer};

fn six(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

pub(super) fn number<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    six(*value).serialize(serializer)
}

pub(super) fn maybe<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    value.map(six).serialize(serializer)
}

pub(super) fn pair<S: Serializer>((low, high): &(f64, f64), serializer: S) -> Result<S::Ok, S::Error> {
    [six(*low), six(*high)].serialize(serializer)
}
