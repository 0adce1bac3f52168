//! Envoy's access log as JSON lines, whatever its keys are called.

use super::envoy_format::connections::Connections;
use super::envoy_format::values::{self, Read, Values};
use super::envoy_text::NOT_ACCESS_LOG;
use super::{Format, FormatKind, Kind, Options, OptionsError, Output, Shown, Sniff};
use crate::{Reason, lines, printable};
use keys::Keys;
use memory::Memory;

mod keys;
mod memory;
mod object;
mod shown;

pub(super) static KIND: FormatKind = FormatKind {
    name: "envoy-json",
    help: "Envoy's access log as JSON lines, with the common keys or given ones",
    example: r#"{"authority":"api.example.test","bytes_received":120,"bytes_sent":2810,"downstream_local_address":"203.0.113.10:443","downstream_remote_address":"10.0.1.5:41630","method":"GET","path":"/v1/charges","protocol":"HTTP/1.1","requested_server_name":null,"response_code":200,"response_code_details":"via_upstream","response_flags":"-","route_name":"default","start_time":"2026-11-20T01:58:00.996Z","upstream_cluster":"outbound|443||api.example.test","upstream_host":"203.0.113.10:443"}"#,
    start,
};

/// What Ambassador and Emissary write in front of each line.
const PREFIX: &[u8] = b"ACCESS ";

/// The parser of one object.
struct EnvoyJson {
    keys: Keys,
    memory: Memory,
    connections: Connections,
}

/// Why a line is no record.
enum Fault<'a> {
    NotAccessLog,
    /// No JSON object, at this 1-based byte.
    Json(usize),
    Value(values::Fault<'a>),
}

fn start(options: &Options) -> Result<Box<dyn Format>, OptionsError> {
    let keys = Keys::new(&options.envoy_json).map_err(|why| OptionsError {
        option: "envoy_json",
        why,
    })?;
    Ok(Box::new(EnvoyJson {
        keys,
        memory: Memory::default(),
        connections: Connections::default(),
    }))
}

impl Format for EnvoyJson {
    fn sniff(&mut self, line: &[u8]) -> Sniff {
        // A line that is meant as a record tells the format, whether its values are right or not.
        match self.read_alone(line) {
            Ok(()) | Err(Fault::Value(_)) => Sniff::Mine,
            Err(_) => Sniff::Unknown,
        }
    }

    fn parse(&mut self, block: &[u8], out: &mut Output<'_>) {
        let (mut values, mut read) = (Values::of(block), Read::default());
        for line in lines::split(block) {
            match self.read(line, &mut values, &mut read) {
                Ok(()) => self.connections.take(&read, &values, out),
                Err(_) if line.is_empty() => out.set_aside("blank"),
                Err(fault) => out.fault(fault.reason(), || fault.message(line)),
            }
        }
    }

    fn finish(&mut self, out: &mut Output<'_>) {
        self.connections.finish(out);
    }

    fn show(&mut self, line: &[u8]) -> Shown {
        match self.read_alone(line) {
            Ok(()) => Shown::record(shown::fields(line.strip_prefix(PREFIX).unwrap_or(line), &self.keys)),
            Err(_) if line.is_empty() => Shown::aside(Kind::Blank, "blank"),
            Err(fault) => {
                let kind = match fault {
                    Fault::NotAccessLog => Kind::NotAccessLog,
                    Fault::Json(_) | Fault::Value(_) => Kind::Malformed,
                };
                Shown {
                    message: Some(fault.message(line)),
                    ..Shown::aside(kind, fault.reason())
                }
            }
        }
    }
}

impl EnvoyJson {
    fn read_alone<'a>(&mut self, line: &'a [u8]) -> Result<(), Fault<'a>> {
        self.read(line, &mut Values::of(line), &mut Read::default())
    }

    #[inline]
    fn read<'a>(&mut self, line: &'a [u8], values: &mut Values<'a>, read: &mut Read<'a>) -> Result<(), Fault<'a>> {
        let line = line.strip_prefix(PREFIX).unwrap_or(line);
        if !line.starts_with(b"{") {
            return Err(Fault::NotAccessLog);
        }
        object::read(line, &self.keys, &mut self.memory, values).map_err(Fault::Json)?;
        if !self.keys.are_in(values) {
            return Err(Fault::NotAccessLog);
        }
        values.read(self.keys.clock(), read).map_err(Fault::Value)
    }
}

impl Fault<'_> {
    fn reason(&self) -> Reason {
        match self {
            Fault::NotAccessLog => NOT_ACCESS_LOG,
            Fault::Json(_) => "malformed:json",
            Fault::Value(fault) => fault.reason(),
        }
    }

    /// What was expected and what was found.
    fn message(&self, line: &[u8]) -> String {
        match self {
            Fault::NotAccessLog => format!(
                "expected a JSON object of Envoy's access log, found {}",
                printable::quoted(line)
            ),
            Fault::Json(column) => format!(
                "expected a JSON object, found a fault at column {column} of {}",
                printable::quoted(line)
            ),
            Fault::Value(fault) => fault.message(),
        }
    }
}
