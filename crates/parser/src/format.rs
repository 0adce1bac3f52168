//! Log formats: the trait of a parser, and the registry of the kinds there are.

pub(crate) use dns_value::time as moment_of;
pub(crate) use flow_text::decimal;
pub(crate) use formats::{Around, Formats};
pub use options::{Options, OptionsError};
pub(crate) use output::Output;
pub use shown::{Kind, Shown};

mod coredns;
mod dns_csv;
mod dns_json;
mod dns_lines;
mod dns_object;
mod dns_value;
mod envoy_format;
mod envoy_json;
mod envoy_text;
mod envoy_value;
pub(crate) mod flow_parquet;
mod flow_text;
mod formats;
mod options;
mod output;
mod resolver_log;
mod shown;

/// A member of the family of log formats: one file and one line in [`REGISTRY`].
pub struct FormatKind {
    /// Its name in `--kind`, in help texts and in `testdata/format`.
    pub name: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// A line of it; empty where it has no lines.
    pub example: &'static str,
    /// Makes a parser for one object.
    pub(crate) start: fn(&Options) -> Result<Box<dyn Format>, OptionsError>,
}

/// Every log format; the kind of an object is the first that knows a line of it.
pub static REGISTRY: &[&FormatKind] = &[
    &flow_text::KIND,
    &flow_parquet::KIND,
    &envoy_text::KIND,
    &envoy_json::KIND,
    &resolver_log::KIND,
    &coredns::KIND,
    &dns_csv::KIND,
    &dns_json::KIND,
];

/// A parser for the lines of one object.
pub(crate) trait Format {
    /// What a line would be to this format, asked before the format of the object is known.
    fn sniff(&mut self, line: &[u8]) -> Sniff;

    /// Parses whole lines, in order, and gives each to `out` exactly once.
    fn parse(&mut self, block: &[u8], out: &mut Output<'_>);

    /// Gives to `out` what was held back; called once, behind the last line.
    fn finish(&mut self, _out: &mut Output<'_>) {}

    /// What one line says in full, read the slow and obvious way; a header among the lines sets the format as in
    /// [`parse`](Self::parse).
    fn show(&mut self, line: &[u8]) -> Shown;

    /// The same of a line that whatever carried it says was written at a time, in Unix seconds.
    fn show_at(&mut self, line: &[u8], carried_at: Option<u64>) -> Shown {
        let _ = carried_at;
        self.show(line)
    }
}

/// See [`Format::sniff`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sniff {
    /// A line of this format: the object is of it.
    Mine,
    /// Not a record, and found beside those of this format: set aside for this reason if no format claims the line.
    Beside(crate::Reason),
    /// Nothing that this format knows.
    Unknown,
}
