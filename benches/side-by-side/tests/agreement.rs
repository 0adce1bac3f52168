//! On 200,000 records every engine gives the answer that egressmap gives.

use std::path::{Path, PathBuf};
use std::process::Command;

/// `PEERS` names a Python that has the engines; without it, `python3` may have them.
fn peers() -> Option<PathBuf> {
    let named = std::env::var_os("PEERS");
    let python = PathBuf::from(named.clone().unwrap_or_else(|| "python3".into()));
    let imported = Command::new(&python)
        .args(["-c", "import chdb, datafusion, duckdb, polars, pyarrow"])
        .output();
    let usable = imported.is_ok_and(|imported| imported.status.success());
    assert!(usable || named.is_none(), "PEERS has not what requirements.txt lists");
    usable.then_some(python)
}

/// A program of another package of the workspace, which a test of the whole workspace has built.
fn built(name: &str) -> Option<PathBuf> {
    let here = std::env::current_exe().ok()?;
    let program = here.parent()?.parent()?.join(name);
    program.is_file().then_some(program)
}

#[test]
fn every_engine_agrees_on_every_edge_and_number() {
    let Some(peers) = peers() else {
        assert!(std::env::var_os("CI").is_none(), "the peers are not installed");
        println!("SKIPPED: python3 lacks the packages of benches/side-by-side/requirements.txt, and PEERS is unset");
        return;
    };
    let (Some(egressmap), Some(world)) = (built("egressmap"), built("egressmap-world")) else {
        assert!(
            std::env::var_os("CI").is_none(),
            "egressmap and egressmap-world are not built"
        );
        println!("SKIPPED: egressmap and egressmap-world are not built: test the whole workspace");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let run = Path::new(env!("CARGO_MANIFEST_DIR")).join("run");
    let ran = Command::new(run)
        .env("PEERS", peers)
        .args(["--rounds", "0", "--egressmap"])
        .arg(egressmap)
        .arg("--world")
        .arg(world)
        .arg("--work")
        .arg(dir.path())
        .args(["--containers", "text", "gzip"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    assert_eq!(
        said.matches("the same from egressmap, duckdb, polars, datafusion, clickhouse")
            .count(),
        2,
        "{said}"
    );
}
