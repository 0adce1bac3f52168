//! How often the map is right about who opened a connection, case by case, and that the page that says so is right.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use egressmap_world::{Roles, roles, roles_inventory};

use crate::{egressmap, expect, shown, workspace_root};

/// Where chance begins. In versions of before, the worlds of all but the first had clients that were turned into egress.
const SEEDS: [u64; 4] = [11, 103, 106, 114];

/// What a map says of a case.
#[derive(Clone, Copy, Default)]
struct Measured {
    /// Dependencies that there are.
    there: usize,
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
            there: case.dependencies.len(),
            right: case.dependencies.len() - missing,
            wrong: missing + invented.len(),
            turned: invented.iter().filter(is_client).count(),
        }
    }

    fn and(self, other: Self) -> Self {
        Measured {
            there: self.there + other.there,
            right: self.right + other.right,
            wrong: self.wrong + other.wrong,
            turned: self.turned + other.turned,
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
    let mut row = |name: &str, [flags, version_2]: [Measured; 2]| {
        let (there, turned) = (flags.there, flags.turned + version_2.turned);
        let (flags, version_2) = (flags.percent(), version_2.percent());
        writeln!(table, "| {name} | {there} | {flags} | {version_2} | {turned} |").unwrap();
    };
    let mut all = [Measured::default(); 2];
    let mut worlds = SEEDS.map(|seed| roles(seed).into_iter());
    for _ in 0..roles(0).len() {
        let cases = worlds.each_mut().map(|world| world.next().unwrap());
        let mut of_case = [Measured::default(); 2];
        for case in &cases {
            for (sum, log) in of_case.iter_mut().zip([&case.with_flags, &case.version_2]) {
                *sum = sum.and(Measured::of(case, log, folder.path()));
            }
        }
        row(cases[0].name, of_case);
        all = [all[0].and(of_case[0]), all[1].and(of_case[1])];
    }
    row("all", all);
    let [flags, version_2] = all;
    assert_eq!(flags.wrong, 0, "with flags nothing is wrong\n{table}");
    assert!(
        version_2.wrong * 200 <= version_2.right + version_2.wrong,
        "99.5 %\n{table}"
    );
    assert_eq!(
        flags.turned + version_2.turned,
        0,
        "no client is a destination\n{table}"
    );
    let page = std::fs::read_to_string(workspace_root().join("docs/SEMANTICS.md")).unwrap();
    assert!(
        page.contains(&table),
        "docs/SEMANTICS.md has another table than this:\n{table}"
    );
}
