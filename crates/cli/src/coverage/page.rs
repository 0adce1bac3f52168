//! What is known of a window, for people.

use egressmap_aggregator::coverage::{Coverage, Day, HORIZON, Named, Reason, Service, Unit, Window, percent};
use egressmap_aggregator::show::{cut, far_end, wrapped};
use egressmap_parser::printable;

use crate::size::plural;

/// How many dependencies are named in a row.
const NAMED: usize = 5;

/// The window, a block a service, and what all of it comes to, within a width.
pub(super) fn page(answer: &Coverage, width: usize) -> String {
    let mut text = window(&answer.window, width);
    for service in &answer.services {
        text.push('\n');
        text += &block(service, answer.window.complete_days, width);
    }
    text.push('\n');
    text + &wrapped("", &total(answer), width)
}

fn window(window: &Window, width: usize) -> String {
    let days = plural(window.complete_days as u64, "complete day", "complete days");
    let mut text = match window.span {
        Some((from, until)) => wrapped("", &format!("{from} to {until} · {days}"), width),
        None => "no complete day\n".to_owned(),
    };
    let mut row = |label: &str, value: &str| text += &wrapped(label, value, width);
    if !window.partial.is_empty() {
        let days: Vec<String> = window.partial.iter().map(Day::to_string).collect();
        row("not counted  ", &format!("{}: logs begin or end there", first(&days)));
    }
    if !window.without_records.is_empty() {
        let stretches: Vec<String> = window
            .without_records
            .iter()
            .map(|stretch| match stretch.days {
                1 => stretch.from.to_string(),
                days => format!("{} to {} ({days} days)", stretch.from, stretch.until),
            })
            .collect();
        row("no records   ", &first(&stretches));
    }
    if !window.lossy_hours.is_empty() {
        let interfaces: Vec<String> = window
            .lossy_hours
            .iter()
            .map(|(interface, hours)| {
                format!(
                    "{} in {}",
                    printable::name(interface),
                    plural(*hours as u64, "hour", "hours")
                )
            })
            .collect();
        row("SKIPDATA     ", &format!("records were lost: {}", first(&interfaces)));
    }
    if window.silent_hours > 0 {
        let hours = plural(window.silent_hours as u64, "hour", "hours");
        row(
            "silence      ",
            &format!(
                "{hours} of {} in the complete days have no record at all",
                24 * window.complete_days
            ),
        );
    }
    if window.incomplete_objects > 0 {
        let objects = plural(window.incomplete_objects as u64, "object", "objects");
        row("incomplete   ", &format!("{objects} could not be read to the end"));
    }
    text
}

/// The first few of many, and how many more there are.
fn first(items: &[String]) -> String {
    let mut text = items.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if items.len() > NAMED {
        text += &format!(" and {} more", items.len() - NAMED);
    }
    text
}

fn block(service: &Service, all_days: usize, width: usize) -> String {
    let mut text = cut(&printable::name(&service.service), width) + "\n";
    let mut row = |label: &str, value: &str| text += &wrapped(&format!("  {label:<13}"), value, width);
    row("seen", &seen(service, all_days));
    if service.dependencies > 0 {
        row("coverage", &coverage(service));
        row("unseen", &unseen(service));
    }
    row(
        "new in 30 d",
        &format!(
            "{:.1} expected, at most {} (95 %)",
            service.expected_new, service.at_most_new
        ),
    );
    if service.dependencies > 0 {
        row("back-test", &back_test(service));
    }
    if !service.calendar.is_empty() {
        row("calendar", &calendar(service));
    }
    // What of the calendar is missing stands there already.
    let rest = service
        .findings
        .iter()
        .filter(|finding| finding.reason != Reason::Calendar);
    for finding in rest {
        row(finding.reason.as_str(), &printable::name(&finding.why));
    }
    row("VERDICT", &verdict(service));
    text
}

fn seen(service: &Service, all_days: usize) -> String {
    let mut text = plural(service.dependencies as u64, "dependency", "dependencies");
    text += &format!(" in {} of {all_days} complete days", service.days);
    if service.unit == Unit::Hour {
        text += &format!(" ({} hours, counted by the hour)", service.units);
    }
    if service.by_address > 0 {
        text += &format!("; {} by address alone", service.by_address);
    }
    if !service.one_day_only.is_empty() {
        let names: Vec<String> = service.one_day_only.iter().map(named).collect();
        text += &format!("; {} on one day only: {}", names.len(), first(&names));
    }
    text
}

