//! Logs to map: the one place where sources, readers, aggregation and naming are put together.

use std::collections::BTreeSet;
use std::io;
use std::mem::ManuallyDrop;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail};
use egressmap_aggregator::inventory::Inventory;
use egressmap_aggregator::map::{CountedObject, DependencyMap, Kinds, KnownNames, Manifest, Used};
use egressmap_aggregator::name::{self, AwsRanges, Knowledge};
use egressmap_aggregator::{Aggregator, Budget, Kept, Observed, Settings};
use egressmap_parser::printable;
use egressmap_parser::source::{ObjectId, Wanted};
use egressmap_parser::{CloudWatchSource, Counters, Fault, Progress, drive, scan};

use crate::args::{DiscoverArgs, Global, Reading};
use crate::earlier::{Earlier, left_lacking};
use crate::set_aside::{SetAside, Spooling};
use crate::{Ending, objects, options, progress, reverse, say, size, summary, window};

/// A map and how its reading went.
pub(crate) struct Discovery<M = DependencyMap> {
    pub(crate) map: M,
    pub(crate) counters: Counters,
    pub(crate) faults: Vec<String>,
    /// Why the lines that were set aside could not be written; the map is none the worse for it.
    pub(crate) unsaved: Option<anyhow::Error>,
    pub(crate) resolver: Option<name::ptr::Report>,
    /// Objects that an earlier run had counted and this one skipped.
    pub(crate) known: u64,
    /// What the map keeps of its logs, if it is to.
    pub(crate) kept: Option<Kept>,
}

/// What a map is made of, before its dependencies are.
pub(crate) struct Survey {
    observed: Observed,
    knowledge: Knowledge,
    manifest: Manifest,
}

impl Survey {
    fn named(self) -> DependencyMap {
        DependencyMap {
            dependencies: name::name(&self.observed, &self.knowledge),
            manifest: self.manifest,
        }
    }
}

impl<M> Discovery<M> {
    /// The map is whole, or something could not be read or written.
    pub(crate) fn ending(&self) -> Ending {
        if self.faults.is_empty() && self.unsaved.is_none() {
            Ending::Done
        } else {
            Ending::Incomplete
        }
    }

    fn map<N>(self, other: impl FnOnce(M) -> Result<N>) -> Result<Discovery<N>> {
        Ok(Discovery {
            map: other(self.map)?,
            counters: self.counters,
            faults: self.faults,
            unsaved: self.unsaved,
            resolver: self.resolver,
            known: self.known,
            kept: self.kept,
        })
    }
}

const OF_AN_EARLIER_VERSION: &str = "note: an earlier version wrote this map, without what was counted before names were given\n  \
    hint: names are given run by run; discover all logs into a new map to give them together";

/// `egressmap discover`.
pub(crate) fn command(args: &DiscoverArgs, global: &Global) -> Result<Ending> {
    let parent = args.out.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent.filter(|parent| !parent.is_dir()) {
        bail!("--out: there is no folder {}", parent.display());
    }
    let folder = parent.unwrap_or(Path::new("."));
    let before = if args.out.exists() {
        addable(args)?;
        Some(DependencyMap::read_to_grow(&args.out)?)
    } else {
        None
    };
    let ending = match before {
        Some((before, None)) => add_rows(args, global, before, folder)?,
        before => grow(args, global, before.unwrap_or_default(), folder)?,
    };
    say::note(
        global,
        format_args!("\nmap: {}\nnext: egressmap show {0}", args.out.display()),
    );
    Ok(ending)
}

/// Adds what is new to what a map keeps, and decides and names everything; a new map keeps nothing yet.
fn grow(args: &DiscoverArgs, global: &Global, before: (DependencyMap, Option<Kept>), folder: &Path) -> Result<Ending> {
    let (DependencyMap { manifest: before, .. }, kept) = before;
    let discovery = survey(&args.sources, &args.reading, global, (&before, kept), folder, true)?;
    let discovery = discovery.map(|survey| {
        let manifest = before.grow(survey.manifest, &survey.observed)?;
        Ok(Survey { manifest, ..survey })
    })?;
    // The system takes back the memory of a million edges at once, faster than they are dropped one by one.
    let discovery = ManuallyDrop::new(discovery);
    let survey = &discovery.map;
    let chart = name::chart(&survey.observed, &survey.knowledge);
    let kinds = chart.write_parquet(&survey.manifest, discovery.kept.as_ref(), &args.out)?;
    summary::reading(&discovery, global);
    summary::dependencies(&kinds, &survey.manifest, global);
    Ok(discovery.ending())
}

