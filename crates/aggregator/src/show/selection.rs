//! Which dependencies of a map are shown, and in what order.

use std::cmp::Reverse;

use crate::map::{Class, Dependency, DependencyMap, Grade, Key};

/// What is asked for; nothing asked is everything, in the order of the map.
#[derive(Debug, Clone, Copy, Default)]
pub struct Selection<'a> {
    /// Of this service alone.
    pub service: Option<&'a str>,
    /// Of these classes; of all where there is none.
    pub classes: &'a [Class],
    /// Named in one of these ways; in any where there is none.
    pub grades: &'a [Grade],
    /// Seen at or after this second.
    pub since: Option<u64>,
    /// Seen on at least so many days.
    pub min_days: usize,
    /// What comes first.
    pub order: Order,
}

/// The order of what is shown. Where it is no name, the greatest or latest comes first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// By service, destination, port and protocol.
    #[default]
    Service,
    /// By destination.
    Destination,
    /// By records.
    Records,
    /// By bytes, both ways.
    Bytes,
    /// By days seen.
    Days,
    /// What is newest first.
    FirstSeen,
    /// What was seen last first.
    LastSeen,
}

impl<'a> From<Option<&'a str>> for Selection<'a> {
    fn from(service: Option<&'a str>) -> Self {
        Selection {
            service,
            ..Selection::default()
        }
    }
}

impl Selection<'_> {
    /// The dependencies asked for, in the order asked for; what is equal stays in the order of the map.
    pub(super) fn of<'m>(&self, map: &'m DependencyMap) -> Vec<(&'m Key, &'m Dependency)> {
        let mut rows: Vec<_> = map.dependencies.iter().filter(|(key, it)| self.has(key, it)).collect();
        match self.order {
            Order::Service => {}
            Order::Destination => rows.sort_by_key(|(key, _)| (&key.destination, key.port, key.protocol)),
            Order::Records => rows.sort_by_key(|(_, it)| Reverse(it.volume().records)),
            Order::Bytes => rows.sort_by_key(|(_, it)| {
                let volume = it.volume();
                Reverse(volume.bytes_out.saturating_add(volume.bytes_in))
            }),
            Order::Days => rows.sort_by_key(|(_, it)| Reverse(it.seen.days_seen())),
            Order::FirstSeen => rows.sort_by_key(|(_, it)| Reverse(it.seen.first)),
            Order::LastSeen => rows.sort_by_key(|(_, it)| Reverse(it.seen.last)),
        }
        rows
    }

    /// Whether anything but a service is asked for.
    pub(super) fn is_narrow(&self) -> bool {
        !self.classes.is_empty() || !self.grades.is_empty() || self.since.is_some() || self.min_days > 0
    }

    fn has(&self, key: &Key, it: &Dependency) -> bool {
        self.service.is_none_or(|service| key.service.as_str() == service)
            && (self.classes.is_empty() || self.classes.contains(&it.class))
            && (self.grades.is_empty() || self.grades.contains(&it.name.grade()))
            && self.since.is_none_or(|since| it.seen.last >= since)
            && it.seen.days_seen() >= self.min_days
    }
}
