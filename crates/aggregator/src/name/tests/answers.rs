//! What DNS answers call a destination.

use super::*;
use crate::observed::Answered;

/// The hour in which every edge of these tests is seen.
const HOUR: u64 = 1_790_000_000 / 3_600;

/// `service` was told so often that `name` has `address`, so many hours before the edges were seen.
fn told(service_name: &str, name: &str, address: &str, answers: u64, hours_before: u64) -> Answered {
    let mut seen = Hours::default();
    let at = (HOUR - hours_before) * 3_600;
    seen.mark(at, at);
    Answered {
        service: service(service_name),
        address: ip(address),
        name: dns(name),
        answers,
        seen,
    }
}

fn with_answers(flows: Vec<FlowEdge>, accesses: Vec<AccessEdge>, mut answers: Vec<Answered>) -> Observed {
    answers.sort_by(|a, b| (a.address, &a.service, &a.name).cmp(&(b.address, &b.service, &b.name)));
    Observed {
        answers,
        ..observed(flows, accesses)
    }
}

/// What the one flow of service `a` to 203.0.113.7:443 is called.
fn called(accesses: Vec<AccessEdge>, answers: Vec<Answered>) -> (String, Grade) {
    destination_of_a(with_answers(vec![flow("a", "203.0.113.7", 443, 5)], accesses, answers))
}

fn is(name: &str, grade: Grade) -> (String, Grade) {
    (name.to_owned(), grade)
}

#[test]
fn an_answer_to_the_caller_names_its_flow_and_one_to_another_does_where_it_asked_nothing() {
    let own = told("a", "own.test", "203.0.113.7", 1, 0);
    let another = told("b", "another.test", "203.0.113.7", 9, 0);
    assert_eq!(called(vec![], vec![own.clone()]), is("own.test", Grade::Dns));
    assert_eq!(called(vec![], vec![another.clone()]), is("another.test", Grade::DnsVpc));
    assert_eq!(called(vec![], vec![own, another]), is("own.test", Grade::Dns));
    let elsewhere = told("a", "x.test", "203.0.113.8", 1, 0);
    assert_eq!(called(vec![], vec![elsewhere]), is("203.0.113.7", Grade::Address));
}

#[test]
fn an_answer_holds_for_a_day_and_never_before_it_was_given() {
    let at = |hours_before| called(vec![], vec![told("a", "a.test", "203.0.113.7", 1, hours_before)]);
    assert_eq!(at(ANSWER_HOLDS_HOURS), is("a.test", Grade::Dns));
    assert_eq!(at(ANSWER_HOLDS_HOURS + 1), is("203.0.113.7", Grade::Address));
    let mut later = told("a", "a.test", "203.0.113.7", 1, 0);
    later.seen = Hours::default();
    later.seen.mark((HOUR + 1) * 3_600, (HOUR + 1) * 3_600);
    assert_eq!(called(vec![], vec![later]), is("203.0.113.7", Grade::Address));
}

#[test]
fn each_caller_of_a_shared_address_reaches_the_name_that_it_asked_for() {
    let flows = ["a", "b", "c"].map(|caller| flow(caller, "203.0.113.7", 443, 5));
    let answers = vec![
        told("a", "a.test", "203.0.113.7", 1, 0),
        told("b", "b.test", "203.0.113.7", 1, 3),
        told("c", "b.test", "203.0.113.7", 2, 0),
        told("c", "c.test", "203.0.113.7", 3, 0),
    ];
    let all = named(with_answers(flows.to_vec(), vec![], answers));
    let names: Vec<_> = all
        .iter()
        .map(|((service, name, _), _)| (service.as_str(), name.as_str()))
        .collect();
    assert_eq!(names, [("a", "a.test"), ("b", "b.test"), ("c", "c.test")]);
    let also = |at: usize| -> Vec<(&str, u64)> {
        let also = all[at].1.name.also.iter();
        also.map(|(name, weight)| (name.as_str(), *weight)).collect()
    };
    assert_eq!(also(0), [("b.test", 3), ("c.test", 3)]);
    assert_eq!(also(1), [("a.test", 1), ("c.test", 3)]);
    assert_eq!(also(2), [("a.test", 1), ("b.test", 3)]);
    assert_eq!(all[1].1.name.evidence, [(Grade::Dns, 1), (Grade::DnsVpc, 2)].into());
}

