//! Writes a proposal as a Terraform module of Route 53 Resolver DNS Firewall: lists of domains, allowed before all others are blocked.

use std::collections::BTreeSet;

use super::callers::callers;
use super::draft::{Draft, Page};
use super::terraform::{resource, strings, variable, versions};
use super::{Rendered, Target, file};
use crate::hcl::{Body, Expression, reference};
use crate::ledger::Destination;
use crate::proposal::{Code, Proposal};

/// `dns-firewall`.
#[derive(Debug)]
pub(super) struct DnsFirewall;

const PAGE: Page = Page {
    title: "Route 53 Resolver DNS Firewall",
    meaning: "Matched by the name that is asked for, in the whole VPC, whatever is done with the answer. `*.example.com` means the names below it without \
              `example.com`, as in the ledger; that it means every depth is not documented, so try a deep name before you rely on it.",
    steps: &[
        "Use this folder as a module: `source = \"./dns-firewall\"`, with `also_allowed` for the names of your own: private hosted zones, \
         endpoints of the VPC, `*.compute.internal`. The last rule blocks those too. Apply; by itself the rule group changes nothing.",
        "Set `last_action = \"ALERT\"`, associate the group (`vpc_ids`), and read the alerts in the Resolver query logs for some days.",
        "Set `last_action = \"BLOCK\"` and apply: this is the cut-over of every caller in those VPCs at once.",
    ],
    check: "`terraform plan`, then the alerts of the second step: each is a name that would be refused.",
    back: "`last_action = \"ALERT\"`, and apply. Answers that clients keep stay as they are.",
    lost: &[
        "It stops names, not connections: a client that knows an address needs no name. Enforce addresses with security groups or a network firewall.",
        "Ports, transports and callers: who may ask for a name may use it for anything.",
        "A name that is allowed may lead to other names by CNAME: the rules trust that (`TRUST_REDIRECTION_DOMAIN`).",
    ],
};

/// Domains that one call of the API takes.
const DOMAINS_A_LIST: usize = 1000;

impl Target for DnsFirewall {
    fn name(&self) -> &'static str {
        "dns-firewall"
    }

    fn help(&self) -> &'static str {
        "Route 53 Resolver DNS Firewall as a Terraform module: the names a VPC may ask for"
    }

    fn render(&self, proposal: &Proposal) -> Rendered {
        draft(proposal).into_rendered(proposal, &PAGE)
    }

    fn is_shared(&self) -> bool {
        true
    }
}

fn draft(proposal: &Proposal) -> Draft<'_> {
    let mut draft = Draft::of("DNS Firewall");
    let callers = callers(proposal);
    let mut domains = BTreeSet::new();
    for allowed in callers.iter().flat_map(|caller| caller.grants.iter().copied()) {
        match &allowed.entry.destination {
            // The API takes letters, digits, hyphens and dots.
            Destination::Name(name) | Destination::Below(name) if name.as_str().contains('_') => {
                draft.losses.add(Code::UnwritableName, allowed);
            }
            Destination::Name(_) | Destination::Below(_) => {
                domains.insert(allowed.entry.destination.to_string());
                draft.written.push(allowed);
            }
            Destination::Address(_) | Destination::Range(_) | Destination::Aws(_) => {
                draft.losses.add(Code::OutOfReach, allowed);
            }
        }
    }
    if callers.len() > 1 {
        let fact = format!("{} callers, {} domains", callers.len(), domains.len());
        draft.losses.note(Code::CallersTogether, None, fact);
    }
    draft.files.push(file("versions.tf", versions("5.60")));
    draft.files.push(file("variables.tf", variables()));
    draft.files.push(file("rules.tf", rules(&domains)));
    draft.files.push(file("outputs.tf", outputs()));
    draft
}

