//! One service's statistics: from its incidence to what is expected of the days to come.

use super::backtest::{BackTest, back_test};
use super::calendar::entries;
use super::day::Day;
use super::growth::Growth;
use super::incidence::{Incidence, Unit};
use super::job::Job;
use super::quantile::{poisson_95, still_plausible};
use super::verdict::{Facts, SETTLED, findings};
use super::window::Window;
use super::{HORIZON, Named, Question, Service};
use crate::identity::ServiceName;
use crate::map::Grade;

/// The first day is a burn-in: on it everything is new.
const BURN_IN_DAYS: usize = 1;

/// So many dependencies have to begin on one day to look like a deployment, and make up a third of those before.
const TOGETHER: usize = 3;

/// A service's first week is no deployment of it: everything weekly begins there.
const FIRST_WEEK: usize = 7;

/// What can be said of a service by itself, without the rest of the fleet.
pub(super) struct Alone<'a> {
    pub(super) name: &'a ServiceName,
    incidence: Incidence<'a>,
    /// How many new dependencies Chao's extrapolation expects within the horizon.
    pub(super) expected: f64,
}

impl<'a> Alone<'a> {
    pub(super) fn new(name: &'a ServiceName, incidence: Incidence<'a>) -> Self {
        let horizon = HORIZON * incidence.unit.a_day();
        Alone {
            name,
            expected: incidence.frequencies().new_within(horizon),
            incidence,
        }
    }

    /// The whole of it, given how many new dependencies a service of this fleet is expected to have on the mean.
    pub(super) fn within(&self, fleet_mean: f64, window: &Window, question: &Question) -> Service {
        let incidence = &self.incidence;
        let jobs: Vec<&Job> = question
            .jobs
            .iter()
            .filter(|job| job.concerns(self.name.as_str()))
            .collect();
        let explained = |day: Day| jobs.iter().any(|job| job.runs_on(day));
        let frequencies = incidence.frequencies();
        let a_day = incidence.unit.a_day();
        let last = window.complete.last().copied();
        let growth = growth(incidence);
        let power_law = growth.map_or(0.0, |growth| growth.expected((HORIZON * a_day) as f64));
        let units_to_target = frequencies.units_to(question.target);
        let mut service = Service {
            service: self.name.as_str().to_owned(),
            dependencies: incidence.species.len(),
            by_address: incidence
                .species
                .iter()
                .filter(|it| it.it.name.grade() == Grade::Address)
                .count(),
            unit: incidence.unit,
            units: incidence.units,
            days: incidence.days.len(),
            since: incidence.days.first().copied(),
            unseen: frequencies.unseen(),
            unseen_interval: frequencies.unseen_interval(),
            coverage: frequencies.coverage(0),
            coverage_after: frequencies.coverage(HORIZON * a_day),
            days_to_target: units_to_target.map(|units| units.div_ceil(a_day)),
            expected_new: self.expected,
            // A map cannot promise that nothing new comes.
            at_most_new: poisson_95(power_law.max(fleet_mean)).max(1),
            discovery: growth.map(|growth| growth.exponent),
            still_plausible: still_plausible(incidence.days.len()),
            one_day_only: one_day_only(incidence),
            back_test: back_test(incidence, explained),
            calendar: entries(&incidence.days, last, &question.calendar, &jobs),
            deployed: deployed(incidence, explained),
            findings: Vec::new(),
        };
        service.findings = findings(&Facts {
            days: &incidence.days,
            last,
            dependencies: service.dependencies,
            calendar: &service.calendar,
            coverage: service.coverage,
            target: question.target,
            days_to_target: service.days_to_target,
            at_most: service.at_most_new,
            budget: question.budget,
            lately_new: lately_new(&service.back_test, explained),
            deployed: service.deployed.filter(|day| is_young(incidence, *day)),
        });
        service
    }
}

fn growth(incidence: &Incidence<'_>) -> Option<Growth> {
    let burn_in = BURN_IN_DAYS * incidence.unit.a_day();
    Growth::fit(&incidence.discoveries(burn_in), burn_in as f64, incidence.units as f64)
}

fn one_day_only(incidence: &Incidence<'_>) -> Vec<Named> {
    let once = incidence
        .species
        .iter()
        .filter_map(|species| match species.days.as_slice() {
            [day] => Some(Named::new(species.key, incidence.days[*day])),
            _ => None,
        });
    once.collect()
}

/// What the latest origin of the back-test would have refused and nothing explains.
fn lately_new(test: &BackTest, explained: impl Fn(Day) -> bool) -> Option<(usize, Day)> {
    let latest = test.origins.first().filter(|origin| origin.unexplained > 0)?;
    let days = latest.dependencies.iter().map(|named| named.day);
    Some((latest.unexplained, days.filter(|day| !explained(*day)).max()?))
}

/// The last day on which so much began together that the service is likely to have changed. Neither the turn of a month
/// nor a day on which something declared runs is one.
fn deployed(incidence: &Incidence<'_>, explained: impl Fn(Day) -> bool) -> Option<Day> {
    if incidence.unit != Unit::Day {
        return None;
    }
    let mut begun = vec![0_usize; incidence.days.len()];
    for first in incidence.species.iter().filter_map(|species| species.days.first()) {
        begun[*first] += 1;
    }
    let mut before = 0;
    let mut deployed = None;
    for (at, (&new, &day)) in begun.iter().zip(&incidence.days).enumerate() {
        let expected = explained(day) || day.begins_month() || day.ends_month();
        if at >= FIRST_WEEK && new >= TOGETHER && 3 * new >= before && !expected {
            deployed = Some(day);
        }
        before += new;
    }
    deployed
}

fn is_young(incidence: &Incidence<'_>, deployed: Day) -> bool {
    let since = incidence.days.iter().filter(|day| **day >= deployed);
    since.count() < SETTLED
}
