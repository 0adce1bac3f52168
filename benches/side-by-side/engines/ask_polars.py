"""Asks Polars, by its streaming engine."""

import os

from question import COLUMNS, asked

container, objects, answer, threads = asked()
os.environ["POLARS_MAX_THREADS"] = str(threads)

import polars as pl  # noqa: E402  (the number of threads is read at import)

TYPES = {"INTEGER": pl.Int32, "BIGINT": pl.Int64, "VARCHAR": pl.String}
if container == "parquet":
    records = pl.scan_parquet(objects)
else:
    schema = {name: TYPES[kind] for name, kind, _ in COLUMNS}
    # The header is skipped: its names have hyphens.
    records = pl.scan_csv(objects, separator=" ", quote_char=None, has_header=False, skip_rows=1, schema=schema)

forth = pl.col("dstport") < pl.col("srcport")


def nearer(this, other):
    return pl.when(forth).then(pl.col(this)).otherwise(pl.col(other))


def total(column, way):
    return pl.col(column).filter(way).sum()


sided = records.filter((pl.col("action") == "ACCEPT") & (pl.col("log_status") == "OK")).select(
    nearer("srcaddr", "dstaddr").alias("initiator"),
    nearer("dstaddr", "srcaddr").alias("responder"),
    nearer("dstport", "srcport").alias("port"),
    forth.alias("forth"),
    *[pl.col(name) for name in ("protocol", "bytes", "packets", "start", "end")],
)
sided.group_by("initiator", "responder", "port", "protocol").agg(
    pl.col("forth").sum().alias("records"),
    total("bytes", pl.col("forth")).alias("bytes_out"),
    total("bytes", ~pl.col("forth")).alias("bytes_in"),
    total("packets", pl.col("forth")).alias("packets_out"),
    total("packets", ~pl.col("forth")).alias("packets_in"),
    pl.col("start").min().alias("first_seen"),
    pl.col("end").max().alias("last_seen"),
).sink_parquet(answer, engine="streaming")
