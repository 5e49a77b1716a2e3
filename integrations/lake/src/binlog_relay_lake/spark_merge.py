"""Changes, as rows of the change log (landed.SCHEMA), merged into the current tables by Spark: Iceberg, or Delta.

A merge may be repeated: it writes the newest row of each key, whatever the table has. So the place is put into the
table's properties after the rows, and whoever dies in between merges the same again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .current_table import CHANGE, KIND
from .errors import LakeError
from .kinds import COPY_BEGIN, DELETE, ROW_KINDS, STATEMENT
from .marks import TableMarks, is_named
from .patterns import TableFilter
from .schema import ColumnType, column_type
from .spark_rows import LANE, OFFSET, newest_rows
from .spark_table import SparkTable
from .table_state import QueuePlace, TableState

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, Row, SparkSession


@dataclass(frozen=True)
class MergeOptions:
    """`prefix`: in front of the database's name, such as a catalog. `using`: iceberg or delta. `properties`: of tables
    that are made. `has_repeats`: whether changes that the relay has sent again are among the changes. The lander leaves
    them out; then rows that the copy of a table did not bring are not removed at its end."""

    prefix: str = ""
    tables: tuple[str, ...] = ("*.*",)
    exclude: tuple[str, ...] = ()
    using: str = "iceberg"
    properties: Mapping[str, str] = field(default_factory=dict)
    zero_dates: str = "refuse"
    without_key: str = "refuse"
    has_repeats: bool = False


@dataclass(frozen=True)
class _Head:
    """What is the same for many rows of a table. `place`: of one of them."""

    types: dict[str, str]
    key: tuple[str, ...] | None
    time_zone: str | None
    is_delete: bool
    is_marked: bool
    place: str


class Merger:
    """Of one topic. Raises LakeError; what Spark raises otherwise passes through."""

    def __init__(self, spark: SparkSession, topic: str, options: MergeOptions) -> None:
        self._spark = spark
        self._topic = topic
        self._options = options
        self._filter = TableFilter(options.tables, options.exclude)
        self.selection = (*options.tables, *(f"-{pattern}" for pattern in options.exclude))
        self._tables: dict[tuple[str, str], SparkTable] = {}

    def table(self, database: str, table: str) -> SparkTable:
        """Whether or not it is there."""
        name = (database, table)
        if name not in self._tables:
            parts = [*(part for part in self._options.prefix.split(".") if part), database, table]
            self._tables[name] = SparkTable(self._spark, parts, self._options.using, self._options.properties)
        return self._tables[name]

    def states(self) -> dict[tuple[str, str], TableState]:
        """Of the tables that are there and were made of this topic."""
        prefix = ".".join(f"`{part}`" for part in self._options.prefix.split(".") if part)
        try:
            spaces = self._spark.sql(f"SHOW NAMESPACES IN {prefix}" if prefix else "SHOW NAMESPACES").collect()
        except Exception as error:
            # A catalog in a folder that nothing was written to yet.
            if not re.search("FileNotFoundException|NoSuchNamespaceException", str(error)):
                raise
            return {}
        states: dict[tuple[str, str], TableState] = {}
        for (space,) in spaces:
            database = space.rpartition(".")[2]
            parts = [*([prefix] if prefix else []), f"`{database}`"]
            for row in self._spark.sql(f"SHOW TABLES IN {'.'.join(parts)}").collect():
                name = (database, row["tableName"])
                if row["isTemporary"] or not self._filter.includes(*name):
                    continue
                state = self.table(*name).state(is_strict=False)
                if state is not None and state.topic == self._topic:
                    states[name] = state
        return states

    def merge(
        self, changes: DataFrame, places: Mapping[str, int] | None = None, known: Iterable[tuple[str, str]] = ()
    ) -> dict[str, int]:
        """Merges what of `changes` each table does not have yet; returns how many changes of each there were.

        `places`: queue → up to where `changes` goes; None: up to the last that is there. `known`: tables that are
        merged even if nothing but a statement names them.
        """
        heads, counts, ends = self._overview(changes)
        events = self._events(changes)
        reach = dict(places) if places is not None else ends
        names = {name for name in heads if self._filter.includes(*name)} | set(known)
        names |= {(event["database"], event["table"]) for event in events if event["kind"] != STATEMENT}
        merged = [
            name
            for name in sorted(name for name in names if self._filter.includes(*name))
            if self._merge_table(changes, name, heads.get(name, []), events, reach)
        ]
        return {".".join(name): counts.get(name, 0) for name in merged}

    def _overview(
        self, changes: DataFrame
    ) -> tuple[dict[tuple[str, str], list[_Head]], dict[tuple[str, str], int], dict[str, int]]:
        from pyspark.sql import functions as F

        queue = F.concat(F.col("broker"), F.lit(":"), F.col("queue").cast("string"))
        rows = (
            changes.groupBy(
                *("database", "table", "types", "key"),
                F.get_json_object("more", "$.timeZone").alias("time_zone"),
                (F.col("kind") == DELETE).alias("is_delete"),
                F.col("marks").isNotNull().alias("is_marked"),
                F.col("kind").isin(*ROW_KINDS).alias("has_rows"),
                queue.alias("queue"),
            )
            .agg(F.count("*").alias("count"), F.min("offset").alias("first"), F.max("offset").alias("last"))
            .collect()
        )
        heads: dict[tuple[str, str], list[_Head]] = {}
        counts: dict[tuple[str, str], int] = {}
        ends: dict[str, int] = {}
        for row in sorted(rows, key=lambda row: (row["queue"], row["first"])):
            ends[row["queue"]] = max(ends.get(row["queue"], 0), row["last"] + 1)
            if not row["has_rows"]:
                continue
            name = (row["database"], row["table"])
            counts[name] = counts.get(name, 0) + row["count"]
            key = None if row["key"] is None else tuple(json.loads(row["key"]))
            place = f"queue {row['queue']}, offset {row['first']}"
            heads.setdefault(name, []).append(
                _Head(json.loads(row["types"]), key, row["time_zone"], row["is_delete"], row["is_marked"], place)
            )
        return heads, counts, ends

    def _events(self, changes: DataFrame) -> list[Row]:
        """Statements and marks of copies, in the order of each lane; a statement that came again only once."""
        from pyspark.sql import functions as F

        columns = (
            "id",
            "database",
            "table",
            "kind",
            "lane",
            "broker",
            "queue",
            "offset",
            "gtid",
            "copy",
            "more",
            "sql",
        )
        rows = changes.where(~F.col("kind").isin(*ROW_KINDS)).select(*columns).collect()
        first: dict[tuple[str, str], Row] = {}
        for row in sorted(rows, key=lambda row: (row["broker"], row["queue"], row["offset"])):
            first.setdefault((row["lane"], row["id"]), row)
        return list(first.values())

    def _merge_table(
        self,
        changes: DataFrame,
        name: tuple[str, str],
        heads: Sequence[_Head],
        events: Sequence[Row],
        reach: Mapping[str, int],
    ) -> bool:
        """False: the table is left out."""
        target = self.table(*name)
        before = target.state()
        if before is not None and before.topic != self._topic:
            raise LakeError("TABLE_FOREIGN", f"The table {target.name} was made of the topic {before.topic}.")
        marks = TableMarks(before)
        sweeps = self._sweeps(name, marks, before, events)
        if before is None and not heads:
            return False
        key = self._key_of(name, heads, before)
        if key is None:
            return False
        state = before or TableState(self._topic, self.selection, key)
        if heads:
            types = self._types_of(heads, key)
            columns = target.prepare({**types, LANE: ColumnType("string"), OFFSET: ColumnType("long")}, state)
        else:
            types, columns = {}, {}
        if heads or sweeps:
            rows = _unmerged(changes, name, before)
            log = key == (CHANGE,)
            target.merge(newest_rows(rows, ".".join(name), columns, types, key, sweeps, log), key, sweeps)
        places = {**state.places, **{queue: QueuePlace(offset) for queue, offset in reach.items()}}
        for queue, place in state.places.items():
            places[queue] = max(place, places[queue], key=lambda each: each.offset)
        target.store(marks.put_into(replace(state, places=places, tables=self.selection)), before)
        return True

    def _sweeps(
        self, name: tuple[str, str], marks: TableMarks, before: TableState | None, events: Sequence[Row]
    ) -> dict[str, int]:
        sweeps: dict[str, int] = {}
        for event in events:
            more = json.loads(event["more"])
            queue = f"{event['broker']}:{event['queue']}"
            if before is not None and queue in before.places and event["offset"] < before.places[queue].offset:
                continue
            lane, offset = event["lane"], event["offset"]
            gone: int | None = None
            if event["kind"] == STATEMENT:
                if not is_named(more["tables"], event["database"], *name):
                    continue
                if self._options.has_repeats or marks.is_new(lane, event["id"]):
                    gone = marks.statement(more["type"], event["sql"], event["gtid"] or more["position"], offset)
            elif (event["database"], event["table"]) == name:
                if event["kind"] == COPY_BEGIN:
                    gone = marks.begin_copy(lane, event["copy"], offset, bool(more["replaces"]))
                else:
                    gone = marks.end_copy(lane, event["copy"], more["lanes"])
                    gone = gone if self._options.has_repeats else None
            if gone is not None:
                sweeps[lane] = max(gone, sweeps.get(lane, 0))
        return sweeps

    def _key_of(
        self, name: tuple[str, str], heads: Sequence[_Head], state: TableState | None
    ) -> tuple[str, ...] | None:
        """None: the table is left out."""
        keys: dict[tuple[str, ...], str] = {}
        for head in heads:
            if head.is_marked and not head.is_delete:
                raise LakeError(
                    "MESSAGE_MARKED",
                    f"{head.place}: rows of {'.'.join(name)} are marked, so that values in them are not MySQL's.",
                    "Have the relay publish whole rows, and copy the table again.",
                )
            if head.key is None and self._options.without_key == "refuse":
                raise LakeError("KEY_MISSING", f"{head.place}: the table {'.'.join(name)} has no primary key.")
            if head.key is None and self._options.without_key == "skip":
                return None
            keys.setdefault((CHANGE,) if head.key is None else head.key, head.place)
        if state is not None:
            keys.setdefault(state.key, "")
        if len(keys) > 1:
            texts = " and ".join(f"({', '.join(key)})" for key in keys)
            place = next(place for place in keys.values() if place)
            raise LakeError("KEY_CHANGED", f"{place}: the primary key of {'.'.join(name)} was changed: {texts}.")
        return next(iter(keys))

    def _types_of(self, heads: Sequence[_Head], key: tuple[str, ...]) -> dict[str, ColumnType]:
        """Of all definitions together."""
        types: dict[str, ColumnType] = {}
        for head in heads:
            for column, declared in head.types.items():
                type = column_type(declared, self._options.zero_dates, head.time_zone)
                types[column] = types[column].joined(type) if column in types else type
        if key == (CHANGE,):
            types |= {CHANGE: ColumnType("string"), KIND: ColumnType("string")}
        return types


def _unmerged(changes: DataFrame, name: tuple[str, str], before: TableState | None) -> DataFrame:
    from pyspark.sql import functions as F

    rows = changes.where((F.col("database") == name[0]) & (F.col("table") == name[1]) & F.col("kind").isin(*ROW_KINDS))
    for queue, place in (before.places if before else {}).items():
        broker, _, number = queue.rpartition(":")
        is_of_queue = (F.col("broker") == broker) & (F.col("queue") == int(number))
        rows = rows.where(~(is_of_queue & (F.col("offset") < place.offset)))
    return rows
