"""Messages become changes: whatever stands in a row, the texts are those of the body."""

from __future__ import annotations

import json
import random

import pytest
from messages import QUEUE, SERVER, body_of, message_of

from binlog_relay_lake.changes import LaneGate, LanePosition, QueueReader, facts_of
from binlog_relay_lake.errors import LakeError
from binlog_relay_lake.patterns import TableFilter

NASTY = [
    '"},{"id":"',
    '],"old":',
    ',"changes":["',
    '"data":[',
    "\\",
    '\\"',
    "\n\u2028\x00",
    "猫😀",
    "",
    "null",
    "},{",
    "]",
    "[",
]
NAMES = ["id", "name", "data", "old", "changes", 'a"b', "},{", "猫", "1", " x", ",", ":", "es", "\\"]


def random_text(randoms: random.Random) -> str | None:
    if randoms.random() < 0.2:
        return None
    return "".join(randoms.choice(NASTY) for _ in range(randoms.randint(0, 4)))


def test_rows_of_random_bodies_are_what_json_says_they_are() -> None:
    randoms = random.Random(11)
    reader = QueueReader("t", QUEUE)
    for offset in range(3000):
        names = randoms.sample(NAMES, randoms.randint(0, 5))
        count = randoms.randint(1, 6)
        rows = [{name: random_text(randoms) for name in names} for _ in range(count)]
        kind = randoms.choice(["INSERT", "UPDATE", "DELETE"])
        changed = names[: randoms.randint(0, len(names))]
        old = [{name: random_text(randoms) for name in changed} for _ in rows] if kind == "UPDATE" else None
        invalid = [{"row": 0, "data": ["name"], "old": ["x"]}] if randoms.random() < 0.2 else None
        more = {"omitted": ["data", "old"]} if randoms.random() < 0.2 else {}
        changes = [f"23#{index}" for index in range(count)]
        body = body_of(kind, rows, changes, old=old, invalid=invalid, more=more)
        message = message_of(offset, body, kind=kind, rows=count, sequence=offset + 1)
        read = reader.read(message)
        assert read is not None
        assert [json.loads(row) for row in read.data] == rows
        assert [change.row for change in read.rows()] == rows
        assert (None if read.old is None else [json.loads(row) for row in read.old]) == old
        assert read.ids == [f"{SERVER}:{each}" for each in changes]
        assert read.more == more
        assert read.invalid == ({0: {"data": ["name"], "old": ["x"]}} if invalid else {})
        assert (read.kind, read.key, read.committed_ms) == (kind, ["id"], 1_795_997_393_151)


def test_a_body_in_another_order_of_keys_is_read_all_the_same() -> None:
    body = json.loads(body_of("UPDATE", [{"id": "1"}], ["23#0"], old=[{"id": "2"}]))
    turned = json.dumps(dict(reversed(body.items())), indent=1).encode()
    read = QueueReader("t", QUEUE).read(message_of(0, turned, kind="UPDATE"))
    assert read is not None and read.data == ['{"id":"1"}'] and read.old == ['{"id":"2"}']


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (b"", 1),
        (b"\xff", 1),
        (b"[]", 1),
        (b"{}", 1),
        (body_of("INSERT", [{"id": "1"}], ["1#0"]), 2),
        (body_of("INSERT", [{"id": "1"}], ["1#0", "1#1"]), 2),
        (body_of("INSERT", [{"id": "1"}], ["1#0"])[:-1], 1),
        (body_of("DELETE", [{"id": "1"}], ["1#0"]), 1),
        (body_of("INSERT", [{"id": "1"}], ["1#0"], old=[{}]), 1),
        (body_of("INSERT", [{"id": 1}], ["1#0"]).replace(b'"id":1}],"old"', b'"id":1} ],"old"'), 1),  # type: ignore
    ],
)
def test_a_body_that_is_none_of_the_relay_stops(body: bytes, rows: int) -> None:
    with pytest.raises(LakeError, match=r"Topic t, queue broker-a:0, offset 7 \(tag shop.orders\)") as raised:
        QueueReader("t", QUEUE).read(message_of(7, body, rows=rows))
    assert raised.value.code == "MESSAGE_UNREADABLE"


@pytest.mark.parametrize("name", ["stream", "epoch", "sequence", "rows", "kind", "format", "schema", "table"])
def test_a_message_of_somebody_else_stops(name: str) -> None:
    message = message_of(7, b"{}")
    del message.properties[name]
    with pytest.raises(LakeError, match=f"no message of binlog-relay, it has no property {name}"):
        facts_of(message, "here")
    if name in ("epoch", "sequence", "rows"):
        message.properties[name] = "-1"
        with pytest.raises(LakeError, match="'-1', which is no number"):
            facts_of(message, "here")


def test_what_a_newer_relay_may_send_stops() -> None:
    reader = QueueReader("t", QUEUE, accepted_marks=["oversize"])
    for more in ({"format": "debezium-json"}, {"kind": "MERGE"}, {"marks": "oversize,strange"}):
        with pytest.raises(LakeError) as raised:
            reader.read(message_of(0, body_of("INSERT", [{"id": "1"}], ["1#0"]), **more))
        assert raised.value.code == "MESSAGE_UNKNOWN"
    with pytest.raises(LakeError) as raised:
        reader.read(message_of(0, b"{}", rows=0, tag="surprise"))
    assert raised.value.code == "MESSAGE_UNKNOWN"


