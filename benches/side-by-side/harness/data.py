"""The binaries and the data of a run."""

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[3]
FOLDER = {"text": "plain", "gzip": "gzip", "parquet": "parquet"}
ENGINES = ROOT / "benches/side-by-side/engines"


def binaries(asked):
    """egressmap, the world and the floor: as named, else built in release."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    work = asked.work or target / "side-by-side"
    work.mkdir(parents=True, exist_ok=True)
    floor = asked.floor if asked.floor or asked.rounds else "unasked"
    found = SimpleNamespace(work=work, egressmap=asked.egressmap, world=asked.world, floor=floor)
    packages = {"egressmap": "egressmap-cli", "world": "egressmap-world", "floor": "egressmap-side-by-side"}
    names = {"egressmap": "egressmap", "world": "egressmap-world", "floor": "egressmap-floor"}
    for role, package in packages.items():
        if getattr(found, role) is None and not (role == "world" and asked.logs and not asked.huge):
            subprocess.run(["cargo", "build", "--release", "--quiet", "--package", package], cwd=ROOT, check=True)
            setattr(found, role, target / "release" / names[role])
    return found


def world(binary, to, container, size, edges, objects):
    if (to / "truth.json").exists():
        return
    told = {"out": to, "bytes": size, "edges": edges, "objects": objects, "container": container, "seed": 1}
    flags = [text for name, value in told.items() for text in (f"--{name}", str(value))]
    subprocess.run([binary, "bulk", *flags], check=True, capture_output=True)


def made(asked, binary):
    """The folder with the same records in every container; made once, as the seed is always the same."""
    work = asked.work or Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "side-by-side"
    logs = work / f"{asked.bytes}-bytes-{asked.edges}-edges-{asked.objects}-objects"
    for container in ("plain", "gzip"):
        world(binary, logs / container, container, asked.bytes, asked.edges, asked.objects)
    if "parquet" in asked.containers and not (logs / "parquet/done").exists():
        subprocess.run([os.sys.executable, ENGINES / "to_parquet.py", logs / "plain/logs", logs / "parquet/logs"], check=True)
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
