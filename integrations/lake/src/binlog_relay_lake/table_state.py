"""What a table of Iceberg says of the topic that it is made of: in the summary of the snapshot that has the rows.

So rows and place are committed together: whoever dies before the commit has written neither.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .errors import LakeError

if TYPE_CHECKING:
    from pyiceberg.table import Table

#: Of the summary of a snapshot.
PROPERTY = "binlog-relay.state"
_VERSION = 1


@dataclass(frozen=True)
class QueuePlace:
    """`offset`: where to read on. `lanes`: (stream, lane) → epoch and sequence of the newest message before it."""

    offset: int
    lanes: Mapping[tuple[str, str], tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class LaneCopy:
    """A copy of the table that has come in a lane. `begin`: the offset of its begin; None when it has ended there."""

    copy: str
    begin: int | None


@dataclass(frozen=True)
class TableState:
    topic: str
    #: The tables that the program was to read: when others join them, the topic is read anew.
    tables: tuple[str, ...]
    key: tuple[str, ...]
    #: By queue.
    places: Mapping[str, QueuePlace] = field(default_factory=dict)
    #: By lane.
    copies: Mapping[str, LaneCopy] = field(default_factory=dict)
    #: By lane: ids of statements that emptied it, the newest ones, where changes that came again are left out before.
    emptied: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: Since which statement the table may not be that of MySQL, until it was copied again; empty: it is.
    differs: str = ""

    def text(self) -> str:
        fields = {
            "version": _VERSION,
            "topic": self.topic,
            "tables": self.tables,
            "key": self.key,
            "places": {
                queue: [place.offset, [[*lane, *position] for lane, position in place.lanes.items()]]
                for queue, place in self.places.items()
            },
            "copies": {lane: [copy.copy, copy.begin] for lane, copy in self.copies.items()},
            "emptied": {lane: list(ids) for lane, ids in self.emptied.items()},
            "differs": self.differs,
        }
        return json.dumps(fields, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def parsed(cls, text: str, name: str) -> TableState:
        """`name`: of the table that has it, for an error."""
        fields = json.loads(text)
        if fields.pop("version", None) != _VERSION:
            raise LakeError("TABLE_FOREIGN", f"The table {name} was written by a version that this one does not know.")
        return cls(
            topic=fields["topic"],
            tables=tuple(fields["tables"]),
            key=tuple(fields["key"]),
            places={
                queue: QueuePlace(offset, {(stream, lane): (epoch, n) for stream, lane, epoch, n in lanes})
                for queue, (offset, lanes) in fields["places"].items()
            },
            copies={lane: LaneCopy(copy, begin) for lane, (copy, begin) in fields["copies"].items()},
            emptied={lane: tuple(ids) for lane, ids in fields["emptied"].items()},
            differs=fields["differs"],
        )


def state_of(table: Table, name: str) -> TableState | None:
    """Of the newest snapshot that has one: others may have compacted the table since. None: the table is new."""
    snapshot = table.current_snapshot()
    if snapshot is None:
        return None
    while snapshot is not None:
        text = snapshot.summary.additional_properties.get(PROPERTY) if snapshot.summary else None
        if text:
            return TableState.parsed(text, name)
        snapshot = table.snapshot_by_id(snapshot.parent_snapshot_id) if snapshot.parent_snapshot_id else None
    raise LakeError("TABLE_FOREIGN", f"The table {name} has rows, and no snapshot that says up to where it was read.")
