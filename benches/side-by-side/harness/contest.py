"""Runs an engine as a process of its own, and measures it."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from data import ENGINES, FOLDER

LAUNCH = Path(__file__).with_name("launch.py")


@dataclass
class Run:
    wall: float
    cpu: float
    peak_mb: float


@dataclass
class Contest:
    built: object
    asked: object
    logs: object
    inventory: object

    def rounds(self):
        return range(self.asked.rounds)

    def folder(self, container):
        return self.logs / FOLDER[container] / "logs"

    def answer(self, engine):
        return self.built.work / f"{engine}.parquet"

    def command(self, engine, container, threads=None):
        threads = str(threads or self.asked.threads)
        folder, answer = self.folder(container), self.answer(engine)
        if engine == "egressmap":
            flags = ["--out", answer, "--inventory", self.inventory, "--threads", threads, "--quiet"]
            return [self.built.egressmap, "discover", folder, *flags]
        return [sys.executable, ENGINES / f"ask_{engine}.py", container, folder, answer, threads]

    def run(self, engine, container, threads=None):
        self.answer(engine).unlink(missing_ok=True)
        return measured(self.command(engine, container, threads), self.built.work / f"{engine}.log")


def measured(command, log):
    """One process from start to end: seconds, seconds of processor, and the most memory it held."""
    launch = [sys.executable, "-S", LAUNCH, log, *command]
    said = subprocess.run([str(word) for word in launch], check=True, capture_output=True, text=True).stdout
    ended = json.loads(said)
    if ended["code"] != 0:
        raise SystemExit(f"{command[0]} ended with {ended['code']}:\n{log.read_text(errors='replace')[-2000:]}")
    return Run(**ended["taken"])


def in_turn(contest, container):
    """egressmap and each peer by turns: their runs as pairs, by peer."""
    return {
        peer: [(contest.run("egressmap", container), contest.run(peer, container)) for _ in contest.rounds()]
        for peer in contest.asked.engines
    }


def typical(runs):
    """The median of every measure."""
    return Run(*(median(getattr(run, measure) for run in runs) for measure in ("wall", "cpu", "peak_mb")))
