"""Starts one process and prints what it took. A process of its own, as Linux counts the memory of whoever starts a
process into that process's peak: this one is small."""

import json
import os
import subprocess
import sys
import time

log, *command = sys.argv[1:]
with open(log, "wb") as heard:
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=heard, stderr=heard)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
# Linux counts ru_maxrss in KiB.
taken = {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss * 1024 / 1e6}
json.dump({"code": os.waitstatus_to_exitcode(status), "taken": taken}, sys.stdout)
