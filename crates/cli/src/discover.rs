//! Logs to map: the one place where sources, readers, aggregation and naming are put together.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, anyhow, bail};
use egressmap_aggregator::inventory::Inventory;
use egressmap_aggregator::map::{CountedObject, DependencyMap, Manifest, Used};
use egressmap_aggregator::name::{self, Knowledge};
use egressmap_aggregator::{Aggregator, Observed, Settings};
use egressmap_parser::source::{self, ObjectId, Wanted};
use egressmap_parser::{Counters, Fault, ObjectError, Options, Progress, drive, scan};

use crate::args::{DiscoverArgs, Global, Reading};
use crate::{Ending, say, summary, time};

/// A map and how its reading went.
pub(crate) struct Discovery {
    pub(crate) map: DependencyMap,
    pub(crate) counters: Counters,
    pub(crate) faults: Vec<String>,
    pub(crate) resolver: Option<name::ptr::Report>,
    /// Objects that an earlier run had counted and this one skipped.
    pub(crate) known: u64,
}

impl Discovery {
    /// The map is whole, or something could not be read.
    pub(crate) fn ending(&self) -> Ending {
        if self.faults.is_empty() {
            Ending::Done
        } else {
            Ending::Incomplete
        }
    }
}

/// `egressmap discover`.
pub(crate) fn command(args: &DiscoverArgs, global: &Global) -> Result<Ending> {
    let parent = args.out.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent.filter(|parent| !parent.is_dir()) {
        bail!("--out: there is no folder {}", parent.display());
    }
    let before = if args.out.exists() {
        Some(DependencyMap::read_parquet(&args.out)?)
    } else {
        None
    };
    if before.is_some() {
        addable(args)?;
    }
    let discovery = discover(&args.sources, &args.reading, global, before)?;
    discovery.map.write_parquet(&args.out)?;
    summary::reading(&discovery, global);
    summary::dependencies(&discovery.map, global);
    say::note(
        global,
        format_args!("\nmap: {}\nnext: egressmap show {0}", args.out.display()),
    );
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

/// Reads all sources and names what they show; adds it to the map of an earlier run, where there is one.
pub(crate) fn discover(
    sources: &[String],
    reading: &Reading,
    global: &Global,
    before: Option<DependencyMap>,
) -> Result<Discovery> {
    let inventory = inventory(reading)?;
    let knowledge = knowledge(reading)?;
    let settings = settings(reading)?;
    let wanted = Wanted {
        since: settings.since,
        until: settings.until,
        ..Wanted::default()
    };
    let sources = sources
        .iter()
        .map(|spec| source::open(spec, &wanted))
        .collect::<Result<Vec<_>, _>>()?;
    let formats = formats(reading)?;
    let before = before.unwrap_or_default();
    let earlier = counted_before(&before);
    let known = AtomicU64::new(0);

    let outcome = drive(
        &sources,
        threads(global),
        || Aggregator::new(&inventory, &settings),
        |object, sink: &mut Aggregator<'_>, counters: &mut Counters| {
            if let Some(then) = earlier.get(&identity(&object.id)) {
                known.fetch_add(1, Ordering::Relaxed);
                return unchanged(&object.id, *then);
            }
            scan(object, &formats, sink, counters)
        },
        &Progress::default(),
    );
    let observed = outcome
        .sinks
        .into_iter()
        .reduce(Aggregator::merge)
        .map(Aggregator::finish)
        .unwrap_or_default();

    let (knowledge, resolver) = ask_resolver(&observed, knowledge, reading)?;
    let new = outcome
        .objects
        .into_iter()
        .filter(|id| !earlier.contains_key(&identity(id)));
    let manifest = Manifest {
        incomplete: incomplete(&outcome.faults, &earlier),
        ..manifest(&observed, &outcome.counters, new)
    };
    let map = DependencyMap {
        manifest,
        dependencies: name::name(observed, &knowledge),
    };
    let faults = left_lacking(&before)
        .into_iter()
        .chain(outcome.faults.iter().map(Fault::to_string))
        .collect();
    Ok(Discovery {
        map: before.merge(map)?,
        counters: outcome.counters,
        faults,
        resolver,
        known: known.into_inner(),
    })
}

/// Objects by what a map knows them by, with the size they had.
type Earlier = BTreeMap<(String, Option<String>), Option<u64>>;

