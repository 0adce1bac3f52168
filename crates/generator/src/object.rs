//! Objects put together from what moves into them: `json!` copies every value that it is given, once more at each level.

/// `object! {"key": value, …}`, of anything that a [`serde_json::Value`] can be made from.
macro_rules! object {
    ($($key:literal: $value:expr),* $(,)?) => {
        ::serde_json::Value::Object([$(($key.to_owned(), ::serde_json::Value::from($value))),*].into_iter().collect())
    };
}

pub(crate) use object;
