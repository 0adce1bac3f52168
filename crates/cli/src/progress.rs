//! How far a run has come: a live line on a terminal, a plain one every ten seconds elsewhere, nothing under `--quiet`.

use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use egressmap_parser::Progress;
use egressmap_parser::source::{Counted, Extent, Source};
use terminal_size::terminal_size_of;

use crate::args::Global;
use crate::size::{bytes, plural};

/// Between two plain lines.
const PLAIN: Duration = Duration::from_secs(10);
/// Before the live line first shows: what is done by then needs none.
const PATIENCE: Duration = Duration::from_millis(300);
/// Between two states of the live line.
const LIVE: Duration = Duration::from_millis(100);

/// Asks every source that can tell beforehand; what was counted before is not read again.
fn surveyed(sources: &[Box<dyn Source>], counted: Option<&Counted>) -> Vec<Option<Extent>> {
    let survey = |source: &dyn Source| {
        let mut extent = Extent::default();
        source.survey(&mut |id| extent.add(id, counted)).then_some(extent)
    };
    sources.iter().map(|source| survey(&**source)).collect()
}

/// What there is to read of all sources, once each of them can tell.
fn whole(sources: &[Box<dyn Source>], surveyed: &[Option<Extent>]) -> Option<Extent> {
    let mut whole = Extent::default();
    for (source, surveyed) in sources.iter().zip(surveyed) {
        whole.extend(surveyed.or_else(|| source.extent())?);
    }
    Some(whole)
}

/// Does `work` and shows how far it has come.
pub(crate) fn shown<T>(
    global: &Global,
    sources: &[Box<dyn Source>],
    counted: Option<&Counted>,
    progress: &Progress,
    work: impl FnOnce() -> T,
) -> T {
    if global.quiet {
        return work();
    }
    let beforehand = OnceLock::new();
    let (running, ended) = channel::<()>();
    thread::scope(|threads| {
        let beforehand = &beforehand;
        let survey = move || {
            // It is set here alone.
            let _ = beforehand.set(surveyed(sources, counted));
        };
        let show = move || {
            let began = Instant::now();
            let wait = |time| match ended.recv_timeout(time) {
                Err(RecvTimeoutError::Timeout) => Some(began.elapsed()),
                Ok(()) | Err(RecvTimeoutError::Disconnected) => None,
            };
            let look = || Reached {
                objects: progress.objects(),
                bytes: progress.bytes(),
                records: progress.records(),
                extent: beforehand.get().and_then(|surveyed| whole(sources, surveyed)),
            };
            // Nobody is left to be told that stderr is gone.
            let _ = watch(&mut io::stderr(), is_live(), wait, look);
        };
        // A machine without a thread to spare does the work all the same.
        let _ = thread::Builder::new().spawn_scoped(threads, survey);
        let _ = thread::Builder::new().spawn_scoped(threads, show);
        let done = work();
        drop(running);
        done
    })
}

