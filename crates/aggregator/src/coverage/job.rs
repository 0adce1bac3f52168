//! A job that people declare: something that runs by the calendar, whose dependencies the logs show only if they cover its day.

use std::collections::BTreeSet;

use serde::Serialize;

use super::cron::Cron;
use super::day::Day;

/// The longest period that can be declared, in days: ten years.
const LONGEST: u32 = 3_660;

/// A declared job of one service, or of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// What people call it.
    pub name: String,
    /// The service it belongs to; all where none is named.
    pub service: Option<String>,
    /// When it runs.
    pub when: When,
}

/// When a job runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// On the days of a crontab's line.
    Cron(Cron),
    /// Every so many days, on days that nobody named.
    Every(u32),
}

/// Why a declaration is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// The two sides of `=`.
    #[error("expected NAME=WHEN or NAME@SERVICE=WHEN, found {0:?}")]
    Shape(String),
    /// Neither a crontab's line nor a period.
    #[error(
        "expected a crontab's line such as \"0 3 1 * *\", a period such as 7d or 2w, or daily, weekly, monthly, quarterly or yearly, found {0:?}"
    )]
    When(String),
    /// A field of a crontab's line.
    #[error("{field}: expected {expected}, found {found:?}")]
    Field {
        /// Which.
        field: &'static str,
        /// What may stand there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// Such as the 31st of February.
    #[error("{0:?} never runs: there is no such day")]
    Never(String),
}

impl Job {
    /// Reads `NAME=WHEN` or `NAME@SERVICE=WHEN`.
    pub fn parse(text: &str) -> Result<Job, JobError> {
        let shape = || JobError::Shape(text.to_owned());
        let (who, when) = text.split_once('=').ok_or_else(shape)?;
        let (name, service) = match who.split_once('@') {
            Some((name, service)) => (name.trim(), Some(service.trim())),
            None => (who.trim(), None),
        };
        if name.is_empty() || service.is_some_and(str::is_empty) {
            return Err(shape());
        }
        Ok(Job {
            name: name.to_owned(),
            service: service.map(str::to_owned),
            when: when.trim().trim_matches('"').parse()?,
        })
    }

    /// Reads a file of declarations: one a line, empty lines and those that begin with `#` aside. An error comes with its
    /// line.
    pub fn parse_all(text: &str) -> Result<Vec<Job>, (usize, JobError)> {
        let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
        let declared = (1..)
            .zip(lines)
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        declared
            .map(|(number, line)| Job::parse(line).map_err(|error| (number, error)))
            .collect()
    }

    pub(super) fn concerns(&self, service: &str) -> bool {
        self.service.as_deref().is_none_or(|own| own == service)
    }

    /// Whether it is known to run on that day.
    pub(super) fn runs_on(&self, day: Day) -> bool {
        matches!(&self.when, When::Cron(cron) if cron.runs_on(day.date()))
    }
}

impl std::str::FromStr for When {
    type Err = JobError;

    fn from_str(text: &str) -> Result<When, JobError> {
        let every = |days| Ok(When::Every(days));
        match text.trim_start_matches('@').to_ascii_lowercase().as_str() {
            "daily" => return every(1),
            "weekly" => return every(7),
            "monthly" => return every(31),
            "quarterly" => return every(92),
            "yearly" | "annually" => return every(366),
            _ => {}
        }
        if text.split_whitespace().count() == 5 {
            return Cron::parse(text).map(When::Cron);
        }
        let unknown = || JobError::When(text.to_owned());
        let (count, days) = if let Some(count) = text.strip_suffix('d') {
            (count, 1)
        } else if let Some(count) = text.strip_suffix('w') {
            (count, 7)
        } else {
            return Err(unknown());
        };
        let count: u32 = count.trim().parse().map_err(|_| unknown())?;
        match count.checked_mul(days) {
            Some(days @ 1..=LONGEST) => every(days),
            _ => Err(unknown()),
        }
    }
}

/// How often something of the calendar has been within the complete days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// How often it was.
    pub times: u32,
    /// How often it has to be.
    pub needed: u32,
}

/// The phases of a period that complete days cover: only when all are, the job must have run on one of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Phases(BTreeSet<u32>);

impl Phases {
    pub(super) fn cover(&mut self, day: Day, period: u32) {
        self.0.insert(day.number() % period);
    }

    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_has_a_name_a_schedule_and_perhaps_a_service() {
        let job = Job::parse("DR test@payments = 90d").unwrap();
        assert_eq!(
            (job.name.as_str(), job.service.as_deref()),
            ("DR test", Some("payments"))
        );
        assert_eq!(job.when, When::Every(90));
        assert!(job.concerns("payments") && !job.concerns("media"));
        let everywhere = Job::parse("invoices=0 3 1 * *").unwrap();
        assert!(everywhere.concerns("media") && everywhere.runs_on(Day::new(20_727).unwrap()));
        for (word, days) in [
            ("weekly", 7),
            ("@monthly", 31),
            ("Quarterly", 92),
            ("2w", 14),
            ("1d", 1),
        ] {
            assert_eq!(word.parse(), Ok(When::Every(days)), "{word}");
        }
    }

    #[test]
    fn what_is_no_declaration_says_what_was_expected() {
        for text in ["", "x", "=7d", "@svc=7d", "x@=7d"] {
            assert!(matches!(Job::parse(text), Err(JobError::Shape(_))), "{text}");
        }
        for text in [
            "x=",
            "x=7",
            "x=0d",
            "x=-1d",
            "x=9999d",
            "x=4294967295w",
            "x=soon",
            "x=1 2 3 4",
            "x=é",
        ] {
            assert!(matches!(Job::parse(text), Err(JobError::When(_))), "{text}");
        }
    }

    #[test]
    fn a_file_has_a_declaration_a_line_and_an_error_its_line() {
        let jobs = Job::parse_all("# ours\n\nDR test=yearly\r\n  audit@media = 0 0 L * *\n").unwrap();
        assert_eq!(jobs.len(), 2);
        assert_eq!(
            Job::parse_all("a=7d\nb\n").unwrap_err(),
            (2, JobError::Shape("b".to_owned()))
        );
    }
}
