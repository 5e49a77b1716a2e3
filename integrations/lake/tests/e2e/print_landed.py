"""Reads a change log as a team would, and prints it in the order of each queue: a JSON list for each row.

usage: print_landed.py TARGET
"""

from __future__ import annotations

import json
import sys

import pyarrow.compute as pc
import pyarrow.parquet as pq

from binlog_relay_lake.landed import landed_files, pieces
from binlog_relay_lake.target import Target

target = Target(sys.argv[1])
for piece in pieces(landed_files(target.filesystem, target.root)):
    with target.read(piece.file.path) as source:
        table = pq.read_table(source)
    if not piece.is_whole:
        sys.exit(f"{piece.file.path} overlaps with the file before it")
    if table.num_rows > 0 and not (
        pc.min(table["offset"]).as_py() >= piece.file.start and pc.max(table["offset"]).as_py() < piece.file.end
    ):
        sys.exit(f"{piece.file.path} has rows that its name does not name")
    for row in table.sort_by([("offset", "ascending"), ("index", "ascending")]).to_pylist():
        change = {name: None if row[name] is None else json.loads(row[name]) for name in ("before", "after", "key")}
        print(json.dumps([row["lane"], row["table"], row["kind"], row["id"], row["copy"], *change.values()]))
