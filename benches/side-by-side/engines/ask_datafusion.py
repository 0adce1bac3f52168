"""Asks DataFusion."""

import os

from question import COLUMNS, ENDING, SQL, asked

container, objects, answer, threads = asked()
os.environ["TOKIO_WORKER_THREADS"] = str(threads)

import pyarrow as pa  # noqa: E402
from datafusion import SessionConfig, SessionContext  # noqa: E402  (the number of threads is read at import)

TYPES = {"INTEGER": pa.int32(), "BIGINT": pa.int64(), "VARCHAR": pa.string()}
config = SessionConfig().with_target_partitions(threads)
engine = SessionContext(config.set("datafusion.execution.listing_table_ignore_subdirectory", "false"))
folder = objects.removesuffix(f"**/*{ENDING[container]}")
if container == "parquet":
    engine.register_parquet("records", folder, file_extension=ENDING[container])
else:
    engine.register_csv(
        "records",
        folder,
        schema=pa.schema([(name, TYPES[kind]) for name, kind, _ in COLUMNS]),
        has_header=True,
        delimiter=" ",
        file_extension=ENDING[container],
        file_compression_type="gzip" if container == "gzip" else None,
    )
engine.sql(f"COPY ({SQL.format(records='records')}) TO '{answer}' STORED AS PARQUET").collect()
