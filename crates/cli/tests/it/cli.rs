//! Arguments, exit codes and messages.

use std::fs;
use std::io::Write as _;
use std::net::UdpSocket;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::{egressmap, expect, shown};

const FLOWS: &str = "\
2 123456789012 eni-0a 10.0.0.5 203.0.113.7 40001 443 6 10 1000 1785542400 1785542460 ACCEPT OK
2 123456789012 eni-0a 203.0.113.7 10.0.0.5 443 40001 6 12 5000 1785542400 1785542460 ACCEPT OK
2 123456789012 eni-0a - - - - - - - 1785542460 1785542520 - NODATA
2 123456789012 eni-0a 10.0.0.5 203.0.113.7 40002 70000 6 10 1000 1785542400 1785542460 ACCEPT OK
";

#[test]
fn standard_input_is_a_source_and_every_line_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let map = dir.path().join("map.parquet");
    let mut child = egressmap()
        .args(["discover", "-", "--out"])
        .arg(&map)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(FLOWS.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(
        stderr.contains("line 4") && stderr.contains("dstport") && stderr.contains("70000"),
        "{stderr}"
    );
    let map = shown(&map);
    assert_eq!(map["input"]["lines"], 4);
    assert_eq!(map["input"]["used"]["flow"], 2);
    assert_eq!(map["input"]["set_aside"]["nodata"], 1);
    assert_eq!(map["input"]["set_aside"]["malformed:dstport"], 1);
    assert_eq!(map["dependencies"][0]["service"], "unattributed/10.0.0.5");
    assert_eq!(map["dependencies"][0]["bytes_in"], 5000);
}

#[test]
fn an_empty_result_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let map = dir.path().join("map.parquet");
    let folder = dir.path().join("empty");
    fs::create_dir(&folder).unwrap();
    let (_, stderr) = expect(1, egressmap().arg("discover").arg(&folder).arg("--out").arg(&map));
    assert!(
        stderr.contains("no objects") && stderr.contains("there is no file in it"),
        "{stderr}"
    );
    let log = dir.path().join("inbound.log");
    fs::write(
        &log,
        "2 1 eni-0a 198.51.100.9 10.0.0.5 50000 22 6 1 40 1785542400 1785542460 REJECT OK\n",
    )
    .unwrap();
    let (_, stderr) = expect(
        0,
        egressmap()
            .arg("discover")
            .arg(&log)
            .arg("--out")
            .arg(dir.path().join("b.parquet")),
    );
    assert!(stderr.contains("inbound"), "{stderr}");
    let (_, stderr) = expect(
        1,
        egressmap()
            .arg("discover")
            .arg(dir.path().join("absent"))
            .arg("--out")
            .arg(&map),
    );
    assert!(stderr.contains("absent"), "{stderr}");
}

#[test]
fn a_truncated_object_keeps_what_came_before_and_the_exit_code_tells() {
    let dir = tempfile::tempdir().unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..5_000 {
        gzip.write_all(FLOWS.as_bytes()).unwrap();
    }
    let whole = gzip.finish().unwrap();
    fs::write(dir.path().join("cut.log.gz"), &whole[..whole.len() - 40]).unwrap();
    let map = dir.path().join("map.parquet");
    let (_, stderr) = expect(
        1,
        egressmap()
            .arg("discover")
            .arg(dir.path().join("cut.log.gz"))
            .arg("--out")
            .arg(&map),
    );
    assert!(
        stderr.contains("cut.log.gz") && stderr.contains("truncated"),
        "{stderr}"
    );
    assert!(shown(&map)["input"]["used"]["flow"].as_u64().unwrap() > 1_000);
}

#[test]
fn an_object_that_broke_off_is_named_until_a_new_map_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let map = dir.path().join("map.parquet");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(FLOWS.repeat(1_000).as_bytes()).unwrap();
    let whole = gzip.finish().unwrap();
    let log = dir.path().join("a.log.gz");
    fs::write(&log, &whole[..whole.len() - 40]).unwrap();
    let discover = |code| expect(code, egressmap().arg("discover").arg(&log).arg("--out").arg(&map)).1;
    discover(1);
    let again = discover(1);
    assert!(
        again.contains("in an earlier run") && again.contains("discover into a new map"),
        "{again}"
    );
    fs::write(&log, &whole).unwrap();
    let healed = discover(1);
    assert!(healed.contains("has changed since this map counted it"), "{healed}");
    fs::remove_file(&map).unwrap();
    discover(0);
}

