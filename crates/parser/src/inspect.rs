//! Reads one object line by line and says of each what it is: the slow, complete view behind `egressmap parse`.

use crate::counters::Reason;
use crate::format::{Around, Formats, Kind, Options, Shown, flow_parquet};
use crate::lines;
use crate::scan::ObjectError;
use crate::source::{self, Object};
use crate::unwrap::{self, Carried, Place, Taker};

/// One physical line of an object, or one event of a line that delivers several.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The 1-based physical line in the decoded object (the row, where the object has no lines).
    pub line: u64,
    /// The 1-based event within the line, where the line is an envelope.
    pub event: Option<u64>,
    /// The name of the log format; `None` before a line told.
    pub format: Option<&'static str>,
    /// What stood around the line, the outermost first: `JSON`, `container runtime`, `time`, `pod name`.
    pub wrapped: Vec<&'static str>,
    /// What the line says.
    pub shown: Shown,
}

/// Gives every line of an object to `each`, in order, read as [`scan`](crate::scan()) would read it.
///
/// Out of order come only the parts of lines of which the last part is missing: they are known for that at the end.
///
/// # Errors
/// Those of [`scan`](crate::scan()).
pub fn inspect(object: Object, options: &Options, each: &mut dyn FnMut(&Line)) -> Result<(), ObjectError> {
    let Object { id, body, at, .. } = object;
    let uri = id.uri;
    let formats = match options.start() {
        Ok(formats) => formats,
        Err(error) => {
            let what = error.to_string();
            return Err(ObjectError { uri, what });
        }
    };
    let (head, body) = source::peek(body);
    if flow_parquet::takes(&head, options) {
        return flow_parquet::inspect(body, at, each).map_err(|what| ObjectError { uri, what });
    }
    let mut inspect = Inspect {
        options,
        formats,
        line: 0,
        wrapped: Vec::new(),
        each,
    };
    let read = unwrap::read(body, &mut inspect);
    let line = inspect.line.max(1);
    read.map_err(|error| ObjectError {
        what: format!("{error} (line {line})"),
        uri,
    })
}

/// Has every line shown by the format that takes it.
struct Inspect<'a> {
    options: &'a Options,
    formats: Formats,
    /// The physical line that was taken last.
    line: u64,
    wrapped: Vec<&'static str>,
    each: &'a mut dyn FnMut(&Line),
}

impl Inspect<'_> {
    fn give(&mut self, place: Place, format: Option<&'static str>, shown: Shown) {
        self.line = place.line;
        (self.each)(&Line {
            line: place.line,
            event: place.event,
            format,
            wrapped: self.wrapped.clone(),
            shown,
        });
    }
}

impl Taker for Inspect<'_> {
    fn claims(&mut self, line: &[u8]) -> bool {
        self.formats.claim(line)
    }

    fn knows(&mut self, line: &[u8]) -> bool {
        self.formats.know(line)
    }

    fn lines<'b>(&mut self, block: &'b [u8]) -> (Vec<Carried>, &'b [u8]) {
        self.wrapped.clear();
        let mut lines = lines::split(block);
        while let Some(line) = lines.next() {
            let place = Place::of(self.line + 1);
            match self.formats.show(line, place, Around::Nothing) {
                Some((format, shown)) => self.give(place, format, shown),
                None => {
                    self.line += 1;
                    let carried = Carried {
                        line: place.line,
                        text: line.to_vec(),
                    };
                    return (vec![carried], lines.rest());
                }
            }
        }
        (Vec::new(), b"")
    }

    fn wrapped(&mut self, layers: &mut dyn Iterator<Item = &'static str>) {
        self.wrapped.clear();
        self.wrapped.extend(layers);
    }

    fn switch(&mut self) {
        self.formats.switch(self.options);
    }

    fn inner(&mut self, block: &[u8], places: &[Place]) {
        for (line, place) in lines::split(block).zip(places) {
            if let Some((format, shown)) = self.formats.show(line, *place, Around::Something) {
                self.give(*place, format, shown);
            }
        }
    }

    fn set_aside(&mut self, place: Place, reason: Reason) {
        self.give(place, None, Shown::aside(Kind::NotALog, reason));
    }

    fn fault(&mut self, place: Place, reason: Reason, message: &dyn Fn() -> String) {
        let shown = Shown {
            message: Some(message()),
            ..Shown::aside(Kind::Malformed, reason)
        };
        self.give(place, None, shown);
    }

    fn origin(&mut self, _origin: &str) {}

    fn line(&self) -> u64 {
        self.line
    }

    fn bytes(&mut self, _bytes: u64) {}
}
