"""Writes a log's rows as Parquet, in every codec, encoding and version of pages that pyarrow writes."""

import sys
from itertools import product
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

SHORT = {"version", "srcport", "dstport", "protocol", "tcp_flags"}
LONG = {"packets", "bytes", "start", "end"}
CODECS = ["none", "snappy", "gzip", "brotli", "zstd", "lz4"]
# Of text, and of numbers.
ENCODINGS = {
    "dictionary": None,
    "plain": ("PLAIN", "PLAIN"),
    "delta": ("DELTA_BYTE_ARRAY", "DELTA_BINARY_PACKED"),
    "lengths": ("DELTA_LENGTH_BYTE_ARRAY", "BYTE_STREAM_SPLIT"),
}

log, folder = map(Path, sys.argv[1:])
header, *rows = [line.split(" ") for line in log.read_text().splitlines()]
names = [name.replace("-", "_") for name in header]


def column(name, values):
    values = [None if value == "-" else value for value in values]
    if name not in SHORT | LONG:
        return pa.array(values, pa.string())
    kind = pa.int32() if name in SHORT else pa.int64()
    return pa.array([value and int(value) for value in values], kind)


columns = [column(name, values) for name, values in zip(names, zip(*rows))]
fields = [pa.field(name, column.type, column.null_count > 0) for name, column in zip(names, columns)]
table = pa.table(columns, schema=pa.schema(fields))
for codec, (encoding, pair), version in product(CODECS, ENCODINGS.items(), ["1.0", "2.0"]):
    of = pair and {name: pair[name in SHORT | LONG] for name in names}
    pq.write_table(
        table,
        folder / f"{codec}-{encoding}-{version}.parquet",
        compression=codec,
        use_dictionary=pair is None,
        column_encoding=of,
        data_page_version=version,
        row_group_size=600,
        data_page_size=1500,
        write_batch_size=64,
    )