/// The objects that the map of an earlier run has counted, with the size they had.
fn counted_before(before: &DependencyMap) -> Earlier {
    let objects = before.manifest.objects.iter();
    objects
        .map(|object| ((object.uri.clone(), object.version.clone()), object.size))
        .collect()
}

/// What an earlier run could not read whole, and nobody reads again.
fn left_lacking(before: &DependencyMap) -> Vec<String> {
    let incomplete = before.manifest.incomplete.iter();
    let named = incomplete.map(|(uri, what)| {
        format!("{uri}: {what} (in an earlier run)\n  hint: discover into a new map once the object is whole")
    });
    named.collect()
}

/// What an object is known by in a map.
fn identity(id: &ObjectId) -> (String, Option<String>) {
    (id.uri.clone(), id.version.clone())
}

/// An object that was counted before is not read again; one that has changed since cannot be told apart from its past.
fn unchanged(id: &ObjectId, then: Option<u64>) -> Result<(), ObjectError> {
    if id.size == then {
        return Ok(());
    }
    Err(ObjectError {
        uri: id.uri.clone(),
        what: "has changed since this map counted it, and was not read again\n  \
               hint: discover into a new map, or read files that are no longer written to"
            .to_owned(),
    })
}

/// The objects that were read in part: what they lack is lacking from the map for good.
fn incomplete(faults: &[Fault<ObjectError>], earlier: &Earlier) -> BTreeSet<(String, String)> {
    faults
        .iter()
        .filter_map(|fault| match fault {
            Fault::Object { object, .. } if earlier.contains_key(&identity(object)) => None,
            Fault::Object { object, error } => Some((object.uri.clone(), error.what.clone())),
            Fault::Panicked { object, message } => Some((object.uri.clone(), message.clone())),
            Fault::Source(_) | Fault::Unopened(_) => None,
        })
        .collect()
}

fn threads(global: &Global) -> NonZeroUsize {
    let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    global.threads.unwrap_or_else(cores)
}

fn inventory(reading: &Reading) -> Result<Inventory> {
    let mut all = Inventory::default();
    for path in &reading.inventory {
        all.extend(Inventory::from_csv(&path.display().to_string(), &read(path)?)?);
    }
    Ok(all)
}

fn knowledge(reading: &Reading) -> Result<Knowledge> {
    let mut knowledge = Knowledge::default();
    for path in &reading.names {
        knowledge
            .ranges
            .extend(name::AwsRanges::from_json(&path.display().to_string(), &read(path)?)?);
    }
    Ok(knowledge)
}

fn settings(reading: &Reading) -> Result<Settings> {
    let instant = |flag, text: &Option<String>| text.as_deref().map(|text| time::instant(flag, text)).transpose();
    let settings = Settings {
        since: instant("--since", &reading.since)?,
        until: instant("--until", &reading.until)?,
    };
    if let (Some(since), Some(until)) = (settings.since, settings.until)
        && since >= until
    {
        bail!("--since must be before --until: no record can start between them");
    }
    Ok(settings)
}

fn formats(reading: &Reading) -> Result<Options> {
    let mut options = Options {
        flow_format: reading.flow_format.clone(),
        kind: reading.kind.clone(),
        ..Options::default()
    };
    for pair in &reading.envoy_json {
        let (key, operator) = pair
            .split_once('=')
            .with_context(|| format!("--envoy-json: expected KEY=%OPERATOR%, found {pair:?}"))?;
        options.envoy_json.insert(key.to_owned(), operator.to_owned());
    }
    options
        .check()
        .map_err(|error| anyhow!("--{}: {}", error.option.replace('_', "-"), error.why))?;
    Ok(options)
}

/// Asks the resolver that was given, if one was, for the addresses that nothing else names.
fn ask_resolver(
    observed: &Observed,
    mut knowledge: Knowledge,
    reading: &Reading,
) -> Result<(Knowledge, Option<name::ptr::Report>)> {
    let Some(server) = reading.resolver else {
        return Ok((knowledge, None));
    };
    let mut settings = name::ptr::Settings::new(server);
    if let Some(text) = &reading.resolver_timeout {
        settings.deadline = time::duration("--resolver-timeout", text)?;
    }
    let resolved = name::ptr::resolve(&name::addresses_to_resolve(observed, &knowledge), &settings);
    knowledge.ptr = resolved.answers;
    Ok((knowledge, Some(resolved.report)))
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
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}
