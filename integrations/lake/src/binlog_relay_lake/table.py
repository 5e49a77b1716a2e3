"""The topic as tables of Iceberg that equal MySQL's: `TableJob`.

All tables are read in one pass. Each commits its rows together with the place that they reach to, so tables may differ
in how far they are after a kill: the topic is read on from the least, and each table passes over what it has.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .batch import Batch
from .changes import Changes, LanePosition, QueueReader
from .current_table import CurrentTable
from .errors import LakeError
from .iceberg_table import IcebergTable
from .kinds import ROW_KINDS, STATEMENT
from .log import Log
from .marks import is_named
from .patterns import TableFilter
from .remoting import Message, Queue, Topic
from .table_state import QueuePlace, TableState

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

#: Marks that a DELETE may have, whose key is whole all the same; CurrentTable refuses them elsewhere.
_READ_MARKS = ("oversize", "partial")
_IDLE_S = 0.2
#: So often new queues are looked for.
_DISCOVERY_S = 30.0
#: So often the place of a table moves that nothing comes of, so that retention does not overtake it.
_IDLE_COMMIT_S = 3600.0


@dataclass(frozen=True)
class TableOptions:
    """`namespace`: in front of the database's name. `commit_rows`, `commit_seconds`: whichever comes first."""

    tables: tuple[str, ...] = ("*.*",)
    exclude: tuple[str, ...] = ()
    namespace: tuple[str, ...] = ()
    commit_rows: int = 200_000
    commit_seconds: float = 60
    zero_dates: str = "refuse"
    without_key: str = "refuse"


@dataclass
class TableCounts:
    messages: int = 0
    rows: int = 0
    repeats: int = 0
    commits: int = 0


@dataclass
class _Table:
    """`ahead`: queue → the offset that its own commits reach to, where that is beyond what is read."""

    current: CurrentTable
    target: IcebergTable | None
    ahead: dict[str, int] = field(default_factory=dict)


