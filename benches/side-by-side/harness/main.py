"""Data, then agreement, then time: what `run` does, in this order."""

import argparse
import os
import sys
from pathlib import Path

import agreement
import data
import report
from contest import Contest, in_turn

ENGINES = ["duckdb", "polars", "datafusion", "clickhouse"]
CONTAINERS = ["text", "gzip", "parquet"]
MB = 1_000_000


def arguments():
    parser = argparse.ArgumentParser(prog="run", description="egressmap beside other engines, on one question.")
    add = parser.add_argument
    add("--bytes", type=int, default=23 * MB, help="of text; 2290000000 is 20 M records (default: 200,000 records)")
    add("--edges", type=int, default=5_000, help="by service, at most four times as many by address (default: 5000)")
    add("--objects", type=int, default=8, help="the text is spread over so many (default: 8)")
    add("--rounds", type=int, default=5, help="of each pair; 0 only checks that the answers agree (default: 5)")
    add("--threads", type=int, default=2, help="of every engine, on as many processors (default: 2)")
    add("--engines", nargs="*", default=ENGINES, choices=ENGINES, help="the peers (default: all)")
    add("--containers", nargs="*", default=CONTAINERS, choices=CONTAINERS, help="how it is stored (default: all)")
    add("--huge", type=int, default=0, metavar="BYTES", help="also read one gzip object of so much text")
    add("--logs", type=Path, help="a folder with plain/, gzip/ and parquet/ made before, instead of new data")
    add("--work", type=Path, help="where data and answers go (default: side-by-side below the target folder)")
    add("--egressmap", type=Path, help="the binary (default: built by cargo, as are the two others)")
    add("--world", type=Path, help="the binary that makes data")
    add("--floor", type=Path, help="the binary that only inflates")
    return parser.parse_args()


def main():
    asked = arguments()
    processors = sorted(os.sched_getaffinity(0))[: asked.threads]
    os.sched_setaffinity(0, processors)
    built = data.binaries(asked)
    logs = asked.logs or data.made(asked, built)
    contest = Contest(built, asked, logs, data.inventory(logs, built.work))
    print(f"{asked.threads} threads on processors {processors}; medians of {asked.rounds}\n")
    for container in asked.containers:
        agreement.check(contest, container)
    if asked.rounds == 0:
        return
    for container in asked.containers:
        report.beside(contest, container, in_turn(contest, container))
    report.floors(contest)
    report.threads(contest)
    if asked.huge:
        report.huge(contest, data.huge(asked, built))


if __name__ == "__main__":
    sys.exit(main())
