"""The topic as a streaming source of Spark 4: `spark.readStream.format("binlog-relay")`, rows as the change log's.

    spark.dataSource.register(BinlogRelaySource)
    changes = spark.readStream.format("binlog-relay").options(nameServer="…:9876", topic="order-binlog").load()

Spark's checkpoint has the offset of each queue, with what is known of its lanes there. A batch is planned by the
properties of its messages alone; each queue is then read and parsed by a task of its own. This package must be on the
executors.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyspark.sql.datasource import DataSource, DataSourceStreamReader, InputPartition
from pyspark.sql.types import StructType

from .builder import rows_of
from .changes import Changes, LaneGate, LanePosition, QueueReader, facts_of
from .errors import LakeError
from .landed import SCHEMA
from .patterns import TableFilter
from .remoting import DEFAULT_GROUP, Queue, Topic
from .torn import torn_because

_BATCH_BYTES = 8 << 20
_READ_MARKS = ("oversize", "partial", "invalidText")
_TYPES = {pa.string(): "string", pa.int64(): "bigint", pa.int32(): "int"}


@dataclass
class QueueRange(InputPartition):
    """The messages start … end-1 of a queue. `lanes`: what is known of them at the start."""

    broker: str
    queue: int
    start: int
    end: int
    lanes: list[list[Any]]


class BinlogRelaySource(DataSource):
    """Options: nameServer, topic; group, tables (patterns, by commas), accessKey, accessSecret, tls (`true`, or the
    path of a PEM file), start (`earliest`, `latest`), maxMessagesPerQueue of a batch."""

    @classmethod
    def name(cls) -> str:
        return "binlog-relay"

    def schema(self) -> str:
        return ", ".join(f"`{field.name}` {_TYPES.get(field.type, 'timestamp')}" for field in SCHEMA)

    def streamReader(self, schema: StructType) -> BinlogRelayStream:
        return BinlogRelayStream(dict(self.options))


class BinlogRelayStream(DataSourceStreamReader):
    def __init__(self, options: Mapping[str, str]) -> None:
        #: Spark may have made them lower case.
        self._options = {name.lower(): value for name, value in options.items()}
        self._at: dict[str, str] | None = None

    def initialOffset(self) -> dict[str, str]:
        is_latest = self._option("start", "earliest") == "latest"
        with self._topic() as topic:
            return {
                str(queue): _text(topic.max_offset(queue) if is_latest else topic.min_offset(queue), [])
                for queue in topic.queues()
            }

    def latestOffset(self) -> dict[str, str]:
        at = dict(self._at or self.initialOffset())
        most = int(self._option("maxmessagesperqueue", "0")) or None
        with self._topic() as topic:
            for queue in topic.queues():
                name = str(queue)
                if name not in at:
                    at[name] = _text(topic.min_offset(queue), [])
                at[name] = self._planned(topic, queue, at[name], most)
        self._at = at
        return at

    def partitions(self, start: dict[str, str], end: dict[str, str]) -> Sequence[InputPartition]:
        # After a restart this is how it comes to know where it was.
        self._at = self._at or end
        ranges = []
        for name, text in end.items():
            broker, _, number = name.rpartition(":")
            first, lanes = json.loads(start[name]) if name in start else (None, [])
            last, _ = json.loads(text)
            if first is None:
                with self._topic() as topic:
                    first = topic.min_offset(Queue(broker, int(number)))
            if first < last:
                ranges.append(QueueRange(broker, int(number), first, last, lanes))
        return ranges

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        assert isinstance(partition, QueueRange)
        queue = Queue(partition.broker, partition.queue)
        reader = QueueReader(
            self._option("topic"),
            queue,
            tables=TableFilter(self._option("tables", "*.*").split(",")),
            accepted_marks=_READ_MARKS,
            positions=_positions(partition.lanes),
        )
        held: list[Changes] = []
        size = 0
        with self._topic() as topic:
            at = partition.start
            while at < partition.end:
                pulled = topic.pull(queue, at, max_messages=min(32, partition.end - at))
                for message in pulled.messages:
                    changes = reader.read(message)
                    if changes is not None:
                        held.append(changes)
                        size += len(message.body)
                if pulled.next_offset <= at:
                    raise LakeError("OFFSET_BEYOND", f"{queue}: the messages from offset {at} on are gone.")
                at = pulled.next_offset
                if size > _BATCH_BYTES:
                    yield from _batches(held, queue)
                    held, size = [], 0
        if held:
            yield from _batches(held, queue)

    def commit(self, end: dict[str, str]) -> None:
        pass

    def _planned(self, topic: Topic, queue: Queue, text: str, most: int | None) -> str:
        """Where the batch ends in this queue: reads the properties of messages, and sees gaps."""
        start, lanes = json.loads(text)
        gate = LaneGate(_positions(lanes))
        at, end = start, topic.max_offset(queue)
        if most is not None:
            end = min(end, start + most)
        while at < end:
            pulled = topic.pull(queue, at, max_messages=min(32, end - at))
            for message in pulled.messages:
                if torn_because(message) is not None:
                    continue
                place = f"Topic {topic.topic}, queue {queue}, offset {message.offset}"
                facts = facts_of(message, place)
                if gate.judge(facts, place) != "repeat":
                    gate.passed(facts)
            if pulled.next_offset <= at:
                break
            at = pulled.next_offset
        return _text(at, [[*lane, position.epoch, position.sequence] for lane, position in gate.positions.items()])

    def _topic(self) -> Topic:
        tls = self._option("tls", "false")
        return Topic(
            self._option("nameserver"),
            self._option("topic"),
            access_key=self._options.get("accesskey"),
            secret_key=self._options.get("accesssecret"),
            tls={"true": True, "false": False}.get(tls, tls),
            group=self._option("group", DEFAULT_GROUP),
        )

    def _option(self, name: str, default: str | None = None) -> str:
        value = self._options.get(name, default)
        if value is None:
            raise LakeError("CONFIG_INVALID", f"The option {name} is missing.")
        return value


def _text(offset: int, lanes: list[list[Any]]) -> str:
    return json.dumps([offset, lanes], separators=(",", ":"))


def _positions(lanes: list[list[Any]]) -> dict[tuple[str, str], LanePosition]:
    return {(stream, lane): LanePosition(epoch, sequence) for stream, lane, epoch, sequence in lanes}


def _batches(held: list[Changes], queue: Queue) -> Iterator[pa.RecordBatch]:
    rows = rows_of(held, queue)
    yield from pa.table(
        [rows[field.name].cast(_arrow(field.type)) for field in SCHEMA], names=SCHEMA.names
    ).to_batches()


def _arrow(type: pa.DataType) -> pa.DataType:
    return pa.timestamp("us", "UTC") if pa.types.is_timestamp(type) else type
