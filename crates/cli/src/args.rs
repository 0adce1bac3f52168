//! The command line as typed: every flag, its help, and nothing decided.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::LazyLock;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use egressmap_aggregator::coverage;
use egressmap_aggregator::map::{Class, Grade};
use egressmap_aggregator::name::AwsRanges;
use egressmap_generator::replay::SEMANTICS;
use egressmap_generator::target;
use egressmap_parser::{format, source};

/// From the logs a platform already keeps: what every service reaches, what to allow, and what would break.
#[derive(Debug, Parser)]
#[command(name = "egressmap", version, long_version = long_version(), max_term_width = 100, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

const AFTER_HELP: &str = "\
SOURCE is a file, a folder, a glob, - for standard input, s3://bucket/prefix or cloudwatch://log-group.
The kind of log is told from its content.
Exit codes: 0 done, nothing found; 1 could not do it; 2 findings, or differences; 3 evidence insufficient.";

/// The version, and the day of what is bundled and grows old.
fn long_version() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let (version, day) = (env!("CARGO_PKG_VERSION"), AwsRanges::bundled_day());
        format!("{version}\nAWS ranges of {day}")
    });
    &TEXT
}

impl Cli {
    /// Reads the command line, or prints help or what is wrong with it, and ends.
    pub(crate) fn read() -> Cli {
        let sources = source::REGISTRY.iter().map(|kind| (kind.example, kind.help));
        let formats = format::REGISTRY.iter().map(|kind| (kind.name, kind.help));
        let targets = target::REGISTRY.iter().map(|target| (target.name(), target.help()));
        let reading = format!("Sources:\n{}\nKinds of log:\n{}", listed(sources), listed(formats));
        let command = ["discover", "parse", "sniff"]
            .into_iter()
            .fold(Cli::command(), |command, reader| {
                command.mut_subcommand(reader, |command| command.after_help(&reading))
            })
            .mut_subcommand("propose", |command| {
                command.after_help(format!("Targets:\n{}", listed(targets)))
            });
        let command = ["replay", "check"].into_iter().fold(command, |command, replaying| {
            command.mut_subcommand(replaying, |command| {
                command.after_help(format!("Targets, and what each goes by:\n{}", listed(replayed())))
            })
        });
        Cli::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
    }
}

/// The targets whose semantics are known.
fn replayed() -> impl Iterator<Item = (&'static str, &'static str)> {
    SEMANTICS.iter().map(|semantics| (semantics.name, semantics.by))
}

/// A line for each member of a family, as help texts list them.
fn listed<'a>(members: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    members.map(|(name, help)| format!("  {name:<24} {help}\n")).collect()
}

