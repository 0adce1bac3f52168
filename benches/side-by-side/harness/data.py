"""The binaries and the data of a run."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[3]
FOLDER = {"text": "plain", "gzip": "gzip", "parquet": "parquet"}
ENGINES = ROOT / "benches/side-by-side/engines"


def binaries(asked):
    """egressmap, the world and the floor as named, else built in release where the run needs them."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    work = asked.work or target / "side-by-side"
    work.mkdir(parents=True, exist_ok=True)

    def binary(named, needed, package, name):
        if named or not needed:
            return named
        subprocess.run(["cargo", "build", "--release", "--quiet", "--package", package], cwd=ROOT, check=True)
        return target / "release" / name

    return SimpleNamespace(
        work=work,
        egressmap=binary(asked.egressmap, True, "egressmap", "egressmap"),
        world=binary(asked.world, asked.huge or not asked.logs, "egressmap-world", "egressmap-world"),
        floor=binary(asked.floor, asked.rounds, "egressmap-side-by-side", "egressmap-floor"),
    )


def world(binary, to, container, size, edges, objects):
    if (to / "truth.json").exists():
        return
    told = {"out": to, "bytes": size, "edges": edges, "objects": objects, "container": container, "seed": 1}
    flags = [text for name, value in told.items() for text in (f"--{name}", str(value))]
    subprocess.run([binary, "bulk", *flags], check=True, capture_output=True)


def made(asked, built):
    """The folder with the same records in every container; made once, as the seed is always the same."""
    logs = built.work / f"{asked.bytes}-bytes-{asked.edges}-edges-{asked.objects}-objects"
    for container in ("plain", "gzip"):
        world(built.world, logs / container, container, asked.bytes, asked.edges, asked.objects)
    if "parquet" in asked.containers and not (logs / "parquet/done").exists():
        command = [sys.executable, ENGINES / "to_parquet.py", logs / "plain/logs", logs / "parquet/logs"]
        subprocess.run(command, check=True)
        (logs / "parquet/done").touch()
    return logs


def huge(asked, built):
    """The folder with one large gzip object of few edges."""
    to = built.work / f"huge-{asked.huge}"
    world(built.world, to, "gzip", asked.huge, 5_000, 1)
    return to


def inventory(logs, work):
    """An inventory in which every client address is a service of its own, so that services are addresses, as in SQL."""
    rows = (logs / "plain/inventory.csv").read_text().splitlines()[1:]
    addresses = [row.split(",")[1] for row in rows]
    to = work / "addresses.csv"
    to.write_text("service,address\n" + "".join(f"{address},{address}\n" for address in addresses))
    return to
