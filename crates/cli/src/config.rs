//! `egressmap.toml`: the quarterly run in one word.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use egressmap_parser::near::nearest;
use serde::Deserialize;

use crate::args::{Logs, Reading, TerraformStyle};

/// The config as written. It holds no secrets: credentials come from the AWS SDK's default chain.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Config {
    /// Where the logs are: files, folders, globs, `s3://bucket/prefix`.
    pub(crate) sources: Vec<String>,
    /// Inventory files.
    #[serde(default)]
    pub(crate) inventory: Vec<PathBuf>,
    /// The folder that outputs go to: `map.parquet`, and a folder a target.
    pub(crate) out: PathBuf,
    /// Where every line that is set aside is written to.
    pub(crate) set_aside: Option<PathBuf>,
    /// Whether requests to buckets whose owner does not pay are paid for.
    #[serde(default)]
    pub(crate) requester_pays: bool,
    /// How much memory counting may take, such as `2GiB`.
    pub(crate) memory_budget: Option<String>,
    #[serde(default)]
    pub(crate) naming: Naming,
    #[serde(default)]
    pub(crate) window: Window,
    #[serde(default)]
    pub(crate) formats: Formats,
    pub(crate) ledger: Ledger,
    pub(crate) propose: Propose,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Naming {
    /// `ip-ranges.json` as AWS publishes it.
    #[serde(default)]
    pub(crate) files: Vec<PathBuf>,
    /// The DNS server to ask for names of addresses; nothing is asked without it.
    pub(crate) resolver: Option<SocketAddr>,
    /// How long a silent resolver may delay the run.
    pub(crate) resolver_timeout: Option<String>,
    /// Where the resolver's answers are kept for the next run.
    pub(crate) ptr_cache: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Window {
    pub(crate) since: Option<String>,
    pub(crate) until: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Formats {
    /// Forces the kind of log.
    pub(crate) kind: Option<String>,
    /// Fields of flow logs without a header: one format, or a list of them.
    #[serde(default)]
    pub(crate) flow: OneOrSeveral,
    /// The format of text access logs.
    pub(crate) envoy: Option<String>,
    /// What the keys of JSON access logs hold.
    #[serde(default)]
    pub(crate) envoy_json: BTreeMap<String, String>,
}

/// A text, or a list of texts.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrSeveral {
    One(String),
    Several(Vec<String>),
}

impl Default for OneOrSeveral {
    fn default() -> Self {
        OneOrSeveral::Several(Vec::new())
    }
}

impl OneOrSeveral {
    fn all(&self) -> Vec<String> {
        match self {
            OneOrSeveral::One(text) => vec![text.clone()],
            OneOrSeveral::Several(texts) => texts.clone(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Ledger {
    /// The reviewed dependencies, kept in Git.
    pub(crate) file: PathBuf,
    /// Allow what was observed with sufficient evidence.
    #[serde(default)]
    pub(crate) accept_observed: bool,
    /// Which team answers for a service.
    pub(crate) owners: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Propose {
    /// The App Mesh mesh.
    pub(crate) mesh: String,
    /// The Kubernetes namespace of the external nodes and services.
    pub(crate) namespace: Option<String>,
    /// Where the proposal is enforced.
    pub(crate) targets: Vec<String>,
    /// What to do where a caller needs more on one port than App Mesh can tell apart.
    pub(crate) on_conflict: Option<String>,
    /// What the mesh holds already.
    #[serde(default)]
    pub(crate) current: Vec<PathBuf>,
    /// What `appmesh-terraform` writes.
    #[serde(default)]
    pub(crate) terraform_style: TerraformStyle,
    /// Whether callers in Kubernetes get one BackendGroup each.
    #[serde(default)]
    pub(crate) kubernetes_backend_groups: bool,
    /// The target that enforces ignored ports.
    pub(crate) companion: Option<String>,
}

/// Every key there is, by table: what a misspelt one is compared with.
const KEYS: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "sources",
            "inventory",
            "out",
            "set-aside",
            "requester-pays",
            "memory-budget",
            "naming",
            "window",
            "formats",
            "ledger",
            "propose",
        ],
    ),
    ("naming", &["files", "resolver", "resolver-timeout", "ptr-cache"]),
    ("window", &["since", "until"]),
    ("formats", &["kind", "flow", "envoy", "envoy-json"]),
    ("ledger", &["file", "accept-observed", "owners"]),
    (
        "propose",
        &[
            "mesh",
            "namespace",
            "targets",
            "on-conflict",
            "companion",
            "current",
            "terraform-style",
            "kubernetes-backend-groups",
        ],
    ),
];

impl Config {
    /// Reads a config; its paths come out relative to its own folder, sources with a scheme untouched.
    pub(crate) fn read(path: &Path) -> Result<Config> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut config = Config::parse(&text).with_context(|| path.display().to_string())?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for source in &mut config.sources {
            if source != "-" && !source.contains("://") {
                *source = folder.join(&*source).to_string_lossy().into_owned();
            }
        }
        let paths = config.inventory.iter_mut().chain(&mut config.naming.files);
        let paths = paths.chain(&mut config.naming.ptr_cache).chain(&mut config.set_aside);
        let paths = paths
            .chain(&mut config.ledger.owners)
            .chain(&mut config.propose.current);
        for path in paths.chain([&mut config.out, &mut config.ledger.file]) {
            *path = folder.join(&*path);
        }
        Ok(config)
    }

    fn parse(text: &str) -> Result<Config> {
        let table: toml::Table = text.parse()?;
        known("", &table)?;
        for (key, value) in &table {
            if let Some(inner) = value.as_table() {
                known(key, inner)?;
            }
        }
        let config: Config = toml::from_str(text)?;
        if config.sources.is_empty() {
            bail!("`sources` is empty: name a file, a folder, a glob or s3://bucket/prefix");
        }
        if config.propose.targets.is_empty() {
            bail!("`targets` in [propose] is empty: name at least one");
        }
        Ok(config)
    }

    /// What it says of reading and naming, as `discover` would take it.
    pub(crate) fn reading(&self) -> Reading {
        Reading {
            inventory: self.inventory.clone(),
            names: self.naming.files.clone(),
            resolver: self.naming.resolver,
            resolver_timeout: self.naming.resolver_timeout.clone(),
            ptr_cache: self.naming.ptr_cache.clone(),
            since: self.window.since.clone(),
            until: self.window.until.clone(),
            set_aside: self.set_aside.clone(),
            memory_budget: self.memory_budget.clone(),
            logs: self.logs(),
        }
    }

    fn logs(&self) -> Logs {
        let operators = self.formats.envoy_json.iter();
        Logs {
            kind: self.formats.kind.clone(),
            flow_format: self.formats.flow.all(),
            envoy_format: self.formats.envoy.clone(),
            envoy_json: operators.map(|(key, operator)| format!("{key}={operator}")).collect(),
            requester_pays: self.requester_pays,
        }
    }
}

/// Refuses a key that is not one, and names the one it was meant to be.
fn known(table: &str, found: &toml::Table) -> Result<()> {
    let Some((_, keys)) = KEYS.iter().find(|(name, _)| *name == table) else {
        return Ok(());
    };
    let Some(key) = found.keys().find(|key| !keys.contains(&key.as_str())) else {
        return Ok(());
    };
    let place = if table.is_empty() {
        "at the top".to_owned()
    } else {
        format!("in [{table}]")
    };
    match nearest(key, keys.iter().copied()) {
        Some(near) => bail!("unknown key `{key}` {place}: did you mean `{near}`?"),
        None => bail!("unknown key `{key}` {place}: expected one of {}", keys.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
        sources = ["logs"]
        out = "out"
        [formats.envoy-json]
        "up.host" = "%UPSTREAM_HOST%"
        [ledger]
        file = "dependencies.yaml"
        [propose]
        mesh = "shop"
        targets = ["appmesh-terraform"]
    "#;

    #[test]
    fn a_misspelt_key_names_the_near_one_and_its_table() {
        let error = Config::parse(&WHOLE.replace("targets", "target"))
            .unwrap_err()
            .to_string();
        assert_eq!(error, "unknown key `target` in [propose]: did you mean `targets`?");
        let error = Config::parse(&WHOLE.replace("sources", "source"))
            .unwrap_err()
            .to_string();
        assert_eq!(error, "unknown key `source` at the top: did you mean `sources`?");
    }

    #[test]
    fn the_list_of_known_keys_is_the_one_serde_accepts() {
        Config::parse(WHOLE).unwrap();
        for (table, keys) in KEYS {
            let header = if table.is_empty() {
                String::new()
            } else {
                format!("[{table}]\n")
            };
            for key in *keys {
                // A wrong type is told apart from an unknown key by its message.
                let error = toml::from_str::<Config>(&format!("{header}{key} = 0.5"))
                    .unwrap_err()
                    .to_string();
                assert!(!error.contains("unknown field"), "{table}.{key}: {error}");
            }
        }
    }
}