/// Adds the dependencies of what is new to a map that keeps nothing but its own.
fn add_rows(args: &DiscoverArgs, global: &Global, before: DependencyMap, folder: &Path) -> Result<Ending> {
    say::note(global, OF_AN_EARLIER_VERSION);
    let before_it = (&before.manifest, None);
    let discovery = survey(&args.sources, &args.reading, global, before_it, folder, false)?;
    let discovery = discovery.map(|survey| Ok(before.merge(survey.named())?))?;
    discovery.map.write_parquet(&args.out)?;
    summary::reading(&discovery, global);
    summary::dependencies(&Kinds::of(&discovery.map), &discovery.map.manifest, global);
    Ok(discovery.ending())
}

/// A map knows what it has counted by object: what has no lasting name, or is read in part, cannot be added to it.
fn addable(args: &DiscoverArgs) -> Result<()> {
    if args.sources.iter().any(|source| source == "-") {
        bail!(
            "{} exists, and standard input cannot be told apart from what it has counted\n  \
             hint: write the input to a file, and discover that",
            args.out.display()
        );
    }
    if args.reading.since.is_some() || args.reading.until.is_some() {
        bail!(
            "{} exists, and --since and --until would leave objects half counted in it\n  hint: discover all of the time into one new map",
            args.out.display()
        );
    }
    Ok(())
}

/// Reads all sources and names what they show. What does not fit into memory goes to `folder`, or as near to it as there is
/// a folder. A map that is to grow must `keep` what was counted.
pub(crate) fn discover(
    sources: &[String],
    reading: &Reading,
    global: &Global,
    folder: &Path,
    keep: bool,
) -> Result<Discovery> {
    let nothing = (&Manifest::default(), None);
    survey(sources, reading, global, nothing, folder, keep)?.map(|survey| Ok(survey.named()))
}

/// Reads all sources, apart from what the map of an earlier run has counted, and adds to it what that map keeps.
fn survey(
    sources: &[String],
    reading: &Reading,
    global: &Global,
    (before, kept): (&Manifest, Option<Kept>),
    folder: &Path,
    keep: bool,
) -> Result<Discovery<Survey>> {
    counted_once(sources, before)?;
    let inventory = inventory(reading, global, kept.as_slice())?;
    let knowledge = knowledge(reading, global, before)?;
    let budget = budget(reading, global, folder)?;
    let options = options::options(&reading.logs)?;
    let earlier = Arc::new(Earlier::of(before));
    let set_aside = reading.set_aside.as_deref().map(SetAside::create).transpose()?;
    let settings = window::window(sources, reading, &options, global)?;
    let wanted = wanted(reading, &settings, &earlier);
    let sources = objects::open(sources, &wanted)?;
    let known = AtomicU64::new(0);
    let progress = Progress::default();
    let outcome = progress::shown(global, &sources, wanted.counted.as_deref(), &progress, || {
        drive(
            &sources,
            threads(global),
            || {
                let spool = set_aside.as_ref().map(SetAside::spool);
                let aggregator = Aggregator::new(&inventory, &settings).within(budget.clone());
                Spooling::new(aggregator, spool)
            },
            |object, sink: &mut Spooling<Aggregator<'_>>, counters: &mut Counters| {
                if let Some(unchanged) = earlier.unchanged(&object.id) {
                    known.fetch_add(1, Ordering::Relaxed);
                    return unchanged;
                }
                scan(object, &options, sink.sink(), counters)
            },
            &progress,
        )
    });
    for note in &outcome.notes {
        say::note(global, note);
    }
    let nothing = Aggregator::new(&inventory, &settings);
    let (whole, unsaved) = added_up(outcome.sinks, set_aside, nothing);
    let (observed, kept) = finished(whole, kept.as_slice(), keep).context("cannot add up what was counted")?;
    let (knowledge, resolver) = reverse::names(&observed, knowledge, reading)?;
    let new = outcome.objects.into_iter().filter(|id| !earlier.has(id));
    let mut manifest = manifest(&observed, &outcome.counters, new);
    manifest.incomplete = earlier.incomplete_since(&outcome.faults);
    manifest.aws_ranges.clone_from(knowledge.ranges.days());
    manifest.names = knowledge.of(&observed);
    let faults = outcome.faults.iter().map(Fault::to_string);
    Ok(Discovery {
        map: Survey {
            observed,
            knowledge,
            manifest,
        },
        counters: outcome.counters,
        faults: left_lacking(before).into_iter().chain(faults).collect(),
        unsaved,
        resolver,
        known: known.into_inner(),
        kept,
    })
}

fn wanted(reading: &Reading, settings: &Settings, earlier: &Arc<Earlier>) -> Wanted {
    let earlier = Arc::clone(earlier);
    Wanted {
        since: settings.since,
        until: settings.until,
        requester_pays: reading.logs.requester_pays,
        counted: Some(Arc::new(move |id: &ObjectId| earlier.has(id))),
    }
}

