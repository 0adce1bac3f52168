"""Whether all engines give the same answer: every edge, every number."""

import json

import duckdb

OURS = """
SELECT service AS initiator, destination AS responder, port,
       CASE protocol WHEN 'tcp' THEN 6 WHEN 'udp' THEN 17 END AS protocol, records_flow AS records,
       bytes_out, bytes_in, packets_out, packets_in, first_seen_unix AS first_seen, last_seen_unix AS last_seen
FROM '{map}'
"""
THEIRS = """
SELECT initiator, responder, port, protocol, records,
       bytes_out, bytes_in, packets_out, packets_in, first_seen, last_seen
FROM '{answer}'
"""


def check(contest, container):
    """Ends the run where an answer differs, with one of the rows that do."""
    contest.run("egressmap", container)
    ours = OURS.format(map=contest.answer("egressmap"))
    truth = json.loads((contest.logs / "plain/truth.json").read_text())
    count, forth, back = duckdb.execute(f"SELECT count(*), sum(bytes_out), sum(bytes_in) FROM ({ours})").fetchone()
    if (forth, back) != (truth["bytes_out"], truth["bytes_in"]):
        raise SystemExit(f"{container}: egressmap counts {forth}, {back} bytes and the truth is {truth}")
    for peer in contest.asked.engines:
        contest.run(peer, container)
        theirs = THEIRS.format(answer=contest.answer(peer))
        for name, this, other in ((f"{peer} lacks", ours, theirs), (f"{peer} alone has", theirs, ours)):
            row = duckdb.execute(f"{this} EXCEPT ALL ({other}) LIMIT 1").fetchone()
            if row is not None:
                raise SystemExit(f"{container}: {name} {row}")
    print(f"{container}: {count} edges, the same from egressmap, {', '.join(contest.asked.engines)}", flush=True)
