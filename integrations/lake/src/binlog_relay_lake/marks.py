"""What stands between the changes of a table, statements and marks of copies, and what it does to the table. Pure.

Everything is decided in a lane alone, by its own order: rows carry the lane and the offset that they came at, so that
TRUNCATE, or a copy that replaces, takes in each lane what came there before. No lane waits for another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .table_state import LaneCopy, TableState

#: database and table, None for all of it. The list is None for all tables of a database, empty: not understood.
Names = Sequence[Sequence["str | None"]] | None

#: Statements that empty a table, in a lane.
_REMEMBERED = 8


class TableMarks:
    """Methods return the offset before which rows of the lane are gone, or None."""

    def __init__(self, state: TableState | None) -> None:
        self._copies = dict(state.copies) if state else {}
        self._emptied = dict(state.emptied) if state else {}
        self._differs = state.differs if state else ""

    @property
    def differs(self) -> str:
        return self._differs

    def put_into(self, state: TableState) -> TableState:
        return replace(state, copies=dict(self._copies), emptied=dict(self._emptied), differs=self._differs)

    def begin_copy(self, lane: str, copy: str, offset: int, replaces: bool) -> int | None:
        self._copies[lane] = LaneCopy(copy, offset)
        return offset if replaces else None

    def end_copy(self, lane: str, copy: str, lanes: int) -> int | None:
        """What is there of the lane was copied or has changed since the copy began; what is older is gone.

        When it has ended in all lanes, the table is that of MySQL again.
        """
        begun = self._copies.get(lane)
        if begun is None or begun.copy != copy or begun.begin is None:
            return None
        self._copies[lane] = LaneCopy(copy, None)
        if sum(of == LaneCopy(copy, None) for of in self._copies.values()) == lanes:
            self._copies = {}
            self._differs = ""
        return begun.begin

    def statement(self, kind: str, sql: str, place: str, offset: int) -> int | None:
        """A statement that names the table. `place`: for people, what `differs` shows."""
        words = sql.upper().split(None, 3)
        if kind in ("TRUNCATE", "ERASE") or words[:2] in (["DROP", "DATABASE"], ["DROP", "SCHEMA"]):
            return offset
        if _may_change_rows(kind, words):
            self._differs = self._differs or f"{kind} {place}"
        return None

    def is_new(self, lane: str, id: str) -> bool:
        """Whether a statement did not come before, in a log that leaves out changes which come again: what it emptied
        then would lack the changes after it."""
        known = self._emptied.get(lane, ())
        if id in known:
            return False
        self._emptied[lane] = (*known, id)[-_REMEMBERED:]
        return True


def _may_change_rows(kind: str, words: Sequence[str]) -> bool:
    if kind == "CREATE":
        return words[1:3] == ["OR", "REPLACE"]
    return kind not in ("CINDEX", "DINDEX") and words[:2] not in (["CREATE", "DATABASE"], ["CREATE", "SCHEMA"])


def is_named(names: Names, of: str, database: str, table: str) -> bool:
    """Whether a statement names the table. `of`: the database that the statement is about."""
    if names is None:
        return of in (database, "")
    return len(names) == 0 or any(named[0] == database and named[1] in (table, None) for named in names)
