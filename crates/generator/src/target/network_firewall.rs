//! Writes a proposal for AWS Network Firewall: Suricata rules in strict order, and the Terraform module of their rule group and policy.

use serde_json::{Value, json};

use super::callers::callers;
use super::draft::{Draft, Page};
use super::terraform::{resource, variable, versions};
use super::{Rendered, Target, file};
use crate::hcl::{Body, Expression, reference};
use crate::proposal::{Code, Proposal};

mod rules;

use rules::Rules;

/// `network-firewall`.
#[derive(Debug)]
pub(super) struct NetworkFirewall;

const PAGE: Page = Page {
    title: "AWS Network Firewall",
    meaning: "TLS is matched by SNI, HTTP by `Host`, everything else by address, and each by its port. `*.example.com` means every name below it at any \
              depth, without `example.com`, as in the ledger.",
    steps: &[
        "Use this folder as a module: `source = \"./network-firewall\"` with `home_net`, the ranges that your callers have, and apply. \
         The policy only alerts. Its order is strict, which an existing policy cannot be changed to.",
        "Give the policy to the firewall that the callers' traffic passes, and read its alerts for some days: each is a connection \
         that would be dropped.",
        "Set `drop = true` and apply: this is the cut-over of every caller behind that firewall at once.",
    ],
    check: "`suricata -T -S egress.rules` reads the rules; `terraform plan` the rest. The alerts of the second step are the dry run.",
    back: "`drop = false`, and apply.",
    lost: &[
        "Callers: the rules are for all of `home_net`.",
        "Names are what the client says, in SNI or `Host`: a client that lies reaches any address. TLS without SNI, or with an encrypted one, is dropped.",
        "The default action acts on what is established: a first UDP datagram, or an echo request, may pass.",
        "The capacity of a rule group is fixed when it is made. The default leaves room for twice the rules; more replaces the group.",
        "`domain-list.json` has the same names as a domain list, for a policy without Suricata rules: `aws network-firewall create-rule-group \
         --type STATEFUL --rule-group file://domain-list.json`, with a capacity of twice the names and 2. It opens more: every port, and \
         `example.com` beside `*.example.com`.",
    ],
};

/// Rules of all groups of a policy, unless the quota is raised.
const CAPACITY: usize = 30_000;
/// Bytes of the rules of one group.
const BYTES: usize = 2_000_000;

impl Target for NetworkFirewall {
    fn name(&self) -> &'static str {
        "network-firewall"
    }

    fn help(&self) -> &'static str {
        "AWS Network Firewall: Suricata rules by SNI, host and address, in a Terraform module"
    }

    fn render(&self, proposal: &Proposal) -> Rendered {
        draft(proposal).into_rendered(proposal, &PAGE)
    }

    fn is_shared(&self) -> bool {
        true
    }
}

fn draft(proposal: &Proposal) -> Draft<'_> {
    let mut draft = Draft::of("Network Firewall");
    let callers = callers(proposal);
    let mut rules = Rules::default();
    for allowed in callers.iter().flat_map(|caller| caller.grants.iter().copied()) {
        match rules.add(&allowed.entry) {
            Ok(()) => draft.written.push(allowed),
            Err(code) => draft.losses.add_with_addresses(code, allowed),
        }
    }
    let (count, text) = (rules.len(), rules.to_text());
    if callers.len() > 1 {
        let fact = format!("{} callers, {count} rules", callers.len());
        draft.losses.note(Code::CallersTogether, None, fact);
    }
    if count > CAPACITY || text.len() > BYTES {
        let fact = format!(
            "{count} rules of {} bytes; a policy has {CAPACITY} rules and a group {BYTES} bytes",
            text.len()
        );
        draft.losses.note(Code::TargetQuota, None, fact);
    }
    draft.files.push(file("egress.rules", text));
    draft
        .files
        .push(file("domain-list.json", format!("{:#}\n", domain_list(&rules))));
    draft.files.push(file("versions.tf", versions("5.31")));
    draft.files.push(file("variables.tf", variables(count)));
    draft.files.push(file("policy.tf", policy()));
    draft.files.push(file("outputs.tf", outputs()));
    draft
}

