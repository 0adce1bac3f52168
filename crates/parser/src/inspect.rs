//! Reads one object line by line and says of each what it is: the slow, complete view behind `egressmap parse`.

use std::io::Read;

use crate::decode;
use crate::format::{Format, Kind, Options, Shown, Sniff, flow_parquet};
use crate::lines;
use crate::scan::ObjectError;
use crate::source::{self, Object};

/// One physical line of an object, or one event of a line that delivers several.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The 1-based physical line in the decoded object (the row, where the object has no lines).
    pub line: u64,
    /// The 1-based event within the line, where the line is an envelope.
    pub event: Option<u64>,
    /// The name of the log format; `None` before a line told.
    pub format: Option<&'static str>,
    /// What the line says.
    pub shown: Shown,
}

/// Gives every line of an object to `each`, in order, read as [`scan`](crate::scan()) would read it.
///
/// # Errors
/// Those of [`scan`](crate::scan()).
pub fn inspect(object: Object, options: &Options, each: &mut dyn FnMut(&Line)) -> Result<(), ObjectError> {
    let uri = object.id.uri;
    let failed = |what: String| ObjectError { uri: uri.clone(), what };
    let mut formats = options.start().map_err(|error| failed(error.to_string()))?;
    let (head, body) = source::peek(object.body);
    if flow_parquet::takes(&head, options) {
        return flow_parquet::inspect(body, object.at, each).map_err(failed);
    }
    let mut bytes = Vec::new();
    let ended = decode::open(body).read_to_end(&mut bytes);
    // A kind that is forced is not asked.
    let mut known: Option<Box<dyn Format>> = formats.pop_if(|_| options.kind.is_some());
    for (number, line) in (1..).zip(lines::split(&bytes)) {
        if known.is_none() {
            let at = formats.iter_mut().position(|format| format.sniff(line) == Sniff::Mine);
            known = at.map(|at| formats.swap_remove(at));
        }
        let shown = match &mut known {
            Some(format) => format.show(line),
            None => Shown::aside(Kind::NotALog, "unrecognised"),
        };
        each(&Line {
            line: number,
            event: None,
            format: None,
            shown,
        });
    }
    ended.map(|_| ()).map_err(|error| failed(error.to_string()))
}
