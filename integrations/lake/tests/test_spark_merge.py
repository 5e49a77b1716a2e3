"""Merges by a real Spark into real tables of Iceberg. Without pyspark, or the jar of Iceberg, nothing is tested."""

from __future__ import annotations

import glob
import os
import random

import pytest

pytest.importorskip("pyspark")
from handmade import HandmadeTopic, random_history

from binlog_relay_lake.changes import QueueReader
from binlog_relay_lake.errors import LakeError
from binlog_relay_lake.spark_merge import MergeOptions, Merger
from binlog_relay_lake.spark_source import _batches

JARS = glob.glob(f"{os.environ.get('BINLOG_RELAY_LAKE_JARS', '')}/iceberg-spark-runtime-*.jar")
pytestmark = pytest.mark.skipif(not JARS, reason="BINLOG_RELAY_LAKE_JARS names no folder with Iceberg for Spark")


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    from e2e.spark_session import spark_of

    session = spark_of(os.path.dirname(JARS[0]), f"file://{tmp_path_factory.mktemp('warehouse')}")
    yield session
    session.stop()


class SparkLake:
    """Merges what has come to a topic since the last merge."""

    def __init__(self, spark, catalog_space, **options):
        self.spark = spark
        self.topic = HandmadeTopic()
        self.merger = Merger(spark, catalog_space, MergeOptions("lake", tables=("shop.*",), **options))
        self.readers = {queue: QueueReader("t", queue) for queue in self.topic.queues()}
        self.at = dict.fromkeys(self.readers, 0)

    def changes(self):
        import pyarrow as pa

        batches = []
        for queue, reader in self.readers.items():
            read = [reader.read(message) for message in self.topic.messages[queue][self.at[queue] :]]
            self.at[queue] = len(self.topic.messages[queue])
            held = [changes for changes in read if changes is not None]
            if held:
                batches += _batches(held, queue)
        return self.spark.createDataFrame(pa.Table.from_batches(batches))

    def merge(self):
        return self.merger.merge(self.changes())

    def rows(self, table="orders"):
        rows = self.spark.table(f"lake.shop.{table}").collect()
        return {row["id"]: row["note"] for row in rows}


@pytest.fixture
def lake(spark):
    spark.sql("DROP TABLE IF EXISTS lake.shop.orders")
    return SparkLake(spark, "t", has_repeats=True)


def test_random_history_with_repeats(lake):
    rng = random.Random(5)
    for rows in random_history(lake.topic, rng):
        expected = rows
        if rng.random() < 0.6:
            changes = lake.changes()
            lake.merger.merge(changes)
            # As after a kill: the same again.
            lake.merger.merge(changes)
            assert lake.rows() == expected
    lake.topic.insert(0, 99)
    lake.merge()
    assert lake.rows() == {**expected, "99": "x"}


def test_updates_of_keys_and_copies(lake):
    topic = lake.topic
    topic.insert(0, 1, 2)
    topic.insert(1, 11)
    lake.merge()
    topic.rows(0, "UPDATE", [{"id": "3", "note": "moved"}], [{"id": "1"}])
    for lane in (0, 1):
        topic.copy(lane, "begin")
    topic.insert(0, 3, copy="1", note="copied")
    for lane in (0, 1):
        topic.copy(lane, "end")
    lake.merge()
    assert lake.rows() == {"3": "copied"}


def test_a_statement_that_came_again_empties_nothing_in_a_log_without_repeats(spark, lake):
    lake.merger = Merger(spark, "t", MergeOptions("lake", tables=("shop.*",)))
    lake.topic.insert(0, 1)
    lake.topic.statement("TRUNCATE", "TRUNCATE orders", [["shop", "orders"]])
    lake.topic.insert(0, 2)
    lake.merge()
    lake.topic.begin_epoch()
    # What is left of rows, statement, rows when the lander has left out rows that it knew.
    lake.topic.changes = 1
    lake.topic.statement("TRUNCATE", "TRUNCATE orders", [["shop", "orders"]])
    lake.topic.changes = 7
    lake.topic.insert(0, 3)
    lake.merge()
    assert lake.rows() == {"2": "x", "3": "x"}


def test_columns_and_types_that_change_and_values_that_do_not_fit(spark, lake):
    topic = lake.topic
    types = {"id": "int", "note": "int"}
    topic.rows(0, "INSERT", [{"id": "1", "note": "7"}], mysqlType=types)
    lake.merge()
    types = {"id": "int", "note": "bigint", "day": "date", "late": "timestamp(3)", "raw": "varbinary(9)"}
    row = {"id": "2", "note": "8000000000", "day": "2026-01-02", "late": "2026-01-02 03:04:05.678", "raw": "AAE="}
    topic.rows(0, "INSERT", [row], mysqlType=types)
    lake.merge()
    table = spark.table("lake.shop.orders").orderBy("id").toArrow().to_pylist()
    assert [row["note"] for row in table] == [7, 8000000000]
    assert [str(row["day"]) for row in table] == ["None", "2026-01-02"]
    assert table[1]["late"].isoformat() == "2026-01-02T03:04:05.678000+00:00"
    assert table[1]["raw"] == b"\x00\x01"
    topic.rows(0, "INSERT", [{**row, "id": "3", "day": "0000-00-00"}], mysqlType=types)
    with pytest.raises(LakeError, match=r"VALUE_UNFIT.*column day is no date.*lane-0 at offset 2"):
        lake.merge()
    topic.rows(0, "INSERT", [{"id": "3", "note": "x"}], mysqlType={"id": "int", "note": "varchar(9)"})
    with pytest.raises(LakeError, match="TYPE_CHANGED"):
        lake.merge()
