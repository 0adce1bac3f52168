//! Which records are wanted by their time: `--since` and `--until`, counted back from the newest record where they are durations.

use anyhow::{Result, bail};
use egressmap_aggregator::Settings;
use egressmap_parser::batch::{FlowBatch, Refused};
use egressmap_parser::source::{ObjectId, Wanted};
use egressmap_parser::{AccessRecord, Counters, DnsRecord, FlowRecord, Options, Progress, Sink, Verdict, drive, scan};

use crate::args::{Global, Reading};
use crate::time::{When, utc, when};
use crate::{discover, objects, progress, say};

/// The window that was asked for. A duration costs a reading of all logs for their times alone, before the real one.
pub(crate) fn window(sources: &[String], reading: &Reading, options: &Options, global: &Global) -> Result<Settings> {
    let ask = |flag, text: &Option<String>| text.as_deref().map(|text| when(flag, text)).transpose();
    let (since, until) = (ask("--since", &reading.since)?, ask("--until", &reading.until)?);
    let counts_back = [since, until].iter().any(|end| matches!(end, Some(When::Back(_))));
    let newest = if counts_back {
        newest(sources, reading, options, global)?
    } else {
        None
    };
    let settle = |end: Option<When>| match end? {
        When::At(second) => Some(second),
        When::Back(seconds) => Some(newest?.saturating_sub(seconds)),
    };
    let settings = Settings {
        since: settle(since),
        until: settle(until),
    };
    if let (Some(since), Some(until)) = (settings.since, settings.until)
        && since >= until
    {
        bail!("--since must be before --until: no record can start between them");
    }
    if let Some(newest) = newest {
        let ends = [("from", settings.since), ("until", settings.until)];
        let said: Vec<String> = ends
            .iter()
            .filter_map(|(word, end)| Some(format!("{word} {}", utc((*end)?))))
            .collect();
        say::note(
            global,
            format_args!("window    {}; the newest record is of {}", said.join(" "), utc(newest)),
        );
    }
    Ok(settings)
}

/// The last second of any record; `None` if there is no record. What cannot be read is said by the reading that follows.
fn newest(sources: &[String], reading: &Reading, options: &Options, global: &Global) -> Result<Option<u64>> {
    if let Some(once) = objects::read_once(sources) {
        bail!(
            "--since and --until as durations count back from the newest record, and {once} can be read only once\n  \
             hint: give a date or a time, or write the input to a file"
        );
    }
    let wanted = Wanted {
        requester_pays: reading.logs.requester_pays,
        ..Wanted::default()
    };
    let sources = objects::open(sources, &wanted)?;
    let progress = Progress::default();
    let outcome = progress::shown(global, &sources, None, &progress, || {
        drive(
            &sources,
            discover::threads(global),
            Newest::default,
            |object, sink: &mut Newest, counters: &mut Counters| scan(object, options, sink, counters),
            &progress,
        )
    });
    Ok(outcome.sinks.into_iter().filter_map(|sink| sink.0).max())
}

/// Keeps the time of the newest record.
#[derive(Default)]
struct Newest(Option<u64>);

impl Newest {
    fn see(&mut self, second: u64) -> Verdict {
        self.0 = self.0.max(Some(second));
        Verdict::Used
    }
}

impl Sink for Newest {
    fn object(&mut self, _: &ObjectId) {}

    fn flow(&mut self, _: u64, record: &FlowRecord<'_>) -> Verdict {
        self.see(record.end.max(record.start))
    }

    fn flows(&mut self, batch: &FlowBatch<'_>, _: &mut Refused) {
        let times = batch.end().iter().chain(batch.start());
        self.0 = self.0.max(times.copied().max());
    }

    fn access(&mut self, _: u64, record: &AccessRecord<'_>) -> Verdict {
        self.see(record.start)
    }

    fn dns(&mut self, _: u64, record: &DnsRecord<'_>) -> Verdict {
        self.see(record.time)
    }
}
