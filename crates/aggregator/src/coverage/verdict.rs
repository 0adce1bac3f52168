//! The verdict on one service: sufficient, or why not and until when.

use serde::Serialize;

use super::calendar::Entry;
use super::day::Day;

/// The least window in complete days: below it no bound holds.
pub const LEAST_DAYS: usize = 30;

/// How old the youngest deployment has to be, in days.
pub(super) const SETTLED: usize = 14;

/// Why a window does not suffice. The words are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Fewer complete days than any bound holds for.
    Window,
    /// Something of the calendar has not been.
    Calendar,
    /// The coverage of dependency-days is below the target.
    Coverage,
    /// More new dependencies are possible than were agreed to.
    Budget,
    /// The last days held out would have been refused something.
    BackTest,
    /// The service changed too lately.
    Deployment,
}

impl Reason {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Window => "window",
            Reason::Calendar => "calendar",
            Reason::Coverage => "coverage",
            Reason::Budget => "budget",
            Reason::BackTest => "back-test",
            Reason::Deployment => "deployment",
        }
    }
}

/// One reason, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which.
    pub reason: Reason,
    /// What was expected and what was found.
    pub why: String,
    /// The first day on which it can be over; `None` where nothing tells.
    pub until: Option<Day>,
}

/// What a verdict is made of.
pub(super) struct Facts<'a> {
    pub(super) days: &'a [Day],
    /// The last complete day of the map.
    pub(super) last: Option<Day>,
    pub(super) dependencies: usize,
    pub(super) calendar: &'a [Entry],
    pub(super) coverage: Option<f64>,
    pub(super) target: f64,
    /// How many more days reach the target.
    pub(super) days_to_target: Option<usize>,
    pub(super) at_most: u64,
    pub(super) budget: Option<u64>,
    /// What of the days last held out nothing declared explains, and the day on which the last of it began.
    pub(super) lately_new: Option<(usize, Day)>,
    pub(super) deployed: Option<Day>,
}

/// All reasons against, in their order; none means sufficient.
pub(super) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    let all = [
        window(facts),
        calendar(facts),
        coverage(facts),
        budget(facts),
        back_test(facts),
        deployment(facts),
    ];
    all.into_iter().flatten().collect()
}

fn window(facts: &Facts<'_>) -> Option<Finding> {
    let days = facts.days.len();
    let missing = LEAST_DAYS.checked_sub(days).filter(|missing| *missing > 0)?;
    Some(Finding {
        reason: Reason::Window,
        why: format!("{days} complete days of the {LEAST_DAYS} that the bounds need"),
        until: facts.last.and_then(|last| last.after(missing + 1)),
    })
}

fn calendar(facts: &Facts<'_>) -> Option<Finding> {
    let missing: Vec<&Entry> = facts.calendar.iter().filter(|entry| !entry.is_met()).collect();
    if missing.is_empty() {
        return None;
    }
    let each = missing
        .iter()
        .map(|entry| format!("{} {} of {}", entry.name, entry.seen.times, entry.seen.needed));
    let dates: Option<Vec<Day>> = missing.iter().map(|entry| entry.sufficient_on).collect();
    Some(Finding {
        reason: Reason::Calendar,
        why: format!("not within the complete days: {}", each.collect::<Vec<_>>().join(", ")),
        until: dates.and_then(|dates| dates.into_iter().max()),
    })
}

fn coverage(facts: &Facts<'_>) -> Option<Finding> {
    if facts.dependencies == 0 || facts.coverage.is_some_and(|coverage| coverage >= facts.target) {
        return None;
    }
    let goal = percent(facts.target);
    let (why, until) = match (facts.coverage, facts.days_to_target) {
        (None, _) => (format!("too few days to estimate it; {goal} are asked for"), None),
        (Some(now), Some(more)) => (
            format!(
                "{} of dependency-days, {goal} are asked for: {more} more days",
                percent(now)
            ),
            facts.last.and_then(|last| last.after(more + 1)),
        ),
        (Some(now), None) => (
            format!(
                "{} of dependency-days, {goal} are asked for: more days than there were",
                percent(now)
            ),
            None,
        ),
    };
    Some(Finding {
        reason: Reason::Coverage,
        why,
        until,
    })
}

fn budget(facts: &Facts<'_>) -> Option<Finding> {
    let budget = facts.budget.filter(|budget| facts.at_most > *budget)?;
    Some(Finding {
        reason: Reason::Budget,
        why: format!(
            "up to {} new dependencies are possible, {budget} are agreed to",
            facts.at_most
        ),
        until: None,
    })
}

fn back_test(facts: &Facts<'_>) -> Option<Finding> {
    let (new, last) = facts.lately_new?;
    let held = super::backtest::HELD_OUT;
    Some(Finding {
        reason: Reason::BackTest,
        why: format!("{new} new within the last {held} days, the last on {last}"),
        until: last.after(held + 1),
    })
}

fn deployment(facts: &Facts<'_>) -> Option<Finding> {
    let deployed = facts.deployed?;
    Some(Finding {
        reason: Reason::Deployment,
        why: format!("many dependencies began together on {deployed}, less than {SETTLED} days before the end"),
        until: deployed.after(SETTLED + 1),
    })
}

/// A share with as many digits as tell it from all: `99.6 %`, `99.98 %`, never `100 %` for less than that.
pub fn percent(share: f64) -> String {
    if share >= 1.0 {
        return "100 %".to_owned();
    }
    let digits = [1, 2, 3].into_iter().find(|digits| {
        let unit = 10_f64.powi(-digits);
        ((1.0 - share) * 100.0) >= unit
    });
    let digits = digits.unwrap_or(4);
    let scale = 10_f64.powi(digits);
    let cut = (share * 100.0 * scale + 1e-9).floor() / scale;
    format!("{cut:.*} %", usize::try_from(digits).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_below_all_never_reads_as_all() {
        let shown = [1.0, 0.996, 0.9996, 0.99996, 0.999_999_9, 0.5, 0.99, 0.0].map(percent);
        assert_eq!(
            shown,
            [
                "100 %",
                "99.6 %",
                "99.96 %",
                "99.996 %",
                "99.9999 %",
                "50.0 %",
                "99.0 %",
                "0.0 %"
            ]
        );
    }
}