#[test]
fn lines_of_the_caller_come_before_its_answers_and_those_of_others_after() {
    let own_lines = access("a", sni("lines.test"), "203.0.113.7", 443, 1);
    let of_another = access("b", sni("of-another.test"), "203.0.113.7", 443, 9);
    let own = told("a", "asked.test", "203.0.113.7", 1, 0);
    let to_another = told("b", "asked-by-another.test", "203.0.113.7", 1, 0);
    let names = |lines: &AccessEdge, answer: &Answered| called(vec![lines.clone()], vec![answer.clone()]);
    assert_eq!(names(&own_lines, &own), is("lines.test", Grade::Sni));
    assert_eq!(names(&of_another, &own), is("asked.test", Grade::Dns));
    assert_eq!(names(&of_another, &to_another), is("of-another.test", Grade::Sni));
}

#[test]
fn lines_and_answers_for_one_name_are_evidence_together_and_each_counts_once() {
    let flows = vec![flow("a", "203.0.113.7", 443, 5), flow("a", "203.0.113.8", 443, 5)];
    let lines = vec![access("b", sni("a.test"), "203.0.113.7", 443, 4)];
    let answers = vec![
        told("a", "a.test", "203.0.113.7", 2, 0),
        told("a", "a.test", "203.0.113.8", 3, 0),
        told("b", "a.test", "203.0.113.8", 7, 0),
    ];
    let all = named(with_answers(flows, lines, answers));
    let of_a = &all[0];
    assert_eq!((of_a.0.0.as_str(), of_a.0.1.as_str()), ("a", "a.test"));
    let expected = [(Grade::Sni, 4), (Grade::Dns, 5), (Grade::DnsVpc, 7)];
    assert_eq!(of_a.1.name.evidence, expected.into());
    let of_b = &all[1];
    assert_eq!(of_b.1.name.evidence, [(Grade::Sni, 4), (Grade::DnsVpc, 2)].into());
}

#[test]
fn an_answer_is_better_than_the_ranges_and_than_reverse_dns() {
    let flows = vec![flow("a", "203.0.113.200", 443, 1), flow("a", "198.51.100.1", 443, 1)];
    let answers = vec![
        told("a", "bucket.s3.amazonaws.com", "203.0.113.200", 1, 0),
        told("b", "other.test", "198.51.100.1", 1, 0),
    ];
    let seen = with_answers(flows, vec![], answers);
    assert!(addresses_to_resolve(&seen, &Knowledge::default()).is_empty());
    let all = named(seen);
    let shown: Vec<_> = all
        .iter()
        .map(|((_, name, _), it)| (name.as_str(), it.class, it.name.grade()))
        .collect();
    assert_eq!(
        shown,
        [
            ("bucket.s3.amazonaws.com", Class::Aws, Grade::Dns),
            ("other.test", Class::External, Grade::DnsVpc)
        ]
    );
}

#[test]
fn nobody_hides_an_address_behind_the_name_of_a_service_of_ours() {
    let mut seen = with_answers(
        vec![flow("a", "203.0.113.66", 443, 5)],
        vec![],
        vec![told("a", "ledger", "203.0.113.66", 9, 0)],
    );
    seen.services.insert(service("Ledger"), ServiceFacts::default());
    let all = named(seen);
    assert_eq!((all[0].0.1.as_str(), all[0].1.class), ("203.0.113.66", Class::External));
    assert_eq!(all[0].1.name.also, [("ledger".to_owned(), 9)].into());
    assert!(all[0].1.name.evidence.is_empty());
}

#[test]
fn a_service_of_ours_keeps_its_name_and_the_names_it_is_asked_for_by() {
    let mut to_ledger = flow("a", "10.0.0.9", 8080, 5);
    to_ledger.owner = Some(service("ledger"));
    let answers = vec![
        told("a", "ledger", "10.0.0.9", 1, 0),
        told("a", "ledger.shop.test", "10.0.0.9", 2, 0),
    ];
    let all = named(with_answers(vec![to_ledger], vec![], answers));
    assert_eq!((all[0].0.1.as_str(), all[0].1.class), ("ledger", Class::Internal));
    assert_eq!(all[0].1.name.also, [("ledger.shop.test".to_owned(), 2)].into());
    assert!(all[0].1.name.evidence.is_empty());
}

#[test]
fn a_line_without_a_host_takes_the_name_that_its_caller_asked_for() {
    let mut plain = access("a", sni("x.test"), "203.0.113.7", 5432, 2);
    plain.host = None;
    plain.application = Application::Tcp;
    let answers = vec![told("a", "db.test", "203.0.113.7", 1, 0)];
    let all = named(with_answers(vec![], vec![plain], answers));
    assert_eq!((all[0].0.1.as_str(), all[0].1.name.grade()), ("db.test", Grade::Dns));
}