/// What all readers counted together, and why the lines that were set aside are not all written.
fn added_up<'i>(
    sinks: Vec<Spooling<Aggregator<'i>>>,
    set_aside: Option<SetAside>,
    nothing: Aggregator<'i>,
) -> (Aggregator<'i>, Option<anyhow::Error>) {
    let (aggregators, spools): (Vec<_>, Vec<_>) = sinks.into_iter().map(Spooling::apart).unzip();
    let unsaved = set_aside.and_then(|to| to.gather(spools.into_iter().flatten().collect()).err());
    (aggregators.into_iter().fold(nothing, Aggregator::merge), unsaved)
}

/// What was counted, by earlier runs too, and all of it as a map keeps it, where one is to.
fn finished(whole: Aggregator<'_>, earlier: &[Kept], keep: bool) -> io::Result<(Observed, Option<Kept>)> {
    if keep {
        let (observed, kept) = whole.finish_with(earlier)?;
        Ok((observed, Some(kept)))
    } else {
        Ok((whole.finish()?, None))
    }
}

/// What each reader may take of the memory.
fn budget(reading: &Reading, global: &Global, folder: &Path) -> Result<Option<Budget>> {
    let Some(text) = &reading.memory_budget else {
        return Ok(None);
    };
    let bytes = usize::try_from(size::parse("--memory-budget", text)?).unwrap_or(usize::MAX);
    let folder = folder.ancestors().find(|folder| folder.is_dir());
    let folder = folder.map_or_else(|| PathBuf::from("."), Path::to_path_buf);
    Ok(Some(Budget::new(bytes / threads(global), folder)))
}

/// Some streams of a log group and the whole of it are objects of different names that hold the same events.
fn counted_once(sources: &[String], before: &Manifest) -> Result<()> {
    let counted = before.objects.iter().map(|object| &object.uri);
    let others: Vec<&String> = sources.iter().chain(counted).collect();
    for source in sources {
        if let Some(other) = others.iter().find(|other| CloudWatchSource::overlap(source, other)) {
            let [source, other] = [source, *other].map(|uri| printable::name(uri));
            bail!(
                "{source} holds events that {other} holds as well\n  hint: read the two into separate maps, and do not merge them"
            );
        }
    }
    Ok(())
}

/// How many readers there are.
pub(crate) fn threads(global: &Global) -> NonZeroUsize {
    let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    global.threads.unwrap_or_else(cores)
}

fn inventory(reading: &Reading, global: &Global, kept: &[Kept]) -> Result<Inventory> {
    let mut all = Inventory::default();
    for path in &reading.inventory {
        all.extend(Inventory::from_file(&path.display().to_string(), &read(path)?)?);
    }
    for remark in all.remarks() {
        say::note(global, format_args!("inventory {remark}"));
    }
    Kept::remember(kept, &mut all)?;
    Ok(all)
}

/// The ranges in the user's files, else those that come with the program, and what a map knew.
fn knowledge(reading: &Reading, global: &Global, before: &Manifest) -> Result<Knowledge> {
    let mut knowledge = Knowledge::default();
    if reading.names.is_empty() {
        knowledge.ranges = AwsRanges::bundled();
    }
    for path in &reading.names {
        let ranges = AwsRanges::from_json(&path.display().to_string(), &read(path)?)?;
        let bundled = AwsRanges::bundled_day();
        if let Some(day) = ranges.days().iter().find(|day| day.as_str() < bundled) {
            say::note(
                global,
                format_args!(
                    "{} is of {day}, older than the ranges of {bundled} that come with egressmap and that it stands in for",
                    path.display()
                ),
            );
        }
        knowledge.ranges.extend(ranges);
    }
    knowledge.remember(&before.names);
    Ok(knowledge)
}

fn counted(id: &ObjectId) -> CountedObject {
    CountedObject {
        uri: id.uri.clone(),
        version: id.version.clone(),
        size: id.size,
    }
}

fn manifest(observed: &Observed, counters: &Counters, objects: impl IntoIterator<Item = ObjectId>) -> Manifest {
    Manifest {
        window: observed.window,
        objects: objects.into_iter().map(|id| counted(&id)).collect(),
        incomplete: BTreeSet::new(),
        bytes: counters.bytes,
        lines: counters.lines,
        used: Used {
            flow: counters.flow,
            access: counters.access,
            dns: counters.dns,
        },
        set_aside: counters
            .set_aside
            .iter()
            .map(|(reason, count)| ((*reason).to_owned(), *count))
            .collect(),
        inbound: observed.inbound,
        gaps: observed.gaps.clone(),
        services: observed.services.clone(),
        sources: observed.sources.clone(),
        aws_ranges: BTreeSet::new(),
        names: KnownNames::default(),
        aliases: observed.aliases.clone(),
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}
