//! `CUTOVER.md`: the ordered change, caller by caller, with what each step changes and risks, how to check it and how to go back.

use super::choice::settings;
use super::risk::{CutOver, Fate, Loss};
use super::summary::{SUNSET, dialled};
use super::{Caller, Proposal};
use crate::text::{inert, markdown};

/// What a target adds to the page, in Markdown: how its files are applied, checked and taken back. `{caller}` and `{mesh}`
/// stand for the names.
#[derive(Debug, Clone, Copy)]
pub struct NextSteps {
    /// How to create the external nodes and services.
    pub create: &'static str,
    /// How to see that they are there.
    pub check_created: &'static str,
    /// How to take them away again.
    pub remove: &'static str,
    /// How to give a caller its backends.
    pub attach: &'static str,
    /// How to see that it has them.
    pub check_attached: &'static str,
    /// How to take them from it.
    pub detach: &'static str,
    /// How to flip the mesh to `DROP_ALL`.
    pub flip: &'static str,
    /// How to flip it back.
    pub unflip: &'static str,
}

/// How many losses of a step are spelt out.
const SPELT_OUT: usize = 20;

/// What a proxy says of a configuration that it refuses, and of connections that nothing matches.
const PROXY: &str = "To check a proxy, run `curl -s 'http://127.0.0.1:9901/stats?filter=update_rejected|no_filter_chain_match|no_route'` \
                     beside it before and after. `listener_manager.lds.update_rejected` must stay as it was: else the proxy refused the new \
                     listener and keeps the old one. The other two count what is refused.";

/// The page, in Markdown.
#[must_use]
pub fn cut_over_page(proposal: &Proposal, steps: &NextSteps) -> String {
    let mut page = format!(
        "# Cut-over of the mesh {}\n\n{SUNSET}\n\
         To attach a backend is itself the cut-over of its caller, for every port of the backend: on such a port App Mesh \
         matches the backends alone, even under ALLOW_ALL. So callers go one by one, the least to lose first, and the mesh \
         drops the rest last. Losses are what the map saw; what it did not see, it cannot warn of.\n\n{PROXY}\n\n",
        markdown(&proposal.mesh)
    );
    let own: Vec<(&CutOver, &Caller)> = proposal
        .cut_over
        .iter()
        .filter_map(|cut_over| Some((cut_over, with_a_step(proposal, cut_over)?)))
        .collect();
    page.push_str(&table(&own));
    page.push_str(&create(proposal, steps));
    for (at, (cut_over, caller)) in own.iter().enumerate() {
        page.push_str(&step(proposal, at + 2, cut_over, caller, steps));
    }
    page.push_str(&flip(proposal, own.len() + 2, steps));
    page
}

/// A caller for whom something is to be done before the mesh drops the rest.
fn with_a_step<'a>(proposal: &'a Proposal, cut_over: &CutOver) -> Option<&'a Caller> {
    let name = |caller: &Caller| caller.virtual_node.cmp(&cut_over.virtual_node);
    let caller = proposal.callers.get(proposal.callers.binary_search_by(name).ok()?)?;
    let any = !caller.backends.is_empty() || !caller.waiting.is_empty() || !caller.ignored_ports.is_empty();
    any.then_some(caller)
}

fn table(own: &[(&CutOver, &Caller)]) -> String {
    let mut out = "| step | caller | waits for a decision | at risk | records at risk | days seen |\n\
                   |---:|---|---:|---:|---:|---:|\n"
        .to_owned();
    for (at, (cut_over, _)) in own.iter().enumerate() {
        let records = cut_over.at_risk().map(|loss| loss.records).fold(0, u64::saturating_add);
        out.push_str(&format!(
            "| {} | {} | {} | {} | {records} | {} |\n",
            at + 2,
            markdown(&cut_over.virtual_node),
            cut_over.waiting,
            cut_over.at_risk().count(),
            cut_over.days
        ));
    }
    out
}

fn create(proposal: &Proposal, steps: &NextSteps) -> String {
    let routers = proposal.nodes.iter().filter(|node| !node.routes.is_empty()).count();
    let routers = match routers {
        0 => String::new(),
        many => format!(", and {many} virtual routers before them"),
    };
    format!(
        "\n## 1. Create the external virtual nodes and services\n\n\
         - Changes: {} virtual nodes with a virtual service each{routers}. By themselves they change nothing.\n\
         - Risk: none to traffic; the quotas of the mesh apply.\n\
         - Do: {}\n\
         - Check: {}\n\
         - Roll back: {}\n",
        proposal.nodes.len(),
        steps.create,
        steps.check_created,
        steps.remove
    )
}

fn step(proposal: &Proposal, number: usize, cut_over: &CutOver, caller: &Caller, steps: &NextSteps) -> String {
    let mut out = format!("\n## {number}. {}\n\n", markdown(&cut_over.virtual_node));
    for line in changes(proposal, caller) {
        out.push_str(&format!("- Changes: {line}.\n"));
    }
    for line in risks(cut_over, caller) {
        out.push_str(&format!("- Risk: {line}.\n"));
    }
    if caller.backends.is_empty() && caller.ignored_ports.is_empty() {
        out.push_str(
            "- Do: decide what PROPOSAL.md asks of this caller, and propose again. Nothing is attached until then.\n",
        );
        return out;
    }
    if !caller.ignored_ports.is_empty() {
        out.push_str(&format!(
            "- Do, first: apply the files in {} and set the ports that the proxy ignores:\n",
            markdown(&proposal.companion)
        ));
        for setting in settings(caller) {
            out.push_str(&format!("  - {}\n", markdown(&setting)));
        }
    }
    if !caller.backends.is_empty() {
        out.push_str(&format!("- Do: {}\n", named(steps.attach, proposal, caller)));
    }
    out.push_str(&format!(
        "- Check: {}\n- Check: the proxies, as above; then discover the logs of the time since, and look for what is gone: \
         `egressmap show MAP`.\n- Roll back: {}\n",
        named(steps.check_attached, proposal, caller),
        named(steps.detach, proposal, caller)
    ));
    if !caller.ignored_ports.is_empty() {
        out.push_str("- Roll back: take the ignored ports out of the setting, and restart the proxy.\n");
    }
    out
}

