//! The order of the cut-over and what each step risks, one sentence each.
use super::*;

const STEPS: NextSteps = NextSteps {
    create: "CREATE",
    check_created: "CHECK",
    remove: "REMOVE",
    attach: "ATTACH {caller}",
    check_attached: "CHECK {caller} of {mesh}",
    detach: "DETACH",
    flip: "FLIP",
    unflip: "UNFLIP",
};

fn shop() -> DependencyMap {
    sample::map([
        Seen::http("desk", "a.example", 80),
        Seen::http("desk", "b.example", 80).records(5),
        Seen::tls("till", "c.example", 443),
        Seen::tls("till", "d.example", 443).records(7),
        Seen::tls("hall`<b>", "c.example", 443),
        Seen::tls("cron", "e.example", 8443),
    ])
}

const LEDGER: &str = "- {service: desk, destination: a.example, port: 80, application: http, verdict: allow}\n\
                      - {service: till, destination: c.example, port: 443, application: tls, verdict: allow}\n\
                      - {service: till, destination: d.example, port: 443, application: tls, verdict: deny}\n\
                      - {service: \"hall`<b>\", destination: c.example, port: 443, application: tls, verdict: allow}";

#[test]
fn the_page_goes_from_the_least_to_lose_to_the_most_and_flips_last() {
    insta::assert_snapshot!(cut_over_page(&with_ledger(&shop(), LEDGER, None), &STEPS));
}

#[test]
fn a_loss_is_known_by_what_its_port_does() {
    let proposal = with_ledger(&shop(), LEDGER, None);
    let fates: Vec<_> = proposal
        .cut_over
        .iter()
        .flat_map(|caller| caller.losses.iter())
        .map(|loss| (loss.destination.as_str(), loss.fate.clone()))
        .collect();
    assert_eq!(
        fates,
        [
            ("d.example", Fate::Denied),
            ("e.example", Fate::DroppedByTheMesh),
            ("b.example", Fate::Refused),
        ]
    );
}

#[test]
fn what_a_lone_tcp_backend_captures_is_at_risk_and_who_waits_goes_last() {
    let map = sample::map([
        Seen::tls("desk", "a.example", 443),
        Seen::tls("desk", "b.example", 443),
        Seen::tls("till", "a.example", 443),
        Seen::tls("till", "x.example", 443).records(3),
    ]);
    let entries = "- {service: desk, destination: a.example, port: 443, application: tls, verdict: allow}\n\
                   - {service: desk, destination: b.example, port: 443, application: tls, verdict: allow}\n\
                   - {service: till, destination: a.example, port: 443, application: tls, verdict: allow}";
    let proposal = with_ledger(&map, entries, None);
    let order: Vec<_> = proposal
        .cut_over
        .iter()
        .map(|caller| caller.virtual_node.as_str())
        .collect();
    assert_eq!(order, ["till", "desk"]);
    let lost = &proposal.cut_over[0].losses[0];
    assert!(matches!(&lost.fate, Fate::Misrouted(host) if host.as_str() == "a.example") && lost.records == 3);
}

#[test]
fn a_port_that_is_ignored_or_moved_is_a_risk_of_its_own() {
    let map = sample::map([
        Seen::tls("desk", "a.example", 443),
        Seen::tls("desk", "b.example", 443).records(2),
    ]);
    let fates = |choice| -> Vec<Fate> {
        let proposal = chosen(&map, choice);
        proposal.cut_over[0]
            .losses
            .iter()
            .map(|loss| loss.fate.clone())
            .collect()
    };
    assert_eq!(fates(OnConflict::RouterPorts), [Fate::DialsAnotherPort(444)]);
    assert_eq!(fates(OnConflict::IgnorePort), []);
}