#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Say nothing on stderr but errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Threads that parse and aggregate [default: one a core]
    #[arg(long, global = true, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Do everything a config asks for: logs to map, ledger and definitions
    Run(RunArgs),
    /// Read logs and write the map of what every service reaches
    Discover(DiscoverArgs),
    /// Print every line of logs as JSON: what was read, what was set aside and why
    Parse(ParseArgs),
    /// Say what a file is: its packing, its kind, its fields, its first records, and what of it cannot be read
    Sniff(SniffArgs),
    /// List what is read: kinds of log and packings
    Formats(FormatsArgs),
    /// Print a map
    Show(ShowArgs),
    /// Tell one dependency's whole story: evidence, suspicion, what the ledger says
    Why(WhyArgs),
    /// Say whether the window of a map is long enough to decide on, service by service
    Coverage(CoverageArgs),
    /// Compare two maps: what came, went and changed
    Diff(DiffArgs),
    /// Merge a map into the ledger and render what the ledger allows
    Propose(ProposeArgs),
    /// Say what default-deny egress would do to what was observed
    Replay(ReplayArgs),
    /// Say whether a service may reach a destination, by which rule and on what evidence
    Check(CheckArgs),
    /// Merge maps of separate shards or periods
    Merge(MergeArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The config; paths in it are relative to its own folder
    #[arg(long, short, value_name = "FILE", default_value = "egressmap.toml")]
    pub(crate) config: PathBuf,
    /// Write outputs here instead of where the config says
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct DiscoverArgs {
    /// Where the logs are
    #[arg(required = true, value_name = "SOURCE")]
    pub(crate) sources: Vec<String>,
    /// The map to write; one that exists gets what is new added to it
    #[arg(long, value_name = "MAP")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// What the logs themselves do not tell of their reading.
#[derive(Debug, Args, Clone, Default)]
pub(crate) struct Logs {
    /// The kind of log, instead of telling it from content
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<String>,
    /// Fields of flow logs that have no header: '${version} ${srcaddr} …'; once for each number of fields, where logs share a stream
    #[arg(long, value_name = "FORMAT")]
    pub(crate) flow_format: Vec<String>,
    /// Format of text access logs, as Envoy's configuration has it: '[%START_TIME%] "%REQ(:METHOD)% …'
    #[arg(long, value_name = "FORMAT")]
    pub(crate) envoy_format: Option<String>,
    /// What a key of a JSON access log holds: KEY=%OPERATOR% (a dot for nested keys)
    #[arg(long, value_name = "KEY=OPERATOR")]
    pub(crate) envoy_json: Vec<String>,
    /// Pay for the requests to buckets whose owner does not (S3 Requester Pays)
    #[arg(long)]
    pub(crate) requester_pays: bool,
}

/// How logs are read and named: what `discover` takes as flags and `run` from its config.
#[derive(Debug, Args, Clone, Default)]
pub(crate) struct Reading {
    /// Which service owns an address: CSV with a `service` column and one or more of address, eni, instance, account, origin; or JSON
    /// as printed by aws ec2 describe-network-interfaces, aws ecs describe-tasks, kubectl get pods,replicasets,jobs -A -o json,
    /// aws servicediscovery discover-instances
    #[arg(long, value_name = "FILE")]
    pub(crate) inventory: Vec<PathBuf>,
    /// Names of addresses: the published ip-ranges.json of AWS, in place of the ranges that come with egressmap (--version
    /// tells their day)
    #[arg(long, value_name = "FILE")]
    pub(crate) names: Vec<PathBuf>,
    /// Ask this DNS server for the names of addresses without one (nothing is asked unless given)
    #[arg(long, value_name = "IP:PORT")]
    pub(crate) resolver: Option<SocketAddr>,
    /// Give up on a silent resolver after this long
    #[arg(long, value_name = "DURATION", default_value = "30s", requires = "resolver")]
    pub(crate) resolver_timeout: Option<String>,
    /// Keep what the resolver said here, and ask only for what is not in it
    #[arg(long, value_name = "FILE")]
    pub(crate) ptr_cache: Option<PathBuf>,
    /// Use records that start at or after: RFC 3339, a date, or so long before the newest record (7d, 12h; reads all logs twice)
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Use records that start before: RFC 3339, a date, or so long before the newest record
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Write every line that is set aside here, as JSON lines: object, line, reason, message
    #[arg(long, value_name = "FILE")]
    pub(crate) set_aside: Option<PathBuf>,
    /// Keep the flows that are counted within so much memory, such as 2GiB; what is more goes to nameless files beside the map
    /// and is merged at the end, with the same result. The dependencies themselves, while they are named and written, are not
    /// bounded by it: about 800 bytes each [default: all of it stays in memory]
    #[arg(long, value_name = "SIZE")]
    pub(crate) memory_budget: Option<String>,
    #[command(flatten)]
    pub(crate) logs: Logs,
}

#[derive(Debug, Args)]
pub(crate) struct ParseArgs {
    /// Where the logs are
    #[arg(required = true, value_name = "SOURCE")]
    pub(crate) sources: Vec<String>,
    #[command(flatten)]
    pub(crate) logs: Logs,
}

#[derive(Debug, Args)]
pub(crate) struct SniffArgs {
    /// Where the logs are
    #[arg(required = true, value_name = "SOURCE")]
    pub(crate) sources: Vec<String>,
    /// How to print it
    #[arg(long, short, value_enum, default_value = "table")]
    pub(crate) output: Output,
    /// How many records to show in full
    #[arg(long, value_name = "N", default_value = "3")]
    pub(crate) records: usize,
    /// Read all of it, not only the first MB as stored
    #[arg(long)]
    pub(crate) whole: bool,
    #[command(flatten)]
    pub(crate) logs: Logs,
}

#[derive(Debug, Args)]
pub(crate) struct FormatsArgs {
    /// How to print it
    #[arg(long, short, value_enum, default_value = "table")]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The map
    #[arg(value_name = "MAP")]
    pub(crate) map: PathBuf,
    /// How to print it
    #[arg(long, short, value_enum, default_value = "table")]
    pub(crate) output: Picture,
    /// Only this service
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Option<String>,
    /// Only far ends of this class: external, aws, internal, private, infrastructure; may be given more than once
    #[arg(long, value_name = "CLASS")]
    pub(crate) class: Vec<Class>,
    /// Only names known this way: authority, sni, dns, dns-vpc, aws, fcrdns, ptr, address; may be given more than once
    #[arg(long, value_name = "GRADE")]
    pub(crate) grade: Vec<Grade>,
    /// Only what was seen at or after: RFC 3339, a date, or so long before the end of the map (7d, 12h)
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only what was seen on at least so many days
    #[arg(long, value_name = "N", default_value = "0", hide_default_value = true)]
    pub(crate) min_days: usize,
    /// What comes first
    #[arg(long, value_enum, default_value = "service")]
    pub(crate) sort: Sort,
}

/// How a map is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Picture {
    /// For reading
    Table,
    /// For programs
    Json,
    /// For spreadsheets
    Csv,
    /// For Graphviz
    Dot,
    /// For Mermaid, in Markdown
    Mermaid,
}

/// What a map is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sort {
    /// Service, then destination
    Service,
    /// Destination, whoever reaches it
    Destination,
    /// Most records first
    Records,
    /// Most bytes first, both ways
    Bytes,
    /// Most days first
    Days,
    /// Newest first
    FirstSeen,
    /// Seen last first
    LastSeen,
}

