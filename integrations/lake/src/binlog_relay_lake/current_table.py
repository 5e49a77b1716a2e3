"""What has come of one table since its last commit, as batches. Pure."""

from __future__ import annotations

import json
from dataclasses import replace

from .batch import Batch, Definition
from .changes import Changes, require_marks
from .errors import LakeError
from .kinds import COPY_BEGIN, DELETE
from .marks import TableMarks
from .table_state import TableState

#: Columns of a table without a primary key, beside those of MySQL.
CHANGE, KIND = "_relay_change", "_relay_kind"
WITHOUT_KEY = ("refuse", "log", "skip")


class CurrentTable:
    """`state`: as it was committed; None: nothing was. `pending`: to be committed, one batch after the other."""

    def __init__(self, database: str, table: str, state: TableState | None, without_key: str = "refuse") -> None:
        self.database = database
        self.table = table
        self.name = f"{database}.{table}"
        self.state = state
        self.pending: list[Batch] = []
        self._without_key = without_key
        self._marks = TableMarks(state)

    @property
    def changes(self) -> int:
        return sum(batch.changes for batch in self.pending)

    @property
    def is_changed(self) -> bool:
        return bool(self.pending) or (self.state is not None and self._marks.put_into(self.state) != self.state)

    def with_marks(self, state: TableState) -> TableState:
        """`state` with what is known of copies and statements by now."""
        return self._marks.put_into(state)

    def take_rows(self, changes: Changes, place: str) -> bool:
        """False: rows of a table that is left out."""
        if changes.kind != DELETE:
            # Of a row that is deleted the key is enough.
            require_marks(changes.facts.marks, (), place)
        if changes.key is None and self._without_key == "skip":
            return False
        definition = self._definition(changes, place)
        batch = self._batch(definition)
        lane, offset = changes.facts.lane, changes.offset
        rows = json.loads(f"[{','.join(changes.data)}]")
        if changes.key is None:
            for row, id in zip(rows, changes.ids, strict=True):
                batch.upsert({**row, CHANGE: id, KIND: changes.kind}, None, lane, offset)
        elif changes.kind == DELETE:
            for row in rows:
                batch.delete(row, lane, offset)
        elif changes.old is None:
            for row in rows:
                batch.upsert(row, None, lane, offset)
        else:
            for row, old in zip(rows, json.loads(f"[{','.join(changes.old)}]"), strict=True):
                batch.upsert(row, old, lane, offset)
        return True

    def take_copy_mark(self, changes: Changes) -> None:
        lane, copy = changes.facts.lane, changes.facts.copy or ""
        if changes.kind == COPY_BEGIN:
            gone = self._marks.begin_copy(lane, copy, changes.offset, bool(changes.more.get("replaces")))
        else:
            gone = self._marks.end_copy(lane, copy, changes.facts.lanes or 0)
        self._sweep(lane, gone)

    def take_statement(self, changes: Changes) -> str:
        """One that names the table. Returns since when the table differs because of it; empty: nothing new."""
        before = self._marks.differs
        place = changes.gtid or changes.more["position"]
        gone = self._marks.statement(changes.more["type"], changes.sql or "", place, changes.offset)
        self._sweep(changes.facts.lane, gone)
        return self._marks.differs if before == "" else ""

    def _sweep(self, lane: str, before: int | None) -> None:
        """The rows that came in the lane before this offset are gone."""
        if before is None or (not self.pending and self.state is None):
            return
        if not self.pending:
            key = () if self.state is None else self.state.key
            self.pending.append(Batch(Definition({}, key)))
        self.pending[-1].sweep(lane, before)

    def _definition(self, changes: Changes, place: str) -> Definition:
        assert changes.types is not None
        time_zone, binary = changes.more.get("timeZone"), changes.more.get("binary", "base64")
        if changes.key is None:
            if self._without_key == "refuse":
                raise LakeError("KEY_MISSING", f"{place}: the table {self.name} has no primary key.")
            definition = Definition(
                {**changes.types, CHANGE: "varchar(255)", KIND: "varchar(6)"}, (CHANGE,), time_zone, binary
            )
        else:
            definition = Definition(changes.types, tuple(changes.key), time_zone, binary)
        key = self.pending[-1].definition.key if self.pending else self.state.key if self.state else definition.key
        if key != definition.key:
            raise LakeError(
                "KEY_CHANGED",
                f"{place}: the primary key of {self.name} was ({', '.join(key)}) and is ({', '.join(definition.key)}).",
            )
        if changes.kind == DELETE:
            # It may have the key alone.
            return replace(definition, types={**self._newest_types(), **definition.types})
        return definition

    def _newest_types(self) -> dict[str, str]:
        return dict(self.pending[-1].definition.types) if self.pending else {}

    def _batch(self, definition: Definition) -> Batch:
        if self.pending and self.pending[-1].definition == definition:
            return self.pending[-1]
        if self.pending and self._is_extended(self.pending[-1], definition):
            self.pending[-1].definition = definition
            return self.pending[-1]
        batch = Batch(definition)
        self.pending.append(batch)
        return batch

    def _is_extended(self, batch: Batch, definition: Definition) -> bool:
        """Whether the batch has keys alone, of deleted rows, and may go on with more columns."""
        known = batch.definition
        return (
            (known.time_zone, known.binary) == (definition.time_zone, definition.binary)
            and known.types.items() <= definition.types.items()
            and all(newest.row is None for newest in batch.newest.values())
        )
