"""Lands a topic as a change log in Parquet (landed.py), each change once.

The files' names say how far each queue is landed, and their footers what was known of its lanes there: whatever a crash
cuts off is read again, and nothing else is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import TypeVar

import pyarrow as pa

from .errors import LakeError
from .log import Log
from .patterns import ALL_TABLES, TableFilter
from .pulls import Pulls
from .queue_lander import Counts, QueueLander, Rules, lanes_of
from .remoting import Pulled, Queue, Topic
from .target import Target

T = TypeVar("T")

_WAIT_MS = 1000
_IDLE_S = 0.2
_LOOK_S = 0.5
_SEARCH_S = 30.0
_MOST_WORKERS = 64
_FIRST_PAUSE_S, _LAST_PAUSE_S = 0.2, 10.0


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
        self._landers: dict[Queue, QueueLander] = {}

    def run(self, until_latest: bool = False, on_look: Callable[[], None] = lambda: None) -> None:
        """Until it is stopped, or with `until_latest` until the queues are landed as far as they are now.

        `on_look`: called about twice a second. Raises LakeError. The topic is closed at the end.
        """
        queues = self._topic.queues()
        ends = {queue: self._topic.max_offset(queue) for queue in queues} if until_latest else None
        self._target.claim()
        self._day = self._target.newest_day()
        self._open(queues, self._start)
        self.has_started = True
        try:
            self._read(ends, on_look)
            for lander in self._landers.values():
                lander.land()
        finally:
            on_look()
        self._target.release()

    def _open(self, queues: list[Queue], start: str) -> None:
        newest = self._target.newest_files(queues)
        opened: dict[Queue, QueueLander] = {}
        for queue in queues:
            file = newest.get(queue)
            lanes = {} if file is None else lanes_of(self._target, file)
            lander = QueueLander(
                self._topic.topic,
                queue,
                self._target,
                self._first_offset(queue, start) if file is None else file.end,
                lanes,
                tables=self._tables,
                accepted_marks=self._marks,
                counts=self.counts,
                log=self._log,
                publish=self._publish,
                day=self._today,
            )
            if file is None and start == "latest":
                lander.land(even_empty=True)
            opened[queue] = lander
        self._landers |= opened
        for queue in newest.keys() - self._landers.keys():
            self._log.warn("there are files of a queue that the topic does not have now", queue=str(queue))
        self._log.info("reading on", offsets={str(queue): lander.start for queue, lander in opened.items()})

    def _first_offset(self, queue: Queue, start: str) -> int:
        if start == "latest":
            return self._topic.max_offset(queue)
        first = self._topic.min_offset(queue)
        if first > 0:
            self._log.warn("the topic does not have what came before", queue=str(queue), offset=first)
        return first

    def _read(self, ends: dict[Queue, int] | None, on_look: Callable[[], None]) -> None:
        """One pull of each queue is under way while what another has brought is worked on."""
        looked = searched = time.monotonic()
        wait_ms = _WAIT_MS if ends is None and len(self._landers) <= _MOST_WORKERS else 0
        pulls = Pulls(lambda queue, at: self._pull(queue, at, wait_ms), _MOST_WORKERS)
        try:
            for queue, lander in self._landers.items():
                if ends is None or lander.at < ends[queue]:
                    pulls.start(queue, lander.at)
            while pulls.are_under_way and not self._stop.is_set():
                for queue, pulled in pulls.done(timeout_s=1):
                    end = None if ends is None else ends[queue]
                    if end is None or pulled.next_offset < end:
                        pulls.start(queue, pulled.next_offset)
                    self._take(self._landers[queue], pulled, end)
                now = time.monotonic()
                if now - looked >= _LOOK_S:
                    looked = now
                    self._land_due()
                    on_look()
                if ends is None and now - searched >= _SEARCH_S:
                    searched = now
                    for queue in self._find_new_queues():
                        pulls.start(queue, self._landers[queue].at)
        finally:
            self._topic.close()  # Pulls under way end at once.
            pulls.close()

    def _take(self, lander: QueueLander, pulled: Pulled, end: int | None) -> None:
        for message in pulled.messages:
            if end is None or message.offset < end:
                lander.take(message)
        self.counts.backlog[lander.queue] = max(0, pulled.max_offset - lander.at)
        self._keep_memory()

    def _find_new_queues(self) -> list[Queue]:
        """Of a broker that was away, or that came to the topic since: of those nothing was read, or what their files
        say."""
        try:
            queues = [queue for queue in self._topic.queues() if queue not in self._landers]
            if queues:
                self._open(queues, "earliest")
        except LakeError as error:
            if not (error.is_retried or error.is_of_access):
                raise
            self._log.debug("new queues could not be looked for", code=error.code, error=error.message)
            return []
        return queues

    def _pull(self, queue: Queue, at: int, wait_ms: int) -> Pulled:
        what = f"queue {queue} cannot be read"
        pulled = self._patiently(what, lambda: self._topic.pull(queue, at, wait_ms=wait_ms))
        self._has_pulled = True
        if pulled.next_offset == at and wait_ms == 0:
            self._stop.wait(_IDLE_S)
        return pulled

    def _land_due(self) -> None:
        for lander in self._landers.values():
            if lander.is_due(self._rules):
                lander.land()

    def _keep_memory(self) -> None:
        held = {queue: lander.builder.held_bytes for queue, lander in self._landers.items()}
        if sum(held.values()) > self._rules.memory:
            self._landers[max(held, key=lambda queue: held[queue])].land()

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
