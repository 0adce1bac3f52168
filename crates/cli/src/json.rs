//! JSON on one physical line, with nothing in it that a terminal obeys.

use egressmap_aggregator::show::in_json;
use serde::Serialize;

/// A value as one line of JSON, without the line end.
pub(crate) fn line(value: &impl Serialize) -> String {
    // Maps with keys of text, numbers and text: there is nothing in them that JSON cannot hold.
    let text = serde_json::to_string(value).unwrap_or_default();
    // JSON itself escapes the control characters of ASCII, all but one.
    if text.bytes().all(|byte| byte.is_ascii() && byte != 0x7f) {
        return text;
    }
    in_json(&text)
}