/// Whether stderr is a terminal that can go back in its line.
fn is_live() -> bool {
    io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Writes where things stand until `wait`, which returns the time since the beginning, says that it is over.
fn watch(
    to: &mut impl Write,
    live: bool,
    mut wait: impl FnMut(Duration) -> Option<Duration>,
    look: impl Fn() -> Reached,
) -> io::Result<()> {
    let mut pause = if live { PATIENCE } else { PLAIN };
    let mut drawn = false;
    while let Some(elapsed) = wait(pause) {
        let text = look().text(elapsed);
        if live {
            let width = terminal_size_of(io::stderr()).map_or(80, |(width, _)| usize::from(width.0));
            let text: String = text.chars().take(width.saturating_sub(1)).collect();
            write!(to, "\r\x1b[2K{text}")?;
            (pause, drawn) = (LIVE, true);
        } else {
            writeln!(to, "{text}")?;
        }
        to.flush()?;
    }
    if drawn {
        write!(to, "\r\x1b[2K")?;
        to.flush()?;
    }
    Ok(())
}

/// How far it has come.
#[derive(Debug, Clone, Copy)]
struct Reached {
    objects: u64,
    bytes: u64,
    records: u64,
    extent: Option<Extent>,
}

impl Reached {
    fn text(&self, elapsed: Duration) -> String {
        let seconds = elapsed.as_secs_f64().max(0.001);
        let rate = format!("{:.0} records/s", self.records as f64 / seconds);
        let Some(extent) = self.extent else {
            let objects = plural(self.objects, "object", "objects");
            return format!("reading   {objects}, {}, {rate}", bytes(self.bytes));
        };
        let of_bytes = extent
            .bytes
            .map_or_else(String::new, |all| format!(" of {}", bytes(all)));
        let mut text = format!(
            "reading   {} of {}, {}{of_bytes}, {rate}",
            self.objects,
            plural(extent.objects, "object", "objects"),
            bytes(self.bytes),
        );
        // Where the bytes are not known beforehand, the objects are hours of a log.
        let (done, all) = match extent.bytes {
            Some(all) => (self.bytes, all),
            None => (
                self.objects.saturating_sub(extent.counted),
                extent.objects - extent.counted,
            ),
        };
        let rest = all.saturating_sub(done);
        if done > 0 && rest > 0 {
            let left = seconds * rest as f64 / done as f64;
            text += &format!(", {} left", about(left));
        }
        text
    }
}

/// A time in one unit.
fn about(seconds: f64) -> String {
    match seconds {
        ..90.0 => format!("{seconds:.0} s"),
        ..5_400.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3_600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock that goes on by what is waited for, and ends after so many waits.
    fn clock(mut waits: u32) -> impl FnMut(Duration) -> Option<Duration> {
        let mut now = Duration::ZERO;
        move |time| {
            now += time;
            waits = waits.checked_sub(1)?;
            Some(now)
        }
    }

    fn reached(extent: Option<Extent>) -> Reached {
        Reached {
            objects: 12,
            bytes: 3_000_000,
            records: 50_000,
            extent,
        }
    }

    fn written(live: bool, waits: u32) -> String {
        let mut out = Vec::new();
        let extent = Some(Extent {
            objects: 45,
            counted: 0,
            bytes: Some(12_000_000),
        });
        watch(&mut out, live, clock(waits), || reached(extent)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn where_there_is_no_terminal_a_plain_line_comes_every_ten_seconds() {
        assert_eq!(
            written(false, 2),
            "reading   12 of 45 objects, 3.0 MB of 12.0 MB, 5000 records/s, 30 s left\n\
             reading   12 of 45 objects, 3.0 MB of 12.0 MB, 2500 records/s, 60 s left\n"
        );
        assert_eq!(written(false, 0), "", "what takes less than ten seconds says nothing");
    }

    #[test]
    fn on_a_terminal_the_line_is_rewritten_and_goes_at_the_end() {
        let live = written(true, 3);
        assert_eq!(
            live.matches("\r\x1b[2Kreading   12 of 45 objects").count(),
            3,
            "{live:?}"
        );
        assert!(live.ends_with("\r\x1b[2K") && !live.contains('\n'), "{live:?}");
        assert_eq!(written(true, 0), "");
    }

    #[test]
    fn where_the_extent_is_unknown_no_time_is_promised() {
        let text = reached(None).text(Duration::from_secs(10));
        assert_eq!(text, "reading   12 objects, 3.0 MB, 5000 records/s");
    }

    #[test]
    fn where_no_size_is_known_the_hours_that_are_done_tell_what_is_left() {
        let extent = Some(Extent {
            objects: 48,
            counted: 4,
            bytes: None,
        });
        assert_eq!(
            reached(extent).text(Duration::from_secs(10)),
            "reading   12 of 48 objects, 3.0 MB, 5000 records/s, 45 s left"
        );
    }
}