/// 100, doubled until it is twice the rules: a default that changes seldom, since each change replaces the group.
fn capacity(rules: usize) -> u64 {
    let mut capacity = 100;
    while capacity < 2 * rules && 2 * capacity <= CAPACITY {
        capacity *= 2;
    }
    if capacity < rules {
        capacity = CAPACITY;
    }
    capacity as u64
}

fn domain_list(rules: &Rules) -> Value {
    json!({
        "RulesSource": {"RulesSourceList": {
            "Targets": rules.domains(),
            "TargetTypes": ["TLS_SNI", "HTTP_HOST"],
            "GeneratedRulesType": "ALLOWLIST",
        }},
        "StatefulRuleOptions": {"RuleOrder": "STRICT_ORDER"},
    })
}

fn variables(rules: usize) -> String {
    let name = variable(
        "The name of the rule group and of the policy: letters, digits and hyphens.",
        "string",
    )
    .attribute("default", "egress");
    let home = variable("The ranges of the callers.", "list(string)");
    let capacity = variable(
        "How many rules the group can ever hold; a change replaces it.",
        "number",
    )
    .attribute("default", Expression::Number(capacity(rules)));
    let drop = variable("Whether what no rule passes is dropped, or only alerted.", "bool")
        .attribute("default", reference("false"));
    Body::default()
        .block("variable", &["name"], name)
        .block("variable", &["home_net"], home)
        .block("variable", &["capacity"], capacity)
        .block("variable", &["drop"], drop)
        .into_text()
}

fn policy() -> String {
    let one = |kind: &str, body: Body| Body::default().block(kind, &[], body);
    let home = Body::default().attribute("key", "HOME_NET").block(
        "ip_set",
        &[],
        Body::default().attribute("definition", reference("var.home_net")),
    );
    let source = Body::default().attribute("rules_string", reference("file(\"${path.module}/egress.rules\")"));
    let strict = || Body::default().attribute("rule_order", "STRICT_ORDER");
    let rule_group = one("rule_variables", one("ip_sets", home))
        .block("rules_source", &[], source)
        .block("stateful_rule_options", &[], strict());
    let group = Body::default()
        .attribute("name", reference("var.name"))
        .attribute("type", "STATEFUL")
        .attribute("capacity", reference("var.capacity"))
        .block("rule_group", &[], rule_group);
    let forward = || Expression::List(vec!["aws:forward_to_sfe".into()]);
    let actions = "var.drop ? [\"aws:drop_established\", \"aws:alert_established\"] : [\"aws:alert_established\"]";
    let group_reference = Body::default()
        .attribute("priority", Expression::Number(100))
        .attribute("resource_arn", reference("aws_networkfirewall_rule_group.egress.arn"));
    let policy = Body::default()
        .attribute("stateless_default_actions", forward())
        .attribute("stateless_fragment_default_actions", forward())
        .attribute("stateful_default_actions", reference(actions))
        .block("stateful_engine_options", &[], strict())
        .block("stateful_rule_group_reference", &[], group_reference);
    let policy = Body::default()
        .attribute("name", reference("var.name"))
        .block("firewall_policy", &[], policy);
    let out = resource(Body::default(), "aws_networkfirewall_rule_group", "egress", group);
    resource(out, "aws_networkfirewall_firewall_policy", "egress", policy).into_text()
}

fn outputs() -> String {
    let output = |description: &str, value: &str| {
        Body::default()
            .attribute("description", description)
            .attribute("value", reference(value))
    };
    let policy = output(
        "The policy, for the firewall.",
        "aws_networkfirewall_firewall_policy.egress.arn",
    );
    let group = output(
        "The rule group, for another policy of strict order.",
        "aws_networkfirewall_rule_group.egress.arn",
    );
    Body::default()
        .block("output", &["policy_arn"], policy)
        .block("output", &["rule_group_arn"], group)
        .into_text()
}
