//! Map to definitions: merges the ledger, decides the proposal, and writes what each target renders.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use egressmap_aggregator::map::DependencyMap;
use egressmap_aggregator::replace;
use egressmap_generator::{
    Acceptance, Finding, Merged, Proposal, RenderedFile, Settings, Severity, Target, merge, propose, target_named,
};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::args::{Global, ProposeArgs};
use crate::{Ending, summary};

/// Lists the files of a target's folder that this program wrote, so that the next run can take away its own and no others.
const WRITTEN: &str = ".egressmap-files";

/// What to propose, and where to write it.
pub(crate) struct Order<'a> {
    pub(crate) ledger: Option<&'a Path>,
    pub(crate) accept_observed: bool,
    pub(crate) mesh: &'a str,
    pub(crate) namespace: Option<&'a str>,
    pub(crate) targets: &'a [String],
    pub(crate) out: &'a Path,
}

/// A proposal, and the files it went to.
pub(crate) struct Proposed {
    pub(crate) merged: Merged,
    pub(crate) proposal: Proposal,
    /// What the chosen targets say of it, each thing once.
    pub(crate) findings: BTreeSet<Finding>,
    /// Whether one of them is App Mesh.
    pub(crate) in_the_mesh: bool,
    pub(crate) folders: Vec<PathBuf>,
    pub(crate) ledger: Option<PathBuf>,
}

impl Proposed {
    /// There may be something to decide, or to know before applying.
    pub(crate) fn ending(&self) -> Ending {
        let all_notes = self.findings.iter().all(|finding| finding.severity == Severity::Note);
        if all_notes { Ending::Done } else { Ending::Findings }
    }
}

/// `egressmap propose`.
pub(crate) fn command(args: &ProposeArgs, global: &Global) -> Result<Ending> {
    let map = DependencyMap::read_parquet(&args.map)?;
    let proposed = carry_out(
        &map,
        &Order {
            ledger: args.ledger.as_deref(),
            accept_observed: args.accept_observed,
            mesh: &args.mesh,
            namespace: args.namespace.as_deref(),
            targets: &args.target,
            out: &args.out,
        },
    )?;
    summary::proposal(&proposed, global);
    Ok(proposed.ending())
}

/// Merges, decides, renders and writes. Nothing is written unless all of it could be rendered.
pub(crate) fn carry_out(map: &DependencyMap, order: &Order<'_>) -> Result<Proposed> {
    let targets = targets(order.targets)?;
    let today = newest_day(map);
    let merged = merged(map, order, today)?;
    let mut settings = Settings {
        today,
        ..Settings::for_mesh(order.mesh)
    };
    if let Some(namespace) = order.namespace {
        namespace.clone_into(&mut settings.namespace);
    }
    let proposal = propose(map, &merged.ledger, &settings);
    let folders = targets
        .iter()
        .map(|target| write(order.out, target.name(), &target.render(&proposal)));
    let folders = folders.collect::<Result<_>>()?;
    if let Some(path) = order.ledger {
        replace(path, merged.text.as_bytes()).with_context(|| cannot_write(path))?;
    }
    Ok(Proposed {
        merged,
        findings: targets.iter().flat_map(|target| target.findings(&proposal)).collect(),
        in_the_mesh: targets.iter().any(|target| target.name().starts_with("appmesh-")),
        proposal,
        folders,
        ledger: order.ledger.map(Path::to_path_buf),
    })
}

/// The targets of these names; a config may be checked for them before anything is read.
pub(crate) fn targets(names: &[String]) -> Result<Vec<&'static dyn Target>> {
    Ok(names.iter().map(|name| target_named(name)).collect::<Result<_, _>>()?)
}

fn merged(map: &DependencyMap, order: &Order<'_>, today: Option<Date>) -> Result<Merged> {
    let existing = match order.ledger {
        Some(path) if path.exists() => {
            Some(fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?)
        }
        _ => None,
    };
    let acceptance = if order.accept_observed {
        Acceptance::Observed
    } else {
        Acceptance::Review
    };
    let place = order.ledger.unwrap_or(Path::new("ledger")).display();
    merge(existing.as_deref(), map, acceptance, today).with_context(|| place.to_string())
}

/// The day that entries expire against: that of the map's newest record, so that the same map proposes the same.
pub(crate) fn newest_day(map: &DependencyMap) -> Option<Date> {
    let (_, newest) = map.manifest.window?;
    let second = i64::try_from(newest).ok()?;
    Some(
        Timestamp::from_second(second)
            .ok()?
            .to_zoned_datetime(TimeZone::UTC)
            .date(),
    )
}

/// Writes a target's files to its folder, and takes away those that an earlier run wrote and this one does not.
fn write(out: &Path, target: &str, files: &[RenderedFile]) -> Result<PathBuf> {
    let folder = out.join(target);
    let list = folder.join(WRITTEN);
    let kept: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let before = fs::read_to_string(&list).unwrap_or_default();
    // A run that is killed here leaves files of both lists.
    folder_of(&list)
        .and_then(|()| {
            replace(
                &list,
                lines(before.lines().chain(kept.iter().copied()).collect()).as_bytes(),
            )
        })
        .with_context(|| cannot_write(&list))?;
    for stale in before.lines().filter(|path| !kept.contains(path)) {
        let inside = Path::new(stale)
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        if inside && folder.join(stale).is_file() {
            remove(&folder.join(stale))?;
        }
    }
    for file in files {
        put(&folder.join(&file.path), &file.text)?;
    }
    replace(&list, lines(kept).as_bytes()).with_context(|| cannot_write(&list))?;
    Ok(folder)
}

fn lines(paths: BTreeSet<&str>) -> String {
    paths.into_iter().flat_map(|path| [path, "\n"]).collect()
}

fn remove(path: &Path) -> Result<()> {
    fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))
}

/// The next run writes it anew, if this one is killed.
fn put(path: &Path, text: &str) -> Result<()> {
    folder_of(path)
        .and_then(|()| fs::write(path, text))
        .with_context(|| cannot_write(path))
}

fn folder_of(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}
