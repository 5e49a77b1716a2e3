"""The tables of a job over topics made by hand: kills, statements, copies, repeats."""

from __future__ import annotations

import contextlib
import json
import random
import threading

import pytest

pytest.importorskip("pyiceberg")
from handmade import HandmadeTopic, random_history
from messages import SERVER
from pyiceberg.catalog.sql import SqlCatalog

from binlog_relay_lake.errors import LakeError
from binlog_relay_lake.remoting import Queue
from binlog_relay_lake.table import TableJob, TableOptions


class KilledError(BaseException):
    pass


class Lake:
    def __init__(self, tmp_path, **options):
        self.catalog = SqlCatalog("lake", uri=f"sqlite:///{tmp_path}/catalog.db", warehouse=f"file://{tmp_path}")
        self.options = {"tables": ("shop.*",), "commit_rows": 5, **options}

    def run(self, topic, dies_before=0):
        def before_commit(number):
            if number == dies_before:
                raise KilledError

        job = TableJob(topic, self.catalog, TableOptions(**self.options), before_commit=before_commit)
        job.run(threading.Event(), until_end=True)
        return job

    def table(self, name="orders"):
        return self.catalog.load_table(("shop", name))

    def rows(self, name="orders"):
        return {row["id"]: row["note"] for row in self.table(name).scan().to_arrow().to_pylist()}


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path)


@pytest.fixture
def topic():
    return HandmadeTopic()


def test_a_later_run_goes_on_where_the_tables_are(lake, topic):
    topic.insert(0, 1, 2)
    topic.insert(1, 3, table="payments")
    lake.run(topic)
    topic.delete(0, 1)
    topic.insert(0, 4, note="y")
    job = lake.run(topic)
    assert job.counts.messages == 2
    assert lake.rows() == {"2": "x", "4": "y"}
    assert lake.rows("payments") == {"3": "x"}


@pytest.mark.parametrize("dies_before", range(1, 12))
def test_a_kill_before_any_commit_loses_nothing(lake, topic, dies_before):
    for i in range(4):
        topic.insert(0, i, 10 + i)
        topic.insert(1, 20 + i, table="payments")
        topic.insert(1, 30 + i, table=f"later_{i}")
        topic.rows(0, "UPDATE", [{"id": str(i), "note": f"n{i}"}], [{"note": "x"}])
    try:
        lake.run(topic, dies_before)
    except KilledError:
        lake.run(topic)
    assert lake.rows() == {**{str(i): f"n{i}" for i in range(4)}, **{str(10 + i): "x" for i in range(4)}}
    assert lake.rows("payments") == {str(20 + i): "x" for i in range(4)}
    for i in range(4):
        assert lake.rows(f"later_{i}") == {str(30 + i): "x"}


def test_tables_in_a_namespace(tmp_path, topic):
    lake = Lake(tmp_path, namespace=("raw", "mysql"))
    topic.insert(0, 1)
    lake.run(topic)
    topic.insert(0, 2)
    assert lake.run(topic).counts.messages == 1
    rows = lake.catalog.load_table(("raw", "mysql", "shop", "orders")).scan().to_arrow()
    assert sorted(rows.column("id").to_pylist()) == ["1", "2"]


def test_an_update_of_the_key_deletes_the_old_one(lake, topic):
    topic.insert(0, 1, 2)
    topic.rows(0, "UPDATE", [{"id": "9", "note": "x"}], [{"id": "1"}])
    lake.run(topic)
    assert lake.rows() == {"9": "x", "2": "x"}


@pytest.mark.parametrize(
    ("kind", "sql", "tables"),
    [
        ("TRUNCATE", "TRUNCATE orders", [["shop", "orders"]]),
        ("ERASE", "DROP TABLE orders", [["shop", "orders"]]),
        ("QUERY", "drop  database shop", [["shop", None]]),
    ],
)
@pytest.mark.parametrize("commit_rows", [1, 100])
def test_what_empties_a_table_does_so_in_each_lane(tmp_path, topic, kind, sql, tables, commit_rows):
    lake = Lake(tmp_path, commit_rows=commit_rows)
    topic.insert(0, 1, 2)
    topic.insert(1, 3)
    topic.insert(1, 7, table="payments")
    topic.statement(kind, sql, tables)
    topic.insert(0, 2, note="after")
    topic.insert(1, 5)
    lake.run(topic)
    assert lake.rows() == {"2": "after", "5": "x"}
    assert lake.rows("payments") == ({} if kind == "QUERY" else {"7": "x"})


@pytest.mark.parametrize("commit_rows", [1, 100])
def test_a_copy_removes_what_it_did_not_bring_and_nothing_that_changed(tmp_path, topic, commit_rows):
    lake = Lake(tmp_path, commit_rows=commit_rows)
    topic.insert(0, 1, 2, 3)
    topic.insert(1, 11, 12)
    topic.copy(0, "begin")
    topic.copy(1, "begin")
    topic.insert(0, 1, copy="1")
    topic.rows(0, "UPDATE", [{"id": "2", "note": "changed"}], [{"note": "x"}])
    topic.insert(1, 11, copy="1")
    topic.copy(0, "end")
    lake.run(topic)
    assert lake.rows() == {"1": "x", "2": "changed", "11": "x", "12": "x"}
    topic.copy(1, "end")
    topic.insert(1, 12)
    lake.run(topic)
    assert lake.rows() == {"1": "x", "2": "changed", "11": "x", "12": "x"}


