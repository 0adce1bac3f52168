//! Lines of other logs that share the standard output of Envoy's container with its access log.

use crate::Reason;

/// Why such a line is set aside.
pub(in crate::format) const NOT_ACCESS_LOG: Reason = "not-access-log";

/// Whether the line is Envoy's own message, or its agent's.
pub(super) fn is_known(line: &[u8]) -> bool {
    is_process_log(line) || is_agent_log(line) || is_glog(line)
}

/// Envoy's own messages: `[2026-11-23 01:58:00.996][12][info][main] [file:line] …`.
fn is_process_log(line: &[u8]) -> bool {
    let mut parts = line
        .strip_prefix(b"[")
        .unwrap_or_default()
        .splitn(3, |byte| *byte == b']');
    let dated = parts
        .next()
        .is_some_and(|date| date.len() >= 19 && date.iter().all(|byte| b"0123456789-:. ".contains(byte)));
    let thread = parts.next().and_then(|thread| thread.strip_prefix(b"["));
    dated && thread.is_some_and(|thread| !thread.is_empty() && thread.iter().all(u8::is_ascii_digit))
}

/// The messages of istio-agent: `2026-11-23T01:58:00.996123Z\tinfo\tscope\tmessage`.
fn is_agent_log(line: &[u8]) -> bool {
    let mut parts = line.splitn(3, |byte| *byte == b'\t');
    let dated = parts
        .next()
        .is_some_and(|date| super::super::envoy_value::moment(date).is_some());
    let level = parts.next().unwrap_or_default();
    dated && [&b"debug"[..], b"info", b"warn", b"error", b"fatal"].contains(&level)
}

/// The messages of libraries in Envoy: `I1123 01:58:00.996123 12 file:line] …`.
fn is_glog(line: &[u8]) -> bool {
    matches!(line, [b'I' | b'W' | b'E' | b'F', date @ ..]
        if date.get(..5).is_some_and(|date| date.ends_with(b" ") && date.iter().take(4).all(u8::is_ascii_digit)))
}

#[cfg(test)]
mod tests {
    use super::is_known;

    #[test]
    fn the_neighbours_of_an_access_log_are_known() {
        for line in [
            "[2026-11-20 01:57:59.101][1][info][main] [source/server/server.cc:404] initializing epoch 0",
            "2026-11-20T01:58:01.000000Z\tinfo\tEnvoy proxy is ready",
            "2026-11-20T01:58:01.000000Z\twarn\tads\tconnection lost",
            "I1120 01:58:00.996123      12 main.cc:4] message",
        ] {
            assert!(is_known(line.as_bytes()), "{line}");
        }
        for line in [
            "[2026-11-20T01:58:00.996Z] \"GET / HTTP/1.1\" 200",
            "2026-11-20T01:58:01Z\tGET",
            "Info",
            "",
        ] {
            assert!(!is_known(line.as_bytes()), "{line}");
        }
    }
}
