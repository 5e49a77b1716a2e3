"""Changes of one table, reduced to what is left of them: the newest row of each key. Pure.

The rows of a key all travel in one lane, so their order is that of the lane's offsets, whatever queue is read first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Row = Mapping[str, "str | None"]
Key = tuple["str | None", ...]


@dataclass(frozen=True)
class Definition:
    """A table as the messages of a batch have it. `types`: column → mysqlType, in the order of the table."""

    types: Mapping[str, str]
    key: tuple[str, ...]
    #: Of the texts of TIMESTAMP columns; None: UTC.
    time_zone: str | None = None
    binary: str = "base64"


@dataclass(slots=True)
class Newest:
    """Of one key. `row`: None when it was deleted. `lane`, `offset`: where it came."""

    row: Row | None
    lane: str
    offset: int


@dataclass
class Batch:
    """Not of more than one definition: another one begins another batch."""

    definition: Definition
    newest: dict[Key, Newest] = field(default_factory=dict)
    #: Lane → rows of the lane that came before this offset are gone.
    sweeps: dict[str, int] = field(default_factory=dict)
    #: How many changes it was made of.
    changes: int = 0

    def upsert(self, row: Row, old: Row | None, lane: str, offset: int) -> None:
        """`old`: the previous values of the columns that changed."""
        key = tuple([row[part] for part in self.definition.key])
        if old is not None:
            before = tuple([old.get(part, row[part]) for part in self.definition.key])
            if before != key:
                self.newest[before] = Newest(None, lane, offset)
        self.newest[key] = Newest(row, lane, offset)
        self.changes += 1

    def delete(self, row: Row, lane: str, offset: int) -> None:
        self.newest[tuple([row[part] for part in self.definition.key])] = Newest(None, lane, offset)
        self.changes += 1

    def sweep(self, lane: str, before: int) -> None:
        """The rows that came in the lane before this offset are gone: TRUNCATE, and copies that replace."""
        self.sweeps[lane] = max(before, self.sweeps.get(lane, 0))
        for newest in self.newest.values():
            if newest.row is not None and newest.lane == lane and newest.offset < before:
                newest.row = None
        self.changes += 1

    @property
    def is_empty(self) -> bool:
        return not self.newest and not self.sweeps

    def rows(self) -> Iterator[Newest]:
        return (newest for newest in self.newest.values() if newest.row is not None)

    def columns(self) -> dict[str, list[str | None]]:
        """The texts of the rows that are left, by column."""
        rows = [newest.row for newest in self.newest.values() if newest.row is not None]
        return {name: [row.get(name) for row in rows] for name in self.definition.types}

    def keys(self) -> dict[str, list[str | None]]:
        """All keys that the batch says something about, by column."""
        parts: Sequence[Sequence[str | None]] = list(zip(*self.newest, strict=True)) or [()] * len(self.definition.key)
        return {name: list(part) for name, part in zip(self.definition.key, parts, strict=True)}
