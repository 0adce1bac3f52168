//! The back-test: what rules made at an earlier day would have refused in the week after it.

use serde::Serialize;

use super::day::Day;
use super::incidence::{Incidence, Species, Unit};
use super::quantile::wilson;
use super::{Named, rounded};

/// How many days each origin holds out, and so how far origins lie apart.
pub const HELD_OUT: usize = 7;

/// All origins of one service.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct BackTest {
    /// The latest first.
    pub origins: Vec<Origin>,
    /// At how many of them something would have been refused.
    pub broken: usize,
    /// The 95 % interval of the share of such origins.
    #[serde(serialize_with = "rounded::pair")]
    pub broken_interval: (f64, f64),
}

/// One origin: rules from all days before it, judged by the days after it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Origin {
    /// The first day held out.
    pub from: Day,
    /// The dependency-days held out.
    pub dependency_days: usize,
    /// Those of them that the rules would have refused.
    pub refused: usize,
    /// What would have been refused, with the day on which it began.
    pub dependencies: Vec<Named>,
    /// How many of them began on a day on which nothing declared runs.
    pub unexplained: usize,
}

/// Slides the origin back from the end by [`HELD_OUT`] days as long as at least half of the window stays before it.
/// `explained` says whether something is known to run on a day.
pub(super) fn back_test(service: &Incidence<'_>, explained: impl Fn(Day) -> bool) -> BackTest {
    let total = service.days.len();
    if service.unit != Unit::Day {
        return BackTest {
            broken_interval: wilson(0, 0),
            ..BackTest::default()
        };
    }
    let cuts = (1..).map(|held| total.checked_sub(held * HELD_OUT));
    let cuts = cuts.map_while(|cut| cut.filter(|cut| 2 * cut >= total));
    let origins: Vec<Origin> = cuts.map(|cut| origin(service, cut, &explained)).collect();
    let broken = origins.iter().filter(|origin| origin.refused > 0).count();
    BackTest {
        broken,
        broken_interval: wilson(broken, origins.len()),
        origins,
    }
}

fn origin(service: &Incidence<'_>, cut: usize, explained: &impl Fn(Day) -> bool) -> Origin {
    let held_out = |species: &Species<'_>| {
        let days = species.days.iter();
        days.filter(|day| (cut..cut + HELD_OUT).contains(day)).count()
    };
    let begun = |species: &Species<'_>| species.days.first().map_or(usize::MAX, |first| *first);
    let new: Vec<&Species<'_>> = service
        .species
        .iter()
        .filter(|species| (cut..cut + HELD_OUT).contains(&begun(species)))
        .collect();
    let named = |species: &&Species<'_>| Named::new(species.key, service.days[begun(species)]);
    Origin {
        from: service.days[cut],
        dependency_days: service.species.iter().map(held_out).sum(),
        refused: new.iter().map(|species| held_out(species)).sum(),
        unexplained: new
            .iter()
            .filter(|species| !explained(service.days[begun(species)]))
            .count(),
        dependencies: new.iter().map(named).collect(),
    }
}