def test_marked_rows_stop_unless_they_are_accepted() -> None:
    body = body_of("UPDATE", [{"id": "1"}], ["1#0"], old=[{}], more={"omitted": ["blob"]})
    message = message_of(3, body, kind="UPDATE", marks="oversize")
    with pytest.raises(LakeError, match=r"marked 'oversize'.*add oversize to marks.accept"):
        QueueReader("t", QUEUE).read(message)
    read = QueueReader("t", QUEUE, accepted_marks=["oversize"]).read(message)
    assert read is not None and read.more == {"omitted": ["blob"]} and read.facts.marks == ("oversize",)
    # Of a table that nobody wants, they are nobody's business.
    assert QueueReader("t", QUEUE, tables=TableFilter(["other.*"])).read(message) is None


def test_names_are_read_as_the_relay_writes_them() -> None:
    message = message_of(0, body_of("INSERT", [{"id": "1"}], ["1#0"], table="a b|%"), table="a b|%", tag="shop.a%20b")
    facts = facts_of(message, "here")
    assert (facts.database, facts.table) == ("shop", "a b|%")


def statement(tables: object) -> bytes:
    return json.dumps(
        {
            "type": "ALTER",
            "database": "shop",
            "table": "orders",
            "sql": "ALTER …",
            "source": SERVER,
            "changes": ["9#ddl0"],
        }
        | {"tables": tables, "gtid": f"{SERVER}:9", "position": "b.1:4", "es": 5, "data": None, "old": None}
    ).encode()


@pytest.mark.parametrize(
    ("tables", "is_wanted"),
    [
        ([["shop", "orders"]], True),
        ([["x", "y"]], False),
        ([["x", "y"], ["shop", "orders"]], True),
        ([["SHOP", "Orders"]], True),
        ([["shop", None]], True),
        ([["x", None]], False),
        ([], True),
    ],
)
def test_statements_come_for_the_tables_that_they_name(tables: object, is_wanted: bool) -> None:
    reader = QueueReader("t", QUEUE, tables=TableFilter(["shop.*"]))
    read = reader.read(message_of(0, statement(tables), kind="ALTER", rows=0, tag="ddl", lanes="8"))
    assert (read is not None) == is_wanted
    if read is not None:
        assert (read.kind, read.sql, read.ids) == ("STATEMENT", "ALTER …", [f"{SERVER}:9#ddl0"])
        assert read.more == {"lanes": 8, "position": "b.1:4", "type": "ALTER", "tables": tables}


def test_where_a_copy_begins_and_ends() -> None:
    for mark, kind in (("begin", "COPY_BEGIN"), ("end", "COPY_END")):
        body = json.loads(statement(None)) | {
            "copy": {"id": "1", "mark": mark, "rows": 3, "replaces": False, "gtidSet": ""}
        }
        body["sql"] = "CREATE TABLE"
        message = message_of(0, json.dumps(body).encode(), kind="CREATE", rows=0, tag="copy", copy="1", copyMark=mark)
        read = QueueReader("t", QUEUE).read(message)
        assert read is not None and (read.kind, read.facts.copy, read.more["rows"]) == (kind, "1", 3)
        assert QueueReader("t", QUEUE, tables=TableFilter(["x.*"])).read(message) is None


def test_progress_brings_nothing_but_counts_in_its_lane() -> None:
    reader = QueueReader("t", QUEUE)
    assert reader.read(message_of(0, b"never looked at", rows=0, kind="CREATE", tag="progress")) is None
    assert reader.gate.positions == {("s1", "lane-0"): LanePosition(1, 1)}


@pytest.mark.parametrize(
    ("known", "next", "verdict"),
    [
        (None, (4, 17), "first"),
        ((4, 17), (4, 18), "new"),
        ((4, 17), (4, 17), "repeat"),
        ((4, 17), (4, 3), "repeat"),
        ((4, 17), (3, 99), "repeat"),
        ((4, 17), (5, 1), "epoch"),
        ((4, 17), (9, 1), "epoch"),
        ((4, 17), (4, 19), "18 was due; the last one before it was 17 of epoch 4"),
        ((4, 17), (5, 2), "1 was due"),
    ],
)
def test_what_of_a_lane_is_new(known: tuple[int, int] | None, next: tuple[int, int], verdict: str) -> None:
    positions = {} if known is None else {("s1", "lane-0"): LanePosition(*known)}
    facts = facts_of(message_of(0, b"", epoch=next[0], sequence=next[1]), "here")
    if "due" not in verdict:
        assert LaneGate(positions).judge(facts, "here") == verdict
        return
    with pytest.raises(LakeError, match=verdict) as raised:
        LaneGate(positions).judge(facts, "here")
    assert raised.value.code == "TOPIC_GAP"
    assert LaneGate(positions, judges_gaps=False).judge(facts, "here") in ("new", "epoch")


def test_a_later_run_and_another_relay_are_announced_before_they_are_read() -> None:
    told: list[tuple[str | None, int, LanePosition | None]] = []
    reader = QueueReader(
        "t",
        QUEUE,
        on_epoch=lambda facts, offset: told.append((facts.resume, offset, reader.gate.positions.get(facts.lane_key))),
    )
    body = body_of("INSERT", [{"id": "1"}], ["1#0"])
    reader.read(message_of(0, body))
    reader.read(message_of(1, body, epoch=2, resume="uuid:1-9"))
    reader.read(message_of(2, body, stream="s2", sequence=5))
    reader.read(message_of(3, body, lane="lane-1"))
    assert told == [("uuid:1-9", 1, LanePosition(1, 1)), (None, 2, None)]