#[test]
fn a_run_over_what_cannot_be_read_whole_leaves_the_last_proposal_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::create_dir(at("logs")).unwrap();
    fs::write(at("logs/a.log"), FLOWS).unwrap();
    fs::write(
        at("egressmap.toml"),
        "sources = ['logs']\nout = 'out'\n[ledger]\nfile = 'l.yaml'\n[propose]\nmesh = 'm'\ntargets = ['appmesh-api']\n",
    )
    .unwrap();
    let run = |code| expect(code, egressmap().args(["run", "-c"]).arg(at("egressmap.toml"))).1;
    run(2);
    let written =
        || ["out/map.parquet", "out/appmesh-api/PROPOSAL.md", "l.yaml"].map(|path| fs::read(at(path)).unwrap());
    let before = written();
    fs::write(at("logs/b.log.gz"), b"\x1f\x8b\x08\x00").unwrap();
    let stderr = run(1);
    assert!(
        stderr.contains("b.log.gz") && stderr.contains("nothing is proposed"),
        "{stderr}"
    );
    assert!(before == written() && at("out/map.incomplete.parquet").exists());
}

#[test]
fn discovering_into_a_map_that_exists_adds_only_what_is_new() {
    let dir = tempfile::tempdir().unwrap();
    let map = dir.path().join("map.parquet");
    fs::create_dir(dir.path().join("logs")).unwrap();
    fs::write(dir.path().join("logs/a.log"), FLOWS).unwrap();
    let run = || {
        expect(
            0,
            egressmap()
                .arg("discover")
                .arg(dir.path().join("logs"))
                .arg("--out")
                .arg(&map),
        )
    };
    run();
    let once = fs::read(&map).unwrap();
    let (_, stderr) = run();
    assert!(
        stderr.contains("read      0 objects") && stderr.contains("1 object was counted before"),
        "{stderr}"
    );
    assert!(once == fs::read(&map).unwrap(), "nothing new: the same bytes");
    fs::write(dir.path().join("logs/b.log"), FLOWS.replace("10.0.0.5", "10.0.0.6")).unwrap();
    run();
    let map = shown(&map);
    assert_eq!(
        (&map["input"]["objects"], &map["input"]["lines"]),
        (&2.into(), &8.into())
    );
    assert_eq!(map["dependencies"].as_array().unwrap().len(), 2);
}

#[test]
fn what_is_misspelt_names_what_was_meant() {
    let dir = tempfile::tempdir().unwrap();
    let map = dir.path().join("map.parquet");
    fs::write(dir.path().join("a.log"), FLOWS).unwrap();
    expect(
        0,
        egressmap()
            .arg("discover")
            .arg(dir.path().join("a.log"))
            .arg("--out")
            .arg(&map),
    );

    let (_, stderr) = expect(2, egressmap().args(["discovr", "x"]));
    assert!(stderr.contains("'discover'"), "{stderr}");
    let (_, stderr) = expect(
        1,
        egressmap()
            .arg("propose")
            .arg(&map)
            .args(["--target", "appmesh-teraform", "--out", "x"]),
    );
    assert!(stderr.contains("appmesh-terraform"), "{stderr}");
    let fresh = dir.path().join("fresh.parquet");
    let (_, stderr) = expect(
        1,
        egressmap()
            .args(["discover", "-", "--kind", "flow-txt", "--out"])
            .arg(&fresh),
    );
    assert!(stderr.contains("did you mean"), "{stderr}");
    fs::write(dir.path().join("egressmap.toml"), "sorces = []\n").unwrap();
    let (_, stderr) = expect(
        1,
        egressmap().args(["run", "-c"]).arg(dir.path().join("egressmap.toml")),
    );
    assert!(
        stderr.contains("unknown key `sorces` at the top: did you mean `sources`?"),
        "{stderr}"
    );
    let (_, stderr) = expect(1, egressmap().arg("show").arg(dir.path().join("a.log")));
    assert!(stderr.contains("a.log"), "{stderr}");
}

