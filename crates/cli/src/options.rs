//! The flags about log formats, as the parser takes them.

use anyhow::{Context, Result, anyhow};
use egressmap_parser::Options;

use crate::args::Logs;

/// What the flags say, checked.
pub(crate) fn options(logs: &Logs) -> Result<Options> {
    let mut options = Options {
        flow_format: logs.flow_format.clone(),
        envoy_format: logs.envoy_format.clone(),
        kind: logs.kind.clone(),
        ..Options::default()
    };
    for pair in &logs.envoy_json {
        let (key, operator) = pair
            .split_once('=')
            .with_context(|| format!("--envoy-json: expected KEY=%OPERATOR%, found {pair:?}"))?;
        options.envoy_json.insert(key.to_owned(), operator.to_owned());
    }
    options
        .check()
        .map_err(|error| anyhow!("--{}: {}", error.option.replace('_', "-"), error.why))?;
    Ok(options)
}
