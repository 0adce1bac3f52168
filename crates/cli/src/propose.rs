//! Map to definitions: merges the ledger, decides the proposal, and writes what each target renders.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use egressmap_aggregator::map::DependencyMap;
use egressmap_aggregator::replace;
use egressmap_generator::proposal::{COMPANION, Layout, ON_CONFLICT};
use egressmap_generator::{
    Acceptance, Finding, Merged, OnConflict, Owners, Proposal, Rendered, RenderedFile, Settings, Severity, Target,
    Terms, merge_on, propose, target_named,
};
use egressmap_parser::near::did_you_mean;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::args::{Global, ProposeArgs, TerraformStyle};
use crate::{Ending, summary};

/// Lists the files of a target's folder that this program wrote, so that the next run can take away its own and no others.
const WRITTEN: &str = ".egressmap-files";

/// What to propose, and where to write it.
pub(crate) struct Order<'a> {
    pub(crate) ledger: Option<&'a Path>,
    pub(crate) accept_observed: bool,
    pub(crate) owners: Option<&'a Path>,
    pub(crate) mesh: &'a str,
    pub(crate) namespace: Option<&'a str>,
    pub(crate) targets: &'a [String],
    pub(crate) choice: Choice,
    pub(crate) layout: Layout,
    pub(crate) current: &'a [PathBuf],
    pub(crate) out: &'a Path,
}

/// What to do with ports that App Mesh cannot share, checked before anything is read.
#[derive(Clone, Copy)]
pub(crate) enum Choice {
    /// Ask, or put routers before the hosts that give way.
    InTheMesh(OnConflict),
    /// Ignore the port, and let this target enforce it.
    Beside(&'static dyn Target),
}

impl Choice {
    /// The choice of these words; without any, to ask.
    pub(crate) fn read(on_conflict: Option<&str>, companion: Option<&str>) -> Result<Choice> {
        let word = on_conflict.unwrap_or("ask");
        let names = || ON_CONFLICT.iter().map(|(name, _)| *name);
        let Some((_, choice)) = ON_CONFLICT.iter().find(|(name, _)| *name == word) else {
            let known = names().collect::<Vec<_>>().join(", ");
            let hint = did_you_mean(word, names());
            bail!("on-conflict: expected one of {known}, found {word:?}{hint}");
        };
        if *choice != OnConflict::IgnorePort {
            if companion.is_some() {
                bail!("a companion enforces ignored ports: give it with on-conflict ignore-port");
            }
            return Ok(Choice::InTheMesh(*choice));
        }
        let target = target_named(companion.unwrap_or(COMPANION)).context("companion")?;
        if target.name().starts_with("appmesh-") {
            bail!(
                "companion: expected a target that enforces without App Mesh, found {}",
                target.name()
            );
        }
        Ok(Choice::Beside(target))
    }

    /// Makes it a setting of the proposal.
    pub(crate) fn enter(self, settings: &mut Settings) {
        match self {
            Choice::InTheMesh(choice) => settings.on_conflict = choice,
            Choice::Beside(companion) => {
                settings.on_conflict = OnConflict::IgnorePort;
                companion.name().clone_into(&mut settings.companion);
            }
        }
    }
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
            owners: args.owners.as_deref(),
            mesh: &args.mesh,
            namespace: args.namespace.as_deref(),
            targets: &args.target,
            choice: Choice::read(Some(&args.on_conflict), args.companion.as_deref())?,
            layout: layout(args.terraform_style, args.kubernetes_backend_groups),
            current: &args.current,
            out: &args.out,
        },
    )?;
    summary::proposal(&proposed, global);
    let ending = proposed.ending();
    // The process ends: to take all of this apart piece by piece would only keep its user waiting.
    std::mem::forget((map, proposed));
    Ok(ending)
}