class TableJob:
    """Reads on where the tables are. What it raises leaves all of them as they were committed last."""

    def __init__(
        self,
        topic: Topic,
        catalog: Catalog,
        options: TableOptions,
        *,
        log: Log | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        before_commit: Callable[[int], None] = lambda number: None,
    ) -> None:
        """`before_commit` is called with the number of the commit, from 1: for tests."""
        self._topic = topic
        self._catalog = catalog
        self._options = options
        self._log = log or Log("warn")
        self._monotonic = monotonic
        self._before_commit = before_commit
        self._filter = TableFilter(options.tables, options.exclude)
        self._selection = (*options.tables, *(f"-{pattern}" for pattern in options.exclude))
        self._tables: dict[tuple[str, str], _Table] = {}
        self._readers: dict[Queue, QueueReader] = {}
        self._offsets: dict[Queue, int] = {}
        #: Where all tables are that are not there yet.
        self._committed: dict[Queue, QueuePlace] = {}
        self.counts = TableCounts()

    def run(self, stop: threading.Event, until_end: bool = False) -> None:
        """Until `stop` is set; or, with `until_end`, until it has read what was there when it began."""
        self._load()
        ends = {queue: self._topic.max_offset(queue) for queue in self._offsets} if until_end else None
        committed_at = looked_at = discovered_at = self._monotonic()
        while not stop.is_set():
            got = self._read_round(ends)
            now = self._monotonic()
            changes = sum(table.current.changes for table in self._tables.values())
            is_done = ends is not None and all(self._offsets[queue] >= end for queue, end in ends.items())
            if is_done:
                break
            if changes >= self._options.commit_rows or now - committed_at >= self._options.commit_seconds:
                is_idle = now - looked_at >= _IDLE_COMMIT_S
                self._commit(also_idle=is_idle)
                committed_at = self._monotonic()
                looked_at = now if is_idle else looked_at
            if not got:
                if now - discovered_at >= _DISCOVERY_S:
                    self._find_queues()
                    discovered_at = now
                stop.wait(_IDLE_S)
        self._commit(also_idle=True)

    def _load(self) -> None:
        queues = self._topic.queues()
        for identifier in self._present():
            database, table = identifier[-2:]
            target = self._target(database, table)
            if target is None or target.state is None:
                continue
            if target.state.topic != self._topic.topic:
                raise LakeError("TABLE_FOREIGN", f"The table {target.name} was made of the topic {target.state.topic}.")
            self._tables[database, table] = _Table(self._current(database, table, target.state), target)
        states = [table.target.state for table in self._tables.values() if table.target and table.target.state]
        # A table that was not read before may have rows anywhere.
        is_read_on = bool(states) and all(state.tables == self._selection for state in states)
        for queue in queues:
            places = [state.places[str(queue)] for state in states if str(queue) in state.places]
            is_known = is_read_on and len(places) == len(states)
            self._begin(queue, min(places, key=lambda place: place.offset) if is_known else None)
        for present in self._tables.values():
            state = present.target.state if present.target else None
            if state is not None:
                present.ahead = {queue: place.offset for queue, place in state.places.items()}

    def _begin(self, queue: Queue, place: QueuePlace | None) -> None:
        if place is None:
            place = QueuePlace(self._topic.min_offset(queue))
            self._log.info("a queue is read from its first message on", queue=str(queue), offset=place.offset)
        self._readers[queue] = QueueReader(
            self._topic.topic,
            queue,
            tables=self._filter,
            accepted_marks=_READ_MARKS,
            positions={lane: LanePosition(*position) for lane, position in place.lanes.items()},
        )
        self._offsets[queue] = place.offset
        self._committed[queue] = place

    def _find_queues(self) -> None:
        for queue in self._topic.queues():
            if queue not in self._readers:
                self._begin(queue, None)

    def _present(self) -> list[tuple[str, ...]]:
        """Tables of the catalog that may be ours."""
        from pyiceberg.exceptions import NoSuchNamespaceError

        prefix = self._options.namespace
        try:
            spaces = [space for space in self._catalog.list_namespaces(prefix) if space[: len(prefix)] == prefix]
        except NoSuchNamespaceError:
            return []
        return [
            identifier
            for space in spaces
            if len(space) == len(prefix) + 1
            for identifier in self._catalog.list_tables(space)
            if self._filter.includes(identifier[-2], identifier[-1])
        ]

    def _target(self, database: str, table: str) -> IcebergTable | None:
        identifier = (*self._options.namespace, database, table)
        return IcebergTable.load(self._catalog, identifier, f"{database}.{table}", self._options.zero_dates)

    def _current(self, database: str, table: str, state: TableState | None) -> CurrentTable:
        return CurrentTable(database, table, state, self._options.without_key)

    def _read_round(self, ends: dict[Queue, int] | None) -> int:
        """Takes the next messages of each queue; returns how many. Not beyond `ends`."""
        got = 0
        for queue, reader in list(self._readers.items()):
            end = None if ends is None else ends.get(queue, 0)
            if end is not None and self._offsets[queue] >= end:
                continue
            pulled = self._topic.pull(queue, self._offsets[queue])
            for message in pulled.messages:
                self._take(queue, reader, message)
                self._offsets[queue] = message.offset + 1
            got += len(pulled.messages)
        self.counts.messages += got
        return got

    def _take(self, queue: Queue, reader: QueueReader, message: Message) -> None:
        changes = reader.read(message)
        if changes is None:
            return
        if changes.kind == STATEMENT:
            self._take_statement(queue, changes, message)
            return
        name = (changes.database, changes.table)
        table = self._tables.get(name)
        if table is None:
            table = self._tables[name] = _Table(self._current(*name, None), None)
        if message.offset < table.ahead.get(str(queue), 0):
            return
        if changes.kind in ROW_KINDS:
            if table.current.take_rows(changes, reader.place_of(message)):
                self.counts.rows += len(changes.data)
        else:
            table.current.take_copy_mark(changes)

    def _take_statement(self, queue: Queue, changes: Changes, message: Message) -> None:
        for name, table in self._tables.items():
            is_ahead = message.offset < table.ahead.get(str(queue), 0)
            if is_ahead or not is_named(changes.more["tables"], changes.database, *name):
                continue
            differs = table.current.take_statement(changes)
            if differs:
                self._log.warn(
                    "a statement may have changed rows: have the relay copy the table (binlog-relay copy)",
                    table=".".join(name),
                    since=differs,
                )

    def _commit(self, also_idle: bool = False) -> None:
        changed = [table for table in self._tables.values() if table.current.is_changed]
        for table in changed:
            if table.current.pending and table.target is None:
                self._create(table)
        written = [table for table in self._tables.values() if table.target and (table in changed or also_idle)]
        for table in written:
            self._commit_table(table)
        self._committed = {queue: self._place(queue) for queue in self._readers}
        self.counts.repeats = sum(reader.repeats for reader in self._readers.values())

    def _create(self, table: _Table) -> None:
        """With the place that all others have passed by now: nobody goes beyond it before all new ones are there."""
        database, name = table.current.database, table.current.table
        definition = table.current.pending[0].definition
        table.target = self._target(database, name)
        if table.target is None:
            identifier = (*self._options.namespace, database, name)
            options = (identifier, table.current.name, definition, self._options.zero_dates)
            table.target = IcebergTable.create(self._catalog, *options)
        state = TableState(
            self._topic.topic,
            self._selection,
            definition.key,
            {str(queue): place for queue, place in self._committed.items()},
        )
        if table.target.state is None:
            table.target.commit(None, state)
        table.current.state = table.target.state
        self._log.info("created", table=table.current.name)

    def _commit_table(self, table: _Table) -> None:
        target, current = table.target, table.current
        assert target is not None and target.state is not None
        before = target.state
        state = current.with_marks(replace(before, tables=self._selection, places=self._places(table)))
        # Of another definition each; what comes before the last one comes again after a kill.
        earlier, last = current.pending[:-1], current.pending[-1] if current.pending else None
        rows = current.changes
        for batch in earlier:
            self._write(target, batch, before)
        if last is not None or state != before:
            self._write(target, last, state)
        current.pending = []
        current.state = state
        if rows:
            self._log.info("committed", table=current.name, changes=rows)

    def _write(self, target: IcebergTable, batch: Batch | None, state: TableState) -> None:
        self.counts.commits += 1
        self._before_commit(self.counts.commits)
        target.commit(batch, state)

    def _places(self, table: _Table) -> dict[str, QueuePlace]:
        before = table.target.state.places if table.target and table.target.state else {}
        places = dict(before)
        for queue in self._readers:
            name = str(queue)
            if name not in before or before[name].offset <= self._offsets[queue]:
                places[name] = self._place(queue)
        return places

    def _place(self, queue: Queue) -> QueuePlace:
        positions = self._readers[queue].gate.positions
        lanes = {lane: (position.epoch, position.sequence) for lane, position in positions.items()}
        return QueuePlace(self._offsets[queue], lanes)
