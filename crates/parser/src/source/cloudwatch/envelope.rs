//! Events as lines of JSON, in the envelope in which CloudWatch Logs hands events to a subscription.
//!
//! The envelope keeps what a message alone does not say: the stream it came from. Its form is the one of
//! "Real-time processing of log data with subscriptions" in the CloudWatch Logs user guide.

use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;

/// How many bytes of messages close an envelope. The count begins with the envelope, so that lines are cut alike
/// however the events came in pages.
const FULL: usize = 64 * 1024;

/// Writes events down: one line for each run of events of one stream.
pub(super) struct Envelopes {
    /// Account and group, as each line begins with them.
    head: String,
    /// The stream of the open envelope.
    stream: Option<String>,
    /// Bytes of messages in the open envelope.
    held: usize,
    out: Vec<u8>,
}

impl Envelopes {
    /// Of a group of an account.
    pub(super) fn new(account: &str, group: &str) -> Self {
        let (account, group) = (quoted(account), quoted(group));
        Self {
            head: format!(r#"{{"messageType":"DATA_MESSAGE","owner":{account},"logGroup":{group},"logStream":"#),
            stream: None,
            held: 0,
            out: Vec::new(),
        }
    }

    /// Writes one event down.
    pub(super) fn add(&mut self, event: &FilteredLogEvent) {
        let stream = event.log_stream_name().unwrap_or_default();
        if self.stream.as_deref() == Some(stream) && self.held < FULL {
            self.out.push(b',');
        } else {
            self.close();
            self.open(stream);
        }
        let message = event.message().unwrap_or_default();
        self.held += message.len();
        self.write(r#"{"id":"#);
        self.write(&quoted(event.event_id().unwrap_or_default()));
        self.write(r#","timestamp":"#);
        self.write(&event.timestamp().unwrap_or_default().to_string());
        self.write(r#","message":"#);
        self.write(&quoted(message));
        self.write("}");
    }

    /// What was written since it was last taken.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Ends the last line.
    pub(super) fn close(&mut self) {
        if self.stream.take().is_some() {
            self.write("]}\n");
        }
    }

    fn open(&mut self, stream: &str) {
        self.out.extend_from_slice(self.head.as_bytes());
        self.write(&quoted(stream));
        self.write(r#","subscriptionFilters":[],"logEvents":["#);
        self.stream = Some(stream.to_owned());
        self.held = 0;
    }

    fn write(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }
}

/// The text as JSON has it, quotes and all.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(stream: &str, timestamp: i64, message: &str) -> FilteredLogEvent {
        FilteredLogEvent::builder()
            .log_stream_name(stream)
            .timestamp(timestamp)
            .event_id(format!("id{timestamp}"))
            .message(message)
            .build()
    }

    fn written(pages: &[&[FilteredLogEvent]]) -> String {
        let mut envelopes = Envelopes::new("001234567890", "/aws/x");
        let mut bytes = Vec::new();
        for page in pages {
            page.iter().for_each(|event| envelopes.add(event));
            bytes.extend(envelopes.take());
        }
        envelopes.close();
        bytes.extend(envelopes.take());
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_run_of_events_of_one_stream_is_one_line() {
        let events = [
            event("a", 1, "x \"y\"\n\u{1b}"),
            event("a", 2, ""),
            event("b/ü", 3, "z"),
            event("a", 4, "w"),
        ];
        let head = r#"{"messageType":"DATA_MESSAGE","owner":"001234567890","logGroup":"/aws/x","logStream":"#;
        let expected = [
            r#""a","subscriptionFilters":[],"logEvents":[{"id":"id1","timestamp":1,"message":"x \"y\"\n\u001b"},{"id":"id2","timestamp":2,"message":""}]}"#,
            r#""b/ü","subscriptionFilters":[],"logEvents":[{"id":"id3","timestamp":3,"message":"z"}]}"#,
            r#""a","subscriptionFilters":[],"logEvents":[{"id":"id4","timestamp":4,"message":"w"}]}"#,
        ]
        .map(|line| format!("{head}{line}\n"));
        assert_eq!(written(&[&events]), expected.concat());
        assert_eq!(
            written(&[&[], &events[..1], &[], &events[1..3], &events[3..]]),
            expected.concat()
        );
        assert_eq!(written(&[&[], &[]]), "");
    }

    #[test]
    fn lines_stay_short_and_are_cut_alike_whatever_the_pages() {
        let events: Vec<_> = (0..5000).map(|n| event("a", n, &"m".repeat(100))).collect();
        let one = written(&[&events]);
        assert_eq!(one.lines().count(), 8);
        assert!(one.lines().all(|line| line.len() < 2 * FULL));
        for size in [1, 7, 656, 4999] {
            let pages: Vec<_> = events.chunks(size).collect();
            assert_eq!(written(&pages), one);
        }
    }
}
