//! Envoy's access log as JSON lines, whatever its keys are called.

use super::{Format, FormatKind, Options, OptionsError, Output, Sniff};
use crate::{Reason, lines, printable};
use keys::Keys;

mod fault;
mod keys;
mod object;
mod operator;
mod slot;

pub(super) static KIND: FormatKind = FormatKind {
    name: "envoy-json",
    help: "Envoy's access log as JSON lines, with the common keys or given ones",
    example: r#"{"authority":"api.example.test","bytes_received":120,"bytes_sent":2810,"downstream_local_address":"203.0.113.10:443","downstream_remote_address":"10.0.1.5:41630","method":"GET","path":"/v1/charges","protocol":"HTTP/1.1","requested_server_name":null,"response_code":200,"response_code_details":"via_upstream","response_flags":"-","route_name":"default","start_time":"2026-11-20T01:58:00.996Z","upstream_cluster":"outbound|443||api.example.test","upstream_host":"203.0.113.10:443"}"#,
    start,
};

/// The parser of one object.
struct EnvoyJson {
    keys: Keys,
}

fn start(options: &Options) -> Result<Box<dyn Format>, OptionsError> {
    let keys = Keys::new(&options.envoy_json).map_err(|why| OptionsError {
        option: "envoy_json",
        why,
    })?;
    Ok(Box::new(EnvoyJson { keys }))
}

impl Format for EnvoyJson {
    fn sniff(&mut self, line: &[u8]) -> Sniff {
        let is_access =
            line.starts_with(b"{") && object::read(line, &self.keys).is_ok_and(|found| self.keys.are_in(&found));
        if is_access { Sniff::Mine } else { Sniff::Unknown }
    }

    fn parse(&mut self, block: &[u8], out: &mut Output<'_>) {
        for line in lines::split(block) {
            self.line(line, out);
        }
    }

    fn show(&mut self, line: &[u8]) -> super::Shown {
        let _ = line;
        super::Shown::aside(super::Kind::NotALog, "unrecognised")
    }
}

impl EnvoyJson {
    fn line(&self, line: &[u8], out: &mut Output<'_>) {
        if line.is_empty() {
            return out.set_aside("blank");
        }
        if !line.starts_with(b"{") {
            return self.stranger(line, out);
        }
        match object::read(line, &self.keys) {
            Err(error) => out.fault("malformed:json", || {
                let column = error.column();
                format!(
                    "expected a JSON object, found a fault at column {column} of {}",
                    printable::quoted(line)
                )
            }),
            Ok(found) if !self.keys.are_in(&found) => self.stranger(line, out),
            Ok(found) => match found.record() {
                Ok(record) => out.access(&record),
                Err(fault) => out.fault(fault.reason(), || fault.message()),
            },
        }
    }

    /// A line of something else that writes to the same stream.
    fn stranger(&self, line: &[u8], out: &mut Output<'_>) {
        const NOT_ACCESS_LOG: Reason = "not-access-log";
        out.fault(NOT_ACCESS_LOG, || {
            format!(
                "expected a JSON object of Envoy's access log, found {}",
                printable::quoted(line)
            )
        });
    }
}
