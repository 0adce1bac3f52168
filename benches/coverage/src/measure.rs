//! A window of a fleet against the 30 days after it.

use egressmap_aggregator::coverage::{Coverage, HORIZON, Question, coverage};
use egressmap_aggregator::identity::ServiceName;
use egressmap_aggregator::map::{Application, Certainty, Dependency, DependencyMap, Hours, Key, Protocol, Tally};

use crate::chance::Chance;
use crate::fleet::{Service, fleet};

/// The day on which every fleet begins: 2026-01-05.
const FIRST_DAY: u32 = 20_458;

/// What came of the windows of one length.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) services: usize,
    /// Services that had more new dependencies than the bound said.
    pub(crate) beyond_bound: usize,
    /// The sum of the bounds.
    pub(crate) bound: u64,
    /// New dependencies, as expected and as they came.
    pub(crate) expected: f64,
    pub(crate) came: usize,
    /// The share of later dependency-days whose dependency was not known, as expected and as it was: sums over services.
    pub(crate) uncovered_expected: f64,
    pub(crate) uncovered: f64,
    /// Services with an estimate of coverage.
    pub(crate) estimated: usize,
}

impl Outcome {
    /// The share of services beyond their bound.
    pub(crate) fn failure_rate(&self) -> f64 {
        self.beyond_bound as f64 / self.services.max(1) as f64
    }
}

/// Looks at the first `window` days of `fleets` fleets of `services` services each.
pub(crate) fn measure(window: u32, fleets: u64, services: usize) -> Outcome {
    let horizon = u32::try_from(HORIZON).unwrap_or(u32::MAX);
    let mut outcome = Outcome::default();
    for seed in 0..fleets {
        let fleet = fleet(services, window + horizon, &mut Chance::new(seed));
        let all = coverage(&map(&fleet, window), &Question::default());
        judge(&fleet, window, &all, &mut outcome);
    }
    outcome
}

fn name(at: usize) -> String {
    format!("service-{at:06}")
}

/// What the logs of the window would have shown.
fn map(fleet: &[Service], window: u32) -> DependencyMap {
    let mut map = DependencyMap::default();
    for (at, service) in fleet.iter().enumerate() {
        for (place, days) in service.iter().enumerate() {
            let seen: Vec<(u32, u32)> = days
                .iter()
                .filter(|day| **day < window)
                .map(|day| (FIRST_DAY + day, 0xff_ffff))
                .collect();
            if seen.is_empty() {
                continue;
            }
            let service = ServiceName::try_from(name(at)).expect("the name is short and plain");
            let key = Key {
                service,
                destination: format!("{place}.example"),
                port: 443,
                protocol: Protocol::Tcp,
            };
            map.dependencies.insert(key, dependency(seen));
        }
    }
    map
}

fn dependency(days: Vec<(u32, u32)>) -> Dependency {
    Dependency {
        addresses: Default::default(),
        application: Application::Tls,
        at_initiator: Tally {
            records: 1,
            packets_in: 1,
            ..Tally::default()
        },
        seen: Hours {
            first: 0,
            last: 0,
            days,
        },
        initiator: Certainty::Certain,
        ..Dependency::default()
    }
}

fn judge(fleet: &[Service], window: u32, all: &Coverage, outcome: &mut Outcome) {
    for said in &all.services {
        let Some(service) = said
            .service
            .strip_prefix("service-")
            .and_then(|at| at.parse::<usize>().ok())
        else {
            continue;
        };
        let later = |days: &[u32]| days.iter().filter(|day| **day >= window).count();
        let is_new = |days: &[u32]| days.first().is_some_and(|first| *first >= window);
        let places = &fleet[service];
        let new = places.iter().filter(|days| is_new(days));
        let (came, unknown_days) = new.fold((0, 0), |(came, sum), days| (came + 1, sum + later(days)));
        let all_days: usize = places.iter().map(|days| later(days)).sum();
        outcome.services += 1;
        outcome.came += came;
        outcome.expected += said.expected_new;
        outcome.bound += said.at_most_new;
        outcome.beyond_bound += usize::from(came as u64 > said.at_most_new);
        if let Some(coverage) = said.coverage.filter(|_| all_days > 0) {
            outcome.estimated += 1;
            outcome.uncovered_expected += 1.0 - coverage;
            outcome.uncovered += unknown_days as f64 / all_days as f64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_30_days_on_at_most_one_service_in_twenty_exceeds_its_bound() {
        for window in [30, 62, 90] {
            let outcome = measure(window, 1, 500);
            assert!(outcome.failure_rate() <= 0.05, "{window} days: {outcome:?}");
            // A bound that holds because it is absurd is none.
            assert!(
                outcome.bound < 8 * outcome.services as u64,
                "{window} days: {outcome:?}"
            );
        }
    }

    #[test]
    fn what_is_expected_is_of_the_order_of_what_comes() {
        let outcome = measure(62, 1, 500);
        let came = outcome.came as f64;
        assert!((0.3 * came..3.0 * came).contains(&outcome.expected), "{outcome:?}");
    }
}
