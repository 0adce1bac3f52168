//! What the README shows: every block in it is run, and prints what it says.

use std::fs;
use std::path::Path;
use std::process::Output;

use egressmap_loopback::S3Server;

use crate::example::{copy_of_examples, run};
use crate::s3::with_credentials;
use crate::{egressmap, expect, workspace_root};

/// A block between fences: its language, and its lines without the indentation of the list it stands in.
struct Block {
    language: String,
    text: String,
}

fn blocks(readme: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            let indentation = line.len() - line.trim_start().len();
            let inside = lines.by_ref().take_while(|line| line.trim() != "```");
            let text = inside.map(|line| line.get(indentation..).unwrap_or_default().to_owned() + "\n");
            blocks.push(Block {
                language: language.to_owned(),
                text: text.collect(),
            });
        }
    }
    blocks
}

/// Commands that stand in the running text.
fn in_the_text(readme: &str) -> Vec<&str> {
    let outside = readme.split("```").step_by(2);
    let spans = outside.flat_map(|text| text.split('`').skip(1).step_by(2));
    spans.filter(|span| span.starts_with("egressmap ")).collect()
}

/// Where the README's reader stands: the example has run, and the reader's own bucket is full.
struct Reader {
    home: tempfile::TempDir,
    bucket: S3Server,
}

impl Reader {
    fn new() -> Self {
        let home = copy_of_examples();
        expect(2, &mut run(home.path()));
        let bucket = S3Server::start();
        let shop = home.path().join("examples/shop");
        put(&bucket, "my-flow-logs", &shop.join("logs/flow"), "");
        put(&bucket, "my-envoy-logs", &shop.join("logs/envoy"), "");
        fs::copy(shop.join("ip-ranges.json"), home.path().join("ip-ranges.json")).unwrap();
        for map in ["old.parquet", "new.parquet"] {
            fs::copy(shop.join("out/map.parquet"), home.path().join(map)).unwrap();
        }
        // The text speaks of a file, whichever.
        for file in ["FILE", "FILE…"] {
            fs::copy(
                workspace_root().join("examples/shop/inventory.csv"),
                home.path().join(file),
            )
            .unwrap();
        }
        Reader { home, bucket }
    }

    fn run(&self, command: &str) -> Output {
        let mut egressmap = egressmap();
        egressmap.current_dir(self.home.path()).args(command.split(' ').skip(1));
        with_credentials(&mut egressmap, &self.bucket).output().unwrap()
    }

    /// Follows the README to its end, and says what does not hold; else how many commands there were.
    fn follow(&self, readme: &str) -> Result<usize, String> {
        let ci = fs::read_to_string(workspace_root().join(".ci/run")).unwrap();
        let mut commands = 0;
        for Block { language, text } in blocks(readme) {
            match language.as_str() {
                "console" => commands += self.transcript(&text)?,
                "sh" => {
                    for line in text.lines() {
                        if line.starts_with("egressmap ") {
                            self.does(line)?;
                        } else if !ci.lines().any(|called| called.starts_with(line)) {
                            return Err(format!("nobody runs `{line}`"));
                        }
                        commands += 1;
                    }
                }
                "csv" => fs::write(self.home.path().join("inventory.csv"), text).unwrap(),
                "json" => {
                    serde_json::from_str::<serde_json::Value>(&text).map_err(|error| error.to_string())?;
                }
                other => return Err(format!("nobody runs a block of {other:?}")),
            }
        }
        for command in in_the_text(readme) {
            let bare = command.split(' ').count() == 2 && command != "egressmap formats";
            self.does(&format!("{command}{}", if bare { " --help" } else { "" }))?;
            commands += 1;
        }
        Ok(commands)
    }

    /// Commands with what they print.
    fn transcript(&self, text: &str) -> Result<usize, String> {
        let mut parts = text.split("$ egressmap ");
        if parts.next() != Some("") {
            return Err(format!("nobody runs this:\n{text}"));
        }
        let mut commands = 0;
        for part in parts {
            let (command, printed) = part.split_once('\n').unwrap();
            let output = self.run(&format!("egressmap {command}"));
            let both = [output.stdout, output.stderr].concat();
            let both = String::from_utf8(both).unwrap();
            if both.trim_end() != printed.trim_end() {
                return Err(format!("$ egressmap {command}\n{both}\nis not\n{printed}"));
            }
            commands += 1;
        }
        Ok(commands)
    }

    /// A command that is understood, and can be carried out.
    fn does(&self, command: &str) -> Result<(), String> {
        let output = self.run(command);
        let said = String::from_utf8(output.stderr).unwrap();
        let done = matches!(output.status.code(), Some(0 | 2)) && !said.contains("Usage:");
        done.then_some(())
            .ok_or_else(|| format!("{command}: {}\n{said}", output.status))
    }
}

/// Puts all files below a folder into a bucket, by their paths.
fn put(server: &S3Server, bucket: &str, folder: &Path, prefix: &str) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let key = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            put(server, bucket, &path, &format!("{key}/"));
        } else {
            server.put(bucket, &key, fs::read(&path).unwrap());
        }
    }
}

#[test]
fn every_block_of_the_readme_is_run_and_prints_what_it_says_and_a_readme_that_differs_is_caught() {
    let readme = fs::read_to_string(workspace_root().join("README.md")).unwrap();
    let reader = Reader::new();
    let commands = reader.follow(&readme).unwrap_or_else(|error| panic!("{error}"));
    assert!(commands >= 10, "{commands}");
    for (from, to) in [
        ("SERVICE  DESTINATION", "SERVICE  DESTINATIONS"),
        ("$ egressmap why", "$ egressmap whom"),
        ("--accept-observed --mesh", "--acept-observed --mesh"),
        ("cargo test --workspace\n", "cargo test --workspaces\n"),
        ("`egressmap coverage map.parquet`", "`egressmap coverage mop.parquet`"),
        ("```csv", "```text"),
        ("\"Version\": ", "\"Version\" "),
    ] {
        assert!(readme.contains(from), "{from}");
        let found = reader.follow(&readme.replacen(from, to, 1));
        assert!(found.is_err(), "nobody noticed {to}");
    }
}
