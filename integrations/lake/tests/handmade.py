"""Topics made by hand, message by message."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random

from messages import SERVER, body_of, message_of

from binlog_relay_lake.remoting import Pulled, Queue


class HandmadeTopic:
    """Two queues, a lane each."""

    topic = "order-binlog"

    def __init__(self):
        self.messages = {Queue("broker-a", 0): [], Queue("broker-a", 1): []}
        self.sequences = {}
        self.epoch = 1
        self.changes = 0

    def queues(self):
        return list(self.messages)

    def min_offset(self, queue):
        return 0

    def max_offset(self, queue):
        return len(self.messages[queue])

    def pull(self, queue, offset):
        messages = self.messages[queue][offset : offset + 3]
        return Pulled(messages, offset + len(messages), 0, self.max_offset(queue))

    def begin_epoch(self):
        self.epoch += 1
        self.sequences = {}

    def rows(self, lane, kind, rows, old=None, table="orders", **more):
        self.changes += 1
        changes = [f"{self.changes}#{i}" for i in range(len(rows))]
        marks = {"marks": more.pop("marks")} if "marks" in more else {}
        properties = {"copy": more.pop("copy"), **marks} if "copy" in more else marks
        body = body_of(kind, rows, changes, old=old, table=table, more=more or None)
        self._add(lane, body, kind=kind, rows=len(rows), table=table, **properties)

    def insert(self, lane, *ids, note="x", **more):
        self.rows(lane, "INSERT", [{"id": str(id), "note": note} for id in ids], **more)

    def delete(self, lane, *ids):
        self.rows(lane, "DELETE", [{"id": str(id), "note": "x"} for id in ids])

    def statement(self, kind, sql, tables):
        for lane in (0, 1):
            more = {"tables": tables, "position": "binlog.000001:4"}
            self._announce(lane, "ddl", {"type": kind, "isDdl": True, "sql": sql, **more}, kind=kind, lanes="2")

    def copy(self, lane, mark, id="1", replaces=False, table="orders"):
        copy = {"id": id, "mark": mark, "rows": 0, "replaces": replaces, "gtidSet": ""}
        fields = {
            "type": "CREATE",
            "isDdl": False,
            "sql": "",
            "position": "binlog.000001:4",
            "copy": copy,
            "table": table,
        }
        self._announce(lane, "copy", fields, kind="CREATE", lanes="2", copy=id, copyMark=mark, table=table)

    def _announce(self, lane, tag, fields, **properties):
        self.changes += 1
        body = {"database": "shop", "table": "orders", "source": SERVER, "changes": [f"{self.changes}#ddl0"]}
        body |= {"gtid": f"{SERVER}:{self.changes}", "es": 1, "ts": 1, "id": 1, "data": None, "old": None, **fields}
        self._add(lane, json.dumps(body).encode(), rows=0, tag=tag, **properties)

    def _add(self, lane, body, **facts):
        sequence = self.sequences[lane] = self.sequences.get(lane, 0) + 1
        messages = self.messages[Queue("broker-a", lane)]
        name = f"lane-{lane}"
        messages.append(message_of(len(messages), body, lane=name, epoch=self.epoch, sequence=sequence, **facts))


def random_history(topic: HandmadeTopic, rng: Random) -> Iterator[dict[str, str]]:
    """Adds to the topic: rows, statements that empty the table, and epochs that repeat the end of the one before.
    Yields what the table has by then."""
    rows: dict[str, str] = {}
    done: list[tuple[str, list[int], str]] = []

    def act(what: str, ids: list[int], note: str) -> None:
        if what == "empty":
            topic.statement("TRUNCATE", "TRUNCATE orders", [["shop", "orders"]])
            rows.clear()
        for id in ids:
            if what == "put":
                topic.insert(id % 2, id, note=note)
                rows[str(id)] = note
            elif what == "delete":
                topic.delete(id % 2, id)
                rows.pop(str(id), None)

    for _ in range(8):
        for _ in range(rng.randint(1, 15)):
            what = rng.choices(["put", "delete", "empty"], [10, 5, 1])[0]
            done.append((what, rng.sample(range(20), rng.randint(1, 4)), str(rng.random())))
            act(*done[-1])
        if rng.random() < 0.5:
            topic.begin_epoch()
            for step in done[-rng.randint(1, 6) :]:
                act(*step)
        yield dict(rows)
