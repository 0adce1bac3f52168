"""Writes each text object again as AWS delivers Parquet: underscored names, its types, pages compressed by GZIP."""

import sys
from pathlib import Path

import duckdb
from question import COLUMNS

text, parquet = map(Path, sys.argv[1:])
columns = ", ".join(f"'{name}': '{kind}'" for name, kind, _ in COLUMNS)
engine = duckdb.connect()
engine.execute("SET threads = 2")
for object in sorted(text.rglob("*.log")):
    to = (parquet / object.relative_to(text)).with_suffix(".log.parquet")
    to.parent.mkdir(parents=True, exist_ok=True)
    read = f"read_csv('{object}', delim = ' ', header = true, quote = '', columns = {{{columns}}})"
    engine.execute(f"COPY (FROM {read}) TO '{to}' (FORMAT parquet, COMPRESSION gzip)")