#[derive(Debug, Args)]
pub(crate) struct CoverageArgs {
    /// The map
    #[arg(value_name = "MAP")]
    pub(crate) map: PathBuf,
    /// How to print it
    #[arg(long, short, value_enum, default_value = "table")]
    pub(crate) output: Output,
    /// Only this service
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Option<String>,
    /// Exit with 3 unless the window suffices for every service shown
    #[arg(long)]
    pub(crate) require_sufficient: bool,
    /// A job that runs by the calendar, of all services or of one: NAME=WHEN or NAME@SERVICE=WHEN, where WHEN is a
    /// crontab's line ('0 3 1 * *', in UTC), a period (90d, 2w), or daily, weekly, monthly, quarterly or yearly
    #[arg(long, value_name = "NAME=WHEN")]
    pub(crate) job: Vec<String>,
    /// A file with such jobs, one a line
    #[arg(long, value_name = "FILE")]
    pub(crate) declared: Option<PathBuf>,
    /// What of the calendar the window has to include
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["weekdays", "month-end", "quarter-end"])]
    pub(crate) calendar: Vec<CalendarClass>,
    /// Ask for nothing of the calendar but declared jobs
    #[arg(long, conflicts_with = "calendar")]
    pub(crate) no_calendar: bool,
    /// The share of dependency-days that has to be covered
    #[arg(long, value_name = "PERCENT", default_value = "99")]
    pub(crate) target: f64,
    /// How many new dependencies in the next 30 days are agreed to, a service [default: any]
    #[arg(long, value_name = "N")]
    pub(crate) budget: Option<u64>,
}

/// What of the calendar there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CalendarClass {
    /// Each day of the week
    Weekdays,
    /// The last day of a month and the first of the next, twice
    MonthEnd,
    /// The same at the end of a quarter, once
    QuarterEnd,
}

