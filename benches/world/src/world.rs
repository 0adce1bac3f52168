//! A finished world: its logs, its inventory, its published ranges, and the truth about it.

use crate::inventory;
use crate::ledger::Ambiguity;
use crate::network::IpRanges;
use crate::objects::{LogObject, gather};
use crate::scenario::{Scenario, Story};
use crate::scene::Scene;
use crate::truth::{Input, Truth, Used};
use crate::{city, queries, shop};

/// Everything that one scenario and one seed make.
#[derive(Debug, Clone)]
pub struct World {
    pub(crate) objects: Vec<LogObject>,
    pub(crate) inventory: String,
    pub(crate) ip_ranges: String,
    queries: String,
    pub(crate) truth: Truth,
}

impl World {
    /// Makes the world of `scenario` and `seed`: the same two make the same world.
    ///
    /// # Errors
    /// When the traffic of a scenario leaves a doubt, so that its truth cannot be told: a mistake in the scenario.
    pub fn new(scenario: Scenario, seed: u64) -> Result<Self, Ambiguity> {
        let (scene, ranges) = match scenario.story {
            Story::Shop => (shop::play(scenario, seed), shop::ranges()),
            Story::City => (city::play(scenario, seed), city::ranges()),
        };
        World::finish(scene, &ranges)
    }

    fn finish(scene: Scene, ranges: &IpRanges) -> Result<Self, Ambiguity> {
        let Scene {
            mut recorder, services, ..
        } = scene;
        recorder.check_interfaces()?;
        let objects = gather(&mut recorder);
        let ledger = &recorder.ledger;
        let count = |counts: &mut dyn Iterator<Item = u64>| counts.sum::<u64>();
        let truth = Truth {
            input: Input {
                objects: count(&mut objects.iter().map(|_| 1)),
                bytes: count(
                    &mut objects
                        .iter()
                        .map(|object| u64::try_from(object.text.len()).unwrap_or(u64::MAX)),
                ),
                lines: count(&mut objects.iter().map(|object| object.lines)),
                used: Used {
                    flow: ledger.used_flow,
                    access: ledger.used_access,
                },
                set_aside: ledger.set_aside.clone(),
            },
            inbound: ledger.inbound_flow + ledger.inbound_access,
            inbound_by_plane: Used {
                flow: ledger.inbound_flow,
                access: ledger.inbound_access,
            },
            dependencies: ledger.settle()?,
        };
        // A struct of text and lists always serialises.
        let mut ip_ranges = serde_json::to_string_pretty(ranges).unwrap_or_default();
        ip_ranges.push('\n');
        let inventory = inventory::csv(services.iter().map(|service| &**service));
        Ok(World {
            objects,
            inventory,
            ip_ranges,
            queries: queries::log(recorder.dials),
            truth,
        })
    }

    /// The log objects, flow logs first.
    #[must_use]
    pub fn objects(&self) -> &[LogObject] {
        &self.objects
    }

    /// `inventory.csv`.
    #[must_use]
    pub fn inventory(&self) -> &str {
        &self.inventory
    }

    /// `ip-ranges.json`.
    #[must_use]
    pub fn ip_ranges(&self) -> &str {
        &self.ip_ranges
    }

    /// A Resolver query log of the same traffic. It is not among the objects: the truth is that of the map without it.
    #[must_use]
    pub fn queries(&self) -> &str {
        &self.queries
    }

    /// What the map of the logs has to say.
    #[must_use]
    pub fn truth(&self) -> &Truth {
        &self.truth
    }
}
