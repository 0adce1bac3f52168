//! Is the window long enough? What the days of a map say of the dependencies that it has not seen.
//!
//! The sampling unit is the day, a species is a dependency that a rule would match, per service. Connections are the wrong
//! unit: one visit makes hundreds of them, so nothing is ever seen only once. What comes out is a range, and never zero.
//! The limits of all this are in `docs/SEMANTICS.md`.

use serde::{Serialize, Serializer};

use crate::map::{DependencyMap, Key, Protocol};

mod backtest;
mod calendar;
mod cron;
mod day;
mod estimate;
mod growth;
mod incidence;
mod job;
mod quantile;
mod rounded;
mod service;
#[cfg(test)]
mod tests;
mod verdict;
mod window;

pub use backtest::{BackTest, HELD_OUT, Origin};
pub use calendar::{Class, Entry};
pub use cron::Cron;
pub use day::Day;
pub use incidence::Unit;
pub use job::{Job, JobError, Seen, When};
pub use verdict::{Finding, LEAST_DAYS, Reason, percent};
pub use window::{Stretch, Window};

use service::Alone;

/// The name of the layout as JSON.
pub const SCHEMA: &str = "egressmap/coverage/v1";

/// How many days ahead new dependencies are expected.
pub const HORIZON: usize = 30;

/// What is asked of a map.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The coverage of dependency-days that suffices, from 0 to 1.
    pub target: f64,
    /// How many new dependencies within the horizon are agreed to, a service.
    pub budget: Option<u64>,
    /// What of the calendar the days have to include.
    pub calendar: Vec<Class>,
    /// What people say runs by the calendar.
    pub jobs: Vec<Job>,
}

impl Default for Question {
    fn default() -> Self {
        Question {
            target: 0.99,
            budget: None,
            calendar: Class::ALL.to_vec(),
            jobs: Vec::new(),
        }
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coverage {
    /// The days that count, and what is missing between them.
    pub window: Window,
    /// How many new dependencies a service of this fleet is expected to have within the horizon, on the mean.
    #[serde(serialize_with = "rounded::number")]
    pub fleet_mean: f64,
    /// By name.
    pub services: Vec<Service>,
}

/// What is known of one service. Statistics count in `units`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Service {
    /// Its name.
    pub service: String,
    /// Its dependencies of class external, aws and private that were more than attempts.
    pub dependencies: usize,
    /// Those of them that are known by address alone: addresses of one name come and go, and each is new once.
    pub by_address: usize,
    /// What counts as one chance to see a dependency.
    pub unit: Unit,
    /// How many of them there were since the service's first record.
    pub units: usize,
    /// How many complete days there were since then.
    pub days: usize,
    /// The first of them.
    pub since: Option<Day>,
    /// How many dependencies exist and were not seen, at least (Chao2).
    #[serde(serialize_with = "rounded::number")]
    pub unseen: f64,
    /// The 95 % interval of that.
    #[serde(serialize_with = "rounded::pair")]
    pub unseen_interval: (f64, f64),
    /// The share of dependency-days, also those to come, whose dependency is in the map. One less it is what a cut-over
    /// today would refuse.
    #[serde(serialize_with = "rounded::maybe")]
    pub coverage: Option<f64>,
    /// The same after the horizon, if logs are read until then.
    #[serde(serialize_with = "rounded::maybe")]
    pub coverage_after: Option<f64>,
    /// How many more days reach the target; `None` where it is more than there were.
    pub days_to_target: Option<usize>,
    /// How many new dependencies the horizon is expected to bring.
    #[serde(serialize_with = "rounded::number")]
    pub expected_new: f64,
    /// How many it brings at most, in 95 % of cases. Never 0.
    pub at_most_new: u64,
    /// The exponent of discovery: below 1 it slows down. `None` where nothing was discovered after the first day.
    #[serde(serialize_with = "rounded::maybe")]
    pub discovery: Option<f64>,
    /// The greatest daily chance of a dependency that the days can have missed, in one of twenty cases.
    #[serde(serialize_with = "rounded::maybe")]
    pub still_plausible: Option<f64>,
    /// What was seen on one complete day only.
    pub one_day_only: Vec<Named>,
    /// What earlier rules would have refused.
    pub back_test: BackTest,
    /// What of the calendar the days include.
    pub calendar: Vec<Entry>,
    /// The last day on which many dependencies began together.
    pub deployed: Option<Day>,
    /// What speaks against; empty means sufficient.
    pub findings: Vec<Finding>,
}

impl Service {
    /// Whether the window is long enough for it.
    #[must_use]
    pub fn is_sufficient(&self) -> bool {
        self.findings.is_empty()
    }

    /// `sufficient`, or `insufficient:` and the words of the reasons.
    #[must_use]
    pub fn verdict(&self) -> String {
        if self.is_sufficient() {
            return "sufficient".to_owned();
        }
        let words: Vec<&str> = self.findings.iter().map(|finding| finding.reason.as_str()).collect();
        format!("insufficient: {}", words.join(", "))
    }

    /// The first day on which a map can be sufficient if all days until then are complete and bring nothing new. `None`
    /// where it is, and where one of the reasons has no date.
    #[must_use]
    pub fn sufficient_on(&self) -> Option<Day> {
        let dates: Option<Vec<Day>> = self.findings.iter().map(|finding| finding.until).collect();
        dates?.into_iter().max()
    }
}

/// A dependency by name, on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The far end.
    pub destination: String,
    /// Its port.
    pub port: u16,
    /// The transport.
    #[serde(serialize_with = "as_text")]
    pub protocol: Protocol,
    /// The day.
    pub day: Day,
}

impl Named {
    fn new(key: &Key, day: Day) -> Named {
        Named {
            destination: key.destination.clone(),
            port: key.port,
            protocol: key.protocol,
            day,
        }
    }
}

/// Judges every service of a map.
#[must_use]
pub fn coverage(map: &DependencyMap, question: &Question) -> Coverage {
    let window = window::window(map);
    let services = incidence::services(map, &window);
    let alone: Vec<Alone<'_>> = services.into_iter().map(|(name, it)| Alone::new(name, it)).collect();
    let expected: f64 = alone.iter().map(|service| service.expected).sum();
    let fleet_mean = expected / alone.len().max(1) as f64;
    let services = alone
        .iter()
        .map(|service| service.within(fleet_mean, &window, question));
    Coverage {
        services: services.collect(),
        fleet_mean,
        window,
    }
}

/// The answer as one JSON document of schema `egressmap/coverage/v1`.
#[must_use]
pub fn json(coverage: &Coverage, question: &Question) -> String {
    #[derive(Serialize)]
    struct Judged<'a> {
        #[serde(flatten)]
        service: &'a Service,
        verdict: String,
        sufficient_on: Option<Day>,
    }
    let judged = |service| Judged {
        verdict: Service::verdict(service),
        sufficient_on: service.sufficient_on(),
        service,
    };
    let document = serde_json::json!({
        "schema": SCHEMA,
        "target": question.target,
        "horizon_days": HORIZON,
        "window": coverage.window,
        "fleet_mean": (coverage.fleet_mean * 1e6).round() / 1e6,
        "services": coverage.services.iter().map(judged).collect::<Vec<_>>(),
    });
    crate::show::in_json(&format!("{document:#}")) + "\n"
}

fn as_text<S: Serializer>(value: &impl ToString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value.to_string())
}
