//! Writes a proposal as a Terraform module of egress rules for the security group of each caller.

use std::net::IpAddr;

use egressmap_aggregator::map::Protocol;
use ipnet::IpNet;

use super::callers::{Caller, callers};
use super::draft::{Draft, Page};
use super::terraform::{resource, variable, versions};
use super::{Rendered, Target, file};
use crate::hcl::{Body, Expression, reference};
use crate::ledger::Destination;
use crate::proposal::{Allowed, Code, Proposal};

/// `security-group`.
#[derive(Debug)]
pub(super) struct SecurityGroup;

const PAGE: Page = Page {
    title: "security groups",
    meaning: "Matched by address, port and transport. A security group knows no names, so no wildcards either: what the ledger allows by name is a \
              decision below.",
    steps: &[
        "Use this folder as a module: `source = \"./security-group\"` with `security_groups` (the group of each caller, by service), \
         `inside` (the ranges of your own services, which stay open) and, where the ledger has `aws/…`, `prefix_lists`. Apply: rules add up, so \
         nothing is dropped yet.",
        "Take the rule that allows all egress away from one group at a time, those without a decision below first. This is the \
         cut-over of that caller. A caller with several groups may do what any of them allows.",
        "Watch `REJECT` in the flow logs of the caller before you go on.",
    ],
    check: "`terraform plan` shows every rule. Before the cut-over flow logs cannot show what would be refused: `egressmap replay` can.",
    back: "Give the group its rule for all egress back (`0.0.0.0/0`, `::/0`, protocol -1).",
    lost: &[
        "Names, wildcards, SNI and hosts: on an allowed address every service of the port is reachable.",
        "Traffic to the VPC's own resolver, instance metadata and time service is not filtered by security groups.",
        "One group for several callers opens to each what any of them is allowed.",
    ],
};

/// Rules of one direction in a group, unless the quota is raised.
const RULES: usize = 60;

impl Target for SecurityGroup {
    fn name(&self) -> &'static str {
        "security-group"
    }

    fn help(&self) -> &'static str {
        "egress rules for the security group of each caller, as a Terraform module"
    }

    fn render(&self, proposal: &Proposal) -> Rendered {
        draft(proposal).into_rendered(proposal, &PAGE)
    }
}

fn draft(proposal: &Proposal) -> Draft<'_> {
    let mut draft = Draft::of("a security group");
    let mut all = Vec::new();
    for caller in &callers(proposal) {
        let before = all.len();
        rules(caller, &mut all, &mut draft);
        let count = all.len() - before;
        if count > RULES {
            let fact = format!("{count} rules, and a group has {RULES} unless the quota is raised");
            draft
                .losses
                .note(Code::TargetQuota, Some(caller.service.as_str()), fact);
        }
    }
    for finding in proposal
        .findings
        .iter()
        .filter(|finding| finding.code == Code::Internal)
    {
        for fact in &finding.evidence {
            draft.losses.note(Code::InternalCalls, finding.caller.as_deref(), fact);
        }
    }
    draft.files.push(file("versions.tf", versions("5.31")));
    draft.files.push(file("variables.tf", variables()));
    draft.files.push(file("rules.tf", module(all)));
    draft
}

/// The rules of a caller, each by a key that stays the same when others come or go.
fn rules<'a>(caller: &Caller<'a>, all: &mut Vec<(String, Expression)>, draft: &mut Draft<'a>) {
    for allowed in caller.grants.iter().copied() {
        let destination = &allowed.entry.destination;
        let range = match destination {
            Destination::Name(_) | Destination::Below(_) => {
                draft.losses.add_with_addresses(Code::NeedsName, allowed);
                continue;
            }
            Destination::Address(address) => Some(IpNet::from(*address)),
            Destination::Range(range) => Some(*range),
            Destination::Aws(_) => {
                draft.losses.add(Code::NeedsPrefixList, allowed);
                None
            }
        };
        let Some((protocol, port)) = protocol(allowed, range) else {
            draft.losses.add(Code::NeedsTransport, allowed);
            continue;
        };
        let text = |text: Option<String>| text.map_or_else(|| reference("null"), Expression::Text);
        let (v4, v6) = match range {
            Some(IpNet::V4(range)) => (Some(range.to_string()), None),
            Some(IpNet::V6(range)) => (None, Some(range.to_string())),
            None => (None, None),
        };
        let service = caller.service.as_str();
        let rule = Expression::Object(vec![
            ("service".to_owned(), service.into()),
            ("protocol".to_owned(), protocol.into()),
            ("port".to_owned(), port),
            ("cidr_ipv4".to_owned(), text(v4)),
            ("cidr_ipv6".to_owned(), text(v6)),
            ("aws".to_owned(), text(range.is_none().then(|| destination.to_string()))),
        ]);
        all.push((
            format!("{service} {protocol} {} {destination}", allowed.entry.port),
            rule,
        ));
        draft.written.push(allowed);
    }
}