fn variables() -> String {
    let name = variable(
        "The name of the rule group, and how those of its lists begin; 50 characters at most.",
        "string",
    )
    .attribute("default", "egress");
    let own = variable(
        "Names of your own that stay allowed, such as private hosted zones.",
        "list(string)",
    );
    let vpcs = variable(
        "The VPCs to associate the rule group with, by a name of yours.",
        "map(string)",
    )
    .attribute("default", Expression::Object(Vec::new()));
    let last = variable("What becomes of every other name: ALERT, then BLOCK.", "string").attribute("default", "ALERT");
    let priority = variable("The priority of the association among those of the VPC.", "number")
        .attribute("default", Expression::Number(200));
    Body::default()
        .block("variable", &["name"], name)
        .block("variable", &["also_allowed"], own)
        .block("variable", &["vpc_ids"], vpcs)
        .block("variable", &["last_action"], last)
        .block("variable", &["association_priority"], priority)
        .into_text()
}

const LIST: &str = "aws_route53_resolver_firewall_domain_list";
const RULE: &str = "aws_route53_resolver_firewall_rule";
/// Priorities of the rules: the lists, then names of one's own, then everything.
const FIRST: u64 = 100;
const OWN: u64 = 8000;
const LAST: u64 = 9000;

fn rules(domains: &BTreeSet<String>) -> String {
    let domains: Vec<&str> = domains.iter().map(String::as_str).collect();
    let group = Body::default().attribute("name", reference("var.name"));
    let mut out = resource(
        Body::default(),
        "aws_route53_resolver_firewall_rule_group",
        "egress",
        group,
    );
    for (chunk, priority) in domains.chunks(DOMAINS_A_LIST).zip(FIRST..) {
        let label = format!("allowed_{}", priority - FIRST);
        let list = list(Body::default(), &label, strings(chunk.iter().copied()));
        out = resource(out, LIST, &label, list);
        let rule = allow(Body::default(), &label, priority, &format!("{LIST}.{label}.id"));
        out = resource(out, RULE, &label, rule);
    }
    let if_any = || Body::default().attribute("count", reference("length(var.also_allowed) > 0 ? 1 : 0"));
    out = resource(out, LIST, "own", list(if_any(), "own", reference("var.also_allowed")));
    out = resource(
        out,
        RULE,
        "own",
        allow(if_any(), "own", OWN, &format!("{LIST}.own[0].id")),
    );
    out = resource(
        out,
        LIST,
        "everything",
        list(Body::default(), "everything", strings(["*"])),
    );
    let block = "var.last_action == \"BLOCK\" ? \"NXDOMAIN\" : null";
    let last = Body::default()
        .attribute("name", "everything-else")
        .attribute("action", reference("var.last_action"))
        .attribute("block_response", reference(block));
    let last = in_group(last, LAST, &format!("{LIST}.everything.id"));
    out = resource(out, RULE, "everything_else", last);
    let association = Body::default()
        .attribute("for_each", reference("var.vpc_ids"))
        .attribute("name", reference("\"${var.name}-${each.key}\""))
        .attribute("firewall_rule_group_id", reference(GROUP))
        .attribute("priority", reference("var.association_priority"))
        .attribute("vpc_id", reference("each.value"));
    resource(
        out,
        "aws_route53_resolver_firewall_rule_group_association",
        "vpc",
        association,
    )
    .into_text()
}

const GROUP: &str = "aws_route53_resolver_firewall_rule_group.egress.id";

fn list(body: Body, label: &str, domains: Expression) -> Body {
    let name = format!("\"${{var.name}}-{}\"", label.replace('_', "-"));
    body.attribute("name", reference(name)).attribute("domains", domains)
}

fn allow(body: Body, label: &str, priority: u64, list: &str) -> Body {
    let body = body
        .attribute("name", label.replace('_', "-").as_str())
        .attribute("action", "ALLOW")
        .attribute("firewall_domain_redirection_action", "TRUST_REDIRECTION_DOMAIN");
    in_group(body, priority, list)
}

fn in_group(rule: Body, priority: u64, list: &str) -> Body {
    rule.attribute("firewall_domain_list_id", reference(list))
        .attribute("firewall_rule_group_id", reference(GROUP))
        .attribute("priority", Expression::Number(priority))
}

fn outputs() -> String {
    let output = Body::default()
        .attribute(
            "description",
            "The rule group, for associations that are made elsewhere.",
        )
        .attribute("value", reference(GROUP));
    Body::default().block("output", &["rule_group_id"], output).into_text()
}
