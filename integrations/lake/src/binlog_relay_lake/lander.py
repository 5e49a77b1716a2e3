"""Lands a topic as a change log in Parquet (landed.py), each change once.

The files' names say how far each queue is landed, and their footers what was known of its lanes there: whatever a crash
cuts off is read again, and nothing else is.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from . import landed, repeats
from .builder import FileBuilder
from .changes import Facts, LanePosition, QueueReader
from .errors import LakeError
from .landed import LANES_KEY, LandedFile
from .log import Log
from .patterns import ALL_TABLES, TableFilter
from .remoting import Message, Pulled, Queue, Topic
from .target import Target

T = TypeVar("T")

_ROLL_ROWS = 1_000_000
_EMPTY_FILE_AFTER_S = 3600.0
_WAIT_MS = 1000
_IDLE_S = 0.2
_LOOK_S = 0.5
_MOST_WORKERS = 64
_MOST_KNOWN = 2_000_000
_FIRST_PAUSE_S, _LAST_PAUSE_S = 0.2, 10.0


@dataclass(frozen=True, slots=True)
class Rules:
    """When files end. `bytes`: of a file, about. `memory`: of all files that are being made."""

    bytes: int = 128 << 20
    age_s: float = 300
    memory: int = 512 << 20


@dataclass
class Counts:
    messages: int = 0
    bytes: int = 0
    rows: int = 0
    repeated_messages: int = 0
    repeated_changes: int = 0
    files: int = 0
    file_bytes: int = 0
    backlog: dict[Queue, int] = field(default_factory=dict)
    newest_ms: int = 0
    """Commit time of the newest change that was landed."""
    landed_at: float = 0
    """When a file was landed last, seconds since 1970."""
    problem: str = ""
    """What is waited for; empty when all is well."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A lane in which changes may come again. `offset`: where that began."""

    offset: int
    resume: str


class QueueLander:
    """One queue: from where its files end to the next file. Not for several threads."""

    def __init__(
        self,
        topic: str,
        queue: Queue,
        target: Target,
        start: int,
        lanes: Mapping[tuple[str, str], tuple[LanePosition, Suspect | None]],
        *,
        tables: TableFilter,
        accepted_marks: frozenset[str],
        counts: Counts,
        log: Log,
        publish: Callable[[str, pa.Buffer], None],
        day: Callable[[], str],
    ) -> None:
        self.queue = queue
        self.start = start
        self.at = start
        self.since: float | None = None
        """Monotonic seconds of the first message that the file will have."""
        self._target = target
        self._counts = counts
        self._log = log
        self._publish = publish
        self._day = day
        self._suspects = {key: suspect for key, (_, suspect) in lanes.items() if suspect is not None}
        self._seen: set[str] = set()
        self._known: pa.ChunkedArray | None = None
        self.builder = FileBuilder(queue)
        self.reader = QueueReader(
            topic,
            queue,
            tables=tables,
            accepted_marks=accepted_marks,
            positions={key: position for key, (position, _) in lanes.items()},
            on_epoch=self._begin_epoch,
        )
        if self._suspects:
            self._load_known()

    def take(self, message: Message) -> None:
        if self.since is None:
            self.since = time.monotonic()
        self._counts.messages += 1
        self._counts.bytes += len(message.body)
        changes = self.reader.read(message)
        if changes is not None:
            if changes.facts.copy is None:
                self._seen.add(changes.facts.lane)
            self.builder.add(changes, self._known)
        self.at = message.offset + 1

    def is_due(self, rules: Rules) -> bool:
        if self.since is None:
            return False
        age = time.monotonic() - self.since
        if self.builder.is_empty:
            return age >= _EMPTY_FILE_AFTER_S
        return age >= rules.age_s or self.builder.file_bytes >= rules.bytes or self.builder.rows >= _ROLL_ROWS

    def land(self, even_empty: bool = False) -> None:
        """Puts what came since the last file into one. `even_empty`: also when it has no length."""
        if self.at == self.start and not even_empty:
            return
        content = self.builder.finish(self._known, {LANES_KEY: self._lanes_text()})
        self._publish(landed.relative_path(self.queue, self.start, self.at, self._day()), content)
        counts = self._counts
        counts.rows += self.builder.rows
        counts.repeated_changes += self.builder.repeats
        counts.repeated_messages += self.reader.repeats
        counts.newest_ms = max(counts.newest_ms, self.builder.newest_ms)
        self.reader.repeats = 0
        self._forget_suspects()
        self.builder = FileBuilder(self.queue)
        self.start = self.at
        self.since = None
        self._seen = set()

    def _begin_epoch(self, facts: Facts, offset: int) -> None:
        self.at = offset
        self.land()
        self._suspects[facts.lane_key] = Suspect(offset, facts.resume or "")
        self._load_known()
        is_known = any(stream == facts.stream for stream, _ in self.reader.gate.positions)
        self._log.info(
            "a later run of the relay begins" if is_known else "another relay begins, or one without its checkpoint",
            queue=str(self.queue),
            offset=offset,
            lane=facts.lane,
            epoch=facts.position.epoch,
            resume=(facts.resume or "")[:200],
        )

    def _load_known(self) -> None:
        end = max(suspect.offset for suspect in self._suspects.values())
        starts = [repeats.Resume(suspect.resume) for suspect in self._suspects.values()]
        chunks: list[pa.Array] = []
        count = 0
        for file in self._target.files_back(self.queue, end):
            with self._target.read(file.path) as source:
                found = repeats.keys_that_may_repeat(pq.read_table(source, columns=repeats.COLUMNS), starts)
            chunks.extend(found.keys.chunks)
            count += len(found.keys)
            if found.reaches_back:
                break
            if count > _MOST_KNOWN:
                self._log.warn(
                    "changes that came before are looked for in the newest files only: some may be landed twice",
                    queue=str(self.queue),
                    back_to=file.path,
                )
                break
        self._known = pa.chunked_array(chunks, pa.string()) if count > 0 else None

    def _forget_suspects(self) -> None:
        """Repeats come first: a lane that has brought changes, and none of them again, is past them."""
        done = self._seen - self.builder.repeated_lanes
        self._suspects = {key: suspect for key, suspect in self._suspects.items() if key[1] not in done}
        if not self._suspects:
            self._known = None

    def _lanes_text(self) -> bytes:
        # What the file that is being made tells of suspects is told by the next one.
        lanes = []
        for (stream, lane), position in self.reader.gate.positions.items():
            suspect = self._suspects.get((stream, lane))
            known = [] if suspect is None else [suspect.offset, suspect.resume]
            lanes.append([stream, lane, position.epoch, position.sequence, *known])
        return json.dumps(lanes).encode()


