"""The question every engine is asked, and the shape of what it reads: version-2 flow records."""

import sys

# Name, DuckDB and DataFusion type, ClickHouse type; the types are those of AWS's own Parquet deliveries.
COLUMNS = [
    ("version", "INTEGER", "Int32"),
    ("account_id", "VARCHAR", "String"),
    ("interface_id", "VARCHAR", "String"),
    ("srcaddr", "VARCHAR", "String"),
    ("dstaddr", "VARCHAR", "String"),
    ("srcport", "INTEGER", "Int32"),
    ("dstport", "INTEGER", "Int32"),
    ("protocol", "INTEGER", "Int32"),
    ("packets", "BIGINT", "Int64"),
    ("bytes", "BIGINT", "Int64"),
    ("start", "BIGINT", "Int64"),
    ("end", "BIGINT", "Int64"),
    ("action", "VARCHAR", "String"),
    ("log_status", "VARCHAR", "String"),
]

# Per dependency: what the initiator sent, what came back, and when. The lower port is the service's, as every record
# of the data pairs one below 1024 with an ephemeral one.
SQL = """
SELECT initiator, responder, port, protocol,
       SUM(CASE WHEN forth THEN 1 ELSE 0 END) AS records,
       SUM(CASE WHEN forth THEN bytes ELSE 0 END) AS bytes_out,
       SUM(CASE WHEN forth THEN 0 ELSE bytes END) AS bytes_in,
       SUM(CASE WHEN forth THEN packets ELSE 0 END) AS packets_out,
       SUM(CASE WHEN forth THEN 0 ELSE packets END) AS packets_in,
       MIN("start") AS first_seen, MAX("end") AS last_seen
FROM (SELECT dstport < srcport AS forth,
             CASE WHEN dstport < srcport THEN srcaddr ELSE dstaddr END AS initiator,
             CASE WHEN dstport < srcport THEN dstaddr ELSE srcaddr END AS responder,
             CASE WHEN dstport < srcport THEN dstport ELSE srcport END AS port,
             protocol, bytes, packets, "start", "end"
      FROM {records}
      WHERE action = 'ACCEPT' AND log_status = 'OK') AS sided
GROUP BY initiator, responder, port, protocol
"""

ENDING = {"text": ".log", "gzip": ".log.gz", "parquet": ".log.parquet"}


def asked():
    """What the command line says: the container, the pattern of its objects, the file for the answer, the threads."""
    container, folder, answer, threads = sys.argv[1:]
    return container, f"{folder}/**/*{ENDING[container]}", answer, int(threads)
