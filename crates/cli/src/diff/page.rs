//! What differs between two maps, for people.

use std::collections::BTreeSet;
use std::net::IpAddr;

use egressmap_aggregator::show::{cut, far_end, wrapped};
use egressmap_generator::diff::{Change, Diff, Place, Side};
use egressmap_parser::printable;

use crate::size::{bytes, plural};
use crate::time::utc;

/// How many addresses are named in a row.
const NAMED: usize = 4;

/// The windows, what is different between them, and how much, within a width. `+` came, `-` went, `~` changed.
pub(super) fn page(diff: &Diff, width: usize) -> String {
    let window = |window: Option<(u64, u64)>| match window {
        Some((from, until)) => format!("{} to {}", utc(from), utc(until)),
        None => "no records".to_owned(),
    };
    let mut text = format!("old  {}\nnew  {}\n", window(diff.old_window), window(diff.new_window));
    text += &wrapped("", &total(diff), width);
    for (sign, title, sides) in [('+', "came", &diff.came), ('-', "went", &diff.went)] {
        if !sides.is_empty() {
            text += &format!("\n{title}\n");
        }
        for side in sides {
            text += &(cut(&format!("{sign} {}", one(&side.place)), width) + "\n");
            text += &wrapped("    ", &about(side), width);
        }
    }
    if !diff.changed.is_empty() {
        text += "\nchanged\n";
    }
    for changed in &diff.changed {
        text += &(cut(&format!("~ {}", one(&changed.place)), width) + "\n");
        for change in &changed.changes {
            let (label, value) = said(change);
            text += &wrapped(&format!("    {label:<13}"), &value, width);
        }
    }
    text
}

fn total(diff: &Diff) -> String {
    if diff.is_empty() {
        let same = plural(diff.unchanged as u64, "dependency is", "dependencies are");
        return format!("no difference: {same} the same");
    }
    format!(
        "{} came, {} went, {} changed, {} the same",
        diff.came.len(),
        diff.went.len(),
        diff.changed.len(),
        diff.unchanged
    )
}

fn one(place: &Place) -> String {
    let to = far_end(&place.destination, place.port, place.protocol);
    format!("{} -> {to}", printable::name(&place.service))
}

fn about(side: &Side) -> String {
    let mut text = format!(
        "{} {}, known by {}, initiator {}",
        side.application, side.class, side.grade, side.initiator
    );
    text += &format!(
        "; {} on {}",
        bytes(side.bytes),
        plural(side.days_seen as u64, "day", "days")
    );
    if side.only_refused {
        text += "; only ever refused";
    }
    text
}

fn said(change: &Change) -> (&'static str, String) {
    match change {
        Change::Grade { old, new } => ("grade", format!("{old} -> {new}")),
        Change::Class { old, new } => ("class", format!("{old} -> {new}")),
        Change::Application { old, new } => ("application", format!("{old} -> {new}")),
        Change::Initiator { old, new } => ("initiator", format!("{old} -> {new}")),
        Change::OnlyRefused { new: true, .. } => ("refused", "connected -> only ever refused".to_owned()),
        Change::OnlyRefused { .. } => ("refused", "only ever refused -> connected".to_owned()),
        Change::Addresses { went, came } => ("addresses", addresses(went, came)),
        Change::Volume { old, new } => ("volume", format!("{} -> {} a day", bytes(*old), bytes(*new))),
    }
}

fn addresses(went: &BTreeSet<IpAddr>, came: &BTreeSet<IpAddr>) -> String {
    let some = |sign: char, addresses: &BTreeSet<IpAddr>| {
        let mut all: Vec<String> = addresses
            .iter()
            .take(NAMED)
            .map(|address| format!("{sign}{address}"))
            .collect();
        if addresses.len() > NAMED {
            all.push(format!("{sign}{} more", addresses.len() - NAMED));
        }
        all
    };
    [some('+', came), some('-', went)].concat().join(" ")
}

#[cfg(test)]
mod tests {
    use egressmap_aggregator::map::{Application, Certainty, Class, Grade, Protocol};
    use egressmap_generator::diff::Changed;

    use super::*;

    fn place(destination: &str) -> Place {
        Place {
            service: "pay\u{1b}ment".to_owned(),
            destination: destination.to_owned(),
            port: 443,
            protocol: Protocol::Tcp,
        }
    }

    fn diff() -> Diff {
        let side = |destination: &str| Side {
            place: place(destination),
            class: Class::External,
            application: Application::Tls,
            grade: Grade::Sni,
            initiator: Certainty::Certain,
            only_refused: destination.starts_with('o'),
            days_seen: 1,
            bytes: 1_234,
        };
        let address = |last: u8| IpAddr::from([203, 0, 113, last]);
        Diff {
            old_window: None,
            new_window: Some((1_790_000_000, 1_790_000_060)),
            factor: 10.0,
            came: vec![side("new.test")],
            went: vec![side("old\u{202e}.test")],
            changed: vec![Changed {
                place: place("2001:db8::7"),
                changes: vec![
                    Change::Grade {
                        old: Grade::Address,
                        new: Grade::Sni,
                    },
                    Change::Addresses {
                        went: [address(9)].into(),
                        came: (1..=6).map(address).collect(),
                    },
                    Change::Volume { old: 0, new: 5_000 },
                    Change::OnlyRefused { old: true, new: false },
                ],
            }],
            unchanged: 1,
        }
    }

    #[test]
    fn a_page_says_what_came_went_and_changed() {
        let expected = "\
old  no records
new  2026-09-21T14:13:20Z to 2026-09-21T14:14:20Z
1 came, 1 went, 1 changed, 1 the same

came
+ pay\\u{1b}ment -> new.test:443
    tls external, known by sni, initiator certain; 1.2 kB on 1 day

went
- pay\\u{1b}ment -> old\\u{202e}.test:443
    tls external, known by sni, initiator certain; 1.2 kB on 1 day; only ever refused

changed
~ pay\\u{1b}ment -> [2001:db8::7]:443
    grade        address -> sni
    addresses    +203.0.113.1 +203.0.113.2 +203.0.113.3 +203.0.113.4 +2 more -203.0.113.9
    volume       0 bytes -> 5.0 kB a day
    refused      only ever refused -> connected
";
        assert_eq!(page(&diff(), 100), expected);
    }

    #[test]
    fn a_page_fits_the_terminal_and_obeys_nobody() {
        for width in [40, 60, 100] {
            for line in page(&diff(), width).lines().skip(2) {
                assert!(line.chars().count() <= width, "{width}: {line}");
                assert!(!line.chars().any(printable::is_deceptive), "{line:?}");
            }
        }
    }
}