#[test]
fn times_that_hold_nothing_are_refused_and_a_window_sets_records_aside() {
    let dir = tempfile::tempdir().unwrap();
    let (log, map) = (dir.path().join("a.log"), dir.path().join("map.parquet"));
    fs::write(&log, FLOWS).unwrap();
    let discover = || {
        let mut command = egressmap();
        command.arg("discover").arg(&log).arg("--out").arg(&map);
        command
    };
    expect(1, discover().args(["--since", "2026-08-02", "--until", "2026-08-01"]));
    expect(0, discover().args(["--since", "2026-08-02"]));
    assert_eq!(shown(&map)["input"]["set_aside"]["outside-window"], 2);
    let (_, stderr) = expect(1, discover().args(["--until", "2026-08-02"]));
    assert!(stderr.contains("half counted"), "{stderr}");
    let (_, stderr) = expect(1, egressmap().args(["discover", "-", "--out"]).arg(&map));
    assert!(stderr.contains("standard input cannot be told apart"), "{stderr}");
}

#[test]
fn a_silent_resolver_delays_the_run_by_its_timeout_and_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let (log, map) = (dir.path().join("a.log"), dir.path().join("map.parquet"));
    fs::write(&log, FLOWS).unwrap();
    // Bound, and never read from.
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = silent.local_addr().unwrap().to_string();
    let began = Instant::now();
    let mut command = egressmap();
    command.arg("discover").arg(&log).arg("--out").arg(&map);
    let (_, stderr) = expect(0, command.args(["--resolver", &server, "--resolver-timeout", "1s"]));
    assert!(
        began.elapsed() < Duration::from_secs(6),
        "one second, and what starting a process costs"
    );
    assert!(stderr.contains(&format!("resolver  {server}: 1 addresses")), "{stderr}");
    assert!(stderr.contains("it answered nothing at all"), "{stderr}");
    assert_eq!(shown(&map)["dependencies"][0]["destination"], "203.0.113.7");
}

#[test]
fn formats_that_the_lines_do_not_tell_are_told_by_flags() {
    let dir = tempfile::tempdir().unwrap();
    let (log, map) = (dir.path().join("a.log"), dir.path().join("map.parquet"));
    let discover = |flag: &str, format: &str| {
        let mut command = egressmap();
        command
            .arg("discover")
            .arg(&log)
            .arg("--out")
            .arg(&map)
            .args([flag, format]);
        expect(0, &mut command);
        let shown = shown(&map);
        fs::remove_file(&map).unwrap();
        shown["dependencies"][0].clone()
    };
    fs::write(&log, "443 6 10.0.0.5 203.0.113.7 40001 1785542400 700\n").unwrap();
    let fields = "${dstport} ${protocol} ${srcaddr} ${dstaddr} ${srcport} ${start} ${bytes}";
    let flow = discover("--flow-format", fields);
    assert_eq!(
        (&flow["destination"], &flow["bytes_out"]),
        (&"203.0.113.7".into(), &700.into())
    );

    fs::write(
        &log,
        r#"{"t":"2026-08-01T00:00:00Z","who":{"asked":"api.example.test:8443"},"m":"GET"}"#,
    )
    .unwrap();
    let mut command = egressmap();
    command.arg("discover").arg(&log).arg("--out").arg(&map);
    command.args([
        "--envoy-json",
        "t=%START_TIME%",
        "--envoy-json",
        "who.asked=%REQ(:AUTHORITY)%",
    ]);
    expect(0, command.args(["--envoy-json", "m=%REQ(:METHOD)%"]));
    let access = &shown(&map)["dependencies"][0];
    assert_eq!(
        (&access["destination"], &access["port"]),
        (&"api.example.test".into(), &8443.into())
    );
}

#[test]
fn help_lists_every_member_of_every_family() {
    let (discover, _) = expect(0, egressmap().args(["discover", "--help"]));
    let (propose, _) = expect(0, egressmap().args(["propose", "--help"]));
    for kind in egressmap_parser::source::REGISTRY {
        assert!(discover.contains(kind.example), "{}", kind.name);
    }
    for kind in egressmap_parser::format::REGISTRY {
        assert!(discover.contains(kind.name), "{}", kind.name);
    }
    for target in egressmap_generator::target::REGISTRY {
        assert!(propose.contains(target.name()), "{}", target.name());
    }
}