/// Merges, decides, renders and writes. Nothing is written unless all of it could be rendered.
pub(crate) fn carry_out(map: &DependencyMap, order: &Order<'_>) -> Result<Proposed> {
    let targets = targets(order.targets)?;
    let today = newest_day(map);
    let merged = merged(map, order, today)?;
    let mut settings = Settings {
        today,
        layout: order.layout,
        ..Settings::for_mesh(order.mesh)
    };
    if let Some(namespace) = order.namespace {
        namespace.clone_into(&mut settings.namespace);
    }
    for path in order.current {
        let read = settings.current.read(&text_of(path)?, order.mesh);
        read.with_context(|| path.display().to_string())?;
    }
    order.choice.enter(&mut settings);
    let proposal = propose(map, &merged.ledger, &settings);
    let beside = companion(&targets, order.choice, &proposal);
    let all = targets
        .iter()
        .map(|target| (*target, &proposal))
        .chain(beside.iter().map(|(target, proposal)| (*target, proposal)));
    let rendered: Vec<_> = all
        .map(|(target, proposal)| (target.name(), target.render(proposal)))
        .collect();
    let folders = rendered
        .iter()
        .map(|(target, rendered)| write(order.out, target, &rendered.files));
    let folders = folders.collect::<Result<_>>()?;
    if let Some(path) = order.ledger {
        replace(path, merged.text.as_bytes()).with_context(|| cannot_write(path))?;
    }
    Ok(Proposed {
        merged,
        findings: rendered
            .into_iter()
            .flat_map(|(_, rendered)| rendered.findings)
            .collect(),
        in_the_mesh: targets.iter().any(|target| target.name().starts_with("appmesh-")),
        proposal,
        folders,
        ledger: order.ledger.map(Path::to_path_buf),
    })
}

/// The companion with what it must allow. One that is a target too enforces all of the proposal anyway.
fn companion(
    targets: &[&'static dyn Target],
    choice: Choice,
    proposal: &Proposal,
) -> Option<(&'static dyn Target, Proposal)> {
    let Choice::Beside(companion) = choice else { return None };
    let is_target = targets.iter().any(|target| target.name() == companion.name());
    let beside = proposal.beside(companion.is_shared());
    (!is_target && !beside.allowed.is_empty()).then_some((companion, beside))
}

/// The layout that these words ask for.
pub(crate) fn layout(style: TerraformStyle, backend_groups: bool) -> Layout {
    Layout {
        tfvars: style == TerraformStyle::Tfvars,
        backend_groups,
    }
}

/// The targets of these names; a config may be checked for them before anything is read.
pub(crate) fn targets(names: &[String]) -> Result<Vec<&'static dyn Target>> {
    Ok(names.iter().map(|name| target_named(name)).collect::<Result<_, _>>()?)
}

fn merged(map: &DependencyMap, order: &Order<'_>, today: Option<Date>) -> Result<Merged> {
    let existing = match order.ledger {
        Some(path) if path.exists() => Some(text_of(path)?),
        _ => None,
    };
    let acceptance = if order.accept_observed {
        Acceptance::Observed
    } else {
        Acceptance::Review
    };
    let owners = match order.owners {
        Some(path) => Owners::parse(&text_of(path)?).with_context(|| path.display().to_string())?,
        None => Owners::default(),
    };
    let terms = Terms {
        acceptance,
        today,
        owners: &owners,
    };
    let place = order.ledger.unwrap_or(Path::new("ledger")).display();
    merge_on(existing.as_deref(), map, terms).with_context(|| place.to_string())
}

fn text_of(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
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
    let folders: BTreeSet<PathBuf> = files
        .iter()
        .filter_map(|file| folder.join(&file.path).parent().map(Path::to_path_buf))
        .collect();
    for parent in &folders {
        fs::create_dir_all(parent).with_context(|| cannot_write(parent))?;
    }
    let before: BTreeSet<&str> = before.lines().collect();
    for file in files {
        let path = folder.join(&file.path);
        // What stands there already stays as it is, with its time; the next run writes it anew, if this one is killed.
        let stands =
            before.contains(file.path.as_str()) && fs::read(&path).is_ok_and(|text| text == file.text.as_bytes());
        if !stands {
            fs::write(&path, &file.text).with_context(|| cannot_write(&path))?;
        }
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

fn folder_of(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}
