//! Asks for many addresses at a time, and knows when to stop.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::{Failure, Resolved, Settings, ask};

/// So many queries without an answer to any query at all, and the resolver is silent. All of them are under way at the
/// same time unless fewer are allowed.
const SILENT_AFTER: u64 = 8;

/// A deadline that a clock can hold.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);

/// Asks for all addresses. What has no result when this returns was given up.
pub(super) fn ask_all(addresses: &BTreeSet<IpAddr>, settings: &Settings, resolved: &mut Resolved) {
    // Without a runtime nothing can be asked: the caller counts all of it as given up.
    if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
        runtime.block_on(ask_until_done(addresses, settings, resolved));
        runtime.shutdown_background();
    }
}

async fn ask_until_done(addresses: &BTreeSet<IpAddr>, settings: &Settings, resolved: &mut Resolved) {
    let deadline = Instant::now() + settings.deadline.min(FOREVER);
    let Ok(resolver) = ask::resolver(settings) else {
        return;
    };
    let patience = settings.patience();
    let mut waiting = addresses.iter().copied();
    let mut asked = JoinSet::new();
    loop {
        while asked.len() < settings.concurrency.max(1)
            && let Some(address) = waiting.next()
        {
            let resolver = resolver.clone();
            asked.spawn(async move { (address, ask::name_of(resolver, address, patience).await) });
        }
        let Ok(Some(Ok((address, answer)))) = timeout_at(deadline, asked.join_next()).await else {
            return;
        };
        resolved.count(address, answer);
        if resolved.report.is_silent() && resolved.unanswered() >= silent_after(settings) {
            return;
        }
    }
}

fn silent_after(settings: &Settings) -> u64 {
    SILENT_AFTER.min(settings.concurrency.max(1) as u64)
}

impl Resolved {
    fn unanswered(&self) -> u64 {
        self.report.failed.get(&Failure::NoAnswer).copied().unwrap_or_default()
    }
}
