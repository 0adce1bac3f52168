//! How often the map is right about who opened a connection, case by case, and that the page that says so is right.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use egressmap_world::{Roles, roles, roles_inventory};

use crate::{egressmap, expect, shown, workspace_root};

/// What a map says of a case.
struct Measured {
    right: usize,
    wrong: usize,
    /// Clients on the internet that became destinations.
    turned: usize,
}

impl Measured {
    fn of(case: &Roles, log: &str, folder: &Path) -> Self {
        let (file, map) = (folder.join("flow.log"), folder.join("map.parquet"));
        std::fs::write(&file, log).unwrap();
        let _ = std::fs::remove_file(&map);
        let mut command = egressmap();
        command.args(["discover", "--quiet"]).arg(&file).arg("--out").arg(&map);
        expect(0, command.arg("--inventory").arg(folder.join("inventory.json")));
        let shown = shown(&map);
        let found = shown["dependencies"].as_array().unwrap().iter();
        let found: BTreeSet<String> = found
            .map(|one| {
                let text = |key: &str| one[key].as_str().unwrap();
                format!(
                    "{} -> {}:{}/{}",
                    text("service"),
                    text("destination"),
                    one["port"],
                    text("protocol")
                )
            })
            .collect();
        let invented: Vec<&String> = found.difference(&case.dependencies).collect();
        let missing = case.dependencies.difference(&found).count();
        let is_client = |line: &&&String| {
            let (_, destination) = line.split_once(" -> ").unwrap();
            case.clients.contains(destination.rsplit_once(':').unwrap().0)
        };
        Measured {
            right: case.dependencies.len() - missing,
            wrong: missing + invented.len(),
            turned: invented.iter().filter(is_client).count(),
        }
    }

    /// In percent of what is there and what is only said to be, rounded down to a tenth.
    fn percent(&self) -> String {
        let tenths = self.right * 1_000 / (self.right + self.wrong).max(1);
        format!("{}.{} %", tenths / 10, tenths % 10)
    }
}

#[test]
fn who_opened_is_told_as_well_as_the_page_says() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("inventory.json"), roles_inventory()).unwrap();
    let mut table = String::from(
        "| case | dependencies | with `tcp-flags` | version 2 alone | clients turned into egress |\n|---|---:|---:|---:|---:|\n",
    );
    let mut sum = [(0, 0), (0, 0)];
    let mut turned = 0;
    for case in roles(11) {
        let measured = [&case.with_flags, &case.version_2].map(|log| Measured::of(&case, log, folder.path()));
        for (sum, measured) in sum.iter_mut().zip(&measured) {
            *sum = (sum.0 + measured.right, sum.1 + measured.wrong);
        }
        let of_case: usize = measured.iter().map(|measured| measured.turned).sum();
        turned += of_case;
        let [flags, version_2] = measured.map(|measured| measured.percent());
        let dependencies = case.dependencies.len();
        let name = case.name;
        writeln!(table, "| {name} | {dependencies} | {flags} | {version_2} | {of_case} |").unwrap();
    }
    let [flags, version_2] = sum.map(|(right, wrong)| Measured {
        right,
        wrong,
        turned: 0,
    });
    writeln!(
        table,
        "| all | {} | {} | {} | {turned} |",
        flags.right,
        flags.percent(),
        version_2.percent()
    )
    .unwrap();
    assert_eq!(flags.wrong, 0, "with flags nothing is wrong\n{table}");
    assert!(
        version_2.wrong * 200 <= version_2.right + version_2.wrong,
        "99.5 %\n{table}"
    );
    assert_eq!(turned, 0, "no client is a destination\n{table}");
    let page = std::fs::read_to_string(workspace_root().join("docs/SEMANTICS.md")).unwrap();
    assert!(
        page.contains(&table),
        "docs/SEMANTICS.md has another table than this:\n{table}"
    );
}
