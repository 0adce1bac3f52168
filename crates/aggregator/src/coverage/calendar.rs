//! The calendar gate: whether the complete days include the days on which things happen that happen seldom.

use serde::Serialize;

use super::day::Day;
use super::job::{Job, Phases, Seen, When};

/// How many days ahead a date is looked for: twelve years, so that a leap day over a turn of the century is found.
const AHEAD: usize = 12 * 366;

/// Something of the calendar that a window has to include.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Each day of the week.
    Weekdays,
    /// The last day of a month and the first of the next, twice.
    MonthEnd,
    /// The same at the end of a quarter, once.
    QuarterEnd,
}

impl Class {
    /// All of them.
    pub const ALL: [Class; 3] = [Class::Weekdays, Class::MonthEnd, Class::QuarterEnd];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Weekdays => "weekdays",
            Class::MonthEnd => "month-end",
            Class::QuarterEnd => "quarter-end",
        }
    }
}

/// What one entry of the calendar comes to for a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// A class's word, or a job's name.
    pub name: String,
    /// Whether people declared it.
    pub declared: bool,
    /// How often it was seen.
    #[serde(flatten)]
    pub seen: Seen,
    /// The day on which a map would suffice if all days until then are complete; `None` where it does already, or
    /// within twelve years does not.
    #[serde(skip)]
    pub sufficient_on: Option<Day>,
}

impl Entry {
    /// Whether it was seen often enough.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.seen.times >= self.seen.needed
    }
}

/// The entries of one service, whose complete days are given.
pub(super) fn entries(days: &[Day], last: Option<Day>, classes: &[Class], jobs: &[&Job]) -> Vec<Entry> {
    let class = |class: &Class| entry(class.as_str(), false, days, last, Watch::of_class(*class));
    let job = |job: &&Job| entry(&job.name, true, days, last, Watch::of_job(job));
    classes.iter().map(class).chain(jobs.iter().map(job)).collect()
}

fn entry(name: &str, declared: bool, days: &[Day], last: Option<Day>, mut watch: Watch<'_>) -> Entry {
    for day in days {
        watch.see(*day);
    }
    let seen = watch.seen();
    Entry {
        name: name.to_owned(),
        declared,
        seen,
        sufficient_on: last
            .filter(|_| seen.times < seen.needed)
            .and_then(|last| watch.met_after(last)),
    }
}

/// Counts one thing of the calendar over complete days in order.
struct Watch<'a> {
    what: What<'a>,
    before: Option<Day>,
    times: u32,
    phases: Phases,
}

enum What<'a> {
    Class(Class),
    Job(&'a Job),
}

impl<'a> Watch<'a> {
    fn of_class(class: Class) -> Self {
        Watch::new(What::Class(class))
    }

    fn of_job(job: &'a Job) -> Self {
        Watch::new(What::Job(job))
    }

    fn new(what: What<'a>) -> Self {
        Watch {
            what,
            before: None,
            times: 0,
            phases: Phases::default(),
        }
    }

    fn see(&mut self, day: Day) {
        let follows = self.before.and_then(Day::next) == Some(day);
        self.before = Some(day);
        let hit = match &self.what {
            What::Class(Class::MonthEnd) => follows && day.begins_month(),
            What::Class(Class::QuarterEnd) => follows && day.begins_quarter(),
            What::Class(Class::Weekdays) => {
                self.phases.cover(day, 7);
                false
            }
            What::Job(job) => match job.when {
                When::Every(period) => {
                    self.phases.cover(day, period);
                    false
                }
                When::Cron(_) => job.runs_on(day),
            },
        };
        self.times = self.times.saturating_add(u32::from(hit));
    }

    fn seen(&self) -> Seen {
        match &self.what {
            What::Class(Class::Weekdays) => Seen {
                times: self.phases.count(),
                needed: 7,
            },
            What::Class(Class::MonthEnd) => Seen {
                times: self.times,
                needed: 2,
            },
            What::Class(Class::QuarterEnd) => Seen {
                times: self.times,
                needed: 1,
            },
            What::Job(job) => match job.when {
                When::Every(period) => Seen {
                    times: self.phases.count(),
                    needed: period,
                },
                When::Cron(_) => Seen {
                    times: self.times,
                    needed: 1,
                },
            },
        }
    }

    /// The day after the one that completes it, if every day after `last` is complete.
    fn met_after(mut self, last: Day) -> Option<Day> {
        let mut day = last;
        for _ in 0..AHEAD {
            day = day.next()?;
            self.see(day);
            let seen = self.seen();
            if seen.times >= seen.needed {
                return day.next();
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Days since 1970 of 2026-08-01.
    const AUGUST: u32 = 20_666;

    fn days(from: u32, count: u32) -> Vec<Day> {
        (from..from + count).map(|day| Day::new(day).unwrap()).collect()
    }

    fn shown(days: &[Day], jobs: &[&str]) -> Vec<String> {
        let jobs: Vec<Job> = jobs.iter().map(|job| Job::parse(job).unwrap()).collect();
        let entries = entries(
            days,
            days.last().copied(),
            &Class::ALL,
            &jobs.iter().collect::<Vec<_>>(),
        );
        let shown = entries.iter().map(|entry| {
            let date = entry.sufficient_on.map_or("-".to_owned(), |day| day.to_string());
            format!("{} {}/{} {date}", entry.name, entry.seen.times, entry.seen.needed)
        });
        shown.collect()
    }

    #[test]
    fn a_month_ends_with_its_last_day_and_the_first_of_the_next() {
        // August and September: the quarter's end is there to its half, and a second month's end too.
        assert_eq!(
            shown(&days(AUGUST, 61), &[]),
            [
                "weekdays 7/7 -",
                "month-end 1/2 2026-10-02",
                "quarter-end 0/1 2026-10-02"
            ]
        );
        assert_eq!(
            shown(&days(AUGUST, 62), &[]),
            ["weekdays 7/7 -", "month-end 2/2 -", "quarter-end 1/1 -"]
        );
    }

    #[test]
    fn a_day_that_is_missing_takes_the_month_end_with_it() {
        let mut days = days(AUGUST, 62);
        days.retain(|day| day.to_string() != "2026-08-31");
        assert_eq!(shown(&days, &[])[1], "month-end 1/2 2026-11-02");
    }

    #[test]
    fn weekdays_that_the_logs_never_cover_are_missed() {
        let mut days = days(AUGUST, 30);
        days.retain(|day| day.date().weekday() != jiff::civil::Weekday::Sunday);
        assert_eq!(shown(&days, &[])[0], "weekdays 6/7 2026-08-31");
    }

    #[test]
    fn a_job_by_the_calendar_is_seen_on_its_day_and_a_period_when_all_phases_are() {
        let seen = shown(
            &days(AUGUST, 31),
            &["audit=0 0 15 * *", "leap=0 0 29 2 *", "weekly=7d", "DR=45d"],
        );
        let expected = [
            "audit 1/1 -",
            "leap 0/1 2028-03-01",
            "weekly 7/7 -",
            "DR 31/45 2026-09-15",
        ];
        assert_eq!(seen[3..], expected);
    }

    #[test]
    fn without_a_day_nothing_is_met_and_nothing_promised() {
        assert_eq!(
            shown(&[], &["x=7d"]),
            ["weekdays 0/7 -", "month-end 0/2 -", "quarter-end 0/1 -", "x 0/7 -"]
        );
    }
}
