//! Names from reverse DNS: those of earlier runs, then what the resolver says, if one was given.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::path::Path;

use anyhow::{Context, Result};
use egressmap_aggregator::Observed;
use egressmap_aggregator::name::ptr::{self, Cache, Resolved, Settings};
use egressmap_aggregator::name::{self, Knowledge};
use egressmap_aggregator::replace;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

use crate::args::Reading;
use crate::time;

/// Adds the names of addresses that nothing else names. Nothing is asked without a resolver.
pub(crate) fn names(
    observed: &Observed,
    mut knowledge: Knowledge,
    reading: &Reading,
) -> Result<(Knowledge, Option<ptr::Report>)> {
    let file = reading.ptr_cache.as_deref();
    let day = observed.window.and_then(|(_, last)| day_of(last));
    let (Some(day), true) = (day, file.is_some() || reading.resolver.is_some()) else {
        return Ok((knowledge, None));
    };
    let mut cache = file.map(read).transpose()?.unwrap_or_default();
    let addresses = name::addresses_to_resolve(observed, &knowledge);
    let (known, unknown): (BTreeSet<IpAddr>, BTreeSet<IpAddr>) =
        addresses.into_iter().partition(|address| cache.knows(address, day));
    let mut resolved = match reading.resolver {
        Some(server) => {
            let mut settings = Settings::new(server);
            if let Some(text) = &reading.resolver_timeout {
                settings.deadline = time::duration("--resolver-timeout", text)?;
            }
            ptr::resolve(&unknown, &settings)
        }
        None => Resolved::none(None),
    };
    let asked = resolved.clone();
    cache.add_to(&mut resolved, &known, day);
    if let (Some(file), Some(_)) = (file, reading.resolver) {
        cache.remember(&asked, day);
        replace(file, cache.to_text().as_bytes()).with_context(|| format!("cannot write {}", file.display()))?;
    }
    knowledge.ptr.extend(resolved.answers);
    Ok((knowledge, Some(resolved.report)))
}

fn day_of(second: u64) -> Option<Date> {
    let moment = Timestamp::from_second(i64::try_from(second).ok()?).ok()?;
    Some(Offset::UTC.to_datetime(moment).date())
}

/// A file that is not there yet has nothing in it.
fn read(file: &Path) -> Result<Cache> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Cache::read(&file.display().to_string(), &text)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Cache::default()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}
