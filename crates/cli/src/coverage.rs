//! `egressmap coverage`: is the window of a map long enough?

use std::fs;

use anyhow::{Context, Result, anyhow, bail};
use egressmap_aggregator::coverage::{Class, Coverage, Job, Question, coverage, json};
use egressmap_aggregator::map::DependencyMap;

use crate::args::{CoverageArgs, Output};
use crate::{Ending, say};

mod page;

/// Judges the map, service by service.
pub(crate) fn command(args: &CoverageArgs) -> Result<Ending> {
    let question = question(args)?;
    let map = DependencyMap::read_parquet(&args.map)?;
    check_services(args, &question, &map)?;
    let mut answer = coverage(&map, &question);
    if let Some(wanted) = &args.service {
        answer.services.retain(|service| service.service == *wanted);
    }
    say::data(&match args.output {
        Output::Table => page::page(&answer, say::width()),
        Output::Json => json(&answer, &question),
    })?;
    Ok(ending(&answer, args.require_sufficient))
}

/// A map that shows nothing is no evidence of anything.
fn ending(answer: &Coverage, required: bool) -> Ending {
    let sufficient = !answer.services.is_empty() && answer.services.iter().all(|service| service.is_sufficient());
    if required && !sufficient {
        Ending::Insufficient
    } else {
        Ending::Done
    }
}

fn question(args: &CoverageArgs) -> Result<Question> {
    if !(50.0..100.0).contains(&args.target) {
        bail!(
            "--target: expected a percentage from 50 to below 100, found {}",
            args.target
        );
    }
    let mut jobs = Vec::new();
    if let Some(path) = &args.declared {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        jobs = Job::parse_all(&text).map_err(|(line, error)| anyhow!("{}: line {line}: {error}", path.display()))?;
    }
    for text in &args.job {
        jobs.push(Job::parse(text).context("--job")?);
    }
    Ok(Question {
        target: args.target / 100.0,
        budget: args.budget,
        calendar: if args.no_calendar { Vec::new() } else { classes(args) },
        jobs,
    })
}

fn classes(args: &CoverageArgs) -> Vec<Class> {
    args.calendar.iter().map(|class| (*class).into()).collect()
}

/// A job or a question about a service that the map does not know would hold nothing back, and say nothing.
fn check_services(args: &CoverageArgs, question: &Question, map: &DependencyMap) -> Result<()> {
    let knows = |name: &str| map.dependencies.keys().any(|key| key.service.as_str() == name);
    if let Some(service) = args.service.as_deref().filter(|service| !knows(service)) {
        bail!("--service: nothing was seen of service {service}\n  hint: egressmap show lists the services of a map");
    }
    for job in &question.jobs {
        if let Some(service) = job.service.as_deref().filter(|service| !knows(service)) {
            bail!(
                "job {}: nothing was seen of service {service}\n  hint: egressmap show lists the services of a map",
                job.name
            );
        }
    }
    Ok(())
}
