//! What reaches the terminal: data on stdout, everything else on stderr.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use anyhow::{Context, Result};
use egressmap_parser::printable;

use crate::args::Global;

/// Writes data to stdout. A reader that has gone away (`| head`) is not an error.
pub(crate) fn data(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to standard output"),
    }
}

/// Stdout for many lines. When nobody reads them any more (`| head`) there is nothing left to do, and the process ends.
pub(crate) struct Stream(BufWriter<Stdout>);

impl Stream {
    pub(crate) fn stdout() -> Stream {
        // Who watches sees each line as it comes.
        let room = if io::stdout().is_terminal() { 0 } else { 1 << 16 };
        Stream(BufWriter::with_capacity(room, io::stdout()))
    }

    /// Writes a line, and its end.
    pub(crate) fn line(&mut self, text: &str) {
        let written = self.0.write_all(text.as_bytes()).and_then(|()| self.0.write_all(b"\n"));
        written.unwrap_or_else(|error| over(&error));
    }

    pub(crate) fn flush(&mut self) {
        self.0.flush().unwrap_or_else(|error| over(&error));
    }
}

fn over(error: &io::Error) -> ! {
    if error.kind() == io::ErrorKind::BrokenPipe {
        std::process::exit(0);
    }
    fault(format_args!("cannot write to standard output: {error}"));
    std::process::exit(1);
}

/// Writes a line about the run to stderr, unless `--quiet`.
pub(crate) fn note(global: &Global, text: impl Display) {
    if !global.quiet {
        line(&text);
    }
}

/// Writes what went wrong to stderr, also under `--quiet`.
pub(crate) fn fault(text: impl Display) {
    line(&format_args!("egressmap: {text}"));
}

/// Writes why the command could not be carried out.
pub(crate) fn error(error: &anyhow::Error) {
    fault(format_args!("{error:#}"));
}

/// How wide stdout's table may be: the terminal's width where it is one, else wide enough for most names.
pub(crate) fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    match columns {
        Some(columns) => columns,
        None if io::stdout().is_terminal() => terminal_columns().unwrap_or(100),
        None => 140,
    }
}

fn terminal_columns() -> Option<usize> {
    terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
}

/// Escapes what could move the cursor or fake a line: paths and names may come from logs.
fn line(text: &impl Display) {
    let mut safe = String::new();
    for line in text.to_string().split('\n') {
        safe += &printable::name(line);
        safe.push('\n');
    }
    // Nobody is left to be told that stderr is gone.
    let _ = io::stderr().lock().write_all(safe.as_bytes());
}