fn changes(proposal: &Proposal, caller: &Caller) -> Vec<String> {
    let mut lines = Vec::new();
    for node in proposal.attached_to(caller) {
        let ports: Vec<String> = dialled(node).collect();
        lines.push(format!(
            "gets the backend {} ({})",
            markdown(node.host.as_str()),
            ports.join(", ")
        ));
    }
    for ((host, port), dialled) in &caller.redials {
        let host = markdown(host.as_str());
        lines.push(format!(
            "must dial {host}:{dialled} instead of {host}:{port}, from this moment"
        ));
    }
    if !caller.ignored_ports.is_empty() {
        let ports: Vec<String> = caller.ignored_ports.iter().map(u16::to_string).collect();
        lines.push(format!("its proxy ignores the ports {}", ports.join(", ")));
    }
    if lines.is_empty() {
        lines.push("nothing yet".to_owned());
    }
    lines
}

fn risks(cut_over: &CutOver, caller: &Caller) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    if !caller.waiting.is_empty() {
        let hosts: Vec<String> = caller.waiting.iter().map(|host| markdown(host.as_str())).collect();
        lines.push(format!("waits for a decision: {}", hosts.join(", ")));
    }
    let at_once: Vec<&Loss> = cut_over.losses.iter().filter(|loss| loss.fate.is_at_once()).collect();
    lines.extend(at_once.iter().take(SPELT_OUT).map(|loss| shown(loss)));
    if at_once.len() > SPELT_OUT {
        lines.push(format!("and {} more", at_once.len() - SPELT_OUT));
    }
    if lines.is_empty() {
        lines.push("nothing that the map saw is lost at this step".to_owned());
    }
    let days = match cut_over.days {
        1 => "1 day".to_owned(),
        many => format!("{many} days"),
    };
    lines.push(format!(
        "the evidence covers {days}: what the caller does more rarely is not in it"
    ));
    lines
}

/// A loss in words.
fn shown(loss: &Loss) -> String {
    let fate = match &loss.fate {
        Fate::Kept => "goes on".to_owned(),
        Fate::Denied => "ends, as the ledger says".to_owned(),
        Fate::DialsAnotherPort(port) => format!("fails until the client dials port {port}"),
        Fate::DependsOnServerName => "is dropped unless its SNI is below amazonaws.com".to_owned(),
        Fate::DroppedByTheMesh => "is dropped".to_owned(),
        Fate::DroppedByTheCompanion => "is dropped where the port is enforced: the ledger does not allow it".to_owned(),
        Fate::Refused => "is refused: its port has HTTP backends, and it is none of them".to_owned(),
        Fate::Misrouted(host) => format!("is sent to {} instead", markdown(host.as_str())),
    };
    let records = if loss.records == 1 { "record" } else { "records" };
    format!(
        "{}:{} {fate} ({} {records}, {} bytes)",
        markdown(&loss.destination),
        loss.port,
        loss.records,
        loss.bytes
    )
}

fn flip(proposal: &Proposal, number: usize, steps: &NextSteps) -> String {
    let mut out = format!(
        "\n## {number}. Flip the mesh to DROP_ALL\n\n\
         - Changes: every caller at once loses whatever has no backend. The filter is one for the whole mesh. Go here only \
         when every caller has all its backends, those of our own services included, and nothing waits for a decision.\n"
    );
    let mut losses: Vec<String> = Vec::new();
    for cut_over in &proposal.cut_over {
        let caller = markdown(&cut_over.virtual_node);
        let dropped = |loss: &&Loss| loss.fate.is_at_risk() && !loss.fate.is_at_once();
        losses.extend(
            cut_over
                .losses
                .iter()
                .filter(dropped)
                .map(|loss| format!("{caller}: {}", shown(loss))),
        );
    }
    for line in losses.iter().take(SPELT_OUT) {
        out.push_str(&format!("- Risk: {line}.\n"));
    }
    match losses.len() {
        0 => out.push_str("- Risk: nothing that the map saw is dropped only now.\n"),
        many if many > SPELT_OUT => out.push_str(&format!("- Risk: and {} more.\n", many - SPELT_OUT)),
        _ => {}
    }
    out.push_str(&format!(
        "- Do: {}\n- Check: the proxies of all callers, as above.\n- Roll back: {}\n",
        steps.flip, steps.unflip
    ));
    out
}

/// A target's words with the names of the mesh and of the caller in them, where a command line can hold those as they are.
fn named(words: &str, proposal: &Proposal, caller: &Caller) -> String {
    let plain = |text: &str| {
        !text.is_empty()
            && !text.starts_with('-')
            && text.len() <= 255
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    let mut words = words.to_owned();
    for (place, name) in [("{caller}", &caller.virtual_node), ("{mesh}", &proposal.mesh)] {
        let stand_in = place.trim_matches(['{', '}']).to_uppercase();
        words = words.replace(place, if plain(name) { name } else { &stand_in });
    }
    inert(&words)
}
