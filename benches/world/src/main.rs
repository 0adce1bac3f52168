//! Makes worlds on disk: the example's shop, a city with every hard case, or flow logs in bulk.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand, ValueEnum};
use egressmap_world::{Bulk, Container, FlowVersion, Inbound, Layout, Scenario, World};

/// Makes seeded worlds of services and traffic: their logs, their inventory, and the truth about them.
#[derive(Parser)]
#[command(name = "egressmap-world", version)]
struct Arguments {
    #[command(subcommand)]
    make: Make,
}

#[derive(Subcommand)]
enum Make {
    /// The small shop of examples/shop.
    Shop {
        /// The folder to write to.
        #[arg(long)]
        out: PathBuf,
        /// Where chance begins.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// A city with every hard case.
    City {
        /// The folder to write to.
        #[arg(long)]
        out: PathBuf,
        /// Records at least, flow and access together.
        #[arg(long, default_value_t = 200_000)]
        records: u64,
        /// The version of the flow logs' format.
        #[arg(long, default_value = "5", value_parser = ["2", "5"])]
        flow_version: String,
        /// Whether flow log objects are compressed.
        #[arg(long, value_enum, default_value_t = ContainerName::Gzip)]
        container: ContainerName,
        /// Where chance begins.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Version-2 flow logs in bulk.
    Bulk {
        /// The folder to write to.
        #[arg(long)]
        out: PathBuf,
        /// Bytes before compression: a number with kB, MB, GB or nothing behind it.
        #[arg(long, default_value = "1GB", value_parser = bytes)]
        bytes: u64,
        /// Distinct (service, destination, port).
        #[arg(long, default_value_t = 50_000)]
        edges: u64,
        /// Objects to spread the bytes over.
        #[arg(long, default_value_t = 40)]
        objects: u64,
        /// Whether they are compressed.
        #[arg(long, value_enum, default_value_t = ContainerName::Gzip)]
        container: ContainerName,
        /// Where chance begins.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Version-2 flow logs of a crowd on the internet that calls one balancer, to standard output.
    Inbound {
        /// Records in all.
        #[arg(long, default_value_t = 50_000_000)]
        records: u64,
        /// Distinct clients.
        #[arg(long, default_value_t = 5_000_000)]
        clients: u64,
        /// Let them call over IPv6.
        #[arg(long)]
        ipv6: bool,
        /// Let those that call over IPv6 be in the balancer's own network, where every client counts until all is read.
        #[arg(long)]
        beside: bool,
        /// Where chance begins.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum ContainerName {
    Gzip,
    Plain,
}

impl From<ContainerName> for Container {
    fn from(name: ContainerName) -> Self {
        match name {
            ContainerName::Gzip => Container::Gzip,
            ContainerName::Plain => Container::Plain,
        }
    }
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().make {
        Make::Shop { out, seed } => world(Scenario::shop(), seed, &out, Container::Gzip),
        Make::City {
            out,
            records,
            flow_version,
            container,
            seed,
        } => {
            let version = if flow_version == "2" {
                FlowVersion::V2
            } else {
                FlowVersion::V5
            };
            world(Scenario::city(records, version), seed, &out, container.into())
        }
        Make::Inbound {
            records,
            clients,
            ipv6,
            beside,
            seed,
        } => {
            let inbound = Inbound {
                records,
                clients,
                ipv6,
                beside,
                seed,
            };
            inbound
                .write(&mut io::stdout().lock())
                .context("cannot write to standard output")
        }
        Make::Bulk {
            out,
            bytes,
            edges,
            objects,
            container,
            seed,
        } => {
            let bulk = Bulk {
                bytes,
                edges,
                objects,
                container: container.into(),
                seed,
            };
            let truth = bulk.write(&out).context("cannot write the logs")?;
            say(&format!(
                "{} records, {} dependencies, {} bytes of text",
                truth.records, truth.dependencies, truth.bytes
            ))
        }
    }
}

fn world(scenario: Scenario, seed: u64, out: &Path, container: Container) -> anyhow::Result<()> {
    let world = World::new(scenario, seed)?;
    world.write(out, Layout { container })?;
    let truth = world.truth();
    let (input, dependencies) = (&truth.input, truth.dependencies.len());
    let used = input.used.flow + input.used.access;
    say(&format!(
        "{} objects, {} lines, {used} records, {dependencies} dependencies",
        input.objects, input.lines
    ))
}

fn say(text: &str) -> anyhow::Result<()> {
    writeln!(io::stderr(), "{text}").context("cannot write to standard error")
}

/// Reads `1GB`, `50 MB`, `4096`.
fn bytes(text: &str) -> anyhow::Result<u64> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let factor = match text.strip_prefix(digits) {
        Some("") => 1,
        Some("kB" | "KB") => 1_000,
        Some("MB") => 1_000_000,
        Some("GB") => 1_000_000_000,
        _ => bail!("expected kB, MB or GB behind the number"),
    };
    let number: u64 = digits.trim().parse().context("expected a whole number of bytes")?;
    number.checked_mul(factor).context("that is more than there are")
}