def test_a_copy_that_replaces_removes_all_that_was_before(lake, topic):
    topic.insert(0, 1, 2)
    topic.copy(0, "begin", replaces=True)
    topic.copy(1, "begin", replaces=True)
    topic.insert(0, 2, copy="1", note="copied")
    lake.run(topic)
    assert lake.rows() == {"2": "copied"}


def test_a_table_differs_after_an_alter_until_it_was_copied(lake, topic):
    topic.insert(0, 1)
    topic.statement("CINDEX", "CREATE INDEX i ON orders (note)", [["shop", "orders"]])
    lake.run(topic)

    def differs():
        return json.loads(lake.table().current_snapshot().summary["binlog-relay.state"])["differs"]

    assert differs() == ""
    topic.statement("ALTER", "ALTER TABLE orders ADD a INT DEFAULT 5", [["shop", "orders"]])
    lake.run(topic)
    assert differs() == f"ALTER {SERVER}:4"
    for mark in ("begin", "end"):
        topic.copy(0, mark)
        topic.copy(1, mark)
        lake.run(topic)
    assert differs() == ""


def test_tables_without_a_key(tmp_path, topic):
    topic.rows(0, "INSERT", [{"id": "1", "note": "x"}, {"id": "1", "note": "x"}], table="visits", pkNames=None)
    topic.rows(0, "DELETE", [{"id": "1", "note": "x"}], table="visits", pkNames=None)
    with pytest.raises(LakeError, match="KEY_MISSING"):
        Lake(tmp_path).run(topic)
    Lake(tmp_path, without_key="skip").run(topic)
    log = Lake(tmp_path, without_key="log")
    log.run(topic)
    # What a relay that was killed sends again.
    topic.begin_epoch()
    topic.changes = 1
    topic.rows(0, "DELETE", [{"id": "1", "note": "x"}], table="visits", pkNames=None)
    log.run(topic)
    rows = log.table("visits").scan().to_arrow().to_pylist()
    assert sorted((row["_relay_change"], row["_relay_kind"]) for row in rows) == [
        (f"{SERVER}:1#0", "INSERT"), (f"{SERVER}:1#1", "INSERT"), (f"{SERVER}:2#0", "DELETE"),
    ]  # fmt: skip


def test_another_key_and_marked_rows_are_refused_and_the_place_named(lake, topic):
    topic.insert(0, 1)
    topic.rows(0, "DELETE", [{"id": "1"}], marks="partial", absent=["note"])
    lake.run(topic)
    assert lake.rows() == {}
    topic.rows(1, "UPDATE", [{"id": "1"}], [{}], marks="partial", absent=["note"])
    with pytest.raises(LakeError, match=r"MESSAGE_MARKED.*queue broker-a:1, offset 0"):
        lake.run(topic)
    topic.messages[Queue("broker-a", 1)].clear()
    topic.sequences[1] = 0
    topic.rows(1, "INSERT", [{"id": "1", "note": "x"}], pkNames=["note"])
    with pytest.raises(LakeError, match=r"KEY_CHANGED.*was \(id\) and is \(note\)"):
        lake.run(topic)


def test_a_gap_stops_and_nothing_behind_it_is_written(lake, topic):
    topic.insert(0, 1)
    topic.sequences[0] += 1
    topic.insert(0, 2)
    with pytest.raises(LakeError, match="TOPIC_GAP"):
        lake.run(topic)
    topic.messages[Queue("broker-a", 0)].pop()
    lake.run(topic)
    topic.insert(0, 3)
    # Also in a run that has not seen the message before.
    with pytest.raises(LakeError, match="TOPIC_GAP"):
        lake.run(topic)
    assert lake.rows() == {"1": "x"}


def test_a_table_that_joins_later_has_all_of_the_topic(tmp_path, topic):
    topic.insert(0, 1)
    topic.insert(0, 2, table="payments")
    Lake(tmp_path, tables=("shop.orders",)).run(topic)
    topic.insert(0, 3)
    lake = Lake(tmp_path)
    lake.run(topic)
    assert lake.rows() == {"1": "x", "3": "x"}
    assert lake.rows("payments") == {"2": "x"}


@pytest.mark.parametrize("seed", range(12))
def test_random_histories_with_repeats_and_kills(tmp_path, topic, seed):
    rng = random.Random(seed)
    lake = Lake(tmp_path, commit_rows=rng.randint(1, 30))
    for rows in random_history(topic, rng):
        expected = rows
        if rng.random() < 0.7:
            with contextlib.suppress(KilledError):
                lake.run(topic, rng.randint(0, 4))
    lake.run(topic)
    assert lake.rows() == expected