impl From<CalendarClass> for coverage::Class {
    fn from(class: CalendarClass) -> Self {
        match class {
            CalendarClass::Weekdays => coverage::Class::Weekdays,
            CalendarClass::MonthEnd => coverage::Class::MonthEnd,
            CalendarClass::QuarterEnd => coverage::Class::QuarterEnd,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The earlier map
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,
    /// The later map
    #[arg(value_name = "NEW")]
    pub(crate) new: PathBuf,
    /// How to print it
    #[arg(long, short, value_enum, default_value = "table")]
    pub(crate) output: Output,
    /// Only this service
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Option<String>,
    /// By what factor the bytes a day have to differ to be a change
    #[arg(long, value_name = "N", default_value = "10")]
    pub(crate) factor: f64,
}

#[derive(Debug, Args)]
pub(crate) struct WhyArgs {
    /// The map
    #[arg(value_name = "MAP")]
    pub(crate) map: PathBuf,
    /// Who reaches it
    #[arg(value_name = "SERVICE")]
    pub(crate) service: String,
    /// What is reached: a name, an address or a label, with :PORT or :PORT/udp where there are several
    #[arg(value_name = "DESTINATION[:PORT]")]
    pub(crate) destination: String,
    /// The reviewed dependencies, to be asked whether it is allowed
    #[arg(long, value_name = "FILE")]
    pub(crate) ledger: Option<PathBuf>,
    /// How to print it
    #[arg(long, short, value_enum, default_value = "table")]
    pub(crate) output: Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For reading
    Table,
    /// For programs
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct ProposeArgs {
    /// The map
    #[arg(value_name = "MAP")]
    pub(crate) map: PathBuf,
    /// Where the proposal is enforced; may be given more than once
    #[arg(long, required = true, value_name = "TARGET")]
    pub(crate) target: Vec<String>,
    /// The reviewed dependencies, kept in Git; made or added to
    #[arg(long, value_name = "FILE")]
    pub(crate) ledger: Option<PathBuf>,
    /// Allow what was observed with sufficient evidence, instead of leaving it for review
    #[arg(long)]
    pub(crate) accept_observed: bool,
    /// Which team answers for a service: lines of a pattern over its name and a team, the last that matches wins
    #[arg(long, value_name = "FILE")]
    pub(crate) owners: Option<PathBuf>,
    /// What the mesh holds already: JSON of `aws appmesh describe-…` and `list-…`, of `kubectl get … -o json`, of
    /// `terraform show -json`; may be given more than once
    #[arg(long, value_name = "FILE")]
    pub(crate) current: Vec<PathBuf>,
    /// Where a caller needs more on one port than App Mesh can tell apart: ask, router-ports (a virtual router and another
    /// port to dial for each host that gives way) or ignore-port (the proxy ignores the port, and another target enforces it)
    #[arg(long, value_name = "CHOICE", default_value = "ask")]
    pub(crate) on_conflict: String,
    /// The target that enforces ignored ports [default: network-firewall]
    #[arg(long, value_name = "TARGET")]
    pub(crate) companion: Option<String>,
    /// What appmesh-terraform writes: resources (a module), or tfvars (values for a `for_each` of your own)
    #[arg(long, value_enum, value_name = "STYLE", default_value = "resources")]
    pub(crate) terraform_style: TerraformStyle,
    /// Give callers in Kubernetes one BackendGroup each (the controller needs enableBackendGroups=true)
    #[arg(long)]
    pub(crate) kubernetes_backend_groups: bool,
    /// The App Mesh mesh
    #[arg(long, value_name = "NAME", default_value = "mesh")]
    pub(crate) mesh: String,
    /// The Kubernetes namespace of the external nodes and services [default: egress]
    #[arg(long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// The folder to write DIR/TARGET/… to
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TerraformStyle {
    /// A module
    #[default]
    Resources,
    /// Values
    Tfvars,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// A map, or where the logs are
    #[arg(required = true, value_name = "MAP|SOURCE")]
    pub(crate) sources: Vec<String>,
    /// Where the proposal is enforced
    #[arg(long, value_name = "TARGET")]
    pub(crate) target: String,
    /// The reviewed dependencies; only its allow entries pass
    #[arg(long, value_name = "FILE")]
    pub(crate) ledger: PathBuf,
    /// What was proposed where App Mesh cannot share a port: ask (what conflicts is not attached), or ignore-port (its companion
    /// enforces the port, and stands behind the proxies on all others)
    #[arg(long, value_name = "CHOICE", default_value = "ask")]
    pub(crate) on_conflict: String,
    /// The target that enforces ignored ports [default: network-firewall]
    #[arg(long, value_name = "TARGET")]
    pub(crate) companion: Option<String>,
    /// How to print it
    #[arg(long, short, value_enum, default_value = "table")]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The map
    #[arg(value_name = "MAP")]
    pub(crate) map: PathBuf,
    /// The service that opens the connection
    #[arg(value_name = "SERVICE")]
    pub(crate) service: String,
    /// Where to: a name, an address, or as the map shows it; without a port, every port that the map or the ledger knows
    #[arg(value_name = "DESTINATION[:PORT]")]
    pub(crate) destination: String,
    /// The reviewed dependencies
    #[arg(long, value_name = "FILE")]
    pub(crate) ledger: PathBuf,
    /// Judge as this target would; may be given more than once [default: what the ledger says]
    #[arg(long, value_name = "TARGET")]
    pub(crate) target: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// The maps
    #[arg(required = true, value_name = "MAP")]
    pub(crate) maps: Vec<PathBuf>,
    /// The map to write
    #[arg(long, value_name = "MAP")]
    pub(crate) out: PathBuf,
}