/// What AWS calls the transport, and the port; for ICMP -1, which is every type.
fn protocol(allowed: &Allowed, range: Option<IpNet>) -> Option<(&'static str, Expression)> {
    let port = Expression::Number(u64::from(allowed.entry.port));
    match (allowed.entry.protocol(), range.map(|range| range.addr())) {
        (Protocol::Tcp, _) => Some(("tcp", port)),
        (Protocol::Udp, _) => Some(("udp", port)),
        (Protocol::Icmp, Some(IpAddr::V6(_))) => Some(("icmpv6", reference("-1"))),
        (Protocol::Icmp, _) => Some(("icmp", reference("-1"))),
        (Protocol::Other(_), _) => None,
    }
}

fn variables() -> String {
    let groups = variable(
        "The security group of each caller, by service; callers that are not here get no rules.",
        "map(string)",
    );
    let inside = variable(
        "The ranges of your own services, which every caller may reach; without them calls between services are dropped.",
        "list(string)",
    );
    let lists = variable(
        "Prefix lists for services of AWS, such as \"aws/s3/eu-west-1\" = \"pl-…\"; a service that is not here gets no rule.",
        "map(string)",
    )
    .attribute("default", Expression::Object(Vec::new()));
    Body::default()
        .block("variable", &["security_groups"], groups)
        .block("variable", &["inside"], inside)
        .block("variable", &["prefix_lists"], lists)
        .into_text()
}

fn module(rules: Vec<(String, Expression)>) -> String {
    let wanted = "{ for key, rule in local.rules : key => rule if contains(keys(var.security_groups), rule.service) \
                  && (rule.aws == null || contains(keys(var.prefix_lists), coalesce(rule.aws, \"none\"))) }";
    let allowed = Body::default()
        .attribute("for_each", reference(wanted))
        .attribute(
            "security_group_id",
            reference("var.security_groups[each.value.service]"),
        )
        .attribute("ip_protocol", reference("each.value.protocol"))
        .attribute("from_port", reference("each.value.port"))
        .attribute("to_port", reference("each.value.port"))
        .attribute("cidr_ipv4", reference("each.value.cidr_ipv4"))
        .attribute("cidr_ipv6", reference("each.value.cidr_ipv6"))
        .attribute(
            "prefix_list_id",
            reference("each.value.aws == null ? null : var.prefix_lists[each.value.aws]"),
        )
        .attribute("description", "allowed by the egress ledger");
    let pairs = "{ for pair in setproduct(keys(var.security_groups), var.inside) : \"${pair[0]} ${pair[1]}\" => pair }";
    let is_v6 = "length(regexall(\":\", each.value[1])) > 0";
    let inside = Body::default()
        .attribute("for_each", reference(pairs))
        .attribute("security_group_id", reference("var.security_groups[each.value[0]]"))
        .attribute("ip_protocol", "-1")
        .attribute("cidr_ipv4", reference(format!("{is_v6} ? null : each.value[1]")))
        .attribute("cidr_ipv6", reference(format!("{is_v6} ? each.value[1] : null")))
        .attribute("description", "our own services");
    let locals = Body::default().attribute("rules", Expression::Object(rules));
    let out = Body::default().block("locals", &[], locals);
    let out = resource(out, "aws_vpc_security_group_egress_rule", "allowed", allowed);
    resource(out, "aws_vpc_security_group_egress_rule", "inside", inside).into_text()
}
