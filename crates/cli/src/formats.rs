//! `egressmap formats`: what is read, from the registries.

use std::fmt::Write as _;

use anyhow::Result;
use egressmap_aggregator::show::{cut, wrapped};
use egressmap_parser::{decode, format, unwrap};
use serde::Serialize;

use crate::args::{FormatsArgs, Output};
use crate::{Ending, json, say};

#[derive(Serialize)]
struct Listed {
    schema: &'static str,
    formats: Vec<Member>,
    deliveries: Vec<Member>,
    containers: Vec<Member>,
}

#[derive(Serialize)]
struct Member {
    name: &'static str,
    help: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    example: Option<&'static str>,
}

/// Prints every member of each family with its help and an example.
pub(crate) fn command(args: &FormatsArgs) -> Result<Ending> {
    let listed = listed();
    say::data(&match args.output {
        Output::Table => table(&listed, say::width()),
        Output::Json => json::line(&listed) + "\n",
    })?;
    Ok(Ending::Done)
}

fn listed() -> Listed {
    let formats = format::REGISTRY.iter().map(|kind| Member {
        name: kind.name,
        help: kind.help,
        example: Some(kind.example).filter(|example| !example.is_empty()),
    });
    let deliveries = unwrap::REGISTRY.iter().map(|delivery| Member {
        name: delivery.name,
        help: delivery.help,
        example: Some(delivery.example),
    });
    let containers = decode::REGISTRY.iter().map(|coding| Member {
        name: coding.name,
        help: coding.help,
        example: None,
    });
    Listed {
        schema: "egressmap/formats/v1",
        formats: formats.collect(),
        deliveries: deliveries.collect(),
        containers: containers.collect(),
    }
}

fn table(listed: &Listed, width: usize) -> String {
    let families = [
        ("Kinds of log, told from content or by --kind", &listed.formats),
        ("Delivered by, told from content and taken off", &listed.deliveries),
        ("Packed as", &listed.containers),
    ];
    let mut text = String::new();
    for (title, members) in families {
        let space = if text.is_empty() { "" } else { "\n" };
        let _ = writeln!(text, "{space}{}", cut(title, width));
        let names = members.iter().map(|member| member.name.len()).max().unwrap_or(0);
        for member in members {
            let mut label = format!("  {:names$}  ", member.name);
            if 2 * label.len() > width {
                let _ = writeln!(text, "{label}");
                label = " ".repeat(4);
            }
            text += &wrapped(&label, member.help, width);
            if let Some(example) = member.example {
                let indent = label.len();
                let _ = writeln!(text, "{:indent$}{}", "", cut(example, width.saturating_sub(indent)));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_every_member_and_fits_the_terminal() {
        for width in [40, 80, 140] {
            let text = table(&listed(), width);
            for name in format::REGISTRY.iter().map(|kind| kind.name) {
                assert!(text.contains(&format!("\n  {name} ")), "{name}:\n{text}");
            }
            for name in decode::REGISTRY.iter().map(|coding| coding.name) {
                assert!(text.contains(&format!("\n  {name} ")), "{name}:\n{text}");
            }
            for line in text.lines() {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
        }
    }
}