fn named(named: &Named) -> String {
    format!(
        "{} ({})",
        far_end(&named.destination, named.port, named.protocol),
        named.day
    )
}

fn unit(service: &Service) -> &'static str {
    match service.unit {
        Unit::Day => "dependency-days",
        Unit::Hour => "dependency-hours",
    }
}

fn coverage(service: &Service) -> String {
    let Some(now) = service.coverage else {
        return "too little was seen to estimate it".to_owned();
    };
    let mut text = format!("{} of {}", percent(now), unit(service));
    if let Some(later) = service.coverage_after.filter(|later| *later > now) {
        text += &format!("; {} after {HORIZON} more days", percent(later));
    }
    text
}

fn unseen(service: &Service) -> String {
    let (low, high) = service.unseen_interval;
    let mut text = if high < 0.05 {
        "none by the estimate".to_owned()
    } else {
        format!(
            "{:.1} more exist at least (95 %: {low:.1} to {high:.1})",
            service.unseen
        )
    };
    if let Some(chance) = service.still_plausible {
        text += &format!(
            "; what is used once in {:.0} days or more seldom can have been missed",
            1.0 / chance
        );
    }
    text
}

fn back_test(service: &Service) -> String {
    let test = &service.back_test;
    if test.origins.is_empty() {
        return "none: two weeks are the least that can be held against each other".to_owned();
    }
    let origins = plural(test.origins.len() as u64, "origin", "origins");
    let (low, high) = test.broken_interval;
    let mut text = format!(
        "rules of {} of {origins} would have refused something (95 %: {:.0} to {:.0} %)",
        test.broken,
        100.0 * low,
        100.0 * high
    );
    let names: Vec<String> = test
        .origins
        .iter()
        .flat_map(|origin| &origin.dependencies)
        .map(named)
        .collect();
    if !names.is_empty() {
        text += &format!(": {}", first(&names));
    }
    text
}

fn calendar(service: &Service) -> String {
    let entries = service.calendar.iter().map(|entry| {
        let name = printable::name(&entry.name);
        let name = if entry.declared { format!("{name:?}") } else { name };
        if entry.is_met() {
            format!("{name} ok")
        } else {
            format!("{name} MISSING ({} of {})", entry.seen.times, entry.seen.needed)
        }
    });
    entries.collect::<Vec<_>>().join(", ")
}

fn verdict(service: &Service) -> String {
    match (service.is_sufficient(), service.sufficient_on()) {
        (true, _) => service.verdict(),
        (false, Some(day)) => format!("{} -> {day} at the earliest", service.verdict()),
        (false, None) => format!("{} -> no date can be told", service.verdict()),
    }
}

fn total(answer: &Coverage) -> String {
    let all = answer.services.len();
    let sufficient = answer.services.iter().filter(|service| service.is_sufficient()).count();
    let of = plural(all as u64, "service", "services");
    let mut text = format!("the window suffices for {sufficient} of {of}");
    let open = answer.services.iter().filter(|service| !service.is_sufficient());
    let dates: Option<Vec<Day>> = open.map(Service::sufficient_on).collect();
    if let Some(last) = dates.and_then(|dates| dates.into_iter().max()) {
        text += &format!(", for all of them on {last} at the earliest");
    }
    text
}

#[cfg(test)]
mod tests {
    use egressmap_aggregator::coverage::{Question, coverage};
    use egressmap_aggregator::map::DependencyMap;

    use super::*;

    #[test]
    fn an_empty_map_has_a_page() {
        let answer = coverage(&DependencyMap::default(), &Question::default());
        assert_eq!(
            page(&answer, 80),
            "no complete day\n\nthe window suffices for 0 of 0 services\n"
        );
    }

    #[test]
    fn a_long_list_says_how_many_more_there_are() {
        let items: Vec<String> = (0..7).map(|item| item.to_string()).collect();
        assert_eq!(first(&items), "0, 1, 2, 3, 4 and 2 more");
    }
}
