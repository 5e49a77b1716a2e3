"""One file of the change log while it is made, in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, chain
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from . import repeats
from .changes import Changes
from .kinds import DELETE
from .landed import SCHEMA
from .remoting import Queue

# Row groups of a table are about this large as text, so that a reader of one table skips the others.
_GROUP_BYTES = 8 << 20
_PENDING_BYTES = 48 << 20
_OF_A_ROW = 300  # bytes of a row beside its text, while it waits
_FEW_VALUES = [
    "database",
    "table",
    "kind",
    "stream",
    "lane",
    "broker",
    "gtid",
    "copy",
    "key",
    "types",
    "marks",
    "more",
    "sql",
]
_TEXT = pa.string()
_SCHEMA = pa.schema(
    [field.with_type(pa.dictionary(pa.int32(), _TEXT)) if field.name in _FEW_VALUES else field for field in SCHEMA]
)
_WITH_STATISTICS = ["database", "table", "kind", "epoch", "offset", "committed", "copy"]


class FileBuilder:
    """Rows are grouped by table; within a table they stay in order."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._pending: dict[tuple[str, str], list[Changes]] = {}
        self._bytes: dict[tuple[str, str], int] = {}
        self._pending_bytes = 0
        self._sink = pa.BufferOutputStream()
        self._writer: pq.ParquetWriter | None = None
        self.rows = 0
        self.repeats = 0
        self.repeated_lanes: set[str] = set()
        self.newest_ms = 0
        """Commit time of the newest change."""

    @property
    def held_bytes(self) -> int:
        return self._pending_bytes + self._sink.tell()

    @property
    def is_empty(self) -> bool:
        return self.rows == 0 and not self._pending

    @property
    def file_bytes(self) -> int:
        """How large the file will be, about."""
        return self._sink.tell() + self._pending_bytes // 10

    def add(self, changes: Changes, known: pa.ChunkedArray | None) -> None:
        """`known`: keys of changes that came before and are left out."""
        table = (changes.database, changes.table)
        size = _size_of(changes)
        self._pending.setdefault(table, []).append(changes)
        self._bytes[table] = self._bytes.get(table, 0) + size
        self._pending_bytes += size
        self.newest_ms = max(self.newest_ms, changes.committed_ms)
        if self._bytes[table] >= _GROUP_BYTES:
            self._write(table, known)
        elif self._pending_bytes >= _PENDING_BYTES:
            self._write(max(self._bytes, key=lambda each: self._bytes[each]), known)

    def finish(self, known: pa.ChunkedArray | None, metadata: Mapping[bytes, bytes]) -> pa.Buffer:
        """The whole file. Nothing can be added any more."""
        for table in sorted(self._pending):
            self._write(table, known)
        writer = self._opened()
        writer.add_key_value_metadata(dict(metadata))
        writer.close()
        return self._sink.getvalue()

    def _write(self, table: tuple[str, str], known: pa.ChunkedArray | None) -> None:
        messages = self._pending.pop(table)
        self._pending_bytes -= self._bytes.pop(table)
        rows = rows_of(messages, self._queue)
        if known is not None:
            is_known = pc.is_in(repeats.keys_of(rows), value_set=known.combine_chunks())
            # Rows of a copy never come again under the same id; a relay that begins anew counts them from 1 again.
            is_known = pc.and_(is_known, pc.is_null(rows["copy"]))
            came_before = rows.filter(is_known)
            self.repeats += came_before.num_rows
            self.repeated_lanes.update(pc.unique(came_before["lane"]).to_pylist())
            rows = rows.filter(pc.invert(is_known))
        self.rows += rows.num_rows
        if rows.num_rows > 0:
            self._opened().write_table(rows, row_group_size=rows.num_rows)

    def _opened(self) -> pq.ParquetWriter:
        if self._writer is None:
            self._writer = pq.ParquetWriter(
                self._sink,
                _SCHEMA,
                compression="zstd",
                compression_level=1,
                use_dictionary=_FEW_VALUES,
                write_statistics=_WITH_STATISTICS,
                store_schema=False,  # Readers see texts.
            )
        return self._writer


def _size_of(changes: Changes) -> int:
    size = sum(map(len, changes.data)) + len(changes.sql or "")
    if changes.old is not None:
        size += sum(map(len, changes.old))
    return size + _OF_A_ROW * (len(changes.data) + 1)


def rows_of(messages: list[Changes], queue: Queue) -> pa.Table:
    """As landed.SCHEMA has them, in order; texts that are the same for many rows are of a dictionary."""
    counts = [len(message.entries) for message in messages]
    ends = pa.array(accumulate(counts), pa.int32())

    def each(values: list[Any], kind: pa.DataType = _TEXT) -> pa.Array:
        """A value of the message for each of its rows."""
        if kind != _TEXT:
            return pc.run_end_decode(pa.RunEndEncodedArray.from_arrays(ends, pa.array(values, kind)))
        numbers: dict[str, int] = {}
        indices = [None if value is None else numbers.setdefault(value, len(numbers)) for value in values]
        return pa.DictionaryArray.from_arrays(each(indices, pa.int32()), pa.array(list(numbers), _TEXT))

    facts = [message.facts for message in messages]
    columns: dict[str, pa.Array] = {
        "id": pa.array([id for message in messages for id in message.ids], _TEXT),
        "database": each([message.database for message in messages]),
        "table": each([message.table for message in messages]),
        "kind": each([message.kind for message in messages]),
        "stream": each([fact.stream for fact in facts]),
        "lane": each([fact.lane for fact in facts]),
        "epoch": each([fact.position.epoch for fact in facts], pa.int64()),
        "sequence": each([fact.position.sequence for fact in facts], pa.int64()),
        "broker": each([queue.broker] * len(messages)),
        "queue": each([queue.id] * len(messages), pa.int32()),
        "offset": each([message.offset for message in messages], pa.int64()),
        "index": pa.array(chain.from_iterable(map(range, counts)), pa.int32()),
        "gtid": each([message.gtid for message in messages]),
        "committed": each([message.committed_ms for message in messages], pa.timestamp("ms", "UTC")),
        "copy": each([fact.copy for fact in facts]),
        "key": each([_json(message.key) for message in messages]),
        "types": each([_json(message.types) for message in messages]),
        "before": pa.array(list(chain.from_iterable(map(_before, messages))), _TEXT),
        "after": pa.array(list(chain.from_iterable(map(_after, messages))), _TEXT),
        "marks": each([",".join(fact.marks) or None for fact in facts]),
        "more": _more(messages, each),
        "sql": each([message.sql for message in messages]),
    }
    return pa.Table.from_arrays([columns[name] for name in SCHEMA.names], schema=_SCHEMA)


def _before(message: Changes) -> Sequence[str | None]:
    if message.kind == DELETE:
        return message.data
    return [None] * len(message.entries) if message.old is None else message.old


def _after(message: Changes) -> Sequence[str | None]:
    return [None] * len(message.entries) if message.kind == DELETE or not message.data else message.data


def _more(messages: list[Changes], each: Callable[[list[Any]], pa.Array]) -> pa.Array:
    if not any(message.invalid for message in messages):
        return each([_json(message.more or None) for message in messages])
    return pa.array(
        [
            _json(message.more | ({"invalidText": message.invalid[index]} if index in message.invalid else {}) or None)
            for message in messages
            for index in range(len(message.entries))
        ],
        _TEXT,
    ).dictionary_encode()


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