def lanes_of(target: Target, file: LandedFile) -> dict[tuple[str, str], tuple[LanePosition, Suspect | None]]:
    """What the footer of a file says of the lanes of its queue, where it ends."""
    with target.read(file.path) as source:
        metadata = pq.read_metadata(source).metadata or {}
    try:
        lanes = {}
        for stream, lane, epoch, sequence, *suspect in json.loads(metadata[LANES_KEY]):
            lanes[stream, lane] = (LanePosition(epoch, sequence), Suspect(*suspect) if suspect else None)
        return lanes
    except (KeyError, ValueError, TypeError) as error:
        raise LakeError(
            "TARGET_UNUSABLE",
            f"{file.path} has not been written by this lander: its footer says nothing of lanes.",
            "Let the target be a folder of its own.",
        ) from error


class Lander:
    """`start`: `earliest` or `latest`, for queues that have no file yet."""

    def __init__(
        self,
        topic: Topic,
        target: Target,
        *,
        tables: TableFilter = ALL_TABLES,
        accepted_marks: frozenset[str] = frozenset(),
        start: str = "earliest",
        rules: Rules | None = None,
        log: Log,
        stop: threading.Event | None = None,
    ) -> None:
        self._topic = topic
        self._target = target
        self._tables = tables
        self._marks = accepted_marks
        self._start = start
        self._rules = rules or Rules()
        self._log = log
        self._stop = stop or threading.Event()
        self._day = ""
        self._has_pulled = False
        self.has_started = False
        """Topic and target could be used: what fails from here on may pass."""
        self.counts = Counts()

    def run(self, until_latest: bool = False, on_look: Callable[[], None] = lambda: None) -> None:
        """Until it is stopped, or with `until_latest` until the queues are landed as far as they are now.

        `on_look`: called about once a second. Raises LakeError. The topic is closed at the end.
        """
        queues = self._topic.queues()
        ends = {queue: self._topic.max_offset(queue) for queue in queues}
        self._target.claim()
        self._day = self._target.newest_day()
        landers = self._open(queues)
        self.has_started = True
        try:
            self._pull(landers, ends if until_latest else None, on_look)
            for lander in landers.values():
                lander.land()
        finally:
            on_look()
        self._target.release()

    def _open(self, queues: list[Queue]) -> dict[Queue, QueueLander]:
        newest = self._target.newest_files(queues)
        landers = {}
        for queue in queues:
            file = newest.get(queue)
            lanes = {} if file is None else lanes_of(self._target, file)
            first = self._first_offset(queue) if file is None else file.end
            landers[queue] = QueueLander(
                self._topic.topic,
                queue,
                self._target,
                first,
                lanes,
                tables=self._tables,
                accepted_marks=self._marks,
                counts=self.counts,
                log=self._log,
                publish=self._publish,
                day=self._today,
            )
            if file is None and self._start == "latest":
                landers[queue].land(even_empty=True)
        self._log.info("reading on", offsets={str(queue): lander.start for queue, lander in landers.items()})
        return landers

    def _first_offset(self, queue: Queue) -> int:
        if self._start == "latest":
            return self._topic.max_offset(queue)
        first = self._topic.min_offset(queue)
        if first > 0:
            self._log.warn("the topic does not have what came before", queue=str(queue), offset=first)
        return first

    def _pull(
        self, landers: dict[Queue, QueueLander], ends: dict[Queue, int] | None, on_look: Callable[[], None]
    ) -> None:
        """One pull of each queue is under way while what another has brought is worked on."""
        left = {queue: lander for queue, lander in landers.items() if ends is None or lander.at < ends[queue]}
        wait_ms = _WAIT_MS if ends is None and len(left) <= _MOST_WORKERS else 0
        with ThreadPoolExecutor(min(len(left), _MOST_WORKERS) or 1, "pull") as pool:
            under_way: dict[Future[Pulled], QueueLander] = {}

            def next_of(lander: QueueLander, at: int) -> None:
                under_way[pool.submit(self._pull_once, lander.queue, at, wait_ms)] = lander

            def take(lander: QueueLander, pulled: Pulled) -> None:
                end = None if ends is None else ends[lander.queue]
                if end is None or pulled.next_offset < end:
                    next_of(lander, pulled.next_offset)
                for message in pulled.messages:
                    if end is None or message.offset < end:
                        lander.take(message)
                self.counts.backlog[lander.queue] = max(0, pulled.max_offset - lander.at)

            try:
                for lander in left.values():
                    next_of(lander, lander.at)
                looked = time.monotonic()
                while under_way and not self._stop.is_set():
                    done, _ = wait(under_way, timeout=1, return_when=FIRST_COMPLETED)
                    for future in done:
                        take(under_way.pop(future), future.result())
                        self._keep_memory(landers)
                    if time.monotonic() - looked >= _LOOK_S:
                        looked = time.monotonic()
                        self._land_due(landers)
                        on_look()
            finally:
                self._topic.close()  # Pulls under way end at once.

    def _pull_once(self, queue: Queue, at: int, wait_ms: int) -> Pulled:
        what = f"queue {queue} cannot be read"
        pulled = self._patiently(what, lambda: self._topic.pull(queue, at, wait_ms=wait_ms))
        self._has_pulled = True
        if pulled.next_offset == at and wait_ms == 0:
            self._stop.wait(_IDLE_S)
        return pulled

    def _land_due(self, landers: dict[Queue, QueueLander]) -> None:
        for lander in landers.values():
            if lander.is_due(self._rules):
                lander.land()

    def _keep_memory(self, landers: dict[Queue, QueueLander]) -> None:
        held = {queue: lander.builder.held_bytes for queue, lander in landers.items()}
        if sum(held.values()) > self._rules.memory:
            landers[max(held, key=lambda queue: held[queue])].land()

    def _publish(self, relative: str, content: pa.Buffer) -> None:
        self._patiently("the target cannot be written to", lambda: self._target.publish(relative, content))
        self.counts.files += 1
        self.counts.file_bytes += content.size
        self.counts.landed_at = time.time()
        self._log.debug("landed", file=relative, bytes=content.size)

    def _today(self) -> str:
        """Never a day before that of the newest file, whatever the clock says: files are looked for from the end."""
        self._day = max(self._day, datetime.now(timezone.utc).strftime("%Y-%m-%d"))
        return self._day

    def _patiently(self, what: str, work: Callable[[], T]) -> T:
        """Tries again what has worked before in this run, until it works or this is stopped."""
        pause = _FIRST_PAUSE_S
        while True:
            try:
                result = work()
                if self.counts.problem:
                    self._log.info("it works again", problem=self.counts.problem)
                    self.counts.problem = ""
                return result
            except LakeError as error:
                may_pass = error.is_retried or (self._has_pulled and error.is_of_access)
                if not may_pass or self._stop.is_set():
                    raise
                tell = self._log.debug if self.counts.problem else self._log.warn
                self.counts.problem = str(error)
                tell(f"{what}; it is tried again", code=error.code, error=error.message, pause_s=pause)
            self._stop.wait(pause)
            pause = min(2 * pause, _LAST_PAUSE_S)
