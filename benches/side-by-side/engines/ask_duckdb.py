"""Asks DuckDB."""

import duckdb
from question import COLUMNS, SQL, asked

container, objects, answer, threads = asked()
columns = ", ".join(f"'{name}': '{kind}'" for name, kind, _ in COLUMNS)
if container == "parquet":
    records = f"read_parquet('{objects}')"
else:
    records = f"read_csv('{objects}', delim = ' ', header = true, quote = '', columns = {{{columns}}})"
engine = duckdb.connect()
engine.execute(f"SET threads = {threads}")
engine.execute("SET preserve_insertion_order = false")
engine.execute(f"COPY ({SQL.format(records=records)}) TO '{answer}' (FORMAT parquet)")
